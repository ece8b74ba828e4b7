//! What a report says of one suite.

use maud::{Markup, html};
use memhost_suite as suite;
use memhost_suite::Lane;

use super::super::Answer;
use super::super::number::{detectable, plural};
use super::figures;
use super::look::Looks;
use super::phrase::class;
use super::tables;
use crate::compare::summary::SuiteResult;
use crate::compare::{Inapplicable, label};

pub(super) fn anchor(place: usize) -> String {
    format!("suite-{place}")
}

/// What a lane asks.
fn question(lane: Lane) -> &'static str {
    match lane {
        Lane::Evidence => "Does the guidance hold what the question needs?",
        Lane::Transfer => "Is what comes back about the same kind of task?",
        Lane::Routing => "Does experience tell which agent to send?",
        Lane::Forecast => "Is memory worth anything when the world drifts and outcomes come late?",
        Lane::Discovery => "How many of several hidden problems are found?",
        Lane::Attempts => "How do recorded attempts get better?",
        Lane::Hops => "Does the guidance hold all the pieces that an answer follows from?",
        Lane::Compaction => "Does what later steps need still stand in a run that was shortened?",
        Lane::Retry => "Does what failed help the next try?",
        Lane::Steps => "Does the guidance name the tool that comes next?",
        Lane::Domains => "Does what was learnt in one domain help in another?",
    }
}

/// The letter of a lane that has one.
pub(super) fn badge(lane: Lane) -> Markup {
    html! {
        @if let Some(letter) = lane.letter() {
            span.letter aria-hidden="true" { (letter) }
        }
    }
}

/// The answer as a sentence, marked by what is to be thought of it.
pub(super) fn answer(suite: &SuiteResult) -> Markup {
    let Answer { text, decision } = super::super::answer(suite);
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    html! {
        p.answer.(class(decision)) { (first.unwrap_or_default()) (letters.as_str()) "." }
    }
}

/// Everything about one suite.
pub(super) fn section(place: usize, suite: &SuiteResult, looks: &Looks) -> Markup {
    let all = looks.of_suite(suite);
    let drawn = serde_json::to_string(&all).unwrap_or_default();
    html! {
        section.suite id=(anchor(place)) data-suite=(place) data-looks=(drawn) {
            header {
                p.lane { (badge(suite.lane)) "Lane " (suite.lane.title()) }
                h2 { (suite.suite) }
                p.question { (question(suite.lane)) }
                p.summary { (suite.summary) }
                (facts(suite))
            }
            (answer(suite))
            (tables::scores(suite, &all))
            (tables::added(suite))
            (does_not_apply(suite))
            (figures::all(suite, &all))
            (tables::versus(suite, &all))
            (tables::metrics(suite, &all))
            (caveats(suite))
        }
    }
}

fn facts(suite: &SuiteResult) -> Markup {
    let less = suite::lower_is_better(&suite.primary);
    let found = suite.detectable.as_ref().and_then(detectable);
    html! {
        dl.facts {
            div { dt { "Measured by" } dd { code { (suite.primary) } (if less { ", lower is better" } else { ", higher is better" }) } }
            div { dt { "Size" } dd { (plural(suite.questions, "question", "questions")) " in " (plural(suite.groups, "group", "groups")) } }
            @if let Some(words) = found {
                div { dt { "What can be found" } dd { (words) } }
            }
        }
    }
}

fn does_not_apply(suite: &SuiteResult) -> Markup {
    html! {
        @if !suite.inapplicable.is_empty() {
            div.aside {
                h3 { "Does not apply" }
                ul {
                    @for Inapplicable { strategy, reason } in &suite.inapplicable {
                        li { b { (label(strategy, false)) } ": " (reason) }
                    }
                }
            }
        }
    }
}

fn caveats(suite: &SuiteResult) -> Markup {
    html! {
        @if !suite.caveats.is_empty() {
            div.aside.caveats {
                h3 { "Before you believe a number" }
                ul { @for caveat in &suite.caveats { li { (caveat) } } }
            }
        }
    }
}
