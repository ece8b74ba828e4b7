//! The shared columnar store.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use memhost_contract::embedder::Embedder;
//! # use memhost_store::tables::Format;
//! use memhost_contract::Op;
//! use memhost_store::{Store, Transaction, View, Write};
//!
//! # async fn example(embedder: Arc<dyn Embedder>, format: &dyn Format, op: Op) -> Result<(), memhost_store::StoreError> {
//! let store = Store::open("my-store", embedder, format).await?;
//! let namespace = store.namespace("deployment/reasoningbank").await?;
//! let transaction = Transaction {
//!     writes: vec![Write::at_once(op)],
//!     ..Transaction::default()
//! };
//! let ids = namespace.apply(transaction).await?;
//! assert_eq!(namespace.get(&ids, &View::default()).len(), 1);
//! store.close().await
//! # }
//! ```
//!
//! # How it works
//!
//! An open namespace is a *working set* in memory, and every read is answered from there. A transaction is
//! planned over the working set, written to the namespace's *journal*, and brought about in memory once it is on
//! the disk; transactions that wait at the same time are written and synced as one group. A *checkpoint*, at
//! [`Store::close`] and whenever the journals have grown by 64 MiB or for ten minutes, brings LanceDB's tables up to date
//! and forgets the journals; opening a namespace reads its rows and replays its journal. So LanceDB holds everything that pandas,
//! DuckDB or DataFusion may want to read, as of the last checkpoint.
//!
//! | table | one row per |
//! |---|---|
//! | `namespaces` | strategy in a run or deployment |
//! | `memories` | memory, with typed columns for all that is filtered, ordered or counted |
//! | `keys` | text that a memory is found by, with its vector |
//! | `links`, `blobs`, `receipts` | edge; opaque state; what a retrieval handed out |
//! | `entries` | thing that has happened, in the ledger of a live host |
//! | `attempts` | run of an agent on a task |
//!
//! Journals hold after-images, so that replaying what the tables already have changes nothing, and the manifest
//! (`memhost.json`) says which version of each table counts, so that a checkpoint which a kill or a full disk ends
//! halfway never happened: its versions are taken back by the next one.
//!
//! # Why a journal of its own
//!
//! Measured with `cargo xtask bench store` on 2 cores and an ext4 disk whose sync takes 0.2 to 4 ms
//! (medians; a group is 16 memories with their vectors):
//!
//! | one group | committed | and synced |
//! |---|---|---|
//! | one table, `merge_insert` per group | 9.1 ms | 29 ms |
//! | append to a Lance table that is the log | 1.9 ms | 20 ms |
//! | this journal, 16 callers | | 3.1 ms |
//!
//! LanceDB writes three files per commit, in an order that matters, and syncs none of them: what it has
//! acknowledged survives a killed process, but not a power loss, after which the newest version of a table may name
//! files that are not there. To sync the files and their directories in that order takes six syncs. One file that is
//! only appended to needs a single one, which the group shares: 5,100 durable transactions of one memory per
//! second from 16 callers; 0.2 ms for one caller alone, 6 ms at worst; 18,700 memories per second in batches of 64
//! from one caller, 64,000 from 16.
//!
//! The rest, at 256 dimensions: over 1,451 memories a semantic search takes 0.05 ms and a lexical one 0.03 ms, over
//! 10,000 memories 0.29 ms and 0.13 ms; a first lexical search of a field builds its index, in 150 ms for 10,000.
//! A checkpoint of 10,000 new memories takes 0.2 s, and opening their namespace again 0.07 s.
//!
//! # What is promised
//!
//! - A transaction is all or nothing, across memories, keys, links, blobs and receipts.
//! - When [`Namespace::apply`] returns, the transaction survives a kill at any moment; on a local directory also a power
//!   loss, as far as the disk honours a sync. Transactions that were not acknowledged may survive too, but only whole.
//!   A power loss in the middle of a checkpoint costs nothing, because the journals go only after the new tables have
//!   been synced.
//! - No damage goes unnoticed. Opening a store takes in what runs left in their journals that have ended: every sound
//!   group before, between and behind what is damaged; the damaged segment stays beside it under another name. It looks at
//!   the size of every file that the tables need ([`Store::verify`] at every byte), and refuses a store of which one is
//!   lacking, before anything is written ([`Store::repair`] goes on with the rest). Files that only list others are kept
//!   twice. [`Store::warnings`] says what was found.
//! - Readers see what is committed, and nothing else. A caller that has seen `apply` return sees its writes.
//! - Transactions on a namespace are made one after the other, so adjustments from many callers add up.
//! - A memory that is frozen stays as it is, whoever writes. One that has expired is in no read whose [`View`] says when
//!   the read is.
//! - One process at a time has a namespace open; another one is refused by name. Different namespaces of a
//!   store can be open in different processes.
//! - Ids are `m1`, `m2`, …, in the order of insertion within a namespace, and never used again.
//!
//! Object stores are for sharing a store between machines. There a group is one object, which exists or does not, and
//! the lock of a namespace is an object too; one that a killed process left behind is deleted by hand.

