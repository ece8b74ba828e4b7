//! Results: rows of the table `results`, which the host itself never reads.

use super::tables::digest;

/// One measured cell, as a row of the `results` table.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ResultRow {
    /// Which comparison.
    pub run: String,
    /// Which strategy.
    pub strategy: String,
    /// Its code.
    pub digest: String,
    /// Which suite.
    pub suite: String,
    /// Which seed.
    pub seed: u64,
    /// Which order of that seed.
    pub order: u32,
    /// Which metric: `answer@256`, `fuel`.
    pub metric: String,
    /// Its value.
    pub value: f64,
    /// Over how many tasks.
    pub tasks: u32,
}

impl ResultRow {
    /// What makes a measured cell the same cell.
    pub(crate) fn id(&self) -> String {
        let (seed, order) = (self.seed.to_string(), self.order.to_string());
        digest(&[
            &self.run,
            &self.strategy,
            &self.digest,
            &self.suite,
            &seed,
            &order,
            &self.metric,
        ])
    }
}
