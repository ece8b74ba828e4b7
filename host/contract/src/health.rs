//! The health of what stands behind a model or an embedder, for all who rely on it to watch.
//!
//! Retries hide a dead endpoint from whoever waits for a reply.

use std::time::{Duration, Instant};

/// How an endpoint is.
#[derive(Debug, Clone, PartialEq)]
pub enum Health {
    /// Its last try succeeded, or it has not been asked yet.
    Well,
    /// Every try has failed for some time.
    Failing {
        /// Since when.
        since: Instant,
        /// For how long it may.
        gives_up_after: Duration,
        /// What happened to the last one.
        problem: String,
    },
    /// Asking on is senseless: its quota is used up, it refuses the key, or it has failed for as long as
    /// `give_up_after_ms` of its settings allows. It stays so, and every request
    /// fails without being made.
    Over {
        /// Why, with the endpoint's address and what to do.
        reason: String,
    },
}
