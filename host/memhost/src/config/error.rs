//! What can be wrong with a configuration, and where.

use std::path::{Path, PathBuf};

use memhost_base::suggest::{nearest, suggestion};
use memhost_contract::embedder::EmbeddingError;
use memhost_models::embedding::LocalModelError;
use memhost_models::endpoint::{EndpointError, UnusableKey};

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration `{}` cannot be read: {source}", .path.display())]
    Unreadable {
        /// The file, as it was named.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{}, line {line}: not TOML: {problem}", .path.display())]
    Syntax {
        /// The file, as it was named.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// There is no such key.
    #[error("{}, line {line}: there is no key `{key}`{}; {}",
        .path.display(), suggestion(.nearest.as_deref()), known_keys(.known))]
    UnknownKey {
        /// The file, as it was named.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// The key, with the tables that it stands in: `model.openai.small.modle`.
        key: String,
        /// The known key that is most like it.
        nearest: Option<String>,
        /// Every key that there is in its place.
        known: Vec<String>,
    },
    /// A key's value cannot be.
    #[error("{}, line {line}: `{key}`: {problem}", .path.display())]
    Value {
        /// The file, as it was named.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// The key, with the tables that it stands in.
        key: String,
        /// What was found and what was expected.
        problem: String,
    },
    /// A model or an embedder that does not exist was chosen.
    #[error("{0}")]
    Choice(String),
    /// An environment variable's value cannot be.
    #[error("environment variable {variable}: {source}")]
    Variable {
        /// Its name: `MEMHOST_MODEL`.
        variable: &'static str,
        /// What is wrong with it.
        source: Box<ConfigError>,
    },
    /// A name stands for no entry.
    #[error("there is no [{table}.{name}] in the configuration{}; {}",
        suggestion(.nearest.as_deref()), known_entries(.table, .known))]
    NoEntry {
        /// `model.openai`, `embedder.openai` or `endpoint`.
        table: &'static str,
        /// The name.
        name: String,
        /// The entry whose name is most like it.
        nearest: Option<String>,
        /// Every entry that there is.
        known: Vec<String>,
    },
    /// The key for an endpoint is not in the environment.
    #[error(
        "endpoint `{endpoint}` ({url}) wants a key, and the environment variable {variable} is not set; set it, or \
         name another with `key_env` under [endpoint.{endpoint}] (\"\" if the endpoint takes no key)"
    )]
    NoKey {
        /// The endpoint's name.
        endpoint: String,
        /// Its address.
        url: String,
        /// The variable that should hold the key.
        variable: String,
    },
    /// The key for an endpoint cannot be one.
    #[error(
        "the environment variable {variable}, the key of endpoint `{endpoint}`, {problem}; set it anew"
    )]
    BadKey {
        /// The endpoint's name.
        endpoint: String,
        /// The variable.
        variable: String,
        /// What is wrong with it.
        problem: UnusableKey,
    },
    /// An endpoint cannot be set up.
    #[error("[endpoint.{name}]: {source}")]
    Endpoint {
        /// The endpoint's name.
        name: String,
        /// What is wrong with it.
        source: Box<EndpointError>,
    },
    /// The embedder did not answer when it was asked for its dimension.
    #[error(transparent)]
    Embedder(#[from] EmbeddingError),
    /// A folder holds no model that can be used.
    #[error(transparent)]
    LocalModel(#[from] LocalModelError),
    /// A model could not be loaded for a reason that is not its own.
    #[error("the embedder was not loaded: {0}")]
    NotLoaded(String),
}

fn known_keys(known: &[String]) -> String {
    if known.is_empty() {
        "no key can stand there".to_owned()
    } else {
        format!("known there: {}", known.join(", "))
    }
}

fn known_entries(table: &str, known: &[String]) -> String {
    if known.is_empty() {
        format!("add a table [{table}.NAME]")
    } else {
        format!("there are: {}", known.join(", "))
    }
}

/// What serde and TOML say, in terms of the file.
pub(super) fn explained(path: &Path, text: &str, mut error: toml::de::Error) -> ConfigError {
    let start = error.span().map_or(0, |span| span.start);
    let line = 1 + text
        .bytes()
        .take(start)
        .filter(|byte| *byte == b'\n')
        .count();
    let path = path.to_owned();
    let problem = in_words(error.message());
    // Without the text at hand, the message names the tables that the fault stands in.
    error.set_input(None);
    let key = error
        .to_string()
        .rsplit_once("\nin `")
        .map(|(_, keys)| keys.trim_end().trim_end_matches('`').to_owned());

    if let Some((unknown, rest)) = quoted_after(&problem, "unknown field ") {
        let known: Vec<String> = rest
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect();
        let key = match key {
            Some(tables) if tables.rsplit('.').next() == Some(unknown) => tables,
            Some(tables) => format!("{tables}.{unknown}"),
            None => unknown.to_owned(),
        };
        return ConfigError::UnknownKey {
            nearest: nearest(unknown, known.iter().map(String::as_str)),
            path,
            line,
            key,
            known,
        };
    }
    match key {
        Some(key) => ConfigError::Value {
            path,
            line,
            key,
            problem,
        },
        None => ConfigError::Syntax {
            path,
            line,
            problem,
        },
    }
}

/// A message without the names of Rust's types.
fn in_words(message: &str) -> String {
    let Some((found, expected)) = message.rsplit_once(", expected ") else {
        return message.to_owned();
    };
    let expected = match expected {
        "a nonzero u32" | "a nonzero u64" | "a nonzero usize" => "a whole number from 1",
        "u32" | "u64" | "usize" => "a whole number from 0",
        table if table.starts_with("struct ") => "a table",
        other => other,
    };
    format!("{found}, expected {expected}")
}

/// The quotation after a beginning, and what follows it.
fn quoted_after<'a>(text: &'a str, beginning: &str) -> Option<(&'a str, &'a str)> {
    text.strip_prefix(beginning)?
        .strip_prefix('`')?
        .split_once('`')
}
