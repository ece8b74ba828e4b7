use super::*;

const QUESTIONS: &str = r#"{"forecast_due_date": "2025-10-26", "questions": [
        {"id": "HSY", "source": "yfinance", "freeze_datetime_value": "195.67",
         "question": "Will HSY close on {resolution_date} above {forecast_due_date}?\n\nSplits count."},
        {"id": "m1", "source": "manifold", "freeze_datetime_value": "0.25", "question": "Will it rain?"},
        {"id": "m2", "source": "manifold", "freeze_datetime_value": "0.75", "question": "Will it snow?"},
        {"id": ["HSY", "m1"], "source": "yfinance", "freeze_datetime_value": "N/A", "question": "Both?"}]}"#;
const ANSWERS: &str = r#"{"resolutions": [
        {"id": "HSY", "source": "yfinance", "resolution_date": "2025-11-02", "resolved_to": 1.0, "resolved": true},
        {"id": "HSY", "source": "yfinance", "resolution_date": "2026-01-24", "resolved_to": 0.0, "resolved": true},
        {"id": "HSY", "source": "yfinance", "resolution_date": "2026-04-24", "resolved_to": null, "resolved": false},
        {"id": "m1", "source": "manifold", "resolution_date": "2025-11-05", "resolved_to": 0.0, "resolved": true},
        {"id": "m2", "source": "manifold", "resolution_date": "2025-11-05", "resolved_to": 1.0, "resolved": false},
        {"id": "m3", "source": "manifold", "resolution_date": "2025-11-05", "resolved_to": 1.0, "resolved": true},
        {"id": ["HSY", "m1"], "source": "yfinance", "resolution_date": "2025-11-02", "resolved_to": 1.0, "resolved": true}]}"#;

fn read_these(questions: &str, answers: &str) -> Result<Suite, SuiteError> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("question_sets/2025-10-26-llm.json", questions),
        ("resolution_sets/2025-10-26_resolution_set.json", answers),
    ] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    read(folder.path())
}

#[test]
fn a_question_is_asked_once_per_horizon_that_is_answered() {
    let suite = read_these(QUESTIONS, ANSWERS).unwrap();
    assert!(suite.summary.contains("4 answers"), "{}", suite.summary);
    let episodes = &suite.streams[0].stages[0].episodes;
    let asked: Vec<(&str, &Question)> = episodes
        .iter()
        .map(|e| (e.task.text.as_str(), e.question.as_ref().unwrap()))
        .collect();
    let question = |happened, source: &str, horizon: &str, market| Question::Forecast {
        happened,
        source: source.into(),
        horizon: horizon.into(),
        market,
    };
    assert_eq!(
        asked,
        [
            (
                "Will HSY close on  above ?",
                &question(true, "yfinance", "7", None)
            ),
            (
                "Will HSY close on  above ?",
                &question(false, "yfinance", "90", None)
            ),
            (
                "Will it rain?",
                &question(false, "manifold", "open", Some(0.25))
            ),
        ]
    );
    let timing = episodes[0].timing;
    assert_eq!(timing.asked, Some(1_761_436_800_000.0));
    assert_eq!(timing.known, timing.asked.map(|asked| asked + 7.0 * DAY));
    let series = |episode: &Episode| {
        let label = episode.task.labels.iter().find(|l| l.name == "series");
        label.unwrap().value.clone()
    };
    assert_eq!(series(&episodes[0]), series(&episodes[1]));
    assert_ne!(episodes[0].task.id, episodes[1].task.id);
}

#[test]
fn when_a_market_resolves_is_not_told() {
    let earlier = read_these(QUESTIONS, ANSWERS).unwrap();
    let later = ANSWERS.replace("2025-11-05", "2026-03-05");
    let later = read_these(QUESTIONS, &later).unwrap();
    let shown = |suite: &Suite| {
        let task = &suite.streams[0].stages[0].episodes[2].task;
        (task.text.clone(), task.labels.clone())
    };
    assert_eq!(shown(&earlier), shown(&later));
}

/// Four sets with outcomes and a fifth without, as the folder always has one.
fn folder_of_sets(date: fn(u32, u32) -> String) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["question_sets", "resolution_sets"] {
        std::fs::create_dir_all(folder.path().join(name)).unwrap();
    }
    for (number, (month, day)) in [(1, 5), (1, 19), (2, 2), (2, 16), (3, 2)]
        .into_iter()
        .enumerate()
    {
        let due = date(month, day);
        let ids = (0..10).map(|id| format!("lakes-{id}"));
        let questions: Vec<_> = ids
                .clone()
                .map(|id| serde_json::json!({"id": id, "source": "lakes", "question": "Higher?", "freeze_datetime_value": "3"}))
                .collect();
        let set = serde_json::json!({"forecast_due_date": due, "questions": questions});
        let file = folder.path().join(format!("question_sets/{due}-llm.json"));
        std::fs::write(file, set.to_string()).unwrap();
        if number == 4 {
            continue;
        }
        let answers: Vec<_> = ids
                .take(8)
                .map(|id| serde_json::json!({"id": id, "source": "lakes", "resolution_date": date(month, day + 7), "resolved_to": 1.0, "resolved": true}))
                .collect();
        let set = serde_json::json!({"forecast_due_date": due, "resolutions": answers});
        let file = folder
            .path()
            .join(format!("resolution_sets/{due}_resolution_set.json"));
        std::fs::write(file, set.to_string()).unwrap();
    }
    std::fs::write(
        folder.path().join("question_sets/latest-llm.json"),
        "\"2031-03-02-llm.json\"",
    )
    .unwrap();
    folder
}

