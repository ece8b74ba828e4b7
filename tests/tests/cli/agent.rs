//! `memhost compare --agent model`: the model acts, and its answers are checked.

use serde_json::{Value, json};

use super::cassette::{Endpoint, KEY, place};
use super::{Place, Said};

fn compare(place: &Place, more: &[&str]) -> Said {
    let arguments = [
        "compare",
        "rag",
        "--suite",
        "pets.jsonl",
        "--agent",
        "model",
        "--model",
        "openai:small",
        "--format",
        "json",
    ];
    let arguments = [&arguments[..], more].concat();
    Said::from(place.command(&arguments).env("MINE", KEY).output().unwrap())
}

fn strategy<'a>(report: &'a Value, name: &str) -> &'a Value {
    let all = report["suites"][0]["strategies"].as_array().unwrap();
    all.iter().find(|one| one["strategy"] == name).unwrap()
}

#[test]
fn a_model_that_acts_is_scored_by_its_answers_and_told_what_was_remembered() {
    let endpoint = Endpoint::start();
    let place = place(&endpoint);
    let report = compare(&place, &[]).succeeds().json();
    assert_eq!(report["suites"][0]["primary"], "score");
    let rag = strategy(&report, "rag");
    assert_eq!(
        rag["quality"]["mean"], 1.0,
        "the guidance says how old the cat is"
    );
    assert_eq!(rag["model"]["act"]["calls"], 2);
    // Whether it answers; the plugin, and six floors.
    assert_eq!(endpoint.asked(), 1 + 7 * 2);
}

#[test]
fn what_a_model_did_is_recorded_and_replayed() {
    let endpoint = Endpoint::start();
    let place = place(&endpoint);
    let recorded = compare(&place, &["--record", "act.cassette"])
        .succeeds()
        .json();
    drop(endpoint);
    let replayed = place.memhost(&[
        "compare",
        "rag",
        "--suite",
        "pets.jsonl",
        "--agent",
        "model",
        "--replay",
        "act.cassette",
        "--format",
        "json",
    ]);
    let replayed = replayed.succeeds().json();
    for name in ["rag", "bm25", "random"] {
        let (first, second) = (strategy(&recorded, name), strategy(&replayed, name));
        assert_eq!(first["quality"], second["quality"]);
        assert_eq!(first["model"], second["model"]);
    }
}

#[test]
fn sequential_scaling_continues_the_run_and_parallel_scaling_chooses_among_several() {
    let endpoint = Endpoint::start();
    let place = place(&endpoint);
    let scaled = |scaling: &str| {
        let arguments = [
            "compare",
            "reasoningbank",
            "--suite",
            "pets.jsonl",
            "--agent",
            "model",
            "--model",
            "openai:small",
            "--format",
            "json",
            "--set",
            scaling,
            "--set",
            "reasoningbank.scaling-factor=2",
        ];
        let said = place.command(&arguments).env("MINE", KEY).output().unwrap();
        let report = Said::from(said).succeeds().json();
        strategy(&report, "reasoningbank")["model"].clone()
    };
    // Two questions: a run each, and two check messages each.
    let sequential = scaled("reasoningbank.scaling=sequential");
    assert_eq!(sequential["act"]["calls"], json!(2 * 3));
    // Two runs each, and the choice between them.
    let parallel = scaled("reasoningbank.scaling=parallel");
    assert_eq!(parallel["act"]["calls"], json!(2 * 2));
    assert_eq!(parallel["select"]["calls"], json!(2));
}
