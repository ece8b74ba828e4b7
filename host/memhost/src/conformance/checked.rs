//! What came of each check, and what the calls that it made cost.

use serde::{Deserialize, Serialize};

use super::check::Check;

/// What became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckOutcome {
    /// What must come came.
    Passed,
    /// It did not.
    Failed,
    /// There is nothing to be checked.
    DoesNotApply,
}

/// One check, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checked {
    /// The promise that was put to the test.
    pub check: Check,
    /// What became of it.
    pub outcome: CheckOutcome,
    /// What must come.
    pub expected: String,
    /// What came; or why there is nothing to be checked. One line.
    pub came: String,
}

/// What the calls of one phase that were answered cost at most.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallCost {
    /// `retrieve`, `distill`, `update`, `evict`.
    pub call: String,
    /// How many were made.
    pub calls: u64,
    /// Instructions of the dearest, as wasmtime counts fuel.
    pub fuel: u64,
    /// Memory of the largest.
    pub memory_bytes: u64,
    /// Of the longest, from call to return.
    pub milliseconds: f64,
}

impl CallCost {
    pub(super) fn none(call: &str) -> CallCost {
        CallCost {
            call: call.to_owned(),
            calls: 0,
            fuel: 0,
            memory_bytes: 0,
            milliseconds: 0.0,
        }
    }
}
