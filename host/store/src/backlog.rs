//! How far the journals have run ahead of the tables, and who waits until they have not.
//!
//! A checkpoint reads journals into memory, and the disk holds them until it has ended. So who writes faster than
//! checkpoints bring up the tables waits for them, and who writes so much that earlier versions of the tables fill the
//! disk keeps those for a shorter time.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// How far the journals grow before the tables are brought up to date.
pub(crate) const CHECKPOINT_BYTES: u64 = 64 << 20;
/// How far they grow before writers wait. A checkpoint takes five times as much memory as it brings up.
const MOST_BYTES: u64 = 2 * CHECKPOINT_BYTES;

/// What checkpoints may have written since the oldest version of a table that is kept for others to read.
const MOST_OLD_BYTES: u64 = 1 << 30;

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

    /// A checkpoint begins, which takes everything in. Returns how much that is.
    pub(crate) fn reset(&self) -> u64 {
        self.0.send_replace(0)
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

/// When checkpoints wrote how much.
#[derive(Default)]
pub(crate) struct Written(Mutex<VecDeque<(Instant, u64)>>);

impl Written {
    /// A checkpoint wrote so many bytes. Returns how old a version of a table may be that is kept: as old as `longest`,
    /// unless too much was written since.
    pub(crate) fn keep(&self, now: Instant, bytes: u64, longest: Duration) -> Duration {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        written.push_front((now, bytes));
        let mut sum = 0;
        let kept = written.iter().take_while(|(at, bytes)| {
            sum += bytes;
            sum <= MOST_OLD_BYTES && now.duration_since(*at) < longest
        });
        let kept = kept.count();
        written.truncate(kept + 1);
        let oldest = written.back().map_or(now, |(at, _)| *at);
        longest.min(match sum > MOST_OLD_BYTES {
            true => now.duration_since(oldest),
            false => longest,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn versions_are_kept_for_ten_minutes_or_for_a_gigabyte() {
        let (start, ten) = (Instant::now(), Duration::from_secs(600));
        let after = |seconds| start + Duration::from_secs(seconds);
        let few = Written::default();
        for minute in 0..30 {
            assert_eq!(few.keep(after(60 * minute), 1 << 20, ten), ten);
        }
        assert!(few.0.lock().unwrap().len() <= 12);
        let many = Written::default();
        for second in 0..16 {
            assert_eq!(many.keep(after(second), 64 << 20, ten), ten);
        }
        for second in 16..100 {
            let kept = many.keep(after(second), 64 << 20, ten);
            assert_eq!(
                kept,
                Duration::from_secs(16),
                "the last 16 wrote a gigabyte"
            );
        }
        assert_eq!(many.keep(after(100), 2 << 30, ten), Duration::ZERO);
    }

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
