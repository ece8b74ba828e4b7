//! Solved cases, and the templates that are built from them: one model call per case, one template per call.

use memhost_sdk::trajectory::sections;
use memhost_sdk::{
    Attempt, Authority, Document, Fault, Finding, NewMemory, Question, Verdict, ask_all,
    unless_all_lost,
};

use crate::Mode;
use crate::template::{PROBLEM_LABEL, Template, class};
use crate::text::below_each_other;

/// One problem of a solved task, with the documents that show it.
pub(crate) struct Case<'a> {
    attempt: &'a Attempt,
    finding: &'a Finding,
    /// With their places among the task's documents.
    evidence: Vec<(usize, &'a Document)>,
}

/// Whether somebody who knows says that the task was solved, and its problems and documents are there.
pub(crate) fn is_solved(attempt: &Attempt) -> bool {
    attempt.outcome.verdict == Verdict::Success
        && attempt.outcome.authority == Authority::GroundTruth
        && !attempt.findings.is_empty()
        && !attempt.task.documents.is_empty()
}

/// The cases of a solved task: every finding is one, unless none of its evidence is there to be looked at: a blank document
/// shows nothing.
pub(crate) fn cases(attempt: &Attempt) -> impl Iterator<Item = Case<'_>> {
    attempt.findings.iter().filter_map(move |finding| {
        let shows = |(_, document): &(usize, &Document)| {
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
    let questions: Vec<_> = cases.iter().map(|case| case.question(mode)).collect();
    let answers = cases.iter().zip(ask_all(&questions));
    let built = answers.map(|(case, answer)| match answer.and_then(Template::tidy) {
        Ok(template) => Ok(case.memory(&template)),
        Err(fault) => Err(fault.within(&case.doing())),
    });
    unless_all_lost(built.collect(), "cases")
}

impl Case<'_> {
    fn question(&self, mode: Mode) -> Question<Template> {
        let documents = self.evidence.iter().map(|(_, one)| one.text.as_str());
        let material = sections(&[
            ("Problem", &self.finding.problem),
            ("Evidence", &below_each_other(documents)),
            ("Resolution", &self.finding.action),
        ]);
        Template::question(mode.how_to_extract(), material)
    }

    fn memory(&self, template: &Template) -> NewMemory {
        let mut memory = template.memory();
        for (place, _) in &self.evidence {
            memory = memory.learnt_from(source(self.attempt, *place));
        }
        match class(&self.finding.problem) {
            Some(class) => memory.label(PROBLEM_LABEL, class),
            None => memory,
        }
    }

    fn doing(&self) -> String {
        format!(
            "extracting a template from `{}` in attempt `{}`",
            self.finding.problem, self.attempt.id
        )
    }
}

/// The documents of its task, with their places.
pub(crate) fn documents(attempt: &Attempt) -> impl Iterator<Item = (usize, &Document)> {
    attempt.task.documents.iter().enumerate()
}

/// The step in which the agent saw the document, where the steps show the documents one by one; or else the attempt.
pub(crate) fn source(attempt: &Attempt, place: usize) -> String {
    let document = attempt.task.documents.get(place);
    let step = attempt.steps.get(place);
    match document.zip(step) {
        Some((document, step)) if step.text.contains(&document.text) => {
            format!("{}#{place}", attempt.id)
        }
        _ => attempt.id.clone(),
    }
}
