//! The floors of lane E: which solved documents are cited, and whether problems may be reported twice.
//!
//! `none` remembers nothing. Each other remembers every document of a solved case: a template for each problem that it
//! has, or a negative. `random` cites any ten templates, `frequent` those of the most frequent problems, `templates`
//! all of them: these three are read at once, repeats included. `templates-once` is the same in rounds, where nothing
//! is reported twice, so that whoever works in rounds is not credited for that alone; `contrast-once` cites the
//! negatives too. `oracle` is told which problems are there, and cites the templates of no others.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use memhost::capability::CallContext;
use memhost::contract::{
    Attempt, Change, Citation, Fault, Guidance, Memory, NewMemory, Op, Query, Receipt, Source,
};
use memhost::strategy::Strategy;
use memhost_suite::{Question, Suite};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::floor::{Floor, floor};
use super::ordered::{oldest_first, step_of};

/// A memory's kind: a document with the problem that is its title.
const TEMPLATE: &str = "template";
/// A memory's kind: a document without problems.
const NEGATIVE: &str = "negative";
/// How many templates `random` cites: as many as reports count in the primary metric.
const DRAWN: usize = 10;
/// Of how many problems `frequent` cites the templates.
const FREQUENT: usize = 10;
/// Rounds of the floors that report nothing twice.
const ROUNDS: u32 = 4;

/// In the order in which reports show them.
pub(super) fn floors(suite: &Suite) -> Vec<Arc<dyn Strategy>> {
    let floor = |name, summary, rounds, cites| floor(name, summary, Citing { rounds, cites });
    vec![
        floor("none", "Nothing at all.", 1, Cites::Nothing),
        floor(
            "random",
            "Any ten templates, by the run's seed.",
            1,
            Cites::Random,
        ),
        floor(
            "frequent",
            "The templates of the ten most frequent problems.",
            1,
            Cites::Frequent,
        ),
        floor(
            "templates",
            "All templates, read at once.",
            1,
            Cites::Templates,
        ),
        floor(
            "templates-once",
            "All templates, and no problem reported twice.",
            ROUNDS,
            Cites::Templates,
        ),
        floor(
            "contrast-once",
            "All templates and all documents without problems, and no problem reported twice.",
            ROUNDS,
            Cites::Contrast,
        ),
        floor(
            "oracle",
            "The same with the templates of the problems that are there, and of no others.",
            ROUNDS,
            Cites::Gold(gold(suite)),
        ),
    ]
}

/// A floor that cites these in so many rounds.
struct Citing {
    rounds: u32,
    cites: Cites,
}

/// What a floor hands out.
enum Cites {
    Nothing,
    Random,
    Frequent,
    Templates,
    Contrast,
    /// By task, the problems that it hides.
    Gold(HashMap<String, HashSet<String>>),
}

fn gold(suite: &Suite) -> HashMap<String, HashSet<String>> {
    let hidden = suite.questions().filter_map(|(episode, question)| {
        let Question::Discover { problems, .. } = question else {
            return None;
        };
        let problems = problems.iter().map(|hidden| hidden.problem.clone());
        Some((episode.task.id.clone(), problems.collect()))
    });
    hidden.collect()
}

impl Cites {
    /// Of everything that is remembered, what is cited for a task.
    fn choose(&self, mut memories: Vec<Memory>, task: &str, seed: u64) -> Vec<Memory> {
        match self {
            Cites::Nothing => memories.clear(),
            Cites::Random => {
                memories.retain(is_template);
                memories.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
                memories.truncate(DRAWN);
            }
            Cites::Frequent => {
                let frequent = most_frequent(&memories);
                memories.retain(|memory| frequent.contains(&memory.title));
            }
            Cites::Templates => memories.retain(is_template),
            Cites::Contrast => {}
            Cites::Gold(hidden) => {
                let hidden = hidden.get(task);
                memories.retain(|memory| {
                    !is_template(memory)
                        || hidden.is_some_and(|problems| problems.contains(&memory.title))
                });
            }
        }
        memories
    }
}

fn is_template(memory: &Memory) -> bool {
    memory.kind == TEMPLATE
}

/// The problems with the most templates; of equals, the first in alphabetical order.
fn most_frequent(memories: &[Memory]) -> BTreeSet<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for memory in memories.iter().filter(|memory| is_template(memory)) {
        *counts.entry(&memory.title).or_default() += 1;
    }
    let mut ranked: Vec<(&str, usize)> = counts.into_iter().collect();
    ranked.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let first = ranked.into_iter().take(FREQUENT);
    first.map(|(problem, _)| problem.to_owned()).collect()
}

/// The names of the problems, and a receipt for everything.
fn hand_out(cited: Vec<Memory>, budget: u32) -> Guidance {
    let templates = cited.iter().filter(|memory| is_template(memory));
    let problems: BTreeSet<&str> = templates.map(|memory| memory.title.as_str()).collect();
    let problems: Vec<&str> = problems.into_iter().collect();
    let text = if problems.is_empty() {
        String::new()
    } else {
        format!(
            "Problems that were found in such files: {}.",
            problems.join(", ")
        )
    };
    let used = cited.into_iter().map(|memory| Citation {
        memory: memory.id,
        score: 1.0,
    });
    Guidance {
        text: memhost_words::cut(&text, budget).to_owned(),
        receipt: Receipt {
            used: used.collect(),
            ..Receipt::nothing()
        },
        ..Guidance::nothing()
    }
}

/// A template for every problem of every document, and a negative for every document without.
fn remember(attempt: &Attempt) -> Vec<NewMemory> {
    let documents = attempt.task.documents.iter().enumerate();
    documents
        .flat_map(|(place, document)| {
            let source = step_of(attempt, place);
            let of_document = attempt
                .findings
                .iter()
                .filter(|finding| finding.evidence.contains(&document.id));
            let problems: BTreeSet<&str> = of_document.map(|f| f.problem.as_str()).collect();
            if problems.is_empty() {
                return vec![memory(NEGATIVE, "", source)];
            }
            let templates = problems.into_iter();
            templates
                .map(|problem| memory(TEMPLATE, problem, source.clone()))
                .collect()
        })
        .collect()
}

fn memory(kind: &str, problem: &str, source: Source) -> NewMemory {
    NewMemory {
        title: problem.into(),
        sources: vec![source],
        ..NewMemory::new(kind, "")
    }
}

#[async_trait]
impl Floor for Citing {
    fn rounds(&self) -> u32 {
        self.rounds
    }

    async fn retrieve(&self, context: &CallContext, query: &Query) -> Result<Guidance, Fault> {
        let memories = oldest_first(context)?;
        let cited = self
            .cites
            .choose(memories, &query.task.id, context.run.seed);
        Ok(hand_out(cited, query.token_budget))
    }

    fn distill(&self, _: &CallContext, attempts: &[Attempt]) -> Vec<Change> {
        let kept = match self.cites {
            Cites::Nothing => &[],
            _ => attempts,
        };
        let memories = kept.iter().flat_map(remember);
        let changes = memories.map(|memory| Change::at_once(Op::Insert(memory)));
        changes.collect()
    }
}
