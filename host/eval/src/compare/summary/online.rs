//! How the strategies of a suite did in the course of their runs.

use std::collections::BTreeMap;

use memhost_suite as suite;

use super::{CurvePoint, Ran};
use crate::compare::statistics::online::{self, Asked, MOST_POINTS, Recovery, stream};
use crate::compare::statistics::{self, Score, mean};
use crate::driver::Repetition;

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

/// How many questions it takes after a change of the world until memory is worth as much as before, against the runs of
/// the agent without it: a mean over the streams in which a change is marked and there was something to lose; the first
/// change counts. `None` if none is marked.
pub(super) fn recovery(
    runs: &[Ran<'_>],
    without_memory: &[Ran<'_>],
    metric: &str,
) -> Option<Recovery> {
    let tasks = || runs.iter().filter_map(Ran::report).flat_map(|r| &r.tasks);
    let mut changes: BTreeMap<&str, u32> = BTreeMap::new();
    for task in tasks().filter(|task| task.changed) {
        let first = changes.entry(stream(&task.task)).or_insert(task.asked);
        *first = task.asked.min(*first);
    }
    let worth = online::worth(
        &asked(runs, metric),
        &asked(without_memory, metric),
        suite::lower_is_better(metric),
    );
    let each = changes.into_iter().filter_map(|(name, changed)| {
        let of_stream = worth.iter().copied();
        let of_stream = of_stream.filter(|asked| stream(asked.score.task) == name);
        online::recovery(&of_stream.collect::<Vec<_>>(), changed)
    });
    let each: Vec<Recovery> = each.collect();
    if each.contains(&Recovery::NotBack) {
        return Some(Recovery::NotBack);
    }
    let nothing_to_lose = (!each.is_empty()).then_some(Recovery::NothingToLose);
    let after = each.into_iter().filter_map(|one| match one {
        Recovery::After(questions) => Some(questions),
        Recovery::NotBack | Recovery::NothingToLose => None,
    });
    mean(after).map(Recovery::After).or(nothing_to_lose)
}

/// How much better the tasks went that were asked last than those that were asked first, among tasks that are solved as
/// often: on record, or else by the agent without memory.
pub(super) fn gain_late(runs: &[Ran<'_>], without_memory: &[Ran<'_>], metric: &str) -> Option<f64> {
    let mut bare: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for Asked { score, .. } in asked(without_memory, metric) {
        bare.entry(score.task).or_default().push(score.value);
    }
    let bare = bare.into_iter();
    let mut solved: BTreeMap<&str, f64> = bare
        .filter_map(|(task, scores)| Some((task, mean(scores)?)))
        .collect();
    let tasks = runs.iter().filter_map(Ran::report).flat_map(|r| &r.tasks);
    solved.extend(tasks.filter_map(|task| Some((task.task.as_str(), task.solved?))));
    statistics::gain_late(&asked(runs, metric), &solved)
}

fn asked<'a>(runs: &[Ran<'a>], metric: &str) -> Vec<Asked<'a>> {
    let of_run = |run: &Ran<'a>| {
        let Repetition { seed, order } = run.cell.key.repetition;
        let tasks = run.report().into_iter().flat_map(|report| &report.tasks);
        tasks
            .filter_map(|task| {
                let score = Score {
                    seed,
                    order,
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
