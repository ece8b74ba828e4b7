//! `memhost compare --order`: what comes of it when tasks come by how hard they are.

use serde_json::Value;

use super::Place;

/// Tasks of two kinds, most of the one solved on record and few of the other.
fn suite() -> String {
    let mut lines =
        vec![r#"{"format": 1, "name": "desk", "lane": "transfer", "shuffled": [0]}"#.to_owned()];
    for number in 0..24 {
        let (kind, solved) = match number % 2 {
            0 => ("refund", number % 8 != 0),
            _ => ("cancel", number % 9 == 0),
        };
        let score = u8::from(solved);
        lines.push(format!(
            r#"{{"task": {{"id": "t{number}", "text": "{kind} order {number}"}}, "question": {{"kind": "{kind}"}}, "attempts": [{{"steps": [{{"actor": "action", "name": "{kind}", "text": "{{}}"}}], "outcome": {{"score": {score}}}}}]}}"#
        ));
    }
    lines.join("\n")
}

fn place() -> Place {
    let place = Place::new();
    place.write("desk.jsonl", suite());
    place
}

const COMPARE: [&str; 7] = [
    "compare",
    "rag",
    "--suite",
    "desk.jsonl",
    "--no-check",
    "--order",
    "both",
];

#[test]
fn both_orders_are_run_and_their_difference_is_reported() {
    let place = place();
    let said = place.memhost(&[&COMPARE[..], &["--format", "json"]].concat());
    let report = said.succeeds().json();
    assert_eq!(report["orders"], 2);
    let strategies = report["suites"][0]["strategies"]
        .as_array()
        .unwrap()
        .clone();
    let called = |name: &str| -> Value {
        let mut strategies = strategies.iter();
        strategies.find(|s| s["strategy"] == name).unwrap().clone()
    };
    // Whoever has no memory does the same in any order, to the bit.
    let none = called("none");
    assert_eq!(none["order_effect"]["mean"], 0.0);
    assert_eq!(none["gain_late"], 0.0);
    // The first task of each kind, in either order, has nothing to draw on.
    assert_eq!(called("rag")["order_effect"]["tasks"], 20);
    assert!(called("rag")["gain_late"].is_number());

    place.memhost(&COMPARE).succeeds().says(&[
        "1 seed in 2 orders each",
        "hard first [95 %]",
        "Gain, late: ",
        "tasks come easy first in one half of the runs",
    ]);
}

#[test]
fn both_orders_can_be_reproduced() {
    let place = place();
    place
        .memhost(&[&COMPARE[..], &["--output", "out"]].concat())
        .succeeds();
    place
        .memhost(&["reproduce", "out"])
        .succeeds()
        .says(&["reproduced: every number"]);
}

#[test]
fn too_many_runs_in_both_orders_are_refused() {
    let said = place().memhost(&[&COMPARE[..], &["--orders", "6000"]].concat());
    said.fails(2).complains(&["--orders 6000", "10000 runs"]);
}

#[test]
fn in_one_order_there_is_no_order_effect() {
    let place = place();
    for (order, gains) in [("easy-first", true), ("shuffled", false)] {
        let arguments = [&COMPARE[..6], &[order, "--format", "json"]].concat();
        let report = place.memhost(&arguments).succeeds().json();
        let rag = &report["suites"][0]["strategies"][0];
        assert_eq!(rag.get("order_effect"), None);
        assert_eq!(rag.get("gain_late").is_some(), gains, "{order}");
    }
}
