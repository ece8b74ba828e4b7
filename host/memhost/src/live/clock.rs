//! Time at a host: the clock on the wall, or one that a test winds; and a ledger's time, by which a strategy learns.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use memhost_contract::Instant;
use memhost_strategy::capability::RunState;
use sha2::{Digest, Sha256};
use tokio::sync::Notify;

use crate::learning::{Clock, Place, WallClock};

/// What time it is, and waiting for another.
#[async_trait]
pub trait Time: Send + Sync {
    /// Milliseconds since 1970. Never runs backwards.
    fn now(&self) -> Instant;

    /// Returns when it is so late.
    async fn wait_until(&self, at: Instant);
}

/// The clock on the wall.
#[derive(Debug, Default)]
pub struct WallTime(WallClock);

#[async_trait]
impl Time for WallTime {
    fn now(&self) -> Instant {
        self.0.now()
    }

    async fn wait_until(&self, at: Instant) {
        let millis = (at - self.now()).max(0.0).ceil();
        tokio::time::sleep(Duration::from_millis(millis as u64)).await;
    }
}

/// A clock that stands still until it is wound.
#[derive(Debug, Default)]
pub struct WoundTime {
    millis: AtomicU64,
    wound: Notify,
}

impl WoundTime {
    /// A clock that shows this time.
    pub fn at(millis: u64) -> WoundTime {
        WoundTime {
            millis: AtomicU64::new(millis),
            wound: Notify::new(),
        }
    }

    /// So much later.
    pub fn wind(&self, by: Duration) {
        self.millis
            .fetch_add(by.as_millis() as u64, Ordering::SeqCst);
        self.wound.notify_waiters();
    }
}

#[async_trait]
impl Time for WoundTime {
    fn now(&self) -> Instant {
        self.millis.load(Ordering::SeqCst) as Instant
    }

    async fn wait_until(&self, at: Instant) {
        loop {
            let wound = self.wound.notified();
            tokio::pin!(wound);
            // From here on no winding is missed.
            wound.as_mut().enable();
            if self.now() >= at {
                return;
            }
            wound.await;
        }
    }
}

/// The time of a ledger's entries: what a strategy learns is the same whenever it learns it.
#[derive(Debug, Default)]
pub(super) struct LedgerClock {
    /// Whose ledger it is.
    pub seat: String,
    /// Where in it the learner stands.
    pub place: Place,
    /// The time of the entry that is being learnt.
    pub at: Instant,
    /// Calls made there.
    pub calls: u32,
    pub tasks: u32,
    pub batches: u32,
}

impl Clock for LedgerClock {
    fn now(&self) -> Instant {
        self.at
    }

    fn next_call(&mut self) -> RunState {
        let Place { entry, lessons } = self.place;
        let call = format!("{} {entry} {lessons} {}", self.seat, self.calls);
        self.calls += 1;
        RunState {
            now: self.at,
            task_number: self.tasks,
            batch_number: self.batches,
            seed: seed(&call),
        }
    }
}

/// Random bits that are a call's own, and the same each time.
pub(super) fn seed(of: &str) -> u64 {
    let digest = Sha256::digest(of.as_bytes());
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest[..8]);
    u64::from_le_bytes(bytes)
}
