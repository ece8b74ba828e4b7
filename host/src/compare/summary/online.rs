//! How the strategies of a suite did in the course of their runs.

use std::collections::BTreeSet;

use super::{CurvePoint, Ran};
use crate::compare::statistics::online::{self, Asked, MOST_POINTS};
use crate::compare::statistics::{Score, mean};
use crate::suite::{self, Suite};

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

/// How many questions it takes after a change of the world until the score is back, as a mean over the changes that the
/// suite marks; `None` if it marks none, or a strategy is not back after one of them.
pub(super) fn recovery(suite: &Suite, runs: &[Ran<'_>], metric: &str) -> Option<f64> {
    let scores = asked(runs, metric);
    let less_is_better = suite::lower_is_better(metric);
    let mut each = Vec::new();
    for (stream, stages) in suite.streams.iter().map(|s| (&s.name, &s.stages)) {
        let prefix = format!("{stream}/");
        let of_stream = scores.iter().copied();
        let of_stream: Vec<Asked<'_>> = of_stream
            .filter(|asked| asked.score.task.starts_with(&prefix))
            .collect();
        for stage in stages.iter().filter(|stage| stage.changed) {
            let tasks: BTreeSet<&str> = stage.episodes.iter().map(|e| e.task.id.as_str()).collect();
            let places = of_stream.iter().filter(|asked| {
                let task = asked.score.task.strip_prefix(&prefix);
                task.is_some_and(|task| tasks.contains(task))
            });
            let changed = places.map(|asked| asked.place).min()?;
            each.push(online::recovery(&of_stream, changed, less_is_better)?);
        }
    }
    mean(each)
}

fn asked<'a>(runs: &[Ran<'a>], metric: &str) -> Vec<Asked<'a>> {
    let of_run = |run: &Ran<'a>| {
        let seed = run.cell.key.seed;
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
