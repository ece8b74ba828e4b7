//! Compares strategies: the same tasks in the same order for every one of them, and how sure the differences are.
//!
//! A comparison is a set of *cells*, strategy × suite × seed × order, which are independent of each other: [`schedule`]
//! runs them side by side, [`files`] keeps the finished ones so that a comparison can be continued,
//! [`statistics`] says how large and how sure the scores are, [`summary`] puts that together and [`report`]
//! prints it.
//!
//! The host's floors take part in every suite. A strategy that does not beat them has not been shown to
//! remember anything.

pub mod aa;
mod caveats;
pub mod design;
mod difference;
pub mod directory;
pub mod files;
pub mod key;
pub mod manifest;
pub mod merge;
pub mod report;
pub mod reproduction;
pub mod schedule;
pub mod statistics;
pub mod summary;

use std::collections::BTreeMap;
use std::sync::Arc;

use memhost::conformance::{self, Checked};
use memhost::contract::{Plan, Setting};
use crate::driver::{self, Actors, Cell};
use crate::floors;
use memhost::settings;
use memhost::strategy::{CallError, Strategy};
use memhost_suite::Suite;

pub use design::{Design, ListedCell, ListedStrategy, ListedSuite, MOST_REPETITIONS};
pub use key::{CellKey, Conditions};
pub use manifest::{Manifest, Shard};
pub use schedule::{Finish, HostRunner, Outcome, Runner, Stop, Watcher};
pub use summary::Report;

/// A strategy that takes part in a comparison.
#[derive(Clone)]
pub struct Contestant {
    /// Under which name it takes part: its own, or one that was chosen for it.
    pub name: String,
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
    /// A plugin with these settings, under its own name.
    ///
    /// # Errors
    /// If it refuses the settings.
    pub async fn plugin(
        strategy: Arc<dyn Strategy>,
        settings: Vec<Setting>,
    ) -> Result<Contestant, CallError> {
        let plan = strategy.plan(&settings).await?;
        Ok(Contestant {
            name: strategy.description().name.clone(),
            strategy,
            settings,
            plan,
            floor: false,
        })
    }

    /// The same under another name.
    pub fn named(self, name: &str) -> Contestant {
        Contestant {
            name: name.to_owned(),
            ..self
        }
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

    /// Under which name it takes part.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// The floor that is the same agent without memory. Every lane has it.
pub const NO_MEMORY: &str = "none";

/// Whether a strategy is the host's oracle, which knows the answers and is compared with nobody.
pub fn is_ceiling(name: &str, floor: bool) -> bool {
    floor && name == "oracle"
}

/// A strategy's name, marked if it is the host's own: `bm25 (floor)`. A plugin that is called like a floor is marked too,
/// `bm25 (plugin)`, so that nobody takes one for the other; plugins' names hold neither blanks nor brackets.
pub fn label(name: &str, floor: bool) -> String {
    match floor {
        false if floors::is_name_of_a_floor(name) => format!("{name} (plugin)"),
        false => name.to_owned(),
        true if is_ceiling(name, floor) => format!("{name} (ceiling)"),
        true => format!("{name} (floor)"),
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
            "{} is not ranked, because it failed the check `{check}`: expected: {expected}; came: {came}",
            label(strategy, false)
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
        actors: Actors,
    ) -> Result<Contest, CallError> {
        let mut contestants = Vec::new();
        let mut inapplicable = Vec::new();
        for plugin in plugins {
            let phases = plugin.strategy.phases();
            match driver::obstacle(&plugin.plan, phases, &suite, actors) {
                None => contestants.push(plugin.clone()),
                Some(reason) => inapplicable.push(Inapplicable {
                    strategy: plugin.name().to_owned(),
                    reason,
                }),
            }
        }
        for floor in floors::floors(&suite) {
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

    /// How many scored questions each group has; without any, the group is not counted.
    pub fn group_sizes(&self) -> Vec<usize> {
        let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
        let stages = self.suite.streams.iter().flat_map(|stream| &stream.stages);
        let scored = stages
            .filter(|stage| !stage.warm_up)
            .flat_map(|stage| &stage.episodes)
            .filter(|episode| episode.question.is_some());
        for episode in scored {
            *sizes.entry(&episode.group).or_default() += 1;
        }
        sizes.into_values().collect()
    }

    /// How many pairs of strategies are compared; ceilings are in none.
    pub fn comparisons(&self) -> usize {
        let strategies = self.contestants.iter();
        let compared = strategies.filter(|one| !is_ceiling(one.name(), one.floor));
        let compared = compared.count();
        compared * compared.saturating_sub(1) / 2
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
    /// Orders of each seed, 0 to this, exclusively.
    pub orders: u32,
    /// The most memories per stream; `None` is unlimited.
    pub most_memories: Option<u32>,
    /// Plugins that take no part, because they failed a check.
    pub unfit: Vec<Unfit>,
}

/// A cell that is to be run.
#[derive(Clone)]
pub struct PlannedCell {
    /// Everything that determines its result.
    pub key: CellKey,
    /// What the driver runs.
    pub cell: Cell,
}

impl Comparison {
    /// The cells of its design, ready to be run. Their namespaces are called
    /// `<run>/<number>/<suite>/<strategy>/<repetition>/<stream>`.
    pub fn cells(&self, design: &Design) -> Vec<PlannedCell> {
        let cells = design.cells().into_iter().enumerate();
        let planned = cells.filter_map(
            |(
                number,
                ListedCell {
                    key,
                    suite,
                    strategy,
                },
            )| {
                let contest = self.contests.get(suite)?;
                let contestant = contest.contestants.get(strategy)?;
                let cell = Cell {
                    strategy: contestant.strategy.clone(),
                    settings: contestant.settings.clone(),
                    suite: contest.suite.clone(),
                    repetition: key.repetition,
                    id: format!("{}/{number}/{}", self.run, key.place()),
                    most_memories: self.most_memories,
                };
                Some(PlannedCell { key, cell })
            },
        );
        planned.collect()
    }
}

#[cfg(test)]
pub(crate) mod testing;
