//! Best of n: which of several runs of a task does a judge take for the best? (ReasoningBank, figure 11: one call sees
//! all of them, without being told how they were scored.)

use memhost::capability::ModelCall;
use memhost::contract::{Actor, Fault, Request, Role, Speaker, Step, Task};
use memhost::model::{Completion, Models};
use serde::Deserialize;
use serde_json::json;

use super::{message, paragraphs};

const INSTRUCTIONS: &str = include_str!("prompts/best.md");
/// What the call is for, in the cost table.
pub(in crate::driver) const PURPOSE: &str = "select";

#[derive(Deserialize)]
struct Choice {
    /// From 1.
    best: usize,
}

/// The place of the run that the judge takes for the best, and the call that it took.
///
/// # Errors
/// If the judge does not answer, or names no run.
pub(in crate::driver) async fn best(
    models: &Models,
    task: &Task,
    runs: &[Vec<Step>],
) -> Result<(usize, ModelCall), Fault> {
    let each = (1..).zip(runs).map(|(number, steps)| {
        let steps = steps.iter().filter(|step| step.actor != Actor::User);
        let said: Vec<&str> = steps.map(|step| step.text.as_str()).collect();
        Some(format!("# Run {number}\n\n{}", said.join("\n\n")))
    });
    let asked = std::iter::once(Some(format!("# Task\n\n{}", task.text))).chain(each);
    let request = Request {
        role: Role::Judge,
        messages: vec![
            message(Speaker::System, INSTRUCTIONS.trim_end().to_owned()),
            message(Speaker::User, paragraphs(asked)),
        ],
        temperature: Some(0.0),
        max_tokens: None,
        schema: Some(
            json!({
                "type": "object",
                "properties": {
                    "analysis": { "type": "string" },
                    "best": { "type": "integer", "minimum": 1, "maximum": runs.len() },
                },
                "required": ["analysis", "best"],
                "additionalProperties": false,
            })
            .to_string(),
        ),
        purpose: PURPOSE.to_owned(),
    };
    let Completion { reply, mended } = models.role(Role::Judge).complete(&request).await?;
    let call = ModelCall {
        purpose: PURPOSE.to_owned(),
        input_tokens: reply.input_tokens,
        output_tokens: reply.output_tokens,
        answered: true,
        fault: None,
        mended,
    };
    let choice: Choice = serde_json::from_str(&reply.text)
        .map_err(|error| Fault::Failed(format!("the judge's choice cannot be read: {error}")))?;
    match choice
        .best
        .checked_sub(1)
        .filter(|place| *place < runs.len())
    {
        Some(place) => Ok((place, call)),
        None => Err(Fault::Failed(format!(
            "the judge chose run {} of {}",
            choice.best,
            runs.len()
        ))),
    }
}
