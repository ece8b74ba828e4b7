//! Cells: what is run, one strategy on one suite.

use std::sync::Arc;

use memhost::contract::Setting;
use memhost::strategy::Strategy;
use memhost_suite::Suite;

use super::order::Repetition;

/// One cell: a strategy on a suite, once.
#[derive(Clone)]
pub struct Cell {
    /// The strategy.
    pub strategy: Arc<dyn Strategy>,
    /// Every parameter's value.
    pub settings: Vec<Setting>,
    /// The suite.
    pub suite: Arc<Suite>,
    /// What decides whatever is left to chance.
    pub repetition: Repetition,
    /// Names the cell's namespaces in the store; unique per cell.
    pub id: String,
    /// The most memories per stream; `None` is unlimited.
    pub most_memories: Option<u32>,
}
