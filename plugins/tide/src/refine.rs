//! ToTAL-style upkeep of the library (arXiv 2510.07499), which is no part of TIDE: a template that does badly is
//! kept, fixed, supplemented or discarded, as a model decides from the work in which it failed.

use memhost_sdk::trajectory::{cut, sections};
use memhost_sdk::{
    Attempt, Authority, Change, Counter, Fault, Feedback, Level, Memory, NewMemory, Outcome,
    Request, Role, Verdict, llm, run, store,
};
use serde::Deserialize;

use crate::template::{SCHEMA, TEMPLATE, Template};
use crate::text::below_each_other;

/// A template is not judged by fewer outcomes. ToTAL scores over a whole training set; here outcomes come one by one.
pub(crate) const LEAST_USES: u32 = 3;

/// So much failed work is shown to the model; this plugin's own.
const MOST_FAILURES: usize = 5;

const HOW_TO_JUDGE: &str = include_str!("../prompts/judge-template.md");
const JUDGEMENT_SCHEMA: &str = include_str!("../prompts/judge-template.schema.json");
const HOW_TO_FIX: &str = include_str!("../prompts/fix.md");
const HOW_TO_ADD: &str = include_str!("../prompts/add.md");

/// What the model says of a template that does badly.
#[derive(Debug, Deserialize)]
struct Judgement {
    feedback: String,
    decision: Decision,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Decision {
    Keep,
    Fix,
    Add,
    Discard,
}

/// A template by which something was reported, and how that work was scored.
struct Used<'a> {
    memory: Memory,
    template: Template,
    scored: Vec<(&'a Attempt, f64)>,
}

/// Counts what the outcomes say of the templates that were used, and lets the model decide over those whose F(t), the
/// mean score since the last decision, is below `tau`.
///
/// A reply that cannot be used decides nothing: the outcome counts, the template stays as it is, and the log says so.
pub(crate) fn refine(feedback: &[Feedback], tau: f64) -> Result<Vec<Change>, Fault> {
    let used = used(feedback)?;
    let judgements = judge(&used, tau);
    let written = write(&used, &judgements, tau);
    let decided = used.iter().zip(&judgements).zip(&written);
    Ok(decided
        .flat_map(|((used, judgement), written)| {
            let decision = judgement.as_ref().map(|judgement| judgement.decision);
            match (decision, written) {
                (Some(Decision::Keep), _) => used.judged_anew(),
                (Some(Decision::Discard), _) => vec![Change::remove(&used.memory.id)],
                (Some(Decision::Fix), Some(template)) => {
                    let mut changes = used.judged_anew();
                    changes.push(Change::revise(template.in_place_of(&used.memory)));
                    changes
                }
                (Some(Decision::Add), Some(template)) => {
                    let mut changes = used.judged_anew();
                    changes.push(Change::insert(used.beside_it(template, tau)));
                    changes
                }
                (Some(Decision::Fix | Decision::Add), None) | (None, _) => used.counted(),
            }
        })
        .collect())
}

/// The templates that findings of this work name, in the order in which they are first named. The whole library was at
/// hand in all of it, so that having been handed out says nothing of a template.
fn used(feedback: &[Feedback]) -> Result<Vec<Used<'_>>, Fault> {
    let mut ids: Vec<String> = Vec::new();
    for id in feedback.iter().flat_map(|one| named(&one.attempt)) {
        if !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let memories = store::get_memories(&ids)?;
    let templates = memories.into_iter().filter(|one| one.kind == TEMPLATE);
    templates
        .map(|memory| {
            let attempts = feedback.iter().map(|one| &one.attempt);
            let by_it = attempts.filter(|attempt| named(attempt).any(|id| id == memory.id));
            let scored = by_it.filter_map(|attempt| Some((attempt, score(&attempt.outcome)?)));
            Ok(Used {
                template: Template::of(&memory)?,
                scored: scored.collect(),
                memory,
            })
        })
        .filter(|used| !matches!(used, Ok(used) if used.scored.is_empty()))
        .collect()
}

fn named(attempt: &Attempt) -> impl Iterator<Item = &str> {
    let findings = attempt.findings.iter();
    findings.filter_map(|finding| finding.template.as_deref())
}

/// By ground truth, in 0..=1; whatever else there is says nothing.
fn score(outcome: &Outcome) -> Option<f64> {
    let score = match (outcome.score, outcome.verdict) {
        (Some(score), _) => score,
        (None, Verdict::Success) => 1.0,
        (None, Verdict::Failure) => 0.0,
        (None, Verdict::Unknown) => return None,
    };
    let is_told = outcome.authority == Authority::GroundTruth && (0.0..=1.0).contains(&score);
    is_told.then_some(score)
}

/// One judgement per template, where one is due and the model gave it.
fn judge(used: &[Used<'_>], tau: f64) -> Vec<Option<Judgement>> {
    let requests = used.iter().map(|used| {
        used.does_badly(tau).then(|| {
            Request::new(Role::Agent, "refine")
                .system(HOW_TO_JUDGE)
                .user(under_headings(&used.told(tau)))
                .max_tokens(Request::SHORT_REPLY)
                .schema(JUDGEMENT_SCHEMA)
        })
    });
    ask(used, requests.collect(), |reply| {
        serde_json::from_str(reply)
            .map_err(|error| Fault::Failed(format!("the reply is not a decision: {error}")))
    })
}

/// One template per decision to fix or to add, where the model gave one.
fn write(used: &[Used<'_>], judgements: &[Option<Judgement>], tau: f64) -> Vec<Option<Template>> {
    let requests = used.iter().zip(judgements).map(|(used, judgement)| {
        let judgement = judgement.as_ref()?;
        let instructions = match judgement.decision {
            Decision::Fix => HOW_TO_FIX,
            Decision::Add => HOW_TO_ADD,
            Decision::Keep | Decision::Discard => return None,
        };
        let mut told = used.told(tau);
        told.push(("Feedback", judgement.feedback.clone()));
        let request = Request::new(Role::Agent, "extract")
            .system(instructions)
            .user(under_headings(&told))
            .max_tokens(Request::LONG_REPLY)
            .schema(SCHEMA);
        Some(request)
    });
    ask(used, requests.collect(), Template::read)
}

fn under_headings(told: &[(&str, String)]) -> String {
    let told = told.iter().map(|(heading, text)| (*heading, text.as_str()));
    sections(&told.collect::<Vec<_>>())
}

/// Sends the requests that there are, at once, and puts what can be read of the replies in their places.
fn ask<T>(
    used: &[Used<'_>],
    requests: Vec<Option<Request>>,
    read: impl Fn(&str) -> Result<T, Fault>,
) -> Vec<Option<T>> {
    let sent: Vec<Request> = requests.iter().flatten().cloned().collect();
    let mut replies = llm::complete(&sent).into_iter();
    let answers = used.iter().zip(requests).map(|(used, request)| {
        request?;
        match replies.next()?.and_then(|reply| read(&reply.text)) {
            Ok(answer) => Some(answer),
            Err(fault) => {
                let fault = fault.within(&format!("refining template `{}`", used.memory.id));
                run::log(Level::Warn, &fault.to_string());
                None
            }
        }
    });
    answers.collect()
}

impl<'a> Used<'a> {
    /// Whether F(t) is below `tau` over enough outcomes, and there is failed work to learn from.
    fn does_badly(&self, tau: f64) -> bool {
        let uses = f64::from(self.memory.counters.uses) + self.scored.len() as f64;
        let f = (self.memory.counters.strength + self.sum()) / uses;
        uses >= f64::from(LEAST_USES) && f < tau && self.failures(tau).next().is_some()
    }

    fn sum(&self) -> f64 {
        self.scored.iter().map(|(_, score)| score).sum()
    }

    fn failures(&self, tau: f64) -> impl Iterator<Item = &(&'a Attempt, f64)> {
        self.scored.iter().filter(move |(_, score)| *score < tau)
    }

    /// The outcomes enter into F(t): `uses` counts them, `strength` adds up their scores.
    fn counted(&self) -> Vec<Change> {
        self.moved_by(self.scored.len() as f64, self.sum())
    }

    /// Nothing from before the decision enters into F(t) again.
    fn judged_anew(&self) -> Vec<Change> {
        let counters = self.memory.counters;
        self.moved_by(-f64::from(counters.uses), -counters.strength)
    }

    fn moved_by(&self, uses: f64, strength: f64) -> Vec<Change> {
        let id = &self.memory.id;
        vec![
            Change::adjust(id, Counter::Uses, uses),
            Change::adjust(id, Counter::Strength, strength),
        ]
    }

    /// A template for what this one does not cover: learnt from the same and from where it failed.
    fn beside_it(&self, template: &Template, tau: f64) -> NewMemory {
        let mut memory = template.memory();
        memory.labels = self.memory.labels.clone();
        memory.sources = self.memory.sources.clone();
        for (attempt, _) in self.failures(tau) {
            memory = memory.learnt_from(&attempt.id);
        }
        memory
    }

    /// The template and the work in which it failed.
    fn told(&self, tau: f64) -> Vec<(&'static str, String)> {
        let Template { name, .. } = &self.template;
        let mut told = vec![("Template", format!("{name}\n{}", self.template.content()))];
        let failures = self.failures(tau).take(MOST_FAILURES);
        told.extend(failures.map(|(attempt, score)| ("Work", self.work(attempt, *score))));
        told
    }

    fn work(&self, attempt: &Attempt, score: f64) -> String {
        let mut lines = vec![
            format!("Score: {score:.2}"),
            format!("Task: {}", cut(&attempt.task.text)),
        ];
        if !attempt.outcome.reason.trim().is_empty() {
            lines.push(format!("Why: {}", attempt.outcome.reason));
        }
        let by_it = |id: &Option<String>| id.as_deref() == Some(self.memory.id.as_str());
        for finding in attempt.findings.iter().filter(|one| by_it(&one.template)) {
            let documents = attempt.task.documents.iter();
            let shown = documents.filter(|document| finding.evidence.contains(&document.id));
            lines.push(format!("Reported: {}", finding.problem));
            lines.push(below_each_other(
                shown.map(|document| document.text.as_str()),
            ));
        }
        lines.join("\n")
    }
}
