//! `memhost compare --record` and `--replay`, against an endpoint of the test's own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::{PETS, Place, Said, timeless};

pub(super) const KEY: &str = "sk-never-to-be-written-down";

/// An OpenAI-compatible endpoint that says something else every time, until it is dropped: from then on it hangs up.
pub(super) struct Endpoint {
    url: String,
    asked: Arc<AtomicUsize>,
    closed: Arc<AtomicUsize>,
}

impl Endpoint {
    pub(super) fn start() -> Endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let (asked, closed) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        std::thread::spawn({
            let (asked, closed) = (asked.clone(), closed.clone());
            move || {
                for stream in listener.incoming().map_while(Result::ok) {
                    if closed.load(Ordering::SeqCst) == 0 {
                        let asked = asked.clone();
                        std::thread::spawn(move || serve(stream, &asked));
                    }
                }
            }
        });
        Endpoint { url, asked, closed }
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.closed.store(1, Ordering::SeqCst);
    }
}

/// Reads one request and answers it.
fn serve(mut stream: TcpStream, asked: &AtomicUsize) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    let mut authorized = false;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim().to_lowercase();
        if let Some(bytes) = line.strip_prefix("content-length: ") {
            length = bytes.parse().unwrap();
        }
        authorized |= line.contains(KEY);
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() || !authorized {
        return;
    }
    let reply = match serde_json::from_slice::<Value>(&body) {
        Ok(request) => completion(&request, asked.fetch_add(1, Ordering::SeqCst)),
        Err(_) => json!({"data": []}),
    };
    let reply = reply.to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        reply.len()
    );
    let _ = stream.write_all((head + &reply).as_bytes());
}

/// What the strategy under test asks for, with a number that no other reply has.
fn completion(request: &Value, number: usize) -> Value {
    let schema = request["response_format"].to_string();
    if schema == "null" {
        return said(&acted(request), number);
    }
    let content = if schema.contains("verdict") {
        let verdict = if number.is_multiple_of(2) {
            "success"
        } else {
            "failure"
        };
        json!({"reasoning": format!("reason {number}"), "verdict": verdict})
    } else if schema.contains("analysis") {
        json!({"analysis": "the first is as good as any", "best": 1})
    } else {
        // Of different lengths, so that guidance and its cost depend on who got which reply.
        let content = format!(
            "My dog is called Rex {number}. {}",
            "Woof. ".repeat(number % 5)
        );
        json!({"items": [{"title": format!("title {number}"), "description": "d", "content": content}]})
    };
    said(&content.to_string(), number)
}

/// What an agent does: it knows the dog, and reads of the cat's age if it is told.
fn acted(request: &Value) -> String {
    let asked = request["messages"].to_string();
    // The guidance may tell of the other question; the task comes last.
    let of_the_cat = asked.rfind("my cat Momo?") > asked.rfind("my dog called?");
    let answer = match (of_the_cat, asked.contains("turned five")) {
        (false, _) => "Rex",
        (true, true) => "five",
        (true, false) => "nobody told me",
    };
    format!("Let me see.\nAnswer: {answer}")
}

