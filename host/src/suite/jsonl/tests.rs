use std::path::PathBuf;

use super::super::{Problem, Question, Severity, check};
use super::*;

/// A suite file that lives as long as the test.
struct File {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn file(content: impl AsRef<[u8]>) -> File {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.jsonl");
    std::fs::write(&path, content).unwrap();
    File {
        _folder: folder,
        path,
    }
}

const HEADER: &str = r#"{"format": 1, "name": "mine", "lane": "evidence"}"#;
const SESSION: &str = r#"{"task": {"id": "s", "text": "Talk"}, "attempts": [{"steps": [{"actor": "user", "text": "I am 41."}]}]}"#;
const QUESTION: &str = r#"{"stage": 1, "task": {"id": "q", "text": "How old am I?"}, "question": {"answers": ["41"], "gold": ["s-0#0"]}}"#;

fn read_lines(lines: &[&str]) -> Result<Suite, String> {
    read(&file(lines.join("\n")).path).map_err(|error| error.to_string())
}

fn error(lines: &[&str]) -> String {
    read_lines(lines).unwrap_err()
}

#[test]
fn a_small_suite_is_read_with_its_defaults() {
    let suite = read_lines(&[HEADER, "", SESSION, QUESTION]).unwrap();
    assert_eq!(suite.budgets, [128, 256, 512, 4096]);
    assert_eq!(suite.primary, "answer@256");
    assert_eq!(suite.streams.len(), 1);
    assert_eq!(suite.streams[0].name, "main");
    let session = &suite.streams[0].stages[0].episodes[0];
    assert_eq!(session.attempts[0].id, "s-0");
    assert_eq!(session.group, "s");
    assert_eq!(check(&suite), []);
}

#[test]
fn a_broken_line_is_named_with_its_field() {
    let wrong_type = SESSION.replace(r#""I am 41.""#, "41");
    let said = error(&[HEADER, QUESTION, &wrong_type]);
    assert!(
        said.contains("line 3, field `attempts[0].steps[0].text`"),
        "{said}"
    );
    assert!(said.contains("expected a string"), "{said}");

    let said = error(&[HEADER, "", &QUESTION.replace("answers", "anwsers")]);
    assert!(said.contains("line 3, field `question.anwsers`"), "{said}");
    assert!(said.contains("expected one of `answers`"), "{said}");

    let said = error(&[HEADER, &SESSION.replace(r#""id": "s", "#, "")]);
    assert!(said.contains("line 2, field `task`"), "{said}");
    assert!(said.contains("missing field `id`"), "{said}");

    let said = error(&[HEADER, &SESSION.replace("user", "robot")]);
    assert!(
        said.contains("field `attempts[0].steps[0].actor`"),
        "{said}"
    );
    assert!(said.contains("expected one of `user`, `thought`"), "{said}");

    let said = error(&[HEADER, &SESSION[..30]]);
    assert!(said.contains("line 2"), "{said}");
    assert!(said.contains("no valid JSON"), "{said}");

    let said = error(&[HEADER, &format!("{SESSION} {QUESTION}")]);
    assert!(
        said.contains("line 2") && said.contains("trailing characters"),
        "{said}"
    );
}

#[test]
fn values_out_of_range_are_named_with_their_field() {
    let scored = |score: &str| {
        SESSION.replace(
            r#""steps""#,
            &format!(r#""outcome": {{"score": {score}}}, "steps""#),
        )
    };
    assert!(read_lines(&[HEADER, &scored("1"), QUESTION]).is_ok());
    let said = error(&[HEADER, &scored("1.5")]);
    assert!(said.contains("field `attempts[0].outcome.score`"), "{said}");
    let said = error(&[HEADER, &scored("1e999")]);
    assert!(said.contains("number out of range"), "{said}");
    let said = error(&[
        HEADER,
        &SESSION.replace(r#"{"steps""#, r##"{"id": "a#1", "steps""##),
    ]);
    assert!(said.contains("field `attempts[0].id`"), "{said}");
    let said = error(&[
        HEADER,
        &QUESTION.replace(r#""stage": 1"#, r#""stage": 1000000000"#),
    ]);
    assert!(said.contains("field `stage`"), "{said}");
    let said = error(&[
        HEADER,
        &QUESTION.replace(r#""gold""#, r#""kind": "x", "gold""#),
    ]);
    assert!(said.contains("field `question`"), "{said}");
}

#[test]
fn a_header_that_is_missing_or_of_another_version_is_refused() {
    assert!(error(&[""]).contains("the file is empty"));
    let said = error(&[SESSION]);
    assert!(said.contains("line 1") && said.contains("`task`"), "{said}");
    let said = error(&[&HEADER.replace("1", "2")]);
    assert!(said.contains("this memhost reads version 1"), "{said}");
}

#[test]
fn a_lone_surrogate_is_an_error_that_names_the_line() {
    for text in [r"\ud83e", r"\udd80", r"\ud83e\ud83e"] {
        let said = error(&[HEADER, &SESSION.replace("I am 41.", text)]);
        assert!(said.contains("line 2"), "{said}");
        assert!(said.contains("half of a character"), "{said}");
    }
}

#[test]
fn every_text_that_is_utf_8_comes_back_as_it_was() {
    let text = r"a\u0000b \ud83e\udd80 🦀 שלום \u202eمرحبا\u202c \u2028 日本 e\u0301";
    let suite = read_lines(&[HEADER, &SESSION.replace("I am 41.", text), QUESTION]).unwrap();
    let read = &suite.streams[0].stages[0].episodes[0].attempts[0].steps[0].text;
    assert_eq!(
        read,
        "a\0b 🦀 🦀 שלום \u{202e}مرحبا\u{202c} \u{2028} 日本 e\u{301}"
    );
    let again = file("");
    suite.write_jsonl(&again.path).unwrap();
    assert_eq!(super::read(&again.path).unwrap(), suite);
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let raw_nul = SESSION.replace("41", "4\u{0}1");
    assert!(error(&[HEADER, &raw_nul]).contains("control character"));
    let mut bytes = HEADER.as_bytes().to_vec();
    bytes.extend(b"\n{\"task\": {\"id\": \"\xff\", \"text\": \"\"}}");
    let said = read(&file(bytes).path).unwrap_err().to_string();
    assert!(said.contains("line 2") && said.contains("UTF-8"), "{said}");
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_do_not_matter() {
    let file = file(format!("\u{feff}{HEADER}\r\n{SESSION}\r\n{QUESTION}\r\n"));
    assert_eq!(read(&file.path).unwrap().questions().count(), 1);
}

#[test]
fn a_document_of_50_mb_is_read_and_remarked_upon() {
    let long = "word ".repeat(10 << 20);
    let suite = read_lines(&[HEADER, &SESSION.replace("I am 41.", &long), QUESTION]).unwrap();
    let remark = |problem: &Problem| {
        problem.severity == Severity::Warning && problem.message.contains("52.4 MB")
    };
    assert!(check(&suite).iter().any(remark), "{:?}", check(&suite));
}

#[test]
fn a_line_without_end_is_refused() {
    let endless = vec![b' '; usize::try_from(LONGEST_LINE).unwrap() + 2];
    let said = read(&file(endless).path).unwrap_err().to_string();
    assert!(said.contains("line 1: it is longer than 128 MiB"), "{said}");
}

#[test]
fn deep_nesting_is_refused_without_a_crash() {
    let deep = format!("{}{}", r#"{"task":"#.repeat(100_000), "}".repeat(100_000));
    let said = error(&[HEADER, &deep]);
    assert!(said.contains("line 2"), "{said}");
}

#[test]
fn what_is_written_is_read_again() {
    for suite in [
        Suite::load("evidence").unwrap(),
        Suite::load("transfer").unwrap(),
    ] {
        let file = file("");
        suite.write_jsonl(&file.path).unwrap();
        assert_eq!(read(&file.path).unwrap(), suite);
    }
}

#[test]
fn stages_and_streams_keep_their_place() {
    let header = HEADER.replace("}", r#", "shuffled": [2]}"#);
    let other = QUESTION
        .replace(r#""stage": 1"#, r#""stage": 2, "stream": "other""#)
        .replace(r#""id": "q""#, r#""id": "q2""#);
    let suite = read_lines(&[&header, &other, SESSION, QUESTION]).unwrap();
    assert_eq!(suite.streams[0].name, "other");
    let shuffled: Vec<bool> = suite.streams[0].stages.iter().map(|s| s.shuffled).collect();
    assert_eq!(shuffled, [false, false, true]);
    assert_eq!(suite.streams[1].stages.len(), 2);
    assert!(matches!(
        suite.streams[1].stages[1].episodes[0].question,
        Some(Question::Evidence { .. })
    ));
}

proptest::proptest! {
    #[test]
    fn no_bytes_crash_the_reader(bytes: Vec<u8>) {
        let mut content = HEADER.as_bytes().to_vec();
        content.push(b'\n');
        content.extend(&bytes);
        let _ = read(&file(content).path);
        let _ = read(&file(bytes).path);
    }

    #[test]
    fn any_text_survives_a_round_trip(text: String, id in "[^#]{1,20}", score in proptest::option::of(0.0..=1.0f64)) {
        let mut suite = Suite::load("transfer").unwrap();
        suite.streams.truncate(1);
        let episode = &mut suite.streams[0].stages[0].episodes[0];
        episode.task.text.clone_from(&text);
        let attempt = &mut episode.attempts[0];
        attempt.task.text = text.clone();
        attempt.id = id;
        attempt.outcome.score = score;
        attempt.outcome.reason.clone_from(&text);
        attempt.steps[0].text = text;
        let file = file("");
        suite.write_jsonl(&file.path).unwrap();
        proptest::prop_assert_eq!(read(&file.path).unwrap(), suite);
    }
}
