//! What a reader has heard of outcomes in one stream, whatever the strategy: the prior of lanes C and D.

use std::collections::{BTreeMap, HashMap};

use super::super::AttemptFacts;

/// How many outcomes there were, and their sum.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Tally {
    pub(super) count: f64,
    pub(super) sum: f64,
}

impl Tally {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        self.sum += value;
    }
}

/// Outcomes that are known by now in one stream.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// By agent.
    pub(super) agents: BTreeMap<String, Tally>,
    /// Of all forecasts.
    pub(super) forecasts: Tally,
    /// By source.
    pub(super) sources: HashMap<String, Tally>,
    /// By source and horizon.
    pub(super) horizons: HashMap<(String, String), Tally>,
}

impl Record {
    /// Takes note of an attempt whose outcome has become known.
    pub(super) fn add(&mut self, facts: &AttemptFacts) {
        if let Some(success) = facts.success {
            let agent = self.agents.entry(facts.agent.clone()).or_default();
            agent.add(success);
        }
        if let Some((source, horizon, happened)) = &facts.forecast {
            let value = f64::from(u8::from(*happened));
            let by_source = self.sources.entry(source.clone()).or_default();
            by_source.add(value);
            let key = (source.clone(), horizon.clone());
            self.horizons.entry(key).or_default().add(value);
            self.forecasts.add(value);
        }
    }
}
