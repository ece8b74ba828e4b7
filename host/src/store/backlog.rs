//! How far the journals have run ahead of the tables, and who waits until they have not.
//!
//! A checkpoint reads journals into memory, and the disk holds them until it has ended. So who writes faster than
//! checkpoints bring up the tables waits for them.

use tokio::sync::watch;

/// How far the journals grow before the tables are brought up to date.
pub(crate) const CHECKPOINT_BYTES: u64 = 64 << 20;
/// How far they grow before writers wait.
const MOST_BYTES: u64 = 4 * CHECKPOINT_BYTES;

/// Bytes that were added to journals since the last checkpoint began.
pub(crate) struct Backlog(watch::Sender<u64>);

impl Backlog {
    pub(crate) fn new() -> Self {
        Backlog(watch::Sender::new(0))
    }

    /// So many bytes more.
    pub(crate) fn add(&self, bytes: u64) {
        self.0.send_modify(|grown| *grown += bytes);
    }

    /// A checkpoint begins, which takes everything in.
    pub(crate) fn reset(&self) {
        self.0.send_replace(0);
    }

    /// Whether a checkpoint is due.
    pub(crate) fn is_due(&self) -> bool {
        *self.0.borrow() >= CHECKPOINT_BYTES
    }

    /// Waits until there is not too much to be brought up.
    pub(crate) async fn room(&self) {
        // An error would mean that nobody can send, and the sender lives as long as this.
        let _ = self
            .0
            .subscribe()
            .wait_for(|grown| *grown < MOST_BYTES)
            .await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn writers_wait_for_the_next_checkpoint_once_journals_are_far_ahead() {
        let backlog = Arc::new(Backlog::new());
        backlog.add(MOST_BYTES - 1);
        assert!(backlog.is_due());
        backlog.room().await;
        backlog.add(1);
        let waiting = backlog.clone();
        let waiting = tokio::spawn(async move { waiting.room().await });
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!waiting.is_finished());
        backlog.reset();
        waiting.await.unwrap();
        assert!(!backlog.is_due());
    }
}
