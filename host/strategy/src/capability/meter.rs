//! The state behind one call's imports: what is granted, and what has been used of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use memhost_contract::generated::memhost::strategy::types;
use memhost_contract::limits::{Limit, LimitReached};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::wait::ModelWait;
use super::{CallContext, Log, ModelCall, Within};

/// How long a call may keep its thread with imported functions alone.
const LONGEST_TURN: Duration = Duration::from_millis(10);

/// What one call can reach. Implements the contract's imported interfaces, a file each.
pub struct Capabilities {
    /// What is granted.
    pub context: CallContext,
    /// Shared with what the call prints.
    pub log: Arc<Mutex<Log>>,
    /// Every model call so far.
    pub model_calls: Vec<ModelCall>,
    /// Shared with whoever ends the call when its time is up.
    pub model_wait: ModelWait,
    /// How many imported functions were called so far.
    pub host_calls: u32,
    /// The call's own bits, the same on every run.
    pub random: ChaCha8Rng,
    /// When an imported function last let others run.
    turn: Instant,
}

impl Capabilities {
    /// Nothing is used yet.
    pub fn new(context: CallContext) -> Capabilities {
        Capabilities {
            log: Arc::new(Mutex::new(Log::new(&context.limits))),
            model_calls: Vec::new(),
            model_wait: match &context.within {
                Some(within) => within.clock.clone(),
                None => ModelWait::new(),
            },
            host_calls: 0,
            random: ChaCha8Rng::seed_from_u64(context.run.seed),
            turn: Instant::now(),
            context,
        }
    }

    /// Begins a call of an imported function: counts it, and lets others run when it is their turn.
    ///
    /// A plugin that does nothing but call the host hardly uses fuel, so the yields that fuel brings would be
    /// minutes apart, and its deadline as late as that.
    pub async fn begin(&mut self) -> Result<(), LimitReached> {
        let limits = &self.context.limits;
        if self.host_calls >= limits.host_calls {
            return Err(LimitReached::of(limits, Limit::HostCalls));
        }
        self.host_calls += 1;
        if self.turn.elapsed() > LONGEST_TURN {
            tokio::task::yield_now().await;
            self.turn = Instant::now();
        }
        Ok(())
    }

    /// What a call shares that is made in this one.
    pub(super) fn within(&self) -> Within {
        let before = self.context.within();
        Within {
            clock: self.model_wait.clone(),
            model_calls: before.model_calls + self.model_calls.len(),
        }
    }

    /// The log, for a moment.
    pub fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Types only: nothing to call.
impl types::Host for Capabilities {}
