//! Two strategies on the same tasks.

use std::collections::BTreeMap;

use super::sample::Sample;
use super::{Estimate, Score, detectable, mcnemar, permutation};

/// The mean of ours minus theirs, task by task and run by run, with its interval; `None` if they have no
/// task in common.
pub fn difference(ours: &[Score<'_>], theirs: &[Score<'_>]) -> Option<Estimate> {
    Some(Paired::new(ours, theirs)?.estimate())
}

/// The differences of two strategies, ours minus theirs, task by task and run by run.
pub struct Paired<'a> {
    differences: Sample<'a>,
    /// Whether each task was hit or missed once by either, so that it makes one pair of outcomes.
    hit_or_miss: bool,
}

/// How it is tested whether two strategies differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Test {
    /// McNemar's exact test: hits and misses of independent tasks.
    #[serde(rename = "mcnemar")]
    McNemar,
    /// Paired permutation: the signs of whole groups are flipped.
    Permutation,
}

/// Why an effect is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoEffect {
    /// No group differs.
    NothingDiffers,
    /// Every group differs by the same: no standard deviation is as small.
    Unbounded,
    /// One group shows no spread.
    OneGroup,
}

/// On how many tasks which of two strategies is better.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Ours has the larger score.
    pub larger: usize,
    /// Both have the same.
    pub equal: usize,
    /// Ours has the smaller score.
    pub smaller: usize,
}

impl<'a> Paired<'a> {
    /// Of the tasks that both have in the same run; `None` without any.
    pub fn new(ours: &[Score<'a>], theirs: &[Score<'_>]) -> Option<Paired<'a>> {
        let theirs: BTreeMap<((u64, u32), &str), f64> = theirs
            .iter()
            .map(|score| ((score.run(), score.task), score.value))
            .collect();
        let both: Vec<(Score<'a>, f64)> = ours
            .iter()
            .filter_map(|score| Some((*score, *theirs.get(&(score.run(), score.task))?)))
            .filter(|(score, theirs)| (score.value - theirs).is_finite())
            .collect();
        let whole = |value: f64| value == 0.0 || value == 1.0;
        let all_whole = both
            .iter()
            .all(|(score, theirs)| whole(score.value) && whole(*theirs));
        let differences = Sample::of(both.iter().map(|(score, theirs)| Score {
            value: score.value - theirs,
            ..*score
        }))?;
        Some(Paired {
            hit_or_miss: all_whole && differences.task_means().count() == both.len(),
            differences,
        })
    }

    /// The mean difference with its interval.
    pub fn estimate(&self) -> Estimate {
        self.differences.estimate()
    }

    /// Counts tasks, runs averaged.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for mean in self.differences.task_means() {
            *match mean {
                mean if mean > 0.0 => &mut tally.larger,
                mean if mean < 0.0 => &mut tally.smaller,
                _ => &mut tally.equal,
            } += 1;
        }
        tally
    }

    /// The mean difference in standard deviations of a task's difference: Cohen's d_z, with the standard deviation that
    /// independent tasks would have to have for the mean to be as uncertain as it is, so that it is d_z itself
    /// where each group is one task.
    ///
    /// # Errors
    /// If there is no such number.
    pub fn effect(&self) -> Result<f64, NoEffect> {
        let tasks = self.differences.task_means().count() as f64;
        let mean = self.differences.mean();
        let standard_error = self
            .differences
            .standard_error()
            .ok_or(NoEffect::OneGroup)?;
        match standard_error > 0.0 {
            true => Ok(mean / (standard_error * tasks.sqrt())),
            false if mean == 0.0 => Err(NoEffect::NothingDiffers),
            false => Err(NoEffect::Unbounded),
        }
    }

    /// The smallest difference that would have been found as one of so many comparisons, by how much the measured ones
    /// spread.
    pub fn detectable(&self, comparisons: usize) -> Option<f64> {
        let standard_error = self.differences.standard_error()?;
        let groups = self.differences.clusters().len();
        detectable::detectable(standard_error, self.differences.luck(), groups, comparisons)
    }

    /// Which test fits, and how often chance alone would give a difference this large. `None` with one group.
    ///
    /// McNemar's test takes tasks for independent, so it is only used where each group is one task, with one seed:
    /// means over several are graded. Elsewhere whole groups are permuted, which is the same test for tasks that come
    /// in groups.
    pub fn test(&self) -> (Test, Option<f64>) {
        let tally = self.tally();
        let clusters = self.differences.clusters();
        let independent = clusters.len() == tally.larger + tally.equal + tally.smaller;
        if self.hit_or_miss && independent {
            let p = || mcnemar::p(tally.larger as u64, tally.smaller as u64);
            return (Test::McNemar, (clusters.len() > 1).then(p));
        }
        let tasks: f64 = clusters.iter().map(|cluster| cluster.tasks).sum();
        let parts = clusters.iter().map(|cluster| cluster.sum / tasks);
        let p = || permutation::p(parts, self.differences.luck());
        (Test::Permutation, (clusters.len() > 1).then(p))
    }
}
