//! Told: which outcomes a strategy hears of at all, besides what its plan lets it hear (Evo-Memory, arXiv 2511.20857).

use memhost::contract::{Attempt, Verdict};

/// Which runs `distill` and `update` are told of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Told {
    /// All of them.
    #[default]
    All,
    /// Not of failures. What was handed out for these is kept, and credits nothing.
    Successes,
}

impl Told {
    /// Whether it is what a comparison has unless told otherwise.
    pub fn is_usual(&self) -> bool {
        *self == Told::default()
    }

    /// Whether a run is told of.
    pub(super) fn tells(self, attempt: &Attempt) -> bool {
        match self {
            Told::All => true,
            Told::Successes => attempt.outcome.verdict != Verdict::Failure,
        }
    }
}
