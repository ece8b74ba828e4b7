//! Callers who mean no good, or do not know better: each is told so, and nobody else notices.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use memhost::live::{NewKey, Right};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::place::{Answered, Place, host};
use crate::{ServeError, ServeSettings, Server};

const BODY: &str = r#"{"task": {"text": "a task"}}"#;

fn head(host: &str, further: &str) -> String {
    let length = BODY.len();
    format!(
        "POST /v1/slots/desk/retrieve HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n{further}\r\n"
    )
}

/// What comes until the server closes the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let mut some = [0; 4096];
    // A connection that is reset has ended too.
    while let Ok(length @ 1..) = stream.read(&mut some).await {
        all.extend_from_slice(&some[..length]);
    }
    String::from_utf8(all).unwrap()
}

/// What the server answers to this, on a connection that ends then.
async fn said(place: &Place, text: &str) -> String {
    let mut stream = TcpStream::connect(place.address()).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    rest(&mut stream).await
}

fn is(answer: &str, status: u16, code: &str) -> bool {
    answer.starts_with(&format!("HTTP/1.1 {status} "))
        && answer.contains(&format!("/problems/{code}\""))
}

#[tokio::test]
async fn half_a_head_is_not_waited_for() {
    let place = Place::with(ServeSettings {
        head_timeout_ms: 200,
        ..ServeSettings::default()
    })
    .await;
    for text in ["", "POST /v1/slots/desk/retr", &head("localhost", "")[..60]] {
        let began = Instant::now();
        let answer = said(&place, text).await;
        assert!(!answer.contains("200 OK"), "{answer}");
        let took = began.elapsed();
        assert!(
            took >= Duration::from_millis(150) && took < Duration::from_secs(5),
            "{took:?}"
        );
    }
    place.end().await;
}

