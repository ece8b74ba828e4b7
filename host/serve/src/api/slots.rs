//! `/v1/slots`: who answers where, and having another strategy answer while agents call.

use std::collections::BTreeMap;

use axum::extract::State;
use memhost::contract::settings;
use memhost::live::{self, Mode, SeatStanding, SlotStanding, Swap, Wish};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::{App, Granted};
use crate::body::{Json, Path};
use crate::openapi::{AtSlot, Refusals};
use crate::problem::Problem;

/// The slots that a key covers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Slots {
    /// Their names.
    slots: Vec<String>,
}

/// How a slot stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Slot {
    /// The slot.
    slot: String,
    /// Who answers.
    generation: Generation,
    /// Whether it learns no more.
    frozen: bool,
    /// How often it was asked since it took over in this process.
    calls: u32,
    /// How many of these calls failed.
    failures: u32,
    /// The seats that are open.
    seats: Vec<Seat>,
}

/// How a tenant's seat stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Seat {
    /// The tenant.
    tenant: String,
    /// How much has happened: the highest sequence.
    happened: u64,
    /// Up to which sequence its strategy has learnt.
    learnt: u64,
    /// Attempts that wait: for their outcome, for other runs of their task, or to be told with others.
    waiting_attempts: u64,
    /// Rows of its memories, with their keys and links.
    rows: u64,
    /// Lessons that were given up, because the strategy failed on them twice.
    skipped: u64,
    /// Why the latest was given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped_for: Option<String>,
    /// What learning waits for, where it can go on no further.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<String>,
    /// What came otherwise than the strategy would have it.
    deviations: Deviations,
}

/// How often something came otherwise than a strategy would have it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Deviations {
    /// Outcomes that count as unknown, because the strategy learns from those of a higher authority.
    too_little_authority: u64,
    /// Attempts whose outcome nobody told in time, at a strategy that learns from outcomes.
    without_outcome: u64,
    /// Tasks that were run fewer times than are learnt from together.
    too_few_trials: u64,
    /// Attempts in which it was asked in fewer rounds.
    too_few_rounds: u64,
}

impl From<live::Deviations> for Deviations {
    fn from(deviations: live::Deviations) -> Self {
        Deviations {
            too_little_authority: deviations.too_little_authority,
            without_outcome: deviations.without_outcome,
            too_few_trials: deviations.too_few_trials,
            too_few_rounds: deviations.too_few_rounds,
        }
    }
}

/// The generations of a slot.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Generations {
    /// In the order in which they came.
    generations: Vec<Generation>,
    /// The number of the one that answers.
    answering: u32,
}

/// One strategy under one choice of settings, at a slot. It never changes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Generation {
    /// From 1, in the order in which they came.
    number: u32,
    /// Which memories it works on: the number of the generation that began them.
    lineage: u32,
    /// The strategy's name.
    strategy: String,
    /// The strategy's version.
    version: String,
    /// What it consists of, as a digest.
    digest: String,
    /// Every parameter's value, as text.
    settings: BTreeMap<String, String>,
}

impl From<live::Generation> for Generation {
    fn from(generation: live::Generation) -> Self {
        Generation {
            number: generation.number,
            lineage: generation.lineage,
            strategy: generation.strategy,
            version: generation.version,
            digest: generation.digest,
            settings: settings::as_text(&generation.settings),
        }
    }
}

/// Which strategy is to answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewGeneration {
    /// A plugin's name, a path in one of the server's `plugin_folders`, or a plugin in wrappers: `guard(rag)`.
    plugin: String,
    /// Parameters that are not to be at their defaults.
    #[serde(default)]
    settings: BTreeMap<String, SettingValue>,
    /// What becomes of the memories.
    mode: Memories,
    /// Whether it takes over even where it finds nothing in memories in which the present strategy finds something.
    #[serde(default)]
    force: bool,
}

/// A slot that is not there yet.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSlot {
    /// Its name: letters, digits, `-`, `_`, `.` and `@`, at most 64.
    #[schema(pattern = "^[A-Za-z0-9._@-]{1,64}$")]
    slot: String,
    /// A plugin's name, a path in one of the server's `plugin_folders`, or a plugin in wrappers: `guard(rag)`.
    plugin: String,
    /// Parameters that are not to be at their defaults.
    #[serde(default)]
    settings: BTreeMap<String, SettingValue>,
}

/// A parameter's value.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum SettingValue {
    /// Yes or no.
    Flag(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

/// What becomes of the memories of a slot when another strategy takes over.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Memories {
    /// The new strategy begins with none.
    Fresh,
    /// The new strategy goes on with those that are there.
    Inherit,
}

/// Which generation is to answer again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rollback {
    /// Its number; without one, the generation that answered before the present one.
    to: Option<u32>,
}

/// The slots that the key covers.
#[utoipa::path(
    get,
    path = "/v1/slots",
    operation_id = "list_slots",
    responses((status = 200, description = "Their names.", body = Slots), Refusals)
)]
pub(super) async fn list(State(app): State<App>, grant: Granted) -> Json<Slots> {
    Json(Slots {
        slots: app.host.slots(&grant.0),
    })
}

