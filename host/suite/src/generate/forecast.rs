//! Lane D, made: questions about the future, asked every second week at four horizons, with outcomes that arrive late.
//!
//! A question is about a series: something that is counted in a town, always in the same words. What makes it hard
//! lies in the sources. In one the chances drift; in one they all turn into their opposite on one day, so that what was
//! learnt before misleads; in one the same words mean the opposite in another town; one is so rare that its base rate
//! is all there is to know; and one is a coin, where whatever is remembered is noise.
//!
//! It is calibrated to ForecastBench: 0.5 everywhere, base rate, BM25 and dense, feedback and oracle stand in this
//! order by their Brier scores, and roughly at the distances that they have there.

use rand::Rng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::super::recorded::{resolution, task};
use super::super::{Episode, Lane, Question, Stage, Stream, Suite, Timing};
use super::{bits, one_of};

mod sources;

use sources::{Nature, SOURCES, Source};

/// As `memhost suite list` says it.
pub const SUMMARY: &str = "Generated (forecast): questions about drifting series with late outcomes, some of them mere coins";

/// Due dates.
const BATCHES: usize = 16;
/// The first of them are asked before much could have been learnt.
const WARM_UP: usize = 3;
/// Series of each source that are asked about on one date.
const ASKED: usize = 3;
/// How far ahead is asked, in days.
const HORIZONS: [u32; 4] = [7, 30, 90, 180];
/// Days between two dates.
const FORTNIGHT: usize = 14;
const DAY: f64 = 86_400_000.0;
/// The first due date: Sunday, 7 January 2024.
const START: f64 = 19_729.0 * DAY;
/// When what turns does: days after the start.
const TURN: usize = 6 * FORTNIGHT;
/// Days for which the chances are made: to the last outcome.
const DAYS: usize = BATCHES * FORTNIGHT + 181;
/// How far a log-odds drifts in a day, in standard deviations.
const DRIFT: f64 = 0.05;
/// Holds twenty questions with their outcomes.
const BUDGET: u32 = 2048;

/// The suite of a seed.
pub fn suite(seed: u64) -> Suite {
    let mut bits = bits(seed, 1);
    let series: Vec<Vec<Series>> = SOURCES
        .iter()
        .map(|source| all_series(source, &mut bits))
        .collect();
    let mut number = 0;
    let stages = (0..BATCHES).map(|batch| {
        let mut asked: Vec<(&Series, u32)> = series
            .iter()
            .flat_map(|of_source| of_source.choose_multiple(&mut bits, ASKED))
            .flat_map(|series| HORIZONS.map(|horizon| (series, horizon)))
            .collect();
        // Ids are given after the shuffle, so that they say nothing about the series.
        asked.shuffle(&mut bits);
        let episodes = asked
            .into_iter()
            .map(|(series, horizon)| {
                number += 1;
                episode(number, batch, series, horizon, &mut bits)
            })
            .collect();
        Stage {
            batched: true,
            warm_up: batch < WARM_UP,
            changed: batch * FORTNIGHT == TURN,
            ..Stage::shuffled(episodes)
        }
    });
    let stages = stages.collect();
    Suite {
        name: "forecast".into(),
        lane: Lane::Forecast,
        summary: SUMMARY.into(),
        left_out: Vec::new(),
        streams: vec![Stream {
            name: "questions".into(),
            stages,
        }],
        budgets: vec![BUDGET],
        primary: "brier".into(),
    }
}

/// Something that either comes true or not, again and again.
struct Series {
    source: &'static str,
    id: String,
    text: String,
    /// The chance that it comes true, by day.
    chances: Vec<f64>,
}

fn all_series(source: &'static Source, bits: &mut ChaCha8Rng) -> Vec<Series> {
    let mut all = Vec::new();
    for (place, thing) in source.things.iter().enumerate() {
        for (town_place, town) in source.towns.iter().enumerate() {
            let noise: f64 = StandardNormal.sample(bits);
            let start = source.nature.log_odds(place, town_place);
            all.push(Series {
                source: source.name,
                id: format!("{:08x}", bits.random::<u32>()),
                text: one_of(bits, source.wordings)
                    .replace("{thing}", thing)
                    .replace("{town}", town),
                chances: chances(source.nature, start + source.nature.variety() * noise, bits),
            });
        }
    }
    all
}

fn chances(nature: Nature, start: f64, bits: &mut ChaCha8Rng) -> Vec<f64> {
    let mut log_odds = start;
    (0..DAYS)
        .map(|day| {
            if nature == Nature::Drifting {
                let step: f64 = StandardNormal.sample(bits);
                log_odds += DRIFT * step;
            }
            let turned = nature == Nature::Turning && day >= TURN;
            let now = if turned { -log_odds } else { log_odds };
            1.0 / (1.0 + (-now).exp())
        })
        .collect()
}

fn episode(
    number: usize,
    batch: usize,
    series: &Series,
    horizon: u32,
    bits: &mut ChaCha8Rng,
) -> Episode {
    let asked = batch * FORTNIGHT;
    let known = asked + horizon as usize;
    let chance = series.chances.get(known).copied().unwrap_or(0.5);
    let happened = bits.random_bool(chance);
    let horizon = horizon.to_string();
    let labels = [
        ("horizon", horizon.as_str()),
        ("series", &series.id),
        ("source", series.source),
    ];
    let task = task(format!("forecast-{number}"), series.text.clone(), &labels);
    Episode {
        question: Some(Question::Forecast {
            happened,
            source: series.source.into(),
            horizon,
            market: None,
        }),
        attempts: vec![resolution(&task, happened)],
        withheld: Vec::new(),
        group: format!("date-{batch:02}"),
        timing: Timing {
            asked: Some(START + asked as f64 * DAY),
            known: Some(START + known as f64 * DAY),
        },
        check: None,
        task,
    }
}
