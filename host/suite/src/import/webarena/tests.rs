use super::*;

/// Tasks with these ids, all of one site and template, each with a question of its own.
fn tasks(ids: &[u64]) -> String {
    let rows = ids.iter().map(|id| {
        serde_json::json!({"task_id": id, "sites": ["map"], "intent": format!("Where is {id}?"), "intent_template_id": 7})
    });
    Value::from_iter(rows).to_string()
}

/// The outcome of each task, in the order of the file, and what is left out.
fn outcomes(tasks: &str, table: &[u8]) -> Result<(Vec<Option<f64>>, Vec<String>), String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("test.raw.json"), tasks).unwrap();
    std::fs::write(folder.path().join(OUTCOMES), table).unwrap();
    let suite = read(folder.path(), Mode::SameTemplate).map_err(|error| error.to_string())?;
    assert!(
        super::super::super::check(&suite)
            .iter()
            .all(|problem| !problem.message.contains("twice")),
        "{:?}",
        super::super::super::check(&suite)
    );
    let outcomes = suite
        .attempts()
        .map(|attempt| attempt.outcome.score)
        .collect();
    Ok((outcomes, suite.left_out))
}

const TABLE: &str = "\u{feff}Task ID,\"Alice (Correct: 1; Incorrect: 0)\",Alice's Note,Average\n\
                     0,1,\"a, and b; c\",1\n1,0,,0\n2,0.5,,0.833333333\n,,Total,0.61\n";

#[test]
fn a_table_is_read_whatever_separates_its_columns() {
    let expected = (vec![Some(1.0), Some(0.0), Some(0.833_333_333)], Vec::new());
    let tasks = tasks(&[0, 1, 2]);
    let rewrite = |separator: u8, decimal: &str| {
        let mut writer = csv::WriterBuilder::new()
            .delimiter(separator)
            .flexible(true)
            .from_writer(Vec::new());
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(TABLE.as_bytes());
        for record in reader.records() {
            let record = record.unwrap();
            writer
                .write_record(record.iter().map(|field| field.replace('.', decimal)))
                .unwrap();
        }
        String::from_utf8(writer.into_inner().unwrap()).unwrap()
    };
    let tables = [
        TABLE.to_owned(),
        rewrite(b';', "."),
        rewrite(b';', ","),
        rewrite(b'\t', "."),
        rewrite(b'\t', ","),
        format!("sep=;\n{}", rewrite(b';', ",")),
        // A spreadsheet adds empty columns at the end.
        TABLE.replace('\n', ",,\n"),
        // Separators were replaced without quotes.
        "Task ID;Alice (Correct: 1; Incorrect: 0);Note;Average\n0;1;;1\n1;0;;0\n2;.5;;0.833333333\n".to_owned(),
    ];
    for table in tables {
        for line_end in ["\n", "\r\n"] {
            let table = table.replace('\n', line_end);
            for encode in super::super::super::source::tests::ENCODINGS {
                let stored = encode(table.trim_start_matches('\u{feff}'));
                assert_eq!(outcomes(&tasks, &stored), Ok(expected.clone()), "{table}");
            }
        }
    }
}

#[test]
fn a_table_that_is_none_or_has_no_numbers_is_refused_by_its_line() {
    let tasks = tasks(&[0, 1, 2]);
    let said = outcomes(&tasks, b"one word\n").unwrap_err();
    assert!(
        said.contains("no line of it begins with the id of a task"),
        "{said}"
    );
    let said = outcomes(&tasks, TABLE.replace("0.833333333", "good").as_bytes()).unwrap_err();
    assert!(
        said.contains("line 4") && said.contains("`good` is no number"),
        "{said}"
    );
}

#[test]
fn outcomes_of_other_tasks_with_equal_ids_are_not_taken() {
    let of_three = TABLE.as_bytes();
    // Another data set that counts from 0 too, and is smaller.
    let (scores, left_out) = outcomes(&tasks(&[0, 1]), of_three).unwrap();
    assert_eq!(scores, [None, None]);
    assert!(
        left_out[0].starts_with(
            "all 3 outcomes of WebArena-AgentOccam.csv: the tasks are numbered from 0"
        ),
        "{left_out:?}"
    );
    // A selection that kept its numbers.
    let (scores, left_out) = outcomes(&tasks(&[2, 0]), of_three).unwrap();
    assert_eq!(scores, [Some(0.833_333_333), Some(1.0)]);
    assert_eq!(
        left_out,
        ["1 outcome: of tasks that are not there (WebArena-AgentOccam.csv)"]
    );
    // A selection that was numbered anew, and says what the numbers were.
    let anew = r#"[{"task_id": 0, "old_task_id": 2, "sites": "map", "intent": "Where?", "intent_template_id": 7},
                   {"task_id": "1", "old_task_id": 0, "sites": ["map"], "intent": "When?", "intent_template_id": null}]"#;
    assert_eq!(
        outcomes(anew, of_three).unwrap().0,
        [Some(0.833_333_333), Some(1.0)]
    );
    // Two tasks of one id.
    let twins = r#"[{"task_id": 0, "sites": ["map"], "intent": "Where?", "intent_template_id": 7},
                    {"task_id": 0, "sites": ["reddit"], "intent": "Who?", "intent_template_id": 8},
                    {"task_id": 1, "sites": ["map"], "intent": "When?", "intent_template_id": 7},
                    {"task_id": 2, "sites": ["map"], "intent": "Why?", "intent_template_id": 7}]"#;
    let (scores, left_out) = outcomes(twins, of_three).unwrap();
    // By site: map, then reddit.
    assert_eq!(scores, [None, Some(0.0), Some(0.833_333_333), None]);
    assert!(
        left_out
            .iter()
            .any(|what| what.starts_with("2 outcomes: of several tasks with the same id")),
        "{left_out:?}"
    );
}

#[test]
fn a_table_that_says_what_was_asked_is_believed() {
    let table = "task_id,intent,sites,average\n0,where is 0,map,1\n1,Something else,map,1\n2,Where is 2?,reddit,1\n9,x,map,1\n";
    let (scores, left_out) = outcomes(&tasks(&[0, 1, 2]), table.as_bytes()).unwrap();
    assert_eq!(scores, [Some(1.0), None, None]);
    assert!(
        left_out
            .iter()
            .any(|what| what.starts_with("2 outcomes: of another task with the same id")),
        "{left_out:?}"
    );
}

#[test]
fn a_grade_that_contradicts_itself_is_none() {
    let table = format!("{TABLE}0,0,,0\n1,0,,0\n");
    let (scores, left_out) = outcomes(&tasks(&[0, 1, 2]), table.as_bytes()).unwrap();
    assert_eq!(scores, [None, Some(0.0), Some(0.833_333_333)]);
    assert!(
        left_out
            .iter()
            .any(|what| what.starts_with("1 outcome: graded differently in two lines")),
        "{left_out:?}"
    );
}

#[test]
fn without_a_table_there_are_no_outcomes_and_this_is_said() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("test.raw.json"), tasks(&[0, 1])).unwrap();
    let suite = read(folder.path(), Mode::CrossTemplate).unwrap();
    assert_eq!(
        suite.left_out,
        ["outcomes of all tasks: there is no WebArena-AgentOccam.csv beside the tasks"]
    );
}
