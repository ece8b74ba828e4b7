//! What a comparison found: the numbers behind every report, under names that stay.
//!
//! The field names here are what `--format json` prints, and [`Costs::named`] what `--format csv` and the
//! store's `results` table call them: change none without need.

mod contest;
mod found;
mod online;

use std::collections::{BTreeMap, BTreeSet};

use super::caveats;
pub use super::statistics::online::Recovery;
use super::statistics::{self, Estimate, Score, mean, nearest_rank, percentile};
pub use super::statistics::{NoEffect, Test};
use super::{
    Design, Finish, Inapplicable, ListedCell, ListedStrategy, ListedSuite, NO_MEMORY, Outcome,
    PlannedCell, Unfit, label,
};
use crate::driver::{Broken, CellReport, ModelCost, Repetition, Runs};
use memhost::store::ResultRow;
use memhost_suite as suite;
use memhost_suite::{Lane, Scores};

use contest::Entrant;
pub use found::{Clash, CurvePoint, Detectable, Frontier, Harm, Pair, Verdict};

/// The version of the result files. It changes when a field is renamed, is removed or means something else, so that
/// a file of another version is refused rather than misread.
pub const FORMAT: u32 = 2;

/// What a comparison found.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Report {
    /// The version of this format: [`FORMAT`].
    pub format: u32,
    /// The host's version.
    pub memhost: String,
    /// Names the comparison in the store. A replay has no name of its own, so that it repeats to the byte.
    pub run: Option<String>,
    /// Seeds per strategy and suite.
    pub seeds: u64,
    /// Runs per seed, each in an order of its own.
    pub orders: u32,
    /// Cells that ran at a time, which is what latencies were measured under; a replay measures none.
    pub jobs: Option<usize>,
    /// The most memories per stream.
    pub most_memories: Option<u32>,
    /// What embedded keys and queries.
    pub embedder: String,
    /// What answered each role.
    pub models: BTreeMap<String, String>,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
    /// Why, where nobody asked for it: what cells need was gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outage: Option<String>,
    /// Plugins that are not ranked, one for each check that they failed.
    #[serde(default)]
    pub unfit: Vec<Unfit>,
    /// One per suite, never averaged.
    pub suites: Vec<SuiteResult>,
}

/// What a comparison found on one suite.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct SuiteResult {
    /// Its name.
    pub suite: String,
    /// What it tests.
    pub lane: Lane,
    /// What it is.
    pub summary: String,
    /// The metric that `quality` and `difference` are of.
    pub primary: String,
    /// Every metric, the primary one first.
    pub metrics: Vec<String>,
    /// How far it is, as long as cells of it have not been run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<Unfinished>,
    /// How many questions it asks.
    pub questions: usize,
    /// Groups of questions; intervals resample groups.
    pub groups: usize,
    /// How many questions are scored: all but those of a warm-up.
    #[serde(default)]
    pub scored: usize,
    /// On how many of these each metric was measured, with whoever has most; 0 where the suite says nothing about it. Empty
    /// if no cell was run.
    #[serde(default)]
    pub measured: BTreeMap<String, usize>,
    /// The smallest difference that a comparison of this size finds; `None` if nothing was compared.
    pub detectable: Option<Detectable>,
    /// The plugins in the order given, then the floors.
    pub strategies: Vec<StrategyResult>,
    /// Every two strategies, ceilings left out, in the order of `strategies`.
    pub pairs: Vec<Pair>,
    /// Plugins that get no number here, and why.
    #[serde(default)]
    pub inapplicable: Vec<Inapplicable>,
    /// What a reader must know before believing a number.
    pub caveats: Vec<String>,
}

/// How far a suite is of which not every cell has been run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Unfinished {
    /// Cells that have been run.
    pub run: usize,
    /// All of its cells.
    pub cells: usize,
}

