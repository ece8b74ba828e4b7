//! The plots of a suite, each with its data beside it. `plots.js` draws into them what their `data-plot` says.

use std::collections::BTreeMap;

use maud::{Markup, html};
use memhost_suite as suite;

use super::super::number::{
    NOTHING, count, difference, estimate, milliseconds, probability, recovery, score, signed,
};
use super::look::Look;
use super::phrase::of;
use super::tables::{self, Column};
use crate::compare::label;
use crate::compare::summary::{
    Costs, CurvePoint, LATENCY_PERCENTILES, StrategyResult, SuiteResult,
};

/// A plot, what it shows and how to read it.
struct Figure<'a> {
    /// What `plots.js` calls it.
    plot: &'static str,
    title: &'static str,
    reading: String,
    /// Takes the whole width.
    wide: bool,
    /// Of which strategies a legend is needed: those that the plot does not name itself.
    legend: Vec<&'a Look>,
    data: Markup,
}

impl Figure<'_> {
    fn render(&self) -> Markup {
        let class = if self.wide { "wide" } else { "" };
        html! {
            figure.(class) {
                figcaption {
                    h3 { (self.title) }
                    p { (self.reading) }
                }
                @if !self.legend.is_empty() {
                    ul.legend { @for look in &self.legend { li { (look.name()) } } }
                }
                div.plot data-plot=(self.plot) role="img"
                    aria-label={ (self.title) "; the numbers are in the table that follows" } {}
                details {
                    summary { "Data" }
                    (self.data)
                }
            }
        }
    }
}

/// A strategy with its look.
type Row<'a> = (&'a StrategyResult, &'a Look);

/// Every plot for which something was measured.
pub(super) fn all(suite: &SuiteResult, looks: &[Look]) -> Markup {
    let rows: Vec<Row<'_>> = suite.strategies.iter().zip(looks).collect();
    let figures = [
        scores(suite, &rows),
        differences(suite, &rows),
        curves(suite, &rows),
        handed_over(suite, &rows),
        written(suite, &rows),
        harm(&rows),
        regret(&rows),
        memories(&rows),
        latency(&rows),
    ];
    html! {
        div.figures { @for figure in figures.iter().flatten() { (figure.render()) } }
    }
}

fn direction(suite: &SuiteResult) -> &'static str {
    match suite::lower_is_better(&suite.primary) {
        true => "lower is better",
        false => "higher is better",
    }
}

fn scores<'a>(suite: &SuiteResult, rows: &[Row<'a>]) -> Option<Figure<'a>> {
    rows.iter().find(|(s, _)| s.quality.is_some())?;
    Some(Figure {
        plot: "score",
        title: "Score",
        reading: format!(
            "Mean {} over tasks with its 95 % interval; {}.",
            suite.primary,
            direction(suite)
        ),
        wide: false,
        legend: Vec::new(),
        data: tables::of(
            rows,
            &[
                Column::new(&suite.primary, |s| estimate(s.quality)),
                Column::new("tasks", |s| {
                    s.quality
                        .map_or(NOTHING.to_owned(), |q| count(q.tasks as f64))
                }),
            ],
        ),
    })
}

fn differences<'a>(suite: &SuiteResult, rows: &[Row<'a>]) -> Option<Figure<'a>> {
    let (first, _) = rows.first()?;
    rows.iter().find(|(s, _)| s.difference.is_some())?;
    Some(Figure {
        plot: "difference",
        title: "Difference to the first plugin",
        reading: format!(
            "{} less that of {}, task by task. An interval that crosses zero cannot be told from no difference; one that \
             does not may still be chance, after correction for how many pairs were looked at: p of all pairs decides.",
            suite.primary,
            label(&first.strategy, first.floor)
        ),
        wide: false,
        legend: Vec::new(),
        data: tables::of(
            rows,
            &[
                Column::new(
                    format!("difference to {}", label(&first.strategy, first.floor)),
                    |s| difference(s.difference),
                ),
                Column::new("p, all pairs", p_of_all(suite)),
            ],
        ),
    })
}

