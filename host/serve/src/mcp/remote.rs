//! A slot of a running server, called over HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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
    /// The highest sequence that this client was answered with: what it is told next is learnt from all that it told.
    sequence: Arc<AtomicU64>,
}

impl Remote {
    /// The slot of this name. A server that is started anew is waited for: every request can be repeated, because each names
    /// its attempt.
    pub fn new(client: Client, slot: impl Into<String>) -> Remote {
        Remote {
            client: client.patient(),
            slot: slot.into(),
            sequence: Arc::default(),
        }
    }

    fn remember(&self, noted: Result<Noted, ClientError>) -> Result<Noted, ClientError> {
        let noted = noted?;
        self.sequence.fetch_max(noted.sequence, Ordering::Relaxed);
        Ok(noted)
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
            "after": self.sequence.load(Ordering::Relaxed),
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
        let noted = self.client.post(&self.path(&["record"]), body).await;
        self.remember(noted)
    }

    async fn feedback(
        &self,
        attempt: &str,
        known: Outcome,
        revise: bool,
    ) -> Result<Noted, ClientError> {
        let body = json!({"attempt": attempt, "outcome": outcome(&known), "revise": revise});
        let noted = self.client.post(&self.path(&["feedback"]), body).await;
        self.remember(noted)
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
