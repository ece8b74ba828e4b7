//! Phrases of a page: words and classes that its parts have in common.

use super::super::number::{NOTHING, count};
use crate::compare::summary::Decision;

/// What the page calls a decision.
pub(super) fn class(decision: Decision) -> &'static str {
    match decision {
        Decision::Better => "better",
        Decision::Worse => "worse",
        Decision::Undecided => "undecided",
    }
}

/// A share of a whole: `12 of 40`.
pub(super) fn of(part: usize, whole: usize) -> String {
    match whole {
        0 => NOTHING.to_owned(),
        whole => format!("{} of {}", count(part as f64), count(whole as f64)),
    }
}
