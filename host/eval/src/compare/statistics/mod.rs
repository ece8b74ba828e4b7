//! How large a score is, and how sure that is.
//!
//! **What is resampled.** An interval answers: had the tasks been other tasks of the same kind, how far off
//! might the mean be? So tasks are what is resampled, and because tasks of one group (a scenario, a template, a
//! user) are not independent, whole groups are drawn with replacement: the cluster bootstrap of Davison and
//! Hinkley, *Bootstrap Methods and their Application* (1997), §3.8, with Hesterberg's expanded percentiles.
//!
//! **Seeds and orders** are averaged within each task before anything else. A run shuffles the same tasks again; it is
//! no new evidence about tasks, and counting it as such would shrink an interval by √runs for nothing. When
//! every task was in every run, this is the same as resampling the runs of a task together with it.
//!
//! **Differences are paired**: task by task and run by run, before the bootstrap, so that what makes a task
//! hard for every strategy cancels out.
//!
//! **Tests** are of the same unit: hits and misses of independent tasks by McNemar's exact test, everything else by a
//! permutation of whole groups, both corrected by Holm for how many there are.
//!
//! **Luck.** Where what a strategy learns hangs on what it tried, the luck of a run touches all its tasks. Several
//! seeds show by how much runs differ beyond their tasks; intervals and tests then allow for it, and for how little so
//! few seeds say of it: with two or three, only large differences are found. One seed does not show luck at all, and
//! nothing allows for it. Orders of one seed are no seeds: they share its luck.
//!
//! The random numbers have a fixed seed: the same scores give the same interval to the last bit, in whatever
//! order they arrive.

mod bootstrap;
mod detectable;
mod distribution;
mod holm;
mod luck;
mod mcnemar;
pub mod online;
mod paired;
mod permutation;
mod quantiles;
mod sample;
mod standing;

pub use bootstrap::RESAMPLES;
pub use detectable::{detectable_before, smallest_p};
pub use distribution::binomial_interval;
pub use holm::holm;
pub use paired::{NoEffect, Paired, Tally, Test};
pub use quantiles::{mean, nearest_rank, percentile};
pub use standing::{frontier, places};

use sample::Sample;

/// With fewer groups than this, intervals may still be too narrow (Cameron, Gelbach and Miller, *Bootstrap-based
/// improvements for inference with clustered errors*, 2008), and reports say so.
pub const FEW_GROUPS: usize = 10;

/// With fewer seeds than this, and more than one, luck is hardly known, and tests are careful accordingly.
pub const FEW_SEEDS: usize = 5;

/// Differences that chance alone gives less often than this are told apart from none.
pub const LEVEL: f64 = 0.05;

/// A mean with its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Estimate {
    /// Mean over tasks, each counted once.
    pub mean: f64,
    /// With 95 % confidence, the mean over all tasks of this kind lies within. `None` with one group only, from which
    /// nothing can be said about others. Without width if all scores are equal.
    pub interval: Option<Interval>,
    /// How many tasks.
    pub tasks: usize,
    /// How many groups of tasks.
    pub groups: usize,
}

/// From `low` to `high`.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// One score of one task.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score<'a> {
    /// Under which seed.
    pub seed: u64,
    /// In which order of that seed.
    pub order: u32,
    /// Which task.
    pub task: &'a str,
    /// Which group the task is of.
    pub group: &'a str,
    /// How well it went. What is not a finite number is no score, and is left out.
    pub value: f64,
}

impl Score<'_> {
    /// Which run it is of.
    fn run(&self) -> (u64, u32) {
        (self.seed, self.order)
    }
}

/// The mean over tasks with its interval; `None` without scores.
pub fn estimate<'a>(scores: impl IntoIterator<Item = Score<'a>>) -> Option<Estimate> {
    Some(Sample::of(scores)?.estimate())
}

/// The mean of ours minus theirs, task by task and run by run, with its interval; `None` if they have no
/// task in common.
pub fn difference(ours: &[Score<'_>], theirs: &[Score<'_>]) -> Option<Estimate> {
    Some(Paired::new(ours, theirs)?.estimate())
}

#[cfg(test)]
mod tests;