mod backlog;
mod by_hand;
mod check;
mod checkpoint;
mod clock;
mod commit;
mod diary;
mod effect;
mod error;
mod field;
mod filter;
mod fold;
mod footprint;
mod fusion;
mod in_memory;
mod inner;
mod ledger;
mod lexical;
mod look;
mod manifest;
mod namespace;
mod open;
mod opening;
mod plan;
mod rank;
mod reembed;
mod repair;
mod revision;
mod scored;
mod seal;
mod shorten;
mod storage;
pub mod tables;
mod targets;
mod transaction;
mod upgrade;
mod vectors;
mod verify;
mod view;
mod working_set;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub use by_hand::{Pruned, Thawed};
pub use check::{LONGEST_NAME, LONGEST_TEXT};

pub use error::StoreError;
pub use footprint::Footprint;

pub use in_memory::InMemory;
pub use ledger::{Entry, NewEntry};
pub use look::Look;
pub use manifest::SCHEMA_VERSION;
pub use namespace::{Entering, Memories, Namespace};
pub use open::KeepOpen;
pub use reembed::Reembedded;
pub use repair::{Repaired, RepairedTable, TakenIn};
pub use targets::{NotInserted, resolve_targets};
pub use transaction::{HOST_BLOBS, Transaction, Write};
pub use upgrade::Upgraded;
pub use verify::{Verified, VerifiedJournal, VerifiedTable};
pub use view::View;

// For memhost's other crates; it promises nothing to others.
#[doc(hidden)]
pub use check::check_receipt;
#[doc(hidden)]
pub use commit::Reserved;
#[doc(hidden)]
pub use footprint::{receipt_bytes, waiting_bytes};
#[doc(hidden)]
pub use storage::Objects;

use clock::{Clock, Steady};
use effect::Record;
use inner::Inner;
use memhost_base::clock::since_1970;
use memhost_contract::Attempt;
use memhost_contract::embedder::Embedder;
use memhost_contract::limits::StoreLimits;
use opening::{Found, create};

use tables::Format;

/// How many transactions may wait for their commit before callers wait to be let in.
const LONGEST_QUEUE: usize = 1024;
/// File times may be this much older than the clock says.
const CLOCK_SLACK: Duration = Duration::from_secs(2);
/// What a lock on the whole store is called.
const THE_STORE: &str = "the store";
/// The lock that a checkpoint holds.
const CHECKPOINT: &str = "checkpoint";
/// The journal of what belongs to no namespace, with a number behind it: one per process.
const DIARY: &str = "memhost attempts";

/// An open store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
    limits: StoreLimits,
}

impl Store {
    /// Opens or creates the store at a directory or an object-store URI (`s3://`, `gs://`, `az://` with the cargo
    /// features `s3`, `gcs`, `azure`; `memory://` for one that ends with the process), with tables of this format. What
    /// runs that have ended left in their journals is taken into the tables.
    ///
    /// # Errors
    /// The path is a file, holds something else or cannot be written to; the store has another schema version,
    /// or another embedder's vectors; a file that its tables need is lacking. A store that is refused is not touched.
    pub async fn open(
        uri: &str,
        embedder: Arc<dyn Embedder>,
        format: &dyn Format,
    ) -> Result<Store, StoreError> {
        Store::open_by(uri, embedder, format, Arc::new(Steady)).await
    }

