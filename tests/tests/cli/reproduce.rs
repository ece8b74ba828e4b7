//! `memhost reproduce`: the same comparison again, and whether the same came of it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::cassette::{self, Endpoint, KEY};
use super::{PETS, Place, Said};

/// A place with the pets and a plugin of its own, compared into `out`.
fn compared(more: &[&str]) -> Place {
    let place = Place::new();
    place.write("pets.jsonl", PETS);
    std::fs::copy(memhost_tests::plugin("rag"), place.path("mine.wasm")).unwrap();
    let arguments = [
        "compare",
        "./mine.wasm",
        "few=rag",
        "--set",
        "few.k=1",
        "--suite",
        "pets.jsonl",
        "--output",
        "out",
    ];
    place.memhost(&[&arguments[..], more].concat()).succeeds();
    place
}

fn manifest(place: &Place) -> Value {
    let text = std::fs::read_to_string(place.path("out/manifest.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[track_caller]
fn refused(place: &Place, arguments: &[&str], expected: &[&str]) -> Said {
    let said = place.memhost(&[&["reproduce"], arguments].concat());
    said.fails(1).complains(expected)
}

/// The cell of `rag`, which is the plugin `./mine.wasm`.
fn cell_of_rag(place: &Place) -> PathBuf {
    let entries = std::fs::read_dir(place.path("out/cells")).unwrap();
    let mut cells = entries.map(|entry| entry.unwrap().path());
    let is_rag = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        text.contains("\"strategy\":\"rag\"")
    };
    cells.find(is_rag).unwrap()
}

#[test]
fn the_manifest_says_what_was_compared_and_where() {
    let place = compared(&["--seeds", "2"]);
    let manifest = manifest(&place);
    assert_eq!(manifest["format"], 2);
    for version in ["memhost", "contract", "wasmtime", "lancedb"] {
        assert!(manifest["versions"][version].is_string(), "no {version}");
    }
    let part = &manifest["part"];
    assert_eq!(part["plugins"][0]["given"], "./mine.wasm");
    assert_eq!(part["plugins"][1]["name"], "few");
    assert_eq!(part["plugins"][1]["settings"]["k"], "1");
    assert!(
        part["plugins"][1]["path"]
            .as_str()
            .unwrap()
            .ends_with("rag.wasm")
    );
    let digest = part["plugins"][0]["digest"].as_str().unwrap();
    assert!(digest.starts_with("sha256:"), "{digest}");
    assert_eq!(part["suites"][0], "pets.jsonl");
    assert!(part["machine"]["cores"].as_u64().unwrap() > 0);
    assert_eq!(part["outcomes"].as_object().unwrap().len(), 2 * 8);
    let design = &manifest["design"];
    assert_eq!(
        (&design["seeds"], &design["orders"]),
        (&2.into(), &1.into())
    );
    let suite = &design["suites"][0];
    assert_eq!(suite["digest"].as_str().unwrap().len(), 64);
    let strategy = &suite["strategies"][0];
    for field in ["arrangement", "labels"] {
        assert!(
            strategy["plan"][field].is_string(),
            "no {field}: {strategy}"
        );
    }
    assert!(strategy["degraded"].is_array());
    assert!(manifest["configuration"]["limits"]["fuel"].is_u64());
}

/// Cells that are there already would only be compared with themselves.
#[test]
fn a_directory_with_cells_is_no_place_to_reproduce_into() {
    let place = compared(&[]);
    for output in ["out", "./out/../out"] {
        let said = place.memhost(&["reproduce", "out", "--output", output]);
        assert!(said.out.is_empty(), "{}", said.out);
        said.fails(2)
            .complains(&["out` holds cells", "choose an empty or new directory"]);
    }
    std::fs::create_dir(place.path("empty")).unwrap();
    place
        .memhost(&["reproduce", "out", "--output", "empty"])
        .succeeds()
        .says(&["reproduced: every number"]);
}

#[test]
fn the_same_again_gives_every_number_again() {
    let place = compared(&["--seeds", "2", "--orders", "2"]);
    let said = place.memhost(&["reproduce", "out"]).succeeds();
    assert_eq!(
        said.out,
        "reproduced: every number of 32 cells is the same\n"
    );
    let arguments = [
        "reproduce",
        "out/manifest.json",
        "--output",
        "again",
        "--jobs",
        "1",
    ];
    place.memhost(&arguments).succeeds();
    // What was reproduced can be reproduced, also from elsewhere and by the manifest alone.
    let elsewhere = Place::new();
    let copy = elsewhere.write(
        "published.json",
        std::fs::read(place.path("again/manifest.json")).unwrap(),
    );
    let said = elsewhere
        .memhost(&["reproduce", copy.to_str().unwrap()])
        .succeeds();
    assert!(said.out.starts_with("reproduced: "), "{}", said.out);
    assert_eq!(elsewhere.names(), ["published.json"]);
}

#[test]
fn numbers_that_differ_are_named() {
    let place = compared(&[]);
    // As if the run of then had seen something else: one score, in the cell and in what the manifest says of it.
    let path = cell_of_rag(&place);
    let text = std::fs::read_to_string(&path).unwrap();
    let other = text.replacen("\"answer@64\":1.0", "\"answer@64\":0.0", 1);
    assert_ne!(other, text);
    // A cell of an earlier memhost has no digest.
    let (before, digest) = other.split_once("\"digest\":").unwrap();
    let (_, after) = digest.split_once(',').unwrap();
    std::fs::write(&path, format!("{before}{after}")).unwrap();
    let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
    let mut manifest = manifest(&place);
    manifest["part"]["outcomes"][&name] = serde_json::json!({"measured": "0"});
    place.write("out/manifest.json", manifest.to_string());
    let said = refused(&place, &["out"], &["1 of 8 cells gave other numbers"]);
    assert!(
        said.out
            .starts_with("rag on pets, seed 0: its result is another one"),
        "{}",
        said.out
    );

    // `memhost report` notes what the cell files hold, so that number by number can be compared.
    std::fs::rename(place.path("out/manifest.json"), place.path("old.json")).unwrap();
    manifest["part"]["outcomes"] = serde_json::json!({});
    place.write("out/manifest.json", manifest.to_string());
    place
        .memhost(&["report", "out", "--output", "out"])
        .succeeds();
    let said = refused(&place, &["out"], &["1 of 8 cells gave other numbers"]);
    assert_eq!(
        said.out.lines().next(),
        Some("rag on pets, seed 0: task main/name, answer@64 is 1.0, not 0.0"),
    );
}

#[test]
fn a_plugin_that_is_gone_or_another_one_is_named_with_both_digests() {
    let place = compared(&[]);
    let digest = manifest(&place)["part"]["plugins"][0]["digest"]
        .as_str()
        .unwrap()
        .to_owned();
    std::fs::copy(memhost_tests::plugin("recency"), place.path("mine.wasm")).unwrap();
    let told = ["plugin `rag` has another digest", "./mine.wasm", &digest];
    refused(&place, &["out"], &told);
    std::fs::remove_file(place.path("mine.wasm")).unwrap();
    let told = ["plugin `rag` is gone", "./mine.wasm", &digest];
    refused(&place, &["out", "--output", "again"], &told);
    assert!(!place.path("again").exists());
}

#[test]
fn a_suite_that_has_changed_is_named() {
    let place = compared(&[]);
    place.write("pets.jsonl", PETS.replace("cake", "pie"));
    refused(&place, &["out"], &["suite `pets.jsonl` has changed"]);
    std::fs::remove_file(place.path("pets.jsonl")).unwrap();
    refused(&place, &["out"], &["pets.jsonl"]);
}

#[test]
fn what_is_no_manifest_is_refused() {
    let place = Place::new();
    place.write("notes", "mine");
    refused(&place, &["nowhere"], &["cannot read `", "nowhere`"]);
    refused(
        &place,
        &["notes"],
        &["notes` is no manifest of a comparison"],
    );
    assert_eq!(place.names(), ["notes"]);
}

#[test]
fn another_version_of_memhost_is_warned_of_and_compared_all_the_same() {
    let place = compared(&[]);
    let mut manifest = manifest(&place);
    manifest["versions"]["memhost"] = "0.0.1".into();
    place.write("out/manifest.json", manifest.to_string());
    let said = place.memhost(&["reproduce", "out"]).succeeds();
    let told = "warning: the comparison was run with memhost 0.0.1, and this is ";
    assert!(said.err.contains(told), "{}", said.err);
}

#[test]
fn models_behind_an_endpoint_are_reproduced_from_their_cassette_or_not_at_all() {
    let endpoint = Endpoint::start();
    let place = cassette::place(&endpoint);
    let compare = |more: &[&str]| {
        let arguments = [
            "compare",
            "reasoningbank",
            "--suite",
            "pets.jsonl",
            "--model",
            "openai:small",
        ];
        let mut command = place.command(&[&arguments[..], more].concat());
        Said::from(command.env("MINE", KEY).output().unwrap()).succeeds()
    };
    compare(&["--record", "run.cassette", "--output", "out"]);
    compare(&["--output", "live"]);
    let text = std::fs::read_to_string(place.path("out/manifest.json")).unwrap();
    assert!(!text.contains(KEY) && text.contains("\"MINE\""), "{text}");
    drop(endpoint);

    let said = place.memhost(&["reproduce", "out"]).succeeds();
    assert!(said.out.starts_with("reproduced: "), "{}", said.out);
    refused(
        &place,
        &["live"],
        &["openai:small", "no cassette", "--record FILE"],
    );
    let tape = std::fs::read_to_string(place.path("run.cassette")).unwrap();
    place.write("run.cassette", tape + "\n");
    refused(&place, &["out"], &["`run.cassette` is not the one"]);
    std::fs::remove_file(place.path("run.cassette")).unwrap();
    refused(&place, &["out"], &["cassette `run.cassette` is gone"]);
    assert!(Path::new(&place.path("out/manifest.json")).is_file());
}
