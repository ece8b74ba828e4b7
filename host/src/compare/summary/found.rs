//! What a comparison says beyond a mean and its interval: of a suite, of two strategies, of one.

use crate::compare::statistics::{Estimate, Test};

/// The smallest difference that a comparison of this size finds in four of five cases: power .8 at a two-sided level
/// of .05.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Detectable {
    /// From counts alone, before anything is measured, and thus cautious. `None` if there are too few groups to say.
    pub before: Option<f64>,
    /// From the spread of the differences that were measured, the widest of those to the first plugin. `None` if no
    /// two strategies share two groups.
    pub after: Option<f64>,
}

/// Two strategies, task by task. What is said of a difference is said of ours minus theirs; wins and losses go by
/// what is better.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Pair {
    /// Whose scores are taken; as [`label`](crate::compare::label) calls it.
    pub ours: String,
    /// Whose scores they are compared with; as [`label`](crate::compare::label) calls it.
    pub theirs: String,
    /// Ours minus theirs.
    pub difference: Estimate,
    /// Tasks on which ours is better, seeds averaged.
    pub wins: usize,
    /// Tasks on which both are equal.
    pub ties: usize,
    /// Tasks on which ours is worse.
    pub losses: usize,
    /// The difference in standard deviations of the differences; `None` if they do not vary.
    pub effect: Option<f64>,
    /// What `p` is of.
    pub test: Test,
    /// How often chance alone would give a difference this large; `None` where nothing can be said.
    pub p: Option<f64>,
    /// The same after Holm's correction: over the comparisons with the first plugin for those, which were planned,
    /// and over all pairs of the suite for the others, which were not.
    pub p_holm: Option<f64>,
}

/// What a strategy did to the same agent that remembers nothing.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Harm {
    /// Tasks that were solved without memory.
    pub solved_without: usize,
    /// Of these, the tasks that were not solved with it: their ids.
    pub lost: Vec<String>,
    /// Tasks that were solved with memory only.
    pub gained: usize,
    /// The score with memory minus that without.
    pub transfer: Estimate,
}

/// A point of a strategy's course over a run.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct CurvePoint {
    /// How many questions had been asked.
    pub asked: usize,
    /// Their mean score.
    pub mean: f64,
    /// Lower end of the mean's interval.
    pub low: Option<f64>,
    /// Upper end of the mean's interval.
    pub high: Option<f64>,
    /// What was lost against no memory so far, in sum; negative where memory is better.
    pub regret: Option<f64>,
    /// Active memories.
    pub memories: Option<f64>,
}

/// Whether a strategy is on the frontier: no other one is at least as good for at most the same, and better in one
/// of the two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Frontier {
    /// Of quality over tokens handed over.
    pub handed_over: bool,
    /// Of quality over tokens of models, read and written, that writing memories took.
    pub written: bool,
}
