//! What is printed fits the page: no line is wider, on 80 columns and on 60.

use serde_json::json;
use unicode_width::UnicodeWidthStr as _;

use super::{PETS, Place, Said};

/// Runs memhost for a page of this width, and wants every line to fit.
#[track_caller]
fn fits(place: &Place, arguments: &[&str], columns: usize) -> Said {
    let mut command = place.command(arguments);
    command.env("COLUMNS", columns.to_string());
    let said = Said::from(command.output().unwrap());
    for text in [&said.out, &said.err] {
        for line in text.lines() {
            assert!(
                line.width() <= columns,
                "{arguments:?}, {columns}: {line}\n{text}"
            );
        }
    }
    assert!(said.out.len() + said.err.len() > 40, "{arguments:?}");
    said
}

/// A suite whose names are as long as they may be, and in a script of two columns per letter.
fn wide() -> String {
    let name = "一二三四五六七八九十".repeat(8);
    let row = |n: usize| {
        json!({"stream": format!("{name}{n}"), "task": {"id": format!("{name}{n}"), "text": "Rex"},
               "attempts": [{"steps": [{"actor": "user", "text": "My dog is called Rex."}]}]})
    };
    let question = |n: usize| {
        json!({"stream": format!("{name}{n}"), "stage": 1, "task": {"id": format!("q{n}"), "text": "My dog?"},
               "question": {"answers": ["Rex"]}})
    };
    let header = json!({"format": 1, "name": "wide-".repeat(12) + "x", "lane": "evidence", "summary": name,
                        "left_out": [name.clone() + " " + &name], "budgets": [64]});
    let rows = std::iter::once(header)
        .chain((0..2).map(row))
        .chain((0..2).map(question));
    rows.map(|row| format!("{row}\n")).collect()
}

#[test]
fn everything_that_is_printed_fits_the_page() {
    let place = Place::new();
    place.write("pets.jsonl", PETS);
    place.write("wide.jsonl", wide());
    place.write("broken.jsonl", PETS.replace("\"answers\"", "\"answer\""));
    std::fs::copy(memhost_tests::plugin("garbled"), place.path("garbled.wasm")).unwrap();
    let long = format!("{}=rag", "a-long-name".repeat(5));
    let commands: [&[&str]; 20] = [
        &["inspect", "rag"],
        &["inspect", "./garbled.wasm"],
        &["inspect", "tide"],
        &["check", "rag"],
        &["check", "./garbled.wasm", "--set", "garbled.do=panic"],
        &["suite", "list"],
        &["suite", "fields"],
        &["suite", "show", "evidence"],
        &["suite", "show", "forecast"],
        &["suite", "show", "wide.jsonl"],
        &["suite", "check", "wide.jsonl"],
        &["suite", "check", "broken.jsonl"],
        &[
            "compare",
            "rag",
            "recency",
            "--suite",
            "pets.jsonl",
            "--output",
            "out",
        ],
        &[
            "compare",
            "rag",
            &long,
            "--suite",
            "wide.jsonl",
            "--no-check",
        ],
        &[
            "compare",
            "reasoningbank",
            "rag",
            "--suite",
            "transfer",
            "--no-check",
        ],
        &[
            "compare",
            "rag",
            "tide",
            "--suite",
            "forecast,routing",
            "--no-check",
        ],
        &[
            "compare",
            "./garbled.wasm",
            "--set",
            "garbled.do=fault",
            "--suite",
            "pets.jsonl",
            "--no-check",
        ],
        &["report", "out"],
        &["reproduce", "out"],
        &["compare", "rga"],
    ];
    for columns in [80, 60] {
        for arguments in commands {
            fits(&place, arguments, columns);
        }
        for command in [
            &[][..],
            &["compare"],
            &["check"],
            &["suite"],
            &["suite", "import"],
            &["store"],
        ] {
            fits(&place, &[command, &["--help"]].concat(), columns);
        }
    }
}

#[test]
fn what_has_no_room_beside_stands_underneath_and_nothing_is_left_out() {
    let place = Place::new();
    place.write("pets.jsonl", PETS);
    let arguments = [
        "compare",
        "rag",
        "recency",
        "--suite",
        "pets.jsonl",
        "--no-check",
    ];
    let wide = fits(&place, &arguments, 300);
    let narrow = fits(&place, &arguments, 60);
    let titles = |said: &Said| {
        let headings = said
            .out
            .lines()
            .filter(|line| line.starts_with("strategy "));
        let mut titles: Vec<String> = headings
            .flat_map(|line| line.split_whitespace().map(str::to_owned))
            .filter(|word| word != "strategy")
            .collect();
        titles.sort();
        titles
    };
    // Costs and standings; other metrics than the primary one are named in a note.
    for title in ["rank", "effect", "gained", "frontier", "retrieve", "wall"] {
        assert!(
            titles(&wide).contains(&title.to_owned()),
            "{title}: {}",
            wide.out
        );
        assert!(
            titles(&narrow).contains(&title.to_owned()),
            "{title}: {}",
            narrow.out
        );
    }
    assert!(
        narrow.out.contains("with --format json or csv also"),
        "{}",
        narrow.out
    );
}
