//! What can go wrong at an endpoint, in words that say what to do.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::refusal::{Refusal, RefusalKind};

/// The longest quotation from a reply, in characters.
pub(super) const LONGEST_QUOTATION: usize = 300;

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
    /// The certificates of `ca_file` cannot be used.
    #[error("`ca_file` cannot be used: {0}")]
    Authorities(String),
    /// It cannot show that it is who it should be.
    #[error("its certificate is not trusted: {0}")]
    Certificate(String),
    /// No connection.
    #[error("cannot connect: {0}")]
    Unreachable(String),
    /// No reply in time.
    #[error("no reply within {} ms", .0.as_millis())]
    Silent(Duration),
    /// The connection broke before the reply was complete.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// It answered with an HTTP status other than success, or with an error in place of a result.
    #[error("{}", refused(.0))]
    Refused(Box<Refusal>),
    /// It answered with success, and with something else than the result.
    #[error("its reply is {0}")]
    Malformed(String),
    /// It answered with success, and there is nothing in the reply; or, from one that has answered well before, no sense.
    #[error("its reply is {0}")]
    Empty(String),
    /// It has failed for too long.
    #[error("it has failed at everything for {} s; the last time: {last}", .after.as_secs())]
    GivenUp {
        /// For how long.
        after: Duration,
        /// What happened to the last try.
        last: Box<Problem>,
    },
}

fn refused(refusal: &Refusal) -> String {
    let said = after_colon(&refusal.explanation);
    match refusal.status {
        200..=299 => format!("it answered with an error{said}"),
        status => format!("it answered HTTP {status}{said}"),
    }
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
            Problem::Unreachable(_)
            | Problem::Silent(_)
            | Problem::Broken(_)
            | Problem::Empty(_) => true,
            Problem::Refused(refusal) => refusal.kind == RefusalKind::Busy,
            Problem::Address(_)
            | Problem::Setup(_)
            | Problem::Authorities(_)
            | Problem::Certificate(_)
            | Problem::Malformed(_)
            | Problem::GivenUp { .. } => false,
        }
    }

    /// Whether asking this endpoint anything more is senseless.
    pub fn is_final(&self) -> bool {
        match self {
            Problem::Refused(refusal) => {
                matches!(refusal.kind, RefusalKind::Spent | RefusalKind::Key)
            }
            Problem::GivenUp { .. } | Problem::Certificate(_) => true,
            _ => false,
        }
    }

    /// Whether the endpoint is well, and the request is to blame.
    pub(super) fn is_of_request(&self) -> bool {
        match self {
            Problem::Setup(_) => true,
            Problem::Refused(refusal) => matches!(
                refusal.kind,
                RefusalKind::TooLong
                    | RefusalKind::UnknownModel
                    | RefusalKind::Field
                    | RefusalKind::Content
                    | RefusalKind::Other
            ),
            _ => false,
        }
    }

    /// How long the endpoint asks to be left alone.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Problem::Refused(refusal) => refusal.retry_after,
            _ => None,
        }
    }
}

impl EndpointError {
    fn remedy(&self, problem: &Problem) -> String {
        match problem {
            Problem::Address(_) => {
                "give it the address up to, and without, `/chat/completions` or `/embeddings`, such as \
                 `http://127.0.0.1:8000/v1`"
            }
            Problem::Setup(_) => "check the endpoint's settings",
            Problem::Authorities(_) => "give it a file with certificates as PEM, which begin with `-----BEGIN CERTIFICATE-----`",
            Problem::Certificate(_) => {
                "if an authority of your own has issued it, name the file with that authority's certificate (PEM) with \
                 `ca_file` under the endpoint's table, or in the variable SSL_CERT_FILE; if not, see that `base_url` has the \
                 endpoint's own name, and that this machine's clock is right"
            }
            Problem::Unreachable(_) => "start the endpoint, or correct its `base_url`",
            Problem::Silent(_) => {
                "see whether the endpoint is overloaded, or raise its `timeout_ms`"
            }
            Problem::Broken(_) => "see the endpoint's own log",
            Problem::Malformed(_) => {
                "check that `base_url` leads to an OpenAI-compatible interface, which usually ends in `/v1`"
            }
            Problem::Empty(_) => {
                "see the endpoint's own log, or try another model; if it never answers otherwise, `base_url` may not lead \
                 to an OpenAI-compatible interface"
            }
            Problem::GivenUp { last, .. } => return self.remedy(last),
            Problem::Refused(refusal) => return self.remedy_for(refusal),
        }
        .to_owned()
    }

    fn remedy_for(&self, refusal: &Refusal) -> String {
        match (refusal.kind, refusal.retry_after) {
            (RefusalKind::Spent, _) => {
                "quota or credit is used up: pay for more, raise the limit with its provider, or choose another endpoint"
            }
            (RefusalKind::Key, _) if self.key_env.is_empty() => {
                "name the environment variable that holds the key with `key_env`"
            }
            (RefusalKind::Key, _) => {
                return format!("check the key in the environment variable {}", self.key_env);
            }
            (RefusalKind::Busy, Some(wait)) => {
                return format!(
                    "it asks to be left alone for {} s; wait, lower its `concurrency`, or raise its `longest_wait_ms`",
                    wait.as_secs()
                );
            }
            (RefusalKind::Busy, None) if refusal.status == 429 => {
                "wait, lower its `concurrency`, or raise its `retries`"
            }
            (RefusalKind::Busy, None) => "see the endpoint's own log, or raise its `retries`",
            (RefusalKind::TooLong, _) if refusal.names(&["max_tokens", "max_completion_tokens"]) => {
                "lower `max_tokens`, or choose a model that takes more"
            }
            (RefusalKind::TooLong, _) => {
                "choose a model that takes longer texts, or send less at a time"
            }
            (RefusalKind::UnknownModel, _) => {
                "check the model's name, by which this endpoint knows it, and whether the key may use it"
            }
            (RefusalKind::NoSuchPath, _) => {
                "check `base_url`: it goes up to, and without, `/chat/completions` or `/embeddings`, and usually ends in \
                 `/v1`"
            }
            (RefusalKind::Moved, _) => "set `base_url` to where it has moved",
            (RefusalKind::Field, _) => {
                "the request has a field that it does not take; set what is sent under the model's entry, or choose \
                 another model"
            }
            (RefusalKind::Content, _) => {
                "the provider's filter refuses these texts; choose another model or provider for them"
            }
            (RefusalKind::Other, _) => {
                "the request is not to its liking; check the model's name and its settings"
            }
        }
        .to_owned()
    }
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "endpoint `{}`", self.url)?;
        if self.tries > 1 {
            write!(f, ", asked {} times", self.tries)?;
        }
        write!(f, ": {}; {}", self.problem, self.remedy(&self.problem))
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

/// What is wrong with a certificate, if a connection failed for that. The library that checks it is not one that this crate
/// sees, so that its words have to do.
pub(super) fn distrust(error: &dyn std::error::Error) -> Option<String> {
    let cause = root_cause(error);
    let (_, distrust) = cause.split_once("invalid peer certificate: ")?;
    Some(match distrust {
        "UnknownIssuer" => "no authority that is known here has issued it".to_owned(),
        other => other.to_owned(),
    })
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
