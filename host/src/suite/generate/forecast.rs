//! Lane D, made: questions about the future, asked every second week at four horizons, with outcomes that arrive late.
//!
//! A question is about a series: something that is counted in a town. Each series comes true with a chance that its
//! thing shares across towns, so that the same words, and similar ones, tell something. What makes it hard lies
//! in the sources: in one the chances drift, in one most of them turn into their opposite half-way, so that
//! what was learnt before misleads; and one is a coin, where whatever is remembered is noise. Another is so rare that its
//! base rate is all there is to know.

use rand::Rng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::super::recorded::{resolution, task};
use super::super::{Episode, Lane, Question, Stage, Stream, Suite, Timing};
use super::bits;

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
const TURN: usize = BATCHES / 2 * FORTNIGHT;
/// Days for which the chances are made: to the last outcome.
const DAYS: usize = BATCHES * FORTNIGHT + 181;
/// How far a log-odds drifts in a day, in standard deviations.
const DRIFT: f64 = 0.08;
/// How much a town differs from the others, in log-odds.
const TOWN: f64 = 0.3;
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
            shuffled: true,
            batched: true,
            warm_up: batch < WARM_UP,
            episodes,
        }
    });
    let stages = stages.collect();
    Suite {
        name: "forecast".into(),
        lane: Lane::Forecast,
        summary: SUMMARY.into(),
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
    source: &'static Source,
    thing: &'static str,
    town: &'static str,
    id: String,
    /// The chance that it comes true, by day.
    chances: Vec<f64>,
}

fn all_series(source: &'static Source, bits: &mut ChaCha8Rng) -> Vec<Series> {
    let mut all = Vec::new();
    for (place, thing) in source.things.iter().enumerate() {
        for town in source.towns {
            let id = format!("{:08x}", bits.random::<u32>());
            let noise: f64 = StandardNormal.sample(bits);
            let start = source.nature.log_odds(place) + TOWN * source.nature.variety() * noise;
            all.push(Series {
                source,
                thing,
                town,
                id,
                chances: chances(source.nature, place, start, bits),
            });
        }
    }
    all
}

fn chances(nature: Nature, place: usize, start: f64, bits: &mut ChaCha8Rng) -> Vec<f64> {
    let mut log_odds = start;
    (0..DAYS)
        .map(|day| {
            if nature == Nature::Drifting {
                let step: f64 = StandardNormal.sample(bits);
                log_odds += DRIFT * step;
            }
            let turned = nature == Nature::Turning && day >= TURN && place > 0;
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
    let source = series.source;
    let asked = batch * FORTNIGHT;
    let known = asked + horizon as usize;
    let chance = series.chances.get(known).copied().unwrap_or(0.5);
    let happened = bits.random_bool(chance);
    let wording = source.wordings.choose(bits).copied().unwrap_or_default();
    let text = wording
        .replace("{thing}", series.thing)
        .replace("{town}", series.town);
    let horizon = horizon.to_string();
    let labels = [
        ("horizon", horizon.as_str()),
        ("series", &series.id),
        ("source", source.name),
    ];
    let task = task(format!("forecast-{number}"), text, &labels);
    Episode {
        question: Some(Question::Forecast {
            happened,
            source: source.name.into(),
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
