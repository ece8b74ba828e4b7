//! `memhost compare`.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::{PETS, Place, Said, timeless, with_pets};

/// Every cell of a comparison of one plugin with the floors on one suite.
const STRATEGIES: usize = 7;

/// Compares `rag` on the pets.
pub(super) fn compare(place: &Place, more: &[&str]) -> Said {
    let arguments = ["compare", "rag", "--suite", "pets.jsonl"];
    place.memhost(&[&arguments[..], more].concat())
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
    let said = said.says(&[
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
        "built-in embedder",
        "percentile bootstrap, 2,000 resamples",
    ]);
    for expected in [
        "[7/7] ",
        "pets: 2 questions in 2 groups: no difference can be found, because after correction for 15 pairs",
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
             difference_high,tasks,groups,p_corrected,p_to_first,rank,lost,gained,recovery,no_result"
        )
    );
    assert!(
        lines.all(|line| line.starts_with("pets,evidence,") && line.matches(',').count() == 20)
    );
}

#[test]
fn the_same_comparison_gives_the_same_scores() {
    let place = with_pets();
    let run = |jobs: &str| {
        let report = compare(
            &place,
            &["--format", "json", "--seeds", "3", "--jobs", jobs],
        )
        .succeeds()
        .json();
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

#[tokio::test]
async fn what_happened_is_rows_in_the_store_and_what_was_measured_is_not() {
    let place = with_pets();
    compare(&place, &["--store", "memories"]).succeeds();
    let store = place.path("memories");
    let tables = lancedb::connect(store.to_str().unwrap()).execute().await;
    let attempts = tables.unwrap().open_table("attempts").execute().await;
    let attempts = attempts.unwrap();
    let count = async |filter: &str| attempts.count_rows(Some(filter.to_owned())).await.unwrap();
    assert_eq!(count("task = 'monday' AND run LIKE '%/pets'").await, 1);
    assert_eq!(count("true").await, 2);
    assert!(!store.join("results.lance").exists());
}

/// `memhost compare … 2>&1 | head -1`, and a disk that is full.
#[cfg(unix)]
#[test]
fn nobody_has_to_listen() {
    let place = with_pets();
    let compare = ["compare", "rag", "--suite", "pets.jsonl"];
    let full = || std::fs::File::create("/dev/full").unwrap();
    let unheard = place.command(&compare).stderr(full()).output().unwrap();
    Said::from(unheard).succeeds().says(&["rag"]);
    let unseen = place.command(&compare).stdout(full()).output().unwrap();
    Said::from(unseen)
        .fails(1)
        .complains(&["cannot write to standard output", "space"]);

    for closed in ["out", "err"] {
        let mut child = place
            .command(&compare)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        match closed {
            "out" => drop(child.stdout.take()),
            _ => drop(child.stderr.take()),
        }
        let said = child.wait_with_output().unwrap();
        assert_eq!(said.status.code(), Some(0), "{closed}: {said:?}");
    }
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
    wait_for(&mut err, "[3/");
    signal("INT", &child);
    let rest: Vec<String> = err.lines().map(Result::unwrap).collect();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(1), "{rest:?}");
    let mut out = String::new();
    child.stdout.unwrap().read_to_string(&mut out).unwrap();
    let finished = cell_files(&place).len();
    assert!((3..cells).contains(&finished), "{finished}");
    let told = format!(
        "error: interrupted: {finished} of {cells} cells are finished; run the same command again to go on"
    );
    assert_eq!(rest.last(), Some(&told), "{rest:?}");
    let told = format!("unfinished: {finished} of {cells} cells are run; no comparison yet");
    for report in ["report.txt", "report.html"] {
        let text = std::fs::read_to_string(place.path("out").join(report)).unwrap();
        assert!(text.contains(&told), "{report}");
        assert!(!text.contains("beats"), "{report}");
    }
    assert!(
        out.starts_with("INTERRUPTED: not every cell was run"),
        "{out}"
    );
    assert!(out.contains(&told) && !out.contains("beats"), "{out}");

    let said = place.memhost(&arguments).succeeds();
    let told = format!("continuing: {finished} of {cells} cells are finished");
    assert!(said.err.contains(&told), "{}", said.err);
    assert_eq!(cell_files(&place).len(), cells);
}

/// Whenever it is stopped, and however often, nothing stays in the directory for temporary files.
#[cfg(unix)]
#[test]
fn a_stopped_run_leaves_no_temporary_store() {
    let place = with_pets();
    let compare = |options: &[&str], cache: &str| {
        let temporary = place.path("tmp");
        let _ = std::fs::create_dir(&temporary);
        place
            .command(&[&["compare", "rag", "--suite", "pets.jsonl"], options].concat())
            .env("TMPDIR", temporary)
            .env("MEMHOST_CACHE", place.path(cache))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let stores = || std::fs::read_dir(place.path("tmp")).unwrap().count();
    let long = ["--seeds", "100", "--jobs", "1"];

    for (name, again) in [("TERM", false), ("HUP", false), ("INT", true)] {
        if name == "HUP" && is_detached() {
            continue;
        }
        let mut child = compare(&long, "kept");
        let mut err = BufReader::new(child.stderr.take().unwrap());
        wait_for(&mut err, "[1/");
        assert_eq!(stores(), 1);
        signal(name, &child);
        if again {
            wait_for(&mut err, "stopping");
            let _ = kill(name, &child);
        }
        let rest: Vec<String> = err.lines().map(Result::unwrap).collect();
        assert_eq!(child.wait().unwrap().code(), Some(1), "{name}: {rest:?}");
        assert!(
            rest.last().unwrap().starts_with("error: interrupted"),
            "{rest:?}"
        );
        assert_eq!(stores(), 0, "{name}");
    }

    // While it still checks the plugin.
    let mut child = compare(&[], "new");
    while stores() == 0 {
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    signal("TERM", &child);
    let said = child.wait_with_output().unwrap();
    assert_eq!(said.status.code(), Some(1), "{said:?}");
    assert_eq!(said.stderr, b"error: interrupted\n");
    assert_eq!(stores(), 0);
}

/// Whether this process, and so whatever it starts, was told to outlive its terminal (`nohup`).
#[cfg(unix)]
fn is_detached() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // SIGHUP is the first signal.
    ignored.is_some_and(|mask| mask & 1 == 1)
}

/// Reads lines until one begins like this.
#[track_caller]
fn wait_for(err: &mut impl std::io::BufRead, beginning: &str) {
    let mut line = String::new();
    while !line.starts_with(beginning) {
        line.clear();
        assert_ne!(err.read_line(&mut line).unwrap(), 0, "it ended too early");
    }
}

#[track_caller]
fn signal(name: &str, child: &Child) {
    assert!(kill(name, child), "cannot send {name}");
}

fn kill(name: &str, child: &Child) -> bool {
    let process = child.id().to_string();
    let sent = Command::new("kill").args(["-s", name, &process]).status();
    sent.unwrap().success()
}
