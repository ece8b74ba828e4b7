//! The floors of lane `retry`. They remember every try that failed, and cite some of those of the task itself.
//!
//! - `none`: no try, so that each is as good as the first one.
//! - `random`: any one try. `best`: the one that scored best, of equals the latest. `last`: the latest.
//! - `best-two`, `last-two`: two of them. `all`: every one.
//! - `oracle`: those that together speak most for what is right.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use memhost::capability::CallContext;
use memhost::contract::{
    Actor, Attempt, Change, Counters, Fault, Guidance, Label, Memory, NewMemory, Op, Query, Source,
};
use memhost::strategy::Strategy;
use memhost_suite::{Question, Slot, Suite};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::floor::{Floor, floor};
use super::ordered::{memory, oldest_first};
use super::packing::Packing;

/// The label with the task of a try.
const TASK: &str = "task";
/// More tries than this the oracle does not weigh against each other.
const MOST_WEIGHED: usize = 10;

/// In the order in which reports show them.
pub(super) fn floors(suite: &Suite) -> Vec<Arc<dyn Strategy>> {
    let floor = |name, summary, cites| floor(name, summary, Retrying(cites));
    let slots = suite.questions().filter_map(|(episode, question)| {
        let Question::Assign { slots, .. } = question else {
            return None;
        };
        Some((episode.task.id.clone(), slots.clone()))
    });
    vec![
        floor("none", "No try: every one is the first.", Cites::Nothing),
        floor("random", "Any one try, by the run's seed.", Cites::Any),
        floor("best", "The try that scored best.", Cites::Best(1)),
        floor("last", "The latest try.", Cites::Last(1)),
        floor("best-two", "The two that scored best.", Cites::Best(2)),
        floor("last-two", "The two latest.", Cites::Last(2)),
        floor("all", "All tries.", Cites::Last(usize::MAX)),
        floor(
            "oracle",
            "The tries that together speak most for what is right.",
            Cites::Gold(slots.collect()),
        ),
    ]
}

/// A floor that cites these of a task's tries.
struct Retrying(Cites);

enum Cites {
    Nothing,
    Any,
    /// So many of those that scored best.
    Best(usize),
    /// So many of the latest.
    Last(usize),
    /// By task, what is to be assigned.
    Gold(HashMap<String, Vec<Slot>>),
}

#[async_trait]
impl Floor for Retrying {
    fn distill(&self, _context: &CallContext, attempts: &[Attempt]) -> Vec<Change> {
        if matches!(self.0, Cites::Nothing) {
            return Vec::new();
        }
        let tries = attempts.iter().map(remember);
        tries
            .map(|tried| Change::at_once(Op::Insert(tried)))
            .collect()
    }

    async fn retrieve(&self, context: &CallContext, query: &Query) -> Result<Guidance, Fault> {
        let mut tries = oldest_first(context)?;
        tries.retain(|tried| is_of(tried, &query.task.id));
        // The newest first.
        tries.reverse();
        match &self.0 {
            Cites::Nothing => tries.clear(),
            Cites::Any => {
                tries.shuffle(&mut ChaCha8Rng::seed_from_u64(context.run.seed));
                tries.truncate(1);
            }
            Cites::Best(most) => {
                // Stable: of equals, the newest stays first.
                tries.sort_by(|one, other| score(other).total_cmp(&score(one)));
                tries.truncate(*most);
            }
            Cites::Last(most) => tries.truncate(*most),
            Cites::Gold(slots) => {
                let slots = slots.get(&query.task.id).map(Vec::as_slice);
                tries = speaking_most(tries, slots.unwrap_or_default());
            }
        }
        let mut packing = Packing::new(query.token_budget);
        for tried in tries {
            packing.offer(&tried.id, 1.0, tried.content);
        }
        Ok(packing.finish())
    }
}

/// A try: what each of its steps was told, and what it scored, as its weight.
fn remember(attempt: &Attempt) -> NewMemory {
    let told = attempt.steps.iter();
    let told = told.filter(|step| step.actor == Actor::Observation);
    let told: Vec<&str> = told.map(|step| step.text.as_str()).collect();
    let text = &attempt.task.text;
    let tried = memory("try", told.join("\n"), text, Source::attempt(&attempt.id));
    NewMemory {
        labels: vec![Label {
            name: TASK.to_owned(),
            value: attempt.task.id.clone(),
        }],
        counters: Counters {
            weight: attempt.outcome.score.unwrap_or_default(),
            ..tried.counters
        },
        ..tried
    }
}

fn is_of(tried: &Memory, task: &str) -> bool {
    let mut labels = tried.labels.iter();
    labels.any(|label| label.name == TASK && label.value == task)
}

fn score(tried: &Memory) -> f64 {
    tried.counters.weight
}

/// Those of these tries of which most slots are to be expected right if they are cited together.
fn speaking_most(tries: Vec<Memory>, slots: &[Slot]) -> Vec<Memory> {
    let weighed = tries.len().min(MOST_WEIGHED);
    let is_in = |set: usize, place: usize| set >> place & 1 == 1;
    let of = |set: usize| {
        let told = tries.iter().take(weighed).enumerate();
        let told = told.filter(|(place, _)| is_in(set, *place));
        let told: Vec<&str> = told.flat_map(|(_, tried)| tried.content.lines()).collect();
        let right = slots.iter().map(|slot| chance(slot, &told));
        right.sum::<f64>()
    };
    let best = (0..1usize << weighed).max_by(|one, other| of(*one).total_cmp(&of(*other)));
    let best = best.unwrap_or_default();
    let chosen = tries.into_iter().take(weighed).enumerate();
    let chosen = chosen.filter(|(place, _)| is_in(best, *place));
    chosen.map(|(_, tried)| tried).collect()
}

/// How likely a slot is right after these lines.
fn chance(slot: &Slot, told: &[&str]) -> f64 {
    let weight = |value: &String| {
        let said = format!("{} = {value} is ", slot.name);
        let said = told.iter().filter_map(|line| line.strip_prefix(&said));
        said.map(|said| if said == "right" { 1 } else { -1 })
            .sum::<i32>()
    };
    let weights: Vec<(&String, i32)> = slot
        .values
        .iter()
        .map(|value| (value, weight(value)))
        .collect();
    let most = weights.iter().map(|(_, weight)| *weight).max();
    let most: Vec<&String> = weights
        .into_iter()
        .filter_map(|(value, weight)| (Some(weight) == most).then_some(value))
        .collect();
    match most.contains(&&slot.right) {
        true => 1.0 / most.len() as f64,
        false => 0.0,
    }
}
