//! The OpenAPI description: it is what callers build on, so it changes only on purpose, and it is true.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use memhost::contract;
use memhost::live::{Ask, Grant, LiveLimits, NewKey, ONLY_TENANT, Record, Right};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::place::{Place, host_within};
use super::schema::{ATTEMPT, Schemas, broken};
use crate::ServeSettings;
use crate::app::App;
use crate::problem::{MEDIA_TYPE, kind_of};
use crate::router::router;

#[tokio::test]
async fn the_description_changes_only_on_purpose() {
    let place = Place::new().await;
    let described = place.get("/openapi.json").await;
    assert_eq!(described.status, 200);
    insta::assert_json_snapshot!("openapi", described.body);
    place.end().await;
}

#[test]
fn each_operation_has_a_name_of_its_own() {
    let (_runtime, _, schemas) = at_work();
    let paths = schemas.0["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|methods| methods.as_object().unwrap().values());
    let mut names: Vec<&str> = operations
        .map(|one| one["operationId"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}

/// A route as it is described.
struct Route {
    method: Method,
    path: String,
    /// The schema of its body.
    body: Option<Value>,
    /// Its answers' schemas by status; those of problems are not there.
    answers: BTreeMap<String, Value>,
}

fn routes(description: &Value) -> Vec<Route> {
    let schema_of = |body: &Value| body["content"]["application/json"].get("schema").cloned();
    let paths = description["paths"].as_object().unwrap().iter();
    let routes = paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().iter();
        methods.map(move |(method, operation)| {
            let responses = operation["responses"].as_object().unwrap().iter();
            let answers = responses
                .filter_map(|(status, response)| Some((status.clone(), schema_of(response)?)));
            Route {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                body: schema_of(&operation["requestBody"]),
                answers: answers.collect(),
            }
        })
    });
    routes.collect()
}

/// What a route without a server in front of it answers.
async fn answered(router: &Router, request: Request<Body>) -> (StatusCode, String, Value) {
    let response = router.clone().oneshot(request).await.unwrap();
    let media_type = response.headers().get(header::CONTENT_TYPE);
    let media_type = media_type
        .map_or("", |value| value.to_str().unwrap())
        .to_owned();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body = serde_json::from_slice(&body);
    (status, media_type, body.unwrap_or_default())
}

fn request(route: &Route, path: &str, body: Vec<u8>) -> Request<Body> {
    let request = Request::builder()
        .method(route.method.clone())
        .uri(path)
        .header(header::HOST, "localhost");
    let request = match &route.body {
        Some(_) => request.header(header::CONTENT_TYPE, "application/json"),
        None => request,
    };
    request.body(Body::from(body)).unwrap()
}

/// Sends a route what is made at random; whatever comes, its answer is as it is described.
async fn check(
    router: &Router,
    schemas: &Schemas,
    route: &Route,
    path: &str,
    body: Vec<u8>,
) -> Result<u16, String> {
    let (status, media_type, answer) = answered(router, request(route, path, body)).await;
    let status = status.as_u16();
    if status >= 500 {
        return Err(format!("{status}: {answer}"));
    }
    if status == 200 && route.path == "/metrics" {
        return Ok(status);
    }
    if let Some(schema) = route.answers.get(&status.to_string()) {
        return match schemas.fits(schema, &answer) {
            true => Ok(status),
            false => Err(format!("{answer} is not as it is described")),
        };
    }
    let code = answer["type"]
        .as_str()
        .and_then(|kind| kind.strip_prefix("/problems/"));
    let kind = code
        .and_then(kind_of)
        .ok_or_else(|| format!("{status}: {answer} is no problem"))?;
    let is_problem = schemas.fits(&json!({"$ref": "#/components/schemas/Problem"}), &answer);
    match is_problem && kind.status.as_u16() == status && media_type == MEDIA_TYPE {
        true => Ok(status),
        false => Err(format!("{status} as {media_type}: {answer}")),
    }
}

/// Runs a check on what is made at random, and counts what it answers.
fn at_random<T: std::fmt::Debug>(
    strategy: BoxedStrategy<T>,
    mut check: impl FnMut(T) -> Result<u16, String>,
) -> BTreeMap<u16, usize> {
    let counts = std::cell::RefCell::new(BTreeMap::new());
    let check = std::cell::RefCell::new(&mut check);
    let config = Config {
        cases: 100,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    };
    let ran = TestRunner::new(config).run(&strategy, |made| {
        let status = (check.borrow_mut())(made).map_err(TestCaseError::fail)?;
        *counts.borrow_mut().entry(status).or_insert(0) += 1;
        Ok(())
    });
    if let Err(failed) = ran {
        panic!("{failed}");
    }
    counts.into_inner()
}

fn at_work() -> (tokio::runtime::Runtime, Router, Schemas) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let settings = ServeSettings {
        learn_wait_ms: 20,
        rate_per_second: u32::MAX,
        rate_burst: u32::MAX,
        ..ServeSettings::default()
    };
    let router = runtime.block_on(async {
        // Most places in the ledger that are waited for are never reached.
        let limits = LiveLimits {
            retrieve_deadline: Duration::from_millis(20),
            ..LiveLimits::default()
        };
        let host = host_within(limits).await;
        let seat = host
            .slot(&Grant::everything(), "desk", ONLY_TENANT)
            .unwrap();
        let task = contract::Task::new("", "a known task");
        let record = Record {
            attempt: Some(ATTEMPT.to_owned()),
            ..Record::without_asking(task, contract::Agent::new("agent", "any"))
        };
        let kept = seat.record(record).await.unwrap();
        seat.learnt(kept.sequence).await.unwrap();
        let ask = Ask {
            attempt: Some(ATTEMPT.to_owned()),
            ..Ask::at_start("a known task")
        };
        assert!(!seat.retrieve(ask).await.unwrap().cited.is_empty());
        // From the first key on, one is needed. This one allows whatever outcomes claim.
        let allows = NewKey {
            authority: contract::Authority::GroundTruth,
            ..NewKey::new(Right::Admin)
        };
        let (_, key) = host.create_key(allows).await.unwrap();
        let key = format!("Bearer {}", key.reveal());
        let with_key = move |mut request: Request<Body>| {
            let headers = request.headers_mut();
            headers.insert(header::AUTHORIZATION, key.parse().unwrap());
            headers.insert("memhost-tenant", HeaderValue::from_static(ONLY_TENANT));
            std::future::ready(request)
        };
        router(App::new(host, settings)).layer(axum::middleware::map_request(with_key))
    });
    let described = Request::get("/openapi.json").header(header::HOST, "localhost");
    let described = answered(&router, described.body(Body::empty()).unwrap());
    let (_, _, description) = runtime.block_on(described);
    (runtime, router, Schemas(description))
}

