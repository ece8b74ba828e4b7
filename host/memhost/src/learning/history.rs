//! History: the attempts that a strategy has heard of, for its `get-attempts` and for what a task may not draw on.

use std::collections::{HashMap, HashSet};
use std::sync::{RwLock, RwLockReadGuard};

use memhost_contract::Attempt;
use memhost_strategy::capability::Attempts;

/// Attempts that have become known, as the strategy heard of them.
#[derive(Default)]
pub struct History(RwLock<Known>);

#[derive(Default)]
struct Known {
    attempts: HashMap<String, Attempt>,
    by_task: HashMap<String, HashSet<String>>,
}

impl History {
    /// An attempt as the strategy may hear of it.
    pub fn add(&self, attempt: Attempt) {
        let mut known = self
            .0
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let of_task = known.by_task.entry(attempt.task.id.clone()).or_default();
        of_task.insert(attempt.id.clone());
        known.attempts.insert(attempt.id.clone(), attempt);
    }

    /// The ids of a task's own attempts.
    pub fn ids_of(&self, task: &str) -> HashSet<String> {
        self.read().by_task.get(task).cloned().unwrap_or_default()
    }

    /// The task of an attempt.
    pub fn task_of(&self, attempt: &str) -> Option<String> {
        let known = self.read();
        Some(known.attempts.get(attempt)?.task.id.clone())
    }

    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.0
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Attempts for History {
    fn get(&self, ids: &[String]) -> Vec<Attempt> {
        let known = self.read();
        ids.iter()
            .filter_map(|id| known.attempts.get(id).cloned())
            .collect()
    }
}
