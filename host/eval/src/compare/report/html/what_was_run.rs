//! What was run: enough to run it again.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::super::number::plural;
use crate::compare::summary::Report;
use crate::compare::{Design, ListedStrategy, plan_text, runs_text};

pub(super) fn section(report: &Report, design: &Design) -> Markup {
    html! {
        section.run aria-labelledby="run" {
            h2 #run { "What was run" }
            dl.facts.wide {
                (fact("memhost", &report.memhost))
                @if let Some(run) = &report.run { (fact("Run", run)) }
                (fact("Repetitions", &repetitions(report)))
                (fact("Embedder", &report.embedder))
                @if let Some(digest) = &design.conditions.embedder_digest { (fact("Embedder’s table", &format!("sha256:{digest}"))) }
                (fact("Models", &models(&report.models)))
                (fact("Memories", &memories(report)))
                @if let Some(jobs) = report.jobs {
                    (fact("Cells at a time", &format!("{jobs}, which is what latencies were measured under")))
                }
                (fact("Limits of a call", limits(&design.conditions.limits)))
            }
            h3 { "Strategies" }
            @for strategy in strategies(design) {
                (card(strategy))
            }
            h3 { "Suites" }
            div.scroll tabindex="0" {
                table {
                    thead { tr { th scope="col" { "suite" } th scope="col" { "digest" } th.n scope="col" { "questions" } th.n scope="col" { "groups" } } }
                    tbody {
                        @for suite in &design.suites {
                            tr {
                                th scope="row" { (suite.name) }
                                td { code.digest { (suite.digest) } }
                                td.n { (suite.questions) }
                                td.n { (suite.groups) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn fact(name: &str, value: &str) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

fn repetitions(report: &Report) -> String {
    let seeds = plural(report.seeds as usize, "seed", "seeds");
    match report.orders {
        0 | 1 => format!("{seeds}, from 0"),
        orders => format!("{seeds}, from 0, in {orders} orders each"),
    }
}

/// Without the frame that they have as a value of their type.
fn limits(limits: &str) -> &str {
    let inner = limits.strip_prefix("Limits {");
    let inner = inner.and_then(|inner| inner.strip_suffix('}'));
    inner.unwrap_or(limits).trim()
}

/// Each model once, with its roles where there are several.
fn models(models: &BTreeMap<String, String>) -> String {
    let mut roles: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (role, model) in models {
        roles.entry(model).or_default().push(role);
    }
    let several = roles.len() > 1;
    let each = roles.iter().map(|(model, roles)| match several {
        true => format!("{model} ({})", roles.join(", ")),
        false => (*model).to_owned(),
    });
    each.collect::<Vec<_>>().join("; ")
}

fn memories(report: &Report) -> String {
    match report.most_memories {
        Some(most) => format!("at most {most} per stream"),
        None => "as many as a strategy keeps".to_owned(),
    }
}

/// Every plugin once, as it was run on the first suite that it takes part in.
fn strategies(design: &Design) -> Vec<&ListedStrategy> {
    let mut seen: Vec<&ListedStrategy> = Vec::new();
    for strategy in design.suites.iter().flat_map(|suite| &suite.strategies) {
        if !strategy.floor && !seen.iter().any(|known| known.name == strategy.name) {
            seen.push(strategy);
        }
    }
    seen
}

fn card(strategy: &ListedStrategy) -> Markup {
    html! {
        details.strategy {
            summary { b { (strategy.label()) } " " (strategy.version) }
            dl.facts.wide {
                (fact("Plan", &plan_text(&strategy.plan)))
                (fact("Runs per task", &runs_text(&strategy.plan)))
                div { dt { "Code" } dd { code.digest { (strategy.digest) } } }
                @for (name, value) in &strategy.settings {
                    div { dt { code { (name) } } dd { (value) } }
                }
            }
            @if !strategy.degraded.is_empty() {
                p { "Where it is not given all that it asks for:" }
                ul { @for how in &strategy.degraded { li { (how) } } }
            }
        }
    }
}
