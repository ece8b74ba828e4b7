//! What can go wrong at an endpoint, in words that say what to do.

use std::fmt;
use std::time::{Duration, SystemTime};

/// The longest quotation from a reply, in characters.
const LONGEST_QUOTATION: usize = 300;

/// An endpoint did not do what was asked.
#[derive(Debug, Clone, PartialEq)]
pub struct EndpointError {
    /// The address that was asked.
    pub url: String,
    /// How often it was asked; 0 if it came to nothing before.
    pub tries: u32,
    /// The environment variable that holds its key; empty if it takes none.
    pub key_env: String,
    /// What happened, the last time.
    pub problem: Problem,
}

/// What happened to a request.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Problem {
    /// The address cannot be used.
    #[error("`base_url` is not an address that can be used: {0}")]
    Address(String),
    /// The request could not be made.
    #[error("the request could not be made: {0}")]
    Setup(String),
    /// No connection.
    #[error("cannot connect: {0}")]
    Unreachable(String),
    /// No reply in time.
    #[error("no reply within {} ms", .0.as_millis())]
    Silent(Duration),
    /// The connection broke before the reply was complete.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// It answered with an HTTP status other than success.
    #[error("it answered HTTP {status}{}", after_colon(.explanation))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it said; may be empty.
        explanation: String,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// It answered with success, and with something else than the result.
    #[error("its reply is {0}")]
    Malformed(String),
}

fn after_colon(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!(": {text}")
    }
}

impl Problem {
    /// Whether it may be gone the next time.
    pub fn may_pass(&self) -> bool {
        match self {
            Problem::Unreachable(_) | Problem::Silent(_) | Problem::Broken(_) => true,
            Problem::Refused { status, .. } => matches!(status, 408 | 429 | 500..),
            Problem::Address(_) | Problem::Setup(_) | Problem::Malformed(_) => false,
        }
    }

    /// How long the endpoint asks to be left alone.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Problem::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl EndpointError {
    fn remedy(&self) -> String {
        match &self.problem {
            Problem::Address(_) => {
                "give it the address up to, and without, `/chat/completions` or `/embeddings`, such as \
                 `http://127.0.0.1:8000/v1`"
                    .to_owned()
            }
            Problem::Setup(_) => "check the endpoint's settings".to_owned(),
            Problem::Unreachable(_) => {
                "start the endpoint, or correct its `base_url`".to_owned()
            }
            Problem::Silent(_) => {
                "see whether the endpoint is overloaded, or raise its `timeout_ms`".to_owned()
            }
            Problem::Broken(_) => "see the endpoint's own log".to_owned(),
            Problem::Malformed(_) => {
                "check that `base_url` leads to an OpenAI-compatible interface, which usually ends in `/v1`"
                    .to_owned()
            }
            Problem::Refused {
                status,
                retry_after,
                ..
            } => self.remedy_for_status(*status, *retry_after),
        }
    }

    fn remedy_for_status(&self, status: u16, retry_after: Option<Duration>) -> String {
        match (status, retry_after) {
            (401 | 403, _) if self.key_env.is_empty() => {
                "name the environment variable that holds the key with `key_env`".to_owned()
            }
            (401 | 403, _) => format!("check the key in the environment variable {}", self.key_env),
            (404, _) => "check `base_url` and the model's name".to_owned(),
            (300..=399, _) => "set `base_url` to where it has moved".to_owned(),
            (429 | 503, Some(wait)) => format!(
                "it asks to be left alone for {} s; wait, lower its `concurrency`, or raise its `longest_wait_ms`",
                wait.as_secs()
            ),
            (429, None) => "wait, lower its `concurrency`, or raise its `retries`".to_owned(),
            (500.., _) => "see the endpoint's own log, or raise its `retries`".to_owned(),
            _ => "the request is not to its liking; check the model's name and its settings"
                .to_owned(),
        }
    }
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "endpoint `{}`", self.url)?;
        if self.tries > 1 {
            write!(f, ", asked {} times", self.tries)?;
        }
        write!(f, ": {}; {}", self.problem, self.remedy())
    }
}

impl std::error::Error for EndpointError {}

/// The last of the chain: `Connection refused (os error 111)`.
pub(super) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// What an endpoint says of an error: OpenAI's `error.message`, the `error` or `detail` of others, or the text itself.
pub(super) fn explanation(reply: &[u8]) -> String {
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(reply) else {
        return beginning(reply);
    };
    let told = ["/error/message", "/error", "/detail", "/message"]
        .iter()
        .find_map(|pointer| value.pointer(pointer));
    match told {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => beginning(reply),
    }
}

/// A reply as text.
pub(super) fn beginning(reply: &[u8]) -> String {
    // More than is shown, because a key may be cut out of it first.
    let enough = reply.get(..16 * LONGEST_QUOTATION).unwrap_or(reply);
    String::from_utf8_lossy(enough).into_owned()
}

/// As much of a text as a message holds, in one line.
pub(super) fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST_QUOTATION) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// A `Retry-After` header: seconds, or a date of HTTP's (RFC 9110, 10.2.3).
pub(super) fn retry_after(header: &str, now: SystemTime) -> Option<Duration> {
    let header = header.trim();
    match header.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(header)
            .ok()
            // A date that has passed asks for no wait.
            .map(|date| date.duration_since(now).unwrap_or_default()),
    }
}
