//! `memhost suite`.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use super::{PETS, Place, Said};

#[test]
fn the_list_names_what_is_built_in_and_what_can_be_read() {
    let place = Place::new();
    let text = place.memhost(&["suite", "list"]).succeeds().out;
    let json = place
        .memhost(&["suite", "list", "--format", "json"])
        .succeeds()
        .json();
    for name in ["evidence", "transfer", "bfcl", "locomo", "webarena", "tau2"] {
        assert!(
            text.contains(&format!("\n  {name} ")),
            "no `{name}` in {text}"
        );
    }
    assert_eq!(json["builtin"][0]["name"], "evidence");
    assert!(json["formats"][0]["path"].as_str().unwrap().len() > 5);
}

#[test]
fn a_suite_is_shown_in_figures() {
    let place = Place::new();
    place.write("pets.jsonl", PETS);
    let said = place.memhost(&["suite", "show", "pets.jsonl"]).succeeds();
    assert!(
        said.out
            .starts_with("pets: Talks about pets, and questions.\n")
    );
    let json = place
        .memhost(&["suite", "show", "pets.jsonl", "--format", "json"])
        .succeeds()
        .json();
    assert_eq!(json["streams"][0]["questions"], 2);
    assert_eq!(json["streams"][0]["steps"], 3);
    assert_eq!(json["streams"][0]["groups"], 2);
}

#[test]
fn a_good_suite_passes_the_check() {
    let place = Place::new();
    place.write("pets.jsonl", PETS);
    let said = place.memhost(&["suite", "check", "pets.jsonl"]).succeeds();
    assert!(
        said.out.contains("suite `pets` can be used: 2 questions"),
        "{}",
        said.out
    );
}

