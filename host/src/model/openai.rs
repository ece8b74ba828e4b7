//! Any OpenAI-compatible `/v1/chat/completions`.

use std::num::NonZeroU32;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::schema::ReplySchema;
use super::{Completion, LanguageModel};
use crate::contract::{Fault, Message, Reply, Request, Role, Speaker};
use crate::endpoint::{Endpoint, Health};
use crate::tokens;

/// The field that carries the longest reply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenLimitField {
    /// `max_tokens`, which nearly every endpoint takes.
    #[default]
    #[serde(rename = "max_tokens")]
    MaxTokens,
    /// `max_completion_tokens`, which OpenAI's reasoning models insist on.
    #[serde(rename = "max_completion_tokens")]
    MaxCompletionTokens,
}

/// A language model behind an OpenAI-compatible endpoint.
pub struct OpenAiModel {
    name: String,
    model: String,
    endpoint: Arc<Endpoint>,
    max_tokens: Option<NonZeroU32>,
    token_limit_field: TokenLimitField,
}

impl OpenAiModel {
    /// A model at an endpoint, by the name that the endpoint knows it by.
    pub fn new(endpoint: Arc<Endpoint>, model: &str) -> OpenAiModel {
        OpenAiModel {
            name: format!("openai:{model}"),
            model: model.to_owned(),
            endpoint,
            max_tokens: None,
            token_limit_field: TokenLimitField::default(),
        }
    }

    /// Bounds replies: the tokens of one whose request does not say, and the field that carries the number.
    pub fn with_token_limit(
        mut self,
        most: Option<NonZeroU32>,
        field: TokenLimitField,
    ) -> OpenAiModel {
        self.max_tokens = most;
        self.token_limit_field = field;
        self
    }

    async fn ask(
        &self,
        request: &Request,
        messages: &[Message],
        schema: Option<&ReplySchema<'_>>,
    ) -> Result<Turn, Fault> {
        let limit = request.max_tokens.or(self.max_tokens.map(NonZeroU32::get));
        let body = ChatRequest {
            model: &self.model,
            messages: messages.iter().map(ChatMessage::from).collect(),
            temperature: request.temperature,
            max_tokens: limit.filter(|_| self.token_limit_field == TokenLimitField::MaxTokens),
            max_completion_tokens: limit
                .filter(|_| self.token_limit_field == TokenLimitField::MaxCompletionTokens),
            response_format: schema.map(|schema| ResponseFormat {
                r#type: "json_schema",
                json_schema: NamedSchema {
                    name: "reply",
                    schema: schema.value(),
                },
            }),
        };
        let reply: ChatReply = self
            .endpoint
            .post("chat/completions", &body)
            .await
            .map_err(|error| Fault::Unavailable(format!("model `{}`: {error}", self.name)))?;
        self.turn(reply, messages)
    }

    fn turn(&self, reply: ChatReply, messages: &[Message]) -> Result<Turn, Fault> {
        let Some(choice) = reply.choices.into_iter().next() else {
            return Err(self.unavailable("its reply holds no choice; try again, or another model"));
        };
        if let Some(refusal) = choice.message.refusal {
            let refusal = self.endpoint.without_key(refusal);
            return Err(self.unavailable(&format!("it refuses to answer: {refusal}")));
        }
        let cut_off = choice.finish_reason.as_deref() == Some("length");
        let Some(text) = choice.message.content else {
            let why = choice
                .finish_reason
                .unwrap_or_else(|| "no reason given".to_owned());
            return Err(self.unavailable(&format!(
                "its reply is empty ({why}); allow it more tokens (`max_tokens`), or try another model"
            )));
        };
        let text = self.endpoint.without_key(text);
        let usage = reply.usage.unwrap_or_default();
        Ok(Turn {
            input_tokens: usage
                .prompt_tokens
                .map_or_else(|| count_all(messages), saturated),
            output_tokens: usage
                .completion_tokens
                .map_or_else(|| tokens::count(&text), saturated),
            text,
            cut_off,
        })
    }

    fn unavailable(&self, problem: &str) -> Fault {
        let (model, url) = (&self.name, self.endpoint.url());
        Fault::Unavailable(format!("model `{model}` at `{url}`: {problem}"))
    }
}

#[async_trait]
impl LanguageModel for OpenAiModel {
    fn name(&self) -> &str {
        &self.name
    }

    async fn ready(&self) -> Result<(), Fault> {
        self.complete(&trial()).await.map(drop)
    }

    fn health(&self) -> Option<watch::Receiver<Health>> {
        Some(self.endpoint.health())
    }

