//! The clock of a stream: its time, its counters and its random bits come from the suite and the cell alone.

use memhost::capability::RunState;
use memhost::contract::Instant;
use memhost::learning::Clock;

use super::super::order::CallSeeds;

/// Midnight of 1 January 2026, UTC: when every run's clock starts unless its suite says, so that runs repeat to the
/// byte.
const START: f64 = 1_767_225_600_000.0;
/// How far the clock moves per episode: one minute.
const STEP: f64 = 60_000.0;

pub(super) struct StreamClock {
    /// Milliseconds.
    now: Instant,
    /// Episodes that are done.
    episodes: u32,
    /// Batches that are done.
    pub(super) batches: u32,
    pub(super) seeds: CallSeeds,
}

impl StreamClock {
    pub(super) fn new(seeds: CallSeeds) -> StreamClock {
        StreamClock {
            now: START,
            episodes: 0,
            batches: 0,
            seeds,
        }
    }

    /// An episode begins, at this time where its suite says.
    pub(super) fn begin(&mut self, asked: Option<Instant>) {
        self.now = asked.unwrap_or(START + f64::from(self.episodes) * STEP);
    }

    /// How many episodes are done.
    pub(super) fn episodes(&self) -> u32 {
        self.episodes
    }

    /// An episode is done.
    pub(super) fn end(&mut self) {
        self.episodes += 1;
    }
}

impl Clock for StreamClock {
    fn now(&self) -> Instant {
        self.now
    }

    fn next_call(&mut self) -> RunState {
        RunState {
            now: self.now,
            task_number: self.episodes,
            batch_number: self.batches,
            seed: self.seeds.next(),
        }
    }
}
