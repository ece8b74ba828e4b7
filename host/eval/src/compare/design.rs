//! What a comparison compares, as data: everything that a report says of its plugins and suites, without either.
//!
//! A [`Comparison`] holds strategies that can be called and suites of megabytes; its design says what
//! they are. Cells are listed from it, reports are written from it, and two runs belong together if it is the same.

use std::collections::{BTreeMap, BTreeSet};

use memhost::contract::Plan;
use memhost::settings;
use memhost_suite::{AFTER_RETRIES, Lane};

use super::bare::{bare_of, unseen};
use super::key::{CellKey, Conditions};
use super::{Comparison, Contest, Contestant, Inapplicable, Unfit, Unseen, key};
use crate::driver::{self, Repetition};

/// The most seeds of a comparison, and the most orders of a seed.
pub const MOST_REPETITIONS: u32 = 10_000;

/// What is compared on what, how often, and under which conditions.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Design {
    /// One per suite.
    pub suites: Vec<ListedSuite>,
    /// Seeds 0 to this, exclusively.
    pub seeds: u64,
    /// Orders of each seed, 0 to this, exclusively.
    pub orders: u32,
    /// The most memories per stream; `None` is unlimited.
    pub most_memories: Option<u32>,
    /// What all cells run under.
    pub conditions: Conditions,
    /// What models that are none say of themselves.
    pub model_caveats: Vec<String>,
    /// What the embedder says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedder_caveat: Option<String>,
    /// Plugins that are not compared, because they fail a check.
    pub unfit: Vec<Unfit>,
    /// Wrapped strategies that are not compared with what they wrap.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<Unseen>,
}

/// What a report says of a suite, and who meets on it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ListedSuite {
    /// Its name.
    pub name: String,
    /// Its content; see [`suite_digest`](key::suite_digest).
    pub digest: String,
    /// What it tests.
    pub lane: Lane,
    /// One sentence: what it is and where it comes from.
    pub summary: String,
    /// What its source holds and it does not; see [`Suite::left_out`](memhost_suite::Suite::left_out).
    #[serde(default)]
    pub left_out: Vec<String>,
    /// The metric that it is reported by.
    pub primary: String,
    /// Every metric, the primary one first.
    pub metrics: Vec<String>,
    /// Whether its tasks cannot come by how often they were solved, as was asked for: there is no record of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unrecorded: bool,
    /// How many questions it asks.
    pub questions: usize,
    /// Groups of questions.
    pub groups: usize,
    /// How many scored questions each group has; without any, the group is not counted.
    pub group_sizes: Vec<usize>,
    /// The plugins in the order given, then the floors.
    pub strategies: Vec<ListedStrategy>,
    /// Plugins that it says nothing about.
    pub inapplicable: Vec<Inapplicable>,
}

/// What a report says of a strategy on a suite.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ListedStrategy {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its code: `sha256:…`, or `built-in` for a floor.
    pub digest: String,
    /// Whether it is one of the host's floors.
    pub floor: bool,
    /// Every parameter, as text.
    pub settings: BTreeMap<String, String>,
    /// Under which name what it wraps takes part, with the same settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bare: Option<String>,
    /// What the host runs around it: arrangement, label policy, trials, arms.
    pub plan: Plan,
    /// How it runs where it is not given all that it asks for.
    pub degraded: Vec<String>,
    /// In what its plan is not carried out to the letter on this suite.
    pub deviations: Vec<String>,
}

/// A cell of a design.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedCell {
    /// Everything that determines its result.
    pub key: CellKey,
    /// Index of its suite in [`Design::suites`].
    pub suite: usize,
    /// Index of its strategy in [`ListedSuite::strategies`].
    pub strategy: usize,
}

impl Design {
    /// The design of a comparison under these conditions.
    pub fn of(
        comparison: &Comparison,
        conditions: &Conditions,
        model_caveats: Vec<String>,
    ) -> Design {
        let listed = |contest| ListedSuite::of(contest, conditions);
        Design {
            suites: comparison.contests.iter().map(listed).collect(),
            seeds: comparison.seeds,
            orders: comparison.orders,
            most_memories: comparison.most_memories,
            conditions: conditions.clone(),
            model_caveats,
            embedder_caveat: None,
            unfit: comparison.unfit.clone(),
            unseen: unseen(comparison),
        }
    }

    /// Every repetition, seed by seed.
    pub fn repetitions(&self) -> impl Iterator<Item = Repetition> {
        let orders = self.orders;
        (0..self.seeds)
            .flat_map(move |seed| (0..orders).map(move |order| Repetition { seed, order }))
    }

    /// Every cell, repetition by repetition, so that an interrupted comparison has whole ones of every strategy.
    pub fn cells(&self) -> Vec<ListedCell> {
        let mut cells = Vec::new();
        for repetition in self.repetitions() {
            for (suite_index, suite) in self.suites.iter().enumerate() {
                for (strategy_index, strategy) in suite.strategies.iter().enumerate() {
                    cells.push(ListedCell {
                        key: self.key(suite, strategy, repetition),
                        suite: suite_index,
                        strategy: strategy_index,
                    });
                }
            }
        }
        cells
    }

