//! Solved cases, and the templates that are built from them: one model call per case, one template per call.

use memhost_sdk::trajectory::{cut, sections};
use memhost_sdk::{
    Attempt, Document, Fault, Finding, NewMemory, Question, Source, ask_all, unless_all_lost,
};

use crate::Mode;
use crate::template::{PROBLEM_LABEL, Template, class};

/// One problem of a solved task, with the documents that show it.
pub(crate) struct Case<'a> {
    attempt: &'a Attempt,
    finding: &'a Finding,
    /// With their places among the task's documents.
    evidence: Vec<(u32, &'a Document)>,
}

/// Whether somebody who knows says that the task was solved, and its problems and documents are there.
pub(crate) fn is_solved(attempt: &Attempt) -> bool {
    attempt.outcome.solved() == Some(true)
        && !attempt.findings.is_empty()
        && !attempt.task.documents.is_empty()
}

/// The cases of a solved task: every finding is one, unless none of its evidence is there to be looked at: a blank document
/// shows nothing.
pub(crate) fn cases(attempt: &Attempt) -> impl Iterator<Item = Case<'_>> {
    attempt.findings.iter().filter_map(move |finding| {
        let shows = |(_, document): &(u32, &Document)| {
            finding.evidence.contains(&document.id) && !document.text.trim().is_empty()
        };
        let evidence: Vec<_> = documents(attempt).filter(shows).collect();
        (!evidence.is_empty()).then_some(Case {
            attempt,
            finding,
            evidence,
        })
    })
}

/// The templates of these cases, in their order.
///
/// A case stands for itself: one from whose reply no template can be read teaches nothing, and the log says so.
///
/// # Errors
/// The first fault, if no case at all taught anything.
pub(crate) fn build(cases: &[Case<'_>], mode: Mode) -> Result<Vec<NewMemory>, Fault> {
    let questions = cases.iter().map(|case| case.question(mode));
    unless_all_lost(ask_all(questions), "cases")
}

impl Case<'_> {
    fn question(&self, mode: Mode) -> Question<'_, NewMemory> {
        let documents = self.evidence.iter().map(|(_, one)| one.text.as_str());
        let material = sections(&[
            ("Problem", &self.finding.problem),
            ("Evidence", &below_each_other(documents)),
            ("Resolution", &self.finding.action),
        ]);
        let doing = format!(
            "extracting a template from `{}` in attempt `{}`",
            self.finding.problem, self.attempt.id
        );
        let question = Template::question(mode.how_to_extract(), material);
        question
            .then(|template| Ok(self.memory(&template)))
            .doing(doing)
    }

    fn memory(&self, template: &Template) -> NewMemory {
        let places = self.evidence.iter();
        let sources = places.map(|(place, _)| source(self.attempt, *place));
        let memory = template.memory().learnt_from_all(sources);
        match class(&self.finding.problem) {
            Some(class) => memory.label(PROBLEM_LABEL, class),
            None => memory,
        }
    }
}

/// These texts one below the other, each no longer than a model should read of one.
pub(crate) fn below_each_other<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    texts.map(cut).collect::<Vec<_>>().join("\n\n")
}

/// The documents of its task, with their places.
pub(crate) fn documents(attempt: &Attempt) -> impl Iterator<Item = (u32, &Document)> {
    (0..).zip(&attempt.task.documents)
}

/// The step in which the agent saw the document, where the steps show the documents one by one; or else the attempt.
pub(crate) fn source(attempt: &Attempt, place: u32) -> Source {
    let document = attempt.task.documents.get(place as usize);
    let step = attempt.steps.get(place as usize);
    match document.zip(step) {
        Some((document, step)) if step.text.contains(&document.text) => {
            Source::step(&attempt.id, place)
        }
        _ => Source::attempt(&attempt.id),
    }
}
