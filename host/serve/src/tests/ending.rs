//! The end of a server: what is under way is finished, or cut when it takes too long, and then nothing is open.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::place::Place;
use crate::ServeSettings;

async fn is_closed(mut stream: TcpStream) -> bool {
    let mut some = [0; 10];
    let read = stream.read(&mut some);
    let read = tokio::time::timeout(Duration::from_secs(1), read).await;
    // Closed, or reset.
    read.is_ok_and(|read| read.unwrap_or(0) == 0)
}

#[tokio::test]
async fn idle_connections_do_not_keep_a_server_from_ending() {
    let place = Place::new().await;
    let mut asked = TcpStream::connect(place.address()).await.unwrap();
    asked
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut answer = [0; 1024];
    let length = asked.read(&mut answer).await.unwrap();
    assert!(answer[..length].starts_with(b"HTTP/1.1 200 "));
    let silent = TcpStream::connect(place.address()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;

    let address = place.address();
    let began = Instant::now();
    place.end().await;
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    assert!(is_closed(asked).await && is_closed(silent).await);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn what_is_under_way_is_answered_before_the_end() {
    let place = Place::new().await;
    let url = place.url("/v1/slots/desk/retrieve");
    let asked = place
        .client
        .post(url)
        .json(&json!({"task": {"text": "sleep"}}))
        .send();
    let asked = tokio::spawn(asked);
    tokio::time::sleep(Duration::from_millis(100)).await;
    place.end().await;
    assert_eq!(asked.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn what_takes_too_long_is_cut() {
    let place = Place::with(ServeSettings {
        drain_ms: 100,
        ..ServeSettings::default()
    })
    .await;
    let url = place.url("/v1/slots/desk/retrieve");
    let asked = place
        .client
        .post(url)
        .json(&json!({"task": {"text": "sleep on"}}))
        .send();
    let asked = tokio::spawn(asked);
    let half = async {
        let mut stream = TcpStream::connect(place.address()).await.unwrap();
        stream
            .write_all(b"POST /v1/slots/desk/retrieve HT")
            .await
            .unwrap();
        stream
    };
    let half = half.await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let began = Instant::now();
    place.server.end().await;
    assert!(
        began.elapsed() < Duration::from_millis(800),
        "{:?}",
        began.elapsed()
    );
    assert!(asked.await.unwrap().is_err());
    assert!(is_closed(half).await);
    place.host.close().await.unwrap();
}

#[tokio::test]
async fn what_was_told_is_kept_though_nobody_waited_for_the_answer() {
    let place = Place::new().await;
    let record = json!({"attempt": "a1", "task": {"text": "a task"}}).to_string();
    let request = format!(
        "POST /v1/slots/desk/record HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{record}",
        record.len()
    );
    let mut stream = TcpStream::connect(place.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(stream);
    let told = place.get("/v1/slots/desk/attempts/a1").await;
    assert_eq!(told.body["task"]["text"], "a task");
    place.end().await;
}
