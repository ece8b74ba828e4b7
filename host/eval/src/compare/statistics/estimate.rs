//! Scores and estimates: what goes into statistics, and what comes out.

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
    /// The task's id, unique within the suite.
    pub task: &'a str,
    /// Which group the task is of.
    pub group: &'a str,
    /// How well it went. What is not a finite number is no score, and is left out.
    pub value: f64,
}

impl Score<'_> {
    /// Which run it is of.
    pub(super) fn run(&self) -> (u64, u32) {
        (self.seed, self.order)
    }
}
