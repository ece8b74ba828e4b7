//! Recorded trajectories of tau-bench (<https://github.com/sierra-research/tau-bench>, `historical_trajectories/`,
//! MIT): several trials per task, each with what was said, which tools were called, and the reward.
//!
//! As in [`super::tau2`], everything is learnt first and each task then asked for without its own attempts. A task is
//! known by its gold tool calls, an attempt by those of its task, whatever it called itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use super::super::recorded::{agent, attempt, graded, said, task, tool};
use super::super::{Lane, Suite, SuiteError};
use super::tau2::{learnt, leave_one_out, question};
use super::{file_in, json, opaque};
use crate::contract::{Actor, Attempt, Step, Task};

#[derive(Deserialize)]
struct Record {
    task_id: u64,
    trial: u64,
    reward: f64,
    info: Info,
    traj: Vec<Message>,
}

#[derive(Deserialize)]
struct Info {
    task: TaskRow,
}

#[derive(Deserialize)]
struct TaskRow {
    instruction: String,
    actions: Vec<Action>,
}

#[derive(Deserialize)]
struct Action {
    name: String,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: Option<String>,
    name: Option<String>,
    tool_calls: Option<Vec<ToolCall>>,
}

#[derive(Deserialize)]
struct ToolCall {
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    arguments: String,
}

/// Reads a file of `historical_trajectories/`, named `<model>-<domain>.json`.
pub fn read(path: &Path) -> Result<Suite, SuiteError> {
    let file = file_in(
        path,
        &[
            "gpt-4o-airline.json",
            "historical_trajectories/gpt-4o-airline.json",
        ],
    )?;
    let stem = file
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    let (model, domain) = stem.rsplit_once('-').unwrap_or(("recorded", &stem));
    let mut tasks: BTreeMap<u64, Vec<Record>> = BTreeMap::new();
    for record in json::<Vec<Record>>(&file)? {
        tasks.entry(record.task_id).or_default().push(record);
    }
    let mut left_out = 0;
    let mut attempts = Vec::new();
    let mut asked = Vec::new();
    for (id, mut records) in tasks {
        records.sort_by_key(|record| record.trial);
        let Some(first) = records.first() else {
            continue;
        };
        let tools = gold_tools(&first.info.task.actions);
        if tools.is_empty() {
            left_out += 1;
            continue;
        }
        let task = task(
            opaque(&format!("tau-bench/{domain}"), &id.to_string()),
            first.info.task.instruction.clone(),
            &[("domain", domain)],
        );
        asked.push(question(&task, tools));
        let runs = records
            .into_iter()
            .enumerate()
            .map(|(trial, record)| run(&task, model, trial, record))
            .collect();
        attempts.push(learnt(runs, task));
    }
    Ok(Suite {
        name: format!("tau-bench-{domain}"),
        lane: Lane::Transfer,
        summary: format!(
            "tau-bench: trajectories of {model} with their reward; {left_out} tasks that need no tool are left out"
        ),
        streams: vec![leave_one_out(domain, attempts, asked)],
        budgets: vec![256, 4096],
        primary: "ndcg@5".into(),
    })
}

fn gold_tools(actions: &[Action]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    actions
        .iter()
        .map(|action| action.name.clone())
        .filter(|name| seen.insert(name.clone()))
        .collect()
}

fn run(task: &Task, model: &str, trial: usize, record: Record) -> Attempt {
    let steps: Vec<Step> = record.traj.into_iter().flat_map(steps).collect();
    let last_reply = steps.iter().rev().find(|step| step.actor == Actor::Answer);
    Attempt {
        agent: agent(model),
        answer: last_reply.map_or_else(String::new, |step| step.text.clone()),
        ..attempt(
            format!("{}-{trial}", task.id),
            task,
            trial,
            steps,
            graded(record.reward.clamp(0.0, 1.0)),
        )
    }
}

/// A message as steps. The system message, which is the same policy everywhere, is none.
fn steps(message: Message) -> Vec<Step> {
    let text = message.content.unwrap_or_default();
    let calls = message.tool_calls.unwrap_or_default();
    match message.role.as_str() {
        "user" => vec![said(Actor::User, text)],
        "tool" => vec![tool(
            Actor::Observation,
            message.name.unwrap_or_default(),
            text,
        )],
        "assistant" if calls.is_empty() => vec![said(Actor::Answer, text)],
        "assistant" => {
            let thought = (!text.is_empty()).then(|| said(Actor::Thought, text));
            let calls = calls
                .into_iter()
                .map(|call| tool(Actor::Action, call.function.name, call.function.arguments));
            thought.into_iter().chain(calls).collect()
        }
        _ => Vec::new(),
    }
}
