//! What a comparison found: the numbers behind every report, under names that stay.
//!
//! The field names here are what `--format json` prints, and [`Costs::named`] what `--format csv` and the
//! store's `results` table call them: change none without need.

use std::collections::BTreeMap;

use super::caveats;
use super::key::Conditions;
use super::statistics::{self, Estimate, Score, mean, nearest_rank};
use super::{Comparison, Contest, Contestant, Finish, Inapplicable, Outcome, PlannedCell, Unfit};
use crate::driver::{CellReport, ModelCost};
use crate::settings;
use crate::store::ResultRow;
use crate::suite::{self, Lane, Scores};

/// What a comparison found.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Report {
    /// The host's version.
    pub memhost: String,
    /// Names the comparison in the store. A replay has no name of its own, so that it repeats to the byte.
    pub run: Option<String>,
    /// Runs per strategy and suite, each with a seed of its own.
    pub seeds: u64,
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
    /// How many questions it asks.
    pub questions: usize,
    /// Groups of questions; intervals resample groups.
    pub groups: usize,
    /// The plugins in the order given, then the floors.
    pub strategies: Vec<StrategyResult>,
    /// Plugins that get no number here, and why.
    #[serde(default)]
    pub inapplicable: Vec<Inapplicable>,
    /// What a reader must know before believing a number.
    pub caveats: Vec<String>,
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
    /// How many seeds finished.
    pub seeds: usize,
    /// The primary metric; `None` if nothing was measured.
    pub quality: Option<Estimate>,
    /// Its difference to the first plugin's, paired by task and seed.
    pub difference: Option<Estimate>,
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
}

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
    /// Memories that were dropped because no task could try them.
    #[serde(default)]
    pub untried: f64,
    /// Guidance that the host cut to its budget.
    pub cut: f64,
    /// Memories that the host evicted.
    pub evicted_by_host: f64,
}

impl Costs {
    /// Mean over these runs of one strategy on one suite; `None` of none.
    pub fn of(reports: &[&CellReport]) -> Option<Costs> {
        let per_run = |value: fn(&CellReport) -> f64| mean(reports.iter().map(|r| value(r)));
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
            runs_per_task: per_run(|r| match r.runs.asked {
                0 => 0.0,
                asked => r.runs.total() as f64 / asked as f64,
            })?,
            untried: per_run(|r| r.runs.untried as f64)?,
            cut: per_run(|r| r.cut as f64)?,
            evicted_by_host: per_run(|r| r.evicted_by_host as f64)?,
        })
    }

    /// Every cost that was measured under its name.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let all = [
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
            ("untried", Some(self.untried)),
            ("cut", Some(self.cut)),
            ("evicted_by_host", Some(self.evicted_by_host)),
        ];
        all.into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
    }
}

fn in_millis(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}

fn total(report: &CellReport, count: fn(&ModelCost) -> u64) -> f64 {
    report.model.values().map(count).sum::<u64>() as f64
}

/// What a report says of the surroundings, besides what is measured.
#[derive(Debug, Clone)]
pub struct Setup {
    /// What all cells ran under.
    pub conditions: Conditions,
    /// Cells that ran at a time.
    pub jobs: usize,
    /// Whether models were replayed from a cassette.
    pub replayed: bool,
    /// What models that are none say of themselves.
    pub model_caveats: Vec<String>,
}

impl Report {
    /// Puts the results of a comparison's cells together.
    pub fn new(
        comparison: &Comparison,
        cells: &[PlannedCell],
        finish: &Finish,
        setup: &Setup,
    ) -> Report {
        let suites = comparison
            .contests
            .iter()
            .enumerate()
            .map(|(index, contest)| {
                let ran = cells
                    .iter()
                    .zip(&finish.outcomes)
                    .filter(|(cell, _)| cell.contest == index)
                    .map(|(cell, outcome)| Ran { cell, outcome })
                    .collect::<Vec<_>>();
                suite_result(contest, &ran, setup)
            })
            .collect();
        Report {
            memhost: setup.conditions.memhost.clone(),
            run: (!setup.replayed).then(|| comparison.run.clone()),
            seeds: comparison.seeds,
            jobs: (!setup.replayed).then_some(setup.jobs),
            most_memories: comparison.most_memories,
            embedder: setup.conditions.embedder.name.clone(),
            models: setup.conditions.models.clone(),
            interrupted: finish.interrupted,
            unfit: comparison.unfit.clone(),
            suites,
        }
    }
}

