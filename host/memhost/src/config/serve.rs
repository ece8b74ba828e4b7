//! The section `[serve]`: where the server listens, whom it lets in, and how much it takes.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where the server listens, whom it lets in, and how much it takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct ServeSettings {
    /// Where it listens. Anywhere but on this machine itself, keys are needed.
    pub listen: SocketAddr,
    /// Names by which it may be called, beside those of this machine itself.
    pub allowed_hosts: Vec<String>,
    /// Where plugins may be taken from that are named over HTTP.
    pub plugin_folders: Vec<PathBuf>,
    /// What is answered where a strategy fails.
    pub on_failure: OnFailure,
    /// How long requests that are under way may take at its end, in milliseconds.
    pub drain_ms: u64,
    /// The most bytes of a request's body.
    pub most_body_bytes: usize,
    /// How long a request's head may take to arrive, in milliseconds.
    pub head_timeout_ms: u64,
    /// How long a request's body may take to arrive, and a caller may take nothing of an answer, in milliseconds.
    pub body_timeout_ms: u64,
    /// How long `record` waits at most until what it tells is learnt, where it is asked to, in milliseconds.
    pub learn_wait_ms: u64,
    /// The most connections at a time; more are refused with 429.
    pub most_connections: usize,
    /// The most requests at a time; more are refused with 429.
    pub most_requests: usize,
    /// The most requests of one key per second.
    pub rate_per_second: u32,
    /// The most requests of one key at once, after a pause.
    pub rate_burst: u32,
}

/// What is answered where a strategy fails: it never keeps an agent from its work, unless it is told to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// Empty guidance, and why.
    Empty,
    /// 502.
    Error,
}

impl Default for ServeSettings {
    fn default() -> Self {
        ServeSettings {
            listen: SocketAddr::from(([127, 0, 0, 1], 4780)),
            allowed_hosts: Vec::new(),
            plugin_folders: Vec::new(),
            on_failure: OnFailure::Empty,
            drain_ms: 10_000,
            most_body_bytes: 4 << 20,
            head_timeout_ms: 10_000,
            body_timeout_ms: 30_000,
            learn_wait_ms: 30_000,
            most_connections: 4_096,
            most_requests: 1_024,
            rate_per_second: 500,
            rate_burst: 1_000,
        }
    }
}
