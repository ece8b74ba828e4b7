mod certificates;

use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::Mutex;
use std::time::Instant;

use memhost_testing::loopback::{Loopback, Turn, nobody};
use serde_json::{Value, json};

use super::*;

/// An endpoint that writes down its waits instead of waiting.
fn endpoint(settings: EndpointSettings) -> (Endpoint, Arc<Mutex<Vec<Duration>>>) {
    let waits = Arc::new(Mutex::new(Vec::new()));
    let noted = waits.clone();
    let key = ApiKey::new("sk-very-secret-0123456789").unwrap();
    let endpoint = Endpoint::new(settings, Some(key))
        .unwrap()
        .sleeping(move |time| {
            noted.lock().unwrap().push(time);
            Box::pin(std::future::ready(()))
        });
    (endpoint, waits)
}

fn at(server: &Loopback) -> EndpointSettings {
    EndpointSettings::at(server.url())
}

async fn ask(endpoint: &Endpoint) -> Result<Value, EndpointError> {
    endpoint.post("things", &json!({"question": "?"})).await
}

/// A message without what differs from run to run.
fn steady(text: impl ToString) -> String {
    let text = text.to_string();
    let Some((before, port)) = text.split_once("127.0.0.1:") else {
        return text;
    };
    format!(
        "{before}127.0.0.1:PORT{}",
        port.trim_start_matches(|c: char| c.is_ascii_digit())
    )
}

