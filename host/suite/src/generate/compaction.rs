//! Lane `compaction`, made: long runs of a travel desk, which are to be shortened before the agent goes on.
//!
//! In each turn a look-up answers with a record of several values, among talk that tells nothing. Later calls take some of
//! them: those of the last turns most often, those of the first turn too, and now and then any other. Most values have
//! digits in them, some are names; most of what has digits is never asked for again (*decoys*). Sometimes a value is
//! replaced by another: what is needed is then the new one, and the old one is an error.

use memhost_contract::{Actor, Step};
use rand::Rng;
use rand::seq::{IteratorRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;

use super::super::recorded::{attempt, graded, said, task, tool};
use super::super::text::has_value;
use super::super::{Episode, Lane, Question, Stage, Stream, Suite};
use super::evidence::talk::{FILLERS, OPENINGS};
use super::transfer::name;
use super::{bits, one_of};

/// As `memhost suite list` says it.
pub const SUMMARY: &str =
    "Generated (compaction): long runs to be shortened, and what later calls need of them";

/// Runs that are learnt from, and runs that are asked about.
const LEARNT: usize = 12;
const ASKED: usize = 40;
/// Turns of a run, and after which of them it is to be shortened.
const TURNS: usize = 30;
const ASKED_AFTER: [usize; 3] = [20, 24, 27];
/// Values of a record that may be asked for again, and of those that never are.
const VALUES: usize = 3;
const DECOYS: usize = 3;
/// What people talk about.
const TOPICS: &[&str] = &["trains", "hotels", "visas", "long walks"];
/// Sentences of a talk, of which each turn has two.
const TALK: usize = 3;
/// How often a value is a name, and has no digit; the passenger of the first record is one always.
const NAMED: f64 = 0.05;
/// How often a turn replaces a value of an earlier one.
const REPLACED: f64 = 0.1;
/// What a call takes: how often it is of the last [`LATELY`] turns, how often of the first one; else of any.
const OF_LATE: f64 = 0.3;
const OF_THE_FIRST: f64 = 0.4;
const LATELY: usize = 2;
/// Values that a call takes.
const TAKEN: usize = 2;
/// In tokens.
const BUDGET: u32 = 512;

/// What a record tells, in the order of its values.
const FIELDS: [&str; VALUES] = ["booking", PASSENGER, "ticket"];
const PASSENGER: &str = "passenger";
const ASIDE: [&str; DECOYS] = ["log", "request", "session"];

/// A value that may be needed later: where it is told, and what holds now.
struct Known {
    turn: usize,
    /// The turn that spoke of it last.
    last: usize,
    value: String,
    /// What held before.
    before: Option<String>,
}

/// A run, and what each of its turns takes.
struct Run {
    turns: Vec<Vec<Step>>,
    taken: Vec<Vec<String>>,
    /// What was replaced when, by what.
    replaced: Vec<(usize, String, String)>,
}

/// The suite of a seed.
pub fn suite(seed: u64) -> Suite {
    let bits = &mut bits(seed, 0);
    let learnt = (0..LEARNT).map(|number| learn(number, &run(bits)));
    let learnt = learnt.collect();
    let asked = (LEARNT..LEARNT + ASKED).flat_map(|number| {
        let run = run(bits);
        ASKED_AFTER.map(|turns| question(number, turns, &run))
    });
    Suite {
        name: "compaction".into(),
        lane: Lane::Compaction,
        summary: SUMMARY.into(),
        left_out: Vec::new(),
        streams: vec![Stream {
            name: "desk".into(),
            stages: vec![Stage::shuffled(learnt), Stage::shuffled(asked.collect())],
        }],
        budgets: vec![BUDGET],
        primary: "kept".into(),
    }
}

fn run(bits: &mut ChaCha8Rng) -> Run {
    let mut run = Run {
        turns: Vec::new(),
        taken: Vec::new(),
        replaced: Vec::new(),
    };
    let mut known: Vec<Known> = Vec::new();
    for turn in 0..TURNS {
        let taken = take(&mut known, turn, bits);
        let mut steps = vec![said(Actor::User, talk(bits))];
        steps.push(tool(Actor::Action, "look_up", arguments(&taken)));
        let mut told = Vec::new();
        if turn > 0 && bits.random_bool(REPLACED) {
            told.extend(replace(turn, &mut known, &mut run, bits));
        }
        told.push(record(turn, &mut known, bits));
        told.push(talk(bits));
        told.shuffle(bits);
        steps.push(tool(Actor::Observation, "look_up", told.join("\n")));
        run.turns.push(steps);
        run.taken.push(taken);
    }
    run
}

/// What a call of this turn takes of what holds.
fn take(known: &mut [Known], turn: usize, bits: &mut ChaCha8Rng) -> Vec<String> {
    let mut taken: Vec<String> = Vec::new();
    for _ in 0..TAKEN {
        let lot: f64 = bits.random();
        let of = |known: &Known| match lot {
            lot if lot < OF_LATE => known.last + LATELY >= turn,
            lot if lot < OF_LATE + OF_THE_FIRST => known.turn == 0,
            _ => true,
        };
        let candidates = known.iter_mut().filter(|known| of(known));
        let Some(chosen) = candidates.choose(bits) else {
            continue;
        };
        chosen.last = turn;
        if !taken.contains(&chosen.value) {
            taken.push(chosen.value.clone());
        }
    }
    taken
}

/// A line that tells some values, and some that nobody asks for.
fn record(turn: usize, known: &mut Vec<Known>, bits: &mut ChaCha8Rng) -> String {
    let mut told = Vec::new();
    for field in FIELDS {
        let value = match turn == 0 && field == PASSENGER {
            true => named(bits),
            false => value(bits),
        };
        told.push(format!("{field} {value}"));
        known.push(Known {
            turn,
            last: turn,
            value,
            before: None,
        });
    }
    told.extend(ASIDE.map(|field| format!("{field} {}", id(bits))));
    told.shuffle(bits);
    format!("Record {}: {}.", turn + 1, told.join(", "))
}

/// A line that tells what holds in place of what was told before.
fn replace(
    turn: usize,
    known: &mut [Known],
    run: &mut Run,
    bits: &mut ChaCha8Rng,
) -> Option<String> {
    let place = bits.random_range(0..known.len());
    let replaced = known
        .get_mut(place)
        .filter(|known| known.before.is_none())?;
    let number = replaced.turn + 1;
    let field = FIELDS.get(place % VALUES)?;
    let old = std::mem::replace(&mut replaced.value, value(bits));
    replaced.last = turn;
    replaced.before = Some(old.clone());
    run.replaced.push((turn, old, replaced.value.clone()));
    Some(format!(
        "The {field} of record {number} is {} from now on.",
        replaced.value
    ))
}

fn value(bits: &mut ChaCha8Rng) -> String {
    match bits.random_bool(NAMED) {
        true => named(bits),
        false => id(bits),
    }
}

fn named(bits: &mut ChaCha8Rng) -> String {
    format!("{}{}", name(bits), name(bits).to_lowercase())
}

/// Letters and digits that stand nowhere else.
fn id(bits: &mut ChaCha8Rng) -> String {
    let mut letter = || char::from(bits.random_range(b'A'..=b'Z'));
    let letters: String = [letter(), letter()].into_iter().collect();
    format!("{letters}{}", bits.random_range(10_000..100_000))
}

fn talk(bits: &mut ChaCha8Rng) -> String {
    let sentences = (0..TALK).map(|_| match bits.random_bool(0.3) {
        true => one_of(bits, OPENINGS),
        false => one_of(bits, FILLERS),
    });
    let sentences: Vec<&str> = sentences.collect();
    sentences.join("\n").replace("{s}", one_of(bits, TOPICS))
}

fn arguments(values: &[String]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| format!("\"{value}\"")).collect();
    format!("{{\"of\": [{}]}}", quoted.join(", "))
}