impl Unfinished {
    fn of(ran: &[Ran<'_>]) -> Option<Unfinished> {
        let run = ran.iter().filter(|ran| *ran.outcome != Outcome::NotRun);
        let (run, cells) = (run.count(), ran.len());
        (run < cells).then_some(Unfinished { run, cells })
    }
}

/// What a strategy did on a suite.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct StrategyResult {
    /// Its name.
    pub strategy: String,
    /// Its version.
    pub version: String,
    /// Its code.
    pub digest: String,
    /// Whether it is one of the host's floors.
    pub floor: bool,
    /// Every parameter, as text.
    pub settings: BTreeMap<String, String>,
    /// Under how many seeds a run finished.
    pub seeds: usize,
    /// How many runs finished: one per seed and order.
    pub runs: usize,
    /// The primary metric; `None` if nothing was measured.
    pub quality: Option<Estimate>,
    /// Its difference to the first plugin's, paired by task and seed.
    pub difference: Option<Estimate>,
    /// Place among the suite's strategies, 1 the best; strategies that cannot be told apart share one. `None` for
    /// ceilings and for what was not measured.
    pub rank: Option<usize>,
    /// Against the same agent without memory; `None` for that agent itself.
    pub harm: Option<Harm>,
    /// Over the run, in the order in which questions were asked, at up to 60 points.
    pub curve: Vec<CurvePoint>,
    /// How many questions it takes after a change of the world until memory is worth as much as before, where the suite
    /// marks one.
    pub recovery: Option<Recovery>,
    /// Milliseconds of retrieve calls at the percentiles [`LATENCY_PERCENTILES`]; empty if not measured.
    pub latency: Vec<f64>,
    /// Whether another one gives at least as much for less.
    pub frontier: Frontier,
    /// Scores of the primary metric that were no numbers, and were left out.
    pub no_numbers: usize,
    /// Every metric that applies, mean over seeds.
    pub metrics: BTreeMap<String, f64>,
    /// What it cost per run; `None` if no run finished.
    pub costs: Option<Costs>,
    /// Model calls by purpose, over all seeds.
    pub model: BTreeMap<String, ModelCost>,
    /// Calls that failed, over all seeds, with the first message.
    pub failures: Option<Failures>,
    /// Runs that could not be made: why, once per seed.
    pub failed_runs: Vec<String>,
    /// Why there is no score of any kind, where so much failed that none would be the strategy's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<Broken>,
}

/// At which percentiles latencies are given.
pub const LATENCY_PERCENTILES: [f64; 9] = [1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0];

/// Calls that failed.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Failures {
    /// How many failed.
    pub failed: u64,
    /// Of how many.
    pub calls: u64,
    /// What the first one said.
    pub first: String,
}

/// What runs cost, as a mean over seeds. Times are `None` if they were not measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Costs {
    /// Tokens handed over per question at the primary budget.
    pub tokens_per_question: f64,
    /// Language model calls.
    pub model_calls: f64,
    /// Tokens that models read.
    pub model_input_tokens: f64,
    /// Tokens that models wrote.
    pub model_output_tokens: f64,
    /// Active memories at the end.
    pub memories: f64,
    /// Median of the retrieve calls, in milliseconds, over all seeds together.
    pub retrieve_p50_ms: Option<f64>,
    /// 95th percentile of the retrieve calls, in milliseconds, over all seeds together.
    pub retrieve_p95_ms: Option<f64>,
    /// Instructions, as wasmtime counts fuel.
    pub fuel: f64,
    /// Seconds from start to end.
    pub wall_seconds: Option<f64>,
    /// Runs of an agent per question: with memory, without, and with memories on trial.
    #[serde(default)]
    pub runs_per_task: f64,
    /// Runs that were handed to `distill`, per question: recorded ones, where no model acts.
    #[serde(default)]
    pub distilled_per_task: f64,
    /// Memories that were dropped because no task could try them.
    #[serde(default)]
    pub untried: f64,
    /// Tokens of models, read and written, that writing memories took.
    pub writing_tokens: f64,
    /// Guidance that the host cut to its budget.
    pub cut: f64,
    /// Texts that were longer than the embedder or the store takes, and were cut.
    #[serde(default)]
    pub cut_texts: f64,
    /// Memories that the host evicted.
    pub evicted_by_host: f64,
}

