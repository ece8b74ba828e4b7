use std::path::PathBuf;

use memhost_contract::{Actor, Attempt, Finding, Source, Step, Tool};
use proptest::prelude::*;

use super::super::{
    AnswerCheck, Diagnostic, HiddenProblem, Lane, Matching, Question, Severity, Slot, Stage,
    Timing, check, recorded,
};
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
const QUESTION: &str = r#"{"stage": 1, "task": {"id": "q", "text": "How old am I?"}, "question": {"answers": ["41"], "gold": [{"attempt": "s-0", "step": 0}]}}"#;

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

/// The question with this as its only `gold`.
fn with_gold(gold: &str) -> String {
    QUESTION.replace(r#"{"attempt": "s-0", "step": 0}"#, gold)
}

#[test]
fn a_step_that_is_named_by_a_text_is_looked_up_wherever_its_attempt_stands() {
    let former = with_gold(r#""s-0#0""#);
    let expected = read_lines(&[HEADER, SESSION, QUESTION]).unwrap();
    assert_eq!(read_lines(&[HEADER, SESSION, &former]).unwrap(), expected);
    assert!(read_lines(&[HEADER, &former, SESSION]).is_ok());

    let odd = SESSION.replace(r#"{"steps""#, r##"{"id": "s#0 #1", "steps""##);
    let suite = read_lines(&[HEADER, &odd, &with_gold(r#""s#0 #1#0""#)]).unwrap();
    let (_, question) = suite.questions().next().unwrap();
    let Question::Evidence { gold, .. } = question else {
        panic!("{question:?}");
    };
    assert_eq!(gold, &[Source::step("s#0 #1", 0)]);
    assert_eq!(check(&suite), []);
}

#[test]
fn a_text_that_names_nothing_or_several_things_is_refused_and_told_how_it_is_written() {
    for nowhere in ["s-0#1", "s-0#00", "s-0#", "s-1#0", "", "s-0 #0"] {
        let said = error(&[HEADER, SESSION, &with_gold(&format!("{nowhere:?}"))]);
        assert!(said.contains("line 3, field `question.gold[0]`"), "{said}");
        assert!(said.contains("names no attempt of this suite"), "{said}");
        assert!(
            said.contains(r#"write {"attempt": ID, "step": NUMBER}"#),
            "{said}"
        );
    }
    let other = r##"{"task": {"id": "o", "text": "Talk"}, "attempts": [{"id": "s-0#0"}]}"##;
    let said = error(&[HEADER, SESSION, other, &with_gold(r#""s-0#0""#)]);
    assert!(said.contains("may be step 0 of s-0 or s-0#0"), "{said}");

    // An attempt as a whole is no place, which the check says.
    let whole = read_lines(&[HEADER, SESSION, &with_gold(r#""s-0""#)]).unwrap();
    assert!(
        check(&whole)[0]
            .message
            .contains("`gold` names s-0, which is no step")
    );

    let said = error(&[HEADER, SESSION, &with_gold("7")]);
    assert!(said.contains("line 3, field `question.gold[0]`"), "{said}");
    assert!(
        said.contains(r#"expected {"attempt": ID, "step": NUMBER}"#),
        "{said}"
    );
    let said = error(&[
        HEADER,
        SESSION,
        &with_gold(r#"{"attempt": "s-0", "steps": 0}"#),
    ]);
    assert!(said.contains("field `question.gold[0].steps`"), "{said}");
}

#[test]
fn more_tries_than_anybody_makes_are_refused_before_anything_is_made_of_them() {
    let header = r#"{"format": 1, "name": "mine", "lane": "retry"}"#;
    let asked = |tries: u32| {
        let slot = r#"{"name": "dial", "values": ["a", "b"], "right": "a"}"#;
        let question = format!(r#"{{"slots": [{slot}], "noise": 0, "tries": {tries}}}"#);
        read_lines(&[
            header,
            &format!(r#"{{"task": {{"id": "t", "text": "Set it."}}, "question": {question}}}"#),
        ])
    };
    for many in [101, u32::MAX] {
        let said = asked(many).unwrap_err();
        assert!(said.contains("line 2, field `question.tries`"), "{said}");
        assert!(said.contains("at most 100 times"), "{said}");
    }
    assert_eq!(check(&asked(100).unwrap()), []);
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
    assert!(said.contains("it ends before it is complete"), "{said}");

    let said = error(&[HEADER, &format!("{SESSION} {QUESTION}")]);
    assert!(
        said.contains("line 2") && said.contains("trailing characters"),
        "{said}"
    );
}

/// The line after a torn one has nothing to do with it, and neither has what ends a line.
#[test]
fn a_torn_line_is_named_and_not_the_next_one() {
    let torn = &SESSION[..SESSION.len() - 12];
    for end in ["\n", "\r\n"] {
        let lines = [HEADER, QUESTION, torn, SESSION].join(end);
        let said = read(&file(lines).path).unwrap_err().to_string();
        let place = "line 3, field `attempts[0].steps[0].text`";
        assert!(said.contains(place), "{said}");
        assert!(said.contains("EOF while parsing a string"), "{said}");
        assert!(said.contains("it ends before it is complete"), "{said}");
    }
}

#[test]
fn what_was_expected_is_said_in_words_of_json() {
    let stage = |value: &str| QUESTION.replace("\"stage\": 1", &format!("\"stage\": {value}"));
    let steps =
        |value: &str| SESSION.replace("{\"actor\": \"user\", \"text\": \"I am 41.\"}", value);
    for (line, expected) in [
        ("7".to_owned(), "integer `7`, expected an object"),
        ("[]".to_owned(), "invalid type: list, expected an object"),
        (stage("-1"), "expected a whole number that is not negative"),
        (stage("{}"), "invalid type: object, expected a whole number"),
        (steps("5"), "expected an object"),
        (SESSION.replace("\"s\"", "{}"), "expected a string"),
        (
            QUESTION.replace("[\"41\"]", "{}"),
            "invalid type: object, expected a list",
        ),
        (
            QUESTION.replace("\"gold\"", "\"market\": \"x\", \"gold\""),
            "expected a number",
        ),
        (
            QUESTION.replace("\"question\"", "\"check\": {\"exact\": 1}, \"question\""),
            "expected an object",
        ),
    ] {
        let said = error(&[HEADER, &line]);
        assert!(said.contains(expected), "{expected}: {said}");
        for word in ["usize", "f64", "struct", "enum", "Row", "sequence", " map"] {
            assert!(!said.contains(word), "{word}: {said}");
        }
    }
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
        &SESSION.replace(r#"{"steps""#, r#"{"id": "", "steps""#),
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
fn a_list_and_objects_of_several_lines_are_the_same_suite() {
    let expected = read_lines(&[HEADER, SESSION, QUESTION]).unwrap();
    let pretty = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        serde_json::to_string_pretty(&value).unwrap()
    };
    let rows = [HEADER, SESSION, QUESTION];
    let layouts = [
        format!("[{}]", rows.join(",")),
        format!("[\n{}\n]\n", rows.join(",\n")),
        format!("\n\n[{}]", rows.map(pretty).join(",\n")),
        rows.map(pretty).join("\n"),
        format!("{}\n{SESSION}\n{QUESTION}", pretty(HEADER)),
    ];
    for layout in layouts {
        assert_eq!(read(&file(&layout).path).unwrap(), expected, "{layout}");
        for encode in super::super::source::tests::ENCODINGS {
            assert_eq!(
                read(&file(encode(&layout)).path).unwrap(),
                expected,
                "{layout}"
            );
        }
    }
    let broken = QUESTION.replace("answers", "anwsers");
    let said = error(&["[", HEADER, ",", SESSION, ",", &broken, "]"]);
    assert!(
        said.contains("line 6, field `[2].question.anwsers`"),
        "{said}"
    );
}

#[test]
fn a_number_that_is_none_is_called_nan_with_its_place() {
    let scored = SESSION.replace(r#""steps""#, r#""outcome": {"score": NaN}, "steps""#);
    let said = error(&[HEADER, &scored]);
    for expected in [
        "line 2, field `attempts[0].outcome.score`",
        "`NaN` is no JSON",
        "write null",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    assert!(read_lines(&[HEADER, &scored.replace("NaN", "null"), QUESTION]).is_ok());
}

#[test]
fn a_data_set_that_is_taken_for_a_suite_is_known_by_its_fields() {
    let said = error(&[r#"[{"sample_id": "1", "conversation": {}, "qa": []}]"#]);
    assert!(
        said.contains("this looks like `locomo`, which is read as `locomo:"),
        "{said}"
    );
    let said = error(&[SESSION]);
    assert!(said.contains("a suite starts with a header"), "{said}");
    assert!(said.contains("`<format>:<path>`"), "{said}");
}

#[test]
fn what_is_left_out_survives_a_round_trip() {
    let mut suite = read_lines(&[HEADER, SESSION, QUESTION]).unwrap();
    suite.left_out = vec!["2 questions: no outcomes yet".into()];
    let again = file("");
    suite.write_jsonl(&again.path).unwrap();
    assert_eq!(read(&again.path).unwrap(), suite);
}

/// A pipe has no length, cannot be read twice, and may give a byte at a time.
#[cfg(unix)]
#[test]
fn a_named_pipe_is_a_file_like_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo")
        .arg(&path)
        .status()
        .unwrap();
    assert!(made.success());
    let writer = std::thread::spawn({
        let path = path.clone();
        move || std::fs::write(path, [HEADER, SESSION, QUESTION].join("\n")).unwrap()
    });
    let suite = Suite::load(&path.to_string_lossy()).unwrap();
    writer.join().unwrap();
    assert_eq!(suite.questions().count(), 1);
}

#[test]
fn a_document_of_50_mb_is_read_and_remarked_upon() {
    let long = "word ".repeat(10 << 20);
    let suite = read_lines(&[HEADER, &SESSION.replace("I am 41.", &long), QUESTION]).unwrap();
    let remark = |problem: &Diagnostic| {
        problem.severity == Severity::Warning && problem.message.contains("52.4 MB")
    };
    assert!(check(&suite).iter().any(remark), "{:?}", check(&suite));
}

#[test]
fn a_line_without_end_is_refused() {
    let endless = vec![b' '; usize::try_from(super::super::source::LONGEST_LINE).unwrap() + 2];
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
    for builtin in super::super::builtin() {
        let suite = Suite::load(builtin.name).unwrap();
        let file = file("");
        suite.write_jsonl(&file.path).unwrap();
        assert_eq!(read(&file.path).unwrap(), suite);
    }
}

const ROUTING: &str = r#"{"format": 1, "name": "mine", "lane": "routing"}"#;
const ROUTE: &str = r#"{"task": {"id": "t", "text": "6 times 7?"}, "question": {"values": {"small": 0.25, "large": 1}}, "check": {"numeric": {"value": 42}}, "attempts": [{"agent": {"id": "small", "model": "s", "rank": 0}, "outcome": {"score": 0}}, {"agent": {"id": "large", "model": "l", "rank": 1}, "outcome": {"score": 1}}, {"agent": {"id": "large", "model": "l", "rank": 1}, "outcome": {"score": 1}}]}"#;
const FORECASTS: &str = r#"{"format": 1, "name": "mine", "lane": "forecast", "batched": [0, 2], "warm_up": [0], "changed": [2]}"#;
const FORECAST: &str = r#"{"stage": 2, "task": {"id": "t", "text": "Rain?"}, "asked": 1000, "known": 2000, "question": {"happened": true, "source": "weather", "horizon": "7", "market": 0.5}}"#;
const DISCOVERIES: &str = r#"{"format": 1, "name": "mine", "lane": "discovery"}"#;
const DISCOVERY: &str = r#"{"task": {"id": "t", "text": "Review", "documents": [{"id": "d", "text": "return x;", "labels": {"file": "a.rs"}}]}, "question": {"problems": [{"problem": "p", "place": "a.rs", "evidence": ["d"]}], "reports": 3}}"#;

#[test]
fn the_other_lanes_are_read_with_their_defaults() {
    let suite = read_lines(&[ROUTING, ROUTE]).unwrap();
    assert_eq!(suite.primary, "success");
    let episode = &suite.streams[0].stages[0].episodes[0];
    let trials: Vec<u32> = episode.attempts.iter().map(|a| a.trial).collect();
    assert_eq!(trials, [0, 0, 1]);
    assert_eq!(
        episode.check,
        Some(AnswerCheck::Numeric {
            value: 42.0,
            tolerance: 0.0
        })
    );

    let suite = read_lines(&[FORECASTS, FORECAST]).unwrap();
    assert_eq!(suite.primary, "market-brier");
    let stages = &suite.streams[0].stages;
    let batched: Vec<bool> = stages.iter().map(|stage| stage.batched).collect();
    assert_eq!(batched, [true, false, true]);
    let warm_up: Vec<bool> = stages.iter().map(|stage| stage.warm_up).collect();
    assert_eq!(warm_up, [true, false, false]);
    let changed: Vec<bool> = stages.iter().map(|stage| stage.changed).collect();
    assert_eq!(changed, [false, false, true]);
    let timing = stages[2].episodes[0].timing;
    assert_eq!((timing.asked, timing.known), (Some(1e3), Some(2e3)));
    let bare = FORECAST.replace(r#", "market": 0.5"#, "");
    assert_eq!(read_lines(&[FORECASTS, &bare]).unwrap().primary, "brier");

    let suite = read_lines(&[DISCOVERIES, DISCOVERY]).unwrap();
    assert_eq!(suite.primary, "coverage@10");
    let attempts = DISCOVERIES.replace("discovery", "attempts");
    let suite = read_lines(&[&attempts, SESSION]).unwrap();
    assert_eq!((suite.budgets, suite.primary), (vec![], String::new()));
}

#[test]
fn a_question_of_several_pieces_is_read_and_one_without_answer_says_so() {
    let header = HEADER.replace("evidence", "hops");
    let hops = QUESTION.replace(r#""gold""#, r#""pieces": ["I am 41."], "gold""#);
    let nothing =
        r#"{"stage": 1, "task": {"id": "r", "text": "Why?"}, "question": {"unanswerable": true}}"#;
    let suite = read_lines(&[&header, SESSION, &hops, nothing]).unwrap();
    assert_eq!(suite.primary, "pieces@256");
    let questions: Vec<&Question> = suite.questions().map(|(_, question)| question).collect();
    let [Question::Evidence { pieces, .. }, Question::Unanswerable] = &questions[..] else {
        panic!("{questions:?}");
    };
    assert_eq!(pieces, &["I am 41."]);
    let both = nothing.replace("true", r#"true, "answers": ["so"]"#);
    let said = error(&[&header, SESSION, &both]);
    assert!(said.contains("`unanswerable`"), "{said}");
}

/// Lines with one thing wrong, the field that is to be named, and a part of what is to be said.
#[test]
fn what_cannot_be_is_refused_with_its_line_and_field() {
    let cases = [
        (
            ROUTING,
            ROUTE,
            "0.25",
            "1.25",
            "question.values.small",
            "0..=1",
        ),
        (
            ROUTING,
            ROUTE,
            "\"small\": 0.25",
            "\"tiny\": 0.25",
            "question.values.tiny",
            "no attempt",
        ),
        (
            ROUTING,
            ROUTE,
            "\"score\": 0}",
            "\"score\": -1}",
            "attempts[0].outcome.score",
            "0..=1",
        ),
        (
            ROUTING,
            ROUTE,
            "numeric",
            "numbers",
            "check",
            "unknown variant",
        ),
        (
            ROUTING,
            ROUTE,
            "\"value\": 42",
            "\"value\": \"42\"",
            "check.numeric.value",
            "expected a number",
        ),
        (
            FORECASTS,
            FORECAST,
            "2000",
            "999",
            "known",
            "before the question is asked",
        ),
        (FORECASTS, FORECAST, "1000", "-1", "asked", "milliseconds"),
        (
            FORECASTS,
            FORECAST,
            "2000",
            "1e300",
            "known",
            "milliseconds",
        ),
        (
            FORECASTS,
            FORECAST,
            "\"happened\": true, ",
            "",
            "question.happened",
            "missing",
        ),
        (
            FORECASTS,
            FORECAST,
            "\"source\": \"weather\", ",
            "",
            "question.source",
            "missing",
        ),
        (
            FORECASTS,
            FORECAST,
            "\"horizon\": \"7\", ",
            "",
            "question.horizon",
            "missing",
        ),
        (FORECASTS, FORECAST, "0.5", "50", "question.market", "0..=1"),
        (
            FORECASTS,
            FORECAST,
            "true",
            "1",
            "question.happened",
            "expected a boolean",
        ),
        (
            DISCOVERIES,
            DISCOVERY,
            "\"reports\": 3",
            "\"reports\": 0",
            "question.reports",
            "at least one",
        ),
        (
            DISCOVERIES,
            DISCOVERY,
            ", \"reports\": 3",
            "",
            "question.reports",
            "missing",
        ),
        (
            DISCOVERIES,
            DISCOVERY,
            "\"place\": \"a.rs\", ",
            "",
            "question.problems[0]",
            "missing field `place`",
        ),
        (
            DISCOVERIES,
            DISCOVERY,
            "\"reports\": 3",
            "\"kind\": \"x\", \"reports\": 3",
            "question",
            "either",
        ),
        (
            ROUTING,
            ROUTE,
            "\"question\": {",
            "\"question\": {\"matching\": \"words\", ",
            "question",
            "either",
        ),
    ];
    for (header, line, right, wrong, field, said) in cases {
        assert!(read_lines(&[header, line]).is_ok());
        assert!(line.contains(right), "{right}");
        let error = error(&[header, &line.replacen(right, wrong, 1)]);
        assert!(
            error.contains(&format!("line 2, field `{field}`")) && error.contains(said),
            "{wrong}: {error}"
        );
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

/// A suite of one episode with any question, check and findings at any time.
fn suites() -> impl Strategy<Value = Suite> {
    let moments = proptest::option::of((0.0..1e15f64, proptest::option::of(0.0..1e12f64)));
    let findings = proptest::collection::vec(findings(), 0..3);
    let stages = proptest::array::uniform3(proptest::array::uniform5(any::<bool>()));
    (
        questions(),
        proptest::option::of(checks()),
        findings,
        moments,
        any::<u32>(),
        stages,
    )
        .prop_map(|(question, check, findings, moments, trial, stages)| {
            let task = recorded::task("t".into(), String::new(), &[]);
            let agents: Vec<String> = match &question {
                Question::Route { values } => values.keys().cloned().collect(),
                _ => vec!["a".into()],
            };
            let attempts = agents
                .into_iter()
                .enumerate()
                .map(|(number, agent)| Attempt {
                    agent: recorded::agent(&agent),
                    trial,
                    findings: findings.clone(),
                    ..recorded::attempt(
                        format!("t-{number}"),
                        &task,
                        0,
                        vec![],
                        recorded::unknown(),
                    )
                });
            let episode = Episode {
                attempts: attempts.collect(),
                question: Some(question),
                withheld: vec![],
                group: "t".into(),
                timing: Timing {
                    asked: moments.map(|(asked, _)| asked),
                    known: moments.and_then(|(asked, later)| Some(asked + later?)),
                },
                check,
                task,
            };
            let mut stages = stages.map(|[shuffled, batched, warm_up, changed, probe]| Stage {
                shuffled,
                batched,
                warm_up,
                changed,
                probe,
                episodes: vec![],
            });
            stages[2].episodes.push(episode);
            Suite {
                name: "mine".into(),
                lane: Lane::Discovery,
                summary: String::new(),
                left_out: Vec::new(),
                streams: vec![Stream {
                    name: "main".into(),
                    stages: stages.into(),
                }],
                budgets: vec![1],
                primary: "coverage@10".into(),
            }
        })
}

fn questions() -> impl Strategy<Value = Question> {
    let texts = || proptest::collection::vec(any::<String>(), 0..3);
    let values = proptest::collection::btree_map(any::<String>(), 0.0..=1.0f64, 1..4);
    let hidden =
        (any::<String>(), any::<String>(), texts()).prop_map(|(problem, place, evidence)| {
            HiddenProblem {
                problem,
                place,
                evidence,
            }
        });
    let forecast = (
        any::<bool>(),
        any::<String>(),
        any::<String>(),
        proptest::option::of(0.0..=1.0f64),
    );
    prop_oneof![
        (texts(), 0.0..=0.5f64, 2..=100u32).prop_map(|(values, noise, tries)| {
            let slots = values.into_iter().map(|value| Slot {
                name: value.clone(),
                values: vec![value.clone()],
                right: value,
            });
            Question::Assign {
                slots: slots.collect(),
                noise,
                tries,
            }
        }),
        (steps(), texts(), texts()).prop_map(|(run, needed, outdated)| Question::Keep {
            run,
            needed,
            outdated,
        }),
        (steps(), any::<String>()).prop_map(|(run, tool)| Question::NextTool { run, tool }),
        values.prop_map(|values| Question::Route { values }),
        forecast.prop_map(|(happened, source, horizon, market)| Question::Forecast {
            happened,
            source,
            horizon,
            market,
        }),
        (proptest::collection::vec(hidden, 0..3), 1..u32::MAX)
            .prop_map(|(problems, reports)| Question::Discover { problems, reports }),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (
        any::<String>(),
        any::<Option<String>>(),
        any::<Option<bool>>(),
    );
    let step = step.prop_map(|(text, name, failed)| Step {
        name,
        failed,
        ..Step::new(Actor::Observation, text)
    });
    proptest::collection::vec(step, 0..3)
}

fn checks() -> impl Strategy<Value = AnswerCheck> {
    let texts = || proptest::collection::vec(any::<String>(), 0..3);
    prop_oneof![
        texts().prop_map(|answers| AnswerCheck::Exact { answers }),
        (-1e9..1e9f64, 0.0..1.0f64)
            .prop_map(|(value, tolerance)| AnswerCheck::Numeric { value, tolerance }),
        (any::<String>(), texts())
            .prop_map(|(answer, options)| AnswerCheck::Choice { answer, options }),
        any::<String>().prop_map(|text| AnswerCheck::Json {
            value: serde_json::json!({ "a": [text, 1, null] }),
        }),
        texts().prop_map(|answers| AnswerCheck::Contains {
            answers,
            matching: Matching::Words,
        }),
        any::<bool>().prop_map(|happened| AnswerCheck::Probability { happened }),
    ]
}

fn findings() -> impl Strategy<Value = Finding> {
    let evidence = proptest::collection::vec(any::<String>(), 0..3);
    (
        any::<String>(),
        evidence,
        any::<String>(),
        any::<Option<String>>(),
    )
        .prop_map(|(problem, evidence, action, template)| Finding {
            problem,
            evidence,
            action,
            template,
        })
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
    fn every_field_of_the_other_lanes_survives_a_round_trip(suite in suites()) {
        let file = file("");
        suite.write_jsonl(&file.path).unwrap();
        proptest::prop_assert_eq!(read(&file.path).unwrap(), suite);
    }

    #[test]
    fn any_text_survives_a_round_trip(text: String, id in ".{1,20}", score in proptest::option::of(0.0..=1.0f64)) {
        let mut suite = Suite::load("transfer").unwrap();
        suite.streams.truncate(1);
        let episode = &mut suite.streams[0].stages[0].episodes[0];
        episode.task.text.clone_from(&text);
        episode.task.time = score.map(|s| s * 1e12);
        episode.task.tools.push(Tool {
            name: text.clone(),
            description: text.clone(),
            schema: r#"{"type":"object"}"#.into(),
        });
        let attempt = &mut episode.attempts[0];
        attempt.task = episode.task.clone();
        attempt.id = id;
        attempt.outcome.score = score;
        attempt.outcome.reason.clone_from(&text);
        attempt.agent.role = Some(text.clone());
        let step = &mut attempt.steps[0];
        (step.text, step.agent, step.failed) = (text.clone(), Some(text), score.map(|s| s < 0.5));
        attempt.steps.push(Step::new(Actor::Subtask, "and then?"));
        let file = file("");
        suite.write_jsonl(&file.path).unwrap();
        proptest::prop_assert_eq!(read(&file.path).unwrap(), suite);
    }
}
