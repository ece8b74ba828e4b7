//! `memhost check`, and what `memhost compare` makes of it.

use serde_json::{Value, json};

use super::{PETS, Place};

/// A plugin that breaks one promise, if asked to.
fn broken() -> String {
    let path = memhost_tests::plugin("broken").canonicalize().unwrap();
    path.to_str().unwrap().to_owned()
}

/// The same under another name, with a fault.
const FAULTY: [&str; 2] = ["--set", "faulty.fault=ignores-the-budget"];

fn faulty() -> String {
    format!("faulty={}", broken())
}

#[test]
fn a_plugin_that_passes_is_shown_with_a_line_per_check_and_its_costs() {
    let said = Place::new().memhost(&["check", "rag"]).succeeds();
    assert!(
        said.out
            .starts_with("rag 0.1.0: 12 of 13 checks passed, 1 does not apply, in "),
        "{}",
        said.out
    );
    let lines = |start: &str| {
        said.out
            .lines()
            .filter(|line| line.starts_with(start))
            .count()
    };
    assert_eq!(
        (lines("  ok "), lines("  - "), lines("  FAILED")),
        (12, 1, 0)
    );
    let said = said.says(&[
        "round-trip",
        "does not apply: it exports no `evict`",
        "allowed",
        "20,000,000,000",
    ]);
    assert!(said.err.is_empty(), "{}", said.err);
}

/// The process that was asked said who it was, and so did the one that asked it.
#[test]
fn a_fresh_process_is_started_and_asked() {
    let place = Place::new();
    place.write("pets.jsonl", PETS);
    let compiled = place.path("compiled");
    std::fs::create_dir(&compiled).unwrap();
    for arguments in [
        &["check", "recency"][..],
        &["compare", "recency", "--suite", "pets.jsonl"],
    ] {
        let mut command = place.command(arguments);
        let command = command
            .env("MEMHOST_CACHE", &compiled)
            .env("MEMHOST_LOG", "memhost_cli=debug")
            .env("NO_COLOR", "1");
        let said = super::Said::from(command.output().unwrap()).succeeds();
        let process = |what: &str| {
            let mut lines = said.err.lines();
            let line = lines.find(|line| line.contains(what));
            let line = line.unwrap_or_else(|| panic!("no `{what}` in {}", said.err));
            line.split_once("process=").unwrap().1.to_owned()
        };
        assert_eq!(process("asked afresh"), process("a process is asked"));
        if arguments[0] == "check" {
            let line = "a restart changes no answer: 6 answers are the same in a fresh process\n";
            assert!(said.out.contains(line), "{}", said.out);
        }
    }
}

#[test]
fn a_plugin_that_fails_is_told_what_was_expected_and_what_came() {
    let said = Place::new().memhost(&[&["check", "recency", &faulty()], &FAULTY[..]].concat());
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(
        said.err.contains("error: 1 of 2 plugins failed a check"),
        "{}",
        said.err
    );
    let failed: Vec<&str> = said
        .out
        .lines()
        .filter(|line| line.contains("FAILED"))
        .collect();
    assert_eq!(
        failed,
        [
            "  FAILED  budget          expected: no text is longer than its token budget; came: 439 tokens for a budget of 0"
        ]
    );
    assert!(
        said.out
            .contains("faulty 0.1.0: 12 of 13 checks passed, 1 failed, in "),
        "{}",
        said.out
    );
}

#[test]
fn programs_get_json_under_names_that_stay() {
    let faulty = faulty();
    let arguments = [&["check", &faulty, "--format", "json"], &FAULTY[..]].concat();
    let said = Place::new().memhost(&arguments);
    assert_eq!(said.code, 1);
    let json = said.json();
    let plugin = &json[0];
    let names = |value: &Value| -> Vec<String> {
        let mut names: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(
        names(plugin),
        [
            "calls", "checks", "digest", "limits", "plugin", "seconds", "settings", "version"
        ]
    );
    let checks = plugin["checks"].as_array().unwrap();
    assert_eq!(checks.len(), 13);
    let budget = checks
        .iter()
        .find(|made| made["check"] == "budget")
        .unwrap();
    assert_eq!(
        *budget,
        json!({
            "check": "budget",
            "outcome": "failed",
            "expected": "no text is longer than its token budget",
            "came": "439 tokens for a budget of 0",
        })
    );
    assert_eq!(
        names(&plugin["calls"][0]),
        ["call", "calls", "fuel", "memory_bytes", "milliseconds"]
    );
    assert_eq!(plugin["settings"]["fault"], "ignores-the-budget");
}

#[test]
fn who_asks_wrongly_is_told_so() {
    for (arguments, expected) in [
        (
            &["check", "rga"][..],
            "no plugin is called `rga` (did you mean `rag`?)",
        ),
        (
            &["check", "rag", "--set", "rag.kk=1"],
            "strategy `rag` has no parameter `kk`",
        ),
        (&["check"], "required arguments"),
    ] {
        let said = Place::new().memhost(arguments);
        said.fails(2).complains(&[expected]);
    }
}

#[test]
fn a_comparison_lists_who_fails_under_the_table_and_does_not_rank_it() {
    let place = Place::new();
    place.write("pets.jsonl", PETS);
    let faulty = faulty();
    let arguments = [
        &["compare", &faulty, "rag", "--suite", "pets.jsonl"],
        &FAULTY[..],
    ]
    .concat();
    let said = place.memhost(&arguments).succeeds();
    let words = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains(
            "- faulty is not ranked, because it failed the check `budget`: expected: no text is longer than its token \
             budget; came: 439 tokens for a budget of 0"
        ),
        "{}",
        said.out
    );
    let json = place
        .memhost(&[&arguments[..], &["--format", "json"]].concat())
        .succeeds()
        .json();
    assert_eq!(json["unfit"][0]["strategy"], "faulty");
    assert_eq!(json["unfit"][0]["check"], "budget");
    let ranked = |json: &Value| -> Vec<String> {
        let strategies = json["suites"][0]["strategies"].as_array().unwrap();
        let names = strategies
            .iter()
            .map(|one| one["strategy"].as_str().unwrap().to_owned());
        names.collect()
    };
    assert_eq!(ranked(&json)[0], "rag");
    assert!(!ranked(&json).contains(&"faulty".to_owned()));

    let unchecked = [&arguments[..], &["--format", "json", "--no-check"]].concat();
    let json = place.memhost(&unchecked).succeeds().json();
    assert_eq!(json["unfit"], json!([]));
    assert_eq!(ranked(&json)[..2], ["faulty", "rag"]);
}

#[test]
fn where_nobody_passes_nothing_is_compared() {
    let place = Place::new();
    place.write("pets.jsonl", PETS);
    let faulty = faulty();
    let arguments = [
        &[
            "compare",
            &faulty,
            "--suite",
            "pets.jsonl",
            "--output",
            "out",
        ],
        &FAULTY[..],
    ]
    .concat();
    let said = place.memhost(&arguments);
    assert_eq!(said.code, 1);
    assert!(said.out.is_empty(), "{}", said.out);
    said.complains(&[
        "error: no plugin passed its checks",
        "--no-check",
        "faulty is not ranked, because it failed the check `budget`",
    ]);
    assert_eq!(place.names(), ["pets.jsonl"]);
}
