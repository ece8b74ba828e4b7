//! Dialects: which fields of a request an endpoint takes for a model. What is not set is found out, once.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::endpoint::{Problem, Refusal, RefusalKind};

/// How a schema is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Structured {
    /// As `json_schema` in `response_format`.
    #[default]
    Schema,
    /// In the prompt, with `json_object` in `response_format`.
    Object,
    /// In the prompt alone.
    Prompt,
}

/// Which temperature is sent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub enum Temperature {
    /// The one that is asked for.
    Keep,
    /// None.
    Drop,
    /// This one, whatever is asked for.
    Always(f32),
}

/// As a configuration has it.
#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "a temperature is `keep`, `drop`, or a number")]
enum Written {
    Word(Word),
    Number(f32),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Keep,
    Drop,
}

impl TryFrom<Written> for Temperature {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Word(Word::Keep) => Ok(Temperature::Keep),
            Written::Word(Word::Drop) => Ok(Temperature::Drop),
            Written::Number(number) if number.is_finite() && number >= 0.0 => {
                Ok(Temperature::Always(number))
            }
            Written::Number(number) => {
                Err(format!("a temperature is 0 or above, and not {number}"))
            }
        }
    }
}

impl From<Temperature> for Written {
    fn from(temperature: Temperature) -> Self {
        match temperature {
            Temperature::Keep => Written::Word(Word::Keep),
            Temperature::Drop => Written::Word(Word::Drop),
            Temperature::Always(number) => Written::Number(number),
        }
    }
}

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

/// Where the system's message goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SystemRole {
    /// Into a message of its own.
    #[default]
    Keep,
    /// Before the user's first message.
    Merge,
}

/// What is sent for a model; what is `None` is found out.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ModelSettings {
    /// The longest reply where a request does not say, in the model's tokens. `None`: the endpoint's own limit.
    pub max_tokens: Option<NonZeroU32>,
    /// The field that carries the longest reply.
    pub token_limit_field: Option<TokenLimitField>,
    /// How a schema is told.
    pub structured: Option<Structured>,
    /// Which temperature is sent.
    pub temperature: Option<Temperature>,
    /// Where the system's message goes.
    pub system_role: Option<SystemRole>,
}

/// What an endpoint takes, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Dialect {
    pub structured: Structured,
    pub temperature: Temperature,
    /// `None`: no such field.
    pub token_limit: Option<TokenLimitField>,
    pub system: SystemRole,
}

/// A dialect in the course of being found out.
pub(super) struct Learning {
    settings: ModelSettings,
    dialect: Mutex<Dialect>,
    guessing: AtomicBool,
}

/// Which of the fields that may be refused a request has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub schema: bool,
    pub temperature: bool,
    pub token_limit: bool,
    pub system: bool,
}

/// A field that an endpoint may not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    ResponseFormat,
    Temperature,
    TokenLimit,
    System,
}

impl Field {
    /// By what endpoints call it.
    fn names(self) -> &'static [&'static str] {
        match self {
            Field::ResponseFormat => &[
                "response_format",
                "response format",
                "json_schema",
                "json_object",
                "structured output",
                "structured_output",
                "guided",
                "grammar",
                "schema",
            ],
            Field::Temperature => &["temperature"],
            Field::TokenLimit => &["max_tokens", "max_completion_tokens"],
            Field::System => &[
                "system role",
                "system message",
                "system prompt",
                "system instruction",
                "developer instruction",
                "'system'",
                "\"system\"",
                "`system`",
                "roles must alternate",
            ],
        }
    }
}

impl Learning {
    pub(super) fn new(settings: ModelSettings) -> Learning {
        Learning {
            settings,
            dialect: Mutex::new(Dialect {
                structured: settings.structured.unwrap_or_default(),
                temperature: settings.temperature.unwrap_or(Temperature::Keep),
                token_limit: Some(settings.token_limit_field.unwrap_or_default()),
                system: settings.system_role.unwrap_or_default(),
            }),
            guessing: AtomicBool::new(false),
        }
    }

    pub(super) fn now(&self) -> Dialect {
        *self.dialect()
    }

