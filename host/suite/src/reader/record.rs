//! What a reader has heard of outcomes in one stream, whatever the strategy: the prior of lanes C and D.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::AttemptFacts;

/// How many observations the rate around a smaller group counts for in it.
const SHRINKAGE: f64 = 5.0;

/// How many outcomes there were, and their sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Tally {
    pub(super) count: f64,
    pub(super) sum: f64,
}

impl Tally {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        self.sum += value;
    }

    /// The mean of what was seen, with some observations of `around` among it.
    fn shrunk_towards(self, around: f64) -> f64 {
        (SHRINKAGE * around + self.sum) / (SHRINKAGE + self.count)
    }
}

/// Outcomes that are known by now in one stream.
#[derive(Debug, Clone, Default)]
pub struct KnownOutcomes {
    /// By agent.
    pub(super) agents: BTreeMap<String, Tally>,
    /// Of forecasts that no market was asked about.
    pub(super) base_rates: BaseRates,
}

impl KnownOutcomes {
    /// Takes note of an attempt whose outcome has become known. That a forecast was resolved is nobody's success.
    pub(super) fn add(&mut self, facts: &AttemptFacts) {
        let Some(forecast) = &facts.forecast else {
            if let Some(success) = facts.success {
                let agent = self.agents.entry(facts.agent.clone()).or_default();
                agent.add(success);
            }
            return;
        };
        if forecast.market.is_none() {
            self.base_rates
                .add(&forecast.source, &forecast.horizon, forecast.happened);
        }
    }
}

/// How often what was asked about has come true so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BaseRates {
    all: Tally,
    /// By source: all of it, and by horizon.
    sources: BTreeMap<String, (Tally, BTreeMap<String, Tally>)>,
}

impl BaseRates {
    /// Counts one outcome.
    pub fn add(&mut self, source: &str, horizon: &str, happened: bool) {
        let value = f64::from(u8::from(happened));
        self.all.add(value);
        let (of_source, horizons) = self.sources.entry(source.to_owned()).or_default();
        of_source.add(value);
        horizons.entry(horizon.to_owned()).or_default().add(value);
    }

    /// The rate over all, then of the source, then of it at the horizon, each shrunk towards the one before; 0.5
    /// before anything is known.
    pub fn of(&self, source: &str, horizon: &str) -> f64 {
        if self.all.count == 0.0 {
            return 0.5;
        }
        let all = self.all.sum / self.all.count;
        let Some((of_source, horizons)) = self.sources.get(source) else {
            return all;
        };
        let around = of_source.shrunk_towards(all);
        horizons
            .get(horizon)
            .map_or(around, |tally| tally.shrunk_towards(around))
    }
}