/// Makes a slot, and has a strategy answer there. Needs the right `admin` for all slots.
#[utoipa::path(
    post,
    path = "/v1/slots",
    operation_id = "add_slot",
    request_body = NewSlot,
    responses((status = 200, description = "It answers.", body = Generation), Refusals)
)]
pub(super) async fn add(
    State(app): State<App>,
    grant: Granted,
    Json(new): Json<NewSlot>,
) -> Result<Json<Generation>, Problem> {
    let wish = wish(new.plugin, new.settings);
    let made = app.host.admit_slot(&grant.0, &new.slot, &wish).await?;
    Ok(Json(made.into()))
}

fn wish(plugin: String, settings: BTreeMap<String, SettingValue>) -> Wish {
    let text = |value| match value {
        SettingValue::Flag(flag) => flag.to_string(),
        SettingValue::Number(number) => number.to_string(),
        SettingValue::Text(text) => text,
    };
    let settings = settings.into_iter();
    Wish {
        plugin,
        settings: settings.map(|(name, value)| (name, text(value))).collect(),
    }
}

/// Who answers at a slot, and how far each open seat has learnt. Needs the right `admin`.
#[utoipa::path(
    get,
    path = "/v1/slots/{slot}",
    operation_id = "slot",
    params(AtSlot),
    responses((status = 200, description = "How it stands.", body = Slot), Refusals)
)]
pub(super) async fn standing(
    State(app): State<App>,
    grant: Granted,
    Path(slot): Path<String>,
) -> Result<Json<Slot>, Problem> {
    let manager = app.host.manage(&grant.0, &slot)?;
    Ok(Json(manager.standing().await.into()))
}

/// The generations that a slot has had. Needs the right `admin`.
#[utoipa::path(
    get,
    path = "/v1/slots/{slot}/generations",
    params(AtSlot),
    responses((status = 200, description = "All of them.", body = Generations), Refusals)
)]
pub(super) async fn generations(
    State(app): State<App>,
    grant: Granted,
    Path(slot): Path<String>,
) -> Result<Json<Generations>, Problem> {
    let manager = app.host.manage(&grant.0, &slot)?;
    let generations = manager.generations().await;
    Ok(Json(Generations {
        generations: generations.into_iter().map(Into::into).collect(),
        answering: manager.answering(),
    }))
}

/// Has another strategy answer at a slot, while agents call; answered when it does. Needs the right `admin`.
#[utoipa::path(
    post,
    path = "/v1/slots/{slot}/generations",
    params(AtSlot),
    request_body = NewGeneration,
    responses((status = 200, description = "It answers.", body = Generation), Refusals)
)]
pub(super) async fn swap(
    State(app): State<App>,
    grant: Granted,
    Path(slot): Path<String>,
    Json(new): Json<NewGeneration>,
) -> Result<Json<Generation>, Problem> {
    let manager = app.host.manage(&grant.0, &slot)?;
    let wish = wish(new.plugin, new.settings);
    let swap = Swap {
        mode: match new.mode {
            Memories::Fresh => Mode::Fresh,
            Memories::Inherit => Mode::Inherit,
        },
        force: new.force,
    };
    Ok(Json(manager.swap_to(&wish, swap).await?.into()))
}

/// Has a former generation answer again. Needs the right `admin`.
#[utoipa::path(
    post,
    path = "/v1/slots/{slot}/rollback",
    params(AtSlot),
    request_body = Rollback,
    responses((status = 200, description = "It answers.", body = Generation), Refusals)
)]
pub(super) async fn roll_back(
    State(app): State<App>,
    grant: Granted,
    Path(slot): Path<String>,
    Json(rollback): Json<Rollback>,
) -> Result<Json<Generation>, Problem> {
    let manager = app.host.manage(&grant.0, &slot)?;
    Ok(Json(manager.roll_back(rollback.to).await?.into()))
}

/// Has a slot's strategy go on answering, and learn no more. Needs the right `admin`.
#[utoipa::path(
    post,
    path = "/v1/slots/{slot}/freeze",
    params(AtSlot),
    responses((status = 200, description = "It learns no more.", body = Generation), Refusals)
)]
pub(super) async fn freeze(
    State(app): State<App>,
    grant: Granted,
    Path(slot): Path<String>,
) -> Result<Json<Generation>, Problem> {
    let manager = app.host.manage(&grant.0, &slot)?;
    Ok(Json(manager.freeze().await?.into()))
}

impl From<SlotStanding> for Slot {
    fn from(standing: SlotStanding) -> Self {
        Slot {
            slot: standing.slot,
            generation: standing.generation.into(),
            frozen: standing.is_frozen,
            calls: standing.calls,
            failures: standing.failures,
            seats: standing.seats.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<SeatStanding> for Seat {
    fn from(seat: SeatStanding) -> Self {
        Seat {
            tenant: seat.tenant,
            happened: seat.entries,
            learnt: seat.learner.learnt,
            waiting_attempts: seat.learner.waiting_attempts,
            rows: seat.rows,
            skipped: seat.learner.skipped,
            skipped_for: seat.learner.skipped_for,
            waiting: seat.learner.waiting,
            deviations: seat.learner.deviations.into(),
        }
    }
}
