//! Lane B, made: tasks on three sites as they come in, each with one recorded attempt.
//!
//! Tasks belong to families: one kind of request with other names and dates in it, one procedure that solves it, and
//! one chance that the agent succeeds. What makes it hard: families share their verbs, their objects and their
//! values with others, and some requests are worded differently. Among them are poisoned attempts: requests that
//! borrow the words of several families, end in failure and belong to none.

use std::collections::BTreeSet;

use memhost_contract::{Actor, Step, Task};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::super::recorded::{attempt, graded, said, task, tool};
use super::super::{Episode, Lane, Question, Stage, Stream, Suite};
use super::{one_of, streams};

pub(super) mod sites;

use sites::{PERIODS, SITES, SYLLABLES, Site, VERBS, Verb};

/// As `memhost suite list` says it.
pub const SUMMARY: &str =
    "Generated (transfer): families of web tasks with recorded attempts, some of them poisoned";

/// Of each site.
const MAKING: Making = Making {
    families: 20,
    tasks: 5,
    poisoned: 6,
    reworded: 0.05,
    chance_of_verb: false,
    question: |_, kind| Question::Kind { kind },
};
/// Chances of success: what an agent can do, and what it cannot.
const CHANCES: [f64; 5] = [0.03, 0.97, 0.1, 0.9, 0.5];

/// The suite of a seed.
pub fn suite(seed: u64) -> Suite {
    Suite {
        name: "transfer".into(),
        lane: Lane::Transfer,
        summary: SUMMARY.into(),
        left_out: Vec::new(),
        streams: streams(seed, SITES, |site, bits| stream(site, &MAKING, bits)),
        budgets: vec![1024],
        primary: "hit@1".into(),
    }
}

/// How many tasks a site has, and what is asked of them.
pub(super) struct Making {
    pub(super) families: usize,
    /// Of each family.
    pub(super) tasks: usize,
    pub(super) poisoned: usize,
    /// How often a request is worded differently than its family usually is.
    pub(super) reworded: f64,
    /// Whether what is done goes as well with every object, on every site.
    pub(super) chance_of_verb: bool,
    /// By a task's family, and the family's name.
    pub(super) question: fn(&Family, String) -> Question,
}

/// Requests of one kind.
pub(super) struct Family {
    verb: &'static Verb,
    object: &'static sites::Object,
    chance: f64,
}

impl Family {
    /// What leads to the object, and what is then done with it.
    fn procedure(&self) -> Vec<&'static str> {
        [self.object.way, self.verb.way].concat()
    }

    /// The tools of the procedure, without repeats.
    pub(super) fn tools(&self) -> Vec<String> {
        let tools: BTreeSet<&str> = self.procedure().into_iter().collect();
        tools.into_iter().map(str::to_owned).collect()
    }
}

/// The tasks of a site as they come in.
pub(super) fn stream(site: &'static Site, making: &Making, bits: &mut ChaCha8Rng) -> Stream {
    let families = families(site, making, bits);
    let mut episodes = Vec::new();
    for (number, family) in families.iter().enumerate() {
        for _ in 0..making.tasks {
            let text = request(site, family, making, bits);
            let kind = format!("{}-family-{number}", site.name);
            episodes.push((text, family, Some(kind)));
        }
    }
    for _ in 0..making.poisoned {
        if let Some((text, family)) = poisoned(site, &families, bits) {
            episodes.push((text, family, None));
        }
    }
    // Ids are given after the shuffle, so that they say nothing about the family.
    episodes.shuffle(bits);
    let episodes = episodes
        .into_iter()
        .enumerate()
        .map(|(number, (text, family, kind))| {
            let id = format!("{}-{number}", site.name);
            let task = task(id, text, &[("site", site.name)]);
            episode(task, family, kind, making, bits)
        })
        .collect();
    Stream {
        name: site.name.to_owned(),
        stages: vec![Stage::shuffled(episodes)],
    }
}

fn families(site: &'static Site, making: &Making, bits: &mut ChaCha8Rng) -> Vec<Family> {
    let verbs = VERBS.iter().zip(CHANCES.iter().cycle());
    let mut pairs: Vec<((&'static Verb, &f64), &'static sites::Object)> = verbs
        .flat_map(|verb| site.objects.iter().map(move |object| (verb, object)))
        .collect();
    pairs.shuffle(bits);
    pairs
        .into_iter()
        .take(making.families)
        .zip(CHANCES.iter().cycle())
        .map(|(((verb, of_verb), object), chance)| Family {
            verb,
            object,
            chance: if making.chance_of_verb {
                *of_verb
            } else {
                *chance
            },
        })
        .collect()
}

fn request(site: &Site, family: &Family, making: &Making, bits: &mut ChaCha8Rng) -> String {
    let (verb, object) = if bits.random_bool(making.reworded) {
        (family.verb.reworded, family.object.reworded)
    } else {
        (family.verb.usual, family.object.usual)
    };
    with_values(verb, object, site, bits)
}

fn with_values(verb: &str, object: &str, site: &Site, bits: &mut ChaCha8Rng) -> String {
    let item = format!("the {} {}", name(bits), one_of(bits, site.things));
    let person = format!("{} {}", name(bits), name(bits));
    verb.replace("{object}", object)
        .replace("{item}", &item)
        .replace("{person}", &person)
        .replace("{period}", one_of(bits, PERIODS))
}

/// A made-up name.
pub(super) fn name(bits: &mut ChaCha8Rng) -> String {
    let syllables: String = (0..bits.random_range(2..4))
        .map(|_| one_of(bits, SYLLABLES))
        .collect();
    let mut letters = syllables.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// A request in the words of one family about the objects of two others.
fn poisoned<'a>(
    site: &Site,
    families: &'a [Family],
    bits: &mut ChaCha8Rng,
) -> Option<(String, &'a Family)> {
    let mut mixed: Vec<&Family> = families.iter().collect();
    mixed.shuffle(bits);
    let [first, second, third, ..] = mixed.as_slice() else {
        return None;
    };
    let object = format!("{} and {}", second.object.usual, third.object.usual);
    Some((with_values(first.verb.usual, &object, site, bits), first))
}

fn episode(
    task: Task,
    family: &Family,
    kind: Option<String>,
    making: &Making,
    bits: &mut ChaCha8Rng,
) -> Episode {
    let solved = kind.is_some() && bits.random_bool(family.chance);
    let outcome = graded(f64::from(u8::from(solved)));
    let steps = steps(family, solved, bits);
    Episode {
        attempts: vec![attempt(format!("{}-0", task.id), &task, 0, steps, outcome)],
        group: kind.clone().unwrap_or_else(|| task.id.clone()),
        question: kind.map(|kind| (making.question)(family, kind)),
        ..Episode::of(task)
    }
}

/// The procedure of the family; an attempt that failed took a wrong turn and gave up.
fn steps(family: &Family, solved: bool, bits: &mut ChaCha8Rng) -> Vec<Step> {
    let mut procedure = family.procedure();
    if !solved {
        let kept = bits.random_range(1..procedure.len().max(2));
        procedure.truncate(kept);
        procedure.push("go_back");
    }
    let mut steps: Vec<Step> = procedure
        .into_iter()
        .flat_map(|name| {
            [
                tool(Actor::Action, name, "{}"),
                tool(Actor::Observation, name, "done"),
            ]
        })
        .collect();
    let answer = if solved {
        "This is done."
    } else {
        "I could not find a way to do this."
    };
    steps.push(said(Actor::Answer, answer));
    steps
}
