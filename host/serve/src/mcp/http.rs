//! The tools over HTTP, at `/mcp/{slot}`.
//!
//! Streamable HTTP without sessions: each request is answered by itself, in JSON. So there is nothing that a restart could
//! lose, and no open stream that would keep a server from ending.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use axum::routing::post;
use http_body_util::{BodyExt, Full};
use memhost::contract::Outcome;
use memhost::live::{Ask, LiveError, Record, Seat};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use serde::de::IgnoredAny;
use tracing::{Instrument, Span};

use super::backend::{Backend, Noted, Told, Why, knowing_all};
use super::tools::Tools;
use crate::app::{App, Caller};
use crate::body::{Path, json_bytes, parsed};
use crate::problem::Problem;
use crate::telemetry::{Answer, Call, Via};

/// Where MCP is spoken, behind the guard that says who asks.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/mcp/{slot}", post(answer))
}

async fn answer(
    State(app): State<App>,
    Caller { grant, tenant }: Caller,
    Path(slot): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let seat = app.host.slot(&grant, &slot, &tenant)?;
    let (head, body) = request.into_parts();
    let body = json_bytes(&head.headers, body).await?;
    let IgnoredAny = parsed(&body)?;
    let request = Request::from_parts(head, Full::new(body));
    let served = service(&app, slot, seat).handle(request).await;
    let media_type = served.headers().get(CONTENT_TYPE);
    let is_json = media_type.is_some_and(|media_type| media_type == "application/json");
    match served.status().is_client_error() && !is_json {
        // What is no message of MCP is refused in bare words.
        true => {
            let Ok(words) = served.into_body().collect().await;
            let words = words.to_bytes();
            Err(Problem::of("malformed", String::from_utf8_lossy(&words)))
        }
        false => Ok(served.map(Body::new)),
    }
}

/// A seat at a slot, whose calls are counted and traced.
#[derive(Clone)]
struct Metered {
    app: App,
    slot: String,
    seat: Seat,
    /// The request's: tools are called in a task of their own, which knows nothing of it.
    span: Span,
}

impl Metered {
    async fn call<T: Answer>(
        &self,
        call: Call,
        work: impl Future<Output = Result<T, LiveError>>,
    ) -> Result<T, LiveError> {
        let Metered { app, slot, .. } = self;
        let measured = app.meters.call(&app.host, slot, (call, Via::Mcp), work);
        measured.instrument(self.span.clone()).await
    }
}

impl Backend for Metered {
    type Refusal = LiveError;

    async fn retrieve(&self, ask: Ask) -> Result<Told, LiveError> {
        let ask = knowing_all(&self.seat, ask).await?;
        let told = self.call(Call::Retrieve, self.seat.retrieve(ask)).await;
        told.map(Told::from)
    }

    async fn record(&self, record: Record) -> Result<Noted, LiveError> {
        let kept = self.call(Call::Record, self.seat.record(record)).await;
        kept.map(Noted::from)
    }

    async fn feedback(
        &self,
        attempt: &str,
        outcome: Outcome,
        revise: bool,
    ) -> Result<Noted, LiveError> {
        let told = self.seat.feedback(attempt, outcome, revise);
        self.call(Call::Feedback, told).await.map(Noted::from)
    }

    async fn explain(&self, attempt: &str) -> Result<Why, LiveError> {
        let why = self.call(Call::Explain, self.seat.explain(attempt)).await;
        why.map(Why::from)
    }
}

/// The tools at a seat. It is made for one request, because nothing is kept between two.
fn service(
    app: &App,
    slot: String,
    seat: Seat,
) -> StreamableHttpService<Tools<Metered>, NeverSessionManager> {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(app.settings.most_body_bytes)
        // The guard has looked at both, for every route.
        .disable_allowed_hosts()
        .disable_allowed_origins();
    let app = app.clone();
    let span = Span::current();
    let tools = Tools(Metered {
        app,
        slot,
        seat,
        span,
    });
    let sessions = Arc::new(NeverSessionManager::default());
    StreamableHttpService::new(move || Ok(tools.clone()), sessions, config)
}
