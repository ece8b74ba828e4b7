//! `/healthz` and `/readyz`: whether the process lives, and whether it can do its work.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use memhost::live::SlotStanding;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::body::Json;
use crate::guard;

/// The process lives.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Alive {
    /// Always true.
    alive: bool,
}

/// Whether the process lives.
#[utoipa::path(
    get,
    path = "/healthz",
    responses((status = 200, description = "It does.", body = Alive)),
    security(())
)]
pub(super) async fn healthz() -> Json<Alive> {
    Json(Alive { alive: true })
}

/// Whether the host can do its work.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ready {
    /// Whether what is told can be kept and learnt from.
    ready: bool,
    /// How each slot stands; absent for those who have no key, where one is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    slots: Option<Vec<SlotReady>>,
}

/// How a slot stands, over all of its tenants.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct SlotReady {
    /// The slot.
    slot: String,
    /// How many tenants' seats are open.
    seats: usize,
    /// What learning waits for, where it can go on no further: a model that is down, a disk that is full.
    waiting: Vec<String>,
    /// Lessons that were given up, because the strategy failed on them twice.
    skipped: u64,
    /// By how much the seat that is behind most is behind, in things that have happened.
    behind: u64,
}

/// Whether the host can do its work.
#[utoipa::path(
    get,
    path = "/readyz",
    responses(
        (status = 200, description = "It can.", body = Ready),
        (status = 503, description = "Something is in the way of its learning.", body = Ready)
    )
)]
pub(super) async fn readyz(
    State(app): State<App>,
    headers: HeaderMap,
) -> (StatusCode, Json<Ready>) {
    let standing = app.host.standing().await;
    let slots: Vec<SlotReady> = standing.into_iter().map(summed_up).collect();
    let ready = slots.iter().all(|slot| slot.waiting.is_empty());
    let status = match ready {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let may_know = guard::who(&app, &headers).is_ok();
    let slots = may_know.then_some(slots);
    (status, Json(Ready { ready, slots }))
}

/// How a slot stands, over all of its tenants.
fn summed_up(standing: SlotStanding) -> SlotReady {
    let learners = || standing.seats.iter().map(|seat| &seat.learner);
    let mut waiting: Vec<String> = learners()
        .filter_map(|learner| learner.waiting.clone())
        .collect();
    waiting.sort();
    waiting.dedup();
    SlotReady {
        seats: standing.seats.len(),
        waiting,
        skipped: learners().map(|learner| learner.skipped).sum(),
        behind: standing
            .seats
            .iter()
            .map(|seat| seat.entries.saturating_sub(seat.learner.learnt))
            .max()
            .unwrap_or(0),
        slot: standing.slot,
    }
}
