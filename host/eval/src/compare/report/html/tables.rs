//! The tables of a suite.

use maud::{Markup, html};
use memhost_suite as suite;

use super::super::number::{
    NOTHING, count, difference, effect, estimate, milliseconds, more, probability, score,
};
use super::look::Look;
use super::phrase::class;
use crate::compare::label;
use crate::compare::summary::{Costs, CurvePoint, Pair, StrategyResult, SuiteResult, Test};

/// A column: its title, and what it says of a strategy.
pub(super) struct Column<'a> {
    title: String,
    show: Box<dyn Fn(&StrategyResult) -> String + 'a>,
}

impl<'a> Column<'a> {
    pub(super) fn new(
        title: impl Into<String>,
        show: impl Fn(&StrategyResult) -> String + 'a,
    ) -> Column<'a> {
        Column {
            title: title.into(),
            show: Box::new(show),
        }
    }
}

/// One line per strategy. What is wider than the page scrolls by itself.
pub(super) fn of(rows: &[(&StrategyResult, &Look)], columns: &[Column<'_>]) -> Markup {
    html! {
        div.scroll tabindex="0" {
            table {
                thead {
                    tr {
                        th scope="col" { "strategy" }
                        @for column in columns { th.n scope="col" { (column.title) } }
                    }
                }
                tbody {
                    @for (strategy, look) in rows {
                        tr.floor[strategy.floor] {
                            th scope="row" { (look.name()) }
                            @for column in columns { td.n { ((column.show)(strategy)) } }
                        }
                    }
                }
            }
        }
    }
}

/// What matters most, for every strategy.
pub(super) fn scores(suite: &SuiteResult, looks: &[Look]) -> Markup {
    let rows: Vec<_> = suite.strategies.iter().zip(looks).collect();
    let first = suite
        .strategies
        .first()
        .map_or(NOTHING.to_owned(), |s| label(&s.strategy, s.floor));
    let mut columns = Vec::new();
    if suite.strategies.iter().any(|s| s.rank.is_some()) {
        columns.push(Column::new("rank", |s| {
            s.rank.map_or(NOTHING.to_owned(), |rank| rank.to_string())
        }));
    }
    if suite.is_measured(&suite.primary) {
        columns.push(Column::new(direction(&suite.primary), |s| {
            estimate(s.quality)
        }));
        columns.push(Column::new(format!("difference to {first}"), |s| {
            difference(s.difference)
        }));
        columns.push(Column::new("p after correction", |s| {
            probability(suite.to_first(s).and_then(|pair| pair.p_holm))
        }));
    }
    if suite.strategies.iter().any(|s| s.harm.is_some()) {
        columns.push(Column::new("to no memory", |s| {
            difference(s.harm.as_ref().map(|harm| harm.transfer))
        }));
        columns.push(Column::new("lost of solved", |s| {
            s.harm.as_ref().map_or(NOTHING.to_owned(), |harm| {
                format!("{} / {}", harm.lost.len(), harm.solved_without)
            })
        }));
    }
    columns.extend([
        cost("tokens per question", |c| count(c.tokens_per_question)),
        cost("model tokens", |c| {
            count(c.model_input_tokens + c.model_output_tokens)
        }),
        cost("memories", |c| count(c.memories)),
        cost("retrieve p50", |c| time(c.retrieve_p50_ms)),
        cost("retrieve p95", |c| time(c.retrieve_p95_ms)),
    ]);
    of(&rows, &columns)
}

fn cost(title: &str, show: fn(&Costs) -> String) -> Column<'static> {
    Column::new(title, move |s| {
        s.costs.as_ref().map_or(NOTHING.to_owned(), show)
    })
}

fn time(value: Option<f64>) -> String {
    milliseconds(value.unwrap_or(f64::NAN))
}

/// A metric's name, marked where less is better.
fn direction(metric: &str) -> String {
    match suite::lower_is_better(metric) {
        true => format!("{metric} ↓"),
        false => metric.to_owned(),
    }
}

