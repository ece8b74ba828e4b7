//! The router: every address of the server, and what stands before it.

use axum::Router;
use axum::http::{Method, Uri, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::bounded::bounded;
use crate::problem::Problem;
use crate::telemetry::measured;
use crate::{api, guard, mcp, openapi};

/// All of it.
pub(crate) fn router(app: App) -> Router {
    let granted = from_fn_with_state(app.clone(), guard::granted);
    let for_tenant = from_fn_with_state(app.clone(), guard::for_tenant);

    let at_seats = api::seats()
        .merge(mcp::routes().into())
        .route_layer(for_tenant)
        .route_layer(granted.clone());
    let for_all = api::slots().merge(api::host()).route_layer(granted);
    let (documented, description) = OpenApiRouter::with_openapi(openapi::description())
        .merge(at_seats)
        .merge(for_all)
        .merge(api::open())
        .split_for_parts();

    let description = description.to_json().unwrap_or_default();
    let json = [(header::CONTENT_TYPE, "application/json")];
    documented
        .route(
            "/openapi.json",
            get(async move || (json, description.clone())),
        )
        .with_state(app.clone())
        .fallback(nothing_here)
        .method_not_allowed_fallback(not_so)
        .layer(from_fn_with_state(app.clone(), guard::from_here))
        .layer(from_fn_with_state(app.clone(), bounded))
        .layer(from_fn_with_state(app.meters, measured))
        .layer(from_fn(guard::numbered))
}

async fn nothing_here(address: Uri) -> Problem {
    Problem::of("no-such-route", format!("there is no `{}`", address.path()))
}

async fn not_so(method: Method, address: Uri) -> Problem {
    let detail = format!("`{}` does not take `{method}`", address.path());
    Problem::of("method-not-allowed", detail)
}
