//! The namespaces that are open in this process, by name: each has a cell of its own, so that whoever opens one waits for
//! nobody who opens another, and finds one that is open without waiting at all.
//!
//! Up to some bounds a namespace stays open when nobody uses it any more. Over them, the least recently used ones close;
//! whoever asks for one of those again gets it opened again.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::task::JoinHandle;

use super::commit::Shared;
use super::namespace::Handle;

/// How much is open before namespaces close that nobody uses. One that is in use counts, and never closes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeepOpen {
    /// So many namespaces.
    pub namespaces: usize,
    /// So many bytes in memory, as [`Footprint::resident`](super::Footprint) counts them.
    pub resident_bytes: u64,
}

/// The cells, by name.
#[derive(Default)]
pub(super) struct Open {
    cells: Mutex<HashMap<String, Arc<Cell>>>,
    keep: Mutex<KeepOpen>,
    /// Counts uses.
    turn: AtomicU64,
}

/// The place of a namespace that is open, is being opened or was open.
#[derive(Default)]
pub(super) struct Cell {
    /// What others find.
    handle: Mutex<Weak<Handle>>,
    /// What keeps it open if nobody else does.
    kept: Mutex<Option<Arc<Handle>>>,
    /// The turn in which it was used last.
    used: AtomicU64,
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

    pub(super) fn keep(&self, keep: KeepOpen) {
        *lock(&self.keep) = keep;
    }

    /// A namespace was asked for: it is the most recently used, and stays open.
    pub(super) fn used(&self, cell: &Cell, handle: &Arc<Handle>) {
        cell.used.store(self.next_turn(), Ordering::Relaxed);
        if lock(&self.keep).namespaces > 0 {
            *lock(&cell.kept) = Some(handle.clone());
        }
    }

    /// Closes what is over the bounds and not in use, the least recently used first.
    pub(super) async fn close_surplus(&self) {
        for cell in self.surplus() {
            // Whoever has found it meanwhile goes on with it.
            let unused = lock(&cell.kept).take_if(|kept| Arc::strong_count(kept) == 1);
            drop(unused);
            cell.close_if_unused().await;
        }
    }

    /// Closes all that is not in use.
    pub(super) async fn close_kept(&self) {
        for cell in self.all() {
            drop(lock(&cell.kept).take());
            cell.close_if_unused().await;
        }
    }

    fn surplus(&self) -> Vec<Arc<Cell>> {
        let keep = *lock(&self.keep);
        let turn = self.next_turn();
        let (mut namespaces, mut bytes) = (0, 0);
        let mut unused = Vec::new();
        for cell in self.all() {
            let Some(kept) = lock(&cell.kept).clone() else {
                continue;
            };
            let resident = kept.shared.read().footprint().resident;
            namespaces += 1;
            bytes += resident;
            // One is kept here, and one there.
            match Arc::strong_count(&kept) > 2 {
                true => cell.used.store(turn, Ordering::Relaxed),
                false => unused.push((cell.used.load(Ordering::Relaxed), resident, cell)),
            }
        }
        unused.sort_by_key(|(used, _, _)| *used);
        let mut surplus = Vec::new();
        for (_, resident, cell) in unused {
            if namespaces <= keep.namespaces && bytes <= keep.resident_bytes {
                break;
            }
            namespaces -= 1;
            bytes -= resident;
            surplus.push(cell);
        }
        surplus
    }

    fn next_turn(&self) -> u64 {
        self.turn.fetch_add(1, Ordering::Relaxed)
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
        lock(&self.cells)
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
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
        lock(&self.handle)
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
