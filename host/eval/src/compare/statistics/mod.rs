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
mod cluster;
mod detectable;
mod distribution;
mod estimate;
mod holm;
mod late;
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
pub use estimate::{Estimate, FEW_GROUPS, FEW_SEEDS, Interval, LEVEL, Score};
pub use holm::holm;
pub use late::gain_late;
pub use paired::{NoEffect, Paired, Tally, Test, difference};
pub use quantiles::{mean, nearest_rank, percentile};
pub use sample::estimate;
pub use standing::{frontier, places};

#[cfg(test)]
mod tests;
