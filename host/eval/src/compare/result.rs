//! The result of a comparison: the numbers behind every report, under names that stay.
//!
//! The field names here are what `--format json` prints, and [`Costs::named`] what `--format csv` calls them: change
//! none without need.

mod added;
mod costs;
mod found;

use std::collections::BTreeMap;

use memhost_suite::Lane;

use super::statistics::Estimate;
use super::statistics::online::Recovery;
use super::{Inapplicable, Unfit, Unseen};
use crate::driver::{Broken, ModelCost};

pub use added::Added;
pub(super) use added::added;
pub use costs::Costs;
pub(super) use costs::in_millis;
pub use found::{Clash, CurvePoint, Decision, Detectable, Frontier, Harm, Pair};

/// The version of the result files. It changes when a field is renamed, is removed or means something else, so that
/// a file of another version is refused rather than misread.
pub const FORMAT: u32 = 2;

/// What a comparison found.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Report {
    /// The version of this format: [`FORMAT`].
    pub format: u32,
    /// The host's version.
    pub memhost: String,
    /// Names the comparison in the store. A replay has no name of its own, so that it repeats to the byte.
    pub run: Option<String>,
    /// Seeds per strategy and suite.
    pub seeds: u64,
    /// Runs per seed, each in an order of its own.
    pub orders: u32,
    /// Cells that ran at a time, which is what latencies were measured under; a replay measures none.
    pub jobs: Option<usize>,
    /// The most memories per stream.
    pub most_memories: Option<u32>,
    /// What embedded keys and queries.
    pub embedder: String,
    /// What answered each role.
    pub models: BTreeMap<String, String>,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
    /// Why, where nobody asked for it: what cells need was gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outage: Option<String>,
    /// Plugins that are not ranked, one for each check that they failed.
    #[serde(default)]
    pub unfit: Vec<Unfit>,
    /// Wrapped strategies that were not compared with what they wrap, and what to add for that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<Unseen>,
    /// One per suite, never averaged.
    pub suites: Vec<SuiteResult>,
}

/// What a comparison found on one suite.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct SuiteResult {
    /// Its name.
    pub suite: String,
    /// What it tests.
    pub lane: Lane,
    /// What it is.
    pub summary: String,
    /// The metric that `quality` and `difference` are of.
    pub primary: String,
    /// Every metric, the primary one first.
    pub metrics: Vec<String>,
    /// How far it is, as long as cells of it have not been run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<Unfinished>,
    /// How many questions it asks.
    pub questions: usize,
    /// Groups of questions; intervals resample groups.
    pub groups: usize,
    /// How many questions are scored: all but those of a warm-up.
    #[serde(default)]
    pub scored: usize,
    /// On how many of these each metric was measured, with whoever has most; 0 where the suite says nothing about it.
    /// Empty if no cell was run.
    #[serde(default)]
    pub measured: BTreeMap<String, usize>,
    /// The smallest difference that a comparison of this size finds; `None` if nothing was compared.
    pub detectable: Option<Detectable>,
    /// The plugins in the order given, then the floors.
    pub strategies: Vec<StrategyResult>,
    /// Every two strategies, ceilings left out, in the order of `strategies`.
    pub pairs: Vec<Pair>,
    /// What each wrapper adds to what it wraps, where both took part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<Added>,
    /// Plugins that get no number here, and why.
    #[serde(default)]
    pub inapplicable: Vec<Inapplicable>,
    /// What a reader must know before believing a number.
    pub caveats: Vec<String>,
}

/// How far a suite is of which not every cell has been run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Unfinished {
    /// Cells that have been run.
    pub run: usize,
    /// All of its cells.
    pub cells: usize,
}

/// What a strategy did on a suite.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct StrategyResult {
    /// Its name.
    pub strategy: String,
    /// Its version.
    pub version: String,
    /// Its code: `sha256:…`, or `built-in` for a floor.
    pub digest: String,
    /// Whether it is one of the host's floors.
    pub floor: bool,
    /// Every parameter, as text.
    pub settings: BTreeMap<String, String>,
    /// Under how many seeds a run finished.
    pub seeds: usize,
    /// How many runs finished: one per seed and order.
    pub runs: usize,
    /// The primary metric; `None` if nothing was measured.
    pub quality: Option<Estimate>,
    /// Its difference to the first plugin's, paired by task and seed.
    pub difference: Option<Estimate>,
    /// Place among the suite's strategies, 1 the best; strategies that cannot be told apart share one. `None` for
    /// ceilings and for what was not measured.
    pub rank: Option<usize>,
    /// Against the same agent without memory; `None` for that agent itself.
    pub harm: Option<Harm>,
    /// Over the run, in the order in which questions were asked, at up to 60 points.
    pub curve: Vec<CurvePoint>,
    /// How many questions it takes after a change of the world until memory is worth as much as before, where the suite
    /// marks one.
    pub recovery: Option<Recovery>,
    /// In the primary metric, with easy tasks first less with hard tasks first, paired by task, where both were run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_effect: Option<Estimate>,
    /// In the primary metric, among tasks that are as hard, the last third that was asked less the first; where tasks come
    /// by how hard they are, and the curve says how hard they are, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gain_late: Option<f64>,
    /// Milliseconds of retrieve calls at the percentiles [`LATENCY_PERCENTILES`]; empty if not measured.
    pub latency: Vec<f64>,
    /// Whether another one gives at least as much for less.
    pub frontier: Frontier,
    /// Scores of the primary metric that were no numbers, and were left out.
    pub no_numbers: usize,
    /// Every metric that applies, mean over seeds.
    pub metrics: BTreeMap<String, f64>,
    /// What it cost per run; `None` if no run finished.
    pub costs: Option<Costs>,
    /// Model calls by purpose, over all seeds.
    pub model: BTreeMap<String, ModelCost>,
    /// Calls that failed, over all seeds, with the first message.
    pub failures: Option<Failures>,
    /// Runs that could not be made: why, once per seed.
    pub failed_runs: Vec<String>,
    /// Why there is no score of any kind, where so much failed that none would be the strategy's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<Broken>,
}

/// At which percentiles latencies are given.
pub const LATENCY_PERCENTILES: [f64; 9] = [1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0];

/// Calls that failed.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Failures {
    /// How many failed.
    pub failed: u64,
    /// How many were made.
    pub calls: u64,
    /// What the first one said.
    pub first: String,
}

/// How cells were run, as far as it says nothing of the results. A replay has neither.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setup {
    /// Names the comparison in the store.
    pub run: Option<String>,
    /// Cells that ran at a time.
    pub jobs: Option<usize>,
}
