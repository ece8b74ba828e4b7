//! Bodies of requests: bounded in size and in time, and read as JSON, where whatever is wrong is a problem that says where.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::problem::Problem;

/// For how long nothing of a body that is too large may arrive before its sender is told so.
const PAUSE: Duration = Duration::from_millis(500);

/// A body of at most so many bytes, which arrives within so much time. What is beyond is thrown away within the same time, so
/// that its sender comes to read why: most read nothing before they have sent all.
pub(crate) struct Bounded {
    body: Body,
    most: usize,
    left: usize,
    is_too_large: bool,
    end: Instant,
    wait: Pin<Box<Sleep>>,
}

/// Why a body cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("the body has more than {0} bytes")]
    TooLarge(usize),
    #[error("the body did not arrive in time")]
    TooSlow,
    #[error("the body broke off: {0}")]
    Broken(axum::Error),
}

impl Bounded {
    pub(crate) fn new(body: Body, most: usize, time: Duration) -> Bounded {
        let is_too_large = body.size_hint().lower() > most as u64;
        let now = Instant::now();
        let end = now + time;
        let first = match is_too_large {
            true => end.min(now + PAUSE),
            false => end,
        };
        Bounded {
            body,
            most,
            left: most,
            is_too_large,
            end,
            wait: Box::pin(sleep_until(first)),
        }
    }

    /// Whether it says itself that it is.
    pub(crate) fn is_too_large(&self) -> bool {
        self.is_too_large
    }
}

impl HttpBody for Bounded {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        let too_large = BodyError::TooLarge(this.most);
        loop {
            if this.wait.as_mut().poll(context).is_ready() {
                let error = match this.is_too_large {
                    true => too_large,
                    false => BodyError::TooSlow,
                };
                return Poll::Ready(Some(Err(error)));
            }
            let frame = ready!(Pin::new(&mut this.body).poll_frame(context));
            let frame = match frame {
                None if this.is_too_large => return Poll::Ready(Some(Err(too_large))),
                None => return Poll::Ready(None),
                Some(frame) => frame.map_err(BodyError::Broken)?,
            };
            let size = frame.data_ref().map_or(0, Bytes::len);
            match this.left.checked_sub(size) {
                _ if this.is_too_large => {}
                Some(left) => {
                    this.left = left;
                    return Poll::Ready(Some(Ok(frame)));
                }
                None => this.is_too_large = true,
            }
            let pause = Instant::now() + PAUSE;
            this.wait.as_mut().reset(this.end.min(pause));
        }
    }

    fn is_end_stream(&self) -> bool {
        !self.is_too_large && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        let code = match error {
            BodyError::TooLarge(_) => "too-large",
            BodyError::TooSlow => "too-slow",
            BodyError::Broken(_) => "malformed",
        };
        Problem::of(code, error.to_string())
    }
}

/// A body of JSON: of a request, where what is wrong is a problem, and of an answer.
pub(crate) struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        let body = json_bytes(&head.headers, body).await?;
        parsed(&body).map(Json)
    }
}

/// The bytes of a body that is said to be JSON.
pub(crate) async fn json_bytes(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    if !is_json(headers) {
        let detail = "the header `Content-Type` is not `application/json`";
        return Err(Problem::of("not-json", detail));
    }
    let error = match body.collect().await {
        Ok(body) => return Ok(body.to_bytes()),
        Err(error) => error.into_inner().downcast::<BodyError>(),
    };
    let error = error.map_or_else(
        |error| BodyError::Broken(axum::Error::new(error)),
        |error| *error,
    );
    Err(error.into())
}

fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(str::trim)
        .unwrap_or_default();
    media_type.eq_ignore_ascii_case("application/json")
}

/// A value that is written as JSON.
pub(crate) fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let detail = error.inner().to_string();
        let code = match detail.starts_with("unknown field") {
            true => "unknown-field",
            false => "malformed",
        };
        let problem = Problem::of(code, detail);
        match path.as_str() {
            "." => problem,
            _ => problem.at(path),
        }
    })?;
    match json.end() {
        Ok(()) => Ok(value),
        Err(error) => Err(Problem::of("malformed", error.to_string())),
    }
}

/// Parts of the path; what cannot be read as such is a problem.
pub(crate) struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(path)) => Ok(Path(path)),
            Err(error) => Err(Problem::of("malformed", error.body_text()).at("path")),
        }
    }
}