    /// Whether refusals that name no field are a reason to ask more plainly.
    pub(super) fn guess(&self, guessing: bool) {
        self.guessing.store(guessing, Ordering::Relaxed);
    }

    /// Forgets what was learnt since.
    pub(super) fn back_to(&self, before: Dialect) {
        *self.dialect() = before;
    }

    /// Whether there is another way to ask after a request in this dialect was refused. The next are asked in it at
    /// once.
    pub(super) fn learn(
        &self,
        model: &str,
        spoken: Dialect,
        sent: Sent,
        problem: &Problem,
    ) -> bool {
        let Problem::Refused(refusal) = problem else {
            return false;
        };
        if !matches!(refusal.kind, RefusalKind::Field | RefusalKind::Other) {
            return false;
        }
        let fields = [
            (Field::ResponseFormat, sent.schema),
            (Field::Temperature, sent.temperature),
            (Field::TokenLimit, sent.token_limit),
            (Field::System, sent.system),
        ];
        let ways: Vec<(Field, Dialect, &str)> = fields
            .into_iter()
            .filter(|(_, sent)| *sent)
            .filter_map(|(field, _)| {
                let (dialect, instead) = self.instead(field, spoken)?;
                Some((field, dialect, instead))
            })
            .collect();
        let fields: Vec<Field> = ways.iter().map(|(field, ..)| *field).collect();
        let guessed = fields
            .first()
            .copied()
            .filter(|_| self.guessing.load(Ordering::Relaxed));
        let mut dialect = self.dialect();
        if *dialect != spoken {
            // Another request has found something out meanwhile.
            return true;
        }
        let field = refused(refusal, &fields).or(guessed);
        let way = ways.into_iter().find(|(of, ..)| Some(*of) == field);
        let Some((_, other, instead)) = way else {
            return false;
        };
        *dialect = other;
        tracing::warn!(model, "{instead}, because the endpoint says: {problem}");
        true
    }

    /// The dialect without a field, and what that means; `None` if the field is set, or there is no other way.
    fn instead(&self, field: Field, spoken: Dialect) -> Option<(Dialect, &'static str)> {
        let settings = &self.settings;
        let mut dialect = spoken;
        let instead = match field {
            // Not `json_object`: it allows any object, and some models fill it with blanks to the limit.
            Field::ResponseFormat if settings.structured.is_none() => {
                dialect.structured = Structured::Prompt;
                "the schema is put into the prompt from now on"
            }
            Field::Temperature if settings.temperature.is_none() => {
                dialect.temperature = Temperature::Drop;
                "the temperatures of strategies are not used from now on"
            }
            Field::TokenLimit if settings.token_limit_field.is_none() => match spoken.token_limit {
                Some(TokenLimitField::MaxTokens) => {
                    dialect.token_limit = Some(TokenLimitField::MaxCompletionTokens);
                    "the limit of tokens is sent as `max_completion_tokens` from now on"
                }
                _ => {
                    dialect.token_limit = None;
                    "no limit of tokens is sent from now on"
                }
            },
            Field::System if settings.system_role.is_none() => {
                dialect.system = SystemRole::Merge;
                "the system's message is put before the user's from now on"
            }
            _ => return None,
        };
        (dialect != spoken).then_some((dialect, instead))
    }

    /// Nothing under this lock leaves a value half-changed when it panics.
    fn dialect(&self) -> MutexGuard<'_, Dialect> {
        self.dialect.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one of these fields that a refusal is about: the one that it names, or else the one that it mentions first.
fn refused(refusal: &Refusal, fields: &[Field]) -> Option<Field> {
    let text = match &refusal.parameter {
        Some(parameter) if !parameter.starts_with("messages") => parameter,
        _ => &refusal.explanation,
    };
    let text = text.to_lowercase();
    let first = |field: Field| {
        let names = field.names().iter();
        names.filter_map(|name| text.find(name)).min()
    };
    fields
        .iter()
        .filter_map(|field| Some((first(*field)?, *field)))
        .min_by_key(|(place, _)| *place)
        .map(|(_, field)| field)
}
