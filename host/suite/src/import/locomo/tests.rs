use super::*;

#[test]
fn messy_evidence_is_read() {
    assert_eq!(turn_names("D1:3"), [(1, 3)]);
    assert_eq!(turn_names("D8:6; D9:17"), [(8, 6), (9, 17)]);
    assert_eq!(turn_names("D9:1 D4:4 D4:6"), [(9, 1), (4, 4), (4, 6)]);
    assert_eq!(turn_names("D:11:26"), [(11, 26)]);
    assert_eq!(turn_names("D30:05"), [(30, 5)]);
    assert!(turn_names("D").is_empty());
}

const CONVERSATION: &str = r#"{"session_1_date_time": "8 May", "session_1": [
        {"speaker": "Ada", "dia_id": "D1:1", "text": "My boat is called Heron and is painted green."},
        {"speaker": "Ben", "dia_id": "D1:2", "text": "Mine is red, and called Otter."}],
        "session_2": [{"speaker": "Ada", "dia_id": "D2:1", "text": "Heron sank."}]}"#;

/// A conversation with one question, which has this evidence and whatever else.
fn sample(rest: &str) -> String {
    format!(
        r#"{{"sample_id": "c", "conversation": {CONVERSATION}, "qa": [{{"question": "Which colour?", {rest}}}]}}"#
    )
}

fn read_files(files: &[(&str, &str)]) -> Result<Suite, SuiteError> {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    read(folder.path())
}

fn gold(suite: &Suite) -> Vec<Source> {
    match suite.questions().next() {
        Some((_, Question::Evidence { gold, .. })) => gold.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn evidence_is_read_in_every_shape() {
    let turn = |session: u32, step| Source::step(format!("c-session-{session}"), step);
    let (first, second, third) = (|| turn(1, 0), || turn(1, 1), || turn(2, 0));
    let shapes = [
        (r#"["D1:1", "D2:1"]"#, vec![first(), third()]),
        (r#"["D1:1; D2:1"]"#, vec![first(), third()]),
        (r#""D1:1; D2:1""#, vec![first(), third()]),
        (r#""D1:1 D2:1""#, vec![first(), third()]),
        (r#""D1:1, D2:1""#, vec![first(), third()]),
        (r#""D1:1""#, vec![first()]),
        (r#""['D1:2', 'D2:1']""#, vec![second(), third()]),
        (r#""D1:1 and D2:1""#, vec![first(), third()]),
        (
            r#"[["D1:1"], ["D1:2", "D2:1"]]"#,
            vec![first(), second(), third()],
        ),
        (r#"[{"dia_id": "D1:2"}]"#, vec![second()]),
        (r#"{"dia_id": "D1:2", "text": "?"}"#, vec![second()]),
        (r#""Mine is red, and called Otter.""#, vec![second()]),
        (r#"["painted green"]"#, vec![first()]),
        (r#"[]"#, vec![]),
        ("null", vec![]),
        (r#""""#, vec![]),
        (r#"["D9:9"]"#, vec![]),
        (r#""never said by anybody""#, vec![]),
    ];
    for (evidence, expected) in shapes {
        let text = sample(&format!(
            r#""answer": "green", "category": 4, "evidence": {evidence}"#
        ));
        let suite = read_files(&[("locomo10.json", &text)]).unwrap();
        assert_eq!(gold(&suite), expected, "{evidence}");
        let lost =
            expected.is_empty() && evidence.contains(char::is_alphabetic) && evidence != "null";
        let said = suite
            .left_out
            .contains(&"1 piece of evidence: no turn of its conversation".to_owned());
        assert_eq!(said, lost, "{evidence}: {:?}", suite.left_out);
    }
}

#[test]
fn categories_have_numbers_or_names() {
    let shapes = [
        ("1", "multi-hop"),
        ("\"2\"", "temporal"),
        ("\"Temporal reasoning\"", "temporal"),
        ("\"open_domain\"", "open-domain"),
        ("\"single-hop\"", "single-hop"),
        ("\"of my own\"", "of-my-own"),
        ("null", "other"),
        ("9", "other"),
    ];
    for (category, expected) in shapes {
        let text = sample(&format!(
            r#""answer": ["green", 3], "evidence": "D1:1", "category": {category}"#
        ));
        let suite = read_files(&[("locomo10.json", &text)]).unwrap();
        let (episode, question) = suite.questions().next().unwrap();
        let label = episode
            .task
            .labels
            .iter()
            .find(|label| label.name == "category")
            .unwrap();
        assert_eq!(label.value, expected, "{category}");
        let Question::Evidence { answers, .. } = question else {
            panic!("{question:?}");
        };
        assert_eq!(answers, &["green", "3"]);
    }
    for adversarial in [
        r#""category": 5"#,
        r#""category": "5", "answer": "no information""#,
        r#""category": "Adversarial", "answer": null"#,
        r#""category": null, "adversarial_answer": "blue""#,
    ] {
        let other = r#"{"question": "?", "answer": "a", "category": 1}"#;
        let text = sample(adversarial).replace("\"qa\": [", &format!("\"qa\": [{other}, "));
        let suite = read_files(&[("locomo10.json", &text)]).unwrap();
        assert_eq!(suite.questions().count(), 1, "{adversarial}");
        assert_eq!(
            suite.left_out[0],
            "1 question: asking for what was never said (adversarial)"
        );
    }
}

#[test]
fn a_release_may_have_a_file_for_each_conversation() {
    let text = sample(r#""answer": "green", "evidence": "D1:1", "category": 4"#);
    let unnamed = text.replace("\"sample_id\": \"c\", ", "");
    let numbered = text.replace("\"c\"", "26");
    let files = [
        ("conv-1.json", unnamed.as_str()),
        ("conv-2.json", &format!("[{text}]")),
        ("conv-3.json", &text),
        ("conv-4.jsonl", &numbered),
        ("readme.json", r#"{"about": "labels were corrected"}"#),
        ("LICENSE", "free"),
    ];
    let suite = read_files(&files).unwrap();
    let names: Vec<&str> = suite
        .streams
        .iter()
        .map(|stream| stream.name.as_str())
        .collect();
    assert_eq!(names, ["conv-1", "c", "c-2", "26"]);
    assert_eq!(suite.left_out, ["readme.json: no conversation of LoCoMo"]);
    let errors = super::super::super::check(&suite).into_iter();
    let errors: Vec<_> = errors
        .filter(|problem| problem.severity == super::super::super::Severity::Error)
        .collect();
    assert_eq!(errors, []);
    let one = read_files(&[("one.json", &unnamed)]).unwrap();
    assert_eq!(one.streams[0].name, "one");
    let beside =
        read_files(&[("locomo10.json", &text), ("locomo10_corrected.json", &text)]).unwrap();
    assert_eq!(beside.streams.len(), 1);
    assert_eq!(
        beside.left_out,
        ["locomo10_corrected.json: locomo10.json is read; name a file to read another"]
    );
}

#[test]
fn a_conversation_without_sessions_is_left_out_by_name() {
    let text = sample(r#""answer": "green", "evidence": "D1:1", "category": 4"#);
    let empty = r#"{"sample_id": "d", "conversation": {"dialogue": []}, "qa": []}"#;
    let suite = read_files(&[("locomo10.json", &format!("[{text}, {empty}]"))]).unwrap();
    assert_eq!(suite.streams.len(), 1);
    assert_eq!(
        suite.left_out,
        ["d with its 0 questions: a conversation without `session_1` (locomo10.json)"]
    );
}
