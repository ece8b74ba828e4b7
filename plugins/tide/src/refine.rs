//! ToTAL-style upkeep of the library (arXiv 2510.07499), which is no part of TIDE: a template that does badly is
//! kept, fixed, supplemented or discarded, as a model decides from the work in which it failed.

use memhost_sdk::trajectory::{cut, sections};
use memhost_sdk::{
    Arrangement, Attempt, Change, Choice, Counter, ExpectedCalls, Fault, Feedback, Labels, Memory,
    NewMemory, Number, Plan, Prompt, Request, Role, ask_some, distinct, store,
};
use serde::Deserialize;

use crate::case::below_each_other;
use crate::template::{TEMPLATE, Template};

pub(crate) const REFINE: Choice<Refine> = Choice::new(
    "refine",
    &[("none", Refine::None), ("total", Refine::Total)],
    "Whether templates change after they were built: not at all (TIDE), or ToTAL-style (arXiv 2510.07499), which \
     keeps, fixes, supplements or discards those that do badly, and makes the arrangement streaming.",
);

/// ToTAL tunes it on validation data; the middle is this plugin's choice.
pub(crate) const TAU: Number = Number::new(
    "tau",
    0.5,
    0.0,
    1.0,
    "With refine=total: the mean score of the work that used a template, below which it does badly (ToTAL: tuned).",
);

/// What becomes of templates when outcomes are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refine {
    None,
    Total,
}

/// A template is not judged by fewer outcomes. ToTAL scores over a whole training set; here outcomes come one by one.
const LEAST_USES: u32 = 3;

/// So much failed work is shown to the model; this plugin's own.
const MOST_FAILURES: usize = 5;

const JUDGE: Prompt<Judgement> = Prompt::new(Role::Agent, "refine")
    .instructions(include_str!("../prompts/judge-template.md"))
    .replies(
        "a decision",
        include_str!("../prompts/judge-template.schema.json"),
    )
    .max_tokens(Request::SHORT_REPLY);
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

/// Outcomes come while templates are used. If one is used for every problem, it is judged once in so many outcomes.
pub(crate) fn plan(built: Plan, problems: f32) -> Plan {
    Plan {
        arrangement: Arrangement::Streaming,
        labels: Labels::Graded,
        calls: ExpectedCalls::per(0.0, problems, problems / LEAST_USES as f32),
        ..built
    }
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
    let ids = distinct(feedback.iter().flat_map(|one| named(&one.attempt)));
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
    let memories = store::get_memories(&ids)?;
    let templates = memories.into_iter().filter(|one| one.kind == TEMPLATE);
    templates
        .map(|memory| {
            let attempts = feedback.iter().map(|one| &one.attempt);
            let by_it = attempts.filter(|attempt| named(attempt).any(|id| id == memory.id));
            let scored = by_it.filter_map(|attempt| Some((attempt, attempt.outcome.grade()?)));
            Ok(Used {
                template: memory.holds("a template")?,
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

/// One judgement per template, where one is due and the model gave it.
fn judge(used: &[Used<'_>], tau: f64) -> Vec<Option<Judgement>> {
    let questions = used.iter().map(|used| {
        let told = || JUDGE.about(under_headings(&used.told(tau)));
        Some(used.does_badly(tau).then(told)?.doing(used.doing()))
    });
    ask_some(questions.collect())
}

/// One template per decision to fix or to add, where the model gave one.
fn write(used: &[Used<'_>], judgements: &[Option<Judgement>], tau: f64) -> Vec<Option<Template>> {
    let questions = used.iter().zip(judgements).map(|(used, judgement)| {
        let judgement = judgement.as_ref()?;
        let instructions = match judgement.decision {
            Decision::Fix => HOW_TO_FIX,
            Decision::Add => HOW_TO_ADD,
            Decision::Keep | Decision::Discard => return None,
        };
        let mut told = used.told(tau);
        told.push(("Feedback", judgement.feedback.clone()));
        let question = Template::question(instructions, under_headings(&told));
        Some(question.doing(used.doing()))
    });
    ask_some(questions.collect())
}

fn under_headings(told: &[(&str, String)]) -> String {
    let told = told.iter().map(|(heading, text)| (*heading, text.as_str()));
    sections(&told.collect::<Vec<_>>())
}

impl<'a> Used<'a> {
    /// Whether F(t) is below `tau` over enough outcomes, and there is failed work to learn from.
    fn does_badly(&self, tau: f64) -> bool {
        let uses = f64::from(self.memory.counters.uses) + self.scored.len() as f64;
        let f = (self.memory.counters.strength + self.sum()) / uses;
        uses >= f64::from(LEAST_USES) && f < tau && self.failures(tau).next().is_some()
    }

    fn doing(&self) -> String {
        format!("refining template `{}`", self.memory.id)
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
        memory.learnt_from_all(self.failures(tau).map(|(attempt, _)| &attempt.id))
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
