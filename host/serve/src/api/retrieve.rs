//! `POST /v1/slots/{slot}/retrieve`: what an agent should know before it works, or in the middle of it.

use axum::extract::State;
use memhost::contract;
use memhost::live::{Ask, Handout, Seat};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::at_seat;
use crate::OnFailure;
use crate::app::{App, Caller};
use crate::body::{Json, Path};
use crate::openapi::{AtSeat, Refusals};
use crate::problem::Problem;
use crate::telemetry::Call;
use crate::wire;

/// What an agent asks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retrieve {
    /// What it is about to do.
    task: wire::Task,
    /// Who does it.
    agent: Option<wire::Agent>,
    /// The attempt that this belongs to, where the agent has asked before; left out, a new one begins.
    attempt: Option<String>,
    /// Where in its work it is.
    #[serde(default)]
    moment: wire::Moment,
    /// The run so far.
    #[serde(default)]
    transcript: Vec<wire::Step>,
    /// What was found in earlier rounds.
    #[serde(default)]
    found: Vec<wire::Finding>,
    /// The most tokens of guidance; 1,024 where that is left out.
    token_budget: Option<u32>,
    /// What must have been learnt before: a `sequence` that `record` or `feedback` answered with. What is not learnt in
    /// time is not waited for.
    after: Option<u64>,
}

/// What an agent is told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Retrieved {
    /// The attempt: what `record` and `feedback` are to name.
    attempt: String,
    /// The guidance. Empty: there is nothing to say.
    text: String,
    /// Where in the prompt it goes.
    placement: Placement,
    /// Whether it stands for what was said earlier in this attempt.
    replaces: bool,
    /// Tools that the strategy offers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    offers: Vec<Tool>,
    /// The memories that it was made from, best first.
    cited: Vec<Citation>,
    /// Which generation of the slot answered.
    generation: u32,
    /// Whether guidance is held back, to see what the task comes to without.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    held_back: bool,
    /// How the strategy would have the task worked on.
    wanted: Wanted,
    /// Why there is no guidance, where the strategy failed. The call has not: go on without.
    #[serde(skip_serializing_if = "Option::is_none")]
    degraded: Option<String>,
}

/// Where in the prompt guidance goes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Placement {
    /// Into the system message.
    System,
    /// In front of the task.
    User,
}

/// Something that an agent can call.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tool {
    /// Unique within the task.
    name: String,
    /// What it does, as the agent reads it.
    description: String,
    /// A JSON Schema of its arguments, as a text; empty where they are unknown.
    schema: String,
}

/// A memory that guidance was made from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Citation {
    /// Its id.
    memory: String,
    /// The strategy's own score; higher weighs more.
    score: f64,
}

/// How the strategy would have the task worked on. What comes is taken, whether or not it was wanted so.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Wanted {
    /// Runs of the task, which are learnt from together.
    trials: u32,
    /// Further tries after a failure, each of which asks again.
    refinements: u32,
    /// Rounds of looking for problems, each of which asks again with what was found.
    rounds: u32,
    /// Problems to report in each round.
    findings_per_round: u32,
    /// Who should say how it went: outcomes of less authority count as unknown.
    authority: wire::Authority,
}

/// What the agent should know now.
#[utoipa::path(
    post,
    path = "/v1/slots/{slot}/retrieve",
    params(AtSeat),
    request_body = Retrieve,
    responses((status = 200, description = "Guidance, which may be empty.", body = Retrieved), Refusals)
)]
pub(super) async fn retrieve(
    State(app): State<App>,
    caller: Caller,
    Path(slot): Path<String>,
    Json(asked): Json<Retrieve>,
) -> Result<Json<Retrieved>, Problem> {
    let retrieve = async |seat: Seat| seat.retrieve(asked.into()).await;
    let handout = at_seat(&app, &caller, &slot, Call::Retrieve, retrieve).await?;
    match (&handout.degraded, app.settings.on_failure) {
        (Some(reason), OnFailure::Error) => Err(Problem::of("strategy-failed", reason)),
        _ => Ok(Json(handout.into())),
    }
}

impl From<Retrieve> for Ask {
    fn from(asked: Retrieve) -> Self {
        let usual = Ask::at_start("");
        Ask {
            task: asked.task.into(),
            agent: asked.agent.map_or(usual.agent, Into::into),
            attempt: asked.attempt,
            moment: asked.moment.into(),
            transcript: asked.transcript.into_iter().map(Into::into).collect(),
            found: asked.found.into_iter().map(Into::into).collect(),
            token_budget: asked.token_budget.unwrap_or(usual.token_budget),
            after: asked.after,
        }
    }
}

impl From<Handout> for Retrieved {
    fn from(handout: Handout) -> Self {
        Retrieved {
            attempt: handout.attempt,
            text: handout.text,
            placement: match handout.placement {
                contract::Placement::System => Placement::System,
                contract::Placement::User => Placement::User,
            },
            replaces: handout.replaces,
            offers: handout.offers.into_iter().map(Into::into).collect(),
            cited: handout.cited.into_iter().map(Into::into).collect(),
            generation: handout.generation,
            wanted: Wanted {
                trials: handout.wanted.trials,
                refinements: handout.wanted.refinements,
                rounds: handout.wanted.rounds,
                findings_per_round: handout.wanted.findings_per_round,
                authority: handout.wanted.authority.into(),
            },
            degraded: handout.degraded,
            held_back: handout.is_held_back,
        }
    }
}

impl From<contract::Tool> for Tool {
    fn from(tool: contract::Tool) -> Self {
        Tool {
            name: tool.name,
            description: tool.description,
            schema: tool.schema,
        }
    }
}

impl From<contract::Citation> for Citation {
    fn from(citation: contract::Citation) -> Self {
        Citation {
            memory: citation.memory,
            score: citation.score,
        }
    }
}
