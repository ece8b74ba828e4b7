//! MCP as its official clients speak it: over HTTP and through `memhost mcp`, before and after a restart of the server.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use memhost_testing::serving::Serve;
use memhost_tests::{binary, skip, target_directory};

use super::*;

/// What a client says and hears: `restart` in the middle, `done` at its end.
fn run(mut client: Command, restart: impl FnOnce()) {
    let client = client.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut client = client.spawn().unwrap();
    let mut to = client.stdin.take().unwrap();
    let said = BufReader::new(client.stdout.take().unwrap());
    let mut restart = Some(restart);
    let mut heard = Vec::new();
    for line in said.lines() {
        let line = line.unwrap();
        if line == "restart" {
            restart.take().unwrap()();
            writeln!(to).unwrap();
        }
        heard.push(line);
    }
    assert!(client.wait().unwrap().success(), "{heard:?}");
    assert_eq!(heard, ["restart", "done"]);
}

/// What the official clients need, where it is installed.
fn installed() -> Option<PathBuf> {
    let folder = target_directory().join("mcp").canonicalize().ok();
    let folder = folder.filter(|folder| folder.join("installed").is_file());
    if folder.is_none() {
        skip("the official MCP clients are not installed; `cargo xtask test` does that");
    }
    folder
}

fn scripts() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("mcp")
}

fn python(installed: &Path, version: &str) -> Command {
    let mut client = Command::new(installed.join("python/bin/python"));
    client.arg(scripts().join("client.py")).arg(version);
    client
}

/// Node looks for packages beside a script.
fn typescript(installed: &Path) -> Command {
    let script = installed.join("client.mjs");
    std::fs::copy(scripts().join("client.mjs"), &script).unwrap();
    let mut client = Command::new("node");
    client.arg(script);
    client
}

/// Runs a client against a server of its own, over HTTP and over standard input and output.
fn check(client: impl Fn() -> Command) {
    for kind in ["http", "stdio"] {
        let place = Place::new();
        let serve = Serve::new(&binary(), place.directory.path())
            .with(["--slot", "desk=rag"])
            .variable("MEMHOST_PLUGINS", plugins().display().to_string())
            .variable("MEMHOST_CACHE", compiled().display().to_string());
        let server = serve.start();
        let (url, address) = (server.url().to_owned(), server.address());
        let mut client = client();
        client.current_dir(place.directory.path()).arg(kind);
        match kind {
            "http" => client.arg(format!("{url}/mcp/desk")),
            _ => client
                .arg(binary())
                .args(["mcp", "--slot", "desk", "--url", &url]),
        };
        let mut again = None;
        run(client, || {
            assert_eq!(server.end(), Some(0));
            again = Some(serve.start_at(&address));
        });
        assert_eq!(again.unwrap().end(), Some(0));
    }
}

#[test]
fn the_python_client_recalls_records_and_goes_on_after_a_restart() {
    let Some(installed) = installed() else { return };
    check(|| python(&installed, "auto"));
}

#[test]
fn the_python_client_does_so_by_older_versions_of_the_protocol_too() {
    let Some(installed) = installed() else { return };
    check(|| python(&installed, "legacy"));
}

#[test]
fn the_typescript_client_recalls_records_and_goes_on_after_a_restart() {
    let Some(installed) = installed() else { return };
    check(|| typescript(&installed));
}

#[test]
fn a_store_is_opened_for_one_client_where_there_is_no_server() {
    let place = Place::new();
    place.write("memhost.toml", "[slot.desk]\nplugin = \"rag\"\n");
    let arguments = ["mcp", "--embedded", "--store", "memory", "--slot"];
    let embedded = |slot: &str, input: &str| {
        let mut command = place.command(&[&arguments[..], &[slot]].concat());
        let command = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        // It may have gone already, where there is no such slot.
        let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
        Said::from(process.wait_with_output().unwrap())
    };
    let hello = serde_json::json!({
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    });
    let said = embedded("desk", &format!("{hello}\n")).succeeds();
    let begun: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(begun["result"]["serverInfo"]["name"], "memhost");
    embedded("nobody", "")
        .fails(2)
        .complains(&["no slot `nobody`"]);
}

#[test]
fn configurations_to_paste_name_tools_that_are_there() {
    let examples = scripts().join("../../examples/mcp");
    let read = |name: &str| -> Value {
        let text = std::fs::read_to_string(examples.join(name)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    for (name, servers) in [
        ("http.json", "mcpServers"),
        ("http-with-key.json", "mcpServers"),
        ("vscode.json", "servers"),
    ] {
        let memory = &read(name)[servers]["memory"];
        assert_eq!(memory["type"], "http");
        assert_eq!(memory["url"], "http://127.0.0.1:4780/mcp/desk");
    }
    let memory = &read("stdio.json")["mcpServers"]["memory"];
    assert_eq!(memory["command"], "memhost");
    let arguments = memory["args"].as_array().unwrap();
    let arguments: Vec<&str> = arguments.iter().map(|one| one.as_str().unwrap()).collect();
    // A client that goes at once: no server is asked.
    Place::new().memhost(&arguments).succeeds();
}
