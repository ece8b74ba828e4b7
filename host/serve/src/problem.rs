//! Problems (RFC 9457): what a request is refused with. Each has a code that programs tell apart, a status, and a cure, which
//! is served at `/problems/{code}`.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use memhost::live::LiveError;
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of problems.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// A kind of problem: what all those with one code have in common.
#[derive(Debug)]
pub(crate) struct Kind {
    pub code: &'static str,
    pub status: StatusCode,
    pub title: &'static str,
    pub cure: &'static str,
}

const fn kind(
    code: &'static str,
    status: StatusCode,
    title: &'static str,
    cure: &'static str,
) -> Kind {
    Kind {
        code,
        status,
        title,
        cure,
    }
}

/// All kinds of problems, by status.
#[rustfmt::skip]
pub(crate) const KINDS: &[Kind] = &[
    kind("malformed", StatusCode::BAD_REQUEST, "The request makes no sense",
        "Correct what `detail` names; `/openapi.json` says what each request may hold."),
    kind("unknown-field", StatusCode::BAD_REQUEST, "There is no such field",
        "Leave it out, or spell it as `/openapi.json` does. Only inside `messages` are unknown fields ignored."),
    kind("score-out-of-range", StatusCode::BAD_REQUEST, "A score is not in 0..=1",
        "Bring scores to 0..=1, where higher is better, before they are sent."),
    kind("tenant-missing", StatusCode::BAD_REQUEST, "Nobody says for whom",
        "Name the tenant in the header `Memhost-Tenant`, in each request: this key is good for any."),
    kind("key-missing", StatusCode::UNAUTHORIZED, "A key is needed",
        "Send it as `Authorization: Bearer mh_…`. `memhost key create` makes one."),
    kind("key-unknown", StatusCode::UNAUTHORIZED, "The key is not known",
        "Use a key of this host. `memhost key list` shows which there are, `memhost key create` makes one."),
    kind("key-revoked", StatusCode::UNAUTHORIZED, "The key is no longer good",
        "It was revoked, or has expired. `memhost key create` makes another."),
    kind("not-granted", StatusCode::FORBIDDEN, "The key does not cover this",
        "Use a key that does: keys are for slots, a tenant, a right and an authority."),
    kind("foreign-origin", StatusCode::FORBIDDEN, "A page of another origin asks",
        "Pages of other origins cannot use this server. Call it from a program, or from a page that it serves itself."),
    kind("no-such-slot", StatusCode::NOT_FOUND, "There is no such slot",
        "Check its name; `GET /v1/slots` lists those that your key covers."),
    kind("no-such-attempt", StatusCode::NOT_FOUND, "There is no such attempt",
        "Use the id that `retrieve` gave, with the same slot and tenant; tell what was done with `record` before its outcome. \
         What was handed out and never recorded is forgotten after a day."),
    kind("no-such-key", StatusCode::NOT_FOUND, "There is no such key",
        "`memhost key list` shows the ids of those that there are and that your own key covers."),
    kind("no-such-generation", StatusCode::NOT_FOUND, "The slot has had no such generation",
        "`GET /v1/slots/{slot}/generations` lists those that it has had."),
    kind("no-such-route", StatusCode::NOT_FOUND, "There is nothing at this address",
        "Check the path; `/openapi.json` lists all of them."),
    kind("method-not-allowed", StatusCode::METHOD_NOT_ALLOWED, "This is not done with this method",
        "Use a method that the header `Allow` names."),
    kind("too-slow", StatusCode::REQUEST_TIMEOUT, "The request did not arrive in time",
        "Send the body without pauses; the same request again is safe."),
    kind("change-in-progress", StatusCode::CONFLICT, "The slot is being changed",
        "One change of a slot at a time: try again when the one under way is done."),
    kind("outcome-known", StatusCode::CONFLICT, "The attempt has another outcome",
        "Send `\"revise\": true` where the first outcome was wrong."),
    kind("in-flight", StatusCode::CONFLICT, "The same is being told just now",
        "Send the same request again in a moment; that is safe."),
    kind("too-large", StatusCode::PAYLOAD_TOO_LARGE, "The body is too large",
        "Send less: shorten long observations. `most_body_bytes` under [serve] is the limit."),
    kind("not-json", StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body is not said to be JSON",
        "Send JSON, with `Content-Type: application/json`."),
    kind("foreign-host", StatusCode::MISDIRECTED_REQUEST, "The server is not called so",
        "Call it by a name of this machine itself, or add the name to `allowed_hosts` under [serve]."),
    kind("idempotency-mismatch", StatusCode::UNPROCESSABLE_ENTITY, "The attempt was told before, otherwise",
        "An attempt is told once. Send exactly the same again, or `feedback` where only the outcome is new."),
    kind("inherit-refused", StatusCode::UNPROCESSABLE_ENTITY, "The strategy cannot go on with the memories that are there",
        "Begin with none (`\"mode\": \"fresh\"`), or send `\"force\": true` where it is to take them over all the same."),
    kind("plugin-refused", StatusCode::UNPROCESSABLE_ENTITY, "The strategy cannot be used",
        "`detail` has the plugin's own words: correct its settings, or take another plugin."),
    kind("too-many", StatusCode::TOO_MANY_REQUESTS, "Too much at once",
        "Wait for as many seconds as `Retry-After` says, then send the same request again."),
    kind("internal", StatusCode::INTERNAL_SERVER_ERROR, "The server made a mistake",
        "Its log has more under the request's id. The same request again is safe."),
    kind("strategy-failed", StatusCode::BAD_GATEWAY, "The strategy failed",
        "Go on without guidance. With `on_failure = \"empty\"` under [serve] this is an empty answer."),
    kind("store-read-only", StatusCode::SERVICE_UNAVAILABLE, "The store cannot be written",
        "Nothing was written. Give the disk room, or repair what `detail` names; then send the same request again."),
    kind("unconfirmed", StatusCode::SERVICE_UNAVAILABLE, "It may have been written, or not",
        "Send the same request again: what is there already is not written twice."),
    kind("draining", StatusCode::SERVICE_UNAVAILABLE, "The host is ending",
        "Send the same request again in a moment, when it has been started anew."),
];

