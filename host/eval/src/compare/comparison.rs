//! A comparison: everything that meets, and how often.

use super::contest::Contest;
use super::unfit::Unfit;

/// What is compared on what, how often.
pub struct Comparison {
    /// Distinguishes this run's namespaces and rows in the store from those of other runs.
    pub run: String,
    /// One per suite.
    pub contests: Vec<Contest>,
    /// Seeds 0 to this, exclusively.
    pub seeds: u64,
    /// Orders of each seed, 0 to this, exclusively.
    pub orders: u32,
    /// The most memories per stream; `None` is unlimited.
    pub most_memories: Option<u32>,
    /// Plugins that take no part, because they failed a check.
    pub unfit: Vec<Unfit>,
}
