//! What is seen from outside: everything that happens, and nothing that was said.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use memhost::config::TelemetrySettings;
use memhost::live::LiveError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tower::ServiceExt;
use tracing::instrument::WithSubscriber;
use tracing_subscriber::layer::SubscriberExt;

use super::*;
use crate::ServeSettings;
use crate::app::App;
use crate::router::router;
use crate::tests::place;

struct Told {
    is_degraded: bool,
}

impl Answer for Told {
    fn generation(&self) -> Option<u32> {
        Some(3)
    }

    fn is_degraded(&self) -> bool {
        self.is_degraded
    }
}

/// The lines of a page that begin so.
fn lines<'a>(page: &'a str, beginning: &str) -> Vec<&'a str> {
    let lines = page.lines();
    lines.filter(|line| line.starts_with(beginning)).collect()
}

#[tokio::test]
async fn each_call_is_counted_by_what_came_of_it() {
    let (meters, host) = (Meters::default(), place::host().await);
    let http = |call| (call, Via::Http);
    for is_degraded in [false, false, true] {
        let work = async { Ok(Told { is_degraded }) };
        let told = meters.call(&host, "desk", http(Call::Retrieve), work).await;
        assert_eq!(told.unwrap().is_degraded, is_degraded);
    }
    // A caller's own words are no label: whoever makes up slots would fill the memory.
    for slot in ["made-up", "another"] {
        let nothing = async { Err::<Told, _>(LiveError::NoSuchSlot(slot.to_owned())) };
        let call = (Call::Record, Via::Mcp);
        meters.call(&host, slot, call, nothing).await.err().unwrap();
    }
    let never = meters.call(
        &host,
        "desk",
        http(Call::Feedback),
        std::future::pending::<Result<Told, _>>(),
    );
    tokio::time::timeout(Duration::from_millis(5), never)
        .await
        .err()
        .unwrap();

    let page = meters.page(&host).await.unwrap();
    let mut calls = lines(&page, "memhost_calls_total");
    calls.sort_unstable();
    insta::assert_snapshot!(calls.join("\n"), @r#"
    memhost_calls_total{slot="",generation="",call="feedback",via="http",outcome="hung-up"} 1
    memhost_calls_total{slot="",generation="",call="record",via="mcp",outcome="no-such-slot"} 2
    memhost_calls_total{slot="desk",generation="3",call="retrieve",via="http",outcome="degraded"} 1
    memhost_calls_total{slot="desk",generation="3",call="retrieve",via="http",outcome="ok"} 2
    "#);
    assert_eq!(
        lines(&page, "memhost_call_duration_seconds_count").len(),
        4,
        "{page}"
    );
    assert!(page.ends_with("# EOF\n"));
}

#[tokio::test]
async fn each_request_is_counted_by_its_route_and_not_by_what_stands_in_it() {
    let meters = Meters::default();
    let router = Router::new()
        .route("/v1/slots/{slot}/retrieve", post(async || "told"))
        .route("/broken", get(async || StatusCode::INTERNAL_SERVER_ERROR))
        .layer(from_fn_with_state(meters.clone(), measured));
    for (method, path) in [
        ("POST", "/v1/slots/desk/retrieve"),
        ("POST", "/v1/slots/mh_key_in_the_wrong_place/retrieve"),
        ("GET", "/v1/slots/desk/retrieve"),
        ("GET", "/broken"),
        ("BREW", "/nowhere/at/all"),
    ] {
        let request = Request::builder().method(method).uri(path);
        let request = request.body(Body::empty()).unwrap();
        router.clone().oneshot(request).await.unwrap();
    }
    let page = meters.page(&place::host().await).await.unwrap();
    let mut requests = lines(&page, "memhost_http_requests");
    requests.sort_unstable();
    insta::assert_snapshot!(requests.join("\n"), @r#"
    memhost_http_requests_total{method="GET",route="/broken",status="500"} 1
    memhost_http_requests_total{method="GET",route="/v1/slots/{slot}/retrieve",status="405"} 1
    memhost_http_requests_total{method="POST",route="/v1/slots/{slot}/retrieve",status="200"} 2
    memhost_http_requests_total{method="other",route="",status="404"} 1
    memhost_http_requests_under_way 0
    "#);
}

/// One request, as a collector takes it.
struct Sent {
    head: String,
    body: Vec<u8>,
}

impl Sent {
    fn has(&self, text: &str) -> bool {
        self.body
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    }
}

/// A collector on 127.0.0.1, which says yes to everything, or nothing at all.
async fn collector(answers: bool) -> (String, mpsc::UnboundedReceiver<Sent>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let sender = sender.clone();
            tokio::spawn(async move {
                let mut bytes = Vec::new();
                let head = loop {
                    if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                        break end + 4;
                    }
                    stream.read_buf(&mut bytes).await.unwrap();
                };
                let body = bytes.split_off(head);
                let head = String::from_utf8(bytes).unwrap().to_lowercase();
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "));
                let length: usize = length.unwrap().parse().unwrap();
                let mut body = body;
                while body.len() < length {
                    stream.read_buf(&mut body).await.unwrap();
                }
                sender.send(Sent { head, body }).unwrap();
                match answers {
                    true => {
                        let answer =
                            b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                        stream.write_all(answer).await.unwrap();
                    }
                    false => std::future::pending().await,
                }
            });
        }
    });
    (address, receiver)
}

