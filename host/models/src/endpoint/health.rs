//! The health of an endpoint: what its last tries came to, for all who rely on it to watch.
//!
//! Retries hide a dead endpoint from whoever waits for a reply. Here it is told with the first try that fails, and
//! when asking on has become senseless, every request fails at once.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use memhost_contract::health::Health;
use tokio::sync::watch;

use super::{EndpointError, Problem};

/// Follows the tries of an endpoint, and publishes what they mean.
pub(super) struct Monitor {
    health: watch::Sender<Health>,
    give_up_after: Duration,
    is_never_given_up: bool,
    tries: Mutex<Tries>,
}

struct Tries {
    /// Requests under way.
    requests: usize,
    /// When the last of them ended.
    idle_since: Instant,
    /// Whether any try has succeeded.
    has_answered: bool,
    /// From when the failing counts: idle time is taken out of it.
    failing_since: Option<Instant>,
    over: Option<Problem>,
}

impl Monitor {
    pub(super) fn new(give_up_after: Duration, is_never_given_up: bool) -> Monitor {
        Monitor {
            health: watch::Sender::new(Health::Well),
            give_up_after,
            is_never_given_up,
            tries: Mutex::new(Tries {
                requests: 0,
                idle_since: Instant::now(),
                has_answered: false,
                failing_since: None,
                over: None,
            }),
        }
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    /// A request begins; it ends when what is returned is dropped.
    pub(super) fn begin(&self) -> UnderWay<'_> {
        let mut tries = self.tries();
        if tries.requests == 0 {
            // While nobody asks, nothing can be said of it.
            let idle = tries.idle_since.elapsed();
            tries.failing_since = tries
                .failing_since
                .and_then(|since| since.checked_add(idle));
        }
        tries.requests += 1;
        UnderWay(self)
    }

    /// Whether there is somebody at the address who understands what is asked.
    pub(super) fn has_answered(&self) -> bool {
        self.tries().has_answered
    }

    /// A try succeeded, or was refused for what is wrong with the request alone.
    pub(super) fn answered(&self) {
        {
            let mut tries = self.tries();
            tries.failing_since = None;
            tries.has_answered = true;
        }
        self.health.send_if_modified(|health| {
            let failing = matches!(health, Health::Failing { .. });
            if failing {
                *health = Health::Well;
            }
            failing
        });
    }

    /// A try failed. What is returned is the same, or that the endpoint is given up for it.
    pub(super) fn failed(&self, mut error: EndpointError) -> EndpointError {
        let mut tries = self.tries();
        let now = Instant::now();
        let since = *tries.failing_since.get_or_insert(now);
        let is_long = now.duration_since(since) >= self.give_up_after;
        if !error.problem.is_final() && is_long && !self.is_never_given_up {
            error.problem = Problem::GivenUp {
                after: now.duration_since(since),
                last: Box::new(error.problem),
            };
        }
        let is_over = error.problem.is_final() && !self.is_never_given_up;
        if is_over && tries.over.is_none() {
            tries.over = Some(error.problem.clone());
        }
        drop(tries);
        self.health.send_if_modified(|health| {
            *health = match health {
                Health::Over { .. } => return false,
                _ if is_over => Health::Over {
                    reason: error.to_string(),
                },
                Health::Failing { since, .. } => Health::Failing {
                    since: *since,
                    gives_up_after: self.give_up_after,
                    problem: error.to_string(),
                },
                Health::Well => Health::Failing {
                    since: now,
                    gives_up_after: self.give_up_after,
                    problem: error.to_string(),
                },
            };
            true
        });
        error
    }

    /// How long it may fail on.
    pub(super) fn patience(&self) -> Duration {
        match self.tries().failing_since {
            Some(since) => self.give_up_after.saturating_sub(since.elapsed()),
            None => self.give_up_after,
        }
    }

    /// Why it is over, as soon as it is.
    pub(super) async fn over(&self) -> Problem {
        let mut health = self.subscribe();
        loop {
            if let Some(problem) = &self.tries().over {
                return problem.clone();
            }
            if health.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Nothing under this lock leaves a value half-changed when it panics.
    fn tries(&self) -> MutexGuard<'_, Tries> {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request under way.
pub(super) struct UnderWay<'a>(&'a Monitor);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut tries = self.0.tries();
        tries.requests -= 1;
        if tries.requests == 0 {
            tries.idle_since = Instant::now();
        }
    }
}
