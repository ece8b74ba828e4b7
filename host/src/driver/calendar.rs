//! Outcomes arrive late: what waits for its day, and the guard that nothing is shown before it.
//!
//! A score that was reached with outcomes from the future is worth nothing, and looks better than any honest one. So
//! the day is looked at twice: [`Calendar`] releases what is due, and [`Guard`], which reads the suite itself and knows
//! nothing of the calendar, refuses whatever else comes to be shown.

use std::collections::HashMap;

use crate::suite::{Suite, Timing, attempt_of};

/// Things that wait until their outcome is known.
#[derive(Debug, Clone)]
pub struct Calendar<T> {
    waiting: Vec<(Timing, T)>,
}

impl<T> Default for Calendar<T> {
    fn default() -> Self {
        Calendar {
            waiting: Vec::new(),
        }
    }
}

impl<T> Calendar<T> {
    /// Lets something wait. Without a `known` of its own it is due whenever somebody looks next.
    pub fn wait(&mut self, timing: Timing, thing: T) {
        self.waiting.push((timing, thing));
    }

    /// Takes out what is known by `now`: what became known first comes first, and of the same moment what has waited
    /// longer.
    pub fn due(&mut self, now: f64) -> Vec<T> {
        let (mut due, waiting): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|(timing, _)| timing.known.is_none_or(|known| known <= now));
        self.waiting = waiting;
        let moment = |timing: &Timing| timing.known.or(timing.asked).unwrap_or(f64::NEG_INFINITY);
        due.sort_by(|(a, _), (b, _)| moment(a).total_cmp(&moment(b)));
        due.into_iter().map(|(_, thing)| thing).collect()
    }

    /// How many still wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

/// Refuses to let an attempt be seen before its outcome is known.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    /// By attempt.
    known: HashMap<String, f64>,
}

impl Guard {
    /// Knows when the outcome of each recorded attempt is known, where the suite says so.
    pub fn new(suite: &Suite) -> Guard {
        let late = suite
            .episodes()
            .filter_map(|(_, episode)| Some((episode, episode.timing.known?)));
        Guard {
            known: late
                .flat_map(|(episode, known)| {
                    let attempts = episode.attempts.iter();
                    attempts.map(move |attempt| (attempt.id.clone(), known))
                })
                .collect(),
        }
    }

    /// Makes sure that all of these are known by `now`: attempts that are visible, or the sources of what was cited
    /// (`<attempt>` or `<attempt>#<step>`).
    ///
    /// # Errors
    /// One of them is not: the first in the order given.
    pub fn check<'a>(&self, seen: impl IntoIterator<Item = &'a str>, now: f64) -> Result<(), Leak> {
        for attempt in seen.into_iter().map(attempt_of) {
            if let Some(&known) = self.known.get(attempt)
                && known > now
            {
                return Err(Leak {
                    attempt: attempt.to_owned(),
                    known,
                    now,
                });
            }
        }
        Ok(())
    }
}

/// An outcome was shown before its day.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "attempt `{attempt}` was shown {} h before its outcome is known: a score that uses it is a leak\n  release outcomes \
     by the suite's `known` times only",
    hours(*known - *now)
)]
pub struct Leak {
    /// Which attempt.
    pub attempt: String,
    /// When its outcome is known, in milliseconds since 1970.
    pub known: f64,
    /// When it was shown.
    pub now: f64,
}

/// Milliseconds as hours, rounded up.
fn hours(milliseconds: f64) -> f64 {
    (milliseconds / 3_600_000.0).ceil()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(asked: f64, known: Option<f64>) -> Timing {
        Timing {
            asked: Some(asked),
            known,
        }
    }

    #[test]
    fn what_is_due_comes_once_and_in_the_order_in_which_it_became_known() {
        let mut calendar = Calendar::default();
        calendar.wait(timing(1.0, Some(30.0)), "third");
        calendar.wait(timing(1.0, Some(10.0)), "first");
        calendar.wait(timing(2.0, Some(31.0)), "late");
        calendar.wait(timing(2.0, Some(10.0)), "second");
        assert_eq!(calendar.due(9.9), Vec::<&str>::new());
        assert_eq!(calendar.due(30.0), ["first", "second", "third"]);
        assert_eq!(calendar.due(30.0), Vec::<&str>::new());
        assert_eq!(calendar.waiting(), 1);
        assert_eq!(calendar.due(f64::INFINITY), ["late"]);
    }

    #[test]
    fn what_has_no_day_is_due_at_once() {
        let mut calendar = Calendar::default();
        calendar.wait(timing(5.0, Some(5.0)), "of its day");
        calendar.wait(timing(4.0, None), "at once");
        calendar.wait(Timing::default(), "whenever");
        assert_eq!(calendar.due(5.0), ["whenever", "at once", "of its day"]);
    }

    #[test]
    fn the_guard_knows_the_suite_and_not_the_calendar() {
        let suite = crate::suite::generate::forecast::suite(1);
        let guard = Guard::new(&suite);
        let (_, episode) = suite.episodes().next().expect("an episode");
        let attempt = episode.attempts.first().expect("an attempt").id.as_str();
        let known = episode.timing.known.expect("a day");

        assert_eq!(guard.check([attempt], known), Ok(()));
        let step = format!("{attempt}#0");
        for seen in [attempt, &step] {
            let leak = guard.check(["no attempt of the suite", seen], known - 1.0);
            assert_eq!(
                leak,
                Err(Leak {
                    attempt: attempt.to_owned(),
                    known,
                    now: known - 1.0,
                })
            );
        }
    }
}
