//! Lane Routing.

use super::super::{Lane, Suite};

/// One sentence.
pub const SUMMARY: &str = "to be written";

/// The suite of this seed.
pub fn suite(seed: u64) -> Suite {
    let _ = seed;
    Suite {
        name: "routing".into(),
        lane: Lane::Routing,
        summary: SUMMARY.into(),
        streams: Vec::new(),
        budgets: vec![4096],
        primary: String::new(),
    }
}
