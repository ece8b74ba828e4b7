//! Lane D: a shrunken mean of the outcomes of what was retrieved, around a base rate.

use super::super::Scores;
use super::{Act, Reader, Reading, attempt_of};

/// How many observations a base rate counts for.
pub(in crate::suite) const PRIOR: f64 = 5.0;
/// The same for a market's price, which knows more.
const MARKET_PRIOR: f64 = 10.0;
/// How much an outcome at another horizon counts.
pub(in crate::suite) const OTHER_HORIZON: f64 = 0.3;
/// How near to certainty a forecast that starts from a price may come.
const LEAST_CHANCE: f64 = 0.01;

/// What is asked.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) happened: bool,
    pub(super) source: &'a str,
    pub(super) horizon: &'a str,
    pub(super) market: Option<f64>,
    /// When, where the suite says so.
    pub(super) at: Option<f64>,
}

impl Asked<'_> {
    /// Whether an outcome was not known yet when this was asked.
    fn is_before(&self, known: Option<f64>) -> bool {
        self.at
            .zip(known)
            .is_some_and(|(asked, known)| asked < known)
    }
}

impl Reader {
    /// Says how probable it is; nothing, if an outcome has leaked.
    pub(super) fn forecast(&self, asked: Asked<'_>, reading: &Reading<'_>) -> Act {
        let mut leaks = asked.is_before(reading.record.latest);
        let mut evidence = Vec::new();
        for (source, score) in reading.sources.iter().zip(reading.weights) {
            let attempt = attempt_of(source);
            let facts = self.facts.get(attempt);
            let Some(past) = facts.and_then(|facts| facts.forecast.as_ref()) else {
                continue;
            };
            if !reading.visible.contains(attempt) {
                continue;
            }
            leaks |= asked.is_before(past.known);
            let value = f64::from(u8::from(past.happened));
            let surprise = match (asked.market, past.market) {
                (None, None) => value,
                // What the market got wrong.
                (Some(_), Some(price)) => value - price,
                _ => continue,
            };
            evidence.push((weight(*score, past.horizon == asked.horizon), surprise));
        }
        if leaks {
            return Act::default();
        }
        let (metric, probability) = match asked.market {
            None => {
                let base = reading.record.base_rates.of(asked.source, asked.horizon);
                ("brier", forecast(base, evidence))
            }
            Some(price) => {
                let moved = price + shrunken(0.0, MARKET_PRIOR, evidence);
                let probability = moved.clamp(LEAST_CHANCE, 1.0 - LEAST_CHANCE);
                ("market-brier", probability)
            }
        };
        let truth = f64::from(u8::from(asked.happened));
        let brier = (probability - truth).powi(2);
        Act {
            scores: Scores::from([(metric.to_owned(), brier)]),
            reward: Some(1.0 - brier),
            agent: None,
            answer: format!("{probability:.4}"),
            findings: Vec::new(),
        }
    }
}

/// How many observations a memory counts for that was cited with this score.
pub(in crate::suite) fn weight(score: f64, same_horizon: bool) -> f64 {
    score.clamp(0.0, 1.0).powi(2) * nearness(same_horizon)
}

/// The score that is given this weight: [`weight`] backwards.
pub(in crate::suite) fn score_of(weight: f64, same_horizon: bool) -> f64 {
    (weight / nearness(same_horizon)).sqrt()
}

fn nearness(same_horizon: bool) -> f64 {
    if same_horizon { 1.0 } else { OTHER_HORIZON }
}

/// What follows from a base rate and from outcomes (1 or 0) with their weights.
pub(in crate::suite) fn forecast(
    base_rate: f64,
    evidence: impl IntoIterator<Item = (f64, f64)>,
) -> f64 {
    shrunken(base_rate, PRIOR, evidence)
}

/// A weighted mean with `strength` observations of `around` among it.
fn shrunken(around: f64, strength: f64, evidence: impl IntoIterator<Item = (f64, f64)>) -> f64 {
    let (weight, sum) = evidence.into_iter().fold(
        (strength, strength * around),
        |(weight, sum), (w, value)| (weight + w, sum + w * value),
    );
    sum / weight
}
