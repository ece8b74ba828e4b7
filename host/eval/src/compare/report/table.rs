//! The report for people: one table per suite, with what must be known to read it underneath.

use anstyle::{AnsiColor, Style};
use comfy_table::Color;
use memhost_base::visible::{self, Grid, Inked, fold};
use memhost_suite as suite;

use super::answer::{answer, unseen};
use super::number::{
    NOTHING, count, detectable, difference, effect, estimate, milliseconds, more, p_value, plural,
    probability, recovery, score, signed,
};
use crate::compare::statistics::RESAMPLES;
use crate::compare::summary::{
    Added, Costs, Decision, Frontier, Report, StrategyResult, SuiteResult,
};
use crate::compare::{Inapplicable, label};

/// The report as text: whether it is whole, the answers, then tables, no line of which is wider than `width`. Metrics
/// besides the primary one are left out from the last where they do not fit; columns that still have no room stand in
/// further tables.
pub fn table(report: &Report, width: usize) -> String {
    text(report, width, Ink::Plain).into()
}

/// The same for a terminal: green is better, red is worse, yellow is undecided.
pub fn coloured_table(report: &Report, width: usize) -> Inked {
    text(report, width, Ink::Coloured)
}

/// Whether decisions are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ink {
    Plain,
    Coloured,
}

fn text(report: &Report, width: usize, ink: Ink) -> Inked {
    let paragraph = |bullet: &str, text: &str| paragraph(bullet, text, width);
    let mut text = Inked::default();
    if let Some(stopped) = report.stopped() {
        text.push(&paragraph("", &stopped));
    }
    for suite in &report.suites {
        let answer = answer(suite);
        let lines = paragraph("", &format!("{}.", answer.text));
        match ink {
            Ink::Plain => text.push(&lines),
            Ink::Coloured => text.push_styled(&lines, style(answer.decision)),
        }
    }
    if !report.suites.is_empty() {
        text.push("\n");
    }
    for suite in &report.suites {
        text.push(&heading(suite, report, width));
        text.append(&suite_table(suite, width, ink));
        for strategy in suite.strategies.iter().filter(|s| !s.model.is_empty()) {
            text.push(&paragraph("  ", &model_calls(strategy)));
        }
        for added in &suite.added {
            text.push(&paragraph("  ", &added_by_wrapper(added, &suite.primary)));
        }
        for Inapplicable { strategy, reason } in &suite.inapplicable {
            let strategy = label(strategy, false);
            text.push(&paragraph(
                "- ",
                &format!("{strategy} does not apply: {reason}"),
            ));
        }
        for caveat in &suite.caveats {
            text.push(&paragraph("! ", caveat));
        }
        text.push("\n");
    }
    for unfit in &report.unfit {
        text.push(&paragraph("- ", &unfit.to_string()));
    }
    if let Some(unseen) = unseen(report) {
        text.push(&paragraph("- ", &unseen));
    }
    for note in notes(report) {
        text.push(&paragraph("", &note));
    }
    text
}

/// What a strategy asked of language models, by purpose, per run.
fn model_calls(strategy: &StrategyResult) -> String {
    let runs = strategy.runs.max(1) as f64;
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
        label(&strategy.strategy, strategy.floor),
        purposes.join(", ")
    )
}

/// What a wrapper adds to what it wraps.
fn added_by_wrapper(added: &Added, metric: &str) -> String {
    let Added {
        strategy,
        bare,
        difference: in_metric,
        p_holm,
        model_calls,
        model_tokens,
        tokens_per_question,
    } = added;
    format!(
        "{strategy} against {bare}, which it wraps: {} {}, {} after correction; per run {} model calls and {} tokens of \
         models; per question {} tokens handed over",
        direction(metric),
        difference(Some(*in_metric)),
        p_value(*p_holm),
        more(*model_calls),
        more(*model_tokens),
        more(*tokens_per_question)
    )
}

fn heading(suite: &SuiteResult, report: &Report, width: usize) -> String {
    let size = format!(
        "{} (lane {}): {} in {}, {}",
        suite.suite,
        suite.lane.title(),
        plural(suite.questions, "question", "questions"),
        plural(suite.groups, "group", "groups"),
        runs(report),
    );
    let found = suite.detectable.as_ref().and_then(detectable);
    let lines = [Some(size), found].into_iter().flatten();
    lines.map(|line| paragraph("", &line, width)).collect()
}

fn style(decision: Decision) -> Style {
    let colour = match decision {
        Decision::Better => AnsiColor::Green,
        Decision::Worse => AnsiColor::Red,
        Decision::Undecided => AnsiColor::Yellow,
    };
    Style::new().fg_color(Some(colour.into()))
}

fn table_colour(decision: Decision) -> Color {
    match decision {
        Decision::Better => Color::DarkGreen,
        Decision::Worse => Color::DarkRed,
        Decision::Undecided => Color::DarkYellow,
    }
}

