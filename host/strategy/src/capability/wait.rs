//! How long a call waits for models: a clock beside the call's own.
//!
//! A strategy cannot make a model faster. What its call waits for one is therefore no part of the time that the call
//! may take ([`Limits::wall_clock`]), and has a bound of its own ([`Limits::model_wait`]): sixty-eight lessons asked of
//! a slow model take minutes, and none of the call's work is lost for that.

use std::sync::Arc;
use std::time::{Duration, Instant};

use memhost_contract::limits::{Limit, Limits};
use tokio::sync::watch;

/// The clocks of one call; clones are of the same call.
#[derive(Clone)]
pub struct ModelWait {
    start: Instant,
    waited: Arc<watch::Sender<Waited>>,
}

#[derive(Clone, Copy)]
struct Waited {
    /// Until it last ended.
    so_far: Duration,
    /// Since when it goes on.
    since: Option<Instant>,
}

/// The call waits for as long as this lives.
pub(crate) struct Waiting<'a>(&'a ModelWait);

impl Default for ModelWait {
    fn default() -> Self {
        ModelWait::new()
    }
}

impl ModelWait {
    /// A call that begins now.
    pub fn new() -> ModelWait {
        let none = Waited {
            so_far: Duration::ZERO,
            since: None,
        };
        ModelWait {
            start: Instant::now(),
            waited: Arc::new(watch::Sender::new(none)),
        }
    }

    /// A plugin is one thread: there is one wait at a time.
    pub(crate) fn begin(&self) -> Waiting<'_> {
        self.waited
            .send_modify(|waited| waited.since = Some(Instant::now()));
        Waiting(self)
    }

    /// Which limit the call reaches first, once it does.
    pub async fn out_of_time(&self, limits: &Limits) -> Limit {
        let mut changes = self.waited.subscribe();
        loop {
            let Waited { so_far, since } = *changes.borrow_and_update();
            let (limit, until) = match since {
                Some(since) => {
                    let left = limits.model_wait.saturating_sub(so_far);
                    (Limit::ModelWait, since.checked_add(left))
                }
                None => {
                    let allowed = limits.wall_clock.saturating_add(so_far);
                    (Limit::WallClock, self.start.checked_add(allowed))
                }
            };
            tokio::select! {
                () = sleep_until(until) => return limit,
                // The sender lives as long as this.
                _ = changes.changed() => {}
            }
        }
    }
}

/// For ever, if the time is none that a clock can show.
async fn sleep_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waited.send_modify(|waited| {
            if let Some(since) = waited.since.take() {
                waited.so_far += since.elapsed();
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(100);
    const LONG: Duration = Duration::from_secs(600);

    fn limits(wall_clock: Duration, model_wait: Duration) -> Limits {
        Limits {
            wall_clock,
            model_wait,
            ..Limits::default()
        }
    }

    #[tokio::test]
    async fn each_clock_counts_its_own_time_and_runs_on_where_it_stopped() {
        let (wait, start) = (ModelWait::new(), Instant::now());
        let limits = limits(4 * SHORT, 4 * SHORT);
        let work = async {
            for _ in 0..3 {
                tokio::time::sleep(SHORT).await;
                let _waiting = wait.begin();
                tokio::time::sleep(SHORT).await;
            }
            // Three parts of four are gone of either.
            let _waiting = wait.begin();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = work => {}
            limit = wait.out_of_time(&limits) => assert_eq!(limit, Limit::ModelWait),
        }
        assert!(start.elapsed() >= 7 * SHORT, "{:?}", start.elapsed());
    }

    #[tokio::test]
    async fn whoever_does_not_wait_for_a_model_computes() {
        let wait = ModelWait::new();
        assert_eq!(
            wait.out_of_time(&limits(SHORT, LONG)).await,
            Limit::WallClock
        );
        let _waiting = wait.begin();
        assert_eq!(
            wait.out_of_time(&limits(SHORT, SHORT)).await,
            Limit::ModelWait
        );
    }
}
