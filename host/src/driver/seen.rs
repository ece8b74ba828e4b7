//! What has happened so far in a stream, and which of it a question may draw on.

use std::collections::{HashMap, HashSet};
use std::sync::{RwLock, RwLockReadGuard};

use crate::capability::Attempts;
use crate::contract::Attempt;

/// Attempts that have become known in a stream.
#[derive(Default)]
pub(super) struct SeenAttempts(RwLock<HashMap<String, Attempt>>);

impl SeenAttempts {
    pub(super) fn add(&self, attempts: &[Attempt]) {
        let mut seen = self
            .0
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        seen.extend(
            attempts
                .iter()
                .map(|attempt| (attempt.id.clone(), attempt.clone())),
        );
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<String, Attempt>> {
        self.0
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub(super) fn ids_of(&self, task: &str) -> HashSet<String> {
        self.read()
            .values()
            .filter(|a| a.task.id == task)
            .map(|a| a.id.clone())
            .collect()
    }

    pub(super) fn ids_without(&self, withheld: &HashSet<String>) -> HashSet<String> {
        self.read()
            .keys()
            .filter(|id| !withheld.contains(*id))
            .cloned()
            .collect()
    }
}

impl Attempts for SeenAttempts {
    fn get(&self, ids: &[String]) -> Vec<Attempt> {
        let seen = self.read();
        ids.iter().filter_map(|id| seen.get(id).cloned()).collect()
    }
}