fn runs(report: &Report) -> String {
    let seeds = plural(report.seeds as usize, "seed", "seeds");
    match report.orders {
        1 => seeds,
        orders => format!(
            "{seeds} in {} each",
            plural(orders as usize, "order", "orders")
        ),
    }
}

/// A column: its title, and what it says of each strategy.
struct Column {
    title: String,
    cells: Vec<String>,
    /// What each cell means, where it means something.
    decisions: Vec<Option<Decision>>,
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
            decisions: Vec::new(),
        }
    }

    fn meaning(
        self,
        suite: &SuiteResult,
        of: impl Fn(&StrategyResult) -> Option<Decision>,
    ) -> Column {
        let decisions = suite.strategies.iter().map(of).collect();
        Column { decisions, ..self }
    }

    fn cost(suite: &SuiteResult, title: &str, show: fn(&Costs) -> String) -> Column {
        Column::new(suite, title, |strategy| {
            let costs = strategy.costs.as_ref();
            costs.map_or_else(|| NOTHING.to_owned(), show)
        })
    }
}

/// Everything in one table, else with fewer secondary metrics, else with scores and costs in a table each.
fn suite_table(suite: &SuiteResult, width: usize, ink: Ink) -> Inked {
    let secondary: Vec<&str> = suite
        .metrics
        .iter()
        .filter(|metric| **metric != suite.primary && suite.is_measured(metric))
        .map(String::as_str)
        .collect();
    let kept = |shown: usize| secondary.get(..shown).unwrap_or_default();
    let one = |shown| {
        let mut columns = scores(suite, kept(shown));
        columns.extend(costs(suite));
        (shown, vec![columns])
    };
    let two = |shown| {
        let blocks = [scores(suite, kept(shown)), costs(suite)];
        let blocks = blocks.into_iter().filter(|block| !block.is_empty());
        (shown, blocks.collect())
    };
    let fits = |blocks: &[Vec<Column>]| {
        let mut grids = blocks.iter().map(|block| grid(suite, block, Ink::Plain));
        grids.all(|grid| grid.fits(width))
    };
    let numbers = || (0..=secondary.len()).rev();
    let (shown, mut blocks) = numbers()
        .map(one)
        .chain(numbers().map(two))
        .find(|(_, blocks)| fits(blocks))
        .unwrap_or_else(|| two(0));
    if suite.is_measured(&suite.primary) {
        blocks.push(standing(suite));
    }
    let mut text = Inked::default();
    for (place, block) in blocks.iter().enumerate() {
        if place > 0 {
            text.push("\n");
        }
        text.append(&grid(suite, block, ink).render(width));
    }
    text.push(&left_out_note(
        secondary.get(shown..).unwrap_or_default(),
        width,
    ));
    text
}

/// Who stands where, how sure that is, and what memory did harm to.
fn standing(suite: &SuiteResult) -> Vec<Column> {
    let number = |value: Option<usize>| {
        value.map_or_else(|| NOTHING.to_owned(), |value| count(value as f64))
    };
    let pair = |strategy: &StrategyResult| suite.to_first(strategy);
    let mut columns = vec![
        Column::new(suite, "rank", |strategy| number(strategy.rank)),
        Column::new(suite, "p, all\npairs", |strategy| {
            probability(pair(strategy).and_then(|pair| pair.p_holm))
        })
        .meaning(suite, |strategy| decision_to_first(suite, strategy)),
        Column::new(suite, "p, to\nfirst only", |strategy| {
            probability(pair(strategy).and_then(|pair| pair.p_to_first))
        }),
        Column::new(suite, "effect", |strategy| {
            pair(strategy).map_or_else(|| NOTHING.to_owned(), |pair| effect(&pair))
        }),
        Column::new(suite, "better, same,\nworse", |strategy| {
            pair(strategy).map_or_else(
                || NOTHING.to_owned(),
                |pair| {
                    let counts = [pair.wins, pair.ties, pair.losses];
                    counts.map(|number| count(number as f64)).join(" / ")
                },
            )
        }),
        Column::new(suite, "difference to no\nmemory [95 %]", |strategy| {
            difference(strategy.harm.as_ref().map(|harm| harm.transfer))
        }),
        Column::new(suite, "lost of\nsolved", |strategy| {
            strategy.harm.as_ref().map_or_else(
                || NOTHING.to_owned(),
                |harm| format!("{} / {}", harm.lost.len(), harm.solved_without),
            )
        })
        .meaning(suite, |strategy| {
            let lost = !strategy.harm.as_ref()?.lost.is_empty();
            lost.then_some(Decision::Worse)
        }),
        Column::new(suite, "gained", |strategy| {
            number(strategy.harm.as_ref().map(|harm| harm.gained))
        }),
        Column::new(suite, "frontier", |strategy| {
            let Frontier {
                handed_over,
                written,
            } = strategy.frontier;
            match (handed_over, written) {
                (true, true) => "both".to_owned(),
                (true, false) => "tokens".to_owned(),
                (false, true) => "writing".to_owned(),
                (false, false) => NOTHING.to_owned(),
            }
        }),
    ];
    if suite.strategies.iter().any(|s| s.recovery.is_some()) {
        columns.push(Column::new(suite, "recovery", |s| recovery(s.recovery)));
    }
    if suite.strategies.iter().any(|s| s.order_effect.is_some()) {
        columns.push(Column::new(
            suite,
            "easy first less\nhard first [95 %]",
            |s| difference(s.order_effect),
        ));
    }
    if suite.strategies.iter().any(|s| s.gain_late.is_some()) {
        columns.push(Column::new(suite, "gain,\nlate", |s| signed(s.gain_late)));
    }
    columns
}

