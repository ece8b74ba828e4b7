//! Any OpenAI-compatible `/v1/chat/completions`.
//!
//! Endpoints agree on the outlines of this interface and on little else. What one does not take is found out by its
//! refusals and remembered, what a model writes is read where there is one way to read it, and what was done is
//! counted: see [`Mended`].

mod dialect;
#[cfg(test)]
mod tests;
mod wire;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use memhost_contract::health::Health;
use memhost_contract::model::{Completion, LanguageModel, Mend, Mended};
use memhost_contract::{Fault, Message, Reply, Request, Role, Speaker};
use serde_json::json;
use tokio::sync::watch;

use super::reading::{Reading, read, read_text};
use super::schema::ReplySchema;
use crate::endpoint::Endpoint;

use dialect::{Dialect, Learning, Sent};
use wire::{End, Question, Said};

pub use dialect::{ModelSettings, Structured, SystemRole, Temperature, TokenLimitField};

/// How long an endpoint may fail before it counts as not ready. Retries of a request go on for longer.
const READY_WITHIN: Duration = Duration::from_secs(10);

/// A language model behind an OpenAI-compatible endpoint.
pub struct OpenAiModel {
    name: String,
    model: String,
    endpoint: Arc<Endpoint>,
    max_tokens: Option<NonZeroU32>,
    dialect: Learning,
}

impl OpenAiModel {
    /// A model at an endpoint, by the name that the endpoint knows it by.
    pub fn new(endpoint: Arc<Endpoint>, model: &str, settings: ModelSettings) -> OpenAiModel {
        OpenAiModel {
            name: format!("openai:{model}"),
            model: model.to_owned(),
            endpoint,
            max_tokens: settings.max_tokens,
            dialect: Learning::new(settings),
        }
    }

    /// Asks in the endpoint's dialect, which is learnt on the way.
    async fn ask(
        &self,
        request: &Request,
        repair: Option<[Message; 2]>,
        schema: Option<&ReplySchema<'_>>,
        mended: &mut Mended,
    ) -> Result<Turn, Fault> {
        let question = Question {
            model: &self.model,
            messages: &request.messages,
            repair,
            schema,
            temperature: request.temperature,
            token_limit: self.token_limit(request),
        };
        let system = |message: &Message| message.speaker == Speaker::System;
        let sent = Sent {
            schema: schema.is_some(),
            temperature: request.temperature.is_some(),
            token_limit: question.token_limit.is_some(),
            system: request.messages.iter().any(system),
        };
        loop {
            let dialect = self.dialect.now();
            let body = question.in_dialect(dialect);
            let answer = self.endpoint.ask("chat/completions", &body, wire::read);
            let error = match answer.await {
                Ok(said) => {
                    note(mended, dialect, sent, request);
                    return self.turn(said, request, mended);
                }
                Err(error) => error,
            };
            if !self
                .dialect
                .learn(&self.name, dialect, sent, &error.problem)
            {
                return Err(Fault::Unavailable(format!(
                    "model `{}`: {error}",
                    self.name
                )));
            }
        }
    }

    fn token_limit(&self, request: &Request) -> Option<u32> {
        request.max_tokens.or(self.max_tokens.map(NonZeroU32::get))
    }

    fn turn(&self, said: Said, request: &Request, mended: &mut Mended) -> Result<Turn, Fault> {
        match &said.end {
            End::Whole | End::CutOff => {}
            End::Filtered => {
                return Err(self.unavailable(
                    "the endpoint's filter of contents ended its reply; try another model for these texts",
                ));
            }
            End::Refused(refusal) => {
                let refusal = self.endpoint.without_key(refusal.clone());
                return Err(self.unavailable(&format!("it refuses to answer: {refusal}")));
            }
        }
        if said.elsewhere {
            mended.note(Mend::Elsewhere);
        }
        if said.input_tokens.is_none() || said.output_tokens.is_none() {
            mended.note(Mend::TokensEstimated);
        }
        let text = self.endpoint.without_key(said.text);
        Ok(Turn {
            input_tokens: said.input_tokens.unwrap_or_else(|| count_all(request)),
            output_tokens: said
                .output_tokens
                .unwrap_or_else(|| memhost_words::count(&text)),
            cut_off: said.end == End::CutOff,
            text,
        })
    }

    /// Why a reply that was cut off is none.
    fn cut_off(&self, request: &Request, turn: &Turn) -> Fault {
        let thinking = match turn.text.trim().is_empty() {
            true => " before it came to an answer",
            false => "",
        };
        let remedy = match (request.max_tokens, self.max_tokens) {
            (Some(most), _) => {
                format!("the strategy allows it {most}; let it think less, or choose another model")
            }
            (None, Some(most)) => {
                format!("raise its `max_tokens`, which is {most}, or let it think less")
            }
            (None, None) => {
                "set its `max_tokens` higher than the endpoint does by itself, or let it think less"
                    .to_owned()
            }
        };
        self.unavailable(&format!(
            "the limit of tokens ended its reply{thinking}; {remedy}"
        ))
    }

    fn unavailable(&self, problem: &str) -> Fault {
        let (model, url) = (&self.name, self.endpoint.url());
        Fault::Unavailable(format!("model `{model}` at `{url}`: {problem}"))
    }

