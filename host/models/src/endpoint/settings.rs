//! Settings of an endpoint: the table `[endpoint.<name>]`, and how long is waited by it.

use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use backon::ExponentialBuilder;
use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::Problem;

/// How an endpoint is reached: the table `[endpoint.<name>]` of `memhost.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct EndpointSettings {
    /// The address up to, and without, `/chat/completions` or `/embeddings`. It has no default, so that a
    /// forgotten line does not send anybody's data to a stranger.
    pub base_url: String,
    /// The environment variable that holds the key; empty for an endpoint that wants none. Default:
    /// `OPENAI_API_KEY`.
    pub key_env: String,
    /// A file with certificates (PEM) of authorities that are trusted beside those that browsers trust and those of this
    /// machine: for an endpoint whose certificate a company's own authority has issued. Default: none.
    pub ca_file: Option<PathBuf>,
    /// How long one try may take, from request to the reply's last byte. Default: 60 s.
    pub timeout_ms: NonZeroU64,
    /// How often a request is tried again. Default: 4.
    pub retries: u32,
    /// The wait before the first retry; it doubles from one to the next, and each is lengthened by a random
    /// part of itself. Default: 500 ms.
    pub retry_delay_ms: NonZeroU64,
    /// The longest wait before a retry. An endpoint whose `Retry-After` asks for more is given up. Default: 60 s.
    pub longest_wait_ms: NonZeroU64,
    /// How many requests may be under way at a time, their retries included. Default: 8.
    pub concurrency: NonZeroUsize,
    /// How long it may fail at everything that it is asked before it is given up: see
    /// [`Health::Over`](super::Health). Never less than `timeout_ms` is waited. Default: 180 s.
    pub give_up_after_ms: NonZeroU64,
    /// Whether it is never given up, whatever it fails at: for whoever has nobody to tell, and goes on when it is well again.
    #[serde(skip)]
    pub is_never_given_up: bool,
}

impl Default for EndpointSettings {
    fn default() -> Self {
        EndpointSettings {
            base_url: String::new(),
            key_env: "OPENAI_API_KEY".to_owned(),
            ca_file: None,
            timeout_ms: const { NonZeroU64::new(60_000).unwrap() },
            retries: 4,
            retry_delay_ms: const { NonZeroU64::new(500).unwrap() },
            longest_wait_ms: const { NonZeroU64::new(60_000).unwrap() },
            concurrency: const { NonZeroUsize::new(8).unwrap() },
            give_up_after_ms: const { NonZeroU64::new(180_000).unwrap() },
            is_never_given_up: false,
        }
    }
}

impl EndpointSettings {
    /// The defaults, at an address.
    pub fn at(base_url: impl Into<String>) -> EndpointSettings {
        EndpointSettings {
            base_url: base_url.into(),
            ..EndpointSettings::default()
        }
    }

    /// Whether the address is on this machine: such an endpoint may do without a key, and is never asked
    /// through a proxy.
    pub fn is_local(&self) -> bool {
        Url::parse(&self.base_url).is_ok_and(|url| is_local(&url))
    }

    /// The address for messages: without what may be secret in one that should not hold it.
    pub fn shown(&self) -> String {
        let address = self.base_url.split(['?', '#']).next().unwrap_or_default();
        match address.rsplit_once('@') {
            Some((_secret, host)) => format!("[hidden]@{host}"),
            None => address.to_owned(),
        }
    }

    pub(super) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms.get())
    }

    pub(super) fn give_up_after(&self) -> Duration {
        Duration::from_millis(self.give_up_after_ms.get()).max(self.timeout())
    }

    pub(super) fn longest_wait(&self) -> Duration {
        Duration::from_millis(self.longest_wait_ms.get())
    }

    pub(super) fn backoff(&self) -> ExponentialBuilder {
        ExponentialBuilder::new()
            .with_min_delay(Duration::from_millis(self.retry_delay_ms.get()))
            .with_max_delay(self.longest_wait())
            .with_max_times(self.retries as usize)
            .with_jitter()
            // Without a seed of ours every process would jitter alike, which is no jitter.
            .with_jitter_seed(rand::random())
    }

    /// How long to wait before trying again: as long as the endpoint asks, and never less than the backoff's
    /// turn. `None` gives up.
    pub(super) fn wait(&self, problem: &Problem, turn: Option<Duration>) -> Option<Duration> {
        let turn = turn?.min(self.longest_wait());
        match problem.retry_after() {
            Some(asked) if asked > self.longest_wait() => None,
            Some(asked) => Some(asked.max(turn)),
            None => Some(turn),
        }
    }
}

pub(super) fn is_local(url: &Url) -> bool {
    match url.host_str().map(|host| host.trim_matches(['[', ']'])) {
        Some("localhost") => true,
        Some(host) => host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}
