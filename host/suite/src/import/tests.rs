//! What holds for every format: however its files are stored and laid out, the same suite is read.

use std::path::Path;

use serde_json::Value;

use super::super::source::tests::{ENCODINGS, PACKINGS, packed};
use super::super::{Suite, SuiteError, Topic};

/// A data set in miniature: its format, and the text of its files by their names.
type DataSet = (&'static str, &'static [(&'static str, &'static str)]);

const DATA_SETS: [DataSet; 11] = [
    (
        "bfcl",
        &[
            (
                "BFCL_v4_memory.json",
                r#"{"id": "q0", "question": [[{"role": "user", "content": "Where do I live?"}]], "scenario": "customer"}
{"id": "q1", "question": [[{"role": "user", "content": "How old am I?"}]], "scenario": "customer"}"#,
            ),
            (
                "possible_answer/BFCL_v4_memory.json",
                r#"{"id": "q0", "ground_truth": ["Ghent"], "source": "I live in Ghent"}
{"id": "q1", "ground_truth": ["35"], "source": "I am 35"}"#,
            ),
            (
                "memory_prereq_conversation/memory_customer.json",
                r#"{"topic": "Hi", "question": [[{"role": "user", "content": "I live in Ghent, é."}], [{"role": "user", "content": "I am 35."}]]}
{"topic": "Again", "question": [[{"role": "user", "content": "Bye."}]]}"#,
            ),
        ],
    ),
    (
        "locomo",
        &[(
            "locomo10.json",
            r#"[{"sample_id": "a", "conversation": {"session_1": [{"speaker": "Ann", "dia_id": "D1:1", "text": "My café is red."}]}, "qa": [{"question": "Which colour?", "answer": "red", "evidence": ["D1:1"], "category": 4}]},
{"sample_id": "b", "conversation": {"session_1": [{"speaker": "Bob", "dia_id": "D1:1", "text": "Mine is blue."}]}, "qa": [{"question": "Which colour?", "answer": "blue", "evidence": ["D1:1"], "category": 4}]}]"#,
        )],
    ),
    (
        "longmemeval",
        &[(
            "longmemeval_s.json",
            r#"[{"question_id": "q", "question_type": "t", "question": "Age?", "answer": 3, "question_date": "2031/01/06 (Mon) 10:00", "haystack_session_ids": ["s"], "haystack_dates": ["2031/01/05 (Sun) 10:00"], "haystack_sessions": [[{"role": "user", "content": "I am 3, née B.", "has_answer": true}]], "answer_session_ids": ["s"]},
{"question_id": "r", "question_type": "t", "question": "Age?", "answer": "4", "question_date": "2031/01/06 (Mon) 10:00", "haystack_session_ids": ["s"], "haystack_dates": ["2031/01/05 (Sun) 10:00"], "haystack_sessions": [[{"role": "user", "content": "I am 4.", "has_answer": true}]], "answer_session_ids": ["s"]}]"#,
        )],
    ),
    (
        "webarena",
        &[
            (
                "test.raw.json",
                r#"[{"task_id": 0, "sites": ["map"], "intent": "Where is the café?", "intent_template_id": 7},
{"task_id": 1, "sites": ["map"], "intent": "Where is Ghent?", "intent_template_id": 7}]"#,
            ),
            (
                "WebArena-AgentOccam.csv",
                "Task ID,Alice (Correct: 1; Incorrect: 0),Note,Average\n0,1,é,1\n1,0.5,\"a, b\",0.5\n",
            ),
        ],
    ),
    (
        "tau2",
        &[(
            "retail/tasks.json",
            r#"[{"id": "0", "user_scenario": {"instructions": "Refund the café."}, "evaluation_criteria": {"actions": [{"name": "refund", "arguments": {"n": 1}}]}},
{"id": "1", "user_scenario": {"instructions": "Refund it."}, "evaluation_criteria": {"actions": [{"name": "refund", "arguments": {"n": 2}}]}}]"#,
        )],
    ),
    (
        "tau-bench",
        &[(
            "gpt-4o-airline.json",
            r#"[{"task_id": 0, "trial": 0, "reward": 1.0, "info": {"task": {"instruction": "Book a café.", "actions": [{"name": "book"}]}}, "traj": [{"role": "user", "content": "Hi"}]},
{"task_id": 1, "trial": 0, "reward": 0.0, "info": {"task": {"instruction": "Book two.", "actions": [{"name": "book"}]}}, "traj": [{"role": "user", "content": "Hi"}]}]"#,
        )],
    ),
    (
        "gsm8k",
        &[(
            "example_model_solutions.jsonl",
            r#"{"question": "1 + 1 café?", "ground_truth": "2\nA: 2", "6b_finetuning": {"is_correct": true, "solution": "A: 2"}, "175b_finetuning": {"is_correct": true, "solution": "A: 2"}, "6b_verification": {"is_correct": true, "solution": "A: 2"}, "175b_verification": {"is_correct": false, "solution": "A: 3"}}
{"question": "1 + 2?", "ground_truth": "A: 3", "6b_finetuning": {"is_correct": true, "solution": "A: 3"}, "175b_finetuning": {"is_correct": true, "solution": "A: 3"}, "6b_verification": {"is_correct": true, "solution": "A: 3"}, "175b_verification": {"is_correct": true, "solution": "A: 3"}}"#,
        )],
    ),
    (
        "forecastbench",
        &[
            (
                "question_sets/2031-01-05-llm.json",
                r#"{"forecast_due_date": "2031-01-05", "questions": [{"id": "a", "source": "lakes", "question": "Will the lake, é, rise?", "freeze_datetime_value": "3"}]}"#,
            ),
            (
                "resolution_sets/2031-01-05_resolution_set.json",
                r#"{"forecast_due_date": "2031-01-05", "resolutions": [{"id": "a", "source": "lakes", "resolution_date": "2031-01-12", "resolved_to": 1.0, "resolved": true}]}"#,
            ),
        ],
    ),
    (
        "clippy-ui",
        &[
            (
                "tests/ui/a.rs",
                "// café\nfn f() -> u8 {\n    return 1;\n    //~^ needless_return\n}\n",
            ),
            (
                "tests/ui/b.rs",
                "fn g() -> u8 {\n    return 2;\n    //~^ needless_return\n}\n",
            ),
        ],
    ),
    (
        "hotpotqa",
        &[
            (
                "CoT_context_base_1_questions_1_trials.txt",
                "BEGIN TRIAL 1\n------------- BEGIN CORRECT\nContext: Ann runs the café.\n\nThe café is in Ghent. Question: Where is Ann?\nThought: Ghent.\nAction: Finish[Ghent]\nCorrect answer: Ghent\n",
            ),
            (
                "2wikimultihopqa_corpus.json",
                r#"[{"title": "Née", "text": "Née means born."},
{"title": "Bruges", "text": "Bruges is a city."}]"#,
            ),
        ],
    ),
    (
        "reflexion-hotpotqa",
        &[(
            "CoT_base_1_questions_1_trials.txt",
            "BEGIN TRIAL 1\n------------- BEGIN CORRECT\nQuestion: Where is the café?\nThought: Ghent.\nAction: Finish[Ghent]\nCorrect answer: Ghent\n",
        )],
    ),
];