impl Costs {
    /// Mean over these runs of one strategy on one suite; `None` of none.
    pub fn of(reports: &[&CellReport]) -> Option<Costs> {
        let per_run = |value: fn(&CellReport) -> f64| mean(reports.iter().map(|r| value(r)));
        let per_question = |count: fn(&Runs) -> u64| {
            let runs = reports.iter().map(|report| &report.runs);
            mean(runs.map(|runs| match runs.asked {
                0 => 0.0,
                asked => count(runs) as f64 / asked as f64,
            }))
        };
        let retrievals: Vec<u64> = reports
            .iter()
            .flat_map(|report| report.retrieve_micros.iter().copied())
            .collect();
        let milliseconds = |percent| nearest_rank(&retrievals, percent).map(in_millis);
        Some(Costs {
            tokens_per_question: per_run(|r| {
                mean(r.tasks.iter().map(|task| f64::from(task.tokens))).unwrap_or(0.0)
            })?,
            model_calls: per_run(|r| total(r, |cost| cost.calls))?,
            model_input_tokens: per_run(|r| total(r, |cost| cost.input_tokens))?,
            model_output_tokens: per_run(|r| total(r, |cost| cost.output_tokens))?,
            memories: per_run(|r| r.memories as f64)?,
            retrieve_p50_ms: milliseconds(50.0),
            retrieve_p95_ms: milliseconds(95.0),
            fuel: per_run(|r| r.fuel.values().sum::<u64>() as f64)?,
            wall_seconds: mean(reports.iter().filter_map(|r| Some(r.wall?.as_secs_f64()))),
            runs_per_task: per_question(|runs| runs.total())?,
            distilled_per_task: per_question(|runs| runs.distilled)?,
            untried: per_run(|r| r.runs.untried as f64)?,
            writing_tokens: per_run(|r| (r.writing.input_tokens + r.writing.output_tokens) as f64)?,
            cut: per_run(|r| r.cut as f64)?,
            cut_texts: per_run(|r| r.cut_texts as f64)?,
            evicted_by_host: per_run(|r| r.evicted_by_host as f64)?,
        })
    }

    /// Every cost that was measured under its name.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let all = self.all().into_iter();
        all.filter_map(|(name, value)| Some((name, value?)))
    }

    /// The names of all costs.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let all = Costs::default().all().into_iter();
        all.map(|(name, _)| name)
    }

    fn all(&self) -> [(&'static str, Option<f64>); 16] {
        [
            ("tokens_per_question", Some(self.tokens_per_question)),
            ("model_calls", Some(self.model_calls)),
            ("model_input_tokens", Some(self.model_input_tokens)),
            ("model_output_tokens", Some(self.model_output_tokens)),
            ("memories", Some(self.memories)),
            ("retrieve_p50_ms", self.retrieve_p50_ms),
            ("retrieve_p95_ms", self.retrieve_p95_ms),
            ("fuel", Some(self.fuel)),
            ("wall_seconds", self.wall_seconds),
            ("runs_per_task", Some(self.runs_per_task)),
            ("distilled_per_task", Some(self.distilled_per_task)),
            ("untried", Some(self.untried)),
            ("cut", Some(self.cut)),
            ("cut_texts", Some(self.cut_texts)),
            ("evicted_by_host", Some(self.evicted_by_host)),
            ("writing_tokens", Some(self.writing_tokens)),
        ]
    }
}

fn in_millis(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}

fn total(report: &CellReport, count: fn(&ModelCost) -> u64) -> f64 {
    report.model.values().map(count).sum::<u64>() as f64
}

