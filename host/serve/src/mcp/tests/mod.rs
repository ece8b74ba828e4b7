//! The tools as clients meet them: over HTTP, over standard input and output, and through a server that goes away.

mod http;
mod schemas;
mod stdio;

use memhost::live::{Grant, Host, ONLY_TENANT, Seat};
use serde_json::{Value, json};

/// A request of JSON-RPC.
fn request(method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
}

fn call(tool: &str, arguments: Value) -> Value {
    request("tools/call", json!({"name": tool, "arguments": arguments}))
}

fn initialize(version: &str) -> Value {
    let client = json!({"name": "test", "version": "1"});
    let params = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": client});
    request("initialize", params)
}

/// What a tool said, and whether it refused. Nothing that it says is structured.
fn said(answer: &Value) -> (String, bool) {
    let result = &answer["result"];
    assert_eq!(result.get("structuredContent"), None, "{answer}");
    let [content] = &result["content"].as_array().unwrap()[..] else {
        panic!("{answer}");
    };
    assert_eq!(content["type"], "text");
    let text = content["text"].as_str().unwrap().to_owned();
    (text, result["isError"].as_bool().unwrap())
}

/// The id that `recall` gave.
fn attempt(said: &str) -> String {
    let line = said.lines().next().unwrap();
    line.strip_prefix("Attempt: ").unwrap().to_owned()
}

/// What stands between the borders.
fn guidance(said: &str) -> &str {
    let (_, from) = said.split_once("-----BEGIN ").unwrap();
    let (border, rest) = from.split_once("-----\n").unwrap();
    let end = format!("\n-----END {border}-----\n");
    let (within, after) = rest.split_once(&end).unwrap();
    assert!(!after.contains("-----"), "{said}");
    within
}

/// The one tenant's seat at the slot `desk`.
fn seat(host: &Host) -> Seat {
    let grant = Grant::everything();
    host.slot(&grant, "desk", ONLY_TENANT).unwrap()
}
