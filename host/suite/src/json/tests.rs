use serde::Deserialize;

use super::*;

const SHAPE: Meant = Meant::Published("a pet has `name` and `age`");

#[derive(Debug, PartialEq, Deserialize)]
struct Pet {
    name: String,
    age: Option<f64>,
}

fn read(content: &str) -> Result<Vec<(usize, Pet)>, String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), content).unwrap();
    rows(file.path(), SHAPE).map_err(|error| {
        let said = error.to_string();
        said.replace(&file.path().display().to_string(), "FILE")
    })
}

fn pet(name: &str, age: f64) -> Pet {
    Pet {
        name: name.into(),
        age: Some(age),
    }
}

#[test]
fn rows_are_read_in_every_layout_with_their_lines() {
    let layouts: [(&str, [usize; 2]); 9] = [
        (
            "{\"name\": \"a\", \"age\": 1}\n\n{\"name\": \"b\", \"age\": 2}",
            [1, 3],
        ),
        (
            "[{\"name\": \"a\", \"age\": 1}, {\"name\": \"b\", \"age\": 2}]",
            [1, 1],
        ),
        (
            "\n[\n {\"name\": \"a\",\n \"age\": 1},\n {\"name\": \"b\", \"age\": 2}\n]\n",
            [3, 5],
        ),
        (
            "{\n\"name\": \"a\", \"age\": 1}\n{\"name\": \"b\",\n\"age\": 2}",
            [1, 3],
        ),
        (
            "{\n\"name\": \"a\", \"age\": 1}{\"name\": \"b\",\n\"age\": 2}",
            [1, 2],
        ),
        (
            "{\"data\": [{\"name\": \"a\", \"age\": 1}, {\"name\": \"b\", \"age\": 2}]}",
            [1, 1],
        ),
        (
            "{\"version\": 2,\n \"rows\": [\n{\"name\": \"a\", \"age\": 1},\n{\"name\": \"b\", \"age\": 2}]}",
            [3, 4],
        ),
        (
            "{\n \"train\":\n [{\"name\": \"a\", \"age\": 1},\n{\"name\": \"b\", \"age\": 2}], \"n\": 2\n}",
            [3, 4],
        ),
        (
            "\n\n  {\"name\": \"a\", \"age\": 1}\r\n  {\"name\": \"b\", \"age\": 2}\r\n",
            [3, 4],
        ),
    ];
    for (content, [first, second]) in layouts {
        let expected = vec![(first, pet("a", 1.0)), (second, pet("b", 2.0))];
        assert_eq!(read(content), Ok(expected), "{content}");
    }
    // One alone, in one line or several.
    for content in [
        "{\"name\": \"a\", \"age\": 1}",
        "{\"name\": \"a\",\n\"age\": 1\n}\n",
        "[{\"name\": \"a\", \"age\": 1}]",
    ] {
        assert_eq!(read(content), Ok(vec![(1, pet("a", 1.0))]), "{content}");
    }
    assert_eq!(read("[]"), Ok(vec![]));
    assert!(read(" \n").unwrap_err().contains("the file is empty"));
}

#[test]
fn what_breaks_is_named_with_line_column_and_field_in_every_layout() {
    let cases = [
        (
            "{\"name\": \"a\"}\n{\"name\": 2}",
            "line 2, field `name`: column 10:",
        ),
        (
            "[{\"name\": \"a\"},\n {\"name\": 2}]",
            "line 2, field `[1].name`: column 11:",
        ),
        (
            "[{\"name\": \"a\"}, {\"name\": 2}]",
            "line 1, field `[1].name`: column 26:",
        ),
        (
            "{\"data\": [\n{\"name\": \"a\"},\n{\"name\": 2}]}",
            "line 3, field `data[1].name`: column 10:",
        ),
        (
            "{\n\"name\": \"a\"}\n{\n\"name\": 2}",
            "line 4, field `name`: column 9:",
        ),
        ("{\"names\": 1}", "line 1: column 12: missing field `name`"),
        ("[1]", "line 1, field `[0]`: column 2:"),
    ];
    for (content, expected) in cases {
        let said = read(content).unwrap_err();
        assert!(said.contains(expected), "{content}: {said}");
        // The advice is about what was meant.
        assert!(
            said.contains("a pet has `name` and `age`") && !said.contains("suite fields"),
            "{said}"
        );
    }
    for torn in [
        "{\"name\": \"a\"}\n{\"name\": \"b",
        "[{\"name\": \"a\"}, {\"na",
        "{\n\"name\": \"a\"",
    ] {
        let said = read(torn).unwrap_err();
        assert!(
            said.contains("it ends before it is complete"),
            "{torn}: {said}"
        );
    }
}

#[test]
fn words_of_other_languages_are_called_by_their_name() {
    let python = "Python's json module writes it where a number is none";
    let cases = [
        ("NaN", "`NaN` is no JSON", python),
        ("nan", "`nan` is no JSON", python),
        ("Infinity", "`Infinity` is no JSON", python),
        ("-Infinity", "`-Infinity` is no JSON", python),
        ("-inf", "`-inf` is no JSON", python),
        ("None", "`None` is no JSON", "JSON has true, false and null"),
        ("True", "`True` is no JSON", "JSON has true, false and null"),
        (
            "undefined",
            "`undefined` is no JSON",
            "leaves the field out",
        ),
    ];
    for (word, called, advice) in cases {
        let layouts = [
            (
                format!("{{\"name\": \"a\"}}\n{{\"name\": \"NaN\", \"age\": {word}}}"),
                "line 2",
            ),
            (
                format!("[{{\"name\": \"a\"}},\n\n {{\"name\": \"NaN\", \"age\": {word}}}]"),
                "line 3",
            ),
            (
                format!("{{\n\"name\": \"NaN\",\n\"age\": {word}\n}}"),
                "line 3",
            ),
        ];
        for (content, line) in layouts {
            let said = read(&content).unwrap_err();
            for expected in [line, "column", called, advice] {
                assert!(said.contains(expected), "{content}: {expected}: {said}");
            }
        }
    }
}
