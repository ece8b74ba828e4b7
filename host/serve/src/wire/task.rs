//! What is to be done, by whom, and where in the work somebody is.

use std::collections::BTreeMap;

use memhost::contract;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A piece of work for an agent.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Task {
    /// What the agent is asked, as the agent sees it.
    #[schema(min_length = 1)]
    pub text: String,
    /// The same task has the same id; where it is left out, the same text is the same task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What is known of it before it is tried, by name: `{"category": "refund"}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Pieces of its context that have an address: mails, functions, turns of a dialogue.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Document>,
}

/// One addressable piece of a task's context.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    /// Unique within the task.
    pub id: String,
    /// What it says.
    pub text: String,
    /// What is known of it besides its text, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// Who works on a task.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Agent {
    /// Which agent, where there are several.
    pub id: String,
    /// The model that it runs on; `any` where that is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What it does in a team: `planner`, `coder`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// Where in its work an agent is.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Moment {
    /// Before the first step.
    #[default]
    TaskStart,
    /// Before the step with this number.
    Step(u32),
    /// After a call of the tool with this name.
    AfterTool(String),
    /// Before another try at a task that failed; how many tries there were.
    Retry(u32),
    /// Where a sub-task begins: the last step of the transcript opens it. Its number, from 0.
    Subtask(u32),
    /// Before the round with this number, from 0, of a task that hides several problems.
    Round(u32),
}

impl From<Task> for contract::Task {
    fn from(task: Task) -> Self {
        contract::Task {
            labels: listed(task.labels),
            documents: task.documents.into_iter().map(Into::into).collect(),
            ..contract::Task::new(task.id.unwrap_or_default(), task.text)
        }
    }
}

impl From<contract::Task> for Task {
    fn from(task: contract::Task) -> Self {
        Task {
            text: task.text,
            id: Some(task.id),
            labels: named(task.labels),
            documents: task.documents.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Document> for contract::Document {
    fn from(document: Document) -> Self {
        contract::Document {
            id: document.id,
            text: document.text,
            labels: listed(document.labels),
        }
    }
}

impl From<contract::Document> for Document {
    fn from(document: contract::Document) -> Self {
        Document {
            id: document.id,
            text: document.text,
            labels: named(document.labels),
        }
    }
}

impl From<Agent> for contract::Agent {
    fn from(agent: Agent) -> Self {
        let model = agent.model.unwrap_or_else(|| "any".to_owned());
        contract::Agent {
            role: agent.role,
            ..contract::Agent::new(agent.id, model)
        }
    }
}

impl From<Moment> for contract::Moment {
    fn from(moment: Moment) -> Self {
        match moment {
            Moment::TaskStart => contract::Moment::TaskStart,
            Moment::Step(number) => contract::Moment::Step(number),
            Moment::AfterTool(tool) => contract::Moment::AfterTool(tool),
            Moment::Retry(tries) => contract::Moment::Retry(tries),
            Moment::Subtask(number) => contract::Moment::Subtask(number),
            Moment::Round(number) => contract::Moment::Round(number),
        }
    }
}

fn listed(labels: BTreeMap<String, String>) -> Vec<contract::Label> {
    let labels = labels.into_iter();
    labels
        .map(|(name, value)| contract::Label { name, value })
        .collect()
}

/// Labels by name; those that share one are joined.
pub(crate) fn named(labels: Vec<contract::Label>) -> BTreeMap<String, String> {
    let mut named: BTreeMap<String, String> = BTreeMap::new();
    for contract::Label { name, value } in labels {
        named
            .entry(name)
            .and_modify(|values| {
                values.push_str(", ");
                values.push_str(&value);
            })
            .or_insert(value);
    }
    named
}