fn said(content: &str, number: usize) -> Value {
    json!({
        "choices": [{"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100 + number, "completion_tokens": 10}
    })
}

pub(super) fn place(endpoint: &Endpoint) -> Place {
    let place = Place::new();
    place.write("pets.jsonl", PETS);
    place.write(
        "memhost.toml",
        format!(
            "[endpoint.mine]\nbase_url = \"{}\"\nkey_env = \"MINE\"\nretries = 0\n\n\
             [model.openai.small]\nendpoint = \"mine\"\n",
            endpoint.url
        ),
    );
    place
}

/// Compares `reasoningbank` on the pets, with the key in the environment.
fn compare(place: &Place, more: &[&str]) -> Said {
    let arguments = [&["compare", "reasoningbank", "--suite", "pets.jsonl"], more].concat();
    Said::from(place.command(&arguments).env("MINE", KEY).output().unwrap())
}

const RECORD: [&str; 8] = [
    "--model",
    "openai:small",
    "--record",
    "run.cassette",
    "--seeds",
    "3",
    "--jobs",
    "4",
];

/// Replays without key or endpoint, and wants success.
#[track_caller]
fn replay(place: &Place, more: &[&str]) -> Said {
    let replay = [
        "compare",
        "reasoningbank",
        "--suite",
        "pets.jsonl",
        "--replay",
        "run.cassette",
        "--seeds",
        "3",
    ];
    place.memhost(&[&replay[..], more].concat())
}

/// Every result file under a directory, by its name.
fn results(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = ["", "cells"]
        .iter()
        .flat_map(|part| std::fs::read_dir(directory.join(part)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file() && !path.ends_with(".lock"))
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            (
                path.file_name().unwrap().to_str().unwrap().to_owned(),
                std::fs::read(&path).unwrap(),
            )
        })
        .collect()
}

#[test]
fn a_recorded_run_replays_to_the_byte_without_endpoint_or_key() {
    let endpoint = Endpoint::start();
    let place = place(&endpoint);
    let recorded = compare(
        &place,
        &[&RECORD[..], &["--output", "recorded", "--format", "json"]].concat(),
    )
    .succeeds()
    .json();
    // Whether it answers; three seeds of two attempts, each judged and extracted from.
    assert_eq!(endpoint.asked(), 1 + 3 * 2 * 2);
    drop(endpoint);

    let first = replay(
        &place,
        &["--output", "first", "--format", "json", "--jobs", "1"],
    )
    .succeeds();
    let second = replay(
        &place,
        &["--output", "second", "--format", "json", "--jobs", "4"],
    )
    .succeeds();
    assert!(!first.err.contains("warning"), "{}", first.err);
    assert_eq!(first.out, second.out);
    let (of_first, of_second) = (
        results(&place.path("first")),
        results(&place.path("second")),
    );
    assert_eq!(
        of_first.len(),
        6 + 3 * 7,
        "a manifest, five reports, and a cell of seven strategies per seed"
    );
    assert_eq!(of_first, of_second);

    assert_eq!(first.json(), timeless(recorded));
    let names =
        |files: Vec<(String, Vec<u8>)>| files.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(
        names(of_first),
        names(results(&place.path("recorded"))),
        "a replayed cell is the recorded one"
    );
}

#[test]
fn a_cassette_holds_every_call_and_no_key() {
    let endpoint = Endpoint::start();
    let place = place(&endpoint);
    compare(&place, &RECORD).succeeds();
    let cassette = std::fs::read_to_string(place.path("run.cassette")).unwrap();
    assert!(!cassette.contains(KEY) && !cassette.to_lowercase().contains("bearer"));
    let calls: Vec<Value> = cassette
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter_map(|line| line.get("call").cloned())
        .collect();
    // That it answers is no part of the run.
    assert_eq!(1 + calls.len(), endpoint.asked());
    for seed in 0..3 {
        let scope = format!("reasoningbank/pets/{seed}");
        assert_eq!(
            calls.iter().filter(|call| call["scope"] == scope).count(),
            4
        );
    }
}

#[test]
fn a_replay_that_misses_a_call_fails_and_names_it() {
    let endpoint = Endpoint::start();
    let place = place(&endpoint);
    compare(&place, &RECORD).succeeds();
    place.write("pets.jsonl", PETS.replace("we had cake", "we had pie"));
    let said = replay(&place, &["--output", "out"]);
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.out.is_empty(), "{}", said.out);
    let last = said.err.lines().last().unwrap();
    for expected in [
        "error: cassette `run.cassette` does not hold a call of `reasoningbank/pets/",
        "purpose `judge`",
        "role `",
        "model `openai:small`",
        "asked for time 1",
        "record it again",
    ] {
        assert!(last.contains(expected), "no `{expected}` in {last}");
    }
    // What was to be done, and cells that asked nothing.
    let mut kept = results(&place.path("out"));
    kept.retain(|(name, _)| name != "manifest.json");
    for (name, text) in kept {
        let text = String::from_utf8_lossy(&text);
        assert!(
            name.len() == 69 && !text.contains("reasoningbank"),
            "a replay that missed a call left a result: {name}"
        );
    }
}

