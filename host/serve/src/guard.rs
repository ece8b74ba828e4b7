//! The guard: from where a request may come, who asks, for whom, and how often.

use std::panic::AssertUnwindSafe;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use governor::clock::{Clock, DefaultClock};
use memhost::live::{Grant, ONLY_TENANT};

use crate::app::{App, Caller, RequestId};
use crate::problem::{Problem, written};

/// Names the tenant, where the key is good for any.
pub(crate) const TENANT: HeaderName = HeaderName::from_static("memhost-tenant");
/// Has the request's id, in each answer.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives each request its id, and each answer that is a problem its body. A panic is an answer too.
pub(crate) async fn numbered(mut request: Request, next: Next) -> Response {
    let id = RequestId::new();
    request.extensions_mut().insert(id.clone());
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let response = answered.unwrap_or_else(|_| {
        Problem::of("internal", "the request ended in a panic").into_response()
    });
    let mut response = written(response, &id.0);
    if let Ok(id) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Lets requests through that call the server by a name of its own, from no page or from one that it serves: a page from
/// elsewhere must not reach a server that only this machine can.
pub(crate) async fn from_here(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    // Whoever looks whether the process lives calls it by whatever address it has.
    if request.uri().path() != "/healthz" {
        check_names(&request, &app.settings.allowed_hosts)?;
    }
    Ok(next.run(request).await)
}

fn check_names(request: &Request, allowed: &[String]) -> Result<(), Problem> {
    let foreign = |detail: String| Problem::of("foreign-host", detail);
    let host = match request.uri().authority() {
        Some(authority) => authority.clone(),
        None => {
            let mut hosts = request.headers().get_all(HOST).iter();
            let (Some(host), None) = (hosts.next(), hosts.next()) else {
                return Err(foreign(
                    "the header `Host` is missing, or twice there".into(),
                ));
            };
            let host = host.to_str().ok().and_then(|host| host.parse().ok());
            host.ok_or_else(|| foreign("the header `Host` is no name".into()))?
        }
    };
    if host.as_str().contains('@') || !is_own(&host, allowed) {
        return Err(foreign(format!(
            "`{}` is not among `allowed_hosts`",
            host.host()
        )));
    }
    let Some(origin) = request.headers().get(ORIGIN) else {
        return Ok(());
    };
    let origin = origin.to_str().unwrap_or_default();
    let own = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    match own.is_some_and(|own| own.eq_ignore_ascii_case(host.as_str())) {
        true => Ok(()),
        false => Err(Problem::of(
            "foreign-origin",
            format!("`{origin}` is not the origin of this server"),
        )),
    }
}

/// Whether the server may be called so.
fn is_own(host: &Authority, allowed: &[String]) -> bool {
    let name = host.host();
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = bare
        .parse()
        .is_ok_and(|address: std::net::IpAddr| address.to_canonical().is_loopback());
    let names = [name, bare, host.as_str()];
    let is = |other: &str| names.iter().any(|name| name.eq_ignore_ascii_case(other));
    is_loopback || is("localhost") || allowed.iter().any(|allowed| is(allowed))
}

/// Lets through whoever has a grant and is neither too frequent nor too many. The grant is in the request's extensions from
/// then on.
pub(crate) async fn granted(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let Ok(_held) = app.free.try_acquire() else {
        let detail = "as many requests as the server takes are under way";
        return Err(Problem::of("too-many", detail).retry_after(1));
    };
    let grant = who(&app, request.headers())?;
    check_rate(&app, key_of(request.headers())?)?;
    request.extensions_mut().insert(grant);
    Ok(next.run(request).await)
}

/// Says for whom, where [`granted`] has said who: the [`Caller`] is in the request's extensions from then on.
pub(crate) async fn for_tenant(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let Some(grant) = request.extensions().get::<Grant>().cloned() else {
        return Err(Problem::of("internal", "this route is behind no guard"));
    };
    let tenant = tenant_of(&app, &grant, request.headers())?;
    request.extensions_mut().insert(Caller { grant, tenant });
    Ok(next.run(request).await)
}

/// What whoever asks may do.
pub(crate) fn who(app: &App, headers: &HeaderMap) -> Result<Grant, Problem> {
    grant_of(app, key_of(headers)?)
}

/// The key that a request carries, if any.
fn key_of(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    let key = value.to_str().ok().and_then(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    });
    match key {
        Some(key) => Ok(Some(key)),
        None => Err(Problem::of(
            "key-unknown",
            "the header `Authorization` is not `Bearer` and a key",
        )),
    }
}

/// What a key grants. On a host that has no keys, whoever reaches it may do everything: only this machine does.
fn grant_of(app: &App, key: Option<&str>) -> Result<Grant, Problem> {
    match key {
        Some(key) => Ok(app.host.grant_of(key)?),
        None if !app.host.has_keys() => Ok(Grant::everything()),
        None => Err(Problem::of("key-missing", "the request carries no key")),
    }
}

fn tenant_of(app: &App, grant: &Grant, headers: &HeaderMap) -> Result<String, Problem> {
    let named = match headers.get(&TENANT).map(HeaderValue::to_str) {
        None => None,
        Some(Ok(named)) => Some(named),
        Some(Err(_)) => {
            let detail =
                "the header `Memhost-Tenant` is no name: letters, digits, `-`, `_`, `.` and `@`";
            return Err(Problem::of("malformed", detail).at("Memhost-Tenant"));
        }
    };
    match (grant.tenant(), named) {
        (Some(own), Some(named)) if own != named => Err(Problem::of(
            "not-granted",
            "the key is for one tenant, and `Memhost-Tenant` names another",
        )),
        (Some(own), _) => Ok(own.to_owned()),
        (None, Some(named)) => Ok(named.to_owned()),
        (None, None) if !app.host.has_keys() => Ok(ONLY_TENANT.to_owned()),
        (None, None) => Err(Problem::of(
            "tenant-missing",
            "this key is good for any tenant, and the request names none",
        )),
    }
}

/// Counts a request against its key, by the part of it that is no secret: `mh_<id>_<secret>`.
fn check_rate(app: &App, key: Option<&str>) -> Result<(), Problem> {
    // Who has no key is on this machine, and one with all others who have none.
    let Some(id) = key.and_then(|key| key.split('_').nth(1)) else {
        return Ok(());
    };
    let Err(early) = app.rates.check_key(&id.to_owned()) else {
        return Ok(());
    };
    let wait = early.wait_time_from(DefaultClock::default().now());
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let rate = app.settings.rate_per_second;
    let detail = format!("this key asks more often than {rate} times a second");
    Err(Problem::of("too-many", detail).retry_after(seconds.max(1)))
}
