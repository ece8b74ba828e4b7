//! Suites as anybody meets them: the built-in ones, other people's formats, and files that are broken.

use std::path::Path;

use memhost::contract::Actor;
use memhost::suite::{Matching, Question, Severity, Suite, builtin, check, formats};

mod floors;

use floors::measure;

/// A small conversation in the format in which LoCoMo is published.
const LOCOMO: &str = r#"[{
  "sample_id": "conv-1",
  "conversation": {
    "speaker_a": "Ann", "speaker_b": "Bob",
    "session_1_date_time": "1:56 pm on 8 May, 2023",
    "session_1": [
      {"speaker": "Ann", "dia_id": "D1:1", "text": "I went to a pottery class yesterday."},
      {"speaker": "Bob", "dia_id": "D1:2", "text": "Look!", "img_url": ["x"], "blip_caption": "a blue bowl"}
    ],
    "session_10_date_time": "2:00 pm on 9 June, 2023",
    "session_10": [{"speaker": "Ann", "dia_id": "D10:1", "text": "I moved to Ghent in 2022."}],
    "session_2_date_time": "3:00 pm on 20 May, 2023",
    "session_2": [{"speaker": "Bob", "dia_id": "D2:1", "text": "My bowl broke."}]
  },
  "qa": [
    {"question": "When did Ann go to a class?", "answer": "7 May 2023", "evidence": ["D1:1"], "category": 2},
    {"question": "What happened to Bob's bowl?", "answer": "it broke", "evidence": ["D1:2; D2:1"], "category": 1},
    {"question": "When did Ann move?", "answer": 2022, "evidence": ["D:10:01"], "category": 4},
    {"question": "What did Ann sell?", "adversarial_answer": "a bowl", "evidence": ["D1:1"], "category": 5}
  ]
}]"#;

fn locomo(content: &str) -> Result<Suite, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("locomo10.json"), content).unwrap();
    Suite::load(&format!("locomo:{}", folder.path().display())).map_err(|error| error.to_string())
}

#[test]
fn locomo_is_read_as_its_authors_publish_it() {
    let suite = locomo(LOCOMO).unwrap();
    assert!(suite.summary.contains("1 adversarial"), "{}", suite.summary);
    let [sessions, questions] = suite.streams[0].stages.as_slice() else {
        panic!("a stream has its sessions and then its questions");
    };
    let dates: Vec<&str> = sessions
        .episodes
        .iter()
        .map(|e| e.task.text.as_str())
        .collect();
    assert_eq!(
        dates,
        [
            "A conversation on 1:56 pm on 8 May, 2023",
            "A conversation on 3:00 pm on 20 May, 2023",
            "A conversation on 2:00 pm on 9 June, 2023",
        ]
    );
    let picture = &sessions.episodes[0].attempts[0].steps[1];
    assert_eq!(picture.actor, Actor::User);
    assert_eq!(picture.text, "Bob: Look! [sends a picture of a blue bowl]");

    let gold: Vec<Vec<String>> = questions
        .episodes
        .iter()
        .map(|episode| match episode.question.clone() {
            Some(Question::Evidence { gold, matching, .. }) => {
                assert_eq!(matching, Matching::Words);
                gold
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        gold,
        [
            vec!["conv-1-session-1#0"],
            vec!["conv-1-session-1#1", "conv-1-session-2#0"],
            vec!["conv-1-session-10#0"],
        ]
    );
}

#[test]
fn a_broken_data_set_is_named_with_line_and_field() {
    let said = locomo(&LOCOMO.replace(r#""When did Ann move?""#, "5")).unwrap_err();
    assert!(
        said.contains("locomo10.json`, line 18, field `[0].qa[2].question`"),
        "{said}"
    );
    let said = locomo(&LOCOMO.replace(r#""dia_id": "D2:1", "#, "")).unwrap_err();
    assert!(
        said.contains("session_2") && said.contains("missing field `dia_id`"),
        "{said}"
    );
    let said = locomo(&LOCOMO.replace("Look!", r"\ud83e")).unwrap_err();
    assert!(
        said.contains("line 8") && said.contains("half of a character"),
        "{said}"
    );
}

#[test]
fn a_folder_without_the_data_set_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let empty: &Path = folder.path();
    for format in formats() {
        let said = Suite::load(&format!("{}:{}", format.name, empty.display()))
            .unwrap_err()
            .to_string();
        assert!(said.contains("there is no `"), "{}: {said}", format.name);
        assert!(
            said.contains(&empty.display().to_string()),
            "{}: {said}",
            format.name
        );
    }
}

#[test]
fn built_in_suites_are_sound_and_always_the_same() {
    for suite in builtin() {
        let first = Suite::load(suite.name).unwrap();
        assert_eq!(first, Suite::load(suite.name).unwrap());
        let problems = check(&first);
        assert!(
            problems
                .iter()
                .all(|problem| problem.severity == Severity::Warning),
            "{problems:?}"
        );
        assert!(
            problems.len() * 20 < first.questions().count(),
            "{problems:?}"
        );
    }
}

/// The real figures (BFCL memory): random .013, .133; BM25 .794, .804; MiniLM .658, .734.
#[test]
fn generated_evidence_ranks_the_floors_as_real_conversations_do() {
    let suite = Suite::load("evidence").unwrap();
    let figures = measure(&suite, 1..4, None);
    for (floor, figures) in &figures {
        println!("evidence {floor}: {figures}");
    }
    let of = |floor: &str, metric: &str| figures[floor][metric];
    for metric in ["hit@1", "answer@256"] {
        for blind in ["random", "recency"] {
            assert!(of(blind, metric) < 0.2, "{blind} {metric}");
        }
        assert!(of("dense", metric) > of("random", metric) + 0.3, "{metric}");
        let lead = of("bm25", metric) - of("dense", metric);
        assert!(
            (0.02..0.3).contains(&lead),
            "BM25 leads dense by {lead:.3} in {metric}"
        );
        assert!(of("bm25", metric) < 0.95, "{metric} leaves room above BM25");
    }
    assert!(of("oracle", "answer@128") > 0.99);
}

/// The real figures (WebArena): random .064, .120, .534; BM25 .929, .970, .750; MiniLM .820, .894, .739.
#[test]
fn generated_transfer_ranks_the_floors_as_real_tasks_do() {
    let suite = Suite::load("transfer").unwrap();
    let figures = measure(&suite, 1..4, None);
    for (floor, figures) in &figures {
        println!("transfer {floor}: {figures}");
    }
    let of = |floor: &str, metric: &str| figures[floor][metric];
    for blind in ["random", "recency"] {
        assert!(
            of(blind, "hit@1") < 0.1 && of(blind, "recall@5") < 0.2,
            "{blind}"
        );
        assert!((of(blind, "outcome-auc") - 0.5).abs() < 0.08, "{blind}");
    }
    let lead = of("bm25", "hit@1") - of("dense", "hit@1");
    assert!((0.02..0.2).contains(&lead), "BM25 leads dense by {lead:.3}");
    assert!(of("dense", "hit@1") > 0.65 && of("bm25", "hit@1") < 0.97);
    for knowing in ["bm25", "dense"] {
        assert!(
            (0.62..0.85).contains(&of(knowing, "outcome-auc")),
            "{knowing}"
        );
    }
    assert!(of("oracle", "hit@1") > 0.999);
}

#[test]
fn the_example_of_the_format_is_sound() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/suite.jsonl");
    let suite = Suite::load(path).unwrap();
    assert_eq!(check(&suite), []);
    let figures = measure(&suite, 1..2, None);
    assert_eq!(figures["oracle"]["answer@32"], 1.0);
}
