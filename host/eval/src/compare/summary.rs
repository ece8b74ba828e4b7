//! The summary of a comparison: how the cells that were run become its result.
//!
//! What a result holds is defined below this, where caveats and reports read it too.

mod contest;
mod online;

use std::collections::{BTreeMap, BTreeSet};

use super::caveats;
pub use super::result::{
    Added, Clash, Costs, CurvePoint, Decision, Detectable, FORMAT, Failures, Frontier, Harm,
    LATENCY_PERCENTILES, Pair, Report, Setup, StrategyResult, SuiteResult, Unfinished,
};
use super::result::{added, in_millis};
pub use super::statistics::online::Recovery;
use super::statistics::{self, Estimate, Score, mean, percentile};
pub use super::statistics::{NoEffect, Test};
use memhost_suite as suite;
use memhost_suite::Scores;

use super::{CellOutcome, Design, Finish, ListedCell, ListedStrategy, ListedSuite, NO_MEMORY};
use crate::driver::{Broken, CellReport, ModelCost, Repetition, TaskOrder};

use contest::Entrant;

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
            unseen: design.unseen.clone(),
            suites: suites.collect(),
        }
    }
}

/// A cell and what became of it.
#[derive(Clone, Copy)]
struct Ran<'a> {
    cell: &'a ListedCell,
    outcome: &'a CellOutcome,
}

impl<'a> Ran<'a> {
    fn report(&self) -> Option<&'a CellReport> {
        match self.outcome {
            CellOutcome::Finished(report) => Some(report),
            CellOutcome::Broken(_) | CellOutcome::Failed(_) | CellOutcome::NotRun => None,
        }
    }

    /// What it did, whether or not that is a result.
    fn ran(&self) -> Option<&'a CellReport> {
        match self.outcome {
            CellOutcome::Finished(report) | CellOutcome::Broken(report) => Some(report),
            CellOutcome::Failed(_) | CellOutcome::NotRun => None,
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
    let tasks = design.conditions.order;
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
                order_effect: order_effect(&scores, tasks),
                gain_late: tasks
                    .is_by_difficulty()
                    .then(|| online::gain_late(&runs, &without_memory, primary))
                    .flatten(),
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
    let unfinished = unfinished(ran);
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
        added: Vec::new(),
        inapplicable: suite.inapplicable.clone(),
        caveats: Vec::new(),
    };
    result.added = added(suite, &result);
    result.caveats = caveats::of(suite, &result, design);
    result
}

/// Scores of easy tasks first less those of hard tasks first, paired by task; `None` where not both orders were run.
fn order_effect(scores: &[Score<'_>], tasks: TaskOrder) -> Option<Estimate> {
    let in_order = |wanted: TaskOrder| -> Vec<Score<'_>> {
        let runs = scores.iter().filter_map(|score| {
            let (order, number) = tasks.of_run(score.order);
            let score = Score {
                order: number,
                ..*score
            };
            (order == wanted).then_some(score)
        });
        runs.collect()
    };
    let (easy, hard) = (TaskOrder::EasyFirst, TaskOrder::HardFirst);
    statistics::difference(&in_order(easy), &in_order(hard))
}

/// How far a suite is; `None` if every cell of it has been run.
fn unfinished(ran: &[Ran<'_>]) -> Option<Unfinished> {
    let run = ran.iter().filter(|ran| *ran.outcome != CellOutcome::NotRun);
    let (run, cells) = (run.count(), ran.len());
    (run < cells).then_some(Unfinished { run, cells })
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
        order_effect: None,
        gain_late: None,
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
                CellOutcome::Failed(reason) => {
                    Some(format!("seed {}: {reason}", ran.cell.key.repetition.name()))
                }
                CellOutcome::Finished(_) | CellOutcome::Broken(_) | CellOutcome::NotRun => None,
            })
            .collect(),
    }
}

/// Where too much failed in one of these runs, counted over all of them; `None` if all are sound.
fn broken(runs: &[Ran<'_>]) -> Option<Broken> {
    let broken = runs.iter().filter_map(|run| match run.outcome {
        CellOutcome::Broken(report) => report.broken(),
        CellOutcome::Finished(_) | CellOutcome::Failed(_) | CellOutcome::NotRun => None,
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

#[cfg(test)]
pub(in crate::compare) mod tests;
