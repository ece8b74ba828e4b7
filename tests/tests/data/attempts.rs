//! Lane F: learning curves of recorded attempts. With the folder of data sets in `MEMHOST_DATA`, those of Reflexion on
//! HotpotQA.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use memhost::contract::{Actor, Verdict};
use memhost_suite::{AnswerCheck, Severity, Suite, check};
use memhost_tests::data_set;

/// The folder of logs, or `None` with a remark on why nothing is read.
fn logs() -> Option<PathBuf> {
    data_set("reflexion_hotpotqa")
}

fn read(path: &Path) -> Suite {
    Suite::load_sound(&format!("reflexion-hotpotqa:{}", path.display())).unwrap()
}

#[test]
fn learning_curves_are_those_of_the_logs() {
    let Some(folder) = logs() else { return };
    let summary = read(&folder).summarize();
    let curves: BTreeMap<&str, &[usize]> = summary
        .streams
        .iter()
        .map(|stream| (stream.name.as_str(), stream.curve.as_slice()))
        .collect();
    let expected: BTreeMap<&str, &[usize]> = BTreeMap::from([
        (
            "CoT_context_last_trial_100_questions_8_trials",
            [62, 66, 66, 66, 66].as_slice(),
        ),
        (
            "CoT_context_last_trial_and_reflexion_100_questions_5_trials",
            &[63, 70, 72, 74, 74],
        ),
        (
            "CoT_context_reflexion_100_questions_5_trials",
            &[61, 69, 69, 70, 72],
        ),
        (
            "CoT_context_reflexion_100_questions_8_trials",
            &[61, 69, 69, 70, 72, 74, 75, 75],
        ),
        (
            "CoT_no_context_base_100_questions_5_trials",
            &[32, 33, 33, 33, 33],
        ),
        (
            "CoT_no_context_last_trial_100_questions_6_trials",
            &[32, 34, 35, 36, 37, 38],
        ),
        (
            "CoT_no_context_last_trial_and_reflexion_100_questions_5_trials",
            &[31, 33, 34, 35, 35, 35],
        ),
        (
            "CoT_no_context_reflexion_100_questions_5_trials",
            &[32, 37, 40, 40, 40],
        ),
        ("ReAct_base_100_questions_5_trials", &[34, 34, 34, 34, 34]),
        (
            "ReAct_reflexion_100_questions_5_trials",
            &[32, 42, 48, 50, 51],
        ),
        (
            "ReAct_reflexion_100_questions_7_trials",
            &[32, 42, 48, 50, 51, 53, 53],
        ),
    ]);
    assert_eq!(curves, expected);
}

