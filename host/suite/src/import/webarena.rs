//! WebArena's tasks (<https://github.com/web-arena-x/webarena>, `config_files/test.raw.json`, Apache-2.0) with the
//! success of one agent as three people judged it (<https://github.com/amazon-science/AgentOccam>,
//! `files/human_assessment/WebArena-AgentOccam.csv`).
//!
//! Tasks were written from templates, so that tasks of one template are of one kind. A set of sites is a stream of
//! tasks that arrive one after the other, shuffled: in the file's order the latest task is of the same template
//! nearly always. Nobody recorded trajectories, so the attempts have no steps.
//!
//! Outcomes are told apart by the ids of tasks alone, which other data sets of the same shape have too: an outcome is
//! taken only where it can be of no other task (see `outcomes`).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use memhost_contract::Attempt;
use serde::Deserialize;
use serde_json::Value;

use super::super::recorded::{agent, attempt, graded, task, unknown};
use super::super::{Episode, Lane, Question, Stage, Stream, Suite, SuiteError};
use super::{LeftOut, Meant, file_in, file_of, lenient, opaque, rows};

mod outcomes;

/// What a task may draw on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Everything that came before it. Primary: is the best attempt of the same template?
    SameTemplate,
    /// What came before it but attempts of its own template. Primary: do outcomes of other tasks predict its own?
    CrossTemplate,
}

const OUTCOMES: &str = "WebArena-AgentOccam.csv";
const TASK: Meant = Meant::Published(
    "a task of WebArena has `task_id`, `sites`, `intent` and `intent_template_id`",
);

#[derive(Deserialize)]
struct TaskRow {
    #[serde(deserialize_with = "lenient::id")]
    task_id: String,
    /// Its id in WebArena, where a selection of tasks was numbered anew.
    old_task_id: Option<Value>,
    #[serde(deserialize_with = "lenient::list")]
    sites: Vec<String>,
    intent: String,
    intent_template_id: Option<Value>,
    intent_template: Option<String>,
}

impl TaskRow {
    fn site(&self) -> String {
        self.sites.join("+")
    }

    /// The id by which outcomes know it.
    fn graded_as(&self) -> String {
        let old = self.old_task_id.clone().and_then(lenient::text);
        old.unwrap_or_else(|| self.task_id.clone())
    }

    /// What it was made from; a task without a template is of its own kind.
    fn template(&self) -> String {
        let number = self.intent_template_id.clone().and_then(lenient::text);
        let text = || self.intent_template.clone();
        number.or_else(text).unwrap_or_else(|| self.intent.clone())
    }
}

/// A task with an id of its own, and what became of it.
struct Graded {
    row: TaskRow,
    id: String,
    outcome: Option<f64>,
}

/// Reads the folder with `test.raw.json` and, for outcomes, `WebArena-AgentOccam.csv`.
pub fn read(path: &Path, mode: Mode) -> Result<Suite, SuiteError> {
    let mut left_out = LeftOut::default();
    let tasks_file = file_in(
        path,
        &["test.raw.json", "config_files/test.raw.json"],
        &mut left_out,
    )?;
    let mut tasks: Vec<TaskRow> = Vec::new();
    let (mut met, mut repeated) = (HashSet::new(), 0);
    for (_, mut row) in rows::<TaskRow>(&tasks_file, TASK)? {
        row.sites.sort();
        if met.insert((row.task_id.clone(), row.site(), row.intent.clone())) {
            tasks.push(row);
        } else {
            repeated += 1;
        }
    }
    left_out.counted(repeated, "task", "tasks", "in the file once more");
    let grades_file = file_of(tasks_file.parent().unwrap_or(path), OUTCOMES);
    let outcomes = match &grades_file {
        Some(file) => outcomes::of(&tasks, file, &mut left_out)?,
        None => vec![None; tasks.len()],
    };
    if outcomes.iter().all(Option::is_none) {
        let why = match &grades_file {
            Some(file) => format!("{} has none that is surely theirs", super::name_of(file)),
            None => format!("there is no {OUTCOMES} beside the tasks"),
        };
        left_out.named("outcomes of all tasks", why);
    } else {
        let without = outcomes.iter().filter(|outcome| outcome.is_none()).count();
        left_out.counted(
            without,
            "outcome",
            "outcomes",
            "no grade that is surely of its task",
        );
    }
    let mut times: HashMap<&str, usize> = HashMap::new();
    for row in &tasks {
        *times.entry(&row.task_id).or_default() += 1;
    }
    // Two tasks of one id are told apart by what they ask for.
    let ids = tasks
        .iter()
        .map(|row| match times.get(row.task_id.as_str()) {
            Some(1) => opaque("webarena", &row.task_id),
            _ => opaque(
                "webarena",
                &format!("{}/{}/{}", row.task_id, row.site(), row.intent),
            ),
        });
    let ids: Vec<String> = ids.collect();
    let mut sites: BTreeMap<String, Vec<Graded>> = BTreeMap::new();
    for ((row, id), outcome) in tasks.into_iter().zip(ids).zip(outcomes) {
        sites
            .entry(row.site())
            .or_default()
            .push(Graded { row, id, outcome });
    }
    let streams = sites
        .into_iter()
        .map(|(site, rows)| stream(site, &rows, mode))
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
        left_out: left_out.0,
        streams,
        budgets: vec![1024],
        primary: primary.into(),
    })
}

fn stream(site: String, tasks: &[Graded], mode: Mode) -> Stream {
    let mut episodes: Vec<Episode> = tasks.iter().map(|task| episode(&site, task)).collect();
    if mode == Mode::CrossTemplate {
        withhold_same_template(&mut episodes);
    }
    Stream {
        name: site,
        stages: vec![Stage::shuffled(episodes)],
    }
}

fn episode(site: &str, Graded { row, id, outcome }: &Graded) -> Episode {
    let task = task(id.clone(), row.intent.clone(), &[("site", site)]);
    let template = format!("template-{}", row.template());
    Episode {
        attempts: vec![Attempt {
            agent: agent("AgentOccam"),
            ..attempt(
                format!("{}-0", task.id),
                &task,
                0,
                Vec::new(),
                outcome.map_or_else(unknown, graded),
            )
        }],
        question: Some(Question::Kind {
            kind: template.clone(),
        }),
        group: template,
        ..Episode::of(task)
    }
}

/// Tasks of one template are of one group.
fn withhold_same_template(episodes: &mut [Episode]) {
    let mut by_template: HashMap<String, Vec<String>> = HashMap::new();
    for episode in episodes.iter() {
        let attempts = episode.attempts.iter().map(|attempt| attempt.id.clone());
        by_template
            .entry(episode.group.clone())
            .or_default()
            .extend(attempts);
    }
    for episode in episodes {
        if let Some(same) = by_template.get(&episode.group) {
            episode.withheld.clone_from(same);
        }
    }
}

#[cfg(test)]
mod tests;
