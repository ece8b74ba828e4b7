//! Recorded trajectories of tau-bench (<https://github.com/sierra-research/tau-bench>, `historical_trajectories/`,
//! MIT): several trials per task, each with what was said, which tools were called, and the reward.
//!
//! As in [`super::tau2`], everything is learnt first and each task then asked for without its own attempts. A task is
//! known by its gold tool calls, an attempt by those of its task, whatever it called itself. Numbers of tasks are
//! counted anew in every domain and release, so that runs of one number are of one task only if they were told the
//! same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use memhost_contract::{Actor, Attempt, Step, Task};
use serde::Deserialize;

use super::super::recorded::{agent, attempt, graded, said, task, tool};
use super::super::{Lane, Suite, SuiteError};
use super::source::is_readable;
use super::tau2::{learnt, leave_one_out, question};
use super::{
    LeftOut, Meant, file_in, files_of, folder_in, lenient, name_of, opaque, rows, stem_of,
};

mod along;
mod compaction;
mod steps;

pub use compaction::read as read_compaction;
pub use steps::read as read_steps;

#[derive(Deserialize)]
struct Record {
    #[serde(deserialize_with = "lenient::id")]
    task_id: String,
    #[serde(default, deserialize_with = "lenient::default")]
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

const RECORD: Meant = Meant::Published(
    "a trajectory of tau-bench has `task_id`, `trial`, `reward`, `traj` and `info.task` with `instruction` and `actions`",
);
const FILE: &str = "gpt-4o-airline.json";
const FOLDER: &str = "historical_trajectories";
/// How the answer of a tool begins that could not do what it was asked.
const ERROR: &str = "Error";

/// What an agent was told, and the runs that were told so.
type Told = (String, Vec<Record>);

/// A file of `historical_trajectories/`.
pub(super) struct Trajectories {
    pub(super) model: String,
    pub(super) domain: String,
    pub(super) tasks: Vec<TaskRuns>,
    pub(super) left_out: Vec<String>,
}

/// A task with its runs, in the order of their trials.
pub(super) struct TaskRuns {
    pub(super) task: Task,
    /// The tools of its gold calls, without repeats.
    tools: Vec<String>,
    pub(super) runs: Vec<Attempt>,
}

/// Reads a file of `historical_trajectories/`, named `<model>-<domain>.json`.
pub fn read(path: &Path) -> Result<Suite, SuiteError> {
    let Trajectories {
        model,
        domain,
        tasks,
        left_out,
    } = trajectories(path)?;
    let mut left_out = LeftOut(left_out);
    let all = tasks.len();
    let (mut attempts, mut asked) = (Vec::new(), Vec::new());
    for TaskRuns { task, tools, runs } in tasks {
        if !tools.is_empty() {
            asked.push(question(&task, tools));
            attempts.push(learnt(runs, task));
        }
    }
    let without_tools = all - asked.len();
    left_out.counted(without_tools, "task", "tasks", "needing no tool");
    Ok(Suite {
        name: format!("tau-bench-{domain}"),
        lane: Lane::Transfer,
        summary: format!(
            "tau-bench: trajectories of {model} with their reward; {without_tools} tasks that need no tool are left out"
        ),
        left_out: left_out.0,
        streams: vec![leave_one_out(&domain, attempts, asked)],
        budgets: vec![256, 4096],
        primary: "ndcg@5".into(),
    })
}

/// The tasks of a file with their runs.
pub(super) fn trajectories(path: &Path) -> Result<Trajectories, SuiteError> {
    let mut left_out = LeftOut::default();
    let file = file(path, &mut left_out)?;
    let stem = stem_of(&file).to_lowercase();
    let (model, domain) = stem.rsplit_once('-').unwrap_or(("recorded", &stem));
    let mut tasks: BTreeMap<(u64, String), Vec<Told>> = BTreeMap::new();
    for (_, record) in rows::<Record>(&file, RECORD)? {
        let place = (
            record.task_id.parse().unwrap_or(u64::MAX),
            record.task_id.clone(),
        );
        let of_id = tasks.entry(place).or_default();
        let told = &record.info.task.instruction;
        match of_id
            .iter_mut()
            .find(|(instruction, _)| instruction == told)
        {
            Some((_, records)) => records.push(record),
            None => of_id.push((told.clone(), vec![record])),
        }
    }
    let tasks = tasks.into_iter().flat_map(|((_, id), of_id)| {
        let alone = of_id.len() == 1;
        of_id.into_iter().map(move |(instruction, records)| {
            let id = if alone {
                id.clone()
            } else {
                format!("{id}/{instruction}")
            };
            (id, instruction, records)
        })
    });
    let tasks = tasks.map(|(id, instruction, mut records)| {
        records.sort_by_key(|record| record.trial);
        let gold = records.first().map(|first| &first.info.task.actions);
        let tools = gold.map_or_else(Vec::new, |actions| gold_tools(actions));
        let id = opaque(&format!("tau-bench/{domain}"), &id);
        let task = task(id, instruction, &[("domain", domain)]);
        let runs = records.into_iter().enumerate();
        let runs = runs.map(|(trial, record)| run(&task, model, trial, record));
        TaskRuns {
            runs: runs.collect(),
            tools,
            task,
        }
    });
    Ok(Trajectories {
        tasks: tasks.collect(),
        model: model.to_owned(),
        domain: domain.to_owned(),
        left_out: left_out.0,
    })
}

/// The file itself, or the one of a folder that most comparisons use first, or the only one. The others are left out.
fn file(path: &Path, left_out: &mut LeftOut) -> Result<PathBuf, SuiteError> {
    if is_readable(path) {
        return Ok(path.to_owned());
    }
    let named = |folder: &Path| {
        let files = files_of(folder, ".json").unwrap_or_default().into_iter();
        files
            .filter(|file| stem_of(file).contains('-'))
            .collect::<Vec<_>>()
    };
    let folder = folder_in(path, &[FOLDER], |folder| !named(folder).is_empty());
    let files = folder.map(|folder| named(&folder)).unwrap_or_default();
    let file = match files.as_slice() {
        [only] => only.clone(),
        _ => file_in(path, &[FILE, &format!("{FOLDER}/{FILE}")], left_out)?,
    };
    for other in files.iter().filter(|other| **other != file) {
        let why = format!("{} is read; name a file to read another", name_of(&file));
        left_out.named(name_of(other), why);
    }
    Ok(file)
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
        "tool" => vec![Step {
            failed: Some(text.starts_with(ERROR)),
            ..tool(Actor::Observation, message.name.unwrap_or_default(), text)
        }],
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

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str, trial: u32, reward: f64, instruction: &str) -> String {
        format!(
            r#"{{"task_id": {id}, "trial": {trial}, "reward": {reward}, "info": {{"task": {{"instruction": "{instruction}", "actions": [{{"name": "book"}}]}}}}, "traj": []}}"#
        )
    }

