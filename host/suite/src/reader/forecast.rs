//! Lane D: a shrunken mean of the outcomes of what was retrieved, around a base rate.

use super::super::Scores;
use super::{Act, Reader, Reading};

/// How many observations a base rate counts for.
pub const PRIOR: f64 = 5.0;
/// The same for a market's price, which knows more.
const MARKET_PRIOR: f64 = 10.0;
/// How much an outcome at another horizon counts.
pub const OTHER_HORIZON: f64 = 0.3;
/// How near to certainty a forecast that starts from a price may come.
const LEAST_CHANCE: f64 = 0.01;

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
        let evidence = reading.cited.iter().filter_map(|cited| {
            let attempt = cited.source.attempt.as_str();
            if !reading.visible.contains(attempt) {
                return None;
            }
            let past = self.facts.get(attempt)?.forecast.as_ref()?;
            let value = f64::from(u8::from(past.happened));
            let surprise = match (asked.market, past.market) {
                (None, None) => value,
                // What the market got wrong.
                (Some(_), Some(price)) => value - price,
                _ => return None,
            };
            Some((
                weight(cited.weight, past.horizon == asked.horizon),
                surprise,
            ))
        });
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
pub fn weight(score: f64, same_horizon: bool) -> f64 {
    score.clamp(0.0, 1.0).powi(2) * nearness(same_horizon)
}

/// The score that is given this weight: [`weight`] backwards.
pub fn score_of(weight: f64, same_horizon: bool) -> f64 {
    (weight / nearness(same_horizon)).sqrt()
}

fn nearness(same_horizon: bool) -> f64 {
    if same_horizon { 1.0 } else { OTHER_HORIZON }
}

/// What follows from a base rate and from outcomes (1 or 0) with their weights.
pub fn forecast(base_rate: f64, evidence: impl IntoIterator<Item = (f64, f64)>) -> f64 {
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

#[cfg(test)]
mod tests {
    use memhost_contract::Source;

    use super::super::super::generate::forecast::suite;
    use super::super::super::{Episode, Question, Suite};
    use super::super::{Cited, KnownOutcomes, Visible, record::BaseRates};
    use super::*;

    /// Three questions of one source, the first of which is asked about: no, yes at the horizon, yes at another; and
    /// two of a market, where the first is asked about.
    fn questions() -> Suite {
        let mut suite = suite(1);
        let episodes = &mut suite.streams[0].stages[0].episodes;
        episodes.truncate(5);
        let asked = [
            ("a", "7", false, None),
            ("a", "7", true, None),
            ("a", "30", true, None),
            ("m", "open", true, Some(0.6)),
            ("m", "open", true, Some(0.9)),
        ];
        for (episode, (source, horizon, happened, market)) in episodes.iter_mut().zip(asked) {
            episode.question = Some(Question::Forecast {
                happened,
                source: source.into(),
                horizon: horizon.into(),
                market,
            });
        }
        suite.streams[0].stages.truncate(1);
        suite
    }

    /// What is said of the question at a place, when memories of others are cited with these scores.
    fn said(suite: &Suite, place: usize, cited: &[(usize, f64)], record: &KnownOutcomes) -> Act {
        let episodes: Vec<&Episode> = suite.episodes().map(|(_, episode)| episode).collect();
        let id = |place: usize| episodes[place].attempts[0].id.clone();
        let sources: Vec<Cited> = cited
            .iter()
            .flat_map(|(place, score)| Cited::each(&[Source::attempt(id(*place))], *score))
            .collect();
        let reader = Reader::new(suite);
        let attempts: Vec<String> = cited.iter().map(|(place, _)| id(*place)).collect();
        let learnt = reader.having_learnt(&attempts);
        let reading = Reading {
            guidance: &[],
            cited: &sources,
            visible: Visible::all(&learnt),
            record,
            seed: 0,
        };
        reader.read(episodes[place], &reading)
    }

    fn probability(act: &Act) -> f64 {
        act.answer.parse().unwrap()
    }

    #[test]
    fn a_memory_counts_by_its_score_squared_and_less_at_another_horizon() {
        let suite = questions();
        let nothing = KnownOutcomes::default();
        let of = |cited: &[(usize, f64)]| probability(&said(&suite, 0, cited, &nothing));
        assert_eq!(of(&[]), 0.5);
        let expected = |weight: f64| (2.5 + weight) / (5.0 + weight);
        for (place, score, weight) in [(1, 1.0, 1.0), (1, 0.5, 0.25), (1, 7.3, 1.0), (2, 1.0, 0.3)]
        {
            let off = of(&[(place, score)]) - expected(weight);
            assert!(off.abs() < 1e-4, "{place} with {score}: off by {off}");
        }
        let act = said(&suite, 0, &[(1, 1.0)], &nothing);
        let brier = (3.5_f64 / 6.0).powi(2);
        assert!((act.scores["brier"] - brier).abs() < 1e-9);
        assert!((act.reward.unwrap() - (1.0 - brier)).abs() < 1e-9);
    }

    #[test]
    fn a_market_is_followed_but_for_what_it_got_wrong_before() {
        let suite = questions();
        let nothing = KnownOutcomes::default();
        let act = said(&suite, 3, &[], &nothing);
        assert_eq!(probability(&act), 0.6);
        assert!((act.scores["market-brier"] - 0.16).abs() < 1e-9);
        assert!(!act.scores.contains_key("brier"));
        let act = said(&suite, 3, &[(4, 1.0)], &nothing);
        assert!((probability(&act) - (0.6 + 0.1 / 11.0)).abs() < 1e-4);
    }

    #[test]
    fn questions_with_and_without_a_market_say_nothing_of_each_other() {
        let suite = questions();
        let nothing = KnownOutcomes::default();
        assert_eq!(probability(&said(&suite, 3, &[(1, 1.0)], &nothing)), 0.6);
        assert_eq!(probability(&said(&suite, 0, &[(4, 1.0)], &nothing)), 0.5);
    }

    #[test]
    fn what_is_known_is_the_base_rate_and_nobodys_success() {
        let suite = questions();
        let reader = Reader::new(&suite);
        let mut record = KnownOutcomes::default();
        for (_, episode) in suite.episodes() {
            reader.reveal(&mut record, &episode.attempts[0].id);
        }
        assert!(record.agents.is_empty());
        let around = (5.0 * 2.0 / 3.0 + 2.0) / 8.0;
        let is = |source: &str, horizon: &str, expected: f64| {
            let rate = record.base_rates.of(source, horizon);
            assert!(
                (rate - expected).abs() < 1e-12,
                "{source} {horizon}: {rate}"
            );
        };
        is("a", "7", (5.0 * around + 1.0) / 7.0);
        is("a", "90", around);
        is("m", "open", 2.0 / 3.0);
        assert_eq!(BaseRates::default().of("a", "7"), 0.5);
    }
}
