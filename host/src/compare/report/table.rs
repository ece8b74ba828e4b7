//! The report for people: one table per suite, with what must be known to read it underneath.

use std::fmt::Write as _;

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, TableComponent, presets};

use super::number::{NOTHING, count, difference, estimate, milliseconds, score};
use crate::compare::statistics::RESAMPLES;
use crate::compare::summary::{Costs, Report, StrategyResult, SuiteResult};
use crate::compare::{Inapplicable, label};
use crate::suite::{self, Lane};

/// The report as tables of at most `width` characters, if that can be: metrics besides the primary one are left
/// out from the last where they do not fit.
pub fn table(report: &Report, width: usize) -> String {
    let mut text = String::new();
    for suite in &report.suites {
        text.push_str(&heading(suite, report));
        text.push_str(&suite_table(suite, width));
        for strategy in suite.strategies.iter().filter(|s| !s.model.is_empty()) {
            push_wrapped(&mut text, "  ", &model_calls(strategy), width);
        }
        for Inapplicable { strategy, reason } in &suite.inapplicable {
            let text_of = format!("{strategy} does not apply: {reason}");
            push_wrapped(&mut text, "- ", &text_of, width);
        }
        for caveat in &suite.caveats {
            push_wrapped(&mut text, "! ", caveat, width);
        }
        text.push('\n');
    }
    for unfit in &report.unfit {
        push_wrapped(&mut text, "- ", &unfit.to_string(), width);
    }
    for note in notes(report) {
        push_wrapped(&mut text, "", &note, width);
    }
    text
}

/// What a strategy asked of language models, by purpose, per run.
fn model_calls(strategy: &StrategyResult) -> String {
    let runs = strategy.seeds.max(1) as f64;
    let purposes = strategy.model.iter().map(|(purpose, cost)| {
        format!(
            "{purpose} {} ({} tokens)",
            count(cost.calls as f64 / runs),
            count((cost.input_tokens + cost.output_tokens) as f64 / runs)
        )
    });
    let purposes: Vec<String> = purposes.collect();
    format!(
        "{}, model calls per run: {}",
        strategy.strategy,
        purposes.join(", ")
    )
}