    async fn complete(&self, request: &Request) -> Result<Completion, Fault> {
        check(request)?;
        let Some(schema) = &request.schema else {
            return Ok(self
                .ask(request, &request.messages, None)
                .await?
                .into_reply()
                .into());
        };
        let schema = ReplySchema::parse(schema)?;
        let first = self.ask(request, &request.messages, Some(&schema)).await?;
        let complaint = match schema.check(&first.text) {
            Ok(json) => return Ok(first.with_text(json).into()),
            Err(complaint) => first.explained(complaint),
        };

        let mut messages = request.messages.clone();
        messages.push(Message {
            speaker: Speaker::Assistant,
            text: first.text.clone(),
        });
        messages.push(Message {
            speaker: Speaker::User,
            text: schema.ask_again(&complaint),
        });
        let second = self.ask(request, &messages, Some(&schema)).await?;
        match schema.check(&second.text) {
            Ok(json) => Ok(Reply {
                input_tokens: first.input_tokens.saturating_add(second.input_tokens),
                output_tokens: first.output_tokens.saturating_add(second.output_tokens),
                text: json.to_owned(),
            }
            .into()),
            Err(complaint) => Err(self.unavailable(&format!(
                "its reply breaks the request's schema, and so does the repaired one: {}; use a model and an \
                 endpoint that support `response_format` with `json_schema`",
                second.explained(complaint)
            ))),
        }
    }
}

/// A small structured question: whoever answers it can be asked what strategies ask.
fn trial() -> Request {
    let schema = json!({
        "type": "object",
        "properties": {
            "reasoning": {"type": "string"},
            "verdict": {"type": "string", "enum": ["success", "failure"]},
        },
        "required": ["reasoning", "verdict"],
        "additionalProperties": false,
    });
    let message = |speaker, text: &str| Message {
        speaker,
        text: text.to_owned(),
    };
    Request {
        role: Role::Judge,
        messages: vec![
            message(
                Speaker::System,
                "You judge whether a task was done. Reply with JSON: in `reasoning` one short sentence, in `verdict` \
                 `success` or `failure`.",
            ),
            message(
                Speaker::User,
                "Task: add 2 and 2. Answer that was given: 4.",
            ),
        ],
        temperature: Some(0.0),
        max_tokens: None,
        schema: Some(schema.to_string()),
        purpose: "ready".to_owned(),
    }
}

/// Refuses what no endpoint should see.
fn check(request: &Request) -> Result<(), Fault> {
    if request.messages.is_empty() {
        return Err(Fault::Invalid("the request holds no message".to_owned()));
    }
    match request.temperature {
        Some(t) if !t.is_finite() || t < 0.0 => Err(Fault::Invalid(format!(
            "the request's temperature is {t}, and must be 0 or above"
        ))),
        _ => Ok(()),
    }
}

/// One reply of the model.
struct Turn {
    text: String,
    input_tokens: u32,
    output_tokens: u32,
    cut_off: bool,
}

impl Turn {
    fn into_reply(self) -> Reply {
        Reply {
            text: self.text,
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
        }
    }

    fn with_text(&self, text: &str) -> Reply {
        Reply {
            text: text.to_owned(),
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
        }
    }

    fn explained(&self, complaint: String) -> String {
        if self.cut_off {
            format!("{complaint} (it was cut off at the limit of tokens)")
        } else {
            complaint
        }
    }
}

fn count_all(messages: &[Message]) -> u32 {
    messages
        .iter()
        .map(|message| tokens::count(&message.text))
        .fold(0, u32::saturating_add)
}

fn saturated(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[derive(Serialize)]
struct ChatRequest<'a> {
    model: &'a str,
    messages: Vec<ChatMessage<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<ResponseFormat<'a>>,
}

#[derive(Serialize)]
struct ChatMessage<'a> {
    role: &'static str,
    content: &'a str,
}

impl<'a> From<&'a Message> for ChatMessage<'a> {
    fn from(message: &'a Message) -> Self {
        ChatMessage {
            role: match message.speaker {
                Speaker::System => "system",
                Speaker::User => "user",
                Speaker::Assistant => "assistant",
            },
            content: &message.text,
        }
    }
}

#[derive(Serialize)]
struct ResponseFormat<'a> {
    r#type: &'static str,
    json_schema: NamedSchema<'a>,
}

#[derive(Serialize)]
struct NamedSchema<'a> {
    name: &'static str,
    schema: &'a Value,
}

#[derive(Deserialize)]
struct ChatReply {
    choices: Vec<Choice>,
    usage: Option<ChatUsage>,
}

#[derive(Deserialize)]
struct Choice {
    message: ChatAnswer,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct ChatAnswer {
    content: Option<String>,
    refusal: Option<String>,
}

#[derive(Default, Deserialize)]
struct ChatUsage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}
