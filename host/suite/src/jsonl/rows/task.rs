//! A task as it stands in a line.

use std::collections::BTreeMap;

use memhost_contract::{Document, Label, Task, Tool};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TaskRow {
    id: String,
    text: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    documents: Vec<DocumentRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tools: Vec<ToolRow>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ToolRow {
    name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<serde_json::Value>,
}

impl ToolRow {
    fn of(tool: &Tool) -> ToolRow {
        ToolRow {
            name: tool.name.clone(),
            description: tool.description.clone(),
            schema: serde_json::from_str(&tool.schema).ok(),
        }
    }

    fn into_tool(self) -> Tool {
        Tool {
            name: self.name,
            description: self.description,
            schema: self
                .schema
                .map_or_else(String::new, |schema| schema.to_string()),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentRow {
    id: String,
    text: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
}

impl TaskRow {
    pub(super) fn of(task: &Task) -> TaskRow {
        TaskRow {
            id: task.id.clone(),
            text: task.text.clone(),
            labels: label_map(&task.labels),
            documents: task
                .documents
                .iter()
                .map(|document| DocumentRow {
                    id: document.id.clone(),
                    text: document.text.clone(),
                    labels: label_map(&document.labels),
                })
                .collect(),
            time: task.time,
            tools: task.tools.iter().map(ToolRow::of).collect(),
        }
    }

    pub(super) fn into_task(self) -> Task {
        Task {
            id: self.id,
            text: self.text,
            labels: label_list(self.labels),
            documents: self
                .documents
                .into_iter()
                .map(|row| Document {
                    id: row.id,
                    text: row.text,
                    labels: label_list(row.labels),
                })
                .collect(),
            time: self.time,
            tools: self.tools.into_iter().map(ToolRow::into_tool).collect(),
        }
    }
}

fn label_map(labels: &[Label]) -> BTreeMap<String, String> {
    labels
        .iter()
        .map(|label| (label.name.clone(), label.value.clone()))
        .collect()
}

fn label_list(labels: BTreeMap<String, String>) -> Vec<Label> {
    labels
        .into_iter()
        .map(|(name, value)| Label { name, value })
        .collect()
}
