//! Outcomes arrive late: what waits for its day, and the guard that nothing is shown before it.
//!
//! A score that was reached with outcomes from the future is worth nothing, and looks better than any honest one. So
//! the day is looked at twice: [`Calendar`] releases what is due, and [`Guard`], which reads the suite itself and knows
//! nothing of the calendar, stops the run if anything else comes to be told or cited.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use memhost_suite::Suite;

/// Things that wait until their outcome is known.
#[derive(Debug, Clone)]
pub struct Calendar<T> {
    dated: BTreeMap<Turn, T>,
    undated: Vec<T>,
    /// How many have ever waited with a date.
    number: u64,
}

impl<T> Default for Calendar<T> {
    fn default() -> Self {
        Calendar {
            dated: BTreeMap::new(),
            undated: Vec::new(),
            number: 0,
        }
    }
}

impl<T> Calendar<T> {
    /// Lets something wait until its outcome is known, in milliseconds since 1970; `None`: until somebody asks for
    /// what has no date.
    pub fn wait(&mut self, known: Option<f64>, thing: T) {
        let Some(moment) = known else {
            self.undated.push(thing);
            return;
        };
        let number = self.number;
        self.number += 1;
        self.dated.insert(Turn { moment, number }, thing);
    }

    /// Takes out what is known by `now`: what became known first comes first, and of the same moment what has waited
    /// longer.
    pub fn due(&mut self, now: f64) -> Vec<T> {
        let mut due = Vec::new();
        while let Some(next) = self.dated.first_entry()
            && next.key().moment <= now
        {
            due.push(next.remove());
        }
        due
    }

    /// Takes out what has no date, in the order in which it came.
    pub fn undated(&mut self) -> Vec<T> {
        std::mem::take(&mut self.undated)
    }
}

/// When something's turn comes.
#[derive(Debug, Clone, Copy)]
struct Turn {
    moment: f64,
    number: u64,
}

impl Ord for Turn {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_moment = self.moment.total_cmp(&other.moment);
        by_moment.then(self.number.cmp(&other.number))
    }
}

impl PartialOrd for Turn {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Turn {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Turn {}

/// Refuses to let an attempt be told or cited before its outcome is known.
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

    /// Makes sure that all of these attempts are known by `now`. What is no attempt of the suite has no date.
    ///
    /// # Errors
    /// One of them is not: the first in the order given.
    pub fn check<'a>(&self, seen: impl IntoIterator<Item = &'a str>, now: f64) -> Result<(), Leak> {
        for attempt in seen {
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
    "attempt `{attempt}` was shown {} h before its outcome is known: every score of this run is worthless\n  this is a \
     defect of the host; please report it",
    hours(known - now)
)]
pub struct Leak {
    /// The attempt's id.
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
    use std::ops::ControlFlow;
    use std::sync::Arc;

    use super::super::report::Recorder;
    use super::super::stream::StreamRun;
    use super::super::{Acting, Cell, DriverError, Repetition, TaskOrder, Testbed, Told};
    use super::*;
    use crate::floors::floors;
    use memhost::contract::Plan;
    use memhost::embedding::Builtin;
    use memhost::limits::Limits;
    use memhost::model::{Models, NoModel};
    use memhost::store::Store;
    use memhost_suite::Reader;

    #[test]
    fn what_is_due_comes_once_and_in_the_order_in_which_it_became_known() {
        let mut calendar = Calendar::default();
        calendar.wait(Some(30.0), "third");
        calendar.wait(Some(10.0), "first");
        calendar.wait(Some(31.0), "late");
        calendar.wait(Some(10.0), "second");
        assert_eq!(calendar.due(9.9), Vec::<&str>::new());
        assert_eq!(calendar.due(30.0), ["first", "second", "third"]);
        assert_eq!(calendar.due(30.0), Vec::<&str>::new());
        assert_eq!(calendar.due(f64::INFINITY), ["late"]);
    }

    #[test]
    fn what_has_no_date_comes_when_it_is_asked_for() {
        let mut calendar = Calendar::default();
        calendar.wait(None, "one");
        calendar.wait(Some(5.0), "dated");
        calendar.wait(None, "other");
        assert_eq!(calendar.due(5.0), ["dated"]);
        assert_eq!(calendar.undated(), ["one", "other"]);
        assert_eq!(calendar.undated(), Vec::<&str>::new());
    }

    fn suite() -> Suite {
        memhost_suite::generate::forecast::suite(1)
    }

    #[test]
    fn the_guard_refuses_an_attempt_before_its_day() {
        let suite = suite();
        let guard = Guard::new(&suite);
        let (_, episode) = suite.episodes().next().unwrap();
        let attempt = episode.attempts[0].id.as_str();
        let known = episode.timing.known.unwrap();

        assert_eq!(guard.check([attempt], known), Ok(()));
        let leak = Leak {
            attempt: attempt.to_owned(),
            known,
            now: known - 1.0,
        };
        let seen = ["no attempt of the suite", attempt];
        assert_eq!(guard.check(seen, known - 1.0), Err(leak.clone()));
        let said = leak.to_string();
        assert!(
            said.contains(attempt) && said.contains("1 h before"),
            "{said}"
        );
    }

    /// Runs `bm25` over a stream with the guard of `guarded`.
    async fn run(suite: Suite, guarded: &Suite) -> Result<(), DriverError> {
        let embedder = Arc::new(Builtin::default());
        let store = Store::in_memory(embedder.clone()).await.unwrap();
        let testbed = Testbed {
            store,
            models: Arc::new(Models::all(Arc::new(NoModel))),
            embedder,
            limits: Limits::default(),
            acting: Acting::Reader,
            order: TaskOrder::default(),
            told: Told::default(),
        };
        let mut floors = floors(&suite).into_iter();
        let cell = Cell {
            strategy: floors.find(|f| f.description().name == "bm25").unwrap(),
            settings: Vec::new(),
            suite: Arc::new(suite),
            repetition: Repetition { seed: 1, order: 0 },
            id: "cell".into(),
            most_memories: None,
        };
        let (reader, guard) = (Reader::new(&cell.suite), Guard::new(guarded));
        let plan = Plan::streaming();
        let stream = &cell.suite.streams[0];
        let mut report = Recorder::default();
        let heard = (&reader, &guard);
        StreamRun::open(&cell, &testbed, &plan, heard, 0, stream, &mut report)
            .await?
            .run(&mut || ControlFlow::Continue(()))
            .await
    }

    #[tokio::test]
    async fn a_driver_that_leaks_outcomes_is_caught() {
        let honest = suite();
        assert!(run(honest.clone(), &honest).await.is_ok());

        // To a driver that has lost the dates, every outcome is known when its batch ends.
        let mut leaking = honest.clone();
        for stage in &mut leaking.streams[0].stages {
            for episode in &mut stage.episodes {
                episode.timing.known = None;
            }
        }
        let caught = run(leaking, &honest).await.unwrap_err();
        assert!(matches!(caught, DriverError::Leak(_)), "{caught}");
    }
}
