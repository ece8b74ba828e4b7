//! Tasks of tau2-bench (<https://github.com/sierra-research/tau2-bench>, `data/tau2/domains/*/tasks.json`, MIT).
//!
//! A domain is a stream. Its attempts are the gold tool calls of each task, all learnt first; then each task is
//! asked for, with its own attempt withheld (leave one out). What it needs is known by the tools that it calls.
//!
//! Domains are whatever folders there are: new ones come with every version.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use memhost_contract::{Actor, Attempt, Task};
use serde::Deserialize;
use serde_json::Value;

use super::super::pool::Pool;
use super::super::reader::tools_called;
use super::super::recorded::{agent, attempt, graded, task, tool};
use super::super::source::{is_readable, unpacked_name};
use super::super::{Episode, Lane, Question, Stage, Stream, Suite, SuiteError};
use super::{LeftOut, Meant, file_of, files_of, lenient, missing, name_of, opaque, rows, stem_of};

/// Where the domains are, from the root of a clone on.
const BELOW: [&str; 4] = ["data/tau2/domains", "tau2/domains", "domains", "data"];
/// How the file of a domain is named where it is no folder's.
const FLAT: (&str, &str) = ("tau2_", "_tasks.json");
const TASKS: &str = "tasks.json";
/// Those of the first release, in the order in which they stand first.
const FIRST: [&str; 3] = ["retail", "airline", "banking"];
/// A domain that the repository has renamed; its tasks keep their ids.
const RENAMED: (&str, &str) = ("banking_knowledge", "banking");
const TASK: Meant =
    Meant::Published("a task of tau2-bench has `id`, `user_scenario` and `evaluation_criteria`");

