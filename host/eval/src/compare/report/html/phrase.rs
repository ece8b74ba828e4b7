//! Phrases of a page: words and classes that its parts have in common.

use super::super::number::{NOTHING, count};
use crate::compare::summary::Verdict;

/// What the page calls a verdict.
pub(super) fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "better",
        Verdict::Worse => "worse",
        Verdict::Undecided => "undecided",
    }
}

/// A share of a whole: `12 of 40`.
pub(super) fn of(part: usize, whole: usize) -> String {
    match whole {
        0 => NOTHING.to_owned(),
        whole => format!("{} of {}", count(part as f64), count(whole as f64)),
    }
}
