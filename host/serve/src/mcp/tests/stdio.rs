use std::time::Duration;

use rmcp::service::serve_server;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf};

use super::super::backend::Backend;
use super::super::tools::Tools;
use super::{attempt, call, guidance, initialize, said, seat};
use crate::mcp::Remote;
use crate::tests::place::{at_any_port, host};
use crate::{Client, ServeSettings, Server};

/// A client that has started a program and talks to it.
pub(super) struct Piped {
    from: BufReader<ReadHalf<DuplexStream>>,
    to: WriteHalf<DuplexStream>,
}

impl Piped {
    /// A client of these tools, which has begun.
    pub(super) async fn to(backend: impl Backend) -> Piped {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        tokio::spawn(async move {
            let serving = serve_server(Tools(backend), theirs).await.unwrap();
            serving.waiting().await
        });
        let (from, to) = tokio::io::split(ours);
        let from = BufReader::new(from);
        let mut piped = Piped { from, to };
        let begun = piped.ask(&initialize("2025-06-18")).await;
        assert_eq!(begun["result"]["serverInfo"]["name"], "memhost");
        let begun = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        piped.write(&begun.to_string()).await;
        piped
    }

    pub(super) async fn ask(&mut self, request: &Value) -> Value {
        self.write(&request.to_string()).await;
        let mut line = String::new();
        self.from.read_line(&mut line).await.unwrap();
        serde_json::from_str(&line).unwrap()
    }

    async fn write(&mut self, line: &str) {
        self.to.write_all(line.as_bytes()).await.unwrap();
        self.to.write_all(b"\n").await.unwrap();
    }
}

#[tokio::test]
async fn a_seat_in_this_process_is_served_over_standard_input_and_output() {
    let host = host().await;
    let seat = seat(&host);
    let mut client = Piped::to(seat.clone()).await;
    let (text, _) = said(&client.ask(&call("recall", json!({"task": "one"}))).await);
    let record =
        json!({"attempt": attempt(&text), "answer": "it is behind the door", "outcome": "success"});
    let (_, refused) = said(&client.ask(&call("record", record)).await);
    assert!(!refused);
    seat.learnt(3).await.unwrap();
    let (text, _) = said(&client.ask(&call("recall", json!({"task": "two"}))).await);
    assert_eq!(guidance(&text), "one: it is behind the door, success");
    host.close().await.unwrap();
}

#[tokio::test]
async fn a_line_that_is_no_json_is_passed_over_and_one_that_is_no_message_is_refused() {
    let host = host().await;
    let mut client = Piped::to(seat(&host)).await;
    client.write("{\"jsonrpc\": ").await;
    let refused = client.ask(&json!({"call": "recall"})).await;
    assert_eq!(refused["error"]["code"], -32600);
    let (_, refused) = said(&client.ask(&call("recall", json!({"task": "one"}))).await);
    assert!(!refused);
}

#[tokio::test]
async fn a_server_that_comes_back_is_found_again_by_a_client_that_stayed() {
    let host = host().await;
    let first = Server::start(host.clone(), at_any_port(ServeSettings::default()))
        .await
        .unwrap();
    let listen = first.address();
    let remote = Remote::new(
        Client::new(&format!("http://{listen}"), None, None).unwrap(),
        "desk",
    );
    let mut client = Piped::to(remote).await;
    let (text, _) = said(
        &client
            .ask(&call(
                "recall",
                json!({"task": "one", "moment": "after search"}),
            ))
            .await,
    );
    let attempt = attempt(&text);

    first.end().await;
    let again = tokio::spawn({
        let (host, settings) = (
            host.clone(),
            ServeSettings {
                listen,
                ..ServeSettings::default()
            },
        );
        async move {
            tokio::time::sleep(Duration::from_millis(300)).await;
            Server::start(host, settings).await.unwrap()
        }
    });
    let steps = json!([{"actor": "action", "name": "open", "text": "the door"}, {"actor": "answer", "text": "open"}]);
    let record =
        json!({"attempt": attempt, "answer": "it was open", "steps": steps, "outcome": "success"});
    let (text, refused) = said(&client.ask(&call("record", record)).await);
    assert!(!refused && text.contains(&attempt), "{text}");
    let server = again.await.unwrap();

    seat(&host).learnt(3).await.unwrap();
    let (text, _) = said(&client.ask(&call("recall", json!({"task": "two"}))).await);
    assert_eq!(guidance(&text), "one: it was open, success");
    let attempt = super::attempt(&text);
    let judged =
        json!({"attempt": attempt, "verdict": "failure", "score": 0.25, "reason": "it was shut"});
    let (text, refused) = said(&client.ask(&call("feedback", judged)).await);
    assert!(!refused && text.contains("credited"), "{text}");
    let (text, _) = said(
        &client
            .ask(&call("explain", json!({"attempt": attempt})))
            .await,
    );
    let why = guidance(&text);
    assert!(
        why.contains("Outcome: failure, score 0.25: it was shut"),
        "{why}"
    );
    assert!(why.contains("one: it was open, success"), "{why}");

    let (text, refused) = said(
        &client
            .ask(&call("explain", json!({"attempt": "../x y?"})))
            .await,
    );
    assert!(refused && text.starts_with("no-such-attempt: "), "{text}");
    server.end().await;
    let (text, refused) = said(
        &client
            .ask(&call("explain", json!({"attempt": attempt})))
            .await,
    );
    assert!(
        refused && text.starts_with("unreachable: no server answers at http://"),
        "{text}"
    );
}

#[test]
fn an_address_that_is_none_is_named() {
    for address in ["", "localhost:4780", "file:///etc", "http://"] {
        let refused = Client::new(address, None, None).err().unwrap();
        assert!(refused.to_string().contains(address), "{refused}");
    }
    let address = "http://127.0.0.1:4780";
    let key = Some("mh_1\n2".to_owned());
    let refused = Client::new(address, key, None).err().unwrap();
    assert!(refused.to_string().contains("the key"), "{refused}");
}
