//! The testbed: everything outside of strategy and suite that a cell's result depends on.

use std::sync::Arc;

use memhost::embedding::Embedder;
use memhost::limits::Limits;
use memhost::model::Models;
use memhost::store::Store;

use super::agent::Acting;
use super::order::TaskOrder;
use super::told::Told;

/// What a cell runs on.
#[derive(Clone)]
pub struct Testbed {
    /// Where memories are kept.
    pub store: Store,
    /// Answers the `llm` interface.
    pub models: Arc<Models>,
    /// Embeds keys and queries.
    pub embedder: Arc<dyn Embedder>,
    /// What each call may spend.
    pub limits: Limits,
    /// Who acts on the guidance.
    pub acting: Acting,
    /// In which order tasks come.
    pub order: TaskOrder,
    /// Which outcomes strategies hear of.
    pub told: Told,
}
