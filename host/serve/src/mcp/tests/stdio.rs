use rmcp::service::serve_server;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf};

use super::super::backend::Backend;
use super::super::tools::Tools;
use super::{attempt, call, diary, guidance, initialize, said};

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
    let host = diary::host().await;
    let seat = diary::seat(&host).await;
    let mut client = Piped::to(seat.clone()).await;
    let (text, _) = said(&client.ask(&call("recall", json!({"task": "one"}))).await);
    let record = json!({"attempt": attempt(&text), "answer": "it is behind the door", "outcome": "success"});
    let (_, refused) = said(&client.ask(&call("record", record)).await);
    assert!(!refused);
    seat.learnt(2).await;
    let (text, _) = said(&client.ask(&call("recall", json!({"task": "two"}))).await);
    assert_eq!(guidance(&text), "it is behind the door");
    host.close().await.unwrap();
}

#[tokio::test]
async fn a_line_that_is_no_json_ends_nothing() {
    let host = diary::host().await;
    let mut client = Piped::to(diary::seat(&host).await).await;
    let refused = client.ask(&json!("recall")).await;
    assert!(refused["error"]["code"].is_i64(), "{refused}");
    client.write("{\"jsonrpc\": ").await;
    let mut line = String::new();
    client.from.read_line(&mut line).await.unwrap();
    assert!(line.contains("-32700"), "{line}");
    let (_, refused) = said(&client.ask(&call("recall", json!({"task": "one"}))).await);
    assert!(!refused);
}