fn decision_to_first(suite: &SuiteResult, strategy: &StrategyResult) -> Option<Decision> {
    Some(suite.to_first(strategy)?.decision(&suite.primary))
}

fn left_out_note(metrics: &[&str], width: usize) -> String {
    match metrics.is_empty() {
        true => String::new(),
        false => paragraph(
            "",
            &format!("with --format json or csv also: {}", metrics.join(", ")),
            width,
        ),
    }
}

fn scores(suite: &SuiteResult, secondary: &[&str]) -> Vec<Column> {
    let first = suite.strategies.first();
    let first = first.map_or(NOTHING.to_owned(), |first| {
        label(&first.strategy, first.floor)
    });
    let of_primary = [
        Column::new(
            suite,
            format!("{}\n[95 %]", direction(&suite.primary)),
            |strategy| estimate(strategy.quality),
        ),
        Column::new(
            suite,
            format!("difference to\n{first} [95 %]"),
            |strategy| difference(strategy.difference),
        )
        .meaning(suite, |strategy| decision_to_first(suite, strategy)),
    ];
    let is_shown = suite.is_measured(&suite.primary);
    let of_primary = of_primary.into_iter().filter(|_| is_shown);
    let mut columns: Vec<Column> = of_primary.collect();
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
fn grid(suite: &SuiteResult, columns: &[Column], ink: Ink) -> Grid {
    let names = suite.strategies.iter();
    let names = names.map(|strategy| label(&strategy.strategy, strategy.floor));
    let columns = columns.iter().map(|column| {
        let decisions = column.decisions.iter().copied();
        let colours = decisions.map(|decision| decision.filter(|_| ink == Ink::Coloured));
        visible::Column::new(&column.title, column.cells.iter().cloned())
            .coloured(colours.map(|decision| decision.map(table_colour)))
    });
    Grid::new(visible::Column::new("strategy", names), columns.collect())
}

fn notes(report: &Report) -> Vec<String> {
    let mut models: Vec<&str> = report.models.values().map(String::as_str).collect();
    models.sort_unstable();
    models.dedup();
    let mut notes = Vec::new();
    notes.push(format!(
        "[95 %]: percentile bootstrap, {} resamples of groups of questions, and of luck as far as several seeds show any; \
         runs averaged within each question; differences are paired by question and run. Costs and memories are per run. Floors are the host's own.",
        count(RESAMPLES as f64)
    ));
    notes.push(
        "p: McNemar's exact test where questions are independent hits and misses, else a permutation of groups, after \
         Holm's correction over all pairs, floors included, or over those with the first strategy only; effect: in \
         standard deviations; better, same, worse: questions; all of these against the first strategy. Strategies \
         that cannot be told apart from the best of their rank share it: the interval of the difference includes 0, or \
         p of all pairs is above .05. Lost, gained: questions solved without memory and not with it, \
         and the other way round. Frontier: no other strategy is at least as good for fewer tokens handed over, or \
         for fewer tokens of models spent on writing."
            .to_owned(),
    );
    let recovers = |suite: &SuiteResult| suite.strategies.iter().any(|s| s.recovery.is_some());
    if report.suites.iter().any(recovers) {
        notes.push(
            "Recovery: questions after the change of the world until memory is worth as much again as before it, \
             against the same agent without memory; 0 if it never lost more than chance explains. Nothing to lose: it \
             was worth nothing before that chance could not explain."
                .to_owned(),
        );
    }
    let by_difficulty =
        |suite: &SuiteResult| suite.strategies.iter().any(|s| s.gain_late.is_some());
    if report.suites.iter().any(by_difficulty) {
        notes.push(
            "Gain, late: among tasks that are solved as often, the third that was asked last less the third that was asked \
             first: what is left of a learning curve when its tasks are no harder at the end. Compare it with that of the \
             agent without memory."
                .to_owned(),
        );
    }
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
                plural(most as usize, "memory", "memories")
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
    format!(
        ", at most {} at a time{advice}",
        plural(jobs, "cell", "cells")
    )
}

/// A paragraph, broken at spaces, later lines indented under the first.
fn paragraph(bullet: &str, text: &str, width: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = format!("{bullet}{}", words.join(" "));
    fold(&visible::line(&line), bullet.len(), width) + "\n"
}
