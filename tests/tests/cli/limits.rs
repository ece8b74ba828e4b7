//! No plugin makes the host keep or spend without end, and whoever tries is told of by name.

use std::fs::File;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Place, Said};

/// Tasks that teach something, before two that ask.
const TASKS: usize = 30;

/// What a comparison with a plugin that writes as much as it can may take, in bytes: two cells at a time, each with a
/// namespace that is full, what is under way, and the journals while they are brought into the tables.
const MOST_MEMORY: u64 = 2 << 30;
/// What its store may take on the disk: what the namespace may hold, in the tables and in the journals.
const MOST_DISK: u64 = 1 << 30;

fn place() -> Place {
    let place = Place::new();
    let mut suite = String::from(
        "{\"format\": 1, \"name\": \"days\", \"lane\": \"evidence\", \"summary\": \"Days.\", \"budgets\": [64]}\n",
    );
    for day in 0..TASKS {
        suite += &format!(
            "{{\"task\": {{\"id\": \"day{day}\", \"text\": \"Small talk\"}}, \"attempts\": [{{\"steps\": \
             [{{\"actor\": \"user\", \"text\": \"My cat number {day} is called Momo.\"}}]}}]}}\n"
        );
    }
    for (id, group) in [("name", "a"), ("age", "b")] {
        suite += &format!(
            "{{\"stage\": 1, \"task\": {{\"id\": \"{id}\", \"text\": \"What is my cat called?\"}}, \"group\": \"{group}\", \
             \"question\": {{\"answers\": [\"Momo\"], \"gold\": [{{\"attempt\": \"day0-0\", \"step\": 0}}]}}}}\n"
        );
    }
    place.write("days.jsonl", suite);
    place
}

fn arguments(wish: &str) -> Vec<String> {
    let plugin = memhost_tests::plugin("hostile").canonicalize().unwrap();
    let arguments = [
        "compare",
        &plugin.to_string_lossy(),
        "--suite",
        "days.jsonl",
        "--set",
        &format!("hostile.do={wish}"),
        "--no-check",
        "--output",
        "out",
        "--format",
        "json",
    ];
    arguments.map(str::to_owned).to_vec()
}

/// Runs the command, and looks at how much memory it takes.
fn measured(place: &Place, wish: &str) -> (Said, u64) {
    let (out, err) = (place.path("stdout"), place.path("stderr"));
    let arguments = arguments(wish);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut child = place
        .command(&arguments)
        .stdout(File::create(&out).unwrap())
        .stderr(File::create(&err).unwrap())
        .spawn()
        .unwrap();
    let mut peak = 0;
    let status = loop {
        let status = format!("/proc/{}/status", child.id());
        let status = std::fs::read_to_string(status).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        peak = peak.max(kilobytes.unwrap_or_default() << 10);
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    let said = Said {
        code: status.code().expect("memhost was killed"),
        out: std::fs::read_to_string(out).unwrap(),
        err: std::fs::read_to_string(err).unwrap(),
    };
    (said, peak)
}

fn bytes_below(folder: &std::path::Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| match entry.file_type().unwrap().is_dir() {
            true => bytes_below(&entry.path()),
            false => entry.metadata().unwrap().len(),
        })
        .sum()
}

fn strategy(report: &Value) -> &Value {
    let strategies = report["suites"][0]["strategies"].as_array().unwrap();
    let hostile = |one: &&Value| one["strategy"] == "hostile";
    strategies.iter().find(hostile).unwrap()
}

/// It has no result, everywhere that one is looked for, and these words say why.
#[track_caller]
fn has_no_result(place: &Place, said: Said, why: &str) -> Value {
    let said = said.fails(1).complains(&[why]);
    let report = said.json();
    let hostile = strategy(&report);
    assert_eq!(hostile["rank"], Value::Null);
    assert!(hostile["broken"]["first"].is_string(), "{hostile}");
    let text = std::fs::read_to_string(place.path("out/report.txt")).unwrap();
    // The text is folded.
    let unfolded = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for told in ["hostile has no result on days: ", why] {
        assert!(unfolded.contains(told), "no `{told}` in {text}");
    }
    assert!(unfolded.contains("! hostile has no result: "), "{text}");
    report
}

#[test]
fn a_memory_with_50000_keys_is_refused_by_name_and_costs_little() {
    let place = place();
    let (said, peak) = measured(&place, "50000 keys");
    has_no_result(
        &place,
        said,
        "keys of one memory may be 5000 (it asked for 50000); `keys_per_memory` under [limits.store] in memhost.toml \
         raises the limit",
    );
    assert!(peak < 600 << 20, "{peak} bytes");
    let stored = bytes_below(&place.path("out"));
    assert!(stored < 16 << 20, "{stored} bytes");
}