    fn read_files(files: &[(&str, String)]) -> Suite {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        read(folder.path()).unwrap()
    }

    #[test]
    fn a_tool_that_answers_with_an_error_has_failed() {
        let said = |content: &str| Message {
            role: "tool".into(),
            content: Some(content.into()),
            name: Some("book".into()),
            tool_calls: None,
        };
        let failed = |content| steps(said(content))[0].failed;
        assert_eq!(failed("Error: no such flight"), Some(true));
        assert_eq!(failed("{\"flight\": 1}"), Some(false));
    }

    fn scores(suite: &Suite) -> Vec<(&str, Vec<Option<f64>>)> {
        let learnt = suite.streams[0].stages[0].episodes.iter();
        let scores = |attempts: &[Attempt]| {
            attempts
                .iter()
                .map(|attempt| attempt.outcome.score)
                .collect()
        };
        learnt
            .map(|episode| (episode.task.text.as_str(), scores(&episode.attempts)))
            .collect()
    }

    /// A file that was put together from two domains, or from two releases.
    #[test]
    fn runs_of_other_tasks_with_equal_ids_are_not_taken() {
        let rows = [
            record("0", 1, 1.0, "Fly."),
            record("0", 0, 0.0, "Fly."),
            record("0", 0, 1.0, "Return."),
            record("\"10\"", 0, 1.0, "Ten."),
            record("2", 0, 0.0, "Two."),
        ];
        let suite = read_files(&[("m-airline.json", rows.join("\n"))]);
        assert_eq!(
            scores(&suite),
            [
                ("Fly.", vec![Some(0.0), Some(1.0)]),
                ("Return.", vec![Some(1.0)]),
                ("Two.", vec![Some(0.0)]),
                ("Ten.", vec![Some(1.0)]),
            ]
        );
        let ids: BTreeSet<&str> = suite
            .questions()
            .map(|(episode, _)| episode.task.id.as_str())
            .collect();
        assert_eq!(ids.len(), 4);
        // A number that is one task's alone keeps its id.
        assert!(ids.contains(opaque("tau-bench/airline", "2").as_str()));
    }

    #[test]
    fn other_models_and_domains_in_a_folder_are_named() {
        let rows = record("0", 0, 1.0, "Fly.");
        let suite = read_files(&[("sonnet-retail.json", rows.clone())]);
        assert_eq!(
            (suite.name.as_str(), suite.left_out.len()),
            ("tau-bench-retail", 0)
        );
        let suite = read_files(&[
            ("gpt-4o-airline.json", rows.clone()),
            ("gpt-4o-retail.json", rows),
        ]);
        assert_eq!(suite.name, "tau-bench-airline");
        assert_eq!(
            suite.left_out,
            ["gpt-4o-retail.json: gpt-4o-airline.json is read; name a file to read another"]
        );
    }
}