/// What the log itself counts in each trial: correct, incorrect, halted.
fn logged(log: &str) -> Vec<[usize; 3]> {
    let count = |line: &str, name: &str| {
        let (_, rest) = line.split_once(name)?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    log.lines()
        .filter_map(|line| line.strip_prefix("Trial summary: "))
        .map(|line| {
            ["Correct: ", "Incorrect: ", "Halted: "].map(|name| count(line, name).unwrap_or(0))
        })
        .collect()
}

#[test]
fn trials_hold_the_attempts_that_the_logs_count() {
    let Some(folder) = logs() else { return };
    let suite = read(&folder);
    let (mut exact, mut attempts) = (0, 0);
    let mut others = Vec::new();
    for stream in &suite.streams {
        let log = folder.join(format!("{}.txt", stream.name));
        let logged = logged(&std::fs::read_to_string(log).unwrap());
        assert_eq!(stream.stages.len(), logged.len());
        for (trial, (stage, wanted)) in stream.stages.iter().zip(logged).enumerate() {
            let mut found = [0; 3];
            for attempt in stage.episodes.iter().flat_map(|e| &e.attempts) {
                assert_eq!(attempt.trial as usize, trial);
                let halted = !attempt.outcome.reason.is_empty();
                found[match attempt.outcome.verdict {
                    Verdict::Success => 0,
                    _ if halted => 2,
                    _ => 1,
                }] += 1;
                attempts += 1;
            }
            if found == wanted {
                exact += 1;
            } else {
                others.push((stream.name.as_str(), trial, found, wanted));
            }
        }
    }
    // ReAct's base runs list twelve attempts twice, as incorrect and as halted. Without the second ones, all trials are
    // as the log counts them but one, for which the log counts 99 of its 100 attempts.
    assert_eq!(exact, 61);
    assert_eq!(
        others,
        [(
            "ReAct_base_100_questions_5_trials",
            2,
            [34, 56, 10],
            [34, 56, 9]
        )]
    );
    assert_eq!(attempts, 6_205 - 12);
    assert!(suite.summary.contains("12 attempts"), "{}", suite.summary);
}

#[test]
fn an_attempt_is_taken_apart_whatever_the_run_shows_its_agents() {
    let Some(folder) = logs() else { return };
    let suite = read(&folder);
    let attempts = |run: &str, trial: usize| {
        let stream = suite.streams.iter().find(|s| s.name.starts_with(run));
        let stage = &stream.unwrap().stages[trial];
        stage.episodes.iter().map(|episode| {
            let attempt = &episode.attempts[0];
            let of = |actor| attempt.steps.iter().filter(move |s| s.actor == actor);
            let reflections = of(Actor::Thought)
                .filter(|s| s.name.as_deref() == Some("reflection"))
                .count();
            (episode, attempt, of(Actor::Action).count(), reflections)
        })
    };
    // One act per trial of a chain of thought, also where the agent was shown its last trial.
    for run in [
        "CoT_context_last_trial_100",
        "CoT_no_context_last_trial_100",
        "CoT_no_context_last_trial_and",
        "CoT_context_last_trial_and",
        "CoT_no_context_reflexion",
        "CoT_context_reflexion",
    ] {
        for (_, attempt, acts, _) in attempts(run, 2) {
            assert_eq!(acts, 1, "{run} {}: {:?}", attempt.id, attempt.steps);
        }
    }
    for (run, least) in [
        ("CoT_no_context_last_trial_and", 60),
        ("CoT_context_last_trial_and", 20),
        ("CoT_no_context_reflexion", 55),
        ("ReAct_reflexion_100_questions_5", 40),
    ] {
        let failed = attempts(run, 2).filter(|(_, a, _, _)| a.outcome.verdict == Verdict::Failure);
        let reflected = failed.filter(|(_, _, _, reflections)| *reflections > 0);
        assert!(reflected.count() >= least, "{run}");
        assert!(attempts(run, 0).all(|(_, _, _, reflections)| reflections == 0));
    }
    assert!(attempts("CoT_context_reflexion", 0).all(|(e, ..)| !e.task.documents.is_empty()));
    for (episode, attempt, ..) in attempts("ReAct_base", 0) {
        assert!(matches!(episode.check, Some(AnswerCheck::Exact { .. })));
        let told = |text: &str| text.contains("Answer is CORRECT");
        assert!(!attempt.steps.iter().any(|step| told(&step.text)));
        assert!(!episode.task.text.contains("You have attempted"));
    }
}

#[test]
fn recorded_attempts_can_be_shown_but_not_compared_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.jsonl");
    let lines = r#"{"format": 1, "name": "runs", "lane": "attempts"}
{"task": {"id": "q", "text": "?"}, "attempts": [{"id": "q-0", "outcome": {"verdict": "failure"}}]}
{"stage": 1, "task": {"id": "q", "text": "?"}, "attempts": [{"id": "q-1", "trial": 1, "outcome": {"verdict": "success"}}]}
"#;
    std::fs::write(&path, lines).unwrap();
    let name = path.to_string_lossy();
    let suite = Suite::load_sound(&name).unwrap();
    assert_eq!(suite.summarize().streams[0].curve, [0, 1]);
    let problems = check(&suite);
    assert!(problems.iter().all(|p| p.severity == Severity::Warning));
    let said = Suite::load(&name).unwrap_err().to_string();
    assert!(said.contains("nothing is asked in suite `runs`"), "{said}");
}
