//! A contest: who meets on one suite, and who cannot.

use std::collections::BTreeMap;
use std::sync::Arc;

use memhost::strategy::CallError;
use memhost_suite::Suite;

use super::contestant::{Contestant, is_ceiling};
use crate::driver::{self, Actors};
use crate::floors;

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
