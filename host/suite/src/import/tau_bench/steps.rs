//! The same runs for lane `steps`: after each answer of a tool, which tool was called next. What is asked of a run may
//! draw on the runs of all other tasks, and on none of its own.

use std::path::Path;

use memhost_contract::{Actor, Attempt};

use super::super::super::{Lane, Question, Suite, SuiteError};
use super::along::{Along, along};

/// Reads a file of `historical_trajectories/`, named `<model>-<domain>.json`.
pub fn read(path: &Path) -> Result<Suite, SuiteError> {
    let Along {
        model,
        domain,
        left_out,
        stream,
    } = along(path, questions)?;
    Ok(Suite {
        name: format!("tau-bench-{domain}-steps"),
        lane: Lane::Steps,
        summary: format!("tau-bench: which tool {model} calls next, after each that it called"),
        left_out,
        streams: vec![stream],
        budgets: vec![256],
        primary: "next@1".into(),
    })
}

/// What is asked along a run, each with how many steps were taken.
fn questions(run: &Attempt) -> Vec<(usize, Question)> {
    let asked = (1..run.steps.len()).filter_map(|taken| {
        let (so_far, rest) = run.steps.split_at(taken);
        if so_far.last()?.actor != Actor::Observation {
            return None;
        }
        let next = rest.iter().find(|step| step.actor == Actor::Action)?;
        let question = Question::NextTool {
            run: so_far.to_vec(),
            tool: next.name.clone()?,
        };
        Some((taken, question))
    });
    asked.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(tool: &str) -> String {
        format!(
            r#"{{"role": "assistant", "content": null, "tool_calls": [{{"function": {{"name": "{tool}", "arguments": "{{}}"}}}}]}},
{{"role": "tool", "name": "{tool}", "content": "done"}}"#
        )
    }

    #[test]
    fn after_each_answer_it_is_asked_what_comes_next_and_no_run_of_the_task_may_be_drawn_on() {
        let folder = tempfile::tempdir().unwrap();
        let talk =
            r#"{"role": "assistant", "content": "Shall I?"}, {"role": "user", "content": "Yes."}"#;
        let calls = [call("look"), talk.to_owned(), call("book"), call("note")].join(",\n");
        let run = |trial: u32, said: &str| {
            format!(
                r#"{{"task_id": 0, "trial": {trial}, "reward": 1.0, "info": {{"task": {{"instruction": "Fly.", "actions": []}}}}, "traj": [{said}]}}"#
            )
        };
        let runs = [run(0, &calls), run(1, talk)].join("\n");
        let file = folder.path().join("m-airline.json");
        std::fs::write(&file, runs).unwrap();
        let suite = read(&file).unwrap();
        let asked: Vec<(usize, &str)> = suite
            .questions()
            .map(|(_, question)| match question {
                Question::NextTool { run, tool } => (run.len(), tool.as_str()),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(asked, [(2, "book"), (6, "note")]);
        let runs: Vec<&str> = suite.attempts().map(|run| run.id.as_str()).collect();
        assert_eq!(runs.len(), 2);
        assert!(
            suite
                .questions()
                .all(|(episode, _)| episode.withheld == runs)
        );
    }
}