/// A cell and what became of it.
#[derive(Clone, Copy)]
struct Ran<'a> {
    cell: &'a PlannedCell,
    outcome: &'a Outcome,
}

impl<'a> Ran<'a> {
    fn report(&self) -> Option<&'a CellReport> {
        match self.outcome {
            Outcome::Finished(report) => Some(report),
            Outcome::Failed(_) | Outcome::NotRun => None,
        }
    }

    fn scores(&self, metric: &str) -> Vec<Score<'a>> {
        let seed = self.cell.key.seed;
        self.report()
            .into_iter()
            .flat_map(|report| &report.tasks)
            .filter_map(|task| {
                Some(Score {
                    seed,
                    task: &task.task,
                    group: &task.group,
                    value: *task.scores.get(metric)?,
                })
            })
            .collect()
    }
}

fn suite_result(contest: &Contest, ran: &[Ran<'_>], setup: &Setup) -> SuiteResult {
    let metrics = contest.suite.metrics();
    let primary = &contest.suite.primary;
    let runs_of = |contestant: usize| -> Vec<Ran<'_>> {
        ran.iter()
            .copied()
            .filter(|ran| ran.cell.contestant == contestant)
            .collect()
    };
    let scores_of = |contestant: usize| -> Vec<Score<'_>> {
        runs_of(contestant)
            .iter()
            .flat_map(|ran| ran.scores(primary))
            .collect()
    };
    let first = scores_of(0);
    let strategies: Vec<StrategyResult> = contest
        .contestants
        .iter()
        .enumerate()
        .map(|(index, contestant)| {
            let ours = scores_of(index);
            StrategyResult {
                quality: statistics::estimate(ours.iter().copied()),
                difference: (index > 0)
                    .then(|| statistics::difference(&ours, &first))
                    .flatten(),
                ..strategy_result(contestant, &runs_of(index), &metrics)
            }
        })
        .collect();
    let groups: std::collections::BTreeSet<&str> = contest
        .suite
        .questions()
        .map(|(episode, _)| episode.group.as_str())
        .collect();
    let mut result = SuiteResult {
        suite: contest.suite.name.clone(),
        lane: contest.suite.lane,
        summary: contest.suite.summary.clone(),
        primary: primary.clone(),
        metrics,
        questions: contest.questions(),
        groups: groups.len(),
        strategies,
        inapplicable: contest.inapplicable.clone(),
        caveats: Vec::new(),
    };
    result.caveats = caveats::of(contest, &result, setup);
    result
}

/// All but what depends on the first plugin's scores.
fn strategy_result(
    contestant: &Contestant,
    runs: &[Ran<'_>],
    metrics: &[String],
) -> StrategyResult {
    let reports: Vec<&CellReport> = runs.iter().filter_map(Ran::report).collect();
    let description = contestant.strategy.description();
    StrategyResult {
        strategy: description.name.clone(),
        version: description.version.clone(),
        digest: contestant.strategy.digest().to_owned(),
        floor: contestant.floor,
        settings: settings::as_text(&contestant.settings),
        seeds: reports.len(),
        quality: None,
        difference: None,
        metrics: metrics
            .iter()
            .filter_map(|metric| {
                let value = mean(reports.iter().filter_map(|r| aggregate(metric, r)))?;
                Some((metric.clone(), value))
            })
            .collect(),
        costs: Costs::of(&reports),
        model: model_costs(&reports),
        failures: failures(&reports),
        failed_runs: runs
            .iter()
            .filter_map(|ran| match ran.outcome {
                Outcome::Failed(reason) => Some(format!("seed {}: {reason}", ran.cell.key.seed)),
                Outcome::Finished(_) | Outcome::NotRun => None,
            })
            .collect(),
    }
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
            strategy: cell.key.strategy.clone(),
            digest: cell.key.digest.clone(),
            suite: cell.key.suite.clone(),
            seed: cell.key.seed,
            metric: metric.to_owned(),
            value,
            tasks: u32::try_from(tasks).unwrap_or(u32::MAX),
        })
        .collect()
}

#[cfg(test)]
pub(in crate::compare) mod tests;
