//! Reports for programs. Names stay as they are: [`Report`]'s fields in JSON, the columns below in CSV.

use std::borrow::Cow;

use memhost_base::visible;

use crate::compare::label;
use crate::compare::statistics::Estimate;
use crate::compare::summary::{Added, Recovery, Report, StrategyResult, SuiteResult};

/// The report as JSON: see [`Report`] for its fields. What is not a number is `null`.
///
/// # Errors
/// None that a report can cause.
pub fn json(report: &Report) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(report)?;
    text.push('\n');
    Ok(visible::json(&text).into_owned())
}

/// The report as CSV: one line per suite, strategy and measure. A measure is a metric of the suite or a cost
/// (see [`Costs::named`](crate::compare::summary::Costs::named)), or what a wrapper adds to what it wraps: `added_by_wrapper` is
/// the difference in the primary metric, and the names of what it costs are in
/// [`Added::costs`](crate::compare::summary::Added::costs). `low` to `difference_high`, and `p_corrected` to
/// `recovery`, are given for the suite's primary metric; what is unknown is empty. `p_corrected` is of the difference
/// to the first plugin after Holm's correction over all pairs, `p_to_first` over the pairs with the first plugin alone.
/// `no_result` says why a strategy has none, where too much failed. No cell is one that a spreadsheet would take for a
/// formula: names that begin like one have a `'` before them.
///
/// # Errors
/// None that a report can cause.
pub fn csv(report: &Report) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for suite in &report.suites {
        for strategy in &suite.strategies {
            for line in lines(suite, strategy) {
                writer.serialize(line)?;
            }
        }
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(visible::text(&String::from_utf8_lossy(&bytes)).into_owned())
}

/// A text of a stranger as a cell of a spreadsheet, which takes what begins like a formula for one.
fn cell(text: &str) -> Cow<'_, str> {
    let text = visible::line(text);
    match text.trim_start().starts_with(['=', '+', '-', '@']) {
        true => Cow::Owned(format!("'{text}")),
        false => text,
    }
}

#[derive(serde::Serialize)]
struct Line<'a> {
    suite: Cow<'a, str>,
    lane: memhost_suite::Lane,
    strategy: Cow<'a, str>,
    floor: bool,
    seeds: usize,
    measure: Cow<'a, str>,
    value: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    difference: Option<f64>,
    difference_low: Option<f64>,
    difference_high: Option<f64>,
    tasks: Option<usize>,
    groups: Option<usize>,
    p_corrected: Option<f64>,
    p_to_first: Option<f64>,
    rank: Option<usize>,
    lost: Option<usize>,
    gained: Option<usize>,
    recovery: Option<f64>,
    no_result: Option<String>,
}

fn lines<'a>(suite: &'a SuiteResult, strategy: &'a StrategyResult) -> Vec<Line<'a>> {
    let line = |measure: &'a str, value: Option<f64>| Line {
        suite: cell(&suite.suite),
        lane: suite.lane,
        strategy: cell(&strategy.strategy),
        floor: strategy.floor,
        seeds: strategy.seeds,
        measure: cell(measure),
        value: value.filter(|value| value.is_finite()),
        low: None,
        high: None,
        difference: None,
        difference_low: None,
        difference_high: None,
        tasks: None,
        groups: None,
        p_corrected: None,
        p_to_first: None,
        rank: None,
        lost: None,
        gained: None,
        recovery: None,
        no_result: None,
    };
    let mut lines = Vec::new();
    for metric in &suite.metrics {
        let value = strategy.metrics.get(metric).copied();
        if *metric != suite.primary {
            lines.extend(value.map(|value| line(metric, Some(value))));
            continue;
        }
        let (low, high) = bounds(strategy.quality);
        let (difference_low, difference_high) = bounds(strategy.difference);
        let to_first = suite.to_first(strategy);
        lines.push(Line {
            low,
            high,
            difference: strategy.difference.map(|d| d.mean),
            difference_low,
            difference_high,
            tasks: strategy.quality.map(|q| q.tasks),
            groups: strategy.quality.map(|q| q.groups),
            p_corrected: to_first.as_ref().and_then(|pair| pair.p_holm),
            p_to_first: to_first.and_then(|pair| pair.p_to_first),
            rank: strategy.rank,
            lost: strategy.harm.as_ref().map(|harm| harm.lost.len()),
            gained: strategy.harm.as_ref().map(|harm| harm.gained),
            recovery: recovered_after(strategy.recovery),
            no_result: strategy
                .broken
                .as_ref()
                .map(|broken| cell(&broken.to_string()).into_owned()),
            ..line(metric, strategy.quality.map(|q| q.mean).or(value))
        });
    }
    for added in of_wrapper(suite, strategy) {
        let (low, high) = bounds(Some(added.difference));
        lines.push(Line {
            low,
            high,
            tasks: Some(added.difference.tasks),
            groups: Some(added.difference.groups),
            p_corrected: added.p_holm,
            ..line("added_by_wrapper", Some(added.difference.mean))
        });
        let costs = added.costs().into_iter();
        lines.extend(costs.map(|(name, value)| line(name, Some(value))));
    }
    for (name, value) in strategy.costs.iter().flat_map(|costs| costs.named()) {
        lines.push(line(name, Some(value)));
    }
    lines
}

fn of_wrapper<'a>(
    suite: &'a SuiteResult,
    strategy: &StrategyResult,
) -> impl Iterator<Item = &'a Added> {
    let called = label(&strategy.strategy, strategy.floor);
    suite
        .added
        .iter()
        .filter(move |added| added.strategy == called)
}

/// Empty too where memory was not back at the end, or had nothing to lose.
fn recovered_after(recovery: Option<Recovery>) -> Option<f64> {
    match recovery {
        Some(Recovery::After(questions)) => Some(questions),
        Some(Recovery::NotBack | Recovery::NothingToLose) | None => None,
    }
}

fn bounds(estimate: Option<Estimate>) -> (Option<f64>, Option<f64>) {
    let interval = estimate.and_then(|estimate| estimate.interval);
    (interval.map(|i| i.low), interval.map(|i| i.high))
}