#[test]
fn whoever_writes_the_most_of_everything_fills_its_namespace_and_no_more() {
    let place = place();
    let (said, peak) = measured(&place, "the most of everything");
    has_no_result(
        &place,
        said,
        "under [limits.store] in memhost.toml raises the limit",
    );
    assert!(peak < MOST_MEMORY, "{peak} bytes");
    let stored = bytes_below(&place.path("out"));
    assert!(stored < MOST_DISK, "{stored} bytes");
}

#[test]
fn what_was_replaced_does_not_count() {
    let place = place();
    // Four megabytes of words, all of them replaced thirty times.
    place.write("memhost.toml", "[limits.store]\nstored_bytes = 5_000_000\n");
    let (said, peak) = measured(&place, "rewrite");
    let report = said.succeeds().json();
    assert_eq!(strategy(&report)["broken"], Value::Null);
    assert!(peak < 1 << 30, "{peak} bytes");
}

#[test]
fn what_waits_for_its_condition_counts_as_stored() {
    let place = place();
    place.write(
        "memhost.toml",
        "[limits.store]\nstored_bytes = 50_000_000\n",
    );
    let (said, peak) = measured(&place, "keep waiting");
    has_no_result(
        &place,
        said,
        "room for the writes that wait for their condition cannot be made: bytes stored in this namespace may be 50000000",
    );
    assert!(peak < 700 << 20, "{peak} bytes");
}

#[test]
fn whoever_uses_up_its_limits_in_every_call_is_given_up_and_said_to_be_unfit() {
    for (limit, told) in [
        ("fuel = 10_000_000", "it used up its fuel of 10000000"),
        ("wall_clock_ms = 1_000", "it did not return within 1000 ms"),
    ] {
        let place = place();
        place.write("memhost.toml", format!("[limits]\n{limit}\n"));
        let start = Instant::now();
        let (said, _) = measured(&place, "loop while learning");
        let report = has_no_result(
            &place,
            said,
            "given up as unfit, because 3 distill calls in a row used up their limits: ",
        );
        // 30 calls of a second each would take longer.
        assert!(
            start.elapsed() < Duration::from_secs(25),
            "{:?}",
            start.elapsed()
        );
        let broken = &strategy(&report)["broken"];
        assert_eq!(
            (&broken["unfit"], &broken["failed"]),
            (&true.into(), &3.into())
        );
        assert!(broken["first"].as_str().unwrap().contains(told), "{broken}");
    }
}

#[test]
fn a_plugin_that_is_refused_for_a_limit_is_told_with_the_setting_that_raises_it() {
    let place = super::with_pets();
    for (setting, limit, hint) in [
        (
            "[cache]\nlargest_plugin_bytes = 1_000",
            "the limit is 1000",
            "hint: `largest_plugin_bytes` under [cache] in memhost.toml raises",
        ),
        (
            "[load]\nfunctions = 1",
            "raise the limit `functions`",
            "hint: `functions` under [load] in memhost.toml raises",
        ),
    ] {
        place.write("memhost.toml", setting);
        for arguments in [
            &["inspect", "rag"][..],
            &["check", "rag"],
            &["compare", "rag", "--suite", "pets.jsonl"],
        ] {
            // What was compiled before is not counted anew.
            let mut command = place.command(arguments);
            let said = command.env("MEMHOST_CACHE", place.path("cache")).output();
            Said::from(said.unwrap()).fails(1).complains(&[limit, hint]);
        }
    }
}

#[test]
fn where_nothing_compiled_can_be_kept_the_setting_that_chooses_another_place_is_named() {
    let place = super::with_pets();
    let cache = place.write("taken", "a file");
    let mut command = place.command(&["inspect", "rag"]);
    let said = command.env("MEMHOST_CACHE", cache).output().unwrap();
    Said::from(said).succeeds().complains(&[
        "warning: plugins are compiled on every run",
        "hint: `directory` under [cache] in memhost.toml, or MEMHOST_CACHE, chooses another",
    ]);
}

#[test]
fn who_rests_on_the_built_in_embedder_is_told_which_option_chooses_a_better_one() {
    let place = super::with_pets();
    let said = place.memhost(&[
        "compare",
        "rag",
        "--suite",
        "pets.jsonl",
        "--no-check",
        "--format",
        "json",
    ]);
    said.succeeds()
        .says(&["a sentence embedder finds more (--embedder local:DIR)"]);
}
