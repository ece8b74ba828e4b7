//! Scores, made ready for inference: runs averaged within each task, tasks summed within each group.

use std::collections::BTreeMap;

use super::bootstrap;
use super::cluster::{Cluster, pooled_mean};
use super::estimate::{Estimate, Interval, Score};
use super::luck::Luck;
use super::quantiles::mean;

/// The mean over tasks with its interval; `None` without scores.
pub fn estimate<'a>(scores: impl IntoIterator<Item = Score<'a>>) -> Option<Estimate> {
    Some(Sample::of(scores)?.estimate())
}

/// Scores of at least one task.
pub(super) struct Sample<'a> {
    tasks: Vec<TaskMean<'a>>,
    clusters: Vec<Cluster>,
    mean: f64,
    luck: Luck,
    /// The smallest and the largest score.
    range: (f64, f64),
}

/// A task's score, averaged over runs.
struct TaskMean<'a> {
    group: &'a str,
    mean: f64,
}

impl<'a> Sample<'a> {
    /// What is not a finite number is left out; `None` if nothing is left.
    pub(super) fn of(scores: impl IntoIterator<Item = Score<'a>>) -> Option<Sample<'a>> {
        let scores: Vec<Score<'a>> = scores
            .into_iter()
            .filter(|score| score.value.is_finite())
            .collect();
        let tasks = average_runs(&scores);
        let first = tasks.first()?.mean;
        let clusters = clusters(&tasks);
        let all_equal = tasks.iter().all(|task| task.mean == first);
        let mean = if all_equal {
            first
        } else {
            pooled_mean(&clusters)
        };
        Some(Sample {
            luck: Luck::of(&sorted(&scores)),
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

    pub(super) fn luck(&self) -> &Luck {
        &self.luck
    }

    /// The standard error of the mean, clustered by group: of the ratio of sums, with the correction n / (n-1)
    /// (Davison and Hinkley §3.8; Stata's and statsmodels' clustered errors of a constant). `None` with one group.
    pub(super) fn standard_error(&self) -> Option<f64> {
        let groups = self.clusters.len() as f64;
        if groups < 2.0 {
            return None;
        }
        // A rounding error is no error of the mean.
        let least = 1e-12 * self.mean.abs();
        let residuals = self.clusters.iter().map(|cluster| {
            let residual = cluster.sum - cluster.tasks * self.mean;
            match residual.abs() > least * cluster.tasks {
                true => residual,
                false => 0.0,
            }
        });
        let squares: f64 = residuals.map(|residual| residual.powi(2)).sum();
        Some((squares * groups / (groups - 1.0)).sqrt() / self.tasks.len() as f64)
    }

    pub(super) fn estimate(&self) -> Estimate {
        let (least, most) = self.range;
        let within = |interval: Interval| Interval {
            low: interval.low.clamp(least, most),
            high: interval.high.clamp(least, most),
        };
        let interval = match self.is_constant() && self.luck.is_none() {
            true if self.clusters.len() > 1 => Some(Interval {
                low: self.mean,
                high: self.mean,
            }),
            _ => bootstrap::interval(&self.clusters, &self.luck).map(within),
        };
        Estimate {
            mean: self.mean,
            interval,
            tasks: self.tasks.len(),
            groups: self.clusters.len(),
        }
    }

    /// Whether all tasks have the same score.
    fn is_constant(&self) -> bool {
        self.tasks.iter().all(|task| task.mean == self.mean)
    }
}

/// One per task, in the order of their names.
fn average_runs<'a>(scores: &[Score<'a>]) -> Vec<TaskMean<'a>> {
    let mut tasks: BTreeMap<&str, (&str, BTreeMap<_, f64>)> = BTreeMap::new();
    for score in scores {
        let (_, runs) = tasks
            .entry(score.task)
            .or_insert_with(|| (score.group, BTreeMap::new()));
        runs.insert(score.run(), score.value);
    }
    tasks
        .into_values()
        .filter_map(|(group, runs)| {
            let mean = mean(runs.into_values())?;
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

/// In an order of their own, so that sums do not depend on how scores arrive.
fn sorted<'s, 'a>(scores: &'s [Score<'a>]) -> Vec<&'s Score<'a>> {
    let mut sorted: Vec<&Score<'_>> = scores.iter().collect();
    sorted.sort_unstable_by_key(|score| (score.task, score.seed, score.order));
    sorted
}
