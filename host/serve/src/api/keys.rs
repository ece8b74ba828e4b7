//! `/v1/keys`: keys are made, listed and revoked by whoever has the right `admin`. Nobody makes a key that allows more than
//! their own, or learns of one.

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderName, StatusCode};
use memhost::live::{self, Grant, LiveError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::{App, Granted};
use crate::body::{Json, Path};
use crate::openapi::Refusals;
use crate::problem::Problem;
use crate::wire;

/// What a key shall allow.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewApiKey)]
pub(crate) struct NewKey {
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 200)]
    note: String,
    /// The slots; left out: all of them, also later ones.
    slots: Option<Vec<String>>,
    /// The one tenant; left out: whichever is named with each request.
    tenant: Option<String>,
    /// What it allows.
    right: Right,
    /// For how much its outcomes may count at most.
    #[serde(default)]
    authority: wire::Authority,
    /// From when on it allows nothing, in milliseconds since 1970; left out: never.
    expires: Option<f64>,
}

/// What a key allows. Whoever may do the latter may do the former.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Right {
    /// To ask: `retrieve`, and attempts.
    Read,
    /// To tell: `record`, `feedback`.
    Write,
    /// To change who answers, and who may ask.
    Admin,
}

/// A key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct Key {
    /// By which it is called.
    id: String,
    /// What it is for.
    note: String,
    /// The slots; absent: all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    slots: Option<Vec<String>>,
    /// The one tenant; absent: whichever is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<String>,
    /// What it allows.
    right: Right,
    /// For how much its outcomes may count at most.
    authority: wire::Authority,
    /// From when on it allows nothing, in milliseconds since 1970; absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<f64>,
    /// When it was made, in milliseconds since 1970.
    made: f64,
    /// When it was revoked, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<f64>,
}

/// Keys.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Keys {
    /// All that were ever made and allow no more than the one that asks: the oldest first.
    keys: Vec<Key>,
}

/// A key that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Created {
    /// The key.
    #[serde(flatten)]
    key: Key,
    /// All of it, as it is sent with each request. It is told this once, and kept nowhere.
    secret: String,
}

/// The keys that there are.
#[utoipa::path(
    get,
    path = "/v1/keys",
    operation_id = "list_keys",
    responses((status = 200, description = "The keys.", body = Keys), Refusals)
)]
pub(super) async fn list_keys(
    State(app): State<App>,
    Granted(grant): Granted,
) -> Result<Json<Keys>, Problem> {
    grant.check_right(live::Right::Admin)?;
    let keys = app.host.keys().into_iter();
    let keys = keys.filter(|key| grant.includes(&key.allows.grant()));
    let keys = keys.map(Key::from).collect();
    Ok(Json(Keys { keys }))
}

/// Makes a key.
#[utoipa::path(
    post,
    path = "/v1/keys",
    operation_id = "create_key",
    request_body = NewKey,
    responses((status = 201, description = "It is made, and good from now on.", body = Created), Refusals)
)]
pub(super) async fn create_key(
    State(app): State<App>,
    Granted(grant): Granted,
    Json(wanted): Json<NewKey>,
) -> Result<(StatusCode, [(HeaderName, &'static str); 1], Json<Created>), Problem> {
    grant.check_right(live::Right::Admin)?;
    let wanted = live::NewKey::from(wanted);
    if !grant.includes(&wanted.grant()) {
        let detail = "a key cannot allow more than the one that makes it";
        return Err(Problem::of("not-granted", detail));
    }
    if !app.host.has_keys() && wanted.grant().check_all().is_err() {
        let detail = "from the first key on, every request needs one: the first must be one of the right `admin`, for all slots \
                      and tenants, so that somebody can make others";
        return Err(Problem::of("malformed", detail).at("right"));
    }
    let (key, secret) = app.host.create_key(wanted).await?;
    let created = Created {
        key: key.into(),
        secret: secret.reveal().to_owned(),
    };
    Ok((
        StatusCode::CREATED,
        [(CACHE_CONTROL, "no-store")],
        Json(created),
    ))
}

/// Revokes a key: it allows nothing from its next request on. One that is revoked stays so.
#[utoipa::path(
    delete,
    path = "/v1/keys/{id}",
    operation_id = "revoke_key",
    params(("id" = String, Path, description = "The key's id.")),
    responses((status = 200, description = "It is revoked.", body = Key), Refusals)
)]
pub(super) async fn revoke_key(
    State(app): State<App>,
    Granted(grant): Granted,
    Path(id): Path<String>,
) -> Result<Json<Key>, Problem> {
    grant.check_right(live::Right::Admin)?;
    check_covers(&app, &grant, &id)?;
    Ok(Json(app.host.revoke_key(&id).await?.into()))
}

/// A key that allows more than one's own is not there.
fn check_covers(app: &App, grant: &Grant, id: &str) -> Result<(), LiveError> {
    let keys = app.host.keys();
    let key = keys.iter().find(|key| key.id == id);
    match key.is_some_and(|key| grant.includes(&key.allows.grant())) {
        true => Ok(()),
        false => Err(LiveError::NoSuchKey(id.to_owned())),
    }
}

impl From<NewKey> for live::NewKey {
    fn from(wanted: NewKey) -> Self {
        live::NewKey {
            note: wanted.note,
            slots: wanted.slots,
            tenant: wanted.tenant,
            right: match wanted.right {
                Right::Read => live::Right::Read,
                Right::Write => live::Right::Write,
                Right::Admin => live::Right::Admin,
            },
            authority: wanted.authority.into(),
            expires: wanted.expires,
        }
    }
}

impl From<live::Key> for Key {
    fn from(key: live::Key) -> Self {
        let live::NewKey {
            note,
            slots,
            tenant,
            right,
            authority,
            expires,
        } = key.allows;
        Key {
            id: key.id,
            note,
            slots,
            tenant,
            right: match right {
                live::Right::Read => Right::Read,
                live::Right::Write => Right::Write,
                live::Right::Admin => Right::Admin,
            },
            authority: authority.into(),
            expires,
            made: key.made,
            revoked: key.revoked,
        }
    }
}
