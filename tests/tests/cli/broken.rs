//! A broken set-up is no bad strategy: what an endpoint does not answer ranks nobody, ends with an exit code, and is done
//! again, and only that, once it answers.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{PETS, Place, Said};

/// What an endpoint does with its n-th request, from 1: a status and a body, which is no JSON if it is a string, or it hangs
/// up.
pub(super) type Behaviour = fn(usize, &Value) -> Option<(u16, Value)>;

/// An OpenAI-compatible endpoint whose behaviour can be changed while it runs.
pub(super) struct Endpoint {
    pub(super) url: String,
    asked: Arc<AtomicUsize>,
    behaviour: Arc<Mutex<Behaviour>>,
}

impl Endpoint {
    pub(super) fn that(behaves: Behaviour) -> Endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = Endpoint {
            url: format!("http://{}/v1", listener.local_addr().unwrap()),
            asked: Arc::default(),
            behaviour: Arc::new(Mutex::new(behaves)),
        };
        let (asked, behaviour) = (endpoint.asked.clone(), endpoint.behaviour.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (asked, behaviour) = (asked.clone(), behaviour.clone());
                std::thread::spawn(move || serve(stream, &asked, &behaviour));
            }
        });
        endpoint
    }

    /// From now on it does this, and counts anew.
    fn now(&self, behaves: Behaviour) {
        *self.behaviour.lock().unwrap() = behaves;
        self.asked.store(0, Ordering::SeqCst);
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Reads one request and does with it what the endpoint does just now.
fn serve(mut stream: TcpStream, asked: &AtomicUsize, behaviour: &Mutex<Behaviour>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim().to_lowercase();
        if let Some(bytes) = line.strip_prefix("content-length: ") {
            length = bytes.parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let behaves = *behaviour.lock().unwrap();
    let Some((status, reply)) = behaves(asked.fetch_add(1, Ordering::SeqCst) + 1, &request) else {
        return;
    };
    let reply = match reply {
        Value::String(no_json) => no_json,
        reply => reply.to_string(),
    };
    let head = format!(
        "HTTP/1.1 {status} -\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        reply.len()
    );
    let _ = stream.write_all((head + &reply).as_bytes());
}

pub(super) fn said(content: &str) -> Option<(u16, Value)> {
    let message = json!({"role": "assistant", "content": content});
    let reply = json!({
        "choices": [{"message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 50, "completion_tokens": 20}
    });
    Some((200, reply))
}

fn is_judged(request: &Value) -> bool {
    request.to_string().contains("verdict")
}

pub(super) fn healthy(_: usize, request: &Value) -> Option<(u16, Value)> {
    match is_judged(request) {
        true => said(r#"{"reasoning": "It was done.", "verdict": "success"}"#),
        false => said(
            r#"{"items": [{"title": "Pets", "description": "d", "content": "My dog is called Rex."}]}"#,
        ),
    }
}

fn money_gone(_: usize, _: &Value) -> Option<(u16, Value)> {
    let error = json!({
        "message": "You exceeded your current quota.",
        "type": "insufficient_quota",
        "code": "insufficient_quota"
    });
    Some((429, json!({ "error": error })))
}

fn money_gone_after_two(number: usize, request: &Value) -> Option<(u16, Value)> {
    match number {
        ..=2 => healthy(number, request),
        _ => money_gone(number, request),
    }
}

fn dead_after_two(number: usize, request: &Value) -> Option<(u16, Value)> {
    match number {
        ..=2 => healthy(number, request),
        _ => None,
    }
}

/// It judges, and extracts nothing that anybody could read.
fn rambles(number: usize, request: &Value) -> Option<(u16, Value)> {
    match is_judged(request) {
        true => healthy(number, request),
        false => said("I would rather talk about the weather."),
    }
}

fn place(endpoint: &Endpoint) -> Place {
    let place = Place::new();
    place.write("pets.jsonl", PETS);
    place.write(
        "memhost.toml",
        format!(
            "[endpoint.mine]\nbase_url = \"{}\"\nkey_env = \"\"\nretries = 20\nretry_delay_ms = 200\n\
             longest_wait_ms = 200\ntimeout_ms = 1000\ngive_up_after_ms = 6000\n\n\
             [model.openai.small]\nendpoint = \"mine\"\n",
            endpoint.url
        ),
    );
    place
}

/// Compares `reasoningbank` on the pets, one cell after the other, and keeps the cells.
fn compare(place: &Place, more: &[&str]) -> Said {
    let arguments = [
        "compare",
        "reasoningbank",
        "--suite",
        "pets.jsonl",
        "--model",
        "openai:small",
        "--no-check",
        "--output",
        "out",
        "--jobs",
        "1",
        "--format",
        "json",
    ];
    place.memhost(&[&arguments[..], more].concat())
}

/// Nothing that could be taken for a verdict on the plugin.
#[track_caller]
fn ranks_nothing(place: &Place) {
    let report = std::fs::read_to_string(place.path("out/results.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    let suite = &report["suites"][0];
    let plugin = &suite["strategies"][0];
    assert_eq!(plugin["strategy"], "reasoningbank");
    for nothing in ["rank", "difference", "harm", "quality"] {
        assert_eq!(plugin[nothing], Value::Null, "{nothing}");
    }
    let pairs = suite["pairs"].as_array().unwrap();
    assert!(pairs.iter().all(|pair| pair["ours"] != "reasoningbank"));
    let text = std::fs::read_to_string(place.path("out/report.txt")).unwrap();
    assert!(!text.contains("beats"), "{text}");
}

/// The endpoint is well again: the same command does what is left, which is `requests` and one to see whether it answers.
#[track_caller]
fn goes_on(place: &Place, endpoint: &Endpoint, requests: usize) -> Said {
    endpoint.now(healthy);
    let report = compare(place, &[]).succeeds();
    assert_eq!(endpoint.asked(), 1 + requests);
    let plugin = &report.json()["suites"][0]["strategies"][0];
    assert!(plugin["rank"].is_u64() && plugin["broken"].is_null());
    report
}

#[test]
fn without_money_nothing_is_begun() {
    let endpoint = Endpoint::that(money_gone);
    let place = place(&endpoint);
    let start = Instant::now();
    compare(&place, &[]).fails(1).complains(&[
        "`reasoningbank` needs a language model",
        "nothing was run",
        "You exceeded your current quota.",
    ]);
    assert!(start.elapsed() < Duration::from_secs(60));
    assert_eq!(endpoint.asked(), 1, "it is not asked again and again");
    assert_eq!(place.names(), ["memhost.toml", "pets.jsonl"]);
    goes_on(&place, &endpoint, 4);
}

#[test]
fn money_that_runs_out_ends_the_run_at_once_and_the_rest_is_done_later() {
    let endpoint = Endpoint::that(money_gone_after_two);
    let place = place(&endpoint);
    compare(&place, &[])
        .fails(1)
        .complains(&["You exceeded your current quota."]);
    assert!(endpoint.asked() <= 4, "{} requests", endpoint.asked());
    ranks_nothing(&place);
    goes_on(&place, &endpoint, 4);
}

#[test]
fn an_endpoint_that_dies_is_said_within_seconds_and_stops_the_run() {
    let endpoint = Endpoint::that(dead_after_two);
    let place = place(&endpoint);
    let start = Instant::now();
    compare(&place, &[]).fails(1).complains(&[
        "an endpoint has not answered for ",
        "the run stops once it has not for 6 s",
        "the run was stopped, with 0 of 7 cells finished",
        "run the same command again to go on",
    ]);
    let took = start.elapsed();
    assert!(took > Duration::from_secs(6) && took < Duration::from_secs(60));
    ranks_nothing(&place);
    let text = std::fs::read_to_string(place.path("out/report.txt")).unwrap();
    assert!(
        text.starts_with("STOPPED: not every cell was run"),
        "{text}"
    );
    goes_on(&place, &endpoint, 4);
}

#[test]
fn what_nobody_can_read_is_no_result_and_only_that_is_done_again() {
    let endpoint = Endpoint::that(rambles);
    let place = place(&endpoint);
    let said = compare(&place, &[]).fails(1);
    let why = "2 of 2 distill calls failed";
    said.complains(&[
        "reasoningbank on pets, seed 0: no result: 2 of 2 distill calls failed: task `",
        "1 of 7 cells have no result",
        "the same command runs these cells again, and no others",
    ]);
    ranks_nothing(&place);
    let read = |name: &str| std::fs::read_to_string(place.path(name)).unwrap();
    for report in ["report.txt", "report.csv", "report.html", "results.json"] {
        let text = read(&format!("out/{report}")).replace('\n', " ");
        assert!(
            text.contains("2 of 2") || text.contains(why),
            "{report}: {text}"
        );
    }
    assert!(
        read("out/report.txt")
            .starts_with("reasoningbank has no result on pets: 2 of 2 distill calls failed")
    );
    // Parts of a comparison are put together without it too.
    place
        .memhost(&["report", "out"])
        .fails(1)
        .complains(&["1 of 7 cells have no result"]);
    let said = goes_on(&place, &endpoint, 4);
    said.complains(&["continuing: 6 of 7 cells are finished"]);
    place.memhost(&["report", "out"]).succeeds();
}

#[test]
fn a_strategy_that_does_not_get_an_answer_is_not_set_against_itself() {
    let endpoint = Endpoint::that(money_gone_after_two);
    let place = place(&endpoint);
    let arguments = ["aa", "reasoningbank", "--no-check", "--jobs", "1"];
    place
        .memhost(&[&arguments[..], &["--model", "openai:small"]].concat())
        .fails(1)
        .complains(&["You exceeded your current quota."]);
}
