//! How the strategies of a suite did in the course of their runs.

use std::collections::BTreeMap;

use super::{CurvePoint, Ran};
use crate::compare::statistics::online::{self, Asked, MOST_POINTS};
use crate::compare::statistics::{Score, mean};
use crate::suite;

/// The curve of one strategy's runs. Regret is against the runs of the agent without memory, if there are any.
pub(super) fn curve(runs: &[Ran<'_>], without_memory: &[Ran<'_>], metric: &str) -> Vec<CurvePoint> {
    let ours = asked(runs, metric);
    let reference = asked(without_memory, metric);
    let less_is_better = suite::lower_is_better(metric);
    let points = online::points(&ours, MOST_POINTS).into_iter();
    points
        .filter_map(|questions| {
            let score = online::so_far(&ours, questions)?;
            let memories = runs.iter().filter_map(|run| {
                let standing = online::standing_at(&run.report()?.growth, questions)?;
                Some(standing as f64)
            });
            Some(CurvePoint {
                asked: questions as usize,
                mean: score.mean,
                low: score.interval.map(|interval| interval.low),
                high: score.interval.map(|interval| interval.high),
                regret: online::regret(&ours, &reference, less_is_better, questions),
                memories: mean(memories),
            })
        })
        .collect()
}

/// How many questions it takes after a change of the world until the score is back, as a mean over the streams in which
/// one is marked; the first counts. `None` if none is, or a strategy is not back after one of them.
pub(super) fn recovery(runs: &[Ran<'_>], metric: &str) -> Option<f64> {
    let less_is_better = suite::lower_is_better(metric);
    let tasks = || runs.iter().filter_map(Ran::report).flat_map(|r| &r.tasks);
    let mut changes: BTreeMap<&str, u32> = BTreeMap::new();
    for task in tasks().filter(|task| task.changed) {
        let first = changes.entry(stream(&task.task)).or_insert(task.asked);
        *first = task.asked.min(*first);
    }
    let scores = asked(runs, metric);
    let each = changes.into_iter().map(|(name, changed)| {
        let of_stream = scores.iter().copied();
        let of_stream = of_stream.filter(|asked| stream(asked.score.task) == name);
        online::recovery(&of_stream.collect::<Vec<_>>(), changed, less_is_better)
    });
    mean(each.collect::<Option<Vec<f64>>>()?)
}

/// The stream of a task in a report.
fn stream(task: &str) -> &str {
    task.split_once('/').map_or(task, |(stream, _)| stream)
}

fn asked<'a>(runs: &[Ran<'a>], metric: &str) -> Vec<Asked<'a>> {
    let of_run = |run: &Ran<'a>| {
        let seed = run.cell.key.repetition.number();
        let tasks = run.report().into_iter().flat_map(|report| &report.tasks);
        tasks
            .filter_map(|task| {
                let score = Score {
                    seed,
                    task: &task.task,
                    group: &task.group,
                    value: *task.scores.get(metric)?,
                };
                Some(Asked {
                    place: task.asked,
                    score,
                })
            })
            .collect::<Vec<_>>()
    };
    runs.iter().flat_map(of_run).collect()
}
