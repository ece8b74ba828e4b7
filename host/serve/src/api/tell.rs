//! `POST /v1/slots/{slot}/record` and `/feedback`: what an agent did, and how that went. Answered when it is on the disk.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use memhost::contract::{self, Actor};
use memhost::live::{self, Kept, Seat};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{at_seat, seat};
use crate::app::{App, Caller};
use crate::body::{Json, Path};
use crate::openapi::{AtSeat, Refusals};
use crate::problem::Problem;
use crate::telemetry::Call;
use crate::wire;

/// What an agent did.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    /// The attempt that `retrieve` began; left out for one that began without asking.
    attempt: Option<String>,
    /// What was to be done. Needed only where nothing was retrieved for the attempt.
    task: Option<wire::Task>,
    /// Who did it; left out, it is whoever has asked.
    agent: Option<wire::Agent>,
    /// The trajectory, in order.
    steps: Option<Vec<wire::Step>>,
    /// The trajectory, in OpenAI's chat form, in place of `steps`.
    messages: Option<Vec<wire::Message>>,
    /// What the agent handed in; left out, it is what the last of the `messages` answers.
    answer: Option<String>,
    /// The problems that it reported, in a task that hides several.
    #[serde(default)]
    findings: Vec<wire::Finding>,
    /// How it went, where that is known; else `feedback` tells it later.
    outcome: Option<wire::NewOutcome>,
    /// Which of several runs of the task, from 0.
    #[serde(default)]
    trial: u32,
    /// What to wait for before the answer; left out, for nothing but the disk.
    wait: Option<Wait>,
}

/// What to wait for before the answer.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Wait {
    /// Until it has been learnt from, or for as long as the server waits.
    Learnt,
}

/// It is on the disk.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Recorded {
    /// The attempt.
    attempt: String,
    /// Where in the ledger it stands: what `retrieve` can wait for with `after`.
    sequence: u64,
    /// Whether guidance had been handed out for it, which its outcome credits.
    credited: bool,
    /// Whether it has been learnt from, where that was waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    learnt: Option<bool>,
}

/// What the agent did, and how that went, if anybody knows. The same again is answered as before.
#[utoipa::path(
    post,
    path = "/v1/slots/{slot}/record",
    params(AtSeat),
    request_body = Record,
    responses(
        (status = 200, description = "It is on the disk and learnt from, as was waited for.", body = Recorded),
        (status = 202, description = "It is on the disk, and learnt from soon.", body = Recorded),
        Refusals
    )
)]
pub(super) async fn record(
    State(app): State<App>,
    caller: Caller,
    Path(slot): Path<String>,
    Json(told): Json<Record>,
) -> Result<(StatusCode, Json<Recorded>), Problem> {
    let wait = told.wait;
    let record = told.try_into()?;
    let tell = async |seat: Seat| seat.record(record).await;
    let Kept {
        attempt,
        sequence,
        credited,
        ..
    } = at_seat(&app, &caller, &slot, Call::Record, tell).await?;
    let learnt = match wait {
        Some(Wait::Learnt) => {
            let seat = seat(&app, &caller, &slot)?;
            let longest = Duration::from_millis(app.settings.learn_wait_ms);
            let _ = tokio::time::timeout(longest, seat.learnt(sequence)).await;
            Some(seat.standing().await?.learnt >= sequence)
        }
        None => None,
    };
    let status = match learnt {
        Some(true) => StatusCode::OK,
        _ => StatusCode::ACCEPTED,
    };
    let recorded = Recorded {
        attempt,
        sequence,
        credited,
        learnt,
    };
    Ok((status, Json(recorded)))
}

/// How an attempt went.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Feedback {
    /// The attempt.
    attempt: String,
    /// How it went: a verdict, a score or both.
    outcome: wire::NewOutcome,
    /// Whether it takes the place of another outcome, which was wrong.
    #[serde(default)]
    revise: bool,
}

/// It is on the disk.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Heard {
    /// Where in the ledger it stands: what `retrieve` can wait for with `after`.
    sequence: u64,
    /// Whether guidance had been handed out for it, which the outcome credits. A revised outcome is kept, and credits nothing
    /// a second time.
    credited: bool,
}

/// How an attempt went, where that became known later. The same again is answered as before.
#[utoipa::path(
    post,
    path = "/v1/slots/{slot}/feedback",
    params(AtSeat),
    request_body = Feedback,
    responses((status = 202, description = "It is on the disk, and learnt from soon.", body = Heard), Refusals)
)]
pub(super) async fn feedback(
    State(app): State<App>,
    caller: Caller,
    Path(slot): Path<String>,
    Json(told): Json<Feedback>,
) -> Result<(StatusCode, Json<Heard>), Problem> {
    let Feedback {
        attempt,
        outcome,
        revise,
    } = told;
    let tell = async |seat: Seat| seat.feedback(&attempt, outcome.into(), revise).await;
    let kept = at_seat(&app, &caller, &slot, Call::Feedback, tell).await?;
    let heard = Heard {
        sequence: kept.sequence,
        credited: kept.credited,
    };
    Ok((StatusCode::ACCEPTED, Json(heard)))
}

impl TryFrom<Record> for live::Record {
    type Error = Problem;

    fn try_from(told: Record) -> Result<Self, Problem> {
        let (steps, answer) = match (told.steps, told.messages) {
            (Some(_), Some(_)) => {
                let detail = "`steps` and `messages` are two forms of the same: send one of them";
                return Err(Problem::of("malformed", detail).at("messages"));
            }
            (None, Some(messages)) => {
                let steps = wire::steps_of(messages)?;
                let last = steps.last().filter(|step| step.actor == Actor::Answer);
                let answer = last.map(|step| step.text.clone());
                (steps, answer)
            }
            (steps, None) => {
                let steps = steps.unwrap_or_default().into_iter();
                (steps.map(Into::into).collect(), None)
            }
        };
        Ok(live::Record {
            attempt: told.attempt,
            task: told.task.map(Into::into),
            agent: told.agent.map(Into::into),
            steps,
            answer: told.answer.or(answer).unwrap_or_default(),
            findings: told.findings.into_iter().map(Into::into).collect(),
            outcome: told.outcome.map(contract::Outcome::from),
            trial: told.trial,
        })
    }
}
