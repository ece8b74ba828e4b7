//! Messages in OpenAI's chat form, for agents that have their trajectory like that already.

use std::collections::HashMap;

use memhost::contract::{Actor, Step};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::problem::Problem;

/// A message in OpenAI's chat form. What else it holds is ignored.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Message {
    /// `user`, `assistant` or `tool`; `system` and `developer` are left out of the trajectory.
    pub role: String,
    /// A text, or parts of which those of type `text` count.
    #[serde(default)]
    pub content: Option<Content>,
    /// What an assistant calls.
    #[serde(default)]
    pub tool_calls: Option<Vec<ToolCall>>,
    /// The call that a tool answers.
    #[serde(default)]
    pub tool_call_id: Option<String>,
    /// The tool that answers, where there is no id of a call.
    #[serde(default)]
    pub name: Option<String>,
}

/// What a message says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Content {
    /// A text.
    Text(String),
    /// Parts.
    Parts(Vec<Part>),
}

/// A part of what a message says.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Part {
    /// Its text, where it is one.
    #[serde(default)]
    pub text: Option<String>,
}

/// A call of a tool.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ToolCall {
    /// Which call, so that its answer can name it.
    #[serde(default)]
    pub id: Option<String>,
    /// What is called.
    pub function: Function,
}

/// What is called.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Function {
    /// The tool.
    pub name: String,
    /// Its arguments, as JSON in a text.
    #[serde(default)]
    pub arguments: String,
}

impl Content {
    fn text(self) -> String {
        match self {
            Content::Text(text) => text,
            Content::Parts(parts) => {
                let texts: Vec<String> = parts.into_iter().filter_map(|part| part.text).collect();
                texts.join("\n")
            }
        }
    }
}

/// The steps that messages tell of: what the user says, what the assistant thinks, calls and answers, and what comes back.
/// What it says beside a call is a thought.
pub(crate) fn steps_of(messages: Vec<Message>) -> Result<Vec<Step>, Problem> {
    let mut steps = Vec::new();
    let mut called: HashMap<String, String> = HashMap::new();
    for (place, message) in messages.into_iter().enumerate() {
        let text = message.content.map(Content::text).unwrap_or_default();
        match message.role.as_str() {
            "system" | "developer" => {}
            "user" => steps.push(Step::new(Actor::User, text)),
            "assistant" => {
                let calls = message.tool_calls.unwrap_or_default();
                let actor = match calls.is_empty() {
                    true => Actor::Answer,
                    false => Actor::Thought,
                };
                if !text.is_empty() {
                    steps.push(Step::new(actor, text));
                }
                for ToolCall { id, function } in calls {
                    if let Some(id) = id {
                        called.insert(id, function.name.clone());
                    }
                    steps.push(Step::action(function.name, function.arguments));
                }
            }
            "tool" | "function" => {
                let call = message.tool_call_id.and_then(|id| called.get(&id).cloned());
                steps.push(Step {
                    name: call.or(message.name),
                    ..Step::new(Actor::Observation, text)
                });
            }
            other => {
                let detail = format!(
                    "`{other}` is none of the roles `user`, `assistant`, `tool`, `system`, `developer`"
                );
                return Err(Problem::of("malformed", detail).at(format!("messages[{place}].role")));
            }
        }
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn messages_become_steps_and_what_is_unknown_in_them_is_ignored() {
        let messages = json!([
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": [{"type": "text", "text": "my"}, {"type": "image_url"}, {"text": "bill"}], "id": 1},
            {"role": "assistant", "content": "I look it up", "refusal": null, "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "list", "arguments": "{\"of\": 1}"}},
                {"id": "c2", "type": "function", "function": {"name": "rates", "arguments": "{}", "strict": true}},
            ]},
            {"role": "tool", "tool_call_id": "c2", "content": "none"},
            {"role": "tool", "tool_call_id": "c1", "content": "two charges"},
            {"role": "tool", "name": "clock", "content": "noon"},
            {"role": "assistant", "content": null},
            {"role": "assistant", "content": "refunded"},
        ]);
        let messages: Vec<Message> = serde_json::from_value(messages).unwrap();
        let observed = |tool: &str, text: &str| Step {
            name: Some(tool.into()),
            ..Step::new(Actor::Observation, text)
        };
        let expected = [
            Step::new(Actor::User, "my\nbill"),
            Step::new(Actor::Thought, "I look it up"),
            Step::action("list", "{\"of\": 1}"),
            Step::action("rates", "{}"),
            observed("rates", "none"),
            observed("list", "two charges"),
            observed("clock", "noon"),
            Step::new(Actor::Answer, "refunded"),
        ];
        assert_eq!(steps_of(messages).ok().unwrap(), expected);
    }
}