fn heading(suite: &SuiteResult, report: &Report) -> String {
    let lane = match suite.lane {
        Lane::Evidence => "lane A, evidence",
        Lane::Transfer => "lane B, transfer",
        Lane::Routing => "lane C, routing",
        Lane::Forecast => "lane D, forecast",
        Lane::Discovery => "lane E, discovery",
        Lane::Attempts => "lane F, attempts",
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

/// A column: its title, and what it says of each strategy.
struct Column {
    title: String,
    cells: Vec<String>,
}

impl Column {
    fn new(
        suite: &SuiteResult,
        title: impl Into<String>,
        show: impl Fn(&StrategyResult) -> String,
    ) -> Column {
        Column {
            title: title.into(),
            cells: suite.strategies.iter().map(show).collect(),
        }
    }

    fn cost(suite: &SuiteResult, title: &str, show: fn(&Costs) -> String) -> Column {
        Column::new(suite, title, |strategy| {
            let costs = strategy.costs.as_ref();
            costs.map_or_else(|| NOTHING.to_owned(), show)
        })
    }
}

/// Everything in one table, else with fewer secondary metrics, else with scores and costs in a table each.
fn suite_table(suite: &SuiteResult, width: usize) -> String {
    let secondary: Vec<&str> = suite
        .metrics
        .iter()
        .filter(|metric| **metric != suite.primary)
        .map(String::as_str)
        .collect();
    let kept = |shown: usize| secondary.get(..shown).unwrap_or_default();
    let one = |shown| {
        let mut columns = scores(suite, kept(shown));
        columns.extend(costs(suite));
        (shown, render(suite, &columns))
    };
    let two = |shown| {
        let first = render(suite, &scores(suite, kept(shown)));
        (shown, first + "\n" + &render(suite, &costs(suite)))
    };
    let numbers = || (0..=secondary.len()).rev();
    let (shown, text) = numbers()
        .map(one)
        .chain(numbers().map(two))
        .find(|(_, text)| text.lines().all(|line| line.chars().count() <= width))
        .unwrap_or_else(|| two(0));
    text + &left_out_note(secondary.get(shown..).unwrap_or_default())
}

fn left_out_note(metrics: &[&str]) -> String {
    if metrics.is_empty() {
        String::new()
    } else {
        format!("with --format json or csv also: {}\n", metrics.join(", "))
    }
}

fn scores(suite: &SuiteResult, secondary: &[&str]) -> Vec<Column> {
    let first = suite.strategies.first();
    let first = first.map_or(NOTHING, |first| first.strategy.as_str());
    let mut columns = vec![
        Column::new(
            suite,
            format!("{}\n[95 %]", direction(&suite.primary)),
            |strategy| estimate(strategy.quality),
        ),
        Column::new(
            suite,
            format!("difference to\n{first} [95 %]"),
            |strategy| difference(strategy.difference),
        ),
    ];
    columns.extend(secondary.iter().map(|metric| {
        Column::new(suite, direction(metric), |strategy| {
            let value = strategy.metrics.get(*metric).copied();
            score(value.unwrap_or(f64::NAN))
        })
    }));
    columns
}

/// A metric's name, marked where less is better.
fn direction(metric: &str) -> String {
    match suite::lower_is_better(metric) {
        true => format!("{metric} ↓"),
        false => metric.to_owned(),
    }
}

fn costs(suite: &SuiteResult) -> Vec<Column> {
    vec![
        Column::cost(suite, "tokens per\nquestion", |c| {
            count(c.tokens_per_question)
        }),
        Column::cost(suite, "model\ncalls", |c| count(c.model_calls)),
        Column::cost(suite, "model\ntokens", |c| {
            count(c.model_input_tokens + c.model_output_tokens)
        }),
        Column::cost(suite, "memories\nkept", |c| count(c.memories)),
        Column::cost(suite, "retrieve\np50", |c| time(c.retrieve_p50_ms)),
        Column::cost(suite, "retrieve\np95", |c| time(c.retrieve_p95_ms)),
        Column::cost(suite, "wall\ntime", |c| {
            time(c.wall_seconds.map(|s| s * 1e3))
        }),
    ]
}

/// A time in milliseconds; nothing if it was not measured.
fn time(value: Option<f64>) -> String {
    milliseconds(value.unwrap_or(f64::NAN))
}

/// These columns, with the strategies' names in front.
fn render(suite: &SuiteResult, columns: &[Column]) -> String {
    let right = |text: &str| Cell::new(text).set_alignment(CellAlignment::Right);
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_style(TableComponent::HeaderLines, '─')
        .set_style(TableComponent::MiddleHeaderIntersections, '─')
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(
            std::iter::once(Cell::new("strategy"))
                .chain(columns.iter().map(|column| right(&column.title))),
        );
    for (index, strategy) in suite.strategies.iter().enumerate() {
        let cells = columns.iter().filter_map(|column| column.cells.get(index));
        table.add_row(
            std::iter::once(Cell::new(label(&strategy.strategy, strategy.floor)))
                .chain(cells.map(|cell| right(cell))),
        );
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 1));
    }
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
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
        "{}, memhost {}, embedder {}, model {}{}{}",
        report
            .run
            .as_ref()
            .map_or_else(|| "replayed".to_owned(), |run| format!("run {run}")),
        report.memhost,
        report.embedder,
        models.join(", "),
        report
            .most_memories
            .map_or_else(String::new, |most| format!(
                ", at most {} per stream",
                memories(most)
            )),
        report.jobs.map_or_else(String::new, at_a_time),
    ));
    notes
}

fn at_a_time(jobs: usize) -> String {
    let advice = if jobs > 1 {
        " (for undisturbed latencies: --jobs 1)"
    } else {
        ""
    };
    format!(", at most {} at a time{advice}", plural(jobs, "cell"))
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
