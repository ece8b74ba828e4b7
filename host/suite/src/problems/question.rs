//! What is wrong with a question, besides where its evidence stands.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use memhost_contract::{Actor, Attempt, Source, Step, Task};

use super::Findings;
use crate::question::MOST_TRIES;
use crate::success::success;
use crate::text::{content_words, has_value, names};
use crate::{Episode, HiddenProblem, Lane, Question, Slot};

/// The first of these ids that is no document of the task.
pub(super) fn first_missing<'a>(evidence: &'a [String], task: &Task) -> Option<&'a String> {
    evidence
        .iter()
        .find(|id| !task.documents.iter().any(|document| document.id == **id))
}

/// What can be wrong with a question besides its evidence.
pub(super) fn check_question(
    lane: Lane,
    episode: &Episode,
    question: &Question,
    place: &str,
    findings: &mut Findings,
) {
    match (lane, question) {
        (Lane::Hops, Question::Unanswerable) => {}
        (Lane::Transfer | Lane::Domains, Question::Kind { kind }) if kind.is_empty() => {
            findings.error(place, "the question's `kind` is empty");
        }
        (Lane::Transfer | Lane::Domains, Question::Tools { tools }) if tools.is_empty() => findings
            .error(
                place,
                "the question's `tools` are empty; leave tasks without tools out",
            ),
        (Lane::Transfer | Lane::Domains, Question::Kind { .. } | Question::Tools { .. }) => {}
        (Lane::Steps, Question::NextTool { run, tool }) => {
            if !names(tool.trim(), tool) {
                findings.error(
                    place,
                    format!(
                        "no text can name what comes `next`, which is `{tool}`: give the tool's name, without blanks at \
                         its ends"
                    ),
                );
            }
            if run
                .last()
                .is_none_or(|last| last.actor != Actor::Observation)
            {
                findings.warning(
                    place,
                    "the question's `run` does not end on the answer of a call (an `observation`), which is where a \
                     strategy is asked what comes next; end it there",
                );
            }
            if !run.iter().any(is_named_call) {
                findings.error(
                    place,
                    "the question's `run` calls no tool, so that there is none to come after",
                );
            }
        }
        (
            Lane::Compaction,
            Question::Keep {
                run,
                needed,
                outdated,
            },
        ) => check_keep(run, needed, outdated, place, findings),
        (
            Lane::Retry,
            Question::Assign {
                slots,
                noise,
                tries,
            },
        ) => {
            check_assign(slots, *noise, *tries, place, findings);
        }
        (Lane::Routing, Question::Route { values }) => {
            check_route(values, &episode.attempts, place, findings);
        }
        (
            Lane::Forecast,
            Question::Forecast {
                source,
                horizon,
                market,
                ..
            },
        ) => {
            if source.is_empty() || horizon.is_empty() {
                findings.error(place, "the question's `source` or `horizon` is empty");
            }
            if market.is_some_and(|price| !(0.0..=1.0).contains(&price)) {
                findings.error(place, "the question's `market` is a price in 0..=1");
            }
        }
        (Lane::Discovery, Question::Discover { problems, reports }) => {
            check_discovery(problems, *reports, &episode.task, place, findings);
        }
        (Lane::Attempts, _) => findings.error(
            place,
            "nothing is asked in lane `attempts`, which shows recorded learning curves",
        ),
        _ => findings.error(place, asked_in(lane)),
    }
}

/// What a question of a lane has.
fn asked_in(lane: Lane) -> &'static str {
    match lane {
        Lane::Evidence => "a question of lane `evidence` has `answers` or `gold`",
        Lane::Transfer => "a question of lane `transfer` has a `kind` or `tools`",
        Lane::Routing => "a question of lane `routing` has `values`, one per agent",
        Lane::Forecast => "a question of lane `forecast` has `happened`, `source` and `horizon`",
        Lane::Discovery => "a question of lane `discovery` has `problems` and `reports`",
        Lane::Attempts => "nothing is asked in lane `attempts`",
        Lane::Hops => {
            "a question of lane `hops` has `pieces`, with `answers` or `gold`, or is `unanswerable`"
        }
        Lane::Domains => "a question of lane `domains` has a `kind` or `tools`",
        Lane::Retry => "a question of lane `retry` has `slots`, `noise` and `tries`",
        Lane::Compaction => {
            "a question of lane `compaction` has a `run` and what is `needed` of it"
        }
        Lane::Steps => "a question of lane `steps` has a `run` and what is called `next`",
    }
}

/// Something can be tried, and tried again.
fn check_assign(slots: &[Slot], noise: f64, tries: u32, place: &str, findings: &mut Findings) {
    if slots.is_empty() || tries < 2 {
        findings.error(
            place,
            "the question has no `slots`, or fewer than 2 `tries`, so that nothing is tried again",
        );
    }
    if tries > MOST_TRIES {
        findings.error(
            place,
            format!("`tries` is {tries}; a task is tried at most {MOST_TRIES} times"),
        );
    }
    if !(0.0..=0.5).contains(&noise) {
        findings.error(
            place,
            format!("`noise` is {noise}, which is not in 0..=0.5: more says the opposite"),
        );
    }
    let mut names = HashSet::new();
    for slot in slots {
        if !names.insert(&slot.name) {
            findings.error(
                place,
                format!(
                    "two `slots` are called `{}`; name each differently",
                    slot.name
                ),
            );
        }
        let mut values = HashSet::new();
        if let Some(twice) = slot.values.iter().find(|value| !values.insert(*value)) {
            findings.error(
                place,
                format!(
                    "slot `{}` has the value `{twice}` twice; list each value once",
                    slot.name
                ),
            );
        }
    }
    if let Some(slot) = slots.iter().find(|slot| !slot.values.contains(&slot.right)) {
        findings.error(
            place,
            format!(
                "`{}` is none of the values of slot `{}`",
                slot.right, slot.name
            ),
        );
    }
}