#[test]
fn a_bad_suite_is_told_everything_and_fails_the_check() {
    let place = Place::new();
    let twice = PETS.lines().last().unwrap();
    place.write("twice.jsonl", format!("{PETS}{twice}\n"));
    let said = place.memhost(&["suite", "check", "twice.jsonl"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("error: main/age: "), "{}", said.out);
    assert!(
        said.err.starts_with("error: suite `pets` cannot be used"),
        "{}",
        said.err
    );
    let json = place
        .memhost(&["suite", "check", "twice.jsonl", "--format", "json"])
        .json();
    assert_eq!(json["usable"], false);
    assert_eq!(json["problems"][0]["severity"], "error");
}

#[test]
fn an_imported_suite_is_the_same_suite() {
    let place = Place::new();
    place
        .memhost(&["suite", "import", "transfer", "--to", "copy.jsonl"])
        .succeeds();
    let figures = |suite: &str| {
        place
            .memhost(&["suite", "show", suite, "--format", "json"])
            .succeeds()
            .json()
    };
    assert_eq!(figures("copy.jsonl"), figures("transfer"));
}

#[test]
fn recorded_attempts_are_shown_with_their_learning_curves_and_not_compared_on() {
    let place = Place::new();
    let trial = |number: u32, verdict: &str| {
        format!(
            r#"{{"stage": {number}, "task": {{"id": "q", "text": "?"}}, "attempts": [{{"id": "q-{number}", "trial": {number}, "outcome": {{"verdict": "{verdict}"}}}}]}}"#
        )
    };
    let header = r#"{"format": 1, "name": "runs", "lane": "attempts", "summary": "Two trials."}"#;
    let lines = [header, &trial(0, "failure"), &trial(1, "success")];
    place.write("runs.jsonl", lines.join("\n"));
    let said = place.memhost(&["suite", "show", "runs.jsonl"]).succeeds();
    assert!(
        said.out.ends_with("solved in each trial\n  main  0, 1\n"),
        "{}",
        said.out
    );
    assert!(!said.out.contains("metrics"), "{}", said.out);
    let checked = place.memhost(&["suite", "check", "runs.jsonl"]).succeeds();
    assert!(checked.out.contains("nothing is asked"), "{}", checked.out);
    place
        .memhost(&["suite", "import", "runs.jsonl", "--to", "copy.jsonl"])
        .succeeds();
    let json = place
        .memhost(&["suite", "show", "copy.jsonl", "--format", "json"])
        .succeeds()
        .json();
    assert_eq!(json["streams"][0]["curve"], serde_json::json!([0, 1]));
    let said = place.memhost(&["compare", "rag", "--suite", "runs.jsonl"]);
    assert_ne!(said.code, 0);
    assert!(
        said.err.contains("nothing is asked in suite `runs`"),
        "{}",
        said.err
    );
}

/// Whatever the format takes is listed, and whoever writes it wrongly is told where.
#[test]
fn every_field_of_a_suite_is_listed() {
    let place = Place::new();
    let fields = place.memhost(&["suite", "fields"]).succeeds();
    place
        .memhost(&["suite", "import", "discovery", "--to", "suite.jsonl"])
        .succeeds();
    let suite = std::fs::read_to_string(place.path("suite.jsonl")).unwrap();
    for line in suite.lines().take(3) {
        let row: Value = serde_json::from_str(line).unwrap();
        for field in row.as_object().unwrap().keys() {
            assert!(fields.out.contains(&format!("| `{field}` |")), "{field}");
        }
    }
    place.write("wrong.jsonl", PETS.replace("\"stage\"", "\"stagge\""));
    place
        .memhost(&["suite", "check", "wrong.jsonl"])
        .fails(1)
        .complains(&["`stagge`", "`memhost suite fields` lists"]);
}

/// A book in one step: the strategies that cannot take it have no result, the floors find it by its beginning and say so,
/// and the check has warned of it.
#[test]
fn a_step_of_fifty_megabytes_is_warned_of_and_marked_wherever_it_is_lost() {
    const MEGABYTES: usize = 50;
    let place = Place::new();
    let book = "My parrot is called Ada. ".repeat(MEGABYTES * 40_000);
    let long = json!({
        "task": {"id": "book", "text": "Small talk"},
        "attempts": [{"steps": [{"actor": "user", "text": book}]}],
    });
    let question = json!({
        "stage": 1,
        "task": {"id": "bird", "text": "What is my parrot called?"},
        "question": {"answers": ["Ada"], "gold": [{"attempt": "book-0", "step": 0}]},
    });
    place.write("long.jsonl", format!("{PETS}{long}\n{question}\n"));
    place
        .memhost(&["suite", "check", "long.jsonl"])
        .succeeds()
        .says(&[
            "warning: main/book: `attempts[0].steps[0].text` of 50.0 MB exceeds",
            "suite `pets` can be used: 3 questions",
        ]);
    // One lesson of three is lost to a plugin, which is too many; a floor keeps the text's beginning, and says so.
    let report = place
        .memhost(&[
            "compare",
            "rag",
            "--suite",
            "long.jsonl",
            "--format",
            "json",
        ])
        .fails(1)
        .complains(&["rag on pets, seed 0: no result: 1 of 3 distill calls failed: task `book`"])
        .json();
    let suite = &report["suites"][0];
    for strategy in suite["strategies"].as_array().unwrap() {
        let floor = strategy["floor"] == true;
        assert_eq!(strategy["failures"].is_null(), floor, "{strategy}");
        assert_eq!(strategy["quality"]["mean"].is_number(), floor, "{strategy}");
        assert_eq!(
            strategy["rank"].is_number(),
            floor && strategy["strategy"] != "oracle"
        );
    }
    let mark = "bm25 (floor): texts that were longer than the embedder or the store takes were cut, 1 per run";
    let caveats = suite["caveats"].as_array().unwrap().iter();
    let mut caveats = caveats.map(|caveat| caveat.as_str().unwrap());
    assert!(caveats.any(|caveat| caveat.starts_with(mark)), "{suite}");
}

/// A conversation about boats, with this answer.
fn boats(answer: &str) -> String {
    json!([{
        "sample_id": "conv-1",
        "conversation": {"session_1": [
            {"speaker": "Ada", "dia_id": "D1:1", "text": "My boat is painted green."},
            {"speaker": "Ben", "dia_id": "D1:2", "text": "Mine is red."},
        ]},
        "qa": [
            {"question": "What colour is Ada's boat?", "answer": answer, "evidence": "D1:1", "category": 4},
            {"question": "What did Ada sell?", "adversarial_answer": "a car", "evidence": ["D1:1"], "category": 5},
        ],
    }])
    .to_string()
}

fn with_two_releases() -> Place {
    let place = Place::new();
    for (folder, answer) in [("first", "blue"), ("corrected, final", "green")] {
        std::fs::create_dir(place.path(folder)).unwrap();
        place.write(&format!("{folder}/locomo10.json"), boats(answer));
    }
    place
}

#[test]
fn two_releases_are_compared_under_names_of_ones_own() {
    let place = with_two_releases();
    let suites = "first=locomo:first/locomo10.json,corrected=locomo:corrected, final/locomo10.json";
    let report = place.memhost(&[
        "compare",
        "rag",
        "--suite",
        suites,
        "--no-check",
        "--format",
        "json",
    ]);
    let report = report.succeeds().json();
    let names: Vec<&str> = report["suites"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["suite"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["first", "corrected"]);
    let of_oracle = |suite: &Value| {
        let strategies = suite["strategies"].as_array().unwrap();
        strategies
            .iter()
            .find(|s| s["strategy"] == "oracle")
            .unwrap()["quality"]["mean"]
            .clone()
    };
    assert_eq!(of_oracle(&report["suites"][1]), 1.0);
    assert_ne!(of_oracle(&report["suites"][0]), 1.0);

    let same = ["locomo:first", "locomo:corrected, final"];
    place
        .memhost(&["compare", "rag", "--suite", same[0], "--suite", same[1]])
        .fails(2)
        .complains(&[
            "two of the suites are called `locomo`",
            "--suite locomo-1=locomo:first --suite 'locomo-2=locomo:corrected, final'",
        ]);
    place
        .memhost(&["suite", "show", "First=locomo:first"])
        .fails(2)
        .complains(&[
            "`First` cannot be the name of a suite",
            "`first=locomo:first`",
        ]);
    let shown = place
        .memhost(&["suite", "show", "mine=locomo:first"])
        .succeeds();
    assert!(shown.out.starts_with("mine: LoCoMo"), "{}", shown.out);
}

#[test]
fn what_is_left_out_is_said_wherever_the_suite_is_looked_at() {
    let place = with_two_releases();
    let what = "1 question: asking for what was never said (adversarial)";
    for command in ["show", "check"] {
        let line = format!("left out: {what}\n");
        place
            .memhost(&["suite", command, "locomo:first"])
            .succeeds()
            .says(&[&line]);
        let json = place
            .memhost(&["suite", command, "locomo:first", "--format", "json"])
            .succeeds()
            .json();
        assert_eq!(json["left_out"], json!([what]));
    }
    place
        .memhost(&["suite", "import", "locomo:first", "--to", "copy.jsonl"])
        .succeeds();
    place
        .memhost(&["suite", "check", "copy.jsonl"])
        .succeeds()
        .says(&[what]);
    place
        .memhost(&["compare", "rag", "--suite", "locomo:first", "--no-check"])
        .succeeds()
        .says(&["left out of the data: 1 question"]);
}

#[test]
fn a_suite_is_read_from_wherever_it_is() {
    let place = Place::new();
    let utf_16: Vec<u8> = PETS.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let rows: Vec<Value> = PETS
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    place.write("utf16.jsonl", utf_16);
    place.write(
        "bom.jsonl",
        format!("\u{feff}{}", PETS.replace('\n', "\r\n")),
    );
    place.write("pets.json", serde_json::to_string_pretty(&rows).unwrap());
    place.write("pets", PETS);
    place.write("a,b=c.jsonl", PETS);
    for suite in [
        "utf16.jsonl",
        "bom.jsonl",
        "pets.json",
        "pets",
        "a,b=c.jsonl",
    ] {
        let said = place.memhost(&["suite", "check", suite]).succeeds();
        assert!(
            said.out.contains("suite `pets` can be used: 2 questions"),
            "{suite}: {}",
            said.out
        );
    }
    for input in ["-", "/dev/stdin", "piped=-"] {
        let mut command = place.command(&["suite", "show", input, "--format", "json"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(PETS.as_bytes())
            .unwrap();
        let said = Said::from(child.wait_with_output().unwrap()).succeeds();
        assert_eq!(said.json()["streams"][0]["questions"], 2, "{input}");
    }
    place.write(
        "nan.jsonl",
        PETS.replacen("\"steps\"", "\"outcome\": {\"score\": NaN}, \"steps\"", 1),
    );
    place
        .memhost(&["suite", "check", "nan.jsonl"])
        .fails(1)
        .complains(&[
            "line 2, field `attempts[0].outcome.score`",
            "`NaN` is no JSON",
            "write null",
        ]);
    std::fs::create_dir(place.path("folder")).unwrap();
    place
        .memhost(&["suite", "check", "folder"])
        .fails(1)
        .complains(&[
            "`folder`: it is a folder, and its format is not given",
            "`locomo:folder`",
        ]);
}
