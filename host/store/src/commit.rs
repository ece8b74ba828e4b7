//! Group commit: one task per open namespace takes whatever transactions are waiting, plans them one after the other,
//! writes them as one group, and brings them about in memory once they are durable.
//!
//! So a reader never sees what is not committed, a caller sees its own writes when `apply` returns, and the order in
//! memory is the order in the journal.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};

use memhost_contract::limits::{StoreLimit, StoreLimits};
use tokio::sync::{Mutex, mpsc, oneshot};

use super::StoreError;
use super::effect::Record;
use super::plan::{Made, Plan, Planned, Prepared};
use super::storage::{Journal, encode};
use super::working_set::{LexicalField, WorkingSet};

/// The most transactions in one group.
pub(crate) const LARGEST_GROUP: usize = 256;

/// A transaction that waits for its commit.
pub(crate) struct Request {
    pub prepared: Prepared,
    pub reply: oneshot::Sender<Result<Made, StoreError>>,
}

/// What readers, the committing task and checkpoints share of a namespace.
pub(crate) struct Shared {
    pub name: String,
    /// What it takes and keeps.
    pub limits: StoreLimits,
    set: RwLock<WorkingSet>,
    /// Held while an index is built.
    indexing: std::sync::Mutex<()>,
    /// Bytes set aside for writes that wait for their condition.
    reserved: AtomicU64,
    /// None once the task has ended.
    pub journal: Arc<Mutex<Option<Journal>>>,
}

/// Hears how much was written.
pub(crate) trait Growth: Send + Sync + 'static {
    /// So many bytes were added to a journal.
    fn grown(self: Arc<Self>, bytes: u64);
}

impl Shared {
    pub(crate) fn new(name: &str, set: WorkingSet, journal: Journal, limits: StoreLimits) -> Self {
        Shared {
            name: name.to_owned(),
            limits,
            set: RwLock::new(set),
            indexing: std::sync::Mutex::new(()),
            reserved: AtomicU64::new(0),
            journal: Arc::new(Mutex::new(Some(journal))),
        }
    }

    // A panic while the set was being changed would leave the lock poisoned; reading on is then better than a panic per
    // call, and every change is applied by code that does not panic.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, WorkingSet> {
        self.set.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, WorkingSet> {
        self.set.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Sees to it that a field can be searched: takes its texts, builds the index beside the set, and sets it in.
    pub(crate) fn index(&self, field: &LexicalField) -> Result<(), StoreError> {
        if self.read().is_indexed(field) {
            return Ok(());
        }
        let _one_at_a_time = self.indexing.lock().unwrap_or_else(PoisonError::into_inner);
        while !self.read().is_indexed(field) {
            self.write().begin_index(field, &self.limits)?;
            let texts = self.read().texts(field);
            let set_in = match texts.build(&self.limits) {
                Ok(built) => self.write().set_in(built, &self.limits),
                Err(error) => Err(error),
            };
            if let Err(error) = set_in {
                self.write().give_up_index(field);
                return Err(error);
            }
        }
        Ok(())
    }
}

/// Bytes of a namespace that are set aside, until this is dropped.
pub struct Reserved {
    shared: Arc<Shared>,
    bytes: u64,
}

impl Reserved {
    /// Sets bytes aside, if there is room for them.
    pub(crate) fn of(shared: &Arc<Shared>, bytes: u64) -> Result<Reserved, StoreError> {
        let stored = shared.read().footprint().stored;
        let reserved = shared.reserved.fetch_add(bytes, Ordering::Relaxed);
        // Dropped on the way out, if there is none.
        let reservation = Reserved {
            shared: shared.clone(),
            bytes,
        };
        let wanted = stored.saturating_add(reserved).saturating_add(bytes);
        match shared.limits.check(StoreLimit::StoredBytes, wanted) {
            Ok(()) => Ok(reservation),
            Err(_) if bytes == 0 => Ok(reservation),
            Err(reached) => Err(StoreError::Limit {
                what: "room for the writes that wait for their condition".to_owned(),
                reached,
            }),
        }
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.shared
            .reserved
            .fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Reserved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reserved({})", self.bytes)
    }
}

/// Commits until every handle of the namespace is gone, then lets go of the journal.
pub(crate) async fn run<G: Growth>(
    shared: Arc<Shared>,
    mut requests: mpsc::Receiver<Request>,
    growth: Weak<G>,
) {
    let mut group = Vec::new();
    while requests.recv_many(&mut group, LARGEST_GROUP).await > 0 {
        let bytes = commit(&shared, group.drain(..)).await;
        if let Some(growth) = growth.upgrade() {
            growth.grown(bytes);
        }
    }
    if let Some(journal) = shared.journal.lock().await.take() {
        journal.release().await;
    }
}

/// Commits a group; returns how many bytes were written.
async fn commit(shared: &Shared, group: impl Iterator<Item = Request>) -> u64 {
    let mut planned: Vec<(Planned, oneshot::Sender<_>)> = Vec::new();
    {
        let set = shared.read();
        let reserved = shared.reserved.load(Ordering::Relaxed);
        let mut plan = Plan::new(&set, &shared.limits, reserved);
        for Request { prepared, reply } in group {
            match plan.add(prepared) {
                Ok(made) => planned.push((made, reply)),
                // Whoever asked may have gone; so here and below.
                Err(error) => drop(reply.send(Err(error))),
            }
        }
    }
    let (records, replies): (Vec<Record>, Vec<_>) = planned
        .into_iter()
        .map(|(plan, reply)| (Record::Transaction(plan.effects), (plan.made, reply)))
        .unzip();
    match append(&shared.journal, &shared.name, &records).await {
        Ok(bytes) => {
            let mut set = shared.write();
            for record in records {
                if let Record::Transaction(effects) = record {
                    effects.into_iter().for_each(|effect| set.apply(effect));
                }
            }
            drop(set);
            for (made, reply) in replies {
                drop(reply.send(Ok(made)));
            }
            bytes
        }
        Err(error) => {
            for (_, reply) in replies {
                drop(reply.send(Err(error.clone())));
            }
            0
        }
    }
}

/// Writes records to a journal as one group; returns how many bytes that were.
pub(crate) async fn append(
    journal: &Mutex<Option<Journal>>,
    name: &str,
    records: &[Record],
) -> Result<u64, StoreError> {
    if records.is_empty() {
        return Ok(0);
    }
    let group = encode(name, records).map_err(StoreError::Transaction)?;
    let bytes = group.len() as u64;
    match journal.lock().await.as_mut() {
        Some(journal) => journal.append(group).await.map(|()| bytes),
        None => Err(closed(name)),
    }
}

/// The namespace's task has ended, which it does only with the runtime that it ran on.
pub(crate) fn closed(namespace: &str) -> StoreError {
    StoreError::Broken {
        namespace: namespace.to_owned(),
        reason: "the runtime that it was opened on has ended".to_owned(),
    }
}
