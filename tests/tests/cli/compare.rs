//! `memhost compare`.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{PETS, Place, Said};

/// Every cell of a comparison of one plugin with the floors on one suite.
const STRATEGIES: usize = 7;

pub(super) fn with_pets() -> Place {
    let place = Place::new();
    place.write("pets.jsonl", PETS);
    place
}

/// Compares `rag` on the pets.
pub(super) fn compare(place: &Place, more: &[&str]) -> Said {
    let arguments = ["compare", "rag", "--suite", "pets.jsonl"];
    place.memhost(&[&arguments[..], more].concat())
}

/// A report without what differs between two runs of the same: times, and the run's name.
fn timeless(mut report: Value) -> Value {
    report["run"] = Value::Null;
    for suite in report["suites"].as_array_mut().unwrap() {
        for strategy in suite["strategies"].as_array_mut().unwrap() {
            for time in ["retrieve_p50_ms", "retrieve_p95_ms", "wall_seconds"] {
                strategy["costs"][time] = Value::Null;
            }
            strategy["latency"] = Value::Null;
        }
    }
    report
}

fn cell_files(place: &Place) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(place.path("out/cells")).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn the_table_shows_the_plugin_the_floors_and_the_caveats() {
    let said = compare(&with_pets(), &[]).succeeds();
    for expected in [
        "on pets, rag cannot be told apart from the best floor",
        "none (floor)",
        "lost of",
        "pets (lane A, evidence): 2 questions in 2 groups, 1 seed",
        "difference to",
        "random (floor)",
        "recency (floor)",
        "bm25 (floor)",
        "dense (floor)",
        "oracle (ceiling)",
        "is not a language model",
        "there are only 2 groups of questions",
        "percentile bootstrap, 2,000 resamples",
    ] {
        assert!(
            said.out.contains(expected),
            "no `{expected}` in {}",
            said.out
        );
    }
    for expected in [
        "[7/7] ",
        "pets: 2 questions in 2 groups are too few to be sure of finding any difference",
    ] {
        assert!(said.err.contains(expected), "{}", said.err);
    }
    assert!(!said.out.contains('\u{1b}'), "no colours in a pipe");
}

#[test]
fn programs_get_json_and_nothing_else() {
    let report = compare(&with_pets(), &["--format", "json", "--seeds", "2"])
        .succeeds()
        .json();
    assert_eq!(report["seeds"], 2);
    let suite = &report["suites"][0];
    assert_eq!(suite["suite"], "pets");
    let strategies = suite["strategies"].as_array().unwrap();
    assert_eq!(strategies.len(), STRATEGIES);
    assert_eq!(strategies[0]["strategy"], "rag");
    assert_eq!(strategies[0]["floor"], json!(false));
    assert_eq!(strategies[0]["quality"]["mean"], json!(1.0));
    assert_eq!(strategies[0]["seeds"], 2);
    assert!(strategies[0]["costs"]["fuel"].as_f64().unwrap() > 0.0);
    assert_eq!(strategies[1]["floor"], json!(true));
    assert!(strategies[1]["difference"]["mean"].is_number());
}

#[test]
fn programs_get_csv_and_nothing_else() {
    let said = compare(&with_pets(), &["--format", "csv"]).succeeds();
    let mut lines = said.out.lines();
    assert_eq!(
        lines.next(),
        Some(
            "suite,lane,strategy,floor,seeds,measure,value,low,high,difference,difference_low,\
             difference_high,tasks,groups,p_corrected,p_to_first,rank,lost,gained,recovery"
        )
    );
    assert!(
        lines.all(|line| line.starts_with("pets,evidence,") && line.matches(',').count() == 19)
    );
}

#[test]
fn the_same_comparison_gives_the_same_scores() {
    let place = with_pets();
    let run = |jobs: &str| {
        let mut report = compare(
            &place,
            &["--format", "json", "--seeds", "3", "--jobs", jobs],
        )
        .succeeds()
        .json();
        report["jobs"] = Value::Null;
        timeless(report)
    };
    assert_eq!(run("1"), run("4"));
}

#[test]
fn parameters_reach_the_plugin() {
    let report = compare(&with_pets(), &["--format", "json", "--set", "rag.k=1"])
        .succeeds()
        .json();
    assert_eq!(report["suites"][0]["strategies"][0]["settings"]["k"], "1");
}

#[test]
fn a_second_run_with_the_same_output_runs_only_what_is_missing() {
    let place = with_pets();
    let first = compare(&place, &["--output", "out", "--format", "json"])
        .succeeds()
        .json();
    let files = cell_files(&place);
    assert_eq!(files.len(), STRATEGIES);
    for report in [
        "report.html",
        "report.txt",
        "report.csv",
        "results.json",
        "results.parquet",
    ] {
        assert!(place.path("out").join(report).is_file(), "no {report}");
    }

    std::fs::remove_file(&files[0]).unwrap();
    std::fs::write(&files[1], "{").unwrap();
    let said = compare(&place, &["--output", "out", "--format", "json"]).succeeds();
    assert!(
        said.err.contains("continuing: 5 of 7 cells"),
        "{}",
        said.err
    );
    assert!(
        said.err.contains("is not a finished cell") && said.err.contains("is run again"),
        "{}",
        said.err
    );
    assert_eq!(timeless(said.json()), timeless(first));

    let said = compare(&place, &["--output", "out"]).succeeds();
    assert!(said.err.is_empty(), "{}", said.err);
}

#[test]
fn what_changes_the_result_is_run_anew() {
    let place = with_pets();
    compare(&place, &["--output", "out"]).succeeds();
    compare(&place, &["--output", "out", "--set", "rag.k=1"]).succeeds();
    assert_eq!(cell_files(&place).len(), STRATEGIES + 1);
    place.write("pets.jsonl", PETS.replace("cake", "a cake"));
    compare(&place, &["--output", "out"]).succeeds();
    assert_eq!(cell_files(&place).len(), STRATEGIES + 1 + STRATEGIES);
}

#[test]
fn results_are_rows_in_the_store() {
    let place = with_pets();
    compare(&place, &["--store", "memories"]).succeeds();
    let tables: Vec<_> = std::fs::read_dir(place.path("memories"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(
        tables.iter().any(|name| name.contains("results")),
        "{tables:?}"
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_what_is_finished_and_the_next_run_goes_on() {
    let place = with_pets();
    let arguments = [
        "compare",
        "rag",
        "--suite",
        "pets.jsonl",
        "--output",
        "out",
        "--seeds",
        "40",
        "--jobs",
        "1",
    ];
    let cells = 40 * STRATEGIES;
    let mut child = place
        .command(&arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("[3/") {
        line.clear();
        assert_ne!(err.read_line(&mut line).unwrap(), 0, "it ended too early");
    }
    let interrupt = ["-s", "INT", &child.id().to_string()].map(str::to_owned);
    assert!(
        Command::new("kill")
            .args(interrupt)
            .status()
            .unwrap()
            .success()
    );
    let rest: Vec<String> = err.lines().map(Result::unwrap).collect();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(1), "{rest:?}");
    let finished = cell_files(&place).len();
    assert!((3..cells).contains(&finished), "{finished}");
    let told = format!(
        "error: interrupted: {finished} of {cells} cells are finished; run the same command again to go on"
    );
    assert_eq!(rest.last(), Some(&told), "{rest:?}");

    let said = place.memhost(&arguments).succeeds();
    let told = format!("continuing: {finished} of {cells} cells are finished");
    assert!(said.err.contains(&told), "{}", said.err);
    assert_eq!(cell_files(&place).len(), cells);
}
