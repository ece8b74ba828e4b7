//! Tasks of tau2-bench (<https://github.com/sierra-research/tau2-bench>, `data/tau2/domains/*/tasks.json`, MIT).
//!
//! A domain is a stream. Its attempts are the gold tool calls of each task, all learnt first; then each task is
//! asked for, with its own attempt withheld (leave one out). What it needs is known by the tools that it calls.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::super::reader::tools_called;
use super::super::recorded::{agent, attempt, graded, task, tool};
use super::super::{Episode, Lane, Question, Stage, Stream, Suite, SuiteError, Timing};
use super::{json, missing, opaque};
use crate::contract::{Actor, Attempt, Task};

/// Domains, with the folders that hold them in the repository.
const DOMAINS: [(&str, &[&str]); 3] = [
    ("retail", &["retail"]),
    ("airline", &["airline"]),
    ("banking", &["banking", "banking_knowledge"]),
];

#[derive(Deserialize)]
struct TaskRow {
    id: String,
    user_scenario: Scenario,
    evaluation_criteria: Option<Criteria>,
}

#[derive(Deserialize)]
struct Scenario {
    instructions: Value,
}

#[derive(Deserialize)]
struct Criteria {
    actions: Option<Vec<Action>>,
}

#[derive(Deserialize)]
struct Action {
    name: String,
    #[serde(default)]
    arguments: Value,
}

/// Reads the domains retail, airline and banking from a folder, or one domain from a file.
pub fn read(path: &Path) -> Result<Suite, SuiteError> {
    let mut left_out = 0;
    let mut streams = Vec::new();
    for (domain, file) in domain_files(path)? {
        let (stream, without_actions) = stream(&domain, json(&file)?);
        left_out += without_actions;
        streams.push(stream);
    }
    Ok(Suite {
        name: "tau2".into(),
        lane: Lane::Transfer,
        summary: format!(
            "tau2-bench: customer service tasks, known by the tools that solve them; {left_out} tasks without any are left out"
        ),
        streams,
        budgets: vec![256, 4096],
        primary: "ndcg@5".into(),
    })
}

fn domain_files(path: &Path) -> Result<Vec<(String, PathBuf)>, SuiteError> {
    if path.is_file() {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let known = DOMAINS.iter().find(|(domain, _)| name.contains(domain));
        let domain = known.map_or("tasks", |(domain, _)| domain);
        return Ok(vec![(domain.into(), path.to_owned())]);
    }
    let files: Vec<(String, PathBuf)> = DOMAINS
        .iter()
        .filter_map(|(domain, folders)| {
            let flat = path.join(format!("tau2_{domain}_tasks.json"));
            let nested = folders
                .iter()
                .map(|folder| path.join(folder).join("tasks.json"));
            let file = std::iter::once(flat)
                .chain(nested)
                .find(|file| file.is_file())?;
            Some(((*domain).to_owned(), file))
        })
        .collect();
    if files.is_empty() {
        return Err(missing(
            path,
            "retail/tasks.json` or `tau2_retail_tasks.json",
        ));
    }
    Ok(files)
}

/// The stream of a domain, and how many tasks have no gold actions.
fn stream(domain: &str, rows: Vec<TaskRow>) -> (Stream, usize) {
    let all = rows.len();
    let attempts: Vec<Attempt> = rows
        .into_iter()
        .filter_map(|row| gold_attempt(domain, row))
        .collect();
    let without_actions = all - attempts.len();
    let asked = attempts
        .iter()
        .map(|attempt| question(&attempt.task, tools_called(attempt)))
        .collect();
    let learnt = attempts
        .into_iter()
        .map(|attempt| learnt(vec![attempt.clone()], attempt.task))
        .collect();
    (leave_one_out(domain, learnt, asked), without_actions)
}

/// Everything is learnt first, and then everything is asked for.
pub(super) fn leave_one_out(name: &str, learnt: Vec<Episode>, asked: Vec<Episode>) -> Stream {
    Stream {
        name: name.to_owned(),
        stages: vec![Stage::shuffled(learnt), Stage::shuffled(asked)],
    }
}

pub(super) fn learnt(attempts: Vec<Attempt>, task: Task) -> Episode {
    Episode {
        question: None,
        attempts,
        withheld: Vec::new(),
        timing: Timing::default(),
        check: None,
        group: task.id.clone(),
        task,
    }
}

pub(super) fn question(task: &Task, tools: Vec<String>) -> Episode {
    Episode {
        question: Some(Question::Tools { tools }),
        ..learnt(Vec::new(), task.clone())
    }
}

fn gold_attempt(domain: &str, row: TaskRow) -> Option<Attempt> {
    let actions = row.evaluation_criteria?.actions.unwrap_or_default();
    if actions.is_empty() {
        return None;
    }
    let task = task(
        opaque(&format!("tau2/{domain}"), &row.id),
        instructions(&row.user_scenario.instructions),
        &[("domain", domain)],
    );
    let steps = actions
        .into_iter()
        .map(|action| tool(Actor::Action, action.name, action.arguments.to_string()))
        .collect();
    Some(Attempt {
        agent: agent("reference"),
        ..attempt(format!("{}-0", task.id), &task, 0, steps, graded(1.0))
    })
}

/// What the customer wants, and knows.
fn instructions(value: &Value) -> String {
    if let Value::String(text) = value {
        return text.clone();
    }
    let parts = ["reason_for_call", "task_instructions", "known_info"]
        .map(|name| value.get(name).and_then(Value::as_str).unwrap_or_default());
    parts.join(" ")
}
