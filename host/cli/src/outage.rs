//! When a run stops before its end: somebody asks for it, or an endpoint that it relies on is gone.
//!
//! An endpoint that does not answer is said within seconds, and how long it is waited for. One that is over (its quota
//! is used up, it refuses the key, it has not answered for that long) ends the run: every further call would fail too.

use std::time::{Duration, Instant};

use futures::future::select_all;
use memhost::endpoint::Health;
use memhost_eval::compare::Stop;
use memhost_eval::driver::Testbed;
use tokio::sync::watch;

use super::interrupt;

/// How long an endpoint fails before that is said: what a single retry mends is no news.
const QUIET: Duration = Duration::from_secs(3);
/// How often it is said again.
const AGAIN: Duration = Duration::from_secs(30);

/// Ends when a run on this testbed is to stop. Until then, `say` hears of endpoints that do not answer.
pub async fn stop(testbed: &Testbed, say: impl Fn(&str) + Sync) -> Stop {
    let mut endpoints = testbed.models.health();
    endpoints.extend(testbed.embedder.health());
    tokio::select! {
        () = interrupt::interrupted() => Stop::Asked,
        reason = any_is_over(endpoints, &say) => Stop::Outage(reason),
    }
}

async fn any_is_over(
    endpoints: Vec<watch::Receiver<Health>>,
    say: &(impl Fn(&str) + Sync),
) -> String {
    if endpoints.is_empty() {
        return std::future::pending().await;
    }
    let each = endpoints
        .into_iter()
        .map(|health| Box::pin(over(health, say)));
    select_all(each).await.0
}

/// Why an endpoint is over, as soon as it is.
async fn over(mut health: watch::Receiver<Health>, say: &(impl Fn(&str) + Sync)) -> String {
    let mut said: Option<Instant> = None;
    loop {
        let now = health.borrow_and_update().clone();
        let next = match now {
            Health::Over { reason } => return reason,
            Health::Well => {
                if said.take().is_some() {
                    say("the endpoint answers again");
                }
                None
            }
            Health::Failing {
                since,
                gives_up_after,
                problem,
            } => {
                let due = said.map_or(since + QUIET, |said| said + AGAIN);
                if Instant::now() >= due {
                    said = Some(Instant::now());
                    say(&failing(&problem, since.elapsed(), gives_up_after));
                    continue;
                }
                Some(due)
            }
        };
        tokio::select! {
            changed = health.changed() => if changed.is_err() {
                // Nobody asks this endpoint any more.
                return std::future::pending().await;
            },
            () = sleep_until(next) => {}
        }
    }
}

fn failing(problem: &str, since: Duration, gives_up_after: Duration) -> String {
    format!(
        "an endpoint has not answered for {} s: {problem}; the run stops once it has not for {} s",
        since.as_secs(),
        gives_up_after.as_secs()
    )
}

async fn sleep_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn failing_since(since: Instant) -> Health {
        Health::Failing {
            since,
            gives_up_after: Duration::from_secs(180),
            problem: "connection refused".to_owned(),
        }
    }

    #[tokio::test]
    async fn what_fails_for_long_is_said_once_and_what_is_over_ends_the_run() {
        let (health, watched) = watch::channel(Health::Well);
        let heard = Mutex::new(Vec::new());
        let say = |text: &str| heard.lock().unwrap().push(text.to_owned());
        let events = async {
            tokio::task::yield_now().await;
            // Too short to be told.
            health.send_replace(failing_since(Instant::now()));
            tokio::task::yield_now().await;
            health.send_replace(Health::Well);
            tokio::task::yield_now().await;
            let start = Instant::now().checked_sub(Duration::from_secs(5)).unwrap();
            for _ in 0..3 {
                health.send_replace(failing_since(start));
                tokio::task::yield_now().await;
            }
            health.send_replace(Health::Well);
            tokio::task::yield_now().await;
            health.send_replace(Health::Over {
                reason: "the quota is used up".to_owned(),
            });
            std::future::pending::<()>().await;
        };
        let reason = tokio::select! {
            biased;
            reason = any_is_over(vec![watched], &say) => reason,
            () = events => unreachable!("events never end"),
        };
        assert_eq!(reason, "the quota is used up");
        assert_eq!(
            *heard.lock().unwrap(),
            [
                "an endpoint has not answered for 5 s: connection refused; the run stops once it has not for 180 s",
                "the endpoint answers again"
            ]
        );
    }
}
