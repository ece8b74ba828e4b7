//! The floors of lane `steps`. They are asked after every tool, and say tools by their names, the likeliest first.
//!
//! - `none`: nothing. `random`: tools that somebody called, in any order.
//! - `frequency`: the tools that were called most often, whatever was called last.
//! - `repeat`: the tool that was called last.
//! - `counts`: what followed the tool that was called last, by how often it did.
//! - `oracle`: the tool that comes next, where somebody called it before.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use memhost::capability::CallContext;
use memhost::contract::{
    Actor, Attempt, Change, Citation, Fault, Guidance, Memory, Op, Query, Receipt, Source, Step,
    Trigger,
};
use memhost::strategy::Strategy;
use memhost_suite::{Question, Suite};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::floor::{Floor, floor};
use super::ordered::{memory, oldest_first};

/// What stands between two tools of a run.
const THEN: &str = ", ";

/// In the order in which reports show them.
pub(super) fn floors(suite: &Suite) -> Vec<Arc<dyn Strategy>> {
    let floor = |name, summary, guess| floor(name, summary, Guessing(guess));
    let next = suite.questions().filter_map(|(episode, question)| {
        let Question::NextTool { tool, .. } = question else {
            return None;
        };
        Some((episode.task.id.clone(), tool.clone()))
    });
    vec![
        floor("none", "Nothing at all.", Guess::Nothing),
        floor(
            "random",
            "Tools that were called before, in any order by the run's seed.",
            Guess::Random,
        ),
        floor(
            "frequency",
            "The tools that are called most often.",
            Guess::Frequency,
        ),
        floor("repeat", "The tool that was called last.", Guess::Repeat),
        floor(
            "counts",
            "What most often followed the tool that was called last.",
            Guess::Counts,
        ),
        floor(
            "oracle",
            "The tool that comes next, if it was ever called before.",
            Guess::Gold(next.collect()),
        ),
    ]
}

/// A floor that guesses this after every tool.
struct Guessing(Guess);

enum Guess {
    Nothing,
    Random,
    Frequency,
    Repeat,
    Counts,
    /// By question, the tool that comes next.
    Gold(HashMap<String, String>),
}

#[async_trait]
impl Floor for Guessing {
    fn distills(&self) -> bool {
        !matches!(self.0, Guess::Nothing | Guess::Repeat)
    }

    fn moments(&self) -> Vec<Trigger> {
        match self.0 {
            Guess::Nothing => Vec::new(),
            _ => vec![Trigger::AfterTool(None)],
        }
    }

    fn distill(&self, _context: &CallContext, attempts: &[Attempt]) -> Vec<Change> {
        let runs = attempts.iter().map(|attempt| {
            let content = called(&attempt.steps).join(THEN);
            let text = &attempt.task.text;
            memory("run", content, text, Source::attempt(&attempt.id))
        });
        runs.map(|run| Change::at_once(Op::Insert(run))).collect()
    }

    async fn retrieve(&self, context: &CallContext, query: &Query) -> Result<Guidance, Fault> {
        let before = called(&query.transcript);
        let Some(last) = before.last().copied() else {
            return Ok(Guidance::nothing());
        };
        let runs = oldest_first(context)?;
        let guesses = match &self.0 {
            Guess::Nothing => Vec::new(),
            Guess::Repeat => vec![last],
            Guess::Random => {
                let mut tools = by_count(runs.iter().flat_map(tools));
                tools.sort_unstable();
                tools.shuffle(&mut ChaCha8Rng::seed_from_u64(context.run.seed));
                tools
            }
            Guess::Frequency => by_count(runs.iter().flat_map(tools)),
            Guess::Counts => by_count(runs.iter().flat_map(|run| followers(run, last))),
            Guess::Gold(next) => {
                let next = next.get(&query.task.id).map(String::as_str);
                let known = |next: &&str| runs.iter().flat_map(tools).any(|tool| tool == *next);
                next.into_iter().filter(known).collect()
            }
        };
        let first = guesses.first().copied();
        let used = runs.iter().filter(|run| match self.0 {
            Guess::Counts => followers(run, last).any(|next| Some(next) == first),
            _ => tools(run).any(|tool| Some(tool) == first),
        });
        let used = used.map(|run| Citation {
            memory: run.id.clone(),
            score: 1.0,
        });
        Ok(Guidance {
            text: guesses.join(THEN),
            receipt: Receipt {
                used: used.collect(),
                ..Receipt::nothing()
            },
            ..Guidance::nothing()
        })
    }
}

/// The tools of a run, in the order of their calls.
fn called(steps: &[Step]) -> Vec<&str> {
    let calls = steps.iter().filter(|step| step.actor == Actor::Action);
    calls.filter_map(|step| step.name.as_deref()).collect()
}

/// The same of a run that is remembered.
fn tools(run: &Memory) -> impl Iterator<Item = &str> {
    run.content.split(THEN).filter(|tool| !tool.is_empty())
}

/// What followed this tool in a run, each time.
fn followers<'r>(run: &'r Memory, tool: &str) -> impl Iterator<Item = &'r str> {
    let pairs = tools(run).zip(tools(run).skip(1));
    pairs.filter_map(move |(one, next)| (one == tool).then_some(next))
}

/// Each tool once, the most frequent first, of equals the one that came first.
fn by_count<'r>(tools: impl Iterator<Item = &'r str>) -> Vec<&'r str> {
    let mut counts: HashMap<&str, (usize, usize)> = HashMap::new();
    for tool in tools {
        let order = counts.len();
        counts.entry(tool).or_insert((0, order)).0 += 1;
    }
    let mut tools: Vec<(&str, (usize, usize))> = counts.into_iter().collect();
    tools.sort_by_key(|(_, (count, order))| (std::cmp::Reverse(*count), *order));
    tools.into_iter().map(|(tool, _)| tool).collect()
}
