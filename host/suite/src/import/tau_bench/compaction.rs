//! The same runs for lane `compaction`: where the agent is to act and the run so far has become long, which of the values in
//! it do its later calls take?

use std::path::Path;

use memhost_contract::{Actor, Attempt, Step};
use serde_json::Value;

use super::super::super::text::has_value;
use super::super::super::{Lane, Question, Suite, SuiteError};
use super::along::{Along, along};

/// A run of more characters than this is long.
const LONG: usize = 8000;
/// Shorter values, in characters, stand anywhere by chance.
const SHORTEST: usize = 4;
/// In tokens: what 2,048 characters of these runs have.
const BUDGET: u32 = 720;

/// Reads a file of `historical_trajectories/`, named `<model>-<domain>.json`.
pub fn read(path: &Path) -> Result<Suite, SuiteError> {
    let Along {
        model,
        domain,
        left_out,
        stream,
    } = along(path, questions)?;
    Ok(Suite {
        name: format!("tau-bench-{domain}-compaction"),
        lane: Lane::Compaction,
        summary: format!(
            "tau-bench: runs of {model} with more than {LONG} characters, and what their later calls need"
        ),
        left_out,
        streams: vec![stream],
        budgets: vec![BUDGET],
        primary: "kept".into(),
    })
}

/// What is asked along a run, each with how many steps were taken.
fn questions(run: &Attempt) -> Vec<(usize, Question)> {
    let asked = (1..run.steps.len()).filter_map(|taken| {
        let (so_far, rest) = run.steps.split_at(taken);
        let said: Vec<&str> = so_far.iter().map(|step| step.text.as_str()).collect();
        let said = said.join("\n");
        if !is_decision(so_far.last()?, rest.first()?) || said.chars().count() <= LONG {
            return None;
        }
        let mut needed: Vec<String> = Vec::new();
        for value in rest.iter().flat_map(arguments) {
            if has_value(&said, &value) && !needed.contains(&value) {
                needed.push(value);
            }
        }
        let question = Question::Keep {
            run: so_far.to_vec(),
            needed,
            outdated: Vec::new(),
        };
        let Question::Keep { needed, .. } = &question else {
            return None;
        };
        (!needed.is_empty()).then_some((taken, question))
    });
    asked.collect()
}

/// Whether the agent begins to act between these steps.
fn is_decision(before: &Step, after: &Step) -> bool {
    let is_heard = |step: &Step| matches!(step.actor, Actor::User | Actor::Observation);
    is_heard(before) && !is_heard(after)
}

/// The values that a call takes, but for the shortest.
fn arguments(step: &Step) -> Vec<String> {
    let mut values = Vec::new();
    if step.actor == Actor::Action
        && let Ok(arguments) = serde_json::from_str(&step.text)
    {
        gather(&arguments, &mut values);
    }
    values.retain(|value| value.chars().count() >= SHORTEST);
    values
}

fn gather(value: &Value, values: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.values().for_each(|value| gather(value, values)),
        Value::Array(items) => items.iter().for_each(|value| gather(value, values)),
        Value::String(text) => values.push(text.clone()),
        Value::Number(number) => values.push(number.to_string()),
        Value::Bool(_) | Value::Null => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::{said, tool};

    #[test]
    fn what_a_call_takes_are_the_leaves_of_its_arguments() {
        let arguments = |text: &str| arguments(&tool(Actor::Action, "book", text));
        assert_eq!(
            arguments(r#"{"a": [{"id": "HAT069"}, 1234], "b": "SEA", "c": true, "d": 12.50}"#),
            ["HAT069", "1234", "12.5"]
        );
        assert!(arguments("no JSON").is_empty());
    }

    #[test]
    fn an_agent_decides_once_after_it_has_heard_something() {
        let thought = said(Actor::Thought, "so");
        let call = tool(Actor::Action, "book", "{}");
        let answer = tool(Actor::Observation, "book", "{}");
        assert!(is_decision(&answer, &thought) && is_decision(&answer, &call));
        assert!(!is_decision(&thought, &call) && !is_decision(&call, &answer));
    }
}
