//! Lane Forecast.

use super::super::{Lane, Suite};

/// One sentence.
pub const SUMMARY: &str = "to be written";

/// The suite of this seed.
pub fn suite(seed: u64) -> Suite {
    let _ = seed;
    Suite {
        name: "forecast".into(),
        lane: Lane::Forecast,
        summary: SUMMARY.into(),
        streams: Vec::new(),
        budgets: vec![4096],
        primary: String::new(),
    }
}