/// How cells were run, as far as it says nothing of the results. A replay has neither.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setup {
    /// Names the comparison in the store.
    pub run: Option<String>,
    /// Cells that ran at a time.
    pub jobs: Option<usize>,
}

impl Report {
    /// Puts together what became of a design's cells, in the order of [`Design::cells`].
    pub fn new(design: &Design, finish: &Finish, setup: &Setup) -> Report {
        let cells = design.cells();
        let ran: Vec<Ran<'_>> = cells
            .iter()
            .zip(&finish.outcomes)
            .map(|(cell, outcome)| Ran { cell, outcome })
            .collect();
        let suites = design.suites.iter().enumerate().map(|(index, suite)| {
            let ran = ran.iter().copied().filter(|ran| ran.cell.suite == index);
            suite_result(suite, &ran.collect::<Vec<_>>(), design)
        });
        Report {
            format: FORMAT,
            memhost: design.conditions.memhost.clone(),
            run: setup.run.clone(),
            seeds: design.seeds,
            orders: design.orders,
            jobs: setup.jobs,
            most_memories: design.most_memories,
            embedder: design.conditions.embedder.name.clone(),
            models: design.conditions.models.clone(),
            interrupted: finish.interrupted,
            outage: finish.outage.clone(),
            unfit: design.unfit.clone(),
            suites: suites.collect(),
        }
    }
}

/// A cell and what became of it.
#[derive(Clone, Copy)]
struct Ran<'a> {
    cell: &'a ListedCell,
    outcome: &'a Outcome,
}

impl<'a> Ran<'a> {
    fn report(&self) -> Option<&'a CellReport> {
        match self.outcome {
            Outcome::Finished(report) => Some(report),
            Outcome::Broken(_) | Outcome::Failed(_) | Outcome::NotRun => None,
        }
    }

    /// What it did, whether or not that is a result.
    fn ran(&self) -> Option<&'a CellReport> {
        match self.outcome {
            Outcome::Finished(report) | Outcome::Broken(report) => Some(report),
            Outcome::Failed(_) | Outcome::NotRun => None,
        }
    }

    fn scores(&self, metric: &str) -> Vec<Score<'a>> {
        let Repetition { seed, order } = self.cell.key.repetition;
        self.report()
            .into_iter()
            .flat_map(|report| &report.tasks)
            .filter_map(|task| {
                Some(Score {
                    seed,
                    order,
                    task: &task.task,
                    group: &task.group,
                    value: *task.scores.get(metric)?,
                })
            })
            .collect()
    }
}

