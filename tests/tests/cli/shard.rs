//! `memhost compare --shard` and `memhost report`: one comparison by several runs, and one report of them.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use super::{PETS, Place, Said, timeless, with_pets};

/// Every cell of two plugins with the floors on one suite, in two seeds and two orders.
const CELLS: usize = 8 * 4;

fn compare(place: &Place, more: &[&str]) -> Said {
    let arguments = [
        "compare",
        "rag",
        "recency",
        "--suite",
        "pets.jsonl",
        "--seeds",
        "2",
        "--orders",
        "2",
    ];
    place.memhost(&[&arguments[..], more].concat())
}

/// Runs these shards, each into a directory of its own.
fn shards(place: &Place, shards: &[&str]) -> Vec<String> {
    let run = |shard: &&str| {
        let output = shard.replace('/', "-of-");
        let said = compare(place, &["--shard", shard, "--output", &output]).succeeds();
        assert!(said.out.is_empty(), "{}", said.out);
        assert!(said.err.contains("`memhost report`"), "{}", said.err);
        assert!(!place.path(&output).join("report.txt").exists());
        output
    };
    shards.iter().map(run).collect()
}

fn report(place: &Place, directories: &[String], more: &[&str]) -> Said {
    let directories = directories.iter().map(String::as_str);
    let arguments: Vec<&str> = ["report"]
        .into_iter()
        .chain(directories)
        .chain(more.iter().copied())
        .collect();
    place.memhost(&arguments)
}

fn cells(directory: &Path) -> usize {
    std::fs::read_dir(directory.join("cells")).unwrap().count()
}

#[test]
fn shards_make_the_report_of_one_run_without_plugins_and_suites() {
    let place = with_pets();
    let whole = compare(&place, &["--format", "json"]).succeeds().json();
    let parts = shards(&place, &["1/3", "2/3", "3/3"]);
    let counts: Vec<usize> = parts.iter().map(|part| cells(&place.path(part))).collect();
    assert_eq!(counts, [11, 11, 10]);
    std::fs::remove_file(place.path("pets.jsonl")).unwrap();
    let merge = ["report", &parts[2], &parts[0], &parts[1]];
    let merged = Said::from(
        place
            .command(&[&merge[..], &["--format", "json", "--output", "all"]].concat())
            .env("MEMHOST_PLUGINS", "nowhere")
            .output()
            .unwrap(),
    )
    .succeeds();
    assert_eq!(timeless(merged.json()), timeless(whole));
    assert_eq!(cells(&place.path("all")), CELLS);
    for file in ["report.txt", "results.json", "report.csv", "manifest.json"] {
        assert!(place.path("all").join(file).is_file(), "no {file}");
    }
    let again = report(&place, &["all".to_owned()], &["--format", "json"]).succeeds();
    assert_eq!(timeless(again.json()), timeless(merged.json()));
}

#[test]
fn orders_shuffle_anew_and_leave_the_rest_as_it_was() {
    let place = with_pets();
    let said = compare(&place, &["--output", "out"]).succeeds();
    assert!(
        said.out.contains("2 seeds in 2 orders each"),
        "{}",
        said.out
    );
    let mut asked = std::collections::BTreeSet::new();
    for entry in std::fs::read_dir(place.path("out/cells")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let cell: Value = serde_json::from_str(&text).unwrap();
        if cell["key"]["strategy"] == "rag" {
            let repetition = cell["key"]["repetition"].to_string();
            assert!(asked.insert(repetition), "{text}");
        }
    }
    assert_eq!(asked.len(), 4);
}