    /// The same by another clock.
    async fn open_by(
        uri: &str,
        embedder: Arc<dyn Embedder>,
        format: &dyn Format,
        clock: Arc<dyn Clock>,
    ) -> Result<Store, StoreError> {
        since_1970(SystemTime::now())?;
        let Found {
            storage,
            manifest,
            broken,
        } = Found::at(uri, embedder.as_ref()).await?;
        storage.make_writable()?;
        if manifest.is_none() {
            create(&storage, embedder.as_ref()).await?;
        }
        let tables = format.open(&storage).await?;
        let inner = Inner {
            clock,
            ..Inner::new(storage, embedder, tables)
        };
        if let Some(manifest) = manifest {
            inner.restore(&manifest, &broken).await?;
            inner.take_in_what_was_left().await?;
        }
        Ok(Store {
            inner: Arc::new(inner),
            limits: StoreLimits::default(),
        })
    }

    /// The same store, whose namespaces take what these limits allow, from when they are opened.
    pub fn with_limits(self, limits: StoreLimits) -> Store {
        Store { limits, ..self }
    }

    /// The same store, which keeps namespaces open when nobody uses them any more, up to so many; without this it keeps none.
    /// Other processes cannot open those that it keeps.
    pub fn keep_open(self, most: KeepOpen) -> Store {
        self.inner.open.keep(most);
        self
    }

    /// Whether a store could be opened there with this embedder, as far as can be said without changing anything.
    ///
    /// # Errors
    /// What is there already stands in the way.
    pub async fn look(uri: &str, embedder: &dyn Embedder) -> Result<(), StoreError> {
        Found::at(uri, embedder).await.map(drop)
    }

    /// What was found damaged or lacking since this was last asked, and what became of it; for people.
    pub fn warnings(&self) -> Vec<String> {
        std::mem::take(&mut *self.inner.unheard())
    }

    /// Opens a namespace for reading and writing, creating it if need be. One process at a time; within it, every call
    /// with the same name gives the same namespace as long as a handle is alive, or it is [kept open](Store::keep_open).
    ///
    /// # Errors
    /// Another process holds it; the name is empty, longer than 512 bytes or holds a control character; what is
    /// stored cannot be read.
    pub async fn namespace(&self, name: &str) -> Result<Namespace, StoreError> {
        let inner = &self.inner;
        let cell = inner.open.cell(name);
        if let Some(handle) = cell.handle() {
            inner.open.used(&cell, &handle);
            return Ok(Namespace::new(handle));
        }
        let mut opened = cell.opened.lock().await;
        if let Some(handle) = cell.handle() {
            inner.open.used(&cell, &handle);
            return Ok(Namespace::new(handle));
        }
        if let Some(closing) = opened.take() {
            closing.ended().await;
        }
        match inner.open_namespace(name, self.limits.clone()).await {
            Ok((handle, new)) => {
                cell.show(&handle);
                *opened = Some(new);
                drop(opened);
                inner.open.used(&cell, &handle);
                inner.open.close_surplus().await;
                Ok(Namespace::new(handle))
            }
            Err(error) => {
                drop(opened);
                drop(cell);
                inner.open.let_go(name);
                Err(error)
            }
        }
    }

    /// Keeps attempts of a run, once for all strategies. An attempt with the run and id of an earlier one replaces it.
    ///
    /// # Errors
    /// As for [`Namespace::apply`].
    pub async fn append_attempts(&self, run: &str, attempts: &[Attempt]) -> Result<(), StoreError> {
        if attempts.is_empty() {
            return Ok(());
        }
        let record = Record::Attempts {
            run: run.to_owned(),
            attempts: attempts.to_vec(),
        };
        self.inner.note(record).await
    }

    /// Brings the tables up to date with the journals, also with those that killed processes left behind, and lets go
    /// of namespaces without handles, also of those that it keeps open. The store can be used afterwards; what is not closed is not lost either, but
    /// other programs see it only later.
    ///
    /// # Errors
    /// A table cannot be written. Nothing is lost: the journals stay until it can.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.inner.open.close_kept().await;
        self.inner.checkpoint().await?;
        let diary = self.inner.diary.lock().await.take();
        if let Some(diary) = diary {
            diary.close().await;
        }
        Ok(())
    }
}
