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
    /// Whether what is told can be kept.
    ready: bool,
    /// How each slot stands that the key covers; absent for those who have no key, where one is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    slots: Option<Vec<SlotReady>>,
}

/// How a slot stands, over all of its tenants.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SlotReady {
    /// The slot.
    slot: String,
    /// Seats that are open.
    open_seats: u64,
    /// Seats at which nothing can be written: the disk is full, or fails.
    read_only: u64,
    /// Learners that wait for a model that is down. What agents tell is kept meanwhile.
    waiting: u64,
    /// Entries that the learner furthest behind has still to learn.
    lag: u64,
    /// Lessons that were given up, because the strategy failed on them twice.
    skipped: u64,
}

/// Whether the host can do its work.
#[utoipa::path(
    get,
    path = "/readyz",
    responses(
        (status = 200, description = "It can.", body = Ready),
        (status = 503, description = "A store cannot be written.", body = Ready)
    )
)]
pub(super) async fn readyz(
    State(app): State<App>,
    headers: HeaderMap,
) -> (StatusCode, Json<Ready>) {
    let standing = app.host.standing().await;
    let slots: Vec<SlotReady> = standing.into_iter().map(summed_up).collect();
    let ready = slots.iter().all(|slot| slot.read_only == 0);
    let status = match ready {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let grant = guard::who(&app, &headers).ok();
    let slots = grant.map(|grant| {
        let covered = app.host.slots(&grant);
        let is_covered = |slot: &SlotReady| covered.contains(&slot.slot);
        slots.into_iter().filter(is_covered).collect()
    });
    (status, Json(Ready { ready, slots }))
}

/// How a slot stands, over all of its tenants.
fn summed_up(standing: SlotStanding) -> SlotReady {
    let learners = || standing.seats.iter().map(|seat| &seat.learner);
    let waits = |on_the_store: bool| {
        let waits = learners().filter(|learner| learner.waiting.is_some());
        let waits = waits.filter(|learner| learner.is_read_only == on_the_store);
        waits.count() as u64
    };
    let lags = standing.seats.iter();
    let lags = lags.map(|seat| seat.entries.saturating_sub(seat.learner.learnt));
    SlotReady {
        open_seats: standing.seats.len() as u64,
        read_only: waits(true),
        waiting: waits(false),
        lag: lags.max().unwrap_or(0),
        skipped: learners().map(|learner| learner.skipped).sum(),
        slot: standing.slot,
    }
}
