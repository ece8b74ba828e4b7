//! Lane `retry`, made: devices with settings that have one right value each, which several tries are to find.
//!
//! A try sets everything, and is told of each setting whether it is right; one time in ten that is not so. Nothing is known
//! of a device from others: what can be learnt is what its own tries were told. What makes it hard: no single try knows
//! enough, and the one that scored best says less than all of them together.

use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::super::recorded::task;
use super::super::{Episode, Lane, Question, Slot, Stage, Stream, Suite};
use super::bits;

/// As `memhost suite list` says it.
pub const SUMMARY: &str = "Generated (retry): devices whose settings are found by trying, with feedback that is sometimes wrong";

const TASKS: usize = 80;
/// The most tries.
const TRIES: u32 = 5;
/// How often a try is told the opposite.
const NOISE: f64 = 0.1;

/// What is to be set, and to what. With more of both, nobody finds anything in five tries.
const SETTINGS: [(&str, [&str; 4]); 4] = [
    ("mode", ["quiet", "steady", "brisk", "full"]),
    ("valve", ["north", "east", "south", "west"]),
    ("lamp", ["amber", "green", "violet", "white"]),
    ("belt", ["narrow", "broad", "ribbed", "smooth"]),
];

/// The suite of a seed.
pub fn suite(seed: u64) -> Suite {
    let bits = &mut bits(seed, 0);
    let episodes = (0..TASKS).map(|number| episode(number, bits)).collect();
    Suite {
        name: "retry".into(),
        lane: Lane::Retry,
        summary: SUMMARY.into(),
        left_out: Vec::new(),
        streams: vec![Stream {
            name: "devices".into(),
            stages: vec![Stage::shuffled(episodes)],
        }],
        budgets: vec![1024],
        primary: format!("solved@{TRIES}"),
    }
}

fn episode(number: usize, bits: &mut ChaCha8Rng) -> Episode {
    let slots = SETTINGS.map(|(name, mut values)| {
        values.shuffle(bits);
        let right = values[bits.random_range(0..values.len())].to_owned();
        Slot {
            name: name.to_owned(),
            values: values.map(str::to_owned).to_vec(),
            right,
        }
    });
    let settings = slots
        .iter()
        .map(|slot| format!("{} ({})", slot.name, slot.values.join(", ")));
    let text = format!(
        "Set device {number} so that it runs: {}.",
        settings.collect::<Vec<_>>().join(", ")
    );
    let task = task(format!("device-{number}"), text, &[]);
    Episode {
        question: Some(Question::Assign {
            slots: slots.to_vec(),
            noise: NOISE,
            tries: TRIES,
        }),
        ..Episode::of(task)
    }
}