    async fn with_schema(
        &self,
        request: &Request,
        schema: &ReplySchema<'_>,
    ) -> Result<Completion, Fault> {
        let mut mended = Mended::default();
        let first = self.ask(request, None, Some(schema), &mut mended).await?;
        let complaint = match self.answer(request, &first, schema)? {
            Ok(reading) => return Ok(first.completed(reading, mended)),
            Err(complaint) => complaint,
        };
        mended.note(Mend::AskedAgain);
        let message = |speaker, text| Message { speaker, text };
        let repair = [
            message(Speaker::Assistant, first.text.clone()),
            message(Speaker::User, schema.ask_again(&complaint)),
        ];
        let second = self
            .ask(request, Some(repair), Some(schema), &mut mended)
            .await?;
        match self.answer(request, &second, schema)? {
            Ok(reading) => {
                let both = Turn {
                    input_tokens: first.input_tokens.saturating_add(second.input_tokens),
                    output_tokens: first.output_tokens.saturating_add(second.output_tokens),
                    ..second
                };
                Ok(both.completed(reading, mended))
            }
            Err(complaint) => Err(self.unavailable(&format!(
                "its reply cannot be used, and neither can the one to a second request: {complaint}; use a model that \
                 keeps to a JSON Schema, or turn its thinking off"
            ))),
        }
    }

    /// What a reply says; or what is wrong with it, where asking again may help.
    fn answer(
        &self,
        request: &Request,
        turn: &Turn,
        schema: &ReplySchema<'_>,
    ) -> Result<Result<Reading, String>, Fault> {
        let reading = read(schema, &turn.text);
        match (turn.cut_off, &reading) {
            // Sound JSON is whole, and blanks are all that was cut off.
            (true, Ok(reading)) if reading.mends.is_empty() => Ok(Ok(reading.clone())),
            (true, _) => Err(self.cut_off(request, turn)),
            (false, _) => Ok(reading),
        }
    }
}

#[async_trait]
impl LanguageModel for OpenAiModel {
    fn name(&self) -> &str {
        &self.name
    }

    async fn ready(&self) -> Result<(), Fault> {
        let trial = trial();
        let before = self.dialect.now();
        self.dialect.guess(true);
        let answer = tokio::select! {
            biased;
            answer = self.complete(&trial) => answer.map(drop),
            problem = failing(self.endpoint.health()) => {
                Err(Fault::Unavailable(format!("model `{}`: {problem}", self.name)))
            }
        };
        self.dialect.guess(false);
        if answer.is_err() {
            self.dialect.back_to(before);
        }
        answer
    }

    fn health(&self) -> Option<watch::Receiver<Health>> {
        Some(self.endpoint.health())
    }

    async fn complete(&self, request: &Request) -> Result<Completion, Fault> {
        check(request)?;
        if let Some(schema) = &request.schema {
            return self
                .with_schema(request, &ReplySchema::parse(schema)?)
                .await;
        }
        let mut mended = Mended::default();
        let turn = self.ask(request, None, None, &mut mended).await?;
        if turn.cut_off {
            return Err(self.cut_off(request, &turn));
        }
        match read_text(&turn.text) {
            Ok(reading) => Ok(turn.completed(reading, mended)),
            Err(problem) => Err(self.unavailable(&format!("{problem}; turn its thinking off"))),
        }
    }
}

/// What is wrong with an endpoint that fails for longer than it takes to pass.
async fn failing(mut health: watch::Receiver<Health>) -> String {
    loop {
        let failing = |health: &Health| matches!(health, Health::Failing { .. });
        if health.wait_for(failing).await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(READY_WITHIN).await;
        if let Health::Failing { problem, .. } = &*health.borrow_and_update() {
            return problem.clone();
        }
    }
}

/// Notes what a request was spared.
fn note(mended: &mut Mended, dialect: Dialect, sent: Sent, request: &Request) {
    match dialect.structured {
        _ if !sent.schema => {}
        Structured::Schema => {}
        Structured::Object => mended.note(Mend::ObjectForSchema),
        Structured::Prompt => mended.note(Mend::SchemaInPrompt),
    }
    let other = match dialect.temperature {
        Temperature::Keep => false,
        Temperature::Drop => sent.temperature,
        Temperature::Always(temperature) => request
            .temperature
            .is_some_and(|asked| asked != temperature),
    };
    if other {
        mended.note(Mend::OtherTemperature);
    }
    if sent.token_limit && dialect.token_limit != Some(TokenLimitField::MaxTokens) {
        mended.note(Mend::OtherTokenLimit);
    }
    if sent.system && dialect.system == SystemRole::Merge {
        mended.note(Mend::SystemMerged);
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
    fn completed(&self, reading: Reading, mut mended: Mended) -> Completion {
        for mend in reading.mends {
            mended.note(mend);
        }
        Completion {
            reply: Reply {
                text: reading.text,
                input_tokens: self.input_tokens,
                output_tokens: self.output_tokens,
            },
            mended,
        }
    }
}

fn count_all(request: &Request) -> u32 {
    request
        .messages
        .iter()
        .map(|message| memhost_words::count(&message.text))
        .fold(0, u32::saturating_add)
}
