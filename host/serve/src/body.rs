//! Extractors: the body of a request as JSON, and its path, where whatever is wrong is a problem that says where.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bounded::BodyError;
use crate::problem::Problem;

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