#[tokio::test]
async fn a_request_carries_path_key_and_body() {
    let server = Loopback::start([Turn::json(json!({"fine": true}))]).await;
    let (endpoint, waits) = endpoint(at(&server));
    assert_eq!(ask(&endpoint).await.unwrap(), json!({"fine": true}));
    let heard = &server.heard()[0];
    assert!(
        heard.head.starts_with("post /v1/things http/1.1"),
        "{}",
        heard.head
    );
    assert!(heard.head.contains("authorization: bearer sk-very-secret"));
    assert_eq!(heard.body, json!({"question": "?"}));
    assert!(waits.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_trailing_slash_of_the_address_does_no_harm() {
    let server = Loopback::start([Turn::json(json!({}))]).await;
    let (endpoint, _) = endpoint(EndpointSettings::at(server.url() + "/"));
    ask(&endpoint).await.unwrap();
    assert!(server.heard()[0].head.starts_with("post /v1/things "));
}

#[tokio::test]
async fn retry_after_is_waited_for() {
    let busy = Turn::Say(429, vec![("Retry-After", "7".to_owned())], String::new());
    let server = Loopback::start([busy, Turn::json(json!(1))]).await;
    let (endpoint, waits) = endpoint(at(&server));
    assert_eq!(ask(&endpoint).await.unwrap(), json!(1));
    assert_eq!(*waits.lock().unwrap(), [Duration::from_secs(7)]);
}

#[tokio::test]
async fn retry_after_may_be_a_date() {
    let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(30));
    let busy = Turn::Say(503, vec![("Retry-After", date)], String::new());
    let server = Loopback::start([busy, Turn::json(json!(1))]).await;
    let (endpoint, waits) = endpoint(at(&server));
    ask(&endpoint).await.unwrap();
    let waited = waits.lock().unwrap()[0];
    assert!((20..=30).contains(&waited.as_secs()), "{waited:?}");
}

#[tokio::test]
async fn an_endpoint_that_asks_for_too_long_a_wait_is_given_up() {
    let busy = Turn::Say(
        429,
        vec![("Retry-After", "3600".to_owned())],
        "slow down".to_owned(),
    );
    let server = Loopback::start([busy]).await;
    let (endpoint, waits) = endpoint(at(&server));
    let error = ask(&endpoint).await.unwrap_err();
    assert!(waits.lock().unwrap().is_empty());
    insta::assert_snapshot!(steady(error), @"endpoint `http://127.0.0.1:PORT/v1/things`: it answered HTTP 429: slow down; it asks to be left alone for 3600 s; wait, lower its `concurrency`, or raise its `longest_wait_ms`");
}

#[tokio::test]
async fn delays_double_and_jitter_until_it_gives_up() {
    let server =
        Loopback::answering(|_| Turn::status(500, r#"{"error": {"message": "out of memory"}}"#))
            .await;
    let (endpoint, waits) = endpoint(at(&server));
    let error = ask(&endpoint).await.unwrap_err();
    insta::assert_snapshot!(steady(error), @"endpoint `http://127.0.0.1:PORT/v1/things`, asked 5 times: it answered HTTP 500: out of memory; see the endpoint's own log, or raise its `retries`");
    assert_eq!(server.heard().len(), 5);
    let waits = waits.lock().unwrap();
    assert_eq!(waits.len(), 4);
    for (turn, wait) in waits.iter().enumerate() {
        let least = Duration::from_millis(500 << turn);
        assert!((least..=2 * least).contains(wait), "{waits:?}");
    }
}

#[test]
fn no_wait_exceeds_the_longest_and_two_endpoints_jitter_apart() {
    let settings = EndpointSettings {
        retries: 20,
        ..EndpointSettings::default()
    };
    let waits = || {
        let problem = Problem::Silent(Duration::ZERO);
        let mut backoff = settings.backoff().build();
        std::iter::from_fn(|| settings.wait(&problem, backoff.next())).collect::<Vec<_>>()
    };
    let (one, other) = (waits(), waits());
    assert_eq!(one.len(), 20);
    assert!(one.iter().all(|wait| *wait <= settings.longest_wait()));
    assert_ne!(one, other);
}

#[tokio::test]
async fn an_endpoint_that_hangs_is_given_up_in_time() {
    let server = Loopback::answering(|_| Turn::Hang).await;
    let (endpoint, _) = endpoint(EndpointSettings {
        timeout_ms: NonZeroU64::new(50).unwrap(),
        retries: 1,
        ..at(&server)
    });
    let start = Instant::now();
    let error = ask(&endpoint).await.unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(2));
    insta::assert_snapshot!(steady(error), @"endpoint `http://127.0.0.1:PORT/v1/things`, asked 2 times: no reply within 50 ms; see whether the endpoint is overloaded, or raise its `timeout_ms`");
}

#[tokio::test]
async fn a_dropped_connection_is_tried_again() {
    let server = Loopback::start([Turn::HangUp, Turn::BreakOff, Turn::json(json!(1))]).await;
    let (endpoint, waits) = endpoint(at(&server));
    assert_eq!(ask(&endpoint).await.unwrap(), json!(1));
    assert_eq!(waits.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_connection_that_keeps_breaking_is_reported() {
    let server = Loopback::answering(|_| Turn::HangUp).await;
    let (endpoint, _) = endpoint(EndpointSettings {
        retries: 1,
        ..at(&server)
    });
    let error = ask(&endpoint).await.unwrap_err();
    assert!(matches!(error.problem, Problem::Broken(_)), "{error:?}");
    let text = steady(error);
    assert!(text.ends_with("; see the endpoint's own log"), "{text}");
}

#[tokio::test]
async fn an_endpoint_that_is_down_is_named() {
    let (endpoint, waits) = endpoint(EndpointSettings::at(nobody().await));
    let error = ask(&endpoint).await.unwrap_err();
    assert_eq!(waits.lock().unwrap().len(), 4);
    insta::assert_snapshot!(steady(error), @"endpoint `http://127.0.0.1:PORT/v1/things`, asked 5 times: cannot connect: Connection refused (os error 111); start the endpoint, or correct its `base_url`");
}

#[tokio::test]
async fn a_refusal_is_not_asked_again_and_says_what_to_do() {
    let refusals = [
        (
            400,
            r#"{"error": {"message": "this model has a context window of 8192 tokens"}}"#,
        ),
        (
            401,
            r#"{"error": {"message": "Incorrect API key provided: sk-very-secret-0123456789."}}"#,
        ),
        (404, r#"{"error": "model 'gpt-9' not found"}"#),
        (422, r#"{"detail": [{"msg": "field required"}]}"#),
    ];
    let server = Loopback::start(refusals.map(|(status, body)| Turn::status(status, body))).await;
    let mut told = String::new();
    for _ in refusals {
        let (endpoint, waits) = endpoint(at(&server));
        told += &steady(ask(&endpoint).await.unwrap_err());
        told += "\n";
        assert!(waits.lock().unwrap().is_empty());
    }
    insta::assert_snapshot!(told, @r#"
    endpoint `http://127.0.0.1:PORT/v1/things`: it answered HTTP 400: this model has a context window of 8192 tokens; choose a model that takes longer texts, or send less at a time
    endpoint `http://127.0.0.1:PORT/v1/things`: it answered HTTP 401: Incorrect API key provided: [key].; check the key in the environment variable OPENAI_API_KEY
    endpoint `http://127.0.0.1:PORT/v1/things`: it answered HTTP 404: model 'gpt-9' not found; check the model's name, by which this endpoint knows it, and whether the key may use it
    endpoint `http://127.0.0.1:PORT/v1/things`: it answered HTTP 422: field required; the request is not to its liking; check the model's name and its settings
    "#);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = vec![("Location", "https://example.org/v1".to_owned())];
    let server = Loopback::start([Turn::Say(301, elsewhere, String::new())]).await;
    let (endpoint, _) = endpoint(at(&server));
    insta::assert_snapshot!(steady(ask(&endpoint).await.unwrap_err()), @"endpoint `http://127.0.0.1:PORT/v1/things`: it answered HTTP 301: it has moved to https://example.org/v1; set `base_url` to where it has moved");
}

#[tokio::test]
async fn a_reply_that_is_not_json_is_quoted() {
    let server = Loopback::start([Turn::status(
        200,
        "<html><body>Welcome to\nnginx</body></html>",
    )])
    .await;
    let (endpoint, waits) = endpoint(at(&server));
    let error = ask(&endpoint).await.unwrap_err();
    assert!(waits.lock().unwrap().is_empty());
    insta::assert_snapshot!(steady(error), @"endpoint `http://127.0.0.1:PORT/v1/things`: its reply is an HTML page that begins with `<html><body>Welcome to nginx</body></html>`; check that `base_url` leads to an OpenAI-compatible interface, which usually ends in `/v1`");
}

#[tokio::test]
async fn a_page_from_an_endpoint_that_has_answered_before_may_pass() {
    let page = || Turn::status(200, "<html>busy</html>");
    let well = || Turn::json(json!({"it": "is"}));
    let server = Loopback::start([well(), page(), page(), well()]).await;
    let (endpoint, waits) = endpoint(at(&server));
    ask(&endpoint).await.unwrap();
    ask(&endpoint).await.unwrap();
    assert_eq!(waits.lock().unwrap().len(), 2);
    assert_eq!(server.heard().len(), 4);
}

#[tokio::test]
async fn an_error_that_comes_with_success_is_an_error() {
    let server =
        Loopback::start([Turn::json(json!({"error": {"message": "no credit left"}}))]).await;
    let (endpoint, _) = endpoint(at(&server));
    let error = ask(&endpoint).await.unwrap_err();
    assert!(error.to_string().contains("no credit left"), "{error}");
}

#[tokio::test]
async fn no_more_requests_run_at_a_time_than_allowed() {
    let server =
        Loopback::answering(|_| Turn::SayLater(Duration::from_millis(50), 200, "1".to_owned()))
            .await;
    let (endpoint, _) = endpoint(EndpointSettings {
        concurrency: NonZeroUsize::new(3).unwrap(),
        ..at(&server)
    });
    let replies = futures::future::join_all((0..12).map(|_| ask(&endpoint))).await;
    assert!(replies.iter().all(Result::is_ok));
    assert_eq!(server.busiest(), 3);
}

#[test]
fn an_address_that_cannot_be_used_is_refused() {
    let mut told = String::new();
    for url in [
        "",
        "127.0.0.1:8000",
        "localhost/v1",
        "ftp://host/v1",
        "https://me:pw@host/v1",
        "https://host/v1?key=abc",
    ] {
        let error = Endpoint::new(EndpointSettings::at(url), None)
            .err()
            .unwrap();
        assert!(!error.to_string().contains("pw@") && !error.to_string().contains("abc"));
        told += &format!("{error}\n");
    }
    insta::assert_snapshot!(told);
}

#[test]
fn loopback_addresses_are_local() {
    for (url, local) in [
        ("http://127.0.0.1:1/v1", true),
        ("http://[::1]:1/v1", true),
        ("http://localhost/v1", true),
        ("http://127.example.org/v1", false),
        ("https://api.openai.com/v1", false),
        ("nonsense", false),
    ] {
        assert_eq!(EndpointSettings::at(url).is_local(), local, "{url}");
    }
}

#[test]
fn a_key_is_never_shown() {
    let key = ApiKey::new(" sk-very-secret-0123456789\n").unwrap();
    assert_eq!(
        format!("{key:?} {:?}", key.header()),
        "ApiKey([hidden]) Sensitive"
    );
    assert_eq!(key.redact("a sk-very-secret-0123456789 b"), "a [key] b");
    assert_eq!(ApiKey::new("EMPTY").unwrap().redact("EMPTY"), "EMPTY");
    assert_eq!(ApiKey::new(" \n").unwrap_err(), UnusableKey::Empty);
    assert_eq!(ApiKey::new("a\nb").unwrap_err(), UnusableKey::Unsendable);
}

#[test]
fn retry_after_reads_seconds_and_every_date_of_http() {
    let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:07 GMT").unwrap();
    for header in [
        "30",
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    ] {
        assert_eq!(
            error::retry_after(header, now),
            Some(Duration::from_secs(30)),
            "{header}"
        );
    }
    assert_eq!(
        error::retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now),
        Some(Duration::ZERO)
    );
    assert_eq!(error::retry_after("soon", now), None);
    assert_eq!(error::retry_after("-1", now), None);
}

const SPENT: &str =
    r#"{"error": {"message": "the quota is used up; see the plan", "code": "insufficient_quota"}}"#;

#[tokio::test]
async fn a_failing_endpoint_is_told_with_its_first_failure_and_well_again_with_the_next_success() {
    let server = Loopback::start([Turn::status(503, "busy"), Turn::json(json!(1))]).await;
    let waits = Arc::new(Mutex::new(None));
    let endpoint = Endpoint::new(at(&server), None).unwrap();
    let mut health = endpoint.health();
    assert_eq!(*health.borrow_and_update(), Health::Well);
    let seen = (health.clone(), waits.clone());
    let endpoint = endpoint.sleeping(move |_| {
        // Before the second try is made.
        *seen.1.lock().unwrap() = Some(seen.0.borrow().clone());
        Box::pin(std::future::ready(()))
    });
    ask(&endpoint).await.unwrap();
    let Some(Health::Failing { problem, .. }) = waits.lock().unwrap().clone() else {
        panic!("{waits:?}");
    };
    assert!(problem.contains("HTTP 503: busy"), "{problem}");
    assert_eq!(*health.borrow(), Health::Well);
}

#[tokio::test]
async fn a_quota_that_is_used_up_ends_every_request_under_way_and_to_come() {
    let server = Loopback::answering(|heard| match heard.body["question"].as_str() {
        Some("?") => Turn::status(429, SPENT),
        _ => Turn::Hang,
    })
    .await;
    let (endpoint, waits) = endpoint(at(&server));
    let start = Instant::now();
    let hanging = async {
        let answer: Result<Value, _> = endpoint.post("things", &json!({"question": "hang"})).await;
        answer.unwrap_err()
    };
    let spent = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        ask(&endpoint).await.unwrap_err()
    };
    let (hanging, spent) = tokio::join!(hanging, spent);
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(hanging.problem, spent.problem);
    let asked = server.heard().len();
    assert_eq!(asked, 2, "and no retry");
    assert_eq!(ask(&endpoint).await.unwrap_err().problem, spent.problem);
    assert_eq!(server.heard().len(), asked, "nothing more is asked");
    assert!(waits.lock().unwrap().is_empty());
    let Health::Over { reason } = endpoint.health().borrow().clone() else {
        panic!("{:?}", endpoint.health());
    };
    insta::assert_snapshot!(steady(reason), @"endpoint `http://127.0.0.1:PORT/v1/things`: it answered HTTP 429: the quota is used up; see the plan; quota or credit is used up: pay for more, raise the limit with its provider, or choose another endpoint");
}

#[tokio::test]
async fn an_endpoint_that_fails_at_everything_is_given_up_in_time_and_idle_time_does_not_count() {
    let server = Loopback::answering(|_| Turn::status(500, "")).await;
    let settings = EndpointSettings {
        retries: 1_000,
        retry_delay_ms: NonZeroU64::new(10).unwrap(),
        longest_wait_ms: NonZeroU64::new(20).unwrap(),
        timeout_ms: NonZeroU64::new(100).unwrap(),
        give_up_after_ms: NonZeroU64::new(400).unwrap(),
        ..at(&server)
    };
    let endpoint = Endpoint::new(settings, None).unwrap();
    let start = Instant::now();
    let asking = tokio::time::timeout(Duration::from_millis(100), ask(&endpoint));
    assert!(asking.await.is_err(), "whoever asked has stopped waiting");
    tokio::time::sleep(Duration::from_millis(600)).await;
    let again = Instant::now();
    let error = ask(&endpoint).await.unwrap_err();
    assert!(matches!(error.problem, Problem::GivenUp { .. }), "{error}");
    assert!(
        again.elapsed() >= Duration::from_millis(200),
        "{:?}",
        again.elapsed()
    );
    assert!(start.elapsed() < Duration::from_secs(4));
    assert!(matches!(*endpoint.health().borrow(), Health::Over { .. }));
}

#[tokio::test]
async fn a_refusal_of_one_request_says_nothing_against_the_endpoint() {
    let refusal = r#"{"error": {"message": "maximum context length is 8192 tokens"}}"#;
    let server = Loopback::start([Turn::status(400, refusal), Turn::json(json!(1))]).await;
    let (endpoint, _) = endpoint(at(&server));
    ask(&endpoint).await.unwrap_err();
    assert_eq!(*endpoint.health().borrow(), Health::Well);
    ask(&endpoint).await.unwrap();
}

#[tokio::test]
async fn one_that_is_never_given_up_is_asked_on_and_is_well_when_it_answers() {
    let turns = [
        Turn::status(401, "who are you"),
        Turn::status(500, ""),
        Turn::status(500, ""),
        Turn::json(json!(1)),
    ];
    let server = Loopback::start(turns).await;
    let settings = EndpointSettings {
        retries: 0,
        timeout_ms: NonZeroU64::new(100).unwrap(),
        give_up_after_ms: NonZeroU64::new(1).unwrap(),
        is_never_given_up: true,
        ..at(&server)
    };
    let endpoint = Endpoint::new(settings, None).unwrap();
    for _ in 0..3 {
        ask(&endpoint).await.unwrap_err();
        assert!(matches!(
            *endpoint.health().borrow(),
            Health::Failing { .. }
        ));
        tokio::time::sleep(Duration::from_millis(120)).await;
    }
    ask(&endpoint).await.unwrap();
    assert_eq!(*endpoint.health().borrow(), Health::Well);
}
