//! Requests and replies as `/chat/completions` has them: one way to write them, and every way to read them.
//!
//! Where the answer stands differs: in the content, in a list of parts, beside the content where a server takes it
//! for thoughts, in the arguments of a tool. Where there is one at all, it is taken.

use memhost_contract::{Message, Speaker};
use serde::Serialize;
use serde_json::{Value, json};

use super::dialect::{Dialect, Structured, SystemRole, Temperature, TokenLimitField};
use crate::endpoint::Problem;
use crate::model::schema::ReplySchema;

/// The body of a request.
#[derive(Serialize)]
pub(super) struct ChatRequest<'a> {
    model: &'a str,
    messages: Vec<ChatMessage<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Value>,
}

#[derive(Serialize)]
struct ChatMessage<'a> {
    role: &'static str,
    content: std::borrow::Cow<'a, str>,
}

/// What is to be asked.
pub(super) struct Question<'a> {
    pub model: &'a str,
    pub messages: &'a [Message],
    /// A reply that could not be read, and what was wrong with it.
    pub repair: Option<[Message; 2]>,
    pub schema: Option<&'a ReplySchema<'a>>,
    pub temperature: Option<f32>,
    pub token_limit: Option<u32>,
}

impl Question<'_> {
    /// The question as an endpoint of this dialect takes it.
    pub(super) fn in_dialect(&self, dialect: Dialect) -> ChatRequest<'_> {
        let in_field = |field| {
            self.token_limit
                .filter(|_| dialect.token_limit == Some(field))
        };
        ChatRequest {
            model: self.model,
            messages: self.messages(dialect),
            temperature: match dialect.temperature {
                Temperature::Keep => self.temperature,
                Temperature::Drop => None,
                Temperature::Always(temperature) => Some(temperature),
            },
            max_tokens: in_field(TokenLimitField::MaxTokens),
            max_completion_tokens: in_field(TokenLimitField::MaxCompletionTokens),
            response_format: self.schema.and_then(|schema| match dialect.structured {
                Structured::Schema => Some(json!({
                    "type": "json_schema",
                    "json_schema": {"name": "reply", "schema": schema.value()},
                })),
                Structured::Object => Some(json!({"type": "json_object"})),
                Structured::Prompt => None,
            }),
        }
    }

    fn messages(&self, dialect: Dialect) -> Vec<ChatMessage<'_>> {
        let mut messages: Vec<ChatMessage<'_>> =
            self.messages.iter().map(ChatMessage::from).collect();
        if let Some(schema) = self.schema
            && dialect.structured != Structured::Schema
        {
            match messages
                .iter_mut()
                .rev()
                .find(|message| message.role == "user")
            {
                Some(last) => *last.content.to_mut() += &format!("\n\n{}", schema.told()),
                None => messages.push(ChatMessage {
                    role: "user",
                    content: schema.told().into(),
                }),
            }
        }
        messages.extend(self.repair.iter().flatten().map(ChatMessage::from));
        match dialect.system {
            SystemRole::Keep => messages,
            SystemRole::Merge => merged(messages),
        }
    }
}

/// What the system says before what the user says first.
fn merged(messages: Vec<ChatMessage<'_>>) -> Vec<ChatMessage<'_>> {
    let (system, mut others): (Vec<_>, Vec<_>) = messages
        .into_iter()
        .partition(|message| message.role == "system");
    if system.is_empty() {
        return others;
    }
    let users = others.first().is_some_and(|first| first.role == "user");
    let first = users.then(|| others.remove(0));
    let said: Vec<_> = system
        .into_iter()
        .chain(first)
        .map(|message| message.content)
        .collect();
    let merged = ChatMessage {
        role: "user",
        content: said.join("\n\n").into(),
    };
    others.insert(0, merged);
    others
}

impl<'a> From<&'a Message> for ChatMessage<'a> {
    fn from(message: &'a Message) -> Self {
        ChatMessage {
            role: match message.speaker {
                Speaker::System => "system",
                Speaker::User => "user",
                Speaker::Assistant => "assistant",
            },
            content: (&message.text).into(),
        }
    }
}

/// What a model said.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    pub text: String,
    /// Whether it stood elsewhere than in the content.
    pub elsewhere: bool,
    pub end: End,
    /// Tokens read, as the endpoint counts them.
    pub input_tokens: Option<u32>,
    /// Tokens written.
    pub output_tokens: Option<u32>,
}

/// How a reply ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// By itself.
    Whole,
    /// At the limit of tokens.
    CutOff,
    /// By a filter of the endpoint.
    Filtered,
    /// The model refuses, in these words.
    Refused(String),
}