fn curves<'a>(suite: &SuiteResult, rows: &[Row<'a>]) -> Option<Figure<'a>> {
    rows.iter().find(|(s, _)| s.curve.len() > 1)?;
    let plugins: Vec<Row<'a>> = plugins_or_all(rows);
    Some(Figure {
        plot: "curve",
        title: "Learning curves",
        reading: format!(
            "Mean {} of all questions asked so far, with its 95 % band; {}. Grey: the other plugins; dashed: no memory.",
            suite.primary,
            direction(suite)
        ),
        wide: true,
        legend: Vec::new(),
        data: tables::courses(
            &plugins,
            |point| match (point.low, point.high) {
                (Some(low), Some(high)) => {
                    format!("{} [{}, {}]", score(point.mean), score(low), score(high))
                }
                _ => score(point.mean),
            },
            beside_the_curve(&plugins),
        ),
    })
}

/// By label, the p of each strategy's difference to the first.
fn p_of_all(suite: &SuiteResult) -> impl Fn(&StrategyResult) -> String + 'static {
    let to_first = suite.strategies.iter().filter_map(|s| {
        let pair = suite.to_first(s)?;
        Some((pair.ours, probability(pair.p_holm)))
    });
    let to_first: BTreeMap<String, String> = to_first.collect();
    move |s| {
        let p = to_first.get(&label(&s.strategy, s.floor));
        p.map_or(NOTHING.to_owned(), Clone::clone)
    }
}

/// What a curve does not show: how long it took until memory was worth as much again as before the world changed, and
/// where tasks come by how hard they are, what that did to the scores.
fn beside_the_curve(rows: &[Row<'_>]) -> Vec<Column<'static>> {
    let any = |known: fn(&StrategyResult) -> bool| rows.iter().any(|(s, _)| known(s));
    let mut columns = Vec::new();
    if any(|s| s.recovery.is_some()) {
        columns.push(Column::new("questions until it recovered", |s| {
            recovery(s.recovery)
        }));
    }
    if any(|s| s.order_effect.is_some()) {
        columns.push(Column::new("easy first less hard first", |s| {
            difference(s.order_effect)
        }));
    }
    if any(|s| s.gain_late.is_some()) {
        columns.push(Column::new("last third less first, as hard", |s| {
            signed(s.gain_late)
        }));
    }
    columns
}

fn handed_over<'a>(suite: &SuiteResult, rows: &[Row<'a>]) -> Option<Figure<'a>> {
    rows.iter()
        .find(|(s, _)| s.quality.is_some() && s.costs.is_some())?;
    Some(Figure {
        plot: "handed-over",
        title: "Score against guidance",
        reading: format!(
            "{} over the tokens handed over per question; {}. Joined: no other strategy is as good for less.",
            suite.primary,
            direction(suite)
        ),
        wide: false,
        legend: plugin_looks(rows),
        data: tables::of(
            rows,
            &[
                cost("tokens per question", |c| c.tokens_per_question),
                Column::new(&suite.primary, |s| estimate(s.quality)),
                Column::new("on the frontier", |s| yes(s.frontier.handed_over)),
            ],
        ),
    })
}

fn written<'a>(suite: &SuiteResult, rows: &[Row<'a>]) -> Option<Figure<'a>> {
    rows.iter()
        .find(|(s, _)| s.costs.is_some_and(|c| c.writing_tokens > 0.0) && s.quality.is_some())?;
    Some(Figure {
        plot: "written",
        title: "Score against writing",
        reading: format!(
            "{} over the tokens of language models that writing memories took per run, in powers of ten; {}.",
            suite.primary,
            direction(suite)
        ),
        wide: false,
        legend: plugin_looks(rows),
        data: tables::of(
            rows,
            &[
                cost("tokens for writing", |c| c.writing_tokens),
                cost("of all model tokens", |c| {
                    c.model_input_tokens + c.model_output_tokens
                }),
                cost("model calls per run", |c| c.model_calls),
                Column::new(&suite.primary, |s| estimate(s.quality)),
                Column::new("on the frontier", |s| yes(s.frontier.written)),
            ],
        ),
    })
}

