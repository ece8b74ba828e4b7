//! Problems: each that the server can give is given where it should be, with what helps.

use std::collections::BTreeSet;

use memhost::live::{LiveError, NewKey, Right};
use memhost::store::StoreError;
use memhost::strategy::{CallError, CallFailure};
use serde_json::{Value, json};

use super::place::{Answered, Place};
use crate::problem::{KINDS, MEDIA_TYPE, Problem};
use crate::{OnFailure, ServeSettings};

/// A request of a place.
enum Ask {
    Post(&'static str, Value),
    Get(&'static str),
    /// With a header.
    With(&'static str, &'static str),
    Body(&'static str, Vec<u8>),
}

async fn asked(place: &Place, ask: Ask) -> Answered {
    let retrieve = place.url("/v1/slots/desk/retrieve");
    let request = match ask {
        Ask::Post(path, body) => place.client.post(place.url(path)).json(&body),
        Ask::Get(path) => place.client.get(place.url(path)),
        Ask::With(name, value) => place
            .client
            .post(retrieve)
            .json(&json!({"task": {"text": "a task"}}))
            .header(name, value),
        Ask::Body(media_type, body) => {
            let request = place.client.post(retrieve).body(body);
            request.header("content-type", media_type)
        }
    };
    Answered::of(request.send().await.unwrap()).await
}

const RECORD: &str = "/v1/slots/desk/record";
const RETRIEVE: &str = "/v1/slots/desk/retrieve";
const FEEDBACK: &str = "/v1/slots/desk/feedback";

#[tokio::test]
async fn each_problem_has_its_code_its_place_and_a_cure_that_is_served() {
    let place = Place::with(ServeSettings {
        on_failure: OnFailure::Error,
        most_body_bytes: 10_000,
        body_timeout_ms: 200,
        rate_per_second: 5,
        rate_burst: 60,
        ..ServeSettings::default()
    })
    .await;
    let task = json!({"text": "a task"});
    let success = json!({"verdict": "success"});
    // What was handed out is in the ledger before what is told next.
    let ask = Ask::Post(RETRIEVE, json!({"task": task}));
    assert_eq!(asked(&place, ask).await.status, 200);
    let record = json!({"attempt": "a1", "task": task, "answer": "one", "outcome": success});
    assert_eq!(asked(&place, Ask::Post(RECORD, record)).await.status, 202);

    let post = |path, body| Ask::Post(path, body);
    let text = "a text, so that it is not JSON".as_bytes().to_vec();
    let cases: Vec<(&str, u16, Option<&str>, Ask)> = vec![
        (
            "malformed",
            400,
            None,
            Ask::Body("application/json", b"{\"task\"".to_vec()),
        ),
        (
            "malformed",
            400,
            Some("task.text"),
            Ask::Body(
                "application/json",
                b"{\"task\": {\"text\": \"\xff\"}}".to_vec(),
            ),
        ),
        (
            "malformed",
            400,
            Some("task.text"),
            post(RETRIEVE, json!({"task": {"text": 5}})),
        ),
        (
            "malformed",
            400,
            Some("task.text"),
            post(RETRIEVE, json!({"task": {"text": " "}})),
        ),
        ("malformed", 400, None, post(RETRIEVE, json!({}))),
        (
            "malformed",
            400,
            Some("transcript[1].actor"),
            post(
                RETRIEVE,
                json!({
                    "task": task, "transcript": [{"actor": "user", "text": ""}, {"actor": "nobody", "text": ""}]
                }),
            ),
        ),
        (
            "malformed",
            400,
            Some("messages"),
            post(RECORD, json!({"task": task, "steps": [], "messages": []})),
        ),
        (
            "malformed",
            400,
            Some("messages[0].role"),
            post(
                RECORD,
                json!({"task": task, "messages": [{"role": "boss"}]}),
            ),
        ),
        (
            "malformed",
            400,
            Some("outcome"),
            post(
                FEEDBACK,
                json!({"attempt": "a1", "outcome": {"verdict": "unknown"}}),
            ),
        ),
        (
            "malformed",
            400,
            Some("tenant"),
            Ask::With("memhost-tenant", "a/b"),
        ),
        (
            "malformed",
            400,
            Some("Memhost-Tenant"),
            Ask::With("memhost-tenant", "é"),
        ),
        (
            "malformed",
            400,
            Some("path"),
            Ask::Get("/v1/slots/desk/attempts/%ff"),
        ),
        (
            "unknown-field",
            400,
            Some("task.txet"),
            post(RETRIEVE, json!({"task": {"text": "a", "txet": "b"}})),
        ),
        (
            "score-out-of-range",
            400,
            None,
            post(
                FEEDBACK,
                json!({"attempt": "a1", "outcome": {"verdict": "success", "score": 7}}),
            ),
        ),
        (
            "key-unknown",
            401,
            None,
            Ask::With("authorization", "Bearer mh_x_y"),
        ),
        (
            "key-unknown",
            401,
            None,
            Ask::With("authorization", "Basic bWg6bWg="),
        ),
        (
            "foreign-origin",
            403,
            None,
            Ask::With("origin", "https://example.org"),
        ),
        (
            "no-such-slot",
            404,
            None,
            post("/v1/slots/nowhere/retrieve", json!({"task": task})),
        ),
        (
            "no-such-attempt",
            404,
            None,
            Ask::Get("/v1/slots/desk/attempts/a2"),
        ),
        (
            "no-such-attempt",
            404,
            None,
            post(FEEDBACK, json!({"attempt": "a2", "outcome": success})),
        ),
        (
            "no-such-attempt",
            404,
            None,
            post(RECORD, json!({"attempt": "a2"})),
        ),
        ("no-such-route", 404, None, Ask::Get("/v2/slots")),
        ("no-such-route", 404, None, Ask::Get("/problems/none")),
        ("method-not-allowed", 405, None, Ask::Get(RETRIEVE)),
        (
            "outcome-known",
            409,
            None,
            post(
                FEEDBACK,
                json!({"attempt": "a1", "outcome": {"verdict": "failure"}}),
            ),
        ),
        (
            "too-large",
            413,
            None,
            Ask::Body("application/json", vec![b' '; 10_001]),
        ),
        ("not-json", 415, None, Ask::Body("text/plain", text)),
        ("foreign-host", 421, None, Ask::With("host", "example.org")),
        (
            "idempotency-mismatch",
            422,
            None,
            post(
                RECORD,
                json!({"attempt": "a1", "task": task, "answer": "two"}),
            ),
        ),
        (
            "no-such-generation",
            404,
            None,
            post("/v1/slots/desk/rollback", json!({"to": 7})),
        ),
        (
            "plugin-refused",
            422,
            None,
            post(
                "/v1/slots/desk/generations",
                json!({"plugin": "nobody", "mode": "fresh"}),
            ),
        ),
        (
            "inherit-refused",
            422,
            None,
            post(
                "/v1/slots/desk/generations",
                json!({"plugin": "blind", "mode": "inherit"}),
            ),
        ),
        (
            "internal",
            500,
            None,
            post(RETRIEVE, json!({"task": {"text": "panic"}})),
        ),
        (
            "strategy-failed",
            502,
            None,
            post(RETRIEVE, json!({"task": {"text": "fail"}})),
        ),
    ];
    let mut reached = BTreeSet::new();
    for (code, status, field, ask) in cases {
        let answer = asked(&place, ask).await;
        assert_eq!((answer.code(), answer.status), (code, status), "{answer:?}");
        assert_eq!(answer.body["field"].as_str(), field, "{answer:?}");
        assert_eq!(answer.body["status"], status);
        assert_eq!(answer.headers["content-type"], MEDIA_TYPE);
        assert_eq!(
            answer.headers["x-request-id"],
            answer.body["instance"].as_str().unwrap()
        );
        assert!(!answer.body["detail"].as_str().unwrap().is_empty());
        assert_eq!(
            answer.headers.contains_key("www-authenticate"),
            status == 401
        );
        reached.insert(code);
    }

    let key = NewKey::new(Right::Admin);
    let (_, key) = place.host.create_key(key).await.unwrap();
    let too_many = loop {
        let request = place.client.get(place.url("/v1/slots/desk/attempts/a1"));
        let request = request.bearer_auth(key.reveal());
        let answer = request.header("memhost-tenant", "_").send().await.unwrap();
        let answer = Answered::of(answer).await;
        if answer.status != 200 {
            break answer;
        }
    };
    assert_eq!((too_many.code(), too_many.status), ("too-many", 429));
    assert_eq!(too_many.headers["retry-after"], "1");
    reached.insert("too-many");

    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    place.host.clone().close().await.unwrap();
    let request = place
        .client
        .post(place.url(RETRIEVE))
        .bearer_auth(key.reveal());
    let request = request
        .header("memhost-tenant", "_")
        .json(&json!({"task": task}));
    let draining = Answered::of(request.send().await.unwrap()).await;
    assert_eq!((draining.code(), draining.status), ("draining", 503));
    assert_eq!(draining.headers["retry-after"], "1");
    reached.insert("draining");

    for kind in KINDS {
        let served = place.get(&format!("/problems/{}", kind.code)).await;
        assert_eq!(served.body["status"], kind.status.as_u16());
        assert!(served.body["cure"].as_str().unwrap().len() > 20);
    }
    // Elsewhere: what is slow stands in `hostile`, what keys are for in `keys`, and what only the host can say below.
    let elsewhere = BTreeSet::from([
        "too-slow",
        "in-flight",
        "unconfirmed",
        "store-read-only",
        "change-in-progress",
    ]);
    // A host without keys gives none of these; they are told in `keys`.
    let of_keys = BTreeSet::from([
        "key-missing",
        "key-revoked",
        "no-such-key",
        "not-granted",
        "tenant-missing",
    ]);
    let all: BTreeSet<&str> = KINDS.iter().map(|kind| kind.code).collect();
    let told: BTreeSet<&str> = reached
        .iter()
        .chain(&elsewhere)
        .chain(&of_keys)
        .copied()
        .collect();
    assert_eq!(told, all);
    place.server.end().await;
}

#[test]
fn what_the_host_says_is_told_with_its_code_and_when_to_come_back() {
    let full = || StoreError::Full {
        path: "a/journal".into(),
        reason: "No space left on device".into(),
    };
    let refused = CallError {
        plugin: "diary".into(),
        call: "plan-for",
        reason: CallFailure::Fault(memhost::contract::Fault::Failed("no such setting".into())),
    };
    let cases = [
        (LiveError::InFlight("a1".into()), "in-flight", 409, Some(1)),
        (LiveError::Unconfirmed(full()), "unconfirmed", 503, Some(1)),
        (LiveError::Store(full()), "store-read-only", 503, None),
        (
            LiveError::ChangeInProgress("desk".into()),
            "change-in-progress",
            409,
            Some(1),
        ),
        (LiveError::Strategy(refused), "plugin-refused", 422, None),
    ];
    for (error, code, status, retry_after) in cases {
        let problem = Problem::from(error);
        assert_eq!(problem.kind.code, code);
        assert_eq!(problem.kind.status.as_u16(), status);
        assert_eq!(problem.retry_after, retry_after);
    }
}

#[test]
fn no_code_stands_for_two_kinds() {
    let codes: BTreeSet<&str> = KINDS.iter().map(|kind| kind.code).collect();
    assert_eq!(codes.len(), KINDS.len());
}
