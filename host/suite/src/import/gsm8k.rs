//! Solutions of GSM8K's test problems by four models (<https://github.com/openai/grade-school-math>,
//! `grade_school_math/data/example_model_solutions.jsonl`, MIT), each graded against the true answer.
//!
//! The negative control of lane C: one model is best nearly everywhere and word problems say little about who solves
//! them, so that counting each model's successes (.546 solved) is hard to beat by any memory of similar problems.

use std::collections::BTreeMap;
use std::path::Path;

use memhost_contract::{Actor, Agent, Attempt, Task};
use serde::Deserialize;

use super::super::recorded::{attempt, graded, said, task};
use super::super::{AnswerCheck, Episode, Lane, Question, Stage, Stream, Suite, SuiteError};
use super::{LeftOut, Meant, file_in, opaque, rows};

const FILE: &str = "example_model_solutions.jsonl";
const ROW: Meant = Meant::Published(
    "a row of GSM8K's model solutions has `question`, `ground_truth`, and four models such as `6b_finetuning`, each with \
     `solution` and `is_correct`",
);

#[derive(Deserialize)]
struct Row {
    question: String,
    ground_truth: String,
    #[serde(rename = "6b_finetuning")]
    small: Solution,
    #[serde(rename = "175b_finetuning")]
    large: Solution,
    #[serde(rename = "6b_verification")]
    small_verified: Solution,
    #[serde(rename = "175b_verification")]
    large_verified: Solution,
}

#[derive(Deserialize)]
struct Solution {
    is_correct: bool,
    solution: String,
}

/// Reads `example_model_solutions.jsonl`, or the folder with it.
pub fn read(path: &Path) -> Result<Suite, SuiteError> {
    let mut left_out = LeftOut::default();
    let file = file_in(
        path,
        &[FILE, &format!("grade_school_math/data/{FILE}")],
        &mut left_out,
    )?;
    let episodes = rows::<Row>(&file, ROW)?
        .into_iter()
        .map(|(line, row)| episode(&file, line, row))
        .collect::<Result<_, _>>()?;
    Ok(Suite {
        name: "gsm8k".into(),
        lane: Lane::Routing,
        summary:
            "GSM8K: which of four models solves this word problem? Memory should not help here"
                .into(),
        left_out: left_out.0,
        streams: vec![Stream {
            name: "main".into(),
            stages: vec![Stage::shuffled(episodes)],
        }],
        budgets: vec![4096],
        primary: "success".into(),
    })
}

fn episode(file: &Path, line: usize, row: Row) -> Result<Episode, SuiteError> {
    let answer = final_answer(&row.ground_truth);
    let value = answer.and_then(number).ok_or_else(|| SuiteError::Line {
        path: file.to_owned(),
        line,
        field: "ground_truth".into(),
        problem: "it does not end in `A: ` or `#### ` and a number".into(),
        advice: "take the file as its authors publish it".into(),
    })?;
    let task = task(
        opaque("gsm8k", &row.question),
        row.question,
        &[("source", "gsm8k")],
    );
    // Ranked by how many problems they solve: .217, .347, .390 and .563 of them.
    let attempts: Vec<Attempt> = [
        ("6b_finetuning", row.small),
        ("175b_finetuning", row.large),
        ("6b_verification", row.small_verified),
        ("175b_verification", row.large_verified),
    ]
    .into_iter()
    .zip(0u32..)
    .map(|((model, solution), rank)| run(&task, model, rank, &solution))
    .collect();
    let values: BTreeMap<String, f64> = attempts
        .iter()
        .map(|a| (a.agent.id.clone(), a.outcome.score.unwrap_or_default()))
        .collect();
    Ok(Episode {
        question: Some(Question::Route { values }),
        attempts,
        check: Some(AnswerCheck::Numeric {
            value,
            tolerance: 0.0,
        }),
        ..Episode::of(task)
    })
}

fn run(task: &Task, model: &str, rank: u32, solution: &Solution) -> Attempt {
    let answer = final_answer(&solution.solution);
    let mut steps: Vec<_> = solution
        .solution
        .lines()
        .filter(|line| !line.trim().is_empty() && final_answer(line).is_none())
        .map(|line| said(Actor::Thought, line.trim()))
        .collect();
    steps.extend(answer.map(|answer| said(Actor::Answer, answer)));
    Attempt {
        agent: Agent {
            rank,
            ..Agent::new(model, model)
        },
        answer: answer.unwrap_or_default().into(),
        ..attempt(
            format!("{}-{rank}", task.id),
            task,
            0,
            steps,
            graded(f64::from(u8::from(solution.is_correct))),
        )
    }
}

/// What stands behind the mark of the last line that has one: `A: ` in these solutions, `#### ` in GSM8K itself.
/// Some solutions break off before.
fn final_answer(solution: &str) -> Option<&str> {
    solution.lines().rev().map(str::trim).find_map(|line| {
        let rest = line
            .strip_prefix("A:")
            .or_else(|| line.strip_prefix("####"));
        rest.map(str::trim)
    })
}

/// A number as people write it: `$1,080.50`.
fn number(text: &str) -> Option<f64> {
    let digits: String = text
        .chars()
        .filter(|c| !matches!(c, ',' | '$' | '%') && !c.is_whitespace())
        .collect();
    digits
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_final_answer_stands_behind_the_last_mark() {
        assert_eq!(final_answer("1 + 1 = 2\nA: 2"), Some("2"));
        assert_eq!(final_answer("1 + 1 = 2\n#### 1,002\n"), Some("1,002"));
        assert_eq!(final_answer("it breaks o"), None);
        assert_eq!(final_answer("Plan A: add"), None);
        assert_eq!(number("$1,080.50"), Some(1080.5));
        assert_eq!(number("1/5"), None);
    }
}