fn harm<'a>(rows: &[Row<'a>]) -> Option<Figure<'a>> {
    rows.iter().find(|(s, _)| s.harm.is_some())?;
    let harm = |show: fn(&crate::compare::summary::Harm) -> String| {
        move |s: &StrategyResult| s.harm.as_ref().map_or(NOTHING.to_owned(), show)
    };
    Some(Figure {
        plot: "harm",
        title: "Harm",
        reading: "Tasks that the same agent solves without memory and loses with it, and those that it solves with memory \
                  only."
            .to_owned(),
        wide: false,
        legend: Vec::new(),
        data: html! {
            (tables::of(rows, &[
                Column::new("lost", harm(|h| of(h.lost.len(), h.solved_without))),
                Column::new("gained", harm(|h| count(h.gained as f64))),
                Column::new("with memory less without", harm(|h| difference(Some(h.transfer)))),
            ]))
            @for (strategy, look) in rows {
                @if let Some(harm) = strategy.harm.as_ref().filter(|h| !h.lost.is_empty()) {
                    details.lost {
                        summary { "Lost with " (look.label) ": " (harm.lost.len()) }
                        p { @for task in &harm.lost { code { (task) } " " } }
                    }
                }
            }
        },
    })
}

fn regret<'a>(rows: &[Row<'a>]) -> Option<Figure<'a>> {
    let figure = course(rows, |point| point.regret, |regret| format!("{regret:+.1}"))?;
    Some(Figure {
        plot: "regret",
        title: "Regret against no memory",
        reading: "What was lost so far, in sum, against the same agent without memory. Below zero memory has paid.".to_owned(),
        ..figure
    })
}

fn memories<'a>(rows: &[Row<'a>]) -> Option<Figure<'a>> {
    Some(Figure {
        plot: "memories",
        title: "Memory growth",
        reading: "Active memories over all streams, by questions asked.".to_owned(),
        ..course(rows, |point| point.memories, count)?
    })
}

/// A number of the plugins over the course of a run, where it is known of any.
fn course<'a>(
    rows: &[Row<'a>],
    of: fn(&CurvePoint) -> Option<f64>,
    show: fn(f64) -> String,
) -> Option<Figure<'a>> {
    let known = |s: &StrategyResult| s.curve.iter().any(|point| of(point).is_some());
    rows.iter().find(|(s, _)| known(s))?;
    let plugins = plugins_or_all(rows);
    let shown = |point: &CurvePoint| of(point).map_or(NOTHING.to_owned(), show);
    Some(Figure {
        plot: "",
        title: "",
        reading: String::new(),
        wide: false,
        legend: plugins.iter().map(|(_, look)| *look).collect(),
        data: tables::courses(&plugins, shown, Vec::new()),
    })
}

fn latency<'a>(rows: &[Row<'a>]) -> Option<Figure<'a>> {
    rows.iter().find(|(s, _)| !s.latency.is_empty())?;
    let columns: Vec<Column<'_>> = LATENCY_PERCENTILES
        .iter()
        .enumerate()
        .map(|(place, percent)| {
            Column::new(format!("p{percent:.0}"), move |s| {
                s.latency
                    .get(place)
                    .copied()
                    .map_or(NOTHING.to_owned(), milliseconds)
            })
        })
        .collect();
    Some(Figure {
        plot: "latency",
        title: "Latency of retrieve",
        reading: "From call to return: median, half of all calls (thick), nine of ten (thin); a scale of powers of ten.".to_owned(),
        wide: false,
        legend: Vec::new(),
        data: tables::of(rows, &columns),
    })
}

fn cost(title: &str, of: fn(&Costs) -> f64) -> Column<'static> {
    Column::new(title, move |s| {
        s.costs
            .as_ref()
            .map_or(NOTHING.to_owned(), |costs| count(of(costs)))
    })
}

fn yes(is: bool) -> String {
    if is { "yes" } else { "" }.to_owned()
}

/// What is drawn over the course of a run: the plugins, or the floors where there is nothing else.
fn plugins_or_all<'a>(rows: &[Row<'a>]) -> Vec<Row<'a>> {
    let plugins: Vec<Row<'a>> = rows.iter().copied().filter(|(s, _)| !s.floor).collect();
    if plugins.is_empty() {
        rows.to_vec()
    } else {
        plugins
    }
}

fn plugin_looks<'a>(rows: &[Row<'a>]) -> Vec<&'a Look> {
    plugins_or_all(rows).iter().map(|(_, look)| *look).collect()
}