/// Reads files that are written as `store` has them: name and content.
fn read(
    format: &str,
    files: impl IntoIterator<Item = (String, Vec<u8>)>,
) -> Result<Suite, SuiteError> {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        write(folder.path(), &name, &content);
    }
    Suite::import(format, folder.path())
}

fn write(folder: &Path, name: &str, content: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

fn plain((format, files): DataSet) -> Suite {
    let files = files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()));
    read(format, files).unwrap()
}

#[test]
fn every_format_is_read_however_its_files_are_stored() {
    for data_set in DATA_SETS {
        let (format, files) = data_set;
        let expected = plain(data_set);
        assert!(expected.attempts().next().is_some(), "{format}");
        for encode in ENCODINGS {
            for line_end in ["\n", "\r\n"] {
                let stored = |text: &str| encode(&text.replace('\n', line_end));
                let stored = files
                    .iter()
                    .map(|(name, text)| ((*name).to_owned(), stored(text)));
                let stored: Vec<_> = stored.collect();
                assert_eq!(
                    read(format, stored.clone()).unwrap(),
                    expected,
                    "{format} {line_end:?}"
                );
                for (packing, end) in PACKINGS {
                    // Source code is not published packed.
                    if format == "clippy-ui" {
                        continue;
                    }
                    let stored = stored.iter();
                    let stored = stored
                        .map(|(name, content)| (format!("{name}{end}"), packed(content, packing)));
                    assert_eq!(read(format, stored).unwrap(), expected, "{format}{end}");
                }
            }
        }
    }
}

