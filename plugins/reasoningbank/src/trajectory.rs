//! An attempt as the judge and the extractor read it. What ground truth says of it (outcome, rewards, baseline)
//! has no place here.

use memhost_sdk::trajectory::{cut, history, last, sections};
use memhost_sdk::{Actor, Attempt};

use crate::judge::Judgement;

/// Task, history without observations, the last observation, the answer.
pub(crate) fn for_the_judge(attempt: &Attempt) -> String {
    let seen_last = last(&attempt.steps, Actor::Observation);
    sections(&[
        ("Task", &attempt.task.text),
        ("What the agent did", &history(&attempt.steps, false)),
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
        ("What the agent did", &history(&attempt.steps, observations)),
        ("Its final answer", cut(&attempt.answer)),
        ("Judged as", judgement.verdict.name()),
        ("Why", &judgement.reasoning),
    ])
}

/// The task, and history and answer of each run; nothing tells how good any of them was.
pub(crate) fn for_the_contrast(runs: &[Attempt], observations: bool) -> String {
    let task = runs.first().map_or("", |run| run.task.text.as_str());
    let mut told = vec![sections(&[("Task", task)])];
    for (number, run) in (1..).zip(runs) {
        told.push(sections(&[
            (
                &format!("Run {number}: what the agent did"),
                &history(&run.steps, observations),
            ),
            (&format!("Run {number}: its final answer"), cut(&run.answer)),
        ]));
    }
    told.join("\n\n")
}
