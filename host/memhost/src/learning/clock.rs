//! The clock of a run: what a strategy may know of time, of its place in the run, and of chance.

use std::time::{SystemTime, UNIX_EPOCH};

use memhost_contract::Instant;
use memhost_strategy::capability::RunState;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Says at which moment of a run a call is made. Where calls shall repeat to the byte, it answers the same in every run.
pub trait Clock: Send {
    /// Milliseconds since 1970, on the run's clock; it never runs backwards.
    fn now(&self) -> Instant;

    /// What the next call sees of the run. Asked once per call, so that each may have random bits of its own.
    fn next_call(&mut self) -> RunState;
}

/// The clock on the wall, for an agent at work: counters are the caller's, chance is this process's. It is read once; from
/// then on time is counted, so that setting the machine's clock back does not take memories back in time.
#[derive(Debug)]
pub struct WallClock {
    /// Tasks finished so far.
    pub task_number: u32,
    /// Batches finished so far.
    pub batch_number: u32,
    /// Milliseconds since 1970 when it was made.
    began: Instant,
    made: std::time::Instant,
    random: ChaCha8Rng,
}

impl Default for WallClock {
    fn default() -> Self {
        let began = SystemTime::now().duration_since(UNIX_EPOCH);
        WallClock {
            began: began.unwrap_or_default().as_millis() as f64,
            made: std::time::Instant::now(),
            task_number: 0,
            batch_number: 0,
            random: ChaCha8Rng::from_os_rng(),
        }
    }
}

impl Clock for WallClock {
    fn now(&self) -> Instant {
        self.began + self.made.elapsed().as_millis() as f64
    }

    fn next_call(&mut self) -> RunState {
        RunState {
            now: self.now(),
            task_number: self.task_number,
            batch_number: self.batch_number,
            seed: self.random.random(),
        }
    }
}