#[derive(Deserialize)]
struct TaskRow {
    #[serde(deserialize_with = "lenient::id")]
    id: String,
    /// What the customer wants: a text, or an object with `instructions`.
    user_scenario: Value,
    evaluation_criteria: Option<Criteria>,
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

/// Reads every domain below a folder, or one domain from a file.
pub fn read(path: &Path) -> Result<Suite, SuiteError> {
    let mut left_out = LeftOut::default();
    let mut without_actions = 0;
    let mut streams = Vec::new();
    for (domain, files) in domains(path, &mut left_out)? {
        // A domain that is written otherwise costs the others nothing.
        let tasks = match tasks(&files) {
            Err(error) if !is_readable(path) => {
                left_out.named(format_args!("domain {domain}"), error.without_path());
                continue;
            }
            tasks => tasks?,
        };
        let all = tasks.len();
        let (stream, omitted) = stream(&domain, tasks, &mut left_out);
        without_actions += omitted;
        if omitted == all {
            left_out.named(
                format_args!("domain {domain}"),
                "none of its tasks has gold actions",
            );
        } else {
            streams.push(stream);
        }
    }
    if streams.is_empty() {
        return Err(SuiteError::Source {
            path: path.to_owned(),
            problem: format!("no domain in it can be read: {}", left_out.0.join("; ")),
            advice:
                "take the tasks as tau2-bench publishes them, data/tau2/domains/<domain>/tasks.json"
                    .into(),
        });
    }
    left_out.counted(without_actions, "task", "tasks", "without gold actions");
    Ok(Suite {
        name: "tau2".into(),
        lane: Lane::Transfer,
        summary: format!(
            "tau2-bench: customer service tasks, known by the tools that solve them; {without_actions} tasks without any are left out"
        ),
        left_out: left_out.0,
        streams,
        budgets: vec![256, 4096],
        primary: "ndcg@5".into(),
    })
}

/// Reads every domain below a folder into one stream.
pub fn read_pooled(path: &Path, pool: Pool) -> Result<Suite, SuiteError> {
    let domains = read(path)?;
    if domains.streams.len() < 2 {
        return Err(SuiteError::Source {
            path: path.to_owned(),
            problem: match domains.left_out.is_empty() {
                true => "there is one domain in it".to_owned(),
                false => format!(
                    "only one domain in it can be read: {}",
                    domains.left_out.join("; ")
                ),
            },
            advice: "give a folder with several; `tau2:` takes one alone".into(),
        });
    }
    let (mut suite, out_of_reach) = domains.pooled(pool);
    let mut left_out = LeftOut(std::mem::take(&mut suite.left_out));
    let why = "no other domain has any of the tools that they need";
    left_out.counted(out_of_reach, "question", "questions", why);
    let (name, drawn_on) = match pool {
        Pool::Pooled => ("tau2-pooled", "tasks of all domains in one stream"),
        Pool::CrossDomain => (
            "tau2-cross-domain",
            "tasks of all domains in one stream, those of the same one withheld",
        ),
    };
    Ok(Suite {
        name: name.into(),
        summary: format!("tau2-bench: {drawn_on}, known by the tools that solve them"),
        left_out: left_out.0,
        ..suite
    })
}

/// The domains with their files: those of the first release, then the others by their names.
fn domains(path: &Path, left_out: &mut LeftOut) -> Result<Vec<(String, Vec<PathBuf>)>, SuiteError> {
    let mut domains: Vec<(String, Vec<PathBuf>)> = match is_readable(path) {
        true => vec![(domain_of(path), vec![path.to_owned()])],
        false => domains_in(path, left_out)?.into_iter().collect(),
    };
    domains.sort_by_key(|(domain, _)| {
        FIRST
            .iter()
            .position(|first| first == domain)
            .unwrap_or(FIRST.len())
    });
    Ok(domains)
}

fn domains_in(
    path: &Path,
    left_out: &mut LeftOut,
) -> Result<BTreeMap<String, Vec<PathBuf>>, SuiteError> {
    let has_domains = |folder: &Path| {
        let in_folders = folders(folder)
            .is_ok_and(|all| all.iter().any(|domain| !task_files(domain).is_empty()));
        in_folders
            || files_of(folder, FLAT.1).is_ok_and(|files| !files.is_empty())
            || !task_files(folder).is_empty()
    };
    // What is below is looked at first: the root of a clone has folders of its own.
    let below = BELOW.iter().map(|name| path.join(name));
    let folder = below
        .chain([path.to_owned()])
        .find(|folder| has_domains(folder))
        .ok_or_else(|| missing(path, "retail/tasks.json` or `tau2_retail_tasks.json"))?;
    let mut domains: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for file in files_of(&folder, ".json")? {
        let name = name_of(&file);
        if unpacked_name(&name).ends_with(FLAT.1) {
            domains.insert(domain_of(&file), vec![file]);
        } else if name.starts_with(FLAT.0) && name.contains("_tasks") {
            left_out.named(name, format_args!("not named {}<domain>{}", FLAT.0, FLAT.1));
        }
    }
    let flat = !domains.is_empty();
    let own = task_files(&folder);
    if !own.is_empty() && !flat {
        domains.insert(domain_of(&folder.join(TASKS)), own);
        return Ok(domains);
    }
    for domain in folders(&folder)? {
        let name = name_of(&domain);
        let files = task_files(&domain);
        if files.is_empty() {
            if !flat {
                left_out.named(
                    format_args!("folder {name}"),
                    format_args!("there is no {TASKS} in it"),
                );
            }
            continue;
        }
        for other in files_of(&domain, ".json")? {
            let other = name_of(&other);
            if other.starts_with("tasks_") {
                left_out.named(
                    format_args!("{name}/{other}"),
                    format_args!("{TASKS} beside it is read"),
                );
            }
        }
        let (new, old) = RENAMED;
        let known_as = if name == new && !folder.join(old).is_dir() {
            old
        } else {
            name.as_str()
        };
        if domains.contains_key(known_as) {
            let flat = format!("{}{known_as}{}", FLAT.0, FLAT.1);
            left_out.named(
                format_args!("folder {name}"),
                format_args!("{flat} beside it is read"),
            );
        } else {
            domains.insert(known_as.to_owned(), files);
        }
    }
    Ok(domains)
}

/// The name of a domain by its file: that of its folder, or what stands in the file's own name.
fn domain_of(file: &Path) -> String {
    let (start, end) = FLAT;
    let name = name_of(file);
    let name = unpacked_name(&name);
    let in_name = name
        .strip_suffix(end)
        .map(|name| name.strip_prefix(start).unwrap_or(name));
    let folder = || {
        file.parent()
            .filter(|_| name == TASKS)
            .map(name_of)
            .filter(|name| !name.is_empty())
    };
    let domain = in_name.map(str::to_owned).or_else(folder);
    domain.unwrap_or_else(|| match FIRST.iter().find(|known| name.contains(**known)) {
        Some(known) => (*known).to_owned(),
        None => stem_of(file),
    })
}

/// The folders in a folder, in the order of their names.
fn folders(folder: &Path) -> Result<Vec<PathBuf>, SuiteError> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(SuiteError::reading(folder))? {
        let path = entry.map_err(SuiteError::reading(folder))?.path();
        if path.is_dir() && !name_of(&path).starts_with(['.', '_']) {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

/// The tasks of a domain: one file with all, or a folder with one each.
fn task_files(domain: &Path) -> Vec<PathBuf> {
    match file_of(domain, TASKS) {
        Some(file) => vec![file],
        None => files_of(&domain.join("tasks"), ".json").unwrap_or_default(),
    }
}

fn tasks(files: &[PathBuf]) -> Result<Vec<TaskRow>, SuiteError> {
    let mut tasks = Vec::new();
    for file in files {
        tasks.extend(rows::<TaskRow>(file, TASK)?.into_iter().map(|(_, row)| row));
    }
    Ok(tasks)
}

/// The stream of a domain, and how many tasks have no gold actions.
fn stream(domain: &str, rows: Vec<TaskRow>, left_out: &mut LeftOut) -> (Stream, usize) {
    let mut met = HashSet::new();
    let all = rows.len();
    let rows: Vec<TaskRow> = rows
        .into_iter()
        .filter(|row| met.insert(row.id.clone()))
        .collect();
    let why = format!("domain {domain} has a task of the same id before");
    left_out.counted(all - rows.len(), "task", "tasks", why);
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
        attempts,
        ..Episode::of(task)
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
        instructions(
            row.user_scenario
                .get("instructions")
                .unwrap_or(&row.user_scenario),
        ),
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

#[cfg(test)]
mod tests;