/// The rows of a file, in the layouts in which people publish rows.
fn layouts(text: &str) -> Vec<String> {
    let rows: Vec<Value> = match text.starts_with('[') {
        true => serde_json::from_str(text).unwrap(),
        false => text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
    };
    let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
    let pretty: Vec<String> = rows
        .iter()
        .map(|row| serde_json::to_string_pretty(row).unwrap())
        .collect();
    vec![
        format!("[{}]", lines.join(", ")),
        lines.join("\n"),
        pretty.join("\n"),
        serde_json::to_string_pretty(&rows).unwrap(),
        format!("{{\"version\": 1, \"data\": [{}]}}", lines.join(",\n")),
    ]
}

#[test]
fn every_format_of_rows_is_read_in_every_layout() {
    for data_set in DATA_SETS {
        let (format, files) = data_set;
        if ["forecastbench", "clippy-ui", "reflexion-hotpotqa"].contains(&format) {
            continue;
        }
        let expected = plain(data_set);
        for (changed, (_, text)) in files
            .iter()
            .enumerate()
            .filter(|(_, (name, _))| !name.ends_with(".csv") && !name.ends_with(".txt"))
        {
            for layout in layouts(text) {
                let files = files.iter().enumerate().map(|(number, (name, text))| {
                    let text = if number == changed {
                        layout.clone()
                    } else {
                        (*text).to_owned()
                    };
                    ((*name).to_owned(), text.into_bytes())
                });
                assert_eq!(read(format, files).unwrap(), expected, "{format}: {layout}");
            }
        }
    }
}

#[test]
fn advice_is_about_the_format_that_was_meant() {
    let nothing = |name: &str| (name.to_owned(), br#"[{"something": "else"}]"#.to_vec());
    for (format, files) in DATA_SETS {
        if ["clippy-ui", "hotpotqa", "reflexion-hotpotqa"].contains(&format) {
            continue;
        }
        let error = read(format, files.iter().map(|(name, _)| nothing(name))).unwrap_err();
        let said = error.to_string();
        if let SuiteError::Line { advice, .. } | SuiteError::Source { advice, .. } = &error {
            assert_ne!(advice.topic(), Some(Topic::Fields), "{format}: {said}");
        }
        let own = match format {
            "bfcl" => "BFCL",
            "locomo" => "LoCoMo",
            "longmemeval" => "LongMemEval",
            "webarena" => "WebArena",
            "tau2" => "tau2-bench",
            "tau-bench" => "tau-bench",
            "gsm8k" => "GSM8K",
            _ => "ForecastBench",
        };
        assert!(said.contains(own), "{format}: {said}");
    }
}

#[test]
fn a_file_may_have_another_name_if_it_is_the_only_one() {
    for data_set in DATA_SETS {
        let (format, files) = data_set;
        let [(_, text)] = files else { continue };
        if ["tau2", "tau-bench", "reflexion-hotpotqa"].contains(&format) {
            continue;
        }
        let renamed = |name: &str| (name.to_owned(), text.as_bytes().to_vec());
        let suite = read(format, [renamed("release-2.json")]).unwrap();
        assert_eq!(suite.streams, plain(data_set).streams, "{format}");
        if format != "locomo" {
            let said = read(format, [renamed("a.json"), renamed("b.jsonl")])
                .unwrap_err()
                .to_string();
            assert!(
                said.contains("give the path of the file that is meant: a.json, b.jsonl"),
                "{said}"
            );
        }
    }
}

#[test]
fn nothing_that_is_left_out_names_a_folder_of_this_machine() {
    for data_set in DATA_SETS {
        let suite = plain(data_set);
        let somewhere = std::env::temp_dir().display().to_string();
        assert!(
            suite.left_out.iter().all(|what| !what.contains(&somewhere)),
            "{:?}",
            suite.left_out
        );
    }
}
