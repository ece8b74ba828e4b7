//! The tools over HTTP, at `/mcp/{slot}`.
//!
//! Streamable HTTP without sessions: each request is answered by itself, in JSON. So there is nothing that a restart could
//! lose, and no open stream that would keep a server from ending.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use memhost::live::Seat;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};

use super::tools::Tools;
use crate::app::{App, Caller};

/// Where MCP is spoken.
pub(crate) fn routes(app: App) -> Router {
    Router::new()
        .route("/mcp/{slot}", post(answer))
        .with_state(app)
}

async fn answer(
    State(app): State<App>,
    Extension(Caller { grant, tenant }): Extension<Caller>,
    Path(slot): Path<String>,
    request: Request,
) -> Response {
    let seat = match app.host.slot(&grant, &slot, &tenant).await {
        Ok(seat) => seat,
        Err(error) => return (axum::http::StatusCode::NOT_FOUND, error.to_string()).into_response(),
    };
    let served = service(&app, seat).handle(request).await;
    served.map(Body::new)
}

fn service(app: &App, seat: Seat) -> StreamableHttpService<Tools<Seat>, NeverSessionManager> {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(app.settings.most_body_bytes)
        // The guard has looked at both, for every route.
        .disable_allowed_hosts()
        .disable_allowed_origins();
    let tools = Tools(seat);
    let sessions = Arc::new(NeverSessionManager::default());
    StreamableHttpService::new(move || Ok(tools.clone()), sessions, config)
}
