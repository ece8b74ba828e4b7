//! Models and embedders by name, as files, variables and flags give them.

use std::fmt;
use std::str::FromStr;

use memhost_base::suggest::{nearest, suggestion};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Which language model answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum ModelChoice {
    /// `extractive`: the built-in stand-in for a language model.
    #[default]
    Extractive,
    /// `none`: every request is answered `unavailable`.
    None,
    /// `openai:NAME`: the entry `[model.openai.NAME]`.
    OpenAi(String),
}

/// What embeds texts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum EmbedderChoice {
    /// `builtin`: the table that is compiled in.
    #[default]
    Builtin,
    /// `local:DIR`: the model in a folder of this machine, or the entry `[embedder.local.NAME]`.
    Local(String),
    /// `openai:NAME`: the entry `[embedder.openai.NAME]`.
    OpenAi(String),
}

impl FromStr for ModelChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, at_endpoint(text)) {
            ("extractive", _) => Ok(ModelChoice::Extractive),
            ("none", _) => Ok(ModelChoice::None),
            (_, Some(name)) => Ok(ModelChoice::OpenAi(name.to_owned())),
            _ => Err(unknown(
                "model",
                text,
                &["extractive", "none", "openai:NAME"],
            )),
        }
    }
}

impl FromStr for EmbedderChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, at_endpoint(text)) {
            ("builtin", _) => Ok(EmbedderChoice::Builtin),
            (_, Some(name)) => Ok(EmbedderChoice::OpenAi(name.to_owned())),
            _ => match text.strip_prefix("local:").filter(|name| !name.is_empty()) {
                Some(name) => Ok(EmbedderChoice::Local(name.to_owned())),
                None => Err(unknown(
                    "embedder",
                    text,
                    &["builtin", "local:DIR", "openai:NAME"],
                )),
            },
        }
    }
}

fn at_endpoint(text: &str) -> Option<&str> {
    text.strip_prefix("openai:").filter(|name| !name.is_empty())
}

fn unknown(what: &str, text: &str, known: &[&str]) -> String {
    let hint = suggestion(nearest(text, known.iter().copied()).as_deref());
    let known = known
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    format!("there is no {what} `{text}`{hint}; it is one of {known}")
}

impl fmt::Display for ModelChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ModelChoice::Extractive => f.write_str("extractive"),
            ModelChoice::None => f.write_str("none"),
            ModelChoice::OpenAi(name) => write!(f, "openai:{name}"),
        }
    }
}

impl fmt::Display for EmbedderChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EmbedderChoice::Builtin => f.write_str("builtin"),
            EmbedderChoice::Local(name) => write!(f, "local:{name}"),
            EmbedderChoice::OpenAi(name) => write!(f, "openai:{name}"),
        }
    }
}

impl Serialize for ModelChoice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for EmbedderChoice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ModelChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for EmbedderChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}
