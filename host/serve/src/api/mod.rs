//! The routes under `/v1`, and those that are open to everybody. Each is a call of the host, in the words of HTTP.

mod attempts;
mod health;
mod keys;
mod metrics;
mod problems;
mod retrieve;
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
pub(crate) fn for_all() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::revoke))
        .routes(routes!(metrics::metrics))
}

/// The routes that need no key.
pub(crate) fn open() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(problems::problem))
}

/// The caller's seat at a slot.
async fn seat(app: &App, caller: &Caller, slot: &str) -> Result<Seat, Problem> {
    let seat = app.host.slot(&caller.grant, slot, &caller.tenant).await;
    Ok(seat?)
}

/// Does a call at the caller's seat at a slot, measured from the seat's opening on.
async fn at_seat<T: Answer>(
    app: &App,
    caller: &Caller,
    slot: &str,
    call: Call,
    work: impl AsyncFnOnce(Seat) -> Result<T, LiveError>,
) -> Result<T, Problem> {
    let work = async {
        let seat = app.host.slot(&caller.grant, slot, &caller.tenant).await?;
        work(seat).await
    };
    Ok(app
        .meters
        .call(&app.host, slot, (call, Via::Http), work)
        .await?)
}
