//! The namespaces that are open in this process, by name: each has a cell of its own, so that whoever opens one waits for
//! nobody who opens another, and finds one that is open without waiting at all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::task::JoinHandle;

use super::commit::Shared;
use super::namespace::Handle;

/// The cells, by name.
#[derive(Default)]
pub(super) struct Open(Mutex<HashMap<String, Arc<Cell>>>);

/// The place of a namespace that is open, is being opened or was open.
#[derive(Default)]
pub(super) struct Cell {
    /// What others find.
    handle: Mutex<Weak<Handle>>,
    /// Held while it is opened or closed.
    pub(super) opened: tokio::sync::Mutex<Option<Opened>>,
}

/// A namespace that was opened.
pub(super) struct Opened {
    pub(super) shared: Arc<Shared>,
    pub(super) task: JoinHandle<()>,
}

impl Open {
    /// The cell of this name.
    pub(super) fn cell(&self, name: &str) -> Arc<Cell> {
        let mut cells = self.cells();
        match cells.get(name) {
            Some(cell) => cell.clone(),
            None => cells.entry(name.to_owned()).or_default().clone(),
        }
    }

    /// All cells.
    pub(super) fn all(&self) -> Vec<Arc<Cell>> {
        self.cells().values().cloned().collect()
    }

    /// Lets go of cells in which nothing is open and that nobody holds. Cells are only taken from here, under the lock, so
    /// that nobody can be about to open one that goes.
    pub(super) fn sweep(&self) {
        self.cells().retain(|_, cell| is_wanted(cell));
    }

    /// The same of one cell.
    pub(super) fn let_go(&self, name: &str) {
        let mut cells = self.cells();
        if cells.get(name).is_some_and(|cell| !is_wanted(cell)) {
            cells.remove(name);
        }
    }

    fn cells(&self) -> MutexGuard<'_, HashMap<String, Arc<Cell>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_wanted(cell: &Arc<Cell>) -> bool {
    let is_open = || cell.opened.try_lock().is_ok_and(|opened| opened.is_some());
    Arc::strong_count(cell) > 1 || is_open()
}

impl Cell {
    /// The namespace, if somebody has it open.
    pub(super) fn handle(&self) -> Option<Arc<Handle>> {
        self.found().upgrade()
    }

    /// Lets others find it.
    pub(super) fn show(&self, handle: &Arc<Handle>) {
        *self.found() = Arc::downgrade(handle);
    }

    /// Waits until a namespace without handles has let go of its journal. One that is being opened or closed is somebody
    /// else's.
    pub(super) async fn close_if_unused(&self) {
        if let Ok(mut opened) = self.opened.try_lock()
            && self.handle().is_none()
            && let Some(closing) = opened.take()
        {
            closing.ended().await;
        }
    }

    /// What is open, unless it is being opened or closed.
    pub(super) fn shared(&self) -> Option<Arc<Shared>> {
        let opened = self.opened.try_lock().ok()?;
        opened.as_ref().map(|opened| opened.shared.clone())
    }

    fn found(&self) -> MutexGuard<'_, Weak<Handle>> {
        self.handle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Opened {
    /// Waits until its task has let go of the journal.
    pub(super) async fn ended(self) {
        if let Err(error) = self.task.await {
            tracing::warn!(namespace = self.shared.name, %error, "a commit was interrupted");
        }
    }
}
