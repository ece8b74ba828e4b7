//! Lane D: a shrunken mean of the outcomes of what was retrieved, around a base rate.

use super::super::Scores;
use super::record::Tally;
use super::{Act, Reader, Reading, Record, attempt_of};

/// How many observations a base rate counts for.
const PRIOR: f64 = 5.0;
/// The same for a market's price, which knows more.
const MARKET_PRIOR: f64 = 10.0;
/// How much an outcome at another horizon counts.
const OTHER_HORIZON: f64 = 0.3;

/// What is asked.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) happened: bool,
    pub(super) source: &'a str,
    pub(super) horizon: &'a str,
    pub(super) market: Option<f64>,
}

impl Reader {
    /// Says how probable it is.
    pub(super) fn forecast(&self, asked: Asked<'_>, reading: &Reading<'_>) -> Act {
        let evidence = reading.sources.iter().zip(reading.weights);
        let evidence = evidence.filter_map(|(source, score)| {
            let attempt = attempt_of(source);
            if !reading.visible.contains(attempt) {
                return None;
            }
            let (_, horizon, happened) = self.facts.get(attempt)?.forecast.as_ref()?;
            let near = if horizon == asked.horizon {
                1.0
            } else {
                OTHER_HORIZON
            };
            let weight = score.clamp(0.0, 1.0).powi(2) * near;
            Some((weight, f64::from(u8::from(*happened)), attempt))
        });
        let probability = match asked.market {
            None => {
                let base = base_rate(reading.record, asked);
                shrunken(
                    base,
                    PRIOR,
                    evidence.map(|(weight, value, _)| (weight, value)),
                )
            }
            Some(price) => {
                // What the market got wrong in what was retrieved.
                let wrong = evidence.map(|(weight, value, attempt)| {
                    let then = self.prices.get(attempt).copied().unwrap_or(0.5);
                    (weight, value - then)
                });
                (price + shrunken(0.0, MARKET_PRIOR, wrong)).clamp(0.01, 0.99)
            }
        };
        let truth = f64::from(u8::from(asked.happened));
        let brier = (probability - truth).powi(2);
        let metric = match asked.market {
            None => "brier",
            Some(_) => "market-brier",
        };
        Act {
            scores: Scores::from([(metric.to_owned(), brier)]),
            reward: Some(1.0 - brier),
            agent: None,
            answer: format!("{probability:.4}"),
            findings: Vec::new(),
        }
    }
}

/// How often it has come true so far: over all, then of its source, then at its horizon, each shrunk towards the one
/// before.
fn base_rate(record: &Record, asked: Asked<'_>) -> f64 {
    let all = match record.forecasts {
        Tally { count: 0.0, .. } => return 0.5,
        Tally { count, sum } => sum / count,
    };
    let within = |around: f64, tally: Option<&Tally>| {
        let Tally { count, sum } = tally.copied().unwrap_or_default();
        (PRIOR * around + sum) / (PRIOR + count)
    };
    let of_source = within(all, record.sources.get(asked.source));
    let key = (asked.source.to_owned(), asked.horizon.to_owned());
    within(of_source, record.horizons.get(&key))
}

/// A weighted mean with `strength` observations of `around` among it.
fn shrunken(around: f64, strength: f64, evidence: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (weight, sum) = evidence.fold(
        (strength, strength * around),
        |(weight, sum), (w, value)| (weight + w, sum + w * value),
    );
    sum / weight
}
