//! WebArena's tasks (<https://github.com/web-arena-x/webarena>, `config_files/test.raw.json`, Apache-2.0) with the
//! success of one agent as three people judged it (<https://github.com/amazon-science/AgentOccam>,
//! `files/human_assessment/WebArena-AgentOccam.csv`).
//!
//! Tasks were written from templates, so that tasks of one template are of one kind. A set of sites is a stream of
//! tasks that arrive one after the other, shuffled: in the file's order the latest task is of the same template
//! nearly always. Nobody recorded trajectories, so the attempts have no steps.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde::Deserialize;

use super::super::recorded::{agent, attempt, graded, task, unknown};
use super::super::{Episode, Lane, Question, Stage, Stream, Suite, SuiteError, Timing};
use super::{file_in, json, opaque};
use crate::contract::Attempt;

/// What a task may draw on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Everything that came before it. Primary: is the best attempt of the same template?
    SameTemplate,
    /// What came before it but attempts of its own template. Primary: do outcomes of other tasks predict its own?
    CrossTemplate,
}

#[derive(Deserialize)]
struct TaskRow {
    task_id: u64,
    sites: Vec<String>,
    intent: String,
    intent_template_id: u64,
}

/// Reads the folder with `test.raw.json` and, for outcomes, `WebArena-AgentOccam.csv`.
pub fn read(path: &Path, mode: Mode) -> Result<Suite, SuiteError> {
    let tasks_file = file_in(path, &["test.raw.json", "config_files/test.raw.json"])?;
    let grades_file = tasks_file.with_file_name("WebArena-AgentOccam.csv");
    let grades = if grades_file.is_file() {
        grades(&grades_file)?
    } else {
        HashMap::new()
    };
    let mut sites: BTreeMap<String, Vec<TaskRow>> = BTreeMap::new();
    for mut row in json::<Vec<TaskRow>>(&tasks_file)? {
        row.sites.sort();
        sites.entry(row.sites.join("+")).or_default().push(row);
    }
    let streams = sites
        .into_iter()
        .map(|(site, rows)| stream(site, &rows, &grades, mode))
        .collect();
    let (name, primary, summary) = match mode {
        Mode::SameTemplate => (
            "webarena",
            "hit@1",
            "WebArena: web tasks as they come in; which earlier one was made from the same template?",
        ),
        Mode::CrossTemplate => (
            "webarena-cross-template",
            "outcome-auc",
            "WebArena without the same template: do outcomes of other tasks predict this one's?",
        ),
    };
    Ok(Suite {
        name: name.into(),
        lane: Lane::Transfer,
        summary: summary.into(),
        streams,
        budgets: vec![1024],
        primary: primary.into(),
    })
}

fn stream(site: String, rows: &[TaskRow], grades: &HashMap<u64, f64>, mode: Mode) -> Stream {
    let mut episodes: Vec<Episode> = rows
        .iter()
        .map(|row| episode(&site, row, grades.get(&row.task_id).copied()))
        .collect();
    if mode == Mode::CrossTemplate {
        withhold_same_template(rows, &mut episodes);
    }
    Stream {
        name: site,
        stages: vec![Stage::shuffled(episodes)],
    }
}

fn episode(site: &str, row: &TaskRow, grade: Option<f64>) -> Episode {
    let task = task(
        opaque("webarena", &row.task_id.to_string()),
        row.intent.clone(),
        &[("site", site)],
    );
    let template = format!("template-{}", row.intent_template_id);
    Episode {
        attempts: vec![Attempt {
            agent: agent("AgentOccam"),
            ..attempt(
                format!("{}-0", task.id),
                &task,
                0,
                Vec::new(),
                grade.map_or_else(unknown, graded),
            )
        }],
        task,
        question: Some(Question::Kind {
            kind: template.clone(),
        }),
        withheld: Vec::new(),
        timing: Timing::default(),
        check: None,
        group: template,
    }
}

fn withhold_same_template(rows: &[TaskRow], episodes: &mut [Episode]) {
    let mut by_template: HashMap<u64, Vec<String>> = HashMap::new();
    for (row, episode) in rows.iter().zip(episodes.iter()) {
        let attempts = episode.attempts.iter().map(|attempt| attempt.id.clone());
        by_template
            .entry(row.intent_template_id)
            .or_default()
            .extend(attempts);
    }
    for (row, episode) in rows.iter().zip(episodes) {
        if let Some(same) = by_template.get(&row.intent_template_id) {
            episode.withheld.clone_from(same);
        }
    }
}

/// The mean of the three grades by task. The first column is the task's id, the last the mean; other lines are
/// headings and totals.
fn grades(path: &Path) -> Result<HashMap<u64, f64>, SuiteError> {
    let broken = |line: u64, field: &str, problem: String| SuiteError::Line {
        path: path.to_owned(),
        line: usize::try_from(line).unwrap_or(usize::MAX),
        field: field.into(),
        problem,
        advice: "take the file as AgentOccam publishes it".into(),
    };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_path(path)
        .map_err(|error| broken(0, "", error.to_string()))?;
    let mut grades = HashMap::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line);
            broken(line, "", error.to_string())
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        let first = record.get(0).unwrap_or_default();
        let Ok(task) = first.parse::<u64>() else {
            continue;
        };
        let mean = record.iter().next_back().unwrap_or_default();
        if mean.is_empty() {
            continue;
        }
        let grade: f64 = mean
            .parse()
            .ok()
            .filter(|grade| (0.0..=1.0).contains(grade))
            .ok_or_else(|| broken(line, "Average", format!("`{mean}` is no number in 0..=1")))?;
        grades.insert(task, grade);
    }
    Ok(grades)
}