fn settings(endpoint: &str) -> TelemetrySettings {
    TelemetrySettings {
        otlp_endpoint: Some(endpoint.to_owned()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_reach_the_collector_and_what_was_said_does_not() {
    let (address, mut sent) = collector(true).await;
    let (layer, guard) = otlp_layer(&settings(&address)).unwrap().unwrap();
    let subscriber = tracing_subscriber::registry().with(layer);
    async {
        let router = router(App::new(place::host().await, ServeSettings::default()));
        let ask = r#"{"task": {"text": "the customer's secret is plover"}, "attempt": "plover"}"#;
        for (slot, key) in [
            ("desk", None),
            ("plover", None),
            ("desk", Some("Bearer plover")),
        ] {
            let mut request = Request::post(format!("/v1/slots/{slot}/retrieve?word=plover"))
                .header("host", "127.0.0.1")
                .header("content-type", "application/json")
                .header("memhost-tenant", "plover");
            if let Some(key) = key {
                request = request.header("authorization", key);
            }
            let request = request.body(Body::from(ask)).unwrap();
            router.clone().oneshot(request).await.unwrap();
        }
        tracing::info_span!("elsewhere", text = "plover").in_scope(|| tracing::info!("plover"));
    }
    .with_subscriber(subscriber)
    .await;
    // It waits for the collector, which answers on another thread.
    drop(guard);

    let sent = sent.recv().await.unwrap();
    assert!(
        sent.head.starts_with("post /v1/traces http/1.1\r\n"),
        "{}",
        sent.head
    );
    assert!(
        sent.head
            .contains("content-type: application/x-protobuf\r\n"),
        "{}",
        sent.head
    );
    for there in [
        "retrieve",
        "POST /v1/slots/{slot}/retrieve",
        "memhost.slot",
        "desk",
        "memhost.outcome",
        "no-such-slot",
    ] {
        assert!(sent.has(there), "{there}");
    }
    for hidden in ["plover", "elsewhere"] {
        assert!(!sent.has(hidden), "{hidden}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_does_not_answer_does_not_hold_up_the_end() {
    let (address, _sent) = collector(false).await;
    let (layer, guard) = otlp_layer(&settings(&address)).unwrap().unwrap();
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::with_default(subscriber, || {
        tracing::info_span!(target: TRACED, "call").in_scope(|| {});
    });
    let began = std::time::Instant::now();
    drop(guard);
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn traces_go_to_a_configured_address_only() {
    type Registry = tracing_subscriber::Registry;
    let none = TelemetrySettings::default();
    assert!(otlp_layer::<Registry>(&none).unwrap().is_none());
    let words = |endpoint| match otlp_layer::<Registry>(&settings(endpoint)) {
        Ok(_) => panic!("{endpoint}"),
        Err(error) => error.to_string(),
    };
    insta::assert_snapshot!(words("collector:4318"), @"`otlp_endpoint` is no address of a collector: it must begin with `http://` or `https://`");
    insta::assert_snapshot!(words("/var/run/collector"), @"`otlp_endpoint` is no address of a collector: relative URL without a base");
    insta::assert_snapshot!(words("https://me:secret@collector.example"), @"`otlp_endpoint` is no address of a collector: secrets stand in no file; OTEL_EXPORTER_OTLP_HEADERS takes them");
}
