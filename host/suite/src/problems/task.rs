//! What is wrong with a task as strategies and agents see it: when it happened, and what can be called.

use std::collections::HashSet;

use memhost_contract::{Task, Tool};
use serde_json::Value;

use super::Findings;
use crate::episode::LATEST;

pub(super) fn check_task(task: &Task, place: &str, findings: &mut Findings) {
    if let Some(time) = task.time.filter(|time| !(0.0..=LATEST).contains(time)) {
        findings.error(
            place,
            format!("the task's `time` is {time}; it is given in milliseconds since 1970, from 0 to 2^53"),
        );
    }
    let mut names = HashSet::new();
    for (number, tool) in task.tools.iter().enumerate() {
        if tool.name.trim().is_empty() {
            let problem =
                format!("`task.tools[{number}]` has an empty name; name it as the agent calls it");
            findings.error(place, problem);
        } else if !names.insert(tool.name.as_str()) {
            let problem = format!(
                "the tool `{}` stands twice among the task's `tools`; keep one",
                tool.name
            );
            findings.error(place, problem);
        }
        if !has_schema_or_none(tool) {
            let problem = format!(
                "the `schema` of the tool `{}` is no JSON Schema, which is an object; write it as JSON and not as a \
                 text, or leave it out",
                tool.name
            );
            findings.error(place, problem);
        }
    }
}

/// Nothing is said of its arguments, or in JSON what they are.
fn has_schema_or_none(tool: &Tool) -> bool {
    let is_schema = |schema: Value| schema.is_object() || schema.is_boolean();
    tool.schema.is_empty() || serde_json::from_str(&tool.schema).is_ok_and(is_schema)
}
