//! Built-in suites: seeded generators, so that anybody can compare strategies without a data set or a licence.
//!
//! They are calibrated: random, recency, BM25 and dense stand in the order, and roughly at the distances, that they
//! have on the real data of the same lane (BFCL memory for [`evidence`], WebArena for [`transfer`],
//! HotpotQA for [`hops`], tau-bench for [`steps`] and
//! [`compaction`]).

use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::{Stream, Suite};

pub mod compaction;
pub mod discovery;
pub mod domains;
pub mod evidence;
pub mod forecast;
pub mod hops;
pub mod retry;
pub mod routing;
pub mod steps;
pub mod transfer;

/// The seed of the built-in suites. Runs shuffle by seeds of their own.
pub const SEED: u64 = 1;

/// The generators, one per lane.
pub const NAMES: [&str; 10] = [
    "evidence",
    "transfer",
    "routing",
    "forecast",
    "discovery",
    "hops",
    "domains",
    "steps",
    "compaction",
    "retry",
];

/// The suite that the generator of this name makes of a seed; `None` if there is no such generator.
pub fn suite(name: &str, seed: u64) -> Option<Suite> {
    match name {
        "evidence" => Some(evidence::suite(seed)),
        "transfer" => Some(transfer::suite(seed)),
        "routing" => Some(routing::suite(seed)),
        "forecast" => Some(forecast::suite(seed)),
        "discovery" => Some(discovery::suite(seed)),
        "hops" => Some(hops::suite(seed)),
        "domains" => Some(domains::suite(seed)),
        "retry" => Some(retry::suite(seed)),
        "compaction" => Some(compaction::suite(seed)),
        "steps" => Some(steps::suite(seed)),
        _ => None,
    }
}

/// The random bits of one part of a suite, whatever the others draw.
fn bits(seed: u64, part: u64) -> ChaCha8Rng {
    let mut bits = ChaCha8Rng::seed_from_u64(seed);
    bits.set_stream(part);
    bits
}

/// A stream of each of these, with random bits of its own.
fn streams<T>(
    seed: u64,
    of: impl IntoIterator<Item = T>,
    make: impl Fn(T, &mut ChaCha8Rng) -> Stream,
) -> Vec<Stream> {
    let parts = of.into_iter().zip(1u64..);
    parts
        .map(|(one, part)| make(one, &mut bits(seed, part)))
        .collect()
}

/// One of these; the empty text of none.
fn one_of<'a>(bits: &mut ChaCha8Rng, of: &[&'a str]) -> &'a str {
    of.choose(bits).copied().unwrap_or_default()
}