#[tokio::test]
async fn a_body_that_trickles_is_not_waited_for() {
    let place = Place::with(ServeSettings {
        body_timeout_ms: 300,
        ..ServeSettings::default()
    })
    .await;
    let stream = TcpStream::connect(place.address()).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    let trickle = tokio::spawn(async move {
        write
            .write_all(head("localhost", "").as_bytes())
            .await
            .unwrap();
        for byte in BODY.bytes() {
            if write.write_all(&[byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    let mut answer = vec![0; 4096];
    let length = read.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]);
    assert!(is(&answer, 408, "too-slow"), "{answer}");
    trickle.abort();
    place.end().await;
}

#[tokio::test]
async fn a_hundred_megabytes_are_refused_and_their_sender_hears_why() {
    let place = Place::new().await;
    let chunk = vec![b' '; 1 << 20];
    for is_chunked in [false, true] {
        let stream = TcpStream::connect(place.address()).await.unwrap();
        let (mut read, mut write) = stream.into_split();
        let length = match is_chunked {
            true => "Transfer-Encoding: chunked".to_owned(),
            false => format!("Content-Length: {}", 100 << 20),
        };
        let head = format!(
            "POST /v1/slots/desk/record HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{length}\r\n\r\n"
        );
        write.write_all(head.as_bytes()).await.unwrap();
        let chunk = chunk.clone();
        let began = Instant::now();
        let sending = tokio::spawn(async move {
            for _ in 0..100 {
                if is_chunked {
                    write.write_all(b"100000\r\n").await?;
                }
                write.write_all(&chunk).await?;
                if is_chunked {
                    write.write_all(b"\r\n").await?;
                }
            }
            std::io::Result::Ok(write)
        });
        let mut answer = vec![0; 4096];
        let length = read.read(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer[..length]);
        assert!(is(&answer, 413, "too-large"), "{answer}");
        assert!(began.elapsed() < Duration::from_secs(10));
        sending.await.unwrap().unwrap();
    }
    place.end().await;
}

#[tokio::test]
async fn who_asks_before_sending_too_much_need_not_send_it() {
    let place = Place::new().await;
    let head = format!(
        "POST /v1/slots/desk/record HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        100 << 20
    );
    let answer = said(&place, &head).await;
    assert!(is(&answer, 413, "too-large"), "{answer}");
    place.end().await;
}

#[tokio::test]
async fn who_asks_before_sending_what_is_taken_is_told_to_send_it() {
    let place = Place::new().await;
    let mut stream = TcpStream::connect(place.address()).await.unwrap();
    let head = head("localhost", "Expect: 100-continue\r\nConnection: close\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut word = [0; 25];
    stream.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(BODY.as_bytes()).await.unwrap();
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 200 "));
    place.end().await;
}

#[tokio::test]
async fn who_sends_all_before_reading_anything_hears_why_it_is_refused() {
    let place = Place::new().await;
    let body = "x".repeat(3 << 20);
    let close = format!("Content-Length: {}\r\nConnection: close", body.len());
    for (path, host, status, code) in [
        ("/v1/slots/desk/record", "localhost", 415, "not-json"),
        ("/v1/slots/desk/record", "evil.example", 421, "foreign-host"),
        ("/nowhere", "localhost", 404, "no-such-route"),
        ("/healthz", "localhost", 405, "method-not-allowed"),
    ] {
        let head = format!("POST {path} HTTP/1.1\r\nHost: {host}\r\n{close}\r\n\r\n");
        let mut stream = TcpStream::connect(place.address()).await.unwrap();
        for part in [head.as_bytes(), body.as_bytes()] {
            stream.write_all(part).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let answer = rest(&mut stream).await;
        assert!(is(&answer, status, code), "{path}: {answer}");
    }
    place.end().await;
}

#[tokio::test]
async fn a_refused_request_leaves_its_connection_for_the_next_one() {
    let place = Place::new().await;
    let mut stream = TcpStream::connect(place.address()).await.unwrap();
    let refused = head("localhost", "").replace("retrieve", "nowhere") + BODY;
    let taken = head("localhost", "Connection: close\r\n") + BODY;
    stream
        .write_all((refused + &taken).as_bytes())
        .await
        .unwrap();
    let answers = rest(&mut stream).await;
    assert!(is(&answers, 404, "no-such-route"), "{answers}");
    assert!(answers.contains("HTTP/1.1 200 OK"), "{answers}");
    place.end().await;
}

#[tokio::test]
async fn who_reads_no_answers_keeps_no_connection() {
    let place = Place::with(ServeSettings {
        most_connections: 1,
        body_timeout_ms: 300,
        ..ServeSettings::default()
    })
    .await;
    let mut greedy = TcpStream::connect(place.address()).await.unwrap();
    let ask = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1_000);
    let asking = async {
        // It is cut off before all of that is taken.
        let _ = greedy.write_all(ask.as_bytes()).await;
        std::future::pending::<()>().await
    };
    let asking = tokio::time::timeout(Duration::from_millis(1_500), asking);
    assert!(asking.await.is_err());
    let answer = said(
        &place,
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    place.end().await;
}

#[tokio::test]
async fn only_names_of_its_own_reach_the_server() {
    let place = Place::with(ServeSettings {
        allowed_hosts: vec!["memory.example".into(), "other.example:8443".into()],
        head_timeout_ms: 500,
        ..ServeSettings::default()
    })
    .await;
    let close = "Connection: close\r\n";
    let own = [
        "localhost",
        "127.0.0.1:4780",
        "[::1]:80",
        "LOCALHOST:1",
        "memory.example",
        "Memory.Example:443",
        "other.example:8443",
    ];
    for name in own {
        let answer = said(&place, &(head(name, close) + BODY)).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{name}: {answer}");
    }
    let foreign = [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.",
        "memory.example.evil",
        "other.example:80",
        "10.0.0.1",
        "a b",
        "",
    ];
    for name in foreign {
        let answer = said(&place, &(head(name, close) + BODY)).await;
        assert!(is(&answer, 421, "foreign-host"), "{name}: {answer}");
    }
    let twice = head("localhost", "Host: localhost\r\nConnection: close\r\n") + BODY;
    assert!(is(&said(&place, &twice).await, 421, "foreign-host"));
    let none = head("localhost", close).replace("Host: localhost\r\n", "") + BODY;
    assert!(is(&said(&place, &none).await, 421, "foreign-host"));
    place.end().await;
}

#[tokio::test]
async fn only_pages_of_its_own_reach_the_server_and_no_answer_lets_others_read_it() {
    let place = Place::new().await;
    let close = "Connection: close\r\n";
    let own = head(
        "localhost:4780",
        &format!("Origin: http://localhost:4780\r\n{close}"),
    );
    assert!(
        said(&place, &(own + BODY))
            .await
            .starts_with("HTTP/1.1 200 ")
    );
    for origin in [
        "https://evil.example",
        "http://localhost:3000",
        "http://localhost",
        "null",
        "",
        "localhost:4780",
    ] {
        let foreign = head("localhost:4780", &format!("Origin: {origin}\r\n{close}"));
        let answer = said(&place, &(foreign + BODY)).await;
        assert!(is(&answer, 403, "foreign-origin"), "{origin}: {answer}");
        assert!(
            !answer.to_lowercase().contains("access-control"),
            "{answer}"
        );
    }
    let preflight = "OPTIONS /v1/slots/desk/retrieve HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
        Origin: http://localhost\r\nAccess-Control-Request-Method: POST\r\n\r\n";
    let answer = said(&place, preflight).await;
    assert!(is(&answer, 405, "method-not-allowed"), "{answer}");
    assert!(
        !answer.to_lowercase().contains("access-control-allow"),
        "{answer}"
    );
    place.end().await;
}

#[tokio::test]
async fn a_body_is_json_only_if_it_says_so() {
    let place = Place::new().await;
    for media_type in [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "multipart/form-data",
    ] {
        let request = place
            .client
            .post(place.url("/v1/slots/desk/retrieve"))
            .body(BODY);
        let request = match media_type {
            "" => request,
            _ => request.header("content-type", media_type),
        };
        let answer = Answered::of(request.send().await.unwrap()).await;
        assert_eq!(
            (answer.status, answer.code()),
            (415, "not-json"),
            "{media_type}"
        );
    }
    let request = place
        .client
        .post(place.url("/v1/slots/desk/retrieve"))
        .body(BODY);
    let request = request.header("content-type", "Application/JSON; charset=utf-8");
    assert_eq!(request.send().await.unwrap().status(), 200);
    place.end().await;
}

#[tokio::test]
async fn connections_beyond_the_limit_are_told_so_and_those_within_are_served() {
    let place = Place::with(ServeSettings {
        most_connections: 2,
        ..ServeSettings::default()
    })
    .await;
    let mut first = TcpStream::connect(place.address()).await.unwrap();
    let second = TcpStream::connect(place.address()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    for _ in 0..100 {
        let answer = said(&place, &(head("localhost", "") + BODY)).await;
        assert!(is(&answer, 429, "too-many"), "{answer}");
        assert!(answer.contains("retry-after: 1\r\n"));
    }
    let ask = head("localhost", "Connection: close\r\n") + BODY;
    first.write_all(ask.as_bytes()).await.unwrap();
    assert!(rest(&mut first).await.starts_with("HTTP/1.1 200 "));
    drop((first, second));
    while is(&said(&place, &ask).await, 429, "too-many") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(said(&place, &ask).await.starts_with("HTTP/1.1 200 "));
    place.end().await;
}

#[tokio::test]
async fn requests_beyond_the_limit_are_told_when_to_come_back() {
    let place = Place::with(ServeSettings {
        most_requests: 1,
        ..ServeSettings::default()
    })
    .await;
    let slow = json!({"task": {"text": "sleep"}});
    let quick = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        place
            .post("retrieve", json!({"task": {"text": "a task"}}))
            .await
    };
    let (slow, quick) = tokio::join!(place.post("retrieve", slow), quick);
    assert_eq!(slow.status, 200);
    assert_eq!((quick.status, quick.code()), (429, "too-many"));
    assert_eq!(quick.headers["retry-after"], "1");
    assert_eq!(
        place
            .post("retrieve", json!({"task": {"text": "a task"}}))
            .await
            .status,
        200
    );
    assert_eq!(place.get("/healthz").await.status, 200);
    place.end().await;
}

#[tokio::test]
async fn heads_that_are_too_large_are_refused() {
    let place = Place::new().await;
    let many = "x-a: b\r\n".repeat(200);
    let long = format!("x-a: {}\r\n", "b".repeat(1 << 20));
    for further in [many, long] {
        let mut stream = TcpStream::connect(place.address()).await.unwrap();
        // It may be closed before all of it is sent.
        let _ = stream
            .write_all((head("localhost", &further) + BODY).as_bytes())
            .await;
        let answer = rest(&mut stream).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 431 "),
            "{answer}"
        );
    }
    assert_eq!(place.get("/healthz").await.status, 200);
    place.end().await;
}

#[tokio::test]
async fn one_tenant_sees_nothing_of_another() {
    let place = Place::new().await;
    let asked =
        |tenant: &'static str, method: reqwest::Method, path: &str, body: serde_json::Value| {
            let request = place
                .client
                .request(method, place.url(path))
                .header("memhost-tenant", tenant);
            async move { Answered::of(request.json(&body).send().await.unwrap()).await }
        };
    let post = reqwest::Method::POST;
    let record = json!({
        "attempt": "a1", "task": {"text": "a secret"}, "outcome": {"verdict": "success"}, "wait": "learnt"
    });
    let recorded = asked("ana", post.clone(), "/v1/slots/desk/record", record).await;
    assert_eq!(recorded.status, 200);
    let own = asked(
        "ana",
        post.clone(),
        "/v1/slots/desk/retrieve",
        json!({"task": {"text": "t"}}),
    )
    .await;
    assert!(own.body["text"].as_str().unwrap().contains("a secret"));

    let others = asked(
        "bob",
        post.clone(),
        "/v1/slots/desk/retrieve",
        json!({"task": {"text": "t"}}),
    )
    .await;
    assert_eq!(others.body["text"], "");
    for path in [
        "/v1/slots/desk/attempts/a1",
        "/v1/slots/desk/attempts/a1/why",
    ] {
        let others = asked("bob", reqwest::Method::GET, path, json!(null)).await;
        assert_eq!((others.status, others.code()), (404, "no-such-attempt"));
        let own = asked("ana", reqwest::Method::GET, path, json!(null)).await;
        assert_eq!(own.body["task"]["text"], "a secret");
    }
    let outcome = json!({"attempt": "a1", "outcome": {"verdict": "failure"}, "revise": true});
    let others = asked("bob", post, "/v1/slots/desk/feedback", outcome).await;
    assert_eq!((others.status, others.code()), (404, "no-such-attempt"));
    place.end().await;
}

#[tokio::test]
async fn nobody_elsewhere_is_let_in_without_a_key_and_a_name() {
    let host = host().await;
    let everywhere = |allowed: &[&str]| ServeSettings {
        listen: SocketAddr::from(([0, 0, 0, 0], 0)),
        allowed_hosts: allowed.iter().map(|&name| name.into()).collect(),
        ..ServeSettings::default()
    };
    let named = || everywhere(&["memory.example"]);
    let refused = Server::start(host.clone(), named()).await;
    assert!(matches!(refused, Err(ServeError::NoKeys(_))));
    let key = NewKey::new(Right::Read);
    host.create_key(key).await.unwrap();
    let refused = Server::start(host.clone(), everywhere(&[])).await;
    assert!(matches!(refused, Err(ServeError::NoAllowedHosts(_))));
    let server = Server::start(host.clone(), named()).await.unwrap();
    server.end().await;
    host.close().await.unwrap();
}
