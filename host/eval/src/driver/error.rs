//! Errors that leave a cell without a result.

use memhost::model::CassetteError;
use memhost::store::StoreError;
use memhost::strategy::CallError;

use super::calendar::Leak;

/// Why a cell could not be run at all.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The strategy refused its plan.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The host itself would have shown an outcome before its day.
    #[error(transparent)]
    Leak(#[from] Leak),
    /// A model call could not be recorded, or is not on the cassette that is replayed.
    #[error(transparent)]
    Cassette(#[from] CassetteError),
    /// The suite or the host cannot give what the plan wants.
    #[error("strategy `{strategy}` cannot run on suite `{suite}`: {reason}")]
    Plan {
        /// The strategy's name.
        strategy: String,
        /// The suite's name.
        suite: String,
        /// What is missing.
        reason: String,
    },
}
