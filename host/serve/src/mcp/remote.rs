//! A slot of a running server, called over HTTP.

use memhost::contract::{Actor, Moment, Outcome, Step, Verdict};
use memhost::live::{Ask, Record};
use serde_json::{Value, json};

use super::backend::{Backend, Noted, Refusal, Told, Why};
use crate::{Client, ClientError};

/// A slot of a running server.
#[derive(Clone)]
pub struct Remote {
    client: Client,
    slot: String,
}

impl Remote {
    /// The slot of this name. A server that is started anew is waited for: every request can be repeated, because each names
    /// its attempt.
    pub fn new(client: Client, slot: impl Into<String>) -> Remote {
        Remote {
            client: client.patient(),
            slot: slot.into(),
        }
    }

    fn path<'a>(&'a self, rest: &[&'a str]) -> Vec<&'a str> {
        [&["v1", "slots", self.slot.as_str()], rest].concat()
    }
}

impl Refusal for ClientError {
    fn code(&self) -> &str {
        ClientError::code(self)
    }
}

impl Backend for Remote {
    type Refusal = ClientError;

    async fn retrieve(&self, ask: Ask) -> Result<Told, ClientError> {
        let mut body = json!({
            "task": {"text": ask.task.text},
            "moment": moment(&ask.moment),
        });
        if let Some(attempt) = ask.attempt {
            body["attempt"] = attempt.into();
        }
        self.client.post(&self.path(&["retrieve"]), body).await
    }

    async fn record(&self, record: Record) -> Result<Noted, ClientError> {
        let mut body = json!({
            "attempt": record.attempt,
            "answer": record.answer,
            "steps": record.steps.iter().map(step).collect::<Vec<Value>>(),
        });
        if let Some(known) = &record.outcome {
            body["outcome"] = outcome(known);
        }
        self.client.post(&self.path(&["record"]), body).await
    }

    async fn feedback(
        &self,
        attempt: &str,
        known: Outcome,
        revise: bool,
    ) -> Result<Noted, ClientError> {
        let body = json!({"attempt": attempt, "outcome": outcome(&known), "revise": revise});
        self.client.post(&self.path(&["feedback"]), body).await
    }

    async fn explain(&self, attempt: &str) -> Result<Why, ClientError> {
        self.client
            .get(&self.path(&["attempts", attempt, "why"]))
            .await
    }
}

fn moment(moment: &Moment) -> Value {
    match moment {
        Moment::TaskStart => json!("task-start"),
        Moment::Step(number) => json!({"step": number}),
        Moment::AfterTool(tool) => json!({"after-tool": tool}),
        Moment::Retry(tries) => json!({"retry": tries}),
        Moment::Subtask(number) => json!({"subtask": number}),
        Moment::Round(number) => json!({"round": number}),
    }
}

fn step(step: &Step) -> Value {
    let actor = match step.actor {
        Actor::User => "user",
        Actor::Thought => "thought",
        Actor::Action => "action",
        Actor::Observation => "observation",
        Actor::Answer => "answer",
        Actor::Subtask => "subtask",
    };
    json!({"actor": actor, "name": step.name, "text": step.text, "failed": step.failed})
}

fn outcome(outcome: &Outcome) -> Value {
    let verdict = match outcome.verdict {
        Verdict::Success => "success",
        Verdict::Failure => "failure",
        Verdict::Unknown => "unknown",
    };
    // What comes through a tool was said by a model.
    json!({"verdict": verdict, "score": outcome.score, "reason": outcome.reason, "authority": "agent"})
}