fn at_desk(path: &str) -> String {
    path.replace("{slot}", "desk")
        .replace("{id}", ATTEMPT)
        .replace("{code}", "malformed")
}

#[test]
fn whatever_fits_the_description_is_understood() {
    let (runtime, router, schemas) = at_work();
    let routes = routes(&schemas.0);
    assert!(routes.iter().filter(|route| route.body.is_some()).count() >= 3);
    for route in &routes {
        let Some(schema) = &route.body else { continue };
        let path = at_desk(&route.path);
        let counts = at_random(schemas.valid(schema), |body| {
            let body = serde_json::to_vec(&body).unwrap();
            runtime.block_on(check(&router, &schemas, route, &path, body))
        });
        let understood: usize = counts.range(200..300).map(|(_, count)| count).sum();
        assert!(understood > 0, "{path}: {counts:?}");
    }
}

#[test]
fn whatever_does_not_fit_the_description_is_a_problem_and_no_mistake_of_the_servers() {
    let (runtime, router, schemas) = at_work();
    for route in &routes(&schemas.0) {
        let Some(schema) = &route.body else { continue };
        let path = at_desk(&route.path);
        let values =
            broken(schemas.valid(schema)).prop_map(|value| serde_json::to_vec(&value).unwrap());
        let bytes = proptest::collection::vec(any::<u8>(), 0..50);
        let cut = (values.clone(), any::<prop::sample::Index>()).prop_map(|(mut body, at)| {
            body.truncate(at.index(body.len()));
            body
        });
        let bodies = prop_oneof![4 => values, 1 => bytes, 1 => cut].boxed();
        let counts = at_random(bodies, |body| {
            runtime.block_on(check(&router, &schemas, route, &path, body))
        });
        assert!(counts[&400] >= 10, "{path}: {counts:?}");
    }
}

#[test]
fn any_path_is_answered_as_it_is_described() {
    let (runtime, router, schemas) = at_work();
    for route in &routes(&schemas.0) {
        let asked = runtime.block_on(check(
            &router,
            &schemas,
            route,
            &at_desk(&route.path),
            vec![],
        ));
        asked.unwrap();
        let part = proptest::collection::vec(any::<u8>(), 1..10);
        at_random(part.boxed(), |part| {
            let part: String = part.iter().map(|byte| format!("%{byte:02x}")).collect();
            let path = route.path.replace("{slot}", "desk");
            for path in [
                route
                    .path
                    .replace("{slot}", &part)
                    .replace("{id}", "a")
                    .replace("{code}", "a"),
                path.replace("{id}", &part).replace("{code}", &part),
            ] {
                runtime.block_on(check(&router, &schemas, route, &path, b"{}".to_vec()))?;
            }
            Ok(200)
        });
    }
}