fn learn(number: usize, run: &Run) -> Episode {
    let task = task(format!("trip-{number}"), "Arrange a trip.".into(), &[]);
    let steps = run.turns.iter().flatten().cloned().collect();
    let done = attempt(format!("{}-0", task.id), &task, 0, steps, graded(1.0));
    Episode {
        attempts: vec![done],
        ..Episode::of(task)
    }
}

/// What is asked of a run after so many turns.
fn question(number: usize, turns: usize, run: &Run) -> Episode {
    let (so_far, _) = run.turns.split_at(turns.min(run.turns.len()));
    let so_far: Vec<Step> = so_far.iter().flatten().cloned().collect();
    let stands = |value: &String| so_far.iter().any(|step| has_value(&step.text, value));
    let mut needed: Vec<String> = Vec::new();
    for value in run.taken.iter().skip(turns).flatten() {
        if stands(value) && !needed.contains(value) {
            needed.push(value.clone());
        }
    }
    let outdated = run
        .replaced
        .iter()
        .filter(|(when, _, new)| *when < turns && needed.contains(new));
    let outdated = outdated.map(|(_, old, _)| old.clone()).collect();
    let task = task(
        format!("trip-{number}-{turns}"),
        "Arrange a trip.".into(),
        &[],
    );
    Episode {
        question: Some(Question::Keep {
            run: so_far,
            needed,
            outdated,
        }),
        group: format!("trip-{number}"),
        ..Episode::of(task)
    }
}
