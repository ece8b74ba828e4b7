//! Lane E: which of the task's documents resemble documents in which a problem was found?
//!
//! Every document of the task is compared with the documents of solved attempts that the receipt cites, by BM25 over
//! the tokens of code. The five nearest with a problem are candidates; where documents without problems are cited,
//! the likeness to the nearest of those is taken off. The strongest candidates are reported.

mod cases;
mod okapi;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use memhost_contract::{Document, Finding, Source, Task};

use super::super::files::PLACE;
use super::super::{HiddenProblem, Scores};
use super::{Act, Reader, Reading};

pub(super) use cases::Cases;
pub(crate) use okapi::code_tokens;

use cases::Candidate;

/// After how many reports the score is taken.
const DEPTHS: [usize; 3] = [5, 10, 20];
/// After how many reports the evidence is looked at, and what strategies hear of.
const REWARDED: usize = 10;

impl Reader {
    /// The best findings that have not been made yet, at most this many.
    pub fn discover(
        &self,
        task: &Task,
        reading: &Reading<'_>,
        found: &[Finding],
        most: u32,
    ) -> Vec<Finding> {
        let mut findings = self.unreported(task, found, self.findings(task, reading));
        findings.truncate(most as usize);
        findings
    }

    /// Of these findings, those that have not been made yet. A problem is reported once in a place, by whomever.
    pub fn unreported(
        &self,
        task: &Task,
        found: &[Finding],
        mut more: Vec<Finding>,
    ) -> Vec<Finding> {
        let places = Places::new(task);
        let report = |finding: &Finding| {
            let place = places.report(finding).map(|(place, _)| place.to_owned());
            (place, finding.problem.clone())
        };
        let mut reported: HashSet<_> = found.iter().map(report).collect();
        more.retain(|finding| reported.insert(report(finding)));
        more
    }

    /// Everything at once, without looking at what has been reported already.
    pub(super) fn discover_at_once(
        &self,
        task: &Task,
        problems: &[HiddenProblem],
        reports: u32,
        reading: &Reading<'_>,
    ) -> Act {
        let mut findings = self.findings(task, reading);
        findings.truncate(reports as usize);
        judged(task, problems, findings)
    }

    /// Everything that the cited cases point at, likeliest first.
    fn findings(&self, task: &Task, reading: &Reading<'_>) -> Vec<Finding> {
        let visible = || {
            let cited = reading.cited.iter();
            cited.filter(|cited| reading.visible.contains(&cited.source.attempt))
        };
        let sources = visible().map(|cited| &cited.source);
        let candidates = self.cases.candidates(task, sources);
        let mut memories: HashMap<&Source, &str> = HashMap::new();
        for cited in visible() {
            memories.entry(&cited.source).or_insert(&cited.memory);
        }
        let memory_of = |source: &Source| {
            let memory = memories.get(source);
            memory.or_else(|| memories.get(&Source::attempt(&source.attempt)))
        };
        let finding = |candidate: &Candidate| {
            let document = task.documents.get(candidate.document)?;
            Some(Finding {
                problem: candidate.problem.clone(),
                evidence: vec![document.id.clone()],
                action: String::new(),
                template: memory_of(&candidate.source).map(|&memory| memory.to_owned()),
            })
        };
        candidates.iter().filter_map(finding).collect()
    }
}

/// What these findings are worth: `coverage@n`, the share of the hidden problems that is among the first n reports;
/// `f1@n`, its harmonic mean with the share of those reports that is a hidden problem named for the first time; and
/// `grounded@10`, where a finding counts only if all its evidence shows the problem. Absent if nothing is hidden.
pub(super) fn judged(task: &Task, problems: &[HiddenProblem], findings: Vec<Finding>) -> Act {
    let mut hidden: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for HiddenProblem {
        problem,
        place,
        evidence,
    } in problems
    {
        let shown = hidden.entry((place, problem)).or_default();
        shown.extend(evidence.iter().map(String::as_str));
    }
    if hidden.is_empty() {
        return Act {
            findings,
            ..Act::default()
        };
    }
    let places = Places::new(task);
    let all = hidden.len() as f64;
    let mut scores = Scores::new();
    for depth in DEPTHS {
        let reports = findings.iter().take(depth);
        let right: HashSet<(&str, &str)> = reports
            .filter_map(|finding| places.report(finding))
            .filter(|report| hidden.contains_key(report))
            .collect();
        let right = right.len() as f64;
        let coverage = right / all;
        // Of coverage and precision; 0 where nothing was found, because all is at least 1.
        let f1 = 2.0 * right / (all + findings.len().min(depth) as f64);
        scores.insert(format!("coverage@{depth}"), coverage);
        scores.insert(format!("f1@{depth}"), f1);
    }
    let grounded: HashSet<(&str, &str)> = findings
        .iter()
        .take(REWARDED)
        .filter_map(|finding| {
            let report = places.report(finding)?;
            let shown = hidden.get(&report)?;
            let grounded = finding
                .evidence
                .iter()
                .all(|id| shown.contains(id.as_str()));
            grounded.then_some(report)
        })
        .collect();
    scores.insert(format!("grounded@{REWARDED}"), grounded.len() as f64 / all);
    Act {
        reward: scores.get(&format!("coverage@{REWARDED}")).copied(),
        scores,
        findings,
        ..Act::default()
    }
}

/// The place that each document of a task stands in, by its id.
struct Places<'t>(HashMap<&'t str, &'t str>);

impl<'t> Places<'t> {
    fn new(task: &'t Task) -> Places<'t> {
        let documents = task.documents.iter();
        Places(documents.map(|d| (d.id.as_str(), place_of(d))).collect())
    }

    /// Where a finding says that which problem is: in the place of the first document that it names. Nowhere, if it
    /// names none of the task's.
    fn report<'a>(&self, finding: &'a Finding) -> Option<(&'a str, &'a str)>
    where
        't: 'a,
    {
        let named = finding.evidence.iter();
        let place = named.filter_map(|id| self.0.get(id.as_str())).next()?;
        Some((place, &finding.problem))
    }
}

/// A document without the label is a place of its own.
fn place_of(document: &Document) -> &str {
    let labels = document.labels.iter();
    labels
        .filter(|label| label.name == PLACE)
        .map(|label| label.value.as_str())
        .next()
        .unwrap_or(&document.id)
}

#[cfg(test)]
mod tests;
