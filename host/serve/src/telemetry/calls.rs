//! Calls and requests: where each begins and ends, for metrics and traces alike.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use memhost::live::{Explanation, Grant, Handout, Host, Kept, LiveError};
use prometheus_client::encoding::EncodeLabelValue;
use prometheus_client::encoding::LabelValueEncoder;
use tracing::field::Empty;
use tracing::{Instrument, Span, info_span};

use super::metrics::{CallLabels, RouteLabels};
use super::{Meters, TRACED};
use crate::app::RequestId;

/// What agents call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Call {
    Retrieve,
    Record,
    Feedback,
    Explain,
}

/// By which door a call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Via {
    Http,
    Mcp,
}

impl Call {
    fn name(self) -> &'static str {
        match self {
            Call::Retrieve => "retrieve",
            Call::Record => "record",
            Call::Feedback => "feedback",
            Call::Explain => "explain",
        }
    }
}

impl Via {
    fn name(self) -> &'static str {
        match self {
            Via::Http => "http",
            Via::Mcp => "mcp",
        }
    }
}

impl EncodeLabelValue for Call {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), std::fmt::Error> {
        EncodeLabelValue::encode(&self.name(), encoder)
    }
}

impl EncodeLabelValue for Via {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), std::fmt::Error> {
        EncodeLabelValue::encode(&self.name(), encoder)
    }
}

/// What a call is answered with.
pub(crate) trait Answer {
    /// The generation that answered, where it matters.
    fn generation(&self) -> Option<u32> {
        None
    }

    /// Whether the strategy failed, and the answer is one all the same.
    fn is_degraded(&self) -> bool {
        false
    }
}

impl Answer for Kept {}
impl Answer for Explanation {}
impl Answer for Handout {
    fn generation(&self) -> Option<u32> {
        Some(self.generation)
    }

    fn is_degraded(&self) -> bool {
        self.degraded.is_some()
    }
}

impl Meters {
    /// Does a call at a slot; it is counted, timed and traced, also if nobody waits for its end.
    pub(crate) async fn call<T: Answer>(
        &self,
        host: &Host,
        slot: &str,
        (call, via): (Call, Via),
        work: impl Future<Output = Result<T, LiveError>>,
    ) -> Result<T, LiveError> {
        let span = info_span!(
            target: TRACED,
            "call",
            otel.name = call.name(),
            otel.status_code = Empty,
            memhost.via = via.name(),
            memhost.slot = Empty,
            memhost.generation = Empty,
            memhost.outcome = Empty,
        );
        let mut running = RunningCall {
            meters: self,
            span: span.clone(),
            began: Instant::now(),
            labels: CallLabels {
                slot: String::new(),
                generation: None,
                call,
                via,
                outcome: "hung-up",
            },
        };
        let result = work.instrument(span).await;
        let labels = &mut running.labels;
        labels.outcome = match &result {
            Ok(answer) if answer.is_degraded() => "degraded",
            Ok(_) => "ok",
            Err(error) => error.code(),
        };
        labels.generation = result.as_ref().ok().and_then(Answer::generation);
        if result.is_ok() || is_there(host, slot) {
            slot.clone_into(&mut labels.slot);
        }
        result
    }
}

fn is_there(host: &Host, slot: &str) -> bool {
    let slots = host.slots(&Grant::everything());
    slots.iter().any(|own| own == slot)
}

struct RunningCall<'a> {
    meters: &'a Meters,
    span: Span,
    began: Instant,
    labels: CallLabels,
}

impl Drop for RunningCall<'_> {
    fn drop(&mut self) {
        let labels = &self.labels;
        self.span.record("memhost.slot", &labels.slot);
        self.span.record("memhost.generation", labels.generation);
        self.span.record("memhost.outcome", labels.outcome);
        if labels.outcome != "ok" {
            self.span.record("otel.status_code", "ERROR");
        }
        self.meters.count_call(labels, self.began.elapsed());
    }
}

/// Measures each request by the route that it takes.
pub(crate) async fn measured(
    State(meters): State<Meters>,
    request: Request,
    next: Next,
) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let route = RouteLabels {
        method: method(request.method()),
        route: route.map_or_else(String::new, |route| route.as_str().to_owned()),
    };
    let id = request.extensions().get::<RequestId>();
    let span = info_span!(
        target: TRACED,
        "request",
        otel.name = format!("{} {}", route.method, route.route).trim_end(),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = route.method,
        http.route = route.route,
        http.response.status_code = Empty,
        memhost.request = id.map(|id| id.0.as_str()),
    );
    meters.request_begins();
    let mut running = RunningRequest {
        meters: &meters,
        span: span.clone(),
        began: Instant::now(),
        route: Some(route),
        status: 0,
    };
    let response = next.run(request).instrument(span).await;
    running.status = response.status().as_u16();
    response
}

struct RunningRequest<'a> {
    meters: &'a Meters,
    span: Span,
    began: Instant,
    route: Option<RouteLabels>,
    status: u16,
}

impl Drop for RunningRequest<'_> {
    fn drop(&mut self) {
        self.span.record("http.response.status_code", self.status);
        if self.status >= 500 {
            self.span.record("otel.status_code", "ERROR");
        }
        if let Some(route) = self.route.take() {
            let took = self.began.elapsed();
            self.meters.request_ends(route, self.status, took);
        }
    }
}

/// Those that mean something; a caller may send any word.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
