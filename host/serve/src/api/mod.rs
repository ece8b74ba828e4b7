//! The routes under `/v1`, and those that are open to everybody. Each is a call of the host, in the words of HTTP.

mod attempts;
mod health;
mod keys;
mod metrics;
mod problems;
mod retrieve;
mod slots;
mod tell;

use memhost::live::{LiveError, Seat};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::{App, Caller};
use crate::problem::Problem;
use crate::telemetry::{Answer, Call, Via};

/// The routes of a seat: a tenant at a slot.
pub(crate) fn seats() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(retrieve::retrieve))
        .routes(routes!(tell::record))
        .routes(routes!(tell::feedback))
        .routes(routes!(attempts::attempt))
        .routes(routes!(attempts::why))
}

/// The routes of the host as a whole.
pub(crate) fn host() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(keys::list_keys, keys::create_key))
        .routes(routes!(keys::revoke_key))
        .routes(routes!(metrics::metrics))
}

/// The routes that are about a slot, for whichever tenant.
pub(crate) fn slots() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(slots::list, slots::add))
        .routes(routes!(slots::standing))
        .routes(routes!(slots::generations, slots::swap))
        .routes(routes!(slots::roll_back))
        .routes(routes!(slots::freeze))
}

/// The routes that need no key.
pub(crate) fn open() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(problems::problem))
}

/// The caller's seat at a slot.
fn seat(app: &App, caller: &Caller, slot: &str) -> Result<Seat, Problem> {
    Ok(app.host.slot(&caller.grant, slot, &caller.tenant)?)
}

/// Does a call at the caller's seat at a slot, measured.
async fn at_seat<T: Answer>(
    app: &App,
    caller: &Caller,
    slot: &str,
    call: Call,
    work: impl AsyncFnOnce(Seat) -> Result<T, LiveError>,
) -> Result<T, Problem> {
    let work = async { work(app.host.slot(&caller.grant, slot, &caller.tenant)?).await };
    Ok(app
        .meters
        .call(&app.host, slot, (call, Via::Http), work)
        .await?)
}
