//! `GET /v1/slots/{slot}/attempts/{id}` and `…/why`: what became of an attempt, and what stood behind its guidance.

use std::collections::BTreeMap;

use axum::extract::State;
use memhost::contract;
use memhost::live::{ExplainedHandout, Explanation, Seat};
use serde::Serialize;
use utoipa::ToSchema;

use super::at_seat;
use super::retrieve::Citation;
use crate::app::{App, Caller};
use crate::body::{Json, Path};
use crate::openapi::{AtSeat, Refusals};
use crate::problem::Problem;
use crate::telemetry::Call;
use crate::wire;

/// An attempt: guidance was handed out for it, or it was told of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Attempt {
    /// Its id.
    attempt: String,
    /// What was to be done.
    task: wire::Task,
    /// How it went, where anybody has said.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<wire::Outcome>,
    /// Each time that guidance was handed out, in order.
    handed_out: Vec<HandedOut>,
}

/// What was handed out once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HandedOut {
    /// Which generation of the slot answered.
    generation: u32,
    /// The memories that it was made from, best first.
    cited: Vec<Citation>,
}

/// Why an agent was told what it was told in an attempt.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Why {
    /// The attempt.
    attempt: String,
    /// What was to be done.
    task: wire::Task,
    /// How it went, where anybody has said.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<wire::Outcome>,
    /// What stood behind each time that guidance was handed out, in order.
    handed_out: Vec<Behind>,
}

/// What stood behind what was handed out once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Behind {
    /// Which generation of the slot answered.
    generation: u32,
    /// The memories that it was made from, best first.
    cited: Vec<Cited>,
}

/// A memory that was cited.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Cited {
    /// Its id.
    memory: String,
    /// The strategy's own score; higher weighs more.
    score: f64,
    /// The memory as it is now; absent where it is gone, or where another strategy's memories are used now.
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<Memory>,
}

/// A memory.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Memory {
    /// Its id.
    id: String,
    /// One of the strategy's own kinds.
    kind: String,
    /// A short name; may be empty.
    title: String,
    /// What was learnt.
    content: String,
    /// The texts that it is found by, by the name of the key.
    keys: Vec<MemoryKey>,
    /// What is known of it, by name.
    labels: BTreeMap<String, String>,
    /// What it was learnt from.
    sources: Vec<Source>,
    /// What outcomes have made of it.
    counters: Counters,
    /// When it was learnt, in milliseconds since 1970.
    created: f64,
    /// When it was last changed, in milliseconds since 1970.
    updated: f64,
}

/// A text that a memory is found by.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemoryKey {
    /// Which of the strategy's keys.
    name: String,
    /// The text.
    text: String,
}

/// What a memory was learnt from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Source {
    /// The attempt.
    attempt: String,
    /// The step of it, from 0; absent: all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<u32>,
}

/// Numbers of a memory that outcomes change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Counters {
    /// How much the strategy trusts it.
    weight: f64,
    /// How often it was handed out.
    uses: u32,
    /// How often that went well.
    wins: u32,
    /// How often it did not.
    losses: u32,
    /// A forgetting curve's strength, or any second number.
    strength: f64,
}

/// What became of an attempt.
#[utoipa::path(
    get,
    path = "/v1/slots/{slot}/attempts/{id}",
    params(AtSeat, ("id" = String, Path, description = "The attempt.")),
    responses((status = 200, description = "The attempt.", body = Attempt), Refusals)
)]
pub(super) async fn attempt(
    State(app): State<App>,
    caller: Caller,
    Path((slot, id)): Path<(String, String)>,
) -> Result<Json<Attempt>, Problem> {
    let explain = async |seat: Seat| seat.explain(&id).await;
    let explanation = at_seat(&app, &caller, &slot, Call::Explain, explain).await?;
    Ok(Json(explanation.into()))
}

/// Why the agent was told what it was told.
#[utoipa::path(
    get,
    path = "/v1/slots/{slot}/attempts/{id}/why",
    params(AtSeat, ("id" = String, Path, description = "The attempt.")),
    responses((status = 200, description = "What stood behind its guidance.", body = Why), Refusals)
)]
pub(super) async fn why(
    State(app): State<App>,
    caller: Caller,
    Path((slot, id)): Path<(String, String)>,
) -> Result<Json<Why>, Problem> {
    let explain = async |seat: Seat| seat.explain(&id).await;
    let explanation = at_seat(&app, &caller, &slot, Call::Explain, explain).await?;
    Ok(Json(explanation.into()))
}

impl From<Explanation> for Attempt {
    fn from(explanation: Explanation) -> Self {
        let handed_out = explanation.handed_out.into_iter();
        let handed_out = handed_out.map(
            |ExplainedHandout {
                 generation, cited, ..
             }| {
                let cited = cited.into_iter().map(|(citation, _)| citation.into());
                HandedOut {
                    generation,
                    cited: cited.collect(),
                }
            },
        );
        Attempt {
            attempt: explanation.attempt,
            task: explanation.task.into(),
            outcome: explanation.outcome.map(Into::into),
            handed_out: handed_out.collect(),
        }
    }
}

impl From<Explanation> for Why {
    fn from(explanation: Explanation) -> Self {
        let handed_out = explanation.handed_out.into_iter();
        let handed_out = handed_out.map(
            |ExplainedHandout {
                 generation, cited, ..
             }| {
                let cited = cited.into_iter().map(|(citation, memory)| Cited {
                    memory: citation.memory,
                    score: citation.score,
                    now: memory.map(Into::into),
                });
                Behind {
                    generation,
                    cited: cited.collect(),
                }
            },
        );
        Why {
            attempt: explanation.attempt,
            task: explanation.task.into(),
            outcome: explanation.outcome.map(Into::into),
            handed_out: handed_out.collect(),
        }
    }
}

impl From<contract::Memory> for Memory {
    fn from(memory: contract::Memory) -> Self {
        let key = |contract::Key { name, text, .. }| MemoryKey { name, text };
        let source = |contract::Source { attempt, step }| Source { attempt, step };
        Memory {
            id: memory.id,
            kind: memory.kind,
            title: memory.title,
            content: memory.content,
            keys: memory.keys.into_iter().map(key).collect(),
            labels: wire::named(memory.labels),
            sources: memory.sources.into_iter().map(source).collect(),
            counters: Counters {
                weight: memory.counters.weight,
                uses: memory.counters.uses,
                wins: memory.counters.wins,
                losses: memory.counters.losses,
                strength: memory.counters.strength,
            },
            created: memory.created,
            updated: memory.updated,
        }
    }
}