/// What wrappers add to what they wrap.
pub(super) fn added(suite: &SuiteResult) -> Markup {
    html! {
        @if !suite.added.is_empty() {
            div.aside {
                h3 { "What a wrapper adds" }
                p.reading { "A wrapped strategy against what it wraps, with the same settings. Calls and tokens of models are per run." }
                div.scroll tabindex="0" {
                    table {
                        thead {
                            tr {
                                th scope="col" { "strategy" } th scope="col" { "against" }
                                th.n scope="col" { (direction(&suite.primary)) } th.n scope="col" { "p after correction" }
                                th.n scope="col" { "model calls" } th.n scope="col" { "model tokens" }
                                th.n scope="col" { "tokens per question" }
                            }
                        }
                        tbody {
                            @for added in &suite.added {
                                tr {
                                    th scope="row" { (added.strategy) } td { (added.bare) }
                                    td.n { (difference(Some(added.difference))) }
                                    td.n { (probability(added.p_holm)) }
                                    td.n { (more(added.model_calls)) } td.n { (more(added.model_tokens)) }
                                    td.n { (more(added.tokens_per_question)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Every metric of every strategy.
pub(super) fn metrics(suite: &SuiteResult, looks: &[Look]) -> Markup {
    let rows: Vec<_> = suite.strategies.iter().zip(looks).collect();
    let columns: Vec<Column<'_>> = suite
        .metrics
        .iter()
        .filter(|metric| suite.is_measured(metric))
        .map(|metric| {
            let name = metric.clone();
            Column::new(direction(metric), move |s| {
                score(s.metrics.get(&name).copied().unwrap_or(f64::NAN))
            })
        })
        .collect();
    html! {
        details.more {
            summary { "Every metric" }
            (of(&rows, &columns))
        }
    }
}

/// Strategies over the course of a run: a line per point, a column per strategy. `after` are lines of their own.
pub(super) fn courses(
    rows: &[(&StrategyResult, &Look)],
    show: impl Fn(&CurvePoint) -> String,
    after: Vec<Column<'_>>,
) -> Markup {
    let points = |strategy: &StrategyResult| -> Vec<usize> {
        strategy.curve.iter().map(|point| point.asked).collect()
    };
    let mut asked: Vec<usize> = rows.iter().flat_map(|(s, _)| points(s)).collect();
    asked.sort_unstable();
    asked.dedup();
    html! {
        div.scroll tabindex="0" {
            table {
                thead {
                    tr {
                        th.n scope="col" { "asked" }
                        @for (_, look) in rows { th.n scope="col" { (look.name()) } }
                    }
                }
                tbody {
                    @for asked in asked {
                        tr {
                            th.n scope="row" { (count(asked as f64)) }
                            @for (strategy, _) in rows {
                                td.n {
                                    (strategy.curve.iter().find(|point| point.asked == asked).map_or(NOTHING.to_owned(), &show))
                                }
                            }
                        }
                    }
                    @for column in &after {
                        tr {
                            th scope="row" { (column.title) }
                            @for (strategy, _) in rows { td.n { ((column.show)(strategy)) } }
                        }
                    }
                }
            }
        }
    }
}

/// Every two strategies: on how many tasks the one in the line is better, equal, and worse than the one above.
pub(super) fn versus(suite: &SuiteResult, looks: &[Look]) -> Markup {
    let takes_part = |look: &&Look| {
        let label = &look.label;
        suite
            .pairs
            .iter()
            .any(|pair| pair.ours == *label || pair.theirs == *label)
    };
    let looks: Vec<&Look> = looks.iter().filter(takes_part).collect();
    html! {
        @if !looks.is_empty() {
            details.more {
                summary { "Wins, ties and losses, task by task" }
                p.reading {
                    "On how many tasks the strategy in the line is better than, equal to and worse than the one above. "
                    "Coloured where chance can be ruled out, after Holm’s correction for how many were looked at."
                }
                div.scroll tabindex="0" {
                    table.versus {
                        thead {
                            tr {
                                th scope="col" { "strategy" }
                                @for look in &looks { th.n scope="col" { (look.name()) } }
                            }
                        }
                        tbody {
                            @for ours in &looks {
                                tr {
                                    th scope="row" { (ours.name()) }
                                    @for theirs in &looks { (meeting(suite, ours, theirs)) }
                                }
                            }
                        }
                    }
                }
                (tests(&suite.pairs))
            }
        }
    }
}

fn meeting(suite: &SuiteResult, ours: &Look, theirs: &Look) -> Markup {
    let Some(pair) = suite.pair(&ours.label, &theirs.label) else {
        return html! { td.n { (NOTHING) } };
    };
    html! {
        td.n.(class(pair.decision(&suite.primary))) {
            (count(pair.wins as f64)) " / " (count(pair.ties as f64)) " / " (count(pair.losses as f64))
        }
    }
}

fn tests(pairs: &[Pair]) -> Markup {
    html! {
        details {
            summary { "Tests" }
            div.scroll tabindex="0" {
                table {
                    thead {
                        tr {
                            th scope="col" { "strategy" } th scope="col" { "against" }
                            th.n scope="col" { "difference" } th.n scope="col" { "effect" }
                            th.n scope="col" { "p" } th.n scope="col" { "p, all pairs" }
                            th.n scope="col" { "p, to first only" } th scope="col" { "test" }
                        }
                    }
                    tbody {
                        @for pair in pairs {
                            tr {
                                th scope="row" { (pair.ours) } td { (pair.theirs) }
                                td.n { (difference(Some(pair.difference))) }
                                td.n { (effect(pair)) }
                                td.n { (probability(pair.p)) } td.n { (probability(pair.p_holm)) }
                                td.n { (probability(pair.p_to_first)) }
                                td { (test(pair)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn test(pair: &Pair) -> &'static str {
    match pair.test {
        Test::McNemar => "McNemar",
        Test::Permutation => "permutation",
    }
}