/// The kind with this code.
pub(crate) fn kind_of(code: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.code == code)
}

/// Why a request is refused.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub kind: &'static Kind,
    pub detail: String,
    /// Where in the request.
    pub field: Option<String>,
    /// After how many seconds the same request may do.
    pub retry_after: Option<u64>,
}

/// A problem as it is sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// `/problems/` and the code, which programs tell apart; served with its cure.
    #[serde(rename = "type")]
    kind: String,
    /// What all problems with this code have in common.
    title: &'static str,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong with this request.
    detail: String,
    /// The request's id, under which the server's log has more.
    instance: String,
    /// Where in the request it is, if in one place: `outcome.score`, `steps[3].actor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
}

impl Problem {
    /// A problem with this code. A code that has no kind is a mistake of the server's.
    pub(crate) fn of(code: &str, detail: impl Into<String>) -> Problem {
        let kind = kind_of(code).or_else(|| {
            tracing::error!(code, "a problem that is none of the known kinds");
            kind_of("internal")
        });
        Problem {
            kind: kind.unwrap_or(&KINDS[0]),
            detail: detail.into(),
            field: None,
            retry_after: None,
        }
    }

    /// The same, in this field.
    pub(crate) fn at(self, field: impl Into<String>) -> Problem {
        Problem {
            field: Some(field.into()),
            ..self
        }
    }

    /// The same, which may be over after so many seconds.
    pub(crate) fn retry_after(self, seconds: u64) -> Problem {
        Problem {
            retry_after: Some(seconds),
            ..self
        }
    }

    /// As it is sent in answer to the request with this id.
    pub(crate) fn body(&self, request_id: &str) -> ProblemBody {
        ProblemBody {
            kind: format!("/problems/{}", self.kind.code),
            title: self.kind.title,
            status: self.kind.status.as_u16(),
            detail: self.detail.clone(),
            instance: request_id.to_owned(),
            field: self.field.clone(),
        }
    }
}

impl From<LiveError> for Problem {
    fn from(error: LiveError) -> Self {
        let problem = Problem::of(error.code(), error.to_string());
        match error {
            LiveError::Malformed { field, reason } => Problem {
                detail: reason,
                ..problem
            }
            .at(field),
            LiveError::InFlight(_)
            | LiveError::ChangeInProgress(_)
            | LiveError::Unconfirmed(_)
            | LiveError::Draining => problem.retry_after(1),
            _ => problem,
        }
    }
}

/// The answer has no body before the request's id is known: [`written`] writes it.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.kind.status.into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.kind.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// The answer with its problem, if it is one, written out.
pub(crate) fn written(mut response: Response, request_id: &str) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return response;
    };
    let code = problem.kind.code;
    if code == "strategy-failed" {
        // Why, is said in the strategy's own words, which may be those of a task.
        tracing::warn!(request = request_id, code, "refused");
    } else if problem.kind.status.is_server_error() {
        tracing::warn!(request = request_id, code, detail = %problem.detail, "refused");
    }
    let (mut head, _) = response.into_parts();
    head.headers
        .insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    let body = serde_json::to_vec(&problem.body(request_id)).unwrap_or_default();
    Response::from_parts(head, body.into())
}