fn suite_result(suite: &ListedSuite, ran: &[Ran<'_>], design: &Design) -> SuiteResult {
    let primary = &suite.primary;
    let all_runs_of = |strategy: usize| -> Vec<Ran<'_>> {
        ran.iter()
            .copied()
            .filter(|ran| ran.cell.strategy == strategy)
            .collect()
    };
    // One broken run breaks them all: the others are those that nothing happened to, which is no fair sample.
    let runs_of = |strategy: usize| -> Vec<Ran<'_>> {
        let runs = all_runs_of(strategy);
        match broken(&runs) {
            Some(_) => Vec::new(),
            None => runs,
        }
    };
    let scores_of = |strategy: usize| -> Vec<Score<'_>> {
        runs_of(strategy)
            .iter()
            .flat_map(|ran| ran.scores(primary))
            .collect()
    };
    let first = scores_of(0);
    let is_none = |strategy: &ListedStrategy| strategy.floor && strategy.name == NO_MEMORY;
    let without_memory = suite.strategies.iter().position(is_none);
    let without_memory = without_memory.map(runs_of).unwrap_or_default();
    let mut entrants: Vec<Entrant<'_>> = suite
        .strategies
        .iter()
        .enumerate()
        .map(|(index, strategy)| {
            let scores = scores_of(index);
            let (all, runs) = (all_runs_of(index), runs_of(index));
            let result = StrategyResult {
                curve: online::curve(&runs, &without_memory, primary),
                recovery: online::recovery(&runs, &without_memory, primary),
                quality: statistics::estimate(scores.iter().copied()),
                difference: (index > 0)
                    .then(|| statistics::difference(&scores, &first))
                    .flatten(),
                no_numbers: scores.iter().filter(|s| !s.value.is_finite()).count(),
                ..strategy_result(strategy, &all, &suite.metrics)
            };
            Entrant { result, scores }
        })
        .collect();
    let unfinished = Unfinished::of(ran);
    let (pairs, detectable) = match unfinished {
        // Who is missing may be who is best.
        Some(_) => {
            for entrant in &mut entrants {
                entrant.result.difference = None;
            }
            (Vec::new(), None)
        }
        None => contest::settle(&mut entrants, primary, &suite.group_sizes),
    };
    let mut result = SuiteResult {
        suite: suite.name.clone(),
        lane: suite.lane,
        summary: suite.summary.clone(),
        primary: primary.clone(),
        metrics: suite.metrics.clone(),
        unfinished,
        questions: suite.questions,
        groups: suite.groups,
        scored: suite.group_sizes.iter().sum(),
        measured: measured(&suite.metrics, ran),
        detectable,
        strategies: entrants.into_iter().map(|entrant| entrant.result).collect(),
        pairs,
        inapplicable: suite.inapplicable.clone(),
        caveats: Vec::new(),
    };
    result.caveats = caveats::of(suite, &result, design);
    result
}

