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
/// How long what was written waits for that, however little it is: other programs see it only then.
pub(crate) const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(600);
/// How far they grow before writers wait. A checkpoint takes five times as much memory as it brings up.
const MOST_BYTES: u64 = 2 * CHECKPOINT_BYTES;

/// What checkpoints may have written since the oldest version of a table that is kept for others to read.
const MOST_OLD_BYTES: u64 = 1 << 30;

/// What was added to journals since the last checkpoint began.
pub(crate) struct Backlog(watch::Sender<Grown>);

#[derive(Clone, Copy, Default)]
struct Grown {
    bytes: u64,
    /// Since when something waits.
    since: Option<Instant>,
}

impl Backlog {
    pub(crate) fn new() -> Self {
        Backlog(watch::Sender::new(Grown::default()))
    }

    /// So many bytes more.
    pub(crate) fn add(&self, bytes: u64, now: Instant) {
        if bytes > 0 {
            self.0.send_modify(|grown| {
                grown.bytes += bytes;
                grown.since.get_or_insert(now);
            });
        }
    }

    /// A checkpoint begins, which takes everything in. Returns how many bytes that is.
    pub(crate) fn reset(&self) -> u64 {
        self.0.send_replace(Grown::default()).bytes
    }

    /// A checkpoint came to nothing. Nobody waits for the next one, which is due as if all had been written now.
    pub(crate) fn put_off(&self, now: Instant) {
        self.0.send_modify(|grown| {
            grown.since.get_or_insert(now);
        });
    }

    /// When a checkpoint is due; none if nothing waits for one.
    pub(crate) fn due_in(&self, now: Instant) -> Option<Duration> {
        let Grown { bytes, since } = *self.0.borrow();
        let waited = now.saturating_duration_since(since?);
        Some(match bytes >= CHECKPOINT_BYTES {
            true => Duration::ZERO,
            false => CHECKPOINT_INTERVAL.saturating_sub(waited),
        })
    }

    /// Waits until so much was written that a checkpoint is due at once.
    pub(crate) fn much(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut grown = self.0.subscribe();
        async move {
            // An error says that the store is gone.
            let _ = grown
                .wait_for(|grown| grown.bytes >= CHECKPOINT_BYTES)
                .await;
        }
    }

    /// Waits until there is not too much to be brought up.
    pub(crate) async fn room(&self) {
        // An error would mean that nobody can send, and the sender lives as long as this.
        let _ = self
            .0
            .subscribe()
            .wait_for(|grown| grown.bytes < MOST_BYTES)
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
        let now = Instant::now();
        backlog.add(MOST_BYTES - 1, now);
        assert_eq!(backlog.due_in(now), Some(Duration::ZERO));
        backlog.room().await;
        backlog.add(1, now);
        let waiting = backlog.clone();
        let waiting = tokio::spawn(async move { waiting.room().await });
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!waiting.is_finished());
        backlog.reset();
        waiting.await.unwrap();
        assert_eq!(backlog.due_in(now), None);
    }

    #[test]
    fn a_checkpoint_is_due_when_much_or_when_anything_waits_for_long() {
        let (backlog, start) = (Backlog::new(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        backlog.add(0, start);
        assert_eq!(backlog.due_in(after(900)), None);
        backlog.add(10, after(100));
        backlog.add(10, after(300));
        assert_eq!(backlog.due_in(after(300)), Some(Duration::from_secs(400)));
        assert_eq!(backlog.due_in(after(701)), Some(Duration::ZERO));
        assert_eq!(backlog.reset(), 20);
        backlog.put_off(after(701));
        assert_eq!(backlog.due_in(after(702)), Some(Duration::from_secs(599)));
        backlog.add(CHECKPOINT_BYTES, after(703));
        assert_eq!(backlog.due_in(after(703)), Some(Duration::ZERO));
    }
}
