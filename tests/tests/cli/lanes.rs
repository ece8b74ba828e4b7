//! Every strategy on every generated lane: a number, or the reason why there is none.

use std::collections::BTreeMap;

use memhost_tests::data_set;
use serde_json::Value;

use super::Place;

/// Plugins as the comparison takes them, with what it is told of them.
const EVERYONE: [&str; 8] = [
    "reasoningbank",
    "matts=reasoningbank",
    "memcollab",
    "live-evo",
    "tide",
    "--set",
    "matts.scaling=parallel",
    "--suite=all",
];

/// What a table shows of each plugin: `measured`, with the names of its metrics, or why it does not apply.
fn shape(suite: &Value) -> BTreeMap<String, String> {
    let texts = |value: &Value, field: &str| value[field].as_str().unwrap().to_owned();
    let measured = suite["strategies"].as_array().unwrap().iter().map(|one| {
        let metrics: Vec<&String> = one["metrics"].as_object().unwrap().keys().collect();
        let floor = match one["floor"].as_bool() {
            Some(true) => " (floor)",
            _ => "",
        };
        (
            texts(one, "strategy") + floor,
            format!("measured: {metrics:?}"),
        )
    });
    let inapplicable = suite["inapplicable"].as_array().unwrap().iter();
    let inapplicable = inapplicable.map(|one| (texts(one, "strategy"), texts(one, "reason")));
    measured.chain(inapplicable).collect()
}

#[test]
fn every_strategy_has_a_number_on_every_lane_or_a_reason_why_not() {
    let place = Place::new();
    let mut arguments = vec!["compare"];
    arguments.extend(EVERYONE);
    arguments.push("--format=json");
    let said = place.memhost(&arguments).succeeds();
    let report = said.json();
    let suites = report["suites"].as_array().unwrap();
    let shapes: BTreeMap<&str, _> = suites
        .iter()
        .map(|suite| (suite["suite"].as_str().unwrap(), shape(suite)))
        .collect();
    insta::assert_json_snapshot!(shapes);

    for suite in suites {
        let name = suite["suite"].as_str().unwrap();
        for strategy in suite["strategies"].as_array().unwrap() {
            assert_eq!(
                strategy["failures"],
                Value::Null,
                "{name}, {}",
                strategy["strategy"]
            );
        }
    }
    assert!(
        said.err
            .contains("live-evo on transfer: 300 tasks x 2 runs x 1 round"),
        "the cost is said before anything is run: {}",
        said.err
    );
}

#[test]
fn a_comparison_that_is_too_dear_is_refused_before_it_begins() {
    let place = Place::new();
    let arguments = [
        "compare",
        "reasoningbank",
        "--suite=transfer",
        "--most-model-calls=100",
    ];
    let said = place.memhost(&arguments);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("at most 100 are allowed"), "{}", said.err);
    assert_eq!(said.out, "");
}

#[test]
fn where_nothing_applies_the_reason_is_said() {
    let said = Place::new().memhost(&["compare", "tide", "--suite=transfer"]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(
        said.err.contains("tide does not apply: it works in rounds"),
        "{}",
        said.err
    );
}

#[test]
fn a_stand_in_for_a_model_is_no_agent() {
    let said = Place::new().memhost(&["compare", "rag", "--suite=evidence", "--agent=model"]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("extractive is none"), "{}", said.err);
}

/// The negative control of lane C: which model solves a problem of GSM8K does not follow from what it solved before, so
/// that a strategy which beats plain counting has been told what it must not know.
#[test]
fn no_strategy_beats_counting_on_gsm8k() {
    let Some(data) = data_set("gsm8k_multi_agent") else {
        return;
    };
    let suite = format!("gsm8k:{}", data.display());
    let strategies = ["rag", "reasoningbank", "memcollab", "live-evo"];
    let options = ["--no-check", "--format", "json", "--suite", &suite];
    let arguments = [&["compare"], &strategies[..], &options].concat();
    let report = Place::new().memhost(&arguments).succeeds().json();
    let measured = report["suites"][0]["strategies"].as_array().unwrap();
    let success = |name: &str, floor: bool| {
        let of_name = |one: &&Value| one["strategy"] == name && one["floor"] == floor;
        let one = measured.iter().find(of_name).unwrap();
        one["quality"]["mean"].as_f64().unwrap()
    };
    let counting = success("none", true);
    for strategy in strategies {
        let success = success(strategy, false);
        assert!(
            success < counting,
            "{strategy}: {success}, counting: {counting}"
        );
    }
}
