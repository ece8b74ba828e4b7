//! Success of an attempt: as a grade, and as a yes or no. Readers, metrics and importers mean the same by it.

use memhost_contract::{Attempt, Verdict};

/// A graded success from which a task counts as solved.
const SOLVED: f64 = 0.75;

/// Graded success of an attempt in 0..=1, where it is known.
pub fn success(attempt: &Attempt) -> Option<f64> {
    attempt.outcome.score.or(match attempt.outcome.verdict {
        Verdict::Success => Some(1.0),
        Verdict::Failure => Some(0.0),
        Verdict::Unknown => None,
    })
}

/// Whether a graded success counts as one.
pub(super) fn succeeded(success: f64) -> bool {
    success >= SOLVED
}
