//! Attempts that were recorded elsewhere, as every importer and generator builds them.

use memhost_contract::{
    Actor, Agent, Arm, Attempt, Authority, Label, Outcome, Source, Step, Task, Verdict,
};

use super::success::succeeded;

/// A run of a task without memory. `trial` counts the task's attempts from 0.
pub(crate) fn attempt(
    id: String,
    task: &Task,
    trial: usize,
    steps: Vec<Step>,
    outcome: Outcome,
) -> Attempt {
    Attempt {
        id,
        task: task.clone(),
        agent: agent("recorded"),
        arm: Arm::NoMemory,
        trial: u32::try_from(trial).unwrap_or(u32::MAX),
        steps,
        answer: String::new(),
        findings: Vec::new(),
        outcome,
        receipts: Vec::new(),
    }
}

/// An agent that is known by its model's name only, if by that.
pub(crate) fn agent(model: &str) -> Agent {
    Agent::new(model, model)
}

/// The step at this place of an attempt.
pub(crate) fn step_of(attempt: &str, place: usize) -> Source {
    Source::step(attempt, u32::try_from(place).unwrap_or(u32::MAX))
}

/// A task without documents.
pub fn task(id: String, text: String, labels: &[(&str, &str)]) -> Task {
    let mut labels: Vec<Label> = labels
        .iter()
        .map(|(name, value)| Label {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
        })
        .collect();
    labels.sort_by(|a, b| a.name.cmp(&b.name));
    Task {
        labels,
        ..Task::new(id, text)
    }
}

/// Something said.
pub(crate) fn said(actor: Actor, text: impl Into<String>) -> Step {
    Step::new(actor, text)
}

/// A call of a tool, with its arguments as JSON; or what came back from it.
pub(crate) fn tool(actor: Actor, name: impl Into<String>, text: impl Into<String>) -> Step {
    Step {
        name: Some(name.into()),
        ..said(actor, text)
    }
}

/// A graded success in 0..=1, by ground truth.
pub fn graded(score: f64) -> Outcome {
    Outcome {
        verdict: if succeeded(score) {
            Verdict::Success
        } else {
            Verdict::Failure
        },
        score: Some(score),
        ..unknown()
    }
}

/// Nobody has said, or nothing was to be solved.
pub(crate) fn unknown() -> Outcome {
    Outcome {
        verdict: Verdict::Unknown,
        score: None,
        baseline: None,
        reason: String::new(),
        authority: Authority::GroundTruth,
    }
}

/// How a question about the future was resolved, as a run of its task. Nobody forecast anything in it, so that
/// there is nothing to be graded.
pub fn resolution(task: &Task, happened: bool) -> Attempt {
    let (what, answer) = if happened {
        ("It came true.", "yes")
    } else {
        ("It did not come true.", "no")
    };
    let outcome = Outcome {
        verdict: Verdict::Success,
        ..unknown()
    };
    let steps = vec![said(Actor::Observation, what)];
    Attempt {
        answer: answer.into(),
        ..attempt(format!("{}-0", task.id), task, 0, steps, outcome)
    }
}
