//! Solved cases, and the templates that are built from them: one model call per case, one template per call.

use std::collections::HashSet;

use memhost_sdk::trajectory::sections;
use memhost_sdk::{
    Attempt, Authority, Document, Fault, Finding, Level, NewMemory, Request, Role, Verdict, llm,
    run,
};

use crate::Mode;
use crate::template::{PROBLEM_LABEL, SCHEMA, Template, class};
use crate::text::below_each_other;

/// The kind of a document of a solved task that shows no problem.
pub(crate) const NEGATIVE: &str = "negative";

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
    let requests: Vec<Request> = cases.iter().map(|case| case.request(mode)).collect();
    let replies = llm::complete(&requests);
    let mut built = Vec::with_capacity(cases.len());
    let mut faults = Vec::new();
    for (case, reply) in cases.iter().zip(replies) {
        match reply.and_then(|reply| Template::read(&reply.text)) {
            Ok(template) => built.push(case.memory(&template)),
            Err(fault) => faults.push(fault.within(&case.doing())),
        }
    }
    let Some(first) = faults.first() else {
        return Ok(built);
    };
    if built.is_empty() {
        return Err(first.clone());
    }
    run::log(
        Level::Warn,
        &format!(
            "{} of {} cases taught nothing; the first: {first}",
            faults.len(),
            cases.len()
        ),
    );
    Ok(built)
}

/// Every document of a solved task that is no finding's evidence.
pub(crate) fn negatives(attempt: &Attempt) -> impl Iterator<Item = NewMemory> {
    let findings = attempt.findings.iter();
    let shown: HashSet<&str> = findings
        .flat_map(|finding| finding.evidence.iter().map(String::as_str))
        .collect();
    documents(attempt)
        .filter(move |(_, document)| !shown.contains(document.id.as_str()))
        .filter(|(_, document)| !document.text.trim().is_empty())
        .map(|(place, document)| {
            NewMemory::new(NEGATIVE, &document.text).learnt_from(source(attempt, place))
        })
}

impl Case<'_> {
    /// To the model that the agent runs on: in the paper, each builds a library of its own. The paper states no
    /// temperature.
    fn request(&self, mode: Mode) -> Request {
        let documents = self.evidence.iter().map(|(_, one)| one.text.as_str());
        Request::new(Role::Agent, "extract")
            .system(mode.how_to_extract())
            .user(sections(&[
                ("Problem", &self.finding.problem),
                ("Evidence", &below_each_other(documents)),
                ("Resolution", &self.finding.action),
            ]))
            .max_tokens(Request::LONG_REPLY)
            .schema(SCHEMA)
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

fn documents(attempt: &Attempt) -> impl Iterator<Item = (usize, &Document)> {
    attempt.task.documents.iter().enumerate()
}

/// The step in which the agent saw the document, where the steps show the documents one by one; or else the attempt.
fn source(attempt: &Attempt, place: usize) -> String {
    let document = attempt.task.documents.get(place);
    let step = attempt.steps.get(place);
    match document.zip(step) {
        Some((document, step)) if step.text.contains(&document.text) => {
            format!("{}#{place}", attempt.id)
        }
        _ => attempt.id.clone(),
    }
}
