//! The time that checkpoints go by.

use std::time::Instant;

use async_trait::async_trait;

/// Tells the time, and waits.
#[async_trait]
pub(crate) trait Clock: Send + Sync {
    fn now(&self) -> Instant;

    /// Returns when it is so late, which it may be already.
    async fn sleep_until(&self, end: Instant);
}

/// The clock of the machine, which only goes forward.
pub(crate) struct Steady;

#[async_trait]
impl Clock for Steady {
    fn now(&self) -> Instant {
        Instant::now()
    }

    async fn sleep_until(&self, end: Instant) {
        tokio::time::sleep_until(end.into()).await;
    }
}