#[test]
fn a_replay_with_a_seed_more_than_was_recorded_says_so() {
    let endpoint = Endpoint::start();
    let place = place(&endpoint);
    compare(&place, &RECORD).succeeds();
    let said = place.memhost(&[
        "compare",
        "reasoningbank",
        "--suite",
        "pets.jsonl",
        "--replay",
        "run.cassette",
        "--seeds",
        "4",
    ]);
    assert_eq!(said.code, 1, "{}", said.err);
    let told = "`reasoningbank/pets/3`, which was not recorded to its end";
    assert!(said.err.contains(told), "{}", said.err);
}

#[test]
fn replies_that_are_not_asked_for_are_warned_of() {
    let endpoint = Endpoint::start();
    let place = place(&endpoint);
    compare(&place, &RECORD).succeeds();
    let without_tuesday: String = PETS
        .lines()
        .filter(|line| !line.contains("tuesday"))
        .map(|line| format!("{line}\n"))
        .collect();
    place.write("pets.jsonl", without_tuesday);
    let said = replay(&place, &[]);
    let told = "warning: 3 of the replayed cells asked for less than was recorded, the first \
                `reasoningbank/pets/0`, for 2 calls less";
    assert!(said.err.contains(told), "{}", said.err);
}

#[test]
fn an_interrupted_recording_goes_on_in_the_same_cassette() {
    let endpoint = Endpoint::start();
    let place = place(&endpoint);
    let kept = [&RECORD[..], &["--output", "out"]].concat();
    compare(&place, &kept).succeeds();
    // One cell is missing, and the cassette was torn in the middle of a line.
    let lost = std::fs::read_dir(place.path("out/cells"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            std::fs::read_to_string(path)
                .unwrap()
                .contains("\"strategy\":\"reasoningbank\"")
        })
        .unwrap();
    std::fs::remove_file(lost).unwrap();
    let whole = std::fs::read_to_string(place.path("run.cassette")).unwrap();
    place.write("run.cassette", whole + "{\"call\":{\"scope\":\"reasoningb");
    compare(&place, &kept).succeeds();
    assert_eq!(endpoint.asked(), (1 + 3 * 4) + (1 + 4));
    drop(endpoint);
    let said = replay(&place, &[]).succeeds();
    assert!(!said.err.contains("warning"), "{}", said.err);
}

#[test]
fn record_replay_and_model_exclude_each_other_where_they_must() {
    let place = Place::new();
    for [one, its, other, others] in [
        ["--record", "a", "--replay", "b"],
        ["--replay", "a", "--model", "extractive"],
    ] {
        let said = place.memhost(&["compare", "rag", one, its, other, others]);
        assert_eq!(said.code, 2, "{}", said.err);
        assert!(said.err.contains("cannot be used with"), "{}", said.err);
    }
    assert!(place.names().is_empty());
}

#[test]
fn a_file_that_is_no_cassette_is_refused_before_anything_runs_and_left_alone() {
    let place = Place::new();
    place.write("pets.jsonl", PETS);
    place.write("notes", "mine\n");
    for option in ["--record", "--replay"] {
        let said = place.memhost(&["compare", "rag", "--suite", "pets.jsonl", option, "notes"]);
        assert_eq!(said.code, 1, "{}", said.err);
        assert!(
            said.err.contains("`notes` is not a cassette"),
            "{}",
            said.err
        );
        assert_eq!(
            std::fs::read_to_string(place.path("notes")).unwrap(),
            "mine\n"
        );
    }
    let said = place.memhost(&[
        "compare",
        "rag",
        "--suite",
        "pets.jsonl",
        "--replay",
        "nowhere",
    ]);
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(
        said.err.contains("cannot read cassette `nowhere`"),
        "{}",
        said.err
    );
}
