//! What has happened so far in a stream, for the strategy's `get-attempts` and for what a task may not draw on.

use std::collections::{HashMap, HashSet};
use std::sync::{RwLock, RwLockReadGuard};

use crate::capability::Attempts;
use crate::contract::Attempt;

/// Attempts that have become known in a stream.
#[derive(Default)]
pub(crate) struct SeenAttempts(RwLock<Seen>);

#[derive(Default)]
struct Seen {
    attempts: HashMap<String, Attempt>,
    by_task: HashMap<String, HashSet<String>>,
}

impl SeenAttempts {
    /// An attempt as the strategy may hear of it.
    pub(crate) fn add(&self, attempt: Attempt) {
        let mut seen = self
            .0
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let of_task = seen.by_task.entry(attempt.task.id.clone()).or_default();
        of_task.insert(attempt.id.clone());
        seen.attempts.insert(attempt.id.clone(), attempt);
    }

    /// The ids of a task's own attempts.
    pub(super) fn ids_of(&self, task: &str) -> HashSet<String> {
        self.read().by_task.get(task).cloned().unwrap_or_default()
    }

    fn read(&self) -> RwLockReadGuard<'_, Seen> {
        self.0
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Attempts for SeenAttempts {
    fn get(&self, ids: &[String]) -> Vec<Attempt> {
        let seen = self.read();
        ids.iter()
            .filter_map(|id| seen.attempts.get(id).cloned())
            .collect()
    }
}
