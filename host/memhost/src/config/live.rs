//! `[live]`: how long things wait at a live host, and how much it keeps open.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::live::LiveLimits;

/// `[live]`: how long things wait at a live host, and how much it keeps open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct LiveSection {
    /// How long a `retrieve` may take, in milliseconds.
    pub retrieve_deadline_ms: u64,
    /// How long an attempt waits for its outcome, where the strategy wants to hear it, in milliseconds.
    pub outcome_wait_ms: u64,
    /// How long runs that are learnt from together wait for each other, in milliseconds.
    pub group_window_ms: u64,
    /// How long what was handed out waits for its attempt, and an attempt for a late outcome, in milliseconds.
    pub forgotten_after_ms: u64,
    /// The most memories of a lineage.
    pub most_memories: u32,
    /// The most seats that are open at a time.
    pub most_seats: usize,
    /// The most `retrieve`s that strategies work on at a time, half of them at one slot; each may take as much memory as `[limits]` allows a call.
    pub most_calls: usize,
    /// How many bytes of memories are kept in memory; seats that were used least recently close.
    pub most_resident_bytes: u64,
    /// Which share of attempts, in 0..=1, is made without guidance at strategies that would know what tasks come to then.
    pub baseline_share: f64,
}

impl Default for LiveSection {
    fn default() -> Self {
        let limits = LiveLimits::default();
        let millis = |wait: Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        LiveSection {
            retrieve_deadline_ms: millis(limits.retrieve_deadline),
            outcome_wait_ms: millis(limits.outcome_wait),
            group_window_ms: millis(limits.group_window),
            forgotten_after_ms: millis(limits.forgotten_after),
            most_memories: limits.most_memories,
            most_seats: limits.most_seats,
            most_calls: limits.most_calls,
            most_resident_bytes: 4 << 30,
            baseline_share: limits.baseline_share,
        }
    }
}

impl LiveSection {
    /// As a host takes it.
    pub fn limits(&self) -> LiveLimits {
        LiveLimits {
            retrieve_deadline: Duration::from_millis(self.retrieve_deadline_ms),
            outcome_wait: Duration::from_millis(self.outcome_wait_ms),
            group_window: Duration::from_millis(self.group_window_ms),
            forgotten_after: Duration::from_millis(self.forgotten_after_ms),
            most_memories: self.most_memories,
            most_seats: self.most_seats,
            most_calls: self.most_calls,
            baseline_share: self.baseline_share.clamp(0.0, 1.0),
        }
    }
}
