//! What solved attempts show: documents with problems, and documents without.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use memhost_contract::{Attempt, Source, Task};

use super::super::super::recorded::step_of;
use super::super::super::success::{succeeded, success};
use super::super::super::{Question, Suite};
use super::okapi::Index;

/// How many templates are considered for each document.
const NEAREST: usize = 5;
/// How many answers are kept for the rounds that follow, before they are forgotten together.
const KEPT: usize = 256;

/// The documents of all solved attempts of a suite, ready to be compared with.
///
/// How much a token counts is taken from all of them, and not from those that a strategy cites: two documents
/// resemble each other by the same figure whatever else is cited.
#[derive(Debug, Default)]
pub(in crate::reader) struct Cases {
    /// Each attempt's documents, in their order.
    shown: HashMap<String, Vec<Shown>>,
    /// The problem of each template: a document with two problems is two templates.
    problems: Vec<String>,
    /// The document of each template: its attempt, and its place as if it were a step.
    sources: Vec<Source>,
    templates: Index,
    negatives: Index,
    /// Rounds ask again for the same task with the same citations.
    answered: Mutex<Answers>,
}

/// Candidates by task and citations.
type Answers = HashMap<(String, Cited), Arc<Vec<Candidate>>>;

/// What a document of a solved attempt is to the reader.
#[derive(Debug)]
enum Shown {
    /// These templates, one per problem.
    Templates(std::ops::Range<usize>),
    /// One without problems, by its place among those.
    Negative(usize),
}

/// Which templates and negatives the receipt cites, in ascending order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Cited {
    templates: Vec<usize>,
    negatives: Vec<usize>,
}

/// A problem that a document may have, because it resembles one that has it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidate {
    /// Place of the document in the task.
    pub(super) document: usize,
    /// The problem's class.
    pub(super) problem: String,
    /// The document that it resembles: its attempt, and its place.
    pub(super) source: Source,
    /// How much it resembles the template, less how much it resembles a document without problems.
    pub(super) strength: f64,
}

impl Cases {
    /// Nothing for a suite that hides no problems.
    pub(in crate::reader) fn new(suite: &Suite) -> Cases {
        let hides_problems = suite
            .questions()
            .any(|(_, question)| matches!(question, Question::Discover { .. }));
        let solved = suite
            .episodes()
            .filter(|_| hides_problems)
            .flat_map(|(_, episode)| &episode.attempts)
            .filter(|attempt| success(attempt).is_some_and(succeeded));
        let mut cases = Cases::default();
        let mut templates: Vec<&str> = Vec::new();
        let mut negatives: Vec<&str> = Vec::new();
        for attempt in solved {
            let mut shown = Vec::new();
            for (place, document) in attempt.task.documents.iter().enumerate() {
                let problems = problems_of(attempt, &document.id);
                if problems.is_empty() {
                    shown.push(Shown::Negative(negatives.len()));
                    negatives.push(&document.text);
                } else {
                    let first = templates.len();
                    templates.extend(problems.iter().map(|_| document.text.as_str()));
                    shown.push(Shown::Templates(first..templates.len()));
                    let source = step_of(&attempt.id, place);
                    cases
                        .sources
                        .extend(problems.iter().map(|_| source.clone()));
                    cases.problems.extend(problems);
                }
            }
            cases.shown.insert(attempt.id.clone(), shown);
        }
        cases.templates = Index::new(templates.into_iter());
        cases.negatives = Index::new(negatives.into_iter());
        cases
    }

    /// Every problem that one of the task's documents may have, likeliest first, given the sources of what was cited.
    pub(super) fn candidates<'s>(
        &self,
        task: &Task,
        sources: impl Iterator<Item = &'s Source>,
    ) -> Arc<Vec<Candidate>> {
        let key = (task.id.clone(), self.cited(sources));
        // A panic elsewhere leaves whole answers behind, or none.
        let lock = || self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&key) {
            return known.clone();
        }
        let candidates = Arc::new(self.compare(task, &key.1));
        let mut answered = lock();
        if answered.len() >= KEPT {
            answered.clear();
        }
        answered.insert(key, candidates.clone());
        candidates
    }

    /// What the sources name: a document of an attempt, by its place, or an attempt with all its documents.
    fn cited<'s>(&self, sources: impl Iterator<Item = &'s Source>) -> Cited {
        let (mut templates, mut negatives) = (BTreeSet::new(), BTreeSet::new());
        for source in sources {
            let Some(documents) = self.shown.get(&source.attempt) else {
                continue;
            };
            let named = match source.step {
                None => documents.as_slice(),
                Some(place) => documents
                    .get(place as usize)
                    .map(std::slice::from_ref)
                    .unwrap_or_default(),
            };
            for document in named {
                match document {
                    Shown::Templates(places) => templates.extend(places.clone()),
                    Shown::Negative(place) => {
                        negatives.insert(*place);
                    }
                }
            }
        }
        Cited {
            templates: templates.into_iter().collect(),
            negatives: negatives.into_iter().collect(),
        }
    }

    fn compare(&self, task: &Task, cited: &Cited) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        for (place, document) in task.documents.iter().enumerate() {
            let likeness = self.templates.scores(&document.text, &cited.templates);
            let nearest = best(likeness.into_iter(), NEAREST);
            let innocence = self.negatives.scores(&document.text, &cited.negatives);
            let innocence = innocence
                .into_iter()
                .map(|(_, score)| score)
                .reduce(f64::max)
                .unwrap_or(0.0);
            candidates.extend(nearest.into_iter().filter_map(|(template, score)| {
                Some(Candidate {
                    document: place,
                    problem: self.problems.get(template)?.clone(),
                    source: self.sources.get(template)?.clone(),
                    strength: score - innocence,
                })
            }));
        }
        // Stable: of equals, the one whose document comes first.
        candidates.sort_by(|a, b| b.strength.total_cmp(&a.strength));
        candidates
    }
}

/// The distinct problems that were found in a document, in alphabetical order.
fn problems_of(attempt: &Attempt, document: &str) -> Vec<String> {
    let mut problems: Vec<String> = attempt
        .findings
        .iter()
        .filter(|finding| finding.evidence.iter().any(|id| id == document))
        .map(|finding| finding.problem.clone())
        .collect();
    problems.sort();
    problems.dedup();
    problems
}

/// The highest scores, highest first; of equals, the one that comes first.
fn best(scores: impl Iterator<Item = (usize, f64)>, most: usize) -> Vec<(usize, f64)> {
    let mut best: Vec<(usize, f64)> = Vec::with_capacity(most + 1);
    for (place, score) in scores {
        let at = best.partition_point(|(_, other)| *other >= score);
        if at < most {
            best.insert(at, (place, score));
            best.truncate(most);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_scores_come_first_and_equals_in_their_order() {
        let scores = [(0, 1.0), (1, 3.0), (2, 2.0), (3, 3.0), (4, -1.0)];
        let highest = best(scores.into_iter(), 3);
        assert_eq!(highest, [(1, 3.0), (3, 3.0), (2, 2.0)]);
        assert_eq!(best([].into_iter(), 3), []);
    }
}
