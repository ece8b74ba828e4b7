//! Lane C, made: the same tasks come in five times, each pass in another order, and somebody has to be sent.
//!
//! Tasks belong to families that take one skill. An agent is an expert in some families and does poorly in the others,
//! or is mediocre everywhere: counting successes finds the best agent, and only experience with similar tasks finds the
//! expert. What makes it hard: domains share their words, requests are wrapped in remarks that say nothing, only the
//! agent that is sent is heard of, and two agents, one of them the strongest, arrive when everybody else is known.
//!
//! Every agent that is there has three recorded attempts at each arrival of a task, drawn anew each time.

use std::collections::BTreeMap;

use memhost_contract::{Actor, Agent, Attempt, Step, Task};
use rand::Rng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;

use super::super::recorded::{attempt, graded, said, task, tool};
use super::super::{Episode, Lane, Question, Stage, Stream, Suite};
use super::{bits, one_of};

mod work;

use work::{FAMILIES, Family, PLACES, REMARKS, WORKERS};

/// As `memhost suite list` says it.
pub const SUMMARY: &str =
    "Generated (routing): recurring tasks of twenty kinds, and agents who are good at some of them";

const KINDS: usize = 10;
const TASKS_PER_FAMILY: usize = 8;
/// How often each task comes in.
const PASSES: usize = 5;
/// Recorded attempts of an agent at one arrival of a task.
const TRIALS: usize = 3;
/// How often an expert succeeds.
const EXPERT: f64 = 0.93;
/// How often a request is worded differently than its family usually is.
const REWORDED: f64 = 0.15;
/// How often a remark follows that says nothing.
const REMARKED: f64 = 0.4;
/// By how much a task may be easier or harder than its family is for an agent.
const SPREAD: f64 = 0.06;

/// The suite of a seed.
pub fn suite(seed: u64) -> Suite {
    Suite {
        name: "routing".into(),
        lane: Lane::Routing,
        summary: SUMMARY.into(),
        left_out: Vec::new(),
        streams: vec![stream(&mut bits(seed, 1))],
        budgets: vec![4096],
        primary: "success".into(),
    }
}

/// A task that comes in again and again.
struct Recurring {
    number: usize,
    family: &'static Family,
    text: String,
    /// How often each worker succeeds in it.
    chances: [f64; WORKERS.len()],
}

fn stream(bits: &mut ChaCha8Rng) -> Stream {
    let mut tasks = tasks(bits);
    let mut stages = Vec::new();
    for pass in 0..PASSES {
        // Ids are given after a shuffle, so that they say nothing about the task.
        tasks.shuffle(bits);
        let first = pass * tasks.len();
        let arrivals = tasks.iter().zip(first..);
        stages.push(Stage::shuffled(
            arrivals
                .map(|(task, number)| arrival(task, number, pass, bits))
                .collect(),
        ));
    }
    Stream {
        name: "main".into(),
        stages,
    }
}

fn tasks(bits: &mut ChaCha8Rng) -> Vec<Recurring> {
    let mut families: Vec<&'static Family> = FAMILIES.iter().collect();
    families.shuffle(bits);
    families.truncate(KINDS);
    // Each family has one expert, and each expert its share of families.
    let experts = WORKERS.iter().cycle().filter(|worker| worker.is_expert);
    let mut tasks = Vec::new();
    for (family, expert) in families.into_iter().zip(experts) {
        for thing in family.things.iter().cycle().take(TASKS_PER_FAMILY) {
            let chances = WORKERS.each_ref().map(|worker| {
                let usual = if worker.id == expert.id {
                    EXPERT
                } else {
                    worker.elsewhere
                };
                usual + bits.random_range(-SPREAD..SPREAD)
            });
            tasks.push(Recurring {
                number: tasks.len(),
                family,
                text: request(family, thing, bits),
                chances,
            });
        }
    }
    tasks
}

/// A request, at times with a remark.
fn request(family: &Family, thing: &str, bits: &mut ChaCha8Rng) -> String {
    let request = if bits.random_bool(REWORDED) {
        one_of(bits, &family.reworded)
    } else {
        family.usual
    };
    let remark = if bits.random_bool(REMARKED) {
        one_of(bits, &REMARKS)
    } else {
        ""
    };
    let text = format!("{request} {remark}").replace("{thing}", thing);
    let text = text.replace("{place}", one_of(bits, &PLACES));
    let text = text.replace("{number}", &bits.random_range(2..40).to_string());
    text.trim_end().to_owned()
}

fn arrival(recurring: &Recurring, number: usize, pass: usize, bits: &mut ChaCha8Rng) -> Episode {
    let task = task(
        format!("arrival-{number}"),
        recurring.text.clone(),
        &[("domain", recurring.family.domain)],
    );
    let mut attempts = Vec::new();
    let mut values = BTreeMap::new();
    let workers = WORKERS.iter().zip(recurring.chances).zip(0u32..);
    for ((worker, chance), rank) in workers.filter(|((w, _), _)| w.arrives <= pass) {
        values.insert(worker.id.to_owned(), chance);
        let agent = Agent {
            rank,
            ..Agent::new(worker.id, worker.id)
        };
        for trial in 0..TRIALS {
            let id = format!("{}-{}", task.id, attempts.len());
            let solved = bits.random_bool(chance);
            attempts.push(Attempt {
                agent: agent.clone(),
                ..run(id, &task, recurring.family, trial, solved, bits)
            });
        }
    }
    Episode {
        question: Some(Question::Route { values }),
        attempts,
        group: format!("task-{}", recurring.number),
        ..Episode::of(task)
    }
}

fn run(
    id: String,
    task: &Task,
    family: &Family,
    trial: usize,
    solved: bool,
    bits: &mut ChaCha8Rng,
) -> Attempt {
    let steps = steps(family, solved, bits);
    let outcome = graded(f64::from(u8::from(solved)));
    Attempt {
        answer: "Done.".into(),
        ..attempt(id, task, trial, steps, outcome)
    }
}

/// The procedure of the family; an attempt that failed put a step of another in the place of one of its own.
fn steps(family: &Family, solved: bool, bits: &mut ChaCha8Rng) -> Vec<Step> {
    let mut way = family.way;
    if !solved {
        let wrong = FAMILIES
            .choose(bits)
            .map_or("guess", |other| one_of(bits, &other.way));
        let at = bits.random_range(0..way.len());
        if let Some(step) = way.get_mut(at) {
            *step = if *step == wrong { "guess" } else { wrong };
        }
    }
    let called = way.into_iter().flat_map(|name| {
        [
            tool(Actor::Action, name, "{}"),
            tool(Actor::Observation, name, "ok"),
        ]
    });
    called.chain([said(Actor::Answer, "Done.")]).collect()
}
