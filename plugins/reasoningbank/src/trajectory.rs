//! An attempt as the judge and the extractor read it. What ground truth says of it (outcome, rewards, baseline)
//! has no place here.

use memhost_sdk::{Actor, Attempt, Step};

use crate::judge::Judgement;

/// Characters of one step's text, as the released code cuts the state of a page.
const STEP_CHARS: usize = 40_000;

/// Task, history without observations, the last observation, the answer.
pub(crate) fn for_the_judge(attempt: &Attempt) -> String {
    let seen_last = attempt
        .steps
        .iter()
        .rfind(|step| step.actor == Actor::Observation)
        .map_or("", |step| step.text.as_str());
    sections(&[
        ("Task", &attempt.task.text),
        ("What the agent did", &history(attempt, false)),
        ("What it saw last", cut(seen_last)),
        ("Its final answer", cut(&attempt.answer)),
    ])
}

/// Task, history, the answer, and how it was judged.
pub(crate) fn for_the_extractor(
    attempt: &Attempt,
    judgement: &Judgement,
    observations: bool,
) -> String {
    sections(&[
        ("Task", &attempt.task.text),
        ("What the agent did", &history(attempt, observations)),
        ("Its final answer", cut(&attempt.answer)),
        ("Judged as", judgement.verdict.name()),
        ("Why", &judgement.reasoning),
    ])
}

/// The steps, one below the other.
fn history(attempt: &Attempt, observations: bool) -> String {
    let steps = attempt
        .steps
        .iter()
        .filter(|step| observations || step.actor != Actor::Observation);
    steps.map(line).collect::<Vec<_>>().join("\n")
}

fn line(step: &Step) -> String {
    let text = cut(&step.text);
    match (step.actor, &step.name) {
        (Actor::User, _) => format!("User: {text}"),
        (Actor::Thought, _) => format!("Thought: {text}"),
        (Actor::Action, Some(name)) => format!("Action: {name}({text})"),
        (Actor::Action, None) => format!("Action: {text}"),
        (Actor::Observation, _) => format!("Observation: {text}"),
        (Actor::Answer, _) => format!("Answer: {text}"),
    }
}

/// Those that say something, under their headings.
fn sections(sections: &[(&str, &str)]) -> String {
    let told = sections.iter().filter(|(_, text)| !text.trim().is_empty());
    told.map(|(heading, text)| format!("# {heading}\n\n{}", text.trim()))
        .collect::<Vec<_>>()
        .join("\n\n")
}

fn cut(text: &str) -> &str {
    match text.char_indices().nth(STEP_CHARS) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}