/// What is to be kept stands in the run.
fn check_keep(
    run: &[Step],
    needed: &[String],
    outdated: &[String],
    place: &str,
    findings: &mut Findings,
) {
    if needed.is_empty() {
        findings.error(
            place,
            "nothing of the run is `needed`, so that whatever is kept is right",
        );
    }
    let stands = |value: &String| {
        let mut steps = run.iter();
        steps.any(|step| has_value(&step.text, value))
    };
    if let Some(value) = needed.iter().chain(outdated).find(|value| !stands(value)) {
        findings.error(
            place,
            format!("`{value}` stands in no step of the question's `run`, to the letter and whole"),
        );
    }
    if let Some(value) = needed.iter().find(|value| outdated.contains(value)) {
        findings.error(place, format!("`{value}` is both `needed` and `outdated`"));
    }
    let pairs = needed
        .iter()
        .flat_map(|new| outdated.iter().map(move |old| (new, old)));
    for (new, old) in pairs.filter(|(new, old)| new != old && has_value(new, old)) {
        findings.warning(
            place,
            format!(
                "`{old}` is `outdated` and stands within `{new}`, which is `needed`, so that whoever keeps the one keeps \
                 the other; give more of what is `outdated`, or leave it out"
            ),
        );
    }
}

fn is_named_call(step: &Step) -> bool {
    step.actor == Actor::Action && step.name.as_ref().is_some_and(|name| !name.is_empty())
}

/// Whoever can be sent has been tried, and what became of it is known.
fn check_route(
    values: &BTreeMap<String, f64>,
    attempts: &[Attempt],
    place: &str,
    findings: &mut Findings,
) {
    if values.len() < 2 {
        findings.error(
            place,
            "`values` names fewer than two agents, so that there is no choice",
        );
    }
    if let Some((agent, value)) = values.iter().find(|(_, v)| !(0.0..=1.0).contains(*v)) {
        findings.error(
            place,
            format!("`values` gives `{agent}` {value}, which is not in 0..=1"),
        );
    }
    let valued: BTreeSet<&str> = values.keys().map(String::as_str).collect();
    let tried: BTreeSet<&str> = attempts.iter().map(|a| a.agent.id.as_str()).collect();
    for agent in valued.difference(&tried) {
        findings.error(
            place,
            format!("`values` names `{agent}`, who has no attempt in this episode"),
        );
    }
    for agent in tried.difference(&valued) {
        findings.error(
            place,
            format!("`{agent}` has an attempt in this episode, and no entry in `values`"),
        );
    }
    if let Some(attempt) = attempts.iter().find(|a| success(a).is_none()) {
        findings.error(
            place,
            format!(
                "attempt `{}` has neither a score nor a verdict, so that nobody knows what sending `{}` is worth",
                attempt.id, attempt.agent.id
            ),
        );
    }
}

/// What is hidden can be found, and counts once.
fn check_discovery(
    problems: &[HiddenProblem],
    reports: u32,
    task: &Task,
    place: &str,
    findings: &mut Findings,
) {
    if task.documents.is_empty() {
        findings.error(place, "the task has no documents to look for problems in");
    }
    if problems.is_empty() {
        findings.error(
            place,
            "the question's `problems` are empty; leave the task out",
        );
    }
    if reports == 0 {
        findings.error(
            place,
            "the question's `reports` is 0: nothing may be reported",
        );
    }
    let mut known = HashSet::new();
    for hidden in problems {
        let HiddenProblem {
            problem,
            place: file,
            evidence,
        } = hidden;
        if !known.insert((problem, file)) {
            findings.error(
                place,
                format!(
                    "`{problem}` in `{file}` is listed twice; list it once with all its evidence"
                ),
            );
        }
        if evidence.is_empty() {
            findings.error(
                place,
                format!(
                    "`{problem}` in `{file}` has no `evidence`; name the documents that show it"
                ),
            );
        }
        if let Some(id) = first_missing(evidence, task) {
            findings.error(
                place,
                format!(
                    "the evidence of `{problem}` names `{id}`, which is no document of the task"
                ),
            );
        }
        let elsewhere = task.documents.iter().find(|document| {
            let in_file =
                |label: &memhost_contract::Label| label.name == "file" && label.value == *file;
            evidence.contains(&document.id) && !document.labels.iter().any(in_file)
        });
        if let Some(document) = elsewhere {
            findings.warning(
                place,
                format!(
                    "document `{}` shows `{problem}`, but its label `file` is not `{file}`, where it is to be reported",
                    document.id
                ),
            );
        }
    }
}

pub(super) fn check_answers(
    answers: &[String],
    gold: &[Source],
    place: &str,
    findings: &mut Findings,
) {
    if answers.is_empty() && gold.is_empty() {
        findings.error(place, "the question has neither `answers` nor `gold`");
    }
    for answer in answers {
        if content_words(answer).is_empty() {
            findings.error(
                place,
                format!("the answer `{answer}` holds no letter or digit to look for"),
            );
        }
    }
}

/// Where an answer takes several pieces, they are given, and each can be looked for.
pub(super) fn check_pieces(lane: Lane, pieces: &[String], place: &str, findings: &mut Findings) {
    if lane == Lane::Hops && pieces.is_empty() {
        findings.error(
            place,
            "the question has no `pieces`; give each of what its answer follows from, or say that it is `unanswerable`",
        );
    }
    if pieces.iter().any(|piece| content_words(piece).is_empty()) {
        findings.error(place, "a piece holds no letter or digit to look for");
    }
}
