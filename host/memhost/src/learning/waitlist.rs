//! The waitlist: what waits for the next attempt on its task. Whoever retrieves looks at it while the learner is at work.

use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::Pending;

/// Writes that wait, by the task whose next attempt decides over them; of one task, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Waitlist(RwLock<HashMap<String, Vec<Pending>>>);

impl Waitlist {
    /// Nothing waits any more.
    pub(super) fn clear(&self) {
        self.write().clear();
    }

    pub(super) fn add(&self, pending: Pending) {
        let mut waiting = self.write();
        let of_task = waiting.entry(pending.task.clone()).or_default();
        of_task.push(pending);
    }

    /// The first one that waits for a task, which waits no more.
    pub(super) fn take(&self, task: &str) -> Option<Pending> {
        let mut waiting = self.write();
        let of_task = waiting.get_mut(task)?;
        let first = (!of_task.is_empty()).then(|| of_task.remove(0));
        if of_task.is_empty() {
            waiting.remove(task);
        }
        first
    }

    /// What was added last does not wait after all.
    pub(super) fn take_back(&self, added: &[Pending]) {
        let mut waiting = self.write();
        for pending in added.iter().rev() {
            if let Some(of_task) = waiting.get_mut(&pending.task) {
                of_task.pop();
                if of_task.is_empty() {
                    waiting.remove(&pending.task);
                }
            }
        }
    }

    /// The provisional memories that wait for a task.
    pub(super) fn memories(&self, task: &str) -> HashSet<String> {
        let waiting = self.read();
        let of_task = waiting.get(task).into_iter().flatten();
        of_task
            .flat_map(|pending| pending.memories.clone())
            .collect()
    }

    /// The memories that what waits is about.
    pub(super) fn names(&self) -> HashSet<String> {
        let waiting = self.read();
        let all = waiting.values().flatten();
        all.flat_map(Pending::names).cloned().collect()
    }

    /// All that waits, by task.
    pub(super) fn all(&self) -> Vec<Pending> {
        let waiting = self.read();
        let mut tasks: Vec<&String> = waiting.keys().collect();
        tasks.sort_unstable();
        let all = tasks.into_iter().flat_map(|task| waiting.get(task));
        all.flatten().cloned().collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<String, Vec<Pending>>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<String, Vec<Pending>>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
