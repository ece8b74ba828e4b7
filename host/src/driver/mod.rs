//! Runs a strategy's plan over the tasks of a suite: one call, one transaction.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::contract::Setting;
use crate::embedding::Embedder;
use crate::engine::Limits;
use crate::model::Models;
use crate::store::Store;
use crate::strategy::Strategy;
use crate::suite::{Scores, Suite};

/// One cell: a strategy on a suite with a seed.
#[derive(Clone)]
pub struct Cell {
    /// The strategy.
    pub strategy: Arc<dyn Strategy>,
    /// Every parameter's value.
    pub settings: Vec<Setting>,
    /// The suite.
    pub suite: Arc<Suite>,
    /// Shuffles what may be shuffled, and seeds the strategy's random bits.
    pub seed: u64,
    /// Names the cell's namespaces in the store; unique per cell.
    pub id: String,
    /// The most memories per stream; `None` is unlimited.
    pub most_memories: Option<u32>,
}

/// What a cell runs on.
#[derive(Clone)]
pub struct Surroundings {
    /// Where memories are kept.
    pub store: Store,
    /// Answers the `llm` interface.
    pub models: Arc<Models>,
    /// Embeds keys and queries.
    pub embedder: Arc<dyn Embedder>,
    /// What each call may spend.
    pub limits: Limits,
}

/// What a cell measured.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct CellReport {
    /// One per question, in the order of the suite (not of the shuffle).
    pub tasks: Vec<TaskReport>,
    /// Retrieve calls, from call to return, in microseconds, in the order of the run.
    pub retrieve_micros: Vec<u64>,
    /// Model calls and tokens by purpose.
    pub model: BTreeMap<String, ModelCost>,
    /// Fuel by phase.
    pub fuel: BTreeMap<String, u64>,
    /// Active memories at the end, over all streams.
    pub memories: u64,
    /// Guidance that was longer than its budget, and was cut by the host.
    pub cut: u64,
    /// Memories that the host evicted because the strategy did not.
    pub evicted_by_host: u64,
    /// Calls that failed, as text; the cell goes on without them.
    pub failures: Vec<String>,
    /// How many calls were made.
    pub calls: u64,
    /// From start to end.
    pub wall: Duration,
}

/// What one question measured.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct TaskReport {
    /// `<stream>/<task>`.
    pub task: String,
    /// For clustering.
    pub group: String,
    /// Metric → value.
    pub scores: Scores,
    /// Tokens handed over at the primary budget.
    pub tokens: u32,
}

/// Cost of model calls for one purpose.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ModelCost {
    /// Calls.
    pub calls: u64,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
}

/// Hears of a cell's progress.
pub trait Progress: Send + Sync {
    /// `done` of `total` episodes are finished.
    fn advance(&self, done: usize, total: usize);
}

/// Why a cell could not be run at all.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// The strategy refused its plan.
    #[error(transparent)]
    Call(#[from] crate::engine::CallError),
    /// The suite or the host cannot give what the plan wants.
    #[error("strategy `{strategy}` cannot run on suite `{suite}`: {reason}")]
    Plan {
        /// Which strategy.
        strategy: String,
        /// Which suite.
        suite: String,
        /// What is missing.
        reason: String,
    },
}

/// Runs one cell from an empty memory.
pub async fn run_cell(
    cell: &Cell,
    surroundings: &Surroundings,
    progress: &dyn Progress,
) -> Result<CellReport, DriverError> {
    let _ = (cell, surroundings, progress);
    todo!()
}
