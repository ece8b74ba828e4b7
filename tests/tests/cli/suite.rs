//! `memhost suite`.

use serde_json::{Value, json};

use super::{PETS, Place};

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
        "question": {"answers": ["Ada"], "gold": ["book-0#0"]},
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
    let mark = "bm25 (floor): 1.000 texts per run were longer than the embedder or the store takes";
    let caveats = suite["caveats"].as_array().unwrap().iter();
    let mut caveats = caveats.map(|caveat| caveat.as_str().unwrap());
    assert!(caveats.any(|caveat| caveat.starts_with(mark)), "{suite}");
}
