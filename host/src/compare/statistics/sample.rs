//! Scores, made ready for inference: seeds averaged within each task, tasks summed within each group.

use std::collections::BTreeMap;

use super::quantiles::mean;
use super::{Estimate, Interval, Score, bootstrap};

/// Scores of at least one task.
pub(super) struct Sample<'a> {
    tasks: Vec<TaskMean<'a>>,
    clusters: Vec<Cluster>,
    mean: f64,
    luck: f64,
    /// The smallest and the largest score.
    range: (f64, f64),
}

/// A task's score, averaged over seeds.
struct TaskMean<'a> {
    group: &'a str,
    mean: f64,
}

/// What inference needs to know of a group.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Cluster {
    pub(super) sum: f64,
    pub(super) tasks: f64,
}

impl<'a> Sample<'a> {
    /// What is not a finite number is left out; `None` if nothing is left.
    pub(super) fn of(scores: impl IntoIterator<Item = Score<'a>>) -> Option<Sample<'a>> {
        let scores: Vec<Score<'a>> = scores
            .into_iter()
            .filter(|score| score.value.is_finite())
            .collect();
        let tasks = average_seeds(&scores);
        let first = tasks.first()?.mean;
        let clusters = clusters(&tasks);
        let all_equal = tasks.iter().all(|task| task.mean == first);
        let mean = if all_equal {
            first
        } else {
            pooled_mean(&clusters)
        };
        Some(Sample {
            luck: luck(&scores),
            range: scores.iter().fold(
                (f64::INFINITY, f64::NEG_INFINITY),
                |(least, most), score| (least.min(score.value), most.max(score.value)),
            ),
            tasks,
            clusters,
            mean,
        })
    }

    pub(super) fn mean(&self) -> f64 {
        self.mean
    }

    /// One per task, in the order of their names.
    pub(super) fn task_means(&self) -> impl Iterator<Item = f64> {
        self.tasks.iter().map(|task| task.mean)
    }

    /// One per group, in the order of their names.
    pub(super) fn clusters(&self) -> &[Cluster] {
        &self.clusters
    }

    /// By how much runs under different seeds widen the spread of the mean, as a factor of its standard error: 1 if no
    /// more than their tasks do, or with one seed, which does not tell.
    ///
    /// What a strategy draws early in a run can change all that it learns later, and with it every group at once: then
    /// groups are not independent, and the same strategy differs from itself by more than groups explain. Variances
    /// by group and by seed are added, and that by both subtracted (Cameron, Gelbach and Miller, *Robust inference
    /// with multiway clustering*, 2011).
    pub(super) fn luck(&self) -> f64 {
        self.luck
    }

    /// The standard error of the mean, clustered by group: of the ratio of sums, with the correction n / (n-1)
    /// (Davison and Hinkley §3.8; Stata's and statsmodels' clustered errors of a constant). `None` with one group.
    pub(super) fn standard_error(&self) -> Option<f64> {
        let groups = self.clusters.len() as f64;
        if groups < 2.0 {
            return None;
        }
        let squares: f64 = self
            .clusters
            .iter()
            .map(|cluster| (cluster.sum - cluster.tasks * self.mean).powi(2))
            .sum();
        Some((squares * groups / (groups - 1.0)).sqrt() / self.tasks.len() as f64)
    }

    pub(super) fn estimate(&self) -> Estimate {
        let interval = match self.tasks.iter().all(|task| task.mean == self.mean) {
            true if self.clusters.len() > 1 => Some(Interval {
                low: self.mean,
                high: self.mean,
            }),
            _ => bootstrap::interval(&self.clusters),
        };
        let (least, most) = self.range;
        let widened = |bound: f64| {
            let bound = self.mean + (bound - self.mean) * self.luck;
            bound.max(least).min(most)
        };
        Estimate {
            mean: self.mean,
            interval: interval.map(|interval| match self.luck > 1.0 {
                true => Interval {
                    low: widened(interval.low),
                    high: widened(interval.high),
                },
                false => interval,
            }),
            tasks: self.tasks.len(),
            groups: self.clusters.len(),
        }
    }
}

/// One per task, in the order of their names.
fn average_seeds<'a>(scores: &[Score<'a>]) -> Vec<TaskMean<'a>> {
    let mut tasks: BTreeMap<&str, (&str, BTreeMap<u64, f64>)> = BTreeMap::new();
    for score in scores {
        let (_, seeds) = tasks
            .entry(score.task)
            .or_insert_with(|| (score.group, BTreeMap::new()));
        seeds.insert(score.seed, score.value);
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

/// The mean over all tasks of these groups.
pub(super) fn pooled_mean<'c>(clusters: impl IntoIterator<Item = &'c Cluster>) -> f64 {
    let (sum, tasks) = clusters
        .into_iter()
        .fold((0.0, 0.0), |(sum, tasks), cluster| {
            (sum + cluster.sum, tasks + cluster.tasks)
        });
    sum / tasks
}

/// See [`Sample::luck`].
fn luck(scores: &[Score<'_>]) -> f64 {
    let Some(mean) = mean(sorted(scores).into_iter().map(|score| score.value)) else {
        return 1.0;
    };
    let mut by_both: BTreeMap<(&str, u64), f64> = BTreeMap::new();
    for score in sorted(scores) {
        *by_both.entry((score.group, score.seed)).or_default() += score.value - mean;
    }
    let mut by_group: BTreeMap<&str, f64> = BTreeMap::new();
    let mut by_seed: BTreeMap<u64, f64> = BTreeMap::new();
    for ((group, seed), sum) in &by_both {
        *by_group.entry(group).or_default() += sum;
        *by_seed.entry(*seed).or_default() += sum;
    }
    let variance = |sums: &mut dyn Iterator<Item = &f64>, count: usize| {
        let squares: f64 = sums.map(|sum| sum * sum).sum();
        match count {
            0 | 1 => 0.0,
            count => squares * count as f64 / (count - 1) as f64,
        }
    };
    let groups = variance(&mut by_group.values(), by_group.len());
    let seeds = variance(&mut by_seed.values(), by_seed.len());
    let both: f64 = by_both.values().map(|sum| sum * sum).sum();
    let excess = seeds - both;
    // A rounding error is no excess.
    if by_seed.len() < 2 || groups <= 0.0 || excess <= 1e-9 * groups {
        return 1.0;
    }
    (1.0 + excess / groups).sqrt()
}

/// In an order of their own, so that sums do not depend on how scores arrive.
fn sorted<'s, 'a>(scores: &'s [Score<'a>]) -> Vec<&'s Score<'a>> {
    let mut sorted: Vec<&Score<'_>> = scores.iter().collect();
    sorted.sort_unstable_by_key(|score| (score.task, score.seed));
    sorted
}
