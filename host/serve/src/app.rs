//! What every route has: the host, and who asks.

use std::convert::Infallible;
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use memhost::live::{Grant, Host};
use tokio::sync::Semaphore;

use crate::ServeSettings;
use crate::problem::Problem;
use crate::telemetry::Meters;

/// What every route has. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    pub host: Host,
    pub settings: Arc<ServeSettings>,
    /// Requests that may still begin.
    pub free: Arc<Semaphore>,
    /// How often each key asks, by the key's id.
    pub rates: Arc<DefaultKeyedRateLimiter<String>>,
    /// What is counted and timed.
    pub meters: Meters,
}

impl App {
    pub(crate) fn new(host: Host, settings: ServeSettings) -> App {
        let at_least_one = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(at_least_one(settings.rate_per_second))
            .allow_burst(at_least_one(settings.rate_burst));
        App {
            host,
            free: Arc::new(Semaphore::new(settings.most_requests)),
            rates: Arc::new(RateLimiter::keyed(quota)),
            settings: Arc::new(settings),
            meters: Meters::default(),
        }
    }
}

/// Who asks: the guard puts it into the extensions of each request that it lets through to a seat.
#[derive(Clone)]
pub(crate) struct Caller {
    /// What they may do.
    pub grant: Grant,
    /// For whom: the key's tenant, or the one that the header `Memhost-Tenant` names.
    pub tenant: String,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Caller>().cloned();
        caller.ok_or_else(|| Problem::of("internal", "this route is behind no guard"))
    }
}

/// What whoever asks may do, where it does not matter for whom.
pub(crate) struct Granted(pub Grant);

impl<S: Sync> FromRequestParts<S> for Granted {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let grant = parts.extensions.get::<Grant>().cloned().map(Granted);
        grant.ok_or_else(|| Problem::of("internal", "this route is behind no guard"))
    }
}

/// A request's id: in the header `X-Request-Id` of its answer, in problems, and in the log.
#[derive(Clone)]
pub(crate) struct RequestId(pub String);

impl RequestId {
    pub(crate) fn new() -> RequestId {
        RequestId(format!("r{:016x}", rand::random::<u64>()))
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let id = parts.extensions.get::<RequestId>().cloned();
        Ok(id.unwrap_or_else(RequestId::new))
    }
}