#[test]
fn a_shard_that_is_missing_at_the_merge_is_named_and_the_rest_is_reported() {
    let place = with_pets();
    let parts = shards(&place, &["1/3", "3/3"]);
    let said = report(&place, &parts, &[]);
    assert_eq!(said.code, 1, "{}", said.err);
    let told = "error: 11 of 32 cells have no result: shard 2/3 is missing; run it, and name its directory too";
    assert!(said.err.contains(told), "{}", said.err);
    assert!(!said.out.contains("beats"), "{}", said.out);
    said.says(&[
        "INTERRUPTED",
        "on pets, unfinished: 21 of 32 cells are run; no comparison yet.",
        "rag",
    ]);

    let lost = std::fs::read_dir(place.path(&parts[0]).join("cells"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect::<Vec<_>>();
    std::fs::write(&lost[0], "{\"half").unwrap();
    std::fs::remove_file(&lost[1]).unwrap();
    let said = report(&place, &parts, &[]);
    said.fails(1).complains(&[
        "warning: ",
        "is not a finished cell",
        "shard 1/3 lacks 2 of 11, the first is ",
        "shard 2/3 is missing",
    ]);
    // The same shard into the same directory runs what is missing, and nothing else.
    let said = compare(&place, &["--shard", "1/3", "--output", &parts[0]]).succeeds();
    assert!(said.err.contains("continuing: 9 of 11"), "{}", said.err);
    let more = shards(&place, &["2/3"]);
    report(&place, &[parts, more].concat(), &[]).succeeds();
}

#[test]
fn parts_of_other_comparisons_and_what_is_no_part_are_refused() {
    let place = with_pets();
    let parts = shards(&place, &["1/2"]);
    place.write("pets.jsonl", PETS.replace("cake", "pie"));
    let other = shards(&place, &["2/2"]);
    let said = report(
        &place,
        &[parts.clone(), other].concat(),
        &["--output", "all"],
    );
    assert_eq!(said.code, 1, "{}", said.err);
    for told in [
        "`2-of-2` is no part of the comparison in `1-of-2`",
        "design.suites[pets].digest is ",
    ] {
        assert!(said.err.contains(told), "no `{told}` in {}", said.err);
    }
    assert!(said.out.is_empty() && !place.path("all").exists());

    std::fs::create_dir(place.path("empty")).unwrap();
    for (part, told) in [
        ("empty", "there is no `manifest.json` in `empty`"),
        ("nowhere", "there is no `manifest.json` in `nowhere`"),
        ("s3://bucket/part", "--features s3"),
        ("ftp://host/part", "unknown scheme"),
    ] {
        let said = report(&place, &[part.to_owned()], &[]);
        said.fails(1).complains(&[told]);
    }
}

#[test]
fn a_shard_wants_a_directory_and_a_number_that_there_is() {
    let place = with_pets();
    for (more, told) in [
        (&["--shard", "1/2"][..], "--output"),
        (&["--shard", "3/2", "--output", "out"], "write it as i/n"),
        (&["--shard", "0/2", "--output", "out"], "write it as i/n"),
    ] {
        let said = compare(&place, more);
        said.fails(2).complains(&[told]);
    }
    assert_eq!(place.names(), ["pets.jsonl"]);
}

#[test]
fn a_report_that_cannot_be_written_costs_nothing() {
    let place = with_pets();
    compare(&place, &["--output", "out"]).succeeds();
    let parts = ["out".to_owned()];
    place.write("taken", "mine");
    for output in ["taken", "taken/below"] {
        let said = report(&place, &parts, &["--output", output]);
        assert_eq!(said.code, 1, "{}", said.err);
        assert!(said.err.contains("cannot write to `taken"), "{}", said.err);
        let said = compare(&place, &["--output", output]);
        assert_eq!(said.code, 1, "{}", said.err);
        assert!(!said.err.contains("[1/"), "something ran: {}", said.err);
    }
    assert_eq!(
        std::fs::read_to_string(place.path("taken")).unwrap(),
        "mine"
    );
    report(&place, &parts, &[]).succeeds();
}

#[test]
fn results_of_another_version_are_refused_and_not_touched() {
    let place = with_pets();
    compare(&place, &["--output", "out"]).succeeds();
    let parts = ["out".to_owned()];
    let manifest = place.path("out/manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let other = text.replacen("\"format\": 2", "\"format\": 99", 1);
    assert_ne!(text, other);
    std::fs::write(&manifest, &other).unwrap();
    let before = cells(&place.path("out"));
    for said in [
        compare(&place, &["--output", "out", "--set", "rag.k=1"]),
        report(&place, &parts, &[]),
        place.memhost(&["reproduce", "out"]),
    ] {
        assert_eq!(said.code, 1, "{}", said.err);
        assert!(said.err.contains("is of format 99"), "{}", said.err);
        assert!(said.err.contains("nothing was touched"), "{}", said.err);
    }
    assert_eq!(std::fs::read_to_string(&manifest).unwrap(), other);
    assert_eq!(cells(&place.path("out")), before);
}

#[test]
fn another_comparison_in_the_same_directory_keeps_the_cells_of_both() {
    let place = with_pets();
    compare(&place, &["--output", "out"]).succeeds();
    let said = compare(&place, &["--output", "out", "--set", "rag.k=1"]).succeeds();
    assert!(
        said.err.contains("note: `out` holds another comparison ("),
        "{}",
        said.err
    );
    assert_eq!(cells(&place.path("out")), CELLS + 4);
    let said = report(&place, &["out".to_owned()], &["--format", "json"]).succeeds();
    let settings = &said.json()["suites"][0]["strategies"][0]["settings"];
    assert_eq!(settings["k"], "1");
}

#[test]
fn two_runs_into_one_directory_are_refused_and_a_killed_run_holds_nothing() {
    let place = with_pets();
    let long = ["compare", "rag", "--suite", "evidence", "--seeds", "20"];
    let mut first = place
        .command(&[&long[..], &["--jobs", "1", "--output", "out"]].concat())
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(first.stderr.take().unwrap()).lines();
    let begun = lines.find(|line| line.as_ref().unwrap().starts_with("[1/"));
    assert!(begun.is_some(), "the first run ended early");
    let said = compare(&place, &["--output", "out"]);
    assert_eq!(said.code, 1, "{}", said.err);
    let told = format!("`out` is in use by process {}", first.id());
    assert!(said.err.contains(&told), "{}", said.err);
    first.kill().unwrap();
    first.wait().unwrap();
    compare(&place, &["--output", "out"]).succeeds();
}
