//! The time that checkpoints go by.

use std::time::{Duration, Instant};

use async_trait::async_trait;

/// Tells the time, and waits.
#[async_trait]
pub(crate) trait Clock: Send + Sync {
    fn now(&self) -> Instant;

    async fn sleep(&self, how_long: Duration);
}

/// The clock of the machine, which only goes forward.
pub(crate) struct Steady;

#[async_trait]
impl Clock for Steady {
    fn now(&self) -> Instant {
        Instant::now()
    }

    async fn sleep(&self, how_long: Duration) {
        tokio::time::sleep(how_long).await;
    }
}
