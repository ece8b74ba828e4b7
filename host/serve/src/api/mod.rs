//! The routes under `/v1`, and those that are open to everybody. Each is a call of the host, in the words of HTTP.

mod attempts;
mod health;
mod problems;
mod retrieve;
mod slots;
mod tell;

use memhost::live::Seat;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::{App, Caller};
use crate::problem::Problem;

/// The routes of a seat: a tenant at a slot.
pub(crate) fn seats() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(retrieve::retrieve))
        .routes(routes!(tell::record))
        .routes(routes!(tell::feedback))
        .routes(routes!(attempts::attempt))
        .routes(routes!(attempts::why))
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
