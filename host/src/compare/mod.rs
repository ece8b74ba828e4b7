//! Compares strategies: the same tasks in the same order for every one of them, and how sure the differences are.
//!
//! A comparison is a set of *cells*, strategy × suite × seed, which are independent of each other: [`schedule`]
//! runs them side by side, [`files`] keeps the finished ones so that a comparison can be continued,
//! [`statistics`] says how large and how sure the scores are, [`summary`] puts that together and [`report`]
//! prints it.
//!
//! The host's floors take part in every suite. A strategy that does not beat them has not been shown to
//! remember anything.

mod caveats;
pub mod files;
pub mod key;
pub mod report;
pub mod schedule;
pub mod statistics;
pub mod summary;

use std::sync::Arc;

use crate::conformance::{self, Checked};
use crate::contract::{Plan, Setting};
use crate::driver::{self, Acting, Cell};
use crate::engine::CallError;
use crate::settings;
use crate::strategy::Strategy;
use crate::suite::{self, Suite};

pub use key::{CellKey, Conditions};
pub use schedule::{Finish, HostRunner, Outcome, Runner, Watcher};
pub use summary::Report;

/// A strategy that takes part in a comparison.
#[derive(Clone)]
pub struct Contestant {
    /// The strategy.
    pub strategy: Arc<dyn Strategy>,
    /// Every parameter's value.
    pub settings: Vec<Setting>,
    /// What the host must run around it under these settings.
    pub plan: Plan,
    /// Whether it is one of the host's floors.
    pub floor: bool,
}

impl Contestant {
    /// A plugin with these settings.
    ///
    /// # Errors
    /// If it refuses the settings.
    pub async fn plugin(
        strategy: Arc<dyn Strategy>,
        settings: Vec<Setting>,
    ) -> Result<Contestant, CallError> {
        let plan = strategy.plan(&settings).await?;
        Ok(Contestant {
            strategy,
            settings,
            plan,
            floor: false,
        })
    }

    /// A floor at its defaults.
    async fn floor(strategy: Arc<dyn Strategy>) -> Result<Contestant, CallError> {
        let settings = settings::defaults(&strategy.description().parameters);
        let contestant = Contestant::plugin(strategy, settings).await?;
        Ok(Contestant {
            floor: true,
            ..contestant
        })
    }

    /// The strategy's name.
    pub fn name(&self) -> &str {
        &self.strategy.description().name
    }
}

/// A strategy's name, marked if it is the host's own: `bm25 (floor)`.
pub fn label(name: &str, floor: bool) -> String {
    match (floor, name) {
        (false, _) => name.to_owned(),
        (true, "oracle") => format!("{name} (ceiling)"),
        (true, _) => format!("{name} (floor)"),
    }
}

/// Everything that meets on one suite: the plugins in the order given, then the floors.
#[derive(Clone)]
pub struct Contest {
    /// The suite.
    pub suite: Arc<Suite>,
    /// Who takes part.
    pub contestants: Vec<Contestant>,
    /// Plugins that this suite says nothing about.
    pub inapplicable: Vec<Inapplicable>,
}

/// A strategy that gets no number on a suite, because the suite cannot give what its algorithm needs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Inapplicable {
    /// Its name.
    pub strategy: String,
    /// What is missing.
    pub reason: String,
}

/// A check that a plugin failed, which therefore is not ranked at all.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Unfit {
    /// The plugin's name.
    pub strategy: String,
    /// Which check.
    pub check: conformance::Check,
    /// What must come.
    pub expected: String,
    /// What came.
    pub came: String,
}

impl Unfit {
    /// The plugin of this name, by a check that it failed.
    pub fn new(strategy: &str, failed: &Checked) -> Unfit {
        Unfit {
            strategy: strategy.to_owned(),
            check: failed.check,
            expected: failed.expected.clone(),
            came: failed.came.clone(),
        }
    }
}

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Unfit {
            strategy,
            check,
            expected,
            came,
        } = self;
        let check = check.name();
        write!(
            f,
            "{strategy} is not ranked, because it failed the check `{check}`: expected: {expected}; came: {came}"
        )
    }
}

impl Contest {
    /// Plugins, as far as the suite can give what their plans ask for, and the suite's floors.
    ///
    /// # Errors
    /// If a floor cannot say what it needs.
    pub async fn new(
        suite: Suite,
        plugins: &[Contestant],
        acting: Acting,
    ) -> Result<Contest, CallError> {
        let mut contestants = Vec::new();
        let mut inapplicable = Vec::new();
        for plugin in plugins {
            let phases = plugin.strategy.phases();
            match driver::obstacle(&plugin.plan, phases, &suite, acting) {
                None => contestants.push(plugin.clone()),
                Some(reason) => inapplicable.push(Inapplicable {
                    strategy: plugin.name().to_owned(),
                    reason,
                }),
            }
        }
        for floor in suite::floors(&suite) {
            contestants.push(Contestant::floor(floor).await?);
        }
        Ok(Contest {
            suite: Arc::new(suite),
            contestants,
            inapplicable,
        })
    }

    /// How many questions the suite asks.
    pub fn questions(&self) -> usize {
        self.suite.questions().count()
    }
}

/// What is compared on what, how often.
pub struct Comparison {
    /// Distinguishes this run's namespaces and rows in the store from those of other runs.
    pub run: String,
    /// One per suite.
    pub contests: Vec<Contest>,
    /// Seeds 0 to this, exclusively.
    pub seeds: u64,
    /// The most memories per stream; `None` is unlimited.
    pub most_memories: Option<u32>,
    /// Plugins that take no part, because they failed a check.
    pub unfit: Vec<Unfit>,
}

/// A cell that is to be run, and where its result belongs.
#[derive(Clone)]
pub struct PlannedCell {
    /// Everything that determines its result.
    pub key: CellKey,
    /// What the driver runs.
    pub cell: Cell,
    /// Index of its contest in [`Comparison::contests`].
    pub contest: usize,
    /// Index of its strategy in [`Contest::contestants`].
    pub contestant: usize,
}

impl Comparison {
    /// Every cell, seed by seed, so that an interrupted comparison has whole seeds of every strategy.
    pub fn cells(&self, conditions: &Conditions) -> Vec<PlannedCell> {
        let digests: Vec<String> = self
            .contests
            .iter()
            .map(|contest| key::suite_digest(&contest.suite))
            .collect();
        let mut cells = Vec::new();
        for seed in 0..self.seeds {
            for (contest_index, (contest, digest)) in self.contests.iter().zip(&digests).enumerate()
            {
                for (contestant_index, contestant) in contest.contestants.iter().enumerate() {
                    cells.push(PlannedCell {
                        key: CellKey::new(contest, digest, contestant, seed, self, conditions),
                        cell: Cell {
                            strategy: contestant.strategy.clone(),
                            settings: contestant.settings.clone(),
                            suite: contest.suite.clone(),
                            seed,
                            id: format!("{}-{}", self.run, cells.len()),
                            most_memories: self.most_memories,
                        },
                        contest: contest_index,
                        contestant: contestant_index,
                    });
                }
            }
        }
        cells
    }
}

#[cfg(test)]
pub(crate) mod testing;