fn padded(month: u32, day: u32) -> String {
    format!("2031-{month:02}-{day:02}")
}

#[test]
fn the_newest_set_without_outcomes_is_left_out_and_named() {
    let folder = folder_of_sets(padded);
    let suite = read(folder.path()).unwrap();
    assert_eq!(suite.questions().count(), 32);
    assert!(
        suite
            .summary
            .contains("1 set of 10 questions has no outcomes yet"),
        "{}",
        suite.summary
    );
    assert_eq!(
        suite.left_out,
        [
            "10 questions of 2031-03-02-llm.json: no outcomes yet: there is no \
              resolution_sets/2031-03-02_resolution_set.json"
        ]
    );
    for inside in ["question_sets", "resolution_sets"] {
        assert_eq!(read(&folder.path().join(inside)).unwrap(), suite);
    }
    std::fs::remove_dir_all(folder.path().join("resolution_sets")).unwrap();
    let said = read(folder.path()).unwrap_err().to_string();
    assert!(said.contains("no question set has outcomes"), "{said}");
}

#[test]
fn a_set_whose_outcomes_are_an_empty_list_or_no_list_is_left_out_and_named() {
    let folder = folder_of_sets(padded);
    let file = "2031-03-02_resolution_set.json";
    for (text, why) in [
        (
            r#"{"forecast_due_date": "2031-03-02", "resolutions": []}"#,
            "lists none",
        ),
        (r#"{"a": 1}"#, file),
        ("", file),
    ] {
        std::fs::write(folder.path().join("resolution_sets").join(file), text).unwrap();
        let suite = read(folder.path()).unwrap();
        assert_eq!(suite.questions().count(), 32);
        let [left_out] = &suite.left_out[..] else {
            panic!("{:?}", suite.left_out);
        };
        let begin = "10 questions of 2031-03-02-llm.json: ";
        assert!(
            left_out.starts_with(begin) && left_out.contains(why),
            "{left_out}"
        );
    }
}

/// `2031-1-19` is before `2031-1-5` as a text.
#[test]
fn sets_are_in_the_order_of_their_dates_however_these_are_written() {
    let expected = read(folder_of_sets(padded).path()).unwrap();
    let bare = read(folder_of_sets(|month, day| format!("2031-{month}-{day}")).path()).unwrap();
    assert_eq!(bare.streams, expected.streams);
    let asked = |suite: &Suite| {
        let stages = suite.streams[0].stages.iter();
        stages
            .map(|stage| stage.episodes[0].timing.asked)
            .collect::<Vec<_>>()
    };
    assert!(asked(&bare).is_sorted());
}

#[test]
fn outcomes_of_another_set_or_question_are_not_taken() {
    let of_another = ANSWERS.replacen('{', r#"{"forecast_due_date": "2025-11-09", "#, 1);
    let said = read_these(QUESTIONS, &of_another).unwrap_err().to_string();
    assert!(
        said.contains("holds the outcomes of another set, 2025-11-09"),
        "{said}"
    );
    let by_name = ANSWERS.replacen('{', r#"{"question_set": "2025-11-09-llm.json", "#, 1);
    let said = read_these(QUESTIONS, &by_name).unwrap_err().to_string();
    assert!(said.contains("2025-11-09"), "{said}");
    for own in [
        r#"{"forecast_due_date": "2025-10-26", "#,
        r#"{"question_set": "2025-10-26-human.json", "#,
    ] {
        assert!(
            read_these(QUESTIONS, &ANSWERS.replacen('{', own, 1)).is_ok(),
            "{own}"
        );
    }
    // A question of the same id from another source is another question.
    let suite = read_these(QUESTIONS, &ANSWERS.replace("yfinance", "fred")).unwrap();
    assert_eq!(suite.questions().count(), 1);
    assert!(
        suite
            .left_out
            .contains(&"4 answers: of questions that their set does not have".to_owned()),
        "{:?}",
        suite.left_out
    );
    // Whatever is answered twice is asked once.
    let twice = ANSWERS.replacen("{\"id\": \"HSY\"", r#"{"id": "HSY", "source": "yfinance", "resolution_date": "2025-11-2", "resolved_to": 1.0, "resolved": true}, {"id": "HSY""#, 1);
    let suite = read_these(QUESTIONS, &twice).unwrap();
    assert_eq!(suite.questions().count(), 3);
    assert!(
        suite
            .left_out
            .iter()
            .any(|what| what.starts_with("1 answer: of a question and a day")),
        "{:?}",
        suite.left_out
    );
}

#[test]
fn what_is_broken_is_named() {
    let said =
        |questions: &str, answers: &str| read_these(questions, answers).unwrap_err().to_string();
    let price = said(&QUESTIONS.replace("0.25", "a lot"), ANSWERS);
    assert!(price.contains("`m1`") && price.contains("a lot"), "{price}");
    let date = said(QUESTIONS, &ANSWERS.replace("2025-11-02", "soon"));
    assert!(date.contains("`soon` is no date"), "{date}");
    let field = said(QUESTIONS, &ANSWERS.replace("resolution_date", "day"));
    assert!(field.contains("resolution_date"), "{field}");
}
