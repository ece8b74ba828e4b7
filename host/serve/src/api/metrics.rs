//! `GET /metrics`: counters, durations and gauges, for Prometheus and what understands its format.

use axum::extract::State;
use axum::http::HeaderName;
use axum::http::header::CONTENT_TYPE;

use crate::app::{App, Granted};
use crate::openapi::Refusals;
use crate::problem::Problem;
use crate::telemetry::MEDIA_TYPE;

/// What is counted and timed, in the text format of OpenMetrics.
///
/// Needs a key of the right `admin` for all slots and tenants, where keys are needed.
#[utoipa::path(
    get,
    path = "/metrics",
    responses((status = 200, description = "The metrics.", body = String, content_type = MEDIA_TYPE), Refusals)
)]
pub(super) async fn metrics(
    State(app): State<App>,
    Granted(grant): Granted,
) -> Result<([(HeaderName, &'static str); 1], String), Problem> {
    grant.check_all()?;
    let page = app.meters.page(&app.host).await;
    let page = page.map_err(|error| Problem::of("internal", error.to_string()))?;
    Ok(([(CONTENT_TYPE, MEDIA_TYPE)], page))
}