/// What is in a reply.
pub(super) fn read(reply: Value) -> Result<Said, Problem> {
    let reply = outermost(&reply);
    let Some(choice) = choice(reply) else {
        let told: String = reply.to_string().chars().take(200).collect();
        return Err(Problem::Empty(format!("without an answer: `{told}`")));
    };
    let reason = ["finish_reason", "stop_reason", "done_reason"]
        .iter()
        .find_map(|name| choice.get(name).or_else(|| reply.get(name))?.as_str())
        .unwrap_or_default()
        .to_lowercase();
    let message = ["message", "delta"]
        .iter()
        .find_map(|name| choice.get(name));
    let message = message
        .filter(|message| message.is_object())
        .unwrap_or(choice);
    let refusal = message
        .get("refusal")
        .and_then(Value::as_str)
        .filter(|text| !text.trim().is_empty());
    let end = match reason.as_str() {
        "length" | "max_tokens" | "model_length" | "max_output_tokens" | "token_limit" => {
            End::CutOff
        }
        "content_filter" | "safety" | "prohibited_content" | "recitation" | "blocklist" => {
            End::Filtered
        }
        "error" | "network_error" | "insufficient_system_resource" => {
            return Err(Problem::Empty(format!("broken off (`{reason}`)")));
        }
        _ => match refusal {
            Some(refusal) => End::Refused(refusal.to_owned()),
            None => End::Whole,
        },
    };
    let content = message.get("content").and_then(text_of);
    let (text, elsewhere) = match content {
        Some(text) => (text, message.get("content").is_some_and(Value::is_object)),
        // What it thought before it was cut off is no answer.
        None if end != End::Whole => (String::new(), false),
        None => match elsewhere(message, choice) {
            Some(text) => (text, true),
            None => {
                let reason = if reason.is_empty() {
                    "no reason given"
                } else {
                    &reason
                };
                return Err(Problem::Empty(format!("without an answer ({reason})")));
            }
        },
    };
    let count = |names: &[&str]| {
        let usage = reply
            .get("usage")
            .filter(|usage| usage.is_object())
            .unwrap_or(reply);
        names.iter().find_map(|name| counted(usage.get(name)?))
    };
    Ok(Said {
        text,
        elsewhere,
        end,
        input_tokens: count(&["prompt_tokens", "input_tokens", "prompt_eval_count"]),
        output_tokens: count(&["completion_tokens", "output_tokens", "eval_count"]),
    })
}

/// Some gateways put the reply into a list, or into a member of another object.
fn outermost(reply: &Value) -> &Value {
    let reply = match reply {
        Value::Array(items) => items.first().unwrap_or(reply),
        reply => reply,
    };
    if choice(reply).is_some() {
        return reply;
    }
    ["data", "response", "result", "body", "output"]
        .iter()
        .filter_map(|name| reply.get(name))
        .find(|inner| choice(inner).is_some())
        .unwrap_or(reply)
}

/// The first of the choices; or the reply itself, where it has a message in place of choices.
fn choice(reply: &Value) -> Option<&Value> {
    match reply.get("choices") {
        Some(Value::Array(choices)) => choices.iter().find(|choice| choice.is_object()),
        Some(choice @ Value::Object(_)) => Some(choice.get("0").unwrap_or(choice)),
        _ if reply.get("message").is_some_and(Value::is_object) => Some(reply),
        _ if reply.get("content").is_some_and(Value::is_array) => Some(reply),
        _ => None,
    }
}

/// A text, or the texts of a list of parts, or an object as JSON; `None` if there is nothing in it.
fn text_of(content: &Value) -> Option<String> {
    let text = match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(part).collect(),
        Value::Object(members) if members.is_empty() => return None,
        Value::Object(_) => part(content).unwrap_or_else(|| content.to_string()),
        _ => return None,
    };
    (!text.trim().is_empty()).then_some(text)
}

/// The text of a part, if it is not one of thoughts.
fn part(part: &Value) -> Option<String> {
    let kind = part.get("type").and_then(Value::as_str).unwrap_or_default();
    if kind.contains("think") || kind.contains("reason") {
        return None;
    }
    let text = match part {
        Value::String(text) => return Some(text.clone()),
        part => part.get("text")?,
    };
    let text = text.get("value").unwrap_or(text);
    text.as_str().map(str::to_owned)
}

/// The answer where there is no content.
fn elsewhere(message: &Value, choice: &Value) -> Option<String> {
    let places = [
        message.get("parsed"),
        message.pointer("/tool_calls/0/function/arguments"),
        message.pointer("/function_call/arguments"),
        message.get("arguments"),
        message.get("text"),
        choice.get("text"),
        message.get("reasoning_content"),
        message.get("reasoning"),
        message.get("thinking"),
    ];
    places.into_iter().flatten().find_map(text_of)
}

/// The most tokens of one request, with room to spare: what claims more is no count.
const MOST_TOKENS: f64 = 1e9;

/// A number of tokens, however it is written. Where texts are read and written, there are more than 0.
fn counted(count: &Value) -> Option<u32> {
    let number = match count {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    // No model reads or writes so many at once as would not fit.
    (1.0..=MOST_TOKENS)
        .contains(&number)
        .then_some(number as u32)
}
