//! The report for people: one table per suite, with what must be known to read it underneath.

use std::fmt::Write as _;

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, TableComponent, presets};

use super::number::{NOTHING, count, difference, estimate, milliseconds, score};
use crate::compare::caveats::label;
use crate::compare::statistics::RESAMPLES;
use crate::compare::summary::{Costs, Report, StrategyResult, SuiteResult};
use crate::suite::Lane;

/// The report as tables of at most `width` characters, if that can be: metrics besides the primary one are left
/// out from the last where they do not fit.
pub fn table(report: &Report, width: usize) -> String {
    let mut text = String::new();
    for suite in &report.suites {
        text.push_str(&heading(suite, report));
        text.push_str(&suite_table(suite, width));
        for caveat in &suite.caveats {
            push_wrapped(&mut text, "! ", caveat, width);
        }
        text.push('\n');
    }
    for note in notes(report) {
        push_wrapped(&mut text, "", &note, width);
    }
    text
}

fn heading(suite: &SuiteResult, report: &Report) -> String {
    let lane = match suite.lane {
        Lane::Evidence => "lane A, evidence",
        Lane::Transfer => "lane B, transfer",
    };
    format!(
        "{} ({lane}): {} in {}, {}\n",
        suite.suite,
        plural(suite.questions, "question"),
        plural(suite.groups, "group"),
        plural(report.seeds as usize, "seed"),
    )
}

fn plural(number: usize, noun: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{} {noun}{s}", count(number as f64))
}

/// The widest table that fits, or the narrowest there is.
fn suite_table(suite: &SuiteResult, width: usize) -> String {
    let secondary: Vec<&str> = suite
        .metrics
        .iter()
        .filter(|metric| **metric != suite.primary)
        .map(String::as_str)
        .collect();
    let mut shown = secondary.len();
    loop {
        let kept = secondary.get(..shown).unwrap_or_default();
        let text = render(suite, kept);
        let fits = text.lines().all(|line| line.chars().count() <= width);
        if fits || shown == 0 {
            let left_out = secondary.get(shown..).unwrap_or_default();
            return text + &left_out_note(left_out);
        }
        shown -= 1;
    }
}

fn left_out_note(metrics: &[&str]) -> String {
    if metrics.is_empty() {
        String::new()
    } else {
        format!("with --format json or csv also: {}\n", metrics.join(", "))
    }
}

fn render(suite: &SuiteResult, secondary: &[&str]) -> String {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_style(TableComponent::HeaderLines, '─')
        .set_style(TableComponent::MiddleHeaderIntersections, '─')
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header(suite, secondary).into_iter().map(right_but_first));
    for strategy in &suite.strategies {
        table.add_row(row(strategy, secondary).into_iter().map(right_but_first));
    }
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn right_but_first((index, text): (usize, String)) -> Cell {
    let alignment = match index {
        0 => CellAlignment::Left,
        _ => CellAlignment::Right,
    };
    Cell::new(text).set_alignment(alignment)
}

fn header(suite: &SuiteResult, secondary: &[&str]) -> Vec<(usize, String)> {
    let first = suite.strategies.first();
    let mut titles = vec![
        "strategy".to_owned(),
        format!("{}\n[95 %]", suite.primary),
        format!(
            "difference to\n{} [95 %]",
            first.map_or(NOTHING, |first| first.strategy.as_str())
        ),
    ];
    titles.extend(secondary.iter().map(|metric| (*metric).to_owned()));
    titles.extend(
        [
            "tokens per\nquestion",
            "model\ncalls",
            "model\ntokens",
            "memories\nkept",
            "retrieve\np50",
            "retrieve\np95",
            "wall\ntime",
        ]
        .map(str::to_owned),
    );
    titles.into_iter().enumerate().collect()
}

fn row(strategy: &StrategyResult, secondary: &[&str]) -> Vec<(usize, String)> {
    let cost = |show: fn(&Costs) -> String| {
        strategy
            .costs
            .as_ref()
            .map_or_else(|| NOTHING.to_owned(), show)
    };
    let mut cells = vec![
        label(strategy),
        estimate(strategy.quality),
        difference(strategy.difference),
    ];
    cells.extend(secondary.iter().map(|metric| {
        let value = strategy.metrics.get(*metric).copied();
        score(value.unwrap_or(f64::NAN))
    }));
    cells.extend([
        cost(|c| count(c.tokens_per_question)),
        cost(|c| count(c.model_calls)),
        cost(|c| count(c.model_input_tokens + c.model_output_tokens)),
        cost(|c| count(c.memories)),
        cost(|c| milliseconds(c.retrieve_p50_ms)),
        cost(|c| milliseconds(c.retrieve_p95_ms)),
        cost(|c| milliseconds(c.wall_seconds * 1e3)),
    ]);
    cells.into_iter().enumerate().collect()
}

fn notes(report: &Report) -> Vec<String> {
    let mut models: Vec<&str> = report.models.values().map(String::as_str).collect();
    models.sort_unstable();
    models.dedup();
    let mut notes = Vec::new();
    if report.interrupted {
        notes.push(
            "INTERRUPTED: not every cell was run, and the strategies may differ in their seeds."
                .to_owned(),
        );
    }
    notes.push(format!(
        "[95 %]: percentile bootstrap, {} resamples of groups of questions, seeds averaged within each question; \
         differences are paired by question and seed. Costs and memories are per run. Floors are the host's own.",
        count(RESAMPLES as f64)
    ));
    notes.push(format!(
        "run {}, memhost {}, embedder {}, model {}, {}at most {} at a time{}",
        report.run,
        report.memhost,
        report.embedder,
        models.join(", "),
        report
            .most_memories
            .map_or_else(String::new, |most| format!(
                "at most {} per stream, ",
                memories(most)
            )),
        plural(report.jobs, "cell"),
        if report.jobs > 1 {
            " (for undisturbed latencies: --jobs 1)"
        } else {
            ""
        }
    ));
    notes
}

fn memories(most: u32) -> String {
    match most {
        1 => "1 memory".to_owned(),
        _ => format!("{} memories", count(f64::from(most))),
    }
}

/// Adds a paragraph, broken at spaces, later lines indented under the first.
fn push_wrapped(text: &mut String, bullet: &str, paragraph: &str, width: usize) {
    let indent = " ".repeat(bullet.len());
    let mut line = bullet.to_owned();
    let mut empty = true;
    for word in paragraph.split_whitespace() {
        if !empty && line.chars().count() + 1 + word.chars().count() > width {
            let _ = writeln!(text, "{line}");
            line.clone_from(&indent);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    let _ = writeln!(text, "{line}");
}