/// Metrics that only exist over several questions are not counted.
fn measured(metrics: &[String], ran: &[Ran<'_>]) -> BTreeMap<String, usize> {
    let per_question = metrics
        .iter()
        .filter(|metric| suite::is_per_question(metric));
    let counted = per_question.filter_map(|metric| {
        let reports = ran.iter().filter_map(Ran::report);
        let has = |scores: &Scores| scores.contains_key(metric);
        let counts =
            reports.map(|report| report.tasks.iter().filter(|task| has(&task.scores)).count());
        Some((metric.clone(), counts.max()?))
    });
    counted.collect()
}

/// All but what depends on scores in the primary metric.
fn strategy_result(
    strategy: &ListedStrategy,
    runs: &[Ran<'_>],
    metrics: &[String],
) -> StrategyResult {
    let reports: Vec<&CellReport> = runs.iter().filter_map(Ran::report).collect();
    let all: Vec<&CellReport> = runs.iter().filter_map(Ran::ran).collect();
    let broken = broken(runs);
    let finished = runs.iter().filter(|run| run.report().is_some());
    let finished_seeds: BTreeSet<u64> = finished.map(|run| run.cell.key.repetition.seed).collect();
    StrategyResult {
        strategy: strategy.name.clone(),
        version: strategy.version.clone(),
        digest: strategy.digest.clone(),
        floor: strategy.floor,
        settings: strategy.settings.clone(),
        seeds: finished_seeds.len(),
        runs: reports.len(),
        quality: None,
        difference: None,
        rank: None,
        harm: None,
        curve: Vec::new(),
        recovery: None,
        latency: latency(&reports),
        frontier: Frontier::default(),
        no_numbers: 0,
        metrics: metrics
            .iter()
            .filter(|_| broken.is_none())
            .filter_map(|metric| {
                let value = mean(reports.iter().filter_map(|r| aggregate(metric, r)))?;
                Some((metric.clone(), value))
            })
            .collect(),
        costs: Costs::of(&all),
        model: model_costs(&all),
        failures: failures(&all),
        broken,
        failed_runs: runs
            .iter()
            .filter_map(|ran| match ran.outcome {
                Outcome::Failed(reason) => {
                    Some(format!("seed {}: {reason}", ran.cell.key.repetition.name()))
                }
                Outcome::Finished(_) | Outcome::Broken(_) | Outcome::NotRun => None,
            })
            .collect(),
    }
}

/// Where too much failed in one of these runs, counted over all of them; `None` if all are sound.
fn broken(runs: &[Ran<'_>]) -> Option<Broken> {
    let broken = runs.iter().filter_map(|run| match run.outcome {
        Outcome::Broken(report) => report.broken(),
        Outcome::Finished(_) | Outcome::Failed(_) | Outcome::NotRun => None,
    });
    let worst = broken.max_by(|one, other| one.share().total_cmp(&other.share()))?;
    let all = runs.iter().filter_map(Ran::ran);
    let all: Vec<_> = all.map(|report| &report.phases).collect();
    Some(worst.over(&all))
}

/// Retrieve calls of all runs together; empty if none was measured.
fn latency(reports: &[&CellReport]) -> Vec<f64> {
    let mut millis: Vec<f64> = reports
        .iter()
        .flat_map(|report| &report.retrieve_micros)
        .map(|micros| in_millis(*micros))
        .collect();
    millis.sort_unstable_by(f64::total_cmp);
    LATENCY_PERCENTILES
        .iter()
        .filter_map(|percent| percentile(&millis, *percent))
        .collect()
}

/// A metric over the tasks of one run; `None` if it applies to none, or is not a finite number.
fn aggregate(metric: &str, report: &CellReport) -> Option<f64> {
    let tasks: Vec<&Scores> = report.tasks.iter().map(|task| &task.scores).collect();
    suite::aggregate(metric, &tasks).filter(|value| value.is_finite())
}

fn model_costs(reports: &[&CellReport]) -> BTreeMap<String, ModelCost> {
    let mut sums: BTreeMap<String, ModelCost> = BTreeMap::new();
    for (purpose, cost) in reports.iter().flat_map(|report| &report.model) {
        let sum = sums.entry(purpose.clone()).or_default();
        sum.calls += cost.calls;
        sum.input_tokens += cost.input_tokens;
        sum.output_tokens += cost.output_tokens;
        sum.mended.add(&cost.mended);
    }
    sums
}

fn failures(reports: &[&CellReport]) -> Option<Failures> {
    let mut messages = reports.iter().flat_map(|report| &report.failures);
    let first = messages.next()?.clone();
    Some(Failures {
        failed: 1 + messages.count() as u64,
        calls: reports.iter().map(|report| report.calls).sum(),
        first,
    })
}

/// A finished cell as rows of the store's `results` table: one per metric, and one per cost.
pub fn result_rows(run: &str, cell: &PlannedCell, report: &CellReport) -> Vec<ResultRow> {
    let metrics = cell.cell.suite.metrics();
    let measured = metrics.iter().filter_map(|metric| {
        let tasks = report
            .tasks
            .iter()
            .filter(|task| task.scores.contains_key(metric))
            .count();
        Some((metric.as_str(), aggregate(metric, report)?, tasks))
    });
    let costs = Costs::of(&[report]).unwrap_or_default();
    let costs = costs
        .named()
        .map(|(name, value)| (name, value, report.tasks.len()));
    measured
        .chain(costs)
        .map(|(metric, value, tasks)| ResultRow {
            run: run.to_owned(),
            // Whoever groups by this alone must not take a plugin for a floor.
            strategy: match cell.key.floor {
                true => cell.key.strategy.clone(),
                false => label(&cell.key.strategy, false),
            },
            digest: cell.key.digest.clone(),
            suite: cell.key.suite.clone(),
            seed: cell.key.repetition.seed,
            order: cell.key.repetition.order,
            metric: metric.to_owned(),
            value,
            tasks: u32::try_from(tasks).unwrap_or(u32::MAX),
        })
        .collect()
}

#[cfg(test)]
pub(in crate::compare) mod tests;
