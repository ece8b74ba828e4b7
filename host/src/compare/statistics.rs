//! How large a score is, and how sure that is.
//!
//! **What is resampled.** An interval answers: had the tasks been other tasks of the same kind, how far off
//! might the mean be? So tasks are what is resampled, and because tasks of one group (a scenario, a template, a
//! user) are not independent, whole groups are drawn with replacement: the cluster bootstrap of Davison and
//! Hinkley, *Bootstrap Methods and their Application* (1997), §3.8, with the percentile interval of §5.3.
//!
//! **Seeds** are averaged within each task before anything else. A seed shuffles the same tasks again; it is
//! no new evidence about tasks, and counting it as such would shrink an interval by √seeds for nothing. When
//! every task ran with every seed, this is the same as resampling the seeds of a task together with it.
//!
//! **Differences are paired**: task by task and seed by seed, before the bootstrap, so that what makes a task
//! hard for every strategy cancels out.
//!
//! The random numbers have a fixed seed: the same scores give the same interval to the last bit, in whatever
//! order they arrive.

pub mod online;

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

/// How often groups are drawn anew. The Monte Carlo error of a 2.5 % quantile at 2,000 draws is about a
/// twentieth of the interval's width.
pub const RESAMPLES: usize = 2_000;

/// Percentiles that bound the interval: 95 % lie between them.
const BOUNDS: (f64, f64) = (2.5, 97.5);

/// With fewer groups than this, percentile intervals are too narrow (Cameron, Gelbach and Miller, *Bootstrap-based
/// improvements for inference with clustered errors*, 2008), and reports say so.
pub const FEW_GROUPS: usize = 10;

/// A mean with its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Estimate {
    /// Mean over tasks, each counted once.
    pub mean: f64,
    /// 95 % of resampled means lie within. `None` with one group only, from which nothing can be said about
    /// others. Without width if all scores are equal.
    pub interval: Option<Interval>,
    /// How many tasks.
    pub tasks: usize,
    /// How many groups of tasks.
    pub groups: usize,
}

/// From `low` to `high`.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Interval {
    /// The 2.5th percentile.
    pub low: f64,
    /// The 97.5th percentile.
    pub high: f64,
}

/// One score of one task.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score<'a> {
    /// Under which seed.
    pub seed: u64,
    /// Which task.
    pub task: &'a str,
    /// Which group the task is of.
    pub group: &'a str,
    /// How well it went. What is not a finite number is no score, and is left out.
    pub value: f64,
}

/// The mean over tasks with its interval; `None` without scores.
pub fn estimate<'a>(scores: impl IntoIterator<Item = Score<'a>>) -> Option<Estimate> {
    let tasks = average_seeds(scores);
    let first = tasks.first()?.mean;
    let clusters = clusters(&tasks);
    let all_equal = tasks.iter().all(|task| task.mean == first);
    let interval = match (clusters.len(), all_equal) {
        (1, _) => None,
        (_, true) => Some(Interval {
            low: first,
            high: first,
        }),
        _ => bootstrap(&clusters),
    };
    Some(Estimate {
        mean: if all_equal {
            first
        } else {
            pooled_mean(&clusters)
        },
        interval,
        tasks: tasks.len(),
        groups: clusters.len(),
    })
}

/// The mean of ours minus theirs, task by task and seed by seed, with its interval; `None` if they have no
/// task in common.
pub fn difference(ours: &[Score<'_>], theirs: &[Score<'_>]) -> Option<Estimate> {
    let theirs: BTreeMap<(u64, &str), f64> = theirs
        .iter()
        .map(|score| ((score.seed, score.task), score.value))
        .collect();
    estimate(ours.iter().filter_map(|score| {
        let value = score.value - theirs.get(&(score.seed, score.task))?;
        Some(Score { value, ..*score })
    }))
}

/// A task's score, averaged over seeds.
struct TaskMean<'a> {
    group: &'a str,
    mean: f64,
}

/// One per task, in the order of their names.
fn average_seeds<'a>(scores: impl IntoIterator<Item = Score<'a>>) -> Vec<TaskMean<'a>> {
    let mut tasks: BTreeMap<&str, (&str, BTreeMap<u64, f64>)> = BTreeMap::new();
    for score in scores {
        if score.value.is_finite() {
            let (_, seeds) = tasks
                .entry(score.task)
                .or_insert_with(|| (score.group, BTreeMap::new()));
            seeds.insert(score.seed, score.value);
        }
    }
    tasks
        .into_values()
        .filter_map(|(group, seeds)| {
            let mean = mean(seeds.into_values())?;
            Some(TaskMean { group, mean })
        })
        .collect()
}

/// One per group, in the order of their names.
fn clusters(tasks: &[TaskMean<'_>]) -> Vec<Cluster> {
    let mut clusters: BTreeMap<&str, Cluster> = BTreeMap::new();
    for task in tasks {
        let cluster = clusters.entry(task.group).or_default();
        cluster.sum += task.mean;
        cluster.tasks += 1.0;
    }
    clusters.into_values().collect()
}

/// What a resample needs to know of a group.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Cluster {
    sum: f64,
    tasks: f64,
}

/// The mean over all tasks of these groups.
fn pooled_mean<'c>(clusters: impl IntoIterator<Item = &'c Cluster>) -> f64 {
    let (sum, tasks) = clusters
        .into_iter()
        .fold((0.0, 0.0), |(sum, tasks), cluster| {
            (sum + cluster.sum, tasks + cluster.tasks)
        });
    sum / tasks
}

/// Draws as many groups as there are, with replacement, and again.
fn bootstrap(clusters: &[Cluster]) -> Option<Interval> {
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| pooled_mean(clusters.iter().filter_map(|_| clusters.choose(&mut random))))
        .collect();
    means.sort_unstable_by(f64::total_cmp);
    Some(Interval {
        low: percentile(&means, BOUNDS.0)?,
        high: percentile(&means, BOUNDS.1)?,
    })
}

/// The value below which `percent` of the sorted values lie, interpolated between neighbours (numpy's default,
/// type 7 of Hyndman and Fan); `None` without values.
pub fn percentile(sorted: &[f64], percent: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = last as f64 * percent.clamp(0.0, 100.0) / 100.0;
    let below = *sorted.get(place.floor() as usize)?;
    let above = *sorted.get(place.ceil() as usize)?;
    Some(below + (above - below) * place.fract())
}

/// The smallest measured value that at least `percent` of the values do not exceed: always one that was
/// measured, never an interpolation. `None` without values.
pub fn nearest_rank(values: &[u64], percent: f64) -> Option<u64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() as f64 * percent.clamp(0.0, 100.0) / 100.0).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}

/// The arithmetic mean; `None` of nothing.
pub fn mean(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values
        .into_iter()
        .fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    (count > 0.0).then(|| sum / count)
}

#[cfg(test)]
mod tests;