    fn key(
        &self,
        suite: &ListedSuite,
        strategy: &ListedStrategy,
        repetition: Repetition,
    ) -> CellKey {
        CellKey {
            strategy: strategy.name.clone(),
            floor: strategy.floor,
            digest: strategy.digest.clone(),
            settings: strategy.settings.clone(),
            suite: suite.name.clone(),
            suite_digest: suite.digest.clone(),
            repetition,
            most_memories: self.most_memories,
            conditions: self.conditions.clone(),
        }
    }
}

impl ListedSuite {
    fn of(contest: &Contest, conditions: &Conditions) -> ListedSuite {
        let suite = &contest.suite;
        let groups: BTreeSet<&str> = suite
            .questions()
            .map(|(episode, _)| episode.group.as_str())
            .collect();
        let strategies = contest.contestants.iter().map(|contestant| {
            let parameters = &contestant.strategy.description().parameters;
            let mut deviations = settings::deviations(&contestant.settings, parameters);
            deviations.extend(driver::deviations(
                &contestant.plan,
                suite,
                conditions.acting,
            ));
            let bare = bare_of(contestant, &contest.contestants);
            ListedStrategy::of(contestant, bare, deviations)
        });
        ListedSuite {
            name: suite.name.clone(),
            digest: key::suite_digest(suite),
            lane: suite.lane,
            summary: suite.summary.clone(),
            left_out: suite.left_out.clone(),
            primary: suite.primary.clone(),
            metrics: metrics(contest, conditions),
            unrecorded: conditions.order.is_by_difficulty() && !driver::has_record(suite),
            questions: contest.questions(),
            groups: groups.len(),
            group_sizes: contest.group_sizes(),
            strategies: strategies.collect(),
            inapplicable: contest.inapplicable.clone(),
        }
    }
}

/// What a suite is reported by, and what the last try came to where somebody tries again.
fn metrics(contest: &Contest, conditions: &Conditions) -> Vec<String> {
    let suite = &contest.suite;
    let mut metrics = suite.metrics();
    let mut contestants = contest.contestants.iter();
    // In lane `retry` everybody does, and the metrics are of every try.
    if suite.lane != Lane::Retry
        && contestants.any(|contestant| contestant.plan.retries > 0)
        && driver::is_retried(suite, conditions.acting)
    {
        // Tables leave out what comes last.
        metrics.insert(1, AFTER_RETRIES.to_owned());
    }
    metrics
}

impl ListedStrategy {
    fn of(
        contestant: &Contestant,
        bare: Option<&Contestant>,
        deviations: Vec<String>,
    ) -> ListedStrategy {
        let description = contestant.strategy.description();
        ListedStrategy {
            name: contestant.name.clone(),
            version: description.version.clone(),
            digest: contestant.strategy.digest().to_owned(),
            floor: contestant.floor,
            settings: settings::as_text(&contestant.settings),
            bare: bare.map(|bare| bare.name.clone()),
            plan: contestant.plan.clone(),
            degraded: description.degraded.clone(),
            deviations,
        }
    }

    /// Its name, marked if it is the host's own.
    pub fn label(&self) -> String {
        super::label(&self.name, self.floor)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;
    use crate::driver::Acting;

    #[test]
    fn cells_are_every_strategy_in_every_order_of_every_seed() {
        let comparison = Comparison {
            orders: 2,
            ..testing::comparison(3)
        };
        let design = testing::design(&comparison);
        let cells = design.cells();
        assert_eq!(cells.len(), 3 * 2 * 3);
        let scopes: Vec<String> = cells[..6].iter().map(|cell| cell.key.scope()).collect();
        assert_eq!(
            scopes,
            [
                "rag/transfer/0",
                "reasoningbank/transfer/0",
                "random (floor)/transfer/0",
                "rag/transfer/0.1",
                "reasoningbank/transfer/0.1",
                "random (floor)/transfer/0.1",
            ]
        );
        let digests: BTreeSet<String> = cells.iter().map(|cell| cell.key.digest()).collect();
        assert_eq!(digests.len(), cells.len());
    }

    #[test]
    fn what_the_last_try_came_to_is_reported_where_somebody_tries_again() {
        let metrics = |retries: u32, acting: Acting| {
            let mut comparison = testing::comparison(1);
            comparison.contests[0].contestants[0].plan.retries = retries;
            let conditions = Conditions {
                acting,
                ..testing::conditions()
            };
            let mut design = Design::of(&comparison, &conditions, Vec::new());
            design.suites.remove(0).metrics
        };
        let listed = |metrics: Vec<String>| metrics.iter().any(|metric| metric == AFTER_RETRIES);
        let retried = metrics(2, Acting::Model);
        assert_eq!(retried[..2], ["hit@1", AFTER_RETRIES]);
        assert!(!listed(metrics(0, Acting::Model)));
        // A frozen reader asks which similar tasks were cited: nothing is tried again.
        assert!(!listed(metrics(2, Acting::Reader)));
    }

    #[test]
    fn a_design_comes_back_from_json_as_it_was() {
        let design = testing::design(&testing::comparison(2));
        let text = serde_json::to_string(&design).unwrap();
        assert_eq!(serde_json::from_str::<Design>(&text).unwrap(), design);
        assert_eq!(design.suites[0].groups, 12);
    }
}
