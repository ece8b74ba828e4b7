//! The oracle: what the suite knows, so that the best possible answer can be given.
//!
//! What a memory is worth to a question hangs on its source alone, and on its text where an answer is looked for. So
//! memories are kept apart by what the suite knows of their sources, and indexed by their words: a question looks at
//! each kind of source, and not at each memory.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use memhost::contract::{Guidance, Query, Source, Task};
use memhost::store::{Look, Memories, View};
use memhost_suite::reader::{Reader, has_answer, tells_some};
use memhost_suite::said::Said;
use memhost_suite::text::{Bag, names, sentences};
use memhost_suite::{Question, Suite};
use memhost_words::Cost;

use super::packing::{Packing, pack};

/// What the suite knows.
pub(super) struct Oracle {
    reader: Reader,
    questions: HashMap<String, Question>,
}

/// The memories of a namespace by what they can be worth. A floor's memories have one source, and never change.
#[derive(Default)]
struct Index {
    /// By what the suite knows of their sources: one of these, and the places of all of them, the oldest first.
    alike: HashMap<Facts, (Source, Vec<usize>)>,
    by_source: HashMap<Source, Vec<usize>>,
    said: Said,
    places: usize,
}

/// Kind, success, tools and agent of an attempt: two attempts of which these are the same are worth the same.
type Facts = (Option<String>, Option<u64>, Vec<String>, String);

/// Places that are worth the same, while they are gone through: those that are worth most come first, of equal ones
/// the oldest.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Next {
    /// A score above 0 as bits, which are in the order of the scores.
    score: u64,
    place: Reverse<usize>,
    class: usize,
    at: usize,
}

impl Oracle {
    pub(super) fn new(suite: &Suite) -> Oracle {
        let questions = suite.questions();
        Oracle {
            reader: Reader::new(suite),
            questions: questions
                .map(|(episode, question)| (episode.task.id.clone(), question.clone()))
                .collect(),
        }
    }

    /// What is worth anything for the task, best first, and of it what matters.
    pub(super) fn guidance(&self, memories: &Memories, view: &View, query: &Query) -> Guidance {
        let (task, budget) = (&query.task, query.token_budget);
        let Some(question) = self.questions.get(&task.id) else {
            return Packing::new(budget).finish();
        };
        memories.aside(|index: &mut Index| {
            memories.look(&View::default(), |look| self.take_in(index, look));
            memories.look(view, |look| match question {
                Question::Evidence { .. } => {
                    let ranked = index.with_answer(question).into_iter();
                    pack_what_matters(look, ranked, question, budget)
                }
                Question::Tools { .. } => {
                    let ranked = self.by_source(index, task, question);
                    pack_what_matters(look, ranked, question, budget)
                }
                _ => pack(look, self.by_source(index, task, question), budget),
            })
        })
    }

    /// Indexes what has been learnt since it was asked last.
    fn take_in(&self, index: &mut Index, look: Look<'_>) {
        for place in index.places..look.places() {
            let memory = look.memory(place);
            let asks_for_answers = self.reader.looks_for_answers();
            index.said.add(match memory {
                Some(memory) if asks_for_answers => &memory.content,
                _ => "",
            });
            let Some(source) = memory.and_then(|memory| memory.sources.first()) else {
                continue;
            };
            index
                .by_source
                .entry(source.clone())
                .or_default()
                .push(place);
            if let Some(facts) = self.reader.facts_of(&source.attempt) {
                let facts = (
                    facts.kind.clone(),
                    facts.success.map(f64::to_bits),
                    facts.tools.clone(),
                    facts.agent.clone(),
                );
                let alike = index.alike.entry(facts);
                let (_, places) = alike.or_insert_with(|| (source.clone(), Vec::new()));
                places.push(place);
            }
        }
        index.places = look.places();
    }

    /// The places of what is worth anything by its source, best first, of equals the oldest.
    fn by_source<'i>(
        &self,
        index: &'i Index,
        task: &Task,
        question: &Question,
    ) -> impl Iterator<Item = (usize, f64)> + 'i {
        let mut classes: Vec<&'i [usize]> = Vec::new();
        let mut next = BinaryHeap::new();
        for (source, places) in index.alike.values() {
            let score = self.reader.worth(task, question, source);
            if let Some(first) = places.first()
                && score > 0.0
            {
                next.push(Next {
                    score: score.to_bits(),
                    place: Reverse(*first),
                    class: classes.len(),
                    at: 0,
                });
                classes.push(places);
            }
        }
        std::iter::from_fn(move || {
            let Next {
                score,
                place: Reverse(place),
                class,
                at,
            } = next.pop()?;
            if let Some(following) = classes.get(class).and_then(|places| places.get(at + 1)) {
                next.push(Next {
                    score,
                    place: Reverse(*following),
                    class,
                    at: at + 1,
                });
            }
            Some((place, f64::from_bits(score)))
        })
    }
}

impl Index {
    /// The places of the evidence, then of whatever else holds an answer, each the oldest first.
    fn with_answer(&self, question: &Question) -> Vec<(usize, f64)> {
        let Question::Evidence {
            answers,
            matching,
            gold,
            ..
        } = question
        else {
            return Vec::new();
        };
        let mut worth: BTreeMap<usize, f64> = BTreeMap::new();
        for answer in answers {
            let holding = self.said.holding(answer, *matching);
            worth.extend(holding.into_iter().map(|place| (place, 0.5)));
        }
        let gold = gold.iter().filter_map(|source| self.by_source.get(source));
        worth.extend(gold.flatten().map(|place| (*place, 1.0)));
        let mut ranked: Vec<(usize, f64)> = worth.into_iter().collect();
        // Stable: of equals, the older stays first.
        ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        ranked
    }
}

/// What matters of these memories, as much as fits.
fn pack_what_matters(
    look: Look<'_>,
    ranked: impl Iterator<Item = (usize, f64)>,
    question: &Question,
    budget: u32,
) -> Guidance {
    let mut packing = Packing::new(budget);
    let shortest = shortest(question);
    for (place, score) in ranked {
        if packing.has_room_for(look.cost(place).least(shortest))
            && let Some(memory) = look.memory(place)
        {
            let text = what_matters(question, &memory.content);
            packing.offer(&memory.id, score, text);
        }
        if packing.is_full() {
            break;
        }
    }
    packing.finish()
}

/// What [`what_matters`] costs at least, where it is not the whole text.
fn shortest(question: &Question) -> Cost {
    match question {
        Question::Tools { tools } => {
            let costs = tools.iter().map(|tool| Cost::of(tool));
            costs.reduce(Cost::least).unwrap_or_default()
        }
        _ => Cost::default(),
    }
}

fn answers(question: &Question, text: &str) -> bool {
    match question {
        Question::Evidence {
            answers, matching, ..
        } => has_answer(&[&Bag::new(text)], answers, *matching),
        _ => false,
    }
}

/// The sentences with the answer or a piece of the evidence, the tools that are needed; or everything, where there is nothing shorter.
fn what_matters(question: &Question, text: &str) -> String {
    let short = match question {
        Question::Evidence { pieces, .. } => {
            let telling: Vec<&str> = sentences(text)
                .filter(|sentence| answers(question, sentence) || tells_some(sentence, pieces))
                .collect();
            telling.join(" ")
        }
        Question::Tools { tools } => {
            let named: Vec<&str> = tools
                .iter()
                .map(String::as_str)
                .filter(|tool| names(text, tool))
                .collect();
            named.join(", ")
        }
        _ => String::new(),
    };
    if short.is_empty() {
        text.to_owned()
    } else {
        short
    }
}
