//! The shared columnar store.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use memhost::embedding::Embedder;
//! use memhost::contract::Op;
//! use memhost::store::{Store, Transaction, View, Write};
//!
//! # async fn example(embedder: Arc<dyn Embedder>, op: Op) -> Result<(), memhost::store::StoreError> {
//! let store = Store::open("my-store", embedder).await?;
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
//! [`Store::close`] and whenever the journals have grown by 64 MiB, brings LanceDB's tables up to date and forgets
//! the journals; opening a namespace reads its rows and replays its journal. So LanceDB holds everything that pandas,
//! DuckDB or DataFusion may want to read, as of the last checkpoint.
//!
//! | table | one row per |
//! |---|---|
//! | `namespaces` | strategy in a run or deployment |
//! | `memories` | memory, with typed columns for all that is filtered, ordered or counted |
//! | `keys` | text that a memory is found by, with its vector |
//! | `links`, `blobs`, `receipts` | edge; opaque state; what a retrieval handed out |
//! | `attempts`, `results` | run of an agent on a task; measured cell |
//!
//! Journals hold after-images, so that replaying what the tables already have changes nothing, and the manifest
//! (`memhost.json`) says which version of each table counts, so that a checkpoint which a kill or a full disk ends
//! halfway never happened: its versions are taken back by the next one.
//!
//! # Why a journal of its own
//!
//! Measured with `cargo bench -p memhost --bench store` on 2 cores and an ext4 disk whose sync takes 0.2 to 4 ms
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
//! - One process at a time has a namespace open; another one is refused by name. Different namespaces of a
//!   store can be open in different processes.
//! - Ids are `m1`, `m2`, …, in the order of insertion within a namespace, and never used again.
//!
//! Object stores are for sharing a store between machines. There a group is one object, which exists or does not, and
//! the lock of a namespace is an object too; one that a killed process left behind is deleted by hand.

mod backlog;
mod check;
mod commit;
mod draft;
mod effect;
mod error;
mod filter;
mod fold;
mod footprint;
mod fusion;
mod home;
mod in_memory;
mod lexical;
mod look;
mod manifest;
mod namespace;
mod rank;
mod reembed;
mod repair;
mod result_row;
mod scored;
mod seal;
mod shorten;
pub(crate) mod tables;
mod transaction;
mod vectors;
mod verify;
mod view;
mod working_set;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant as Moment, SystemTime};

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

pub(crate) use check::check_receipt;
pub use check::{LONGEST_NAME, LONGEST_TEXT};
pub(crate) use commit::Reserved;
pub use error::StoreError;
pub use footprint::Footprint;
pub(crate) use footprint::{receipt_bytes, waiting_bytes};
pub(crate) use home::LONGEST_NAMESPACE;
pub use look::Look;
pub use manifest::SCHEMA_VERSION;
pub use namespace::Namespace;
pub use reembed::Reembedded;
pub use repair::{Repaired, RepairedTable};
pub use result_row::ResultRow;
pub use transaction::{Transaction, Write};
pub use verify::{Verified, VerifiedJournal, VerifiedTable};
pub use view::View;

use crate::clock;
use crate::contract::Attempt;
use crate::embedding::Embedder;
use crate::limits::StoreLimits;
use backlog::{Backlog, Written};
use commit::{Growth, Shared};
use effect::Record;
use fold::Fold;
pub(crate) use home::Objects;
use home::{Extent, Home, Journal, Sealed, Unsound};
use manifest::Manifest;
use namespace::Handle;
use seal::{BrokenSeal, Depth};
use tables::{Format, KEEP_VERSIONS, Tables};
use working_set::WorkingSet;

/// How many transactions may wait for their commit before callers wait to be let in.
const LONGEST_QUEUE: usize = 1024;
/// File times may be this much older than the clock says.
const CLOCK_SLACK: Duration = Duration::from_secs(2);
/// What a lock on the whole store is called.
const THE_STORE: &str = "the store";
/// The lock that a checkpoint holds.
const CHECKPOINT: &str = "checkpoint";
/// The journal of what belongs to no namespace, with a number behind it: one per process.
const DIARY: &str = "memhost attempts and results";

/// An open store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
    limits: StoreLimits,
}

struct Inner {
    home: Home,
    tables: Box<dyn Tables>,
    embedder: Arc<dyn Embedder>,
    /// The namespaces that were opened, by name. Held while journals are opened and folded.
    open: Mutex<HashMap<String, Opened>>,
    /// The journal of attempts and results, once there are any.
    diary: Mutex<Option<Journal>>,
    backlog: Arc<Backlog>,
    written: Written,
    is_checkpointing: AtomicBool,
    /// What was found damaged or lacking and nobody has heard of yet.
    warnings: std::sync::Mutex<Vec<String>>,
}

/// What is at a place, before anything is done to it.
struct Found {
    home: Home,
    manifest: Option<Manifest>,
    /// Files that were changed, and of which a sound copy is there.
    broken: Vec<BrokenSeal>,
}

struct Opened {
    handle: Weak<Handle>,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Store {
    /// Opens or creates a store with tables of this format.
    pub(crate) async fn open_with<F: Format>(
        uri: &str,
        embedder: Arc<dyn Embedder>,
        format: &F,
    ) -> Result<Store, StoreError> {
        clock::since_1970(SystemTime::now())?;
        let Found {
            home,
            manifest,
            broken,
        } = Store::found(uri, embedder.as_ref()).await?;
        home.make_writable()?;
        if manifest.is_none() {
            create(&home, embedder.as_ref()).await?;
        }
        let tables = Box::new(format.open(&home).await?);
        let inner = Inner::new(home, embedder, tables);
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

    /// Whether a store could be opened there with this embedder, as far as can be said without changing anything.
    ///
    /// # Errors
    /// What is there already stands in the way.
    pub async fn look(uri: &str, embedder: &dyn Embedder) -> Result<(), StoreError> {
        Store::found(uri, embedder).await.map(drop)
    }

    /// What was found damaged or lacking since this was last asked, and what became of it; for people.
    pub fn warnings(&self) -> Vec<String> {
        std::mem::take(&mut *self.inner.unheard())
    }

    async fn found(uri: &str, embedder: &dyn Embedder) -> Result<Found, StoreError> {
        let home = Home::open(uri).await?;
        let manifest = Manifest::read(&home).await?;
        let mut broken = Vec::new();
        if let Some(manifest) = &manifest {
            manifest.check_embedder(&home, embedder)?;
            broken = check_files(&home, manifest).await?;
        }
        Ok(Found {
            home,
            manifest,
            broken,
        })
    }

    /// Opens a namespace for reading and writing, creating it if need be. One process at a time; within it, every call
    /// with the same name gives the same namespace as long as a handle is alive.
    ///
    /// # Errors
    /// Another process holds it; the name is empty, longer than 512 bytes or holds a control character; what is
    /// stored cannot be read.
    pub async fn namespace(&self, name: &str) -> Result<Namespace, StoreError> {
        let inner = &self.inner;
        let mut open = inner.open.lock().await;
        if let Some(handle) = open.get(name).and_then(|opened| opened.handle.upgrade()) {
            return Ok(Namespace::new(handle));
        }
        if let Some(closing) = open.remove(name) {
            closing.ended().await;
        }
        let (journal, sealed) = inner.home.journal(name).await?;
        inner.warn_of_unsound(sealed.extent.unsound());
        let ours = sealed
            .groups
            .into_iter()
            .filter(|group| group.namespace == name);
        let records = ours.flat_map(|group| group.records).collect();
        let set = match inner.working_set(name, records).await {
            Ok(set) => set,
            Err(error) => {
                journal.release().await;
                return Err(error);
            }
        };
        let shared = Arc::new(Shared::new(name, set, journal, self.limits.clone()));
        let (requests, waiting) = mpsc::channel(LONGEST_QUEUE);
        let task = tokio::spawn(commit::run(shared.clone(), waiting, Arc::downgrade(inner)));
        let handle = Arc::new(Handle {
            shared: shared.clone(),
            requests,
            backlog: inner.backlog.clone(),
            embedder: inner.embedder.clone(),
            cut: AtomicU64::new(0),
            aside: std::sync::Mutex::new(Box::new(())),
        });
        let opened = Opened {
            handle: Arc::downgrade(&handle),
            shared,
            task,
        };
        open.insert(name.to_owned(), opened);
        Ok(Namespace::new(handle))
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

    /// Adds rows to the `results` table. A row of the same cell (run, strategy, digest, suite, seed, order, metric) as an
    /// earlier one replaces it.
    ///
    /// # Errors
    /// As for [`Namespace::apply`].
    pub async fn append_results(&self, results: &[ResultRow]) -> Result<(), StoreError> {
        if results.is_empty() {
            return Ok(());
        }
        self.inner.note(Record::Results(results.to_vec())).await
    }

    /// Brings the tables up to date with the journals, also with those that killed processes left behind, and lets go
    /// of namespaces without handles. The store can be used afterwards; what is not closed is not lost either, but
    /// other programs see it only later.
    ///
    /// # Errors
    /// A table cannot be written. Nothing is lost: the journals stay until it can.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.inner.checkpoint().await?;
        if let Some(diary) = self.inner.diary.lock().await.take() {
            diary.release().await;
        }
        Ok(())
    }
}

impl Inner {
    fn new(home: Home, embedder: Arc<dyn Embedder>, tables: Box<dyn Tables>) -> Self {
        Inner {
            home,
            tables,
            embedder,
            open: Mutex::new(HashMap::new()),
            diary: Mutex::new(None),
            backlog: Arc::new(Backlog::new()),
            written: Written::default(),
            is_checkpointing: AtomicBool::new(false),
            warnings: Default::default(),
        }
    }

    fn unheard(&self) -> MutexGuard<'_, Vec<String>> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody is to hear of this, once.
    fn warn(&self, what: impl fmt::Display) {
        let what = what.to_string();
        tracing::debug!("{what}");
        let mut unheard = self.unheard();
        if !unheard.contains(&what) {
            unheard.push(what);
        }
    }

    fn warn_of_unsound(&self, unsound: &[Unsound]) {
        for unsound in unsound {
            self.warn(format_args!("a journal of an earlier run: {unsound}"));
        }
    }

    /// Puts copies in the place of damaged files that have one.
    async fn restore(&self, manifest: &Manifest, broken: &[BrokenSeal]) -> Result<(), StoreError> {
        if broken.is_empty() && manifest.restored.is_none() {
            return Ok(());
        }
        let lock = self.home.lock_patiently(CHECKPOINT, THE_STORE).await?;
        let restored = self.restore_alone(broken).await;
        lock.release().await;
        restored
    }

    async fn restore_alone(&self, broken: &[BrokenSeal]) -> Result<(), StoreError> {
        let mut manifest = self.manifest().await?;
        let restored = self.home.restore_copies(broken, &manifest.files).await?;
        for path in broken
            .iter()
            .filter(|broken| restored.contains(&broken.path))
        {
            self.warn(format_args!(
                "{path}; its copy was put in its place, and nothing is lost"
            ));
        }
        if let Some(reason) = manifest.restored.take() {
            manifest.write(&self.home).await?;
            self.warn(format_args!(
                "{reason} and put in its place, and nothing is lost"
            ));
        }
        Ok(())
    }

    /// Takes the journals of runs that have ended into the tables, so that nobody writes behind what has not been read.
    async fn take_in_what_was_left(&self) -> Result<(), StoreError> {
        for path in self.home.set_aside().await? {
            self.warn(format_args!(
                "`{path}` was damaged and set aside by an earlier run; its sound parts were taken in then. Delete it \
                 when you do not need the rest"
            ));
        }
        for path in self.home.strangers().await? {
            self.warn(format_args!(
                "`{path}` has a name that no journal has, and is not read; if it is one, give it its name back"
            ));
        }
        if !self.home.has_journals().await? {
            return self.compare_manifests().await;
        }
        match self.checkpoint().await {
            // It is read all the same, and taken in when there is room, or when whoever is busy with it has ended.
            Err(error @ (StoreError::Full { .. } | StoreError::InUse { .. })) => {
                self.warn(format_args!(
                    "the journals of earlier runs stay for now: {error}"
                ));
                Ok(())
            }
            result => result,
        }
    }

    /// What a namespace holds, by its rows and its journal.
    async fn working_set(
        &self,
        name: &str,
        records: Vec<Record>,
    ) -> Result<WorkingSet, StoreError> {
        // The manifest is read last: until the journal was locked, another process may have brought the tables up to date
        // with it, and until a moment ago it may have embedded them anew.
        self.refuse_during_reembedding().await?;
        let manifest = self.manifest().await?;
        manifest.check_embedder(&self.home, self.embedder.as_ref())?;
        let rows = match self.tables.load(&manifest, name).await {
            Err(StoreError::Table { .. }) => {
                // A power loss may have torn the newest versions of the tables, which do not count.
                let manifest = self.take_back().await?;
                match self.tables.load(&manifest, name).await {
                    Err(error) => return Err(self.explain(error, &manifest).await),
                    rows => rows?,
                }
            }
            rows => rows?,
        };
        let (rows, receipts) = rows;
        let mut set = WorkingSet::new(manifest.embedder.dimension);
        set.count_receipts(receipts);
        rows.into_iter().for_each(|effect| set.apply(effect));
        for record in records {
            if let Record::Transaction(effects) = record {
                effects.into_iter().for_each(|effect| set.apply(effect));
            }
        }
        Ok(set)
    }

    /// Without journals, the manifest and its copy say the same: one that was put back from elsewhere undoes what was
    /// written since.
    async fn compare_manifests(&self) -> Result<(), StoreError> {
        let (Some(main), Some(copy)) = (
            Manifest::read(&self.home).await?,
            Manifest::read_copy(&self.home).await?,
        ) else {
            return Ok(());
        };
        if main.restored.is_none() && main.tables != copy.tables {
            self.warn(format_args!(
                "`{0}/memhost.json` and its copy name other versions of the tables, and the former counts: if it was put back \
                 from a backup, what was written since then is not seen, and goes with the next run",
                self.home.tables()
            ));
        }
        Ok(())
    }

    /// Takes the tables back to the versions that count, and says which those are now.
    async fn take_back(&self) -> Result<Manifest, StoreError> {
        let lock = self.home.lock_patiently(CHECKPOINT, THE_STORE).await?;
        let result = self.take_back_alone().await;
        lock.release().await;
        result
    }

    async fn take_back_alone(&self) -> Result<Manifest, StoreError> {
        let since = SystemTime::now() - CLOCK_SLACK;
        let mut manifest = self.manifest().await?;
        self.tables.take_back(&mut manifest).await?;
        self.count(&mut manifest, since).await?;
        Ok(manifest)
    }

    /// Makes the tables count as they are now: brings what was written since then to the disk, and then the manifest.
    async fn count(&self, manifest: &mut Manifest, since: SystemTime) -> Result<(), StoreError> {
        count(&self.home, self.tables.as_ref(), manifest, since).await
    }

    /// The manifest as it is now; another process may have replaced it.
    async fn manifest(&self) -> Result<Manifest, StoreError> {
        Manifest::read(&self.home)
            .await?
            .ok_or_else(|| StoreError::Damaged {
                path: self.home.tables(),
                reason: "its memhost.json is gone".to_owned(),
            })
    }

    /// Why a table cannot be used: what is said of a file that was changed tells nobody what to do.
    async fn explain(&self, error: StoreError, manifest: &Manifest) -> StoreError {
        let StoreError::Table { table, .. } = &error else {
            return error;
        };
        let files = manifest.files_of(table);
        match self.home.broken_seals(files, Depth::Everything).await {
            Ok(broken) if !broken.is_empty() => StoreError::DamagedTables {
                uri: self.home.tables(),
                files: in_words(&broken),
            },
            _ => error,
        }
    }

    /// Writes down what belongs to no namespace.
    async fn note(self: &Arc<Self>, record: Record) -> Result<(), StoreError> {
        let group = home::encode(DIARY, &[record]).map_err(StoreError::Transaction)?;
        let bytes = group.len() as u64;
        let mut diary = self.diary.lock().await;
        if diary.is_none() {
            *diary = Some(self.home.free_journal(DIARY).await?);
        }
        if let Some(journal) = diary.as_mut() {
            journal.append(group).await?;
        }
        drop(diary);
        self.clone().grown(bytes);
        Ok(())
    }

    async fn checkpoint(&self) -> Result<(), StoreError> {
        // Nothing is opened meanwhile, and no two checkpoints run in this process.
        let mut open = self.open.lock().await;
        let lock = self.home.lock_patiently(CHECKPOINT, THE_STORE).await?;
        let result = self.checkpoint_alone(&mut open).await;
        lock.release().await;
        result
    }

    async fn checkpoint_alone(&self, open: &mut HashMap<String, Opened>) -> Result<(), StoreError> {
        let since = SystemTime::now() - CLOCK_SLACK;
        let bytes = self.backlog.reset();
        let closing: Vec<String> = open
            .iter()
            .filter(|(_, opened)| opened.handle.strong_count() == 0)
            .map(|(name, _)| name.clone())
            .collect();
        for name in closing {
            if let Some(opened) = open.remove(&name) {
                opened.ended().await;
            }
        }

        let mut fold = Fold::default();
        let mut idle = self.home.idle_journals().await?;
        let keep = self.written.keep(Moment::now(), bytes, KEEP_VERSIONS);
        let result = self.fold(open, &mut idle, &mut fold, (since, keep)).await;
        for journal in idle {
            journal.release().await;
        }
        result
    }

    async fn fold(
        &self,
        open: &HashMap<String, Opened>,
        idle: &mut [Journal],
        fold: &mut Fold,
        (since, keep): (SystemTime, Duration),
    ) -> Result<(), StoreError> {
        let mut forget_open = Vec::new();
        for opened in open.values() {
            if let Some(journal) = opened.shared.journal.lock().await.as_mut() {
                let sealed = journal.seal().await?;
                self.warn_of_unsound(sealed.extent.unsound());
                forget_open.push((&opened.shared, fold_in(sealed, fold)));
            }
        }
        let mut diary = self.diary.lock().await;
        let mut forget = Vec::new();
        for journal in diary.iter_mut().chain(idle) {
            let sealed = journal.seal().await?;
            self.warn_of_unsound(sealed.extent.unsound());
            forget.push((journal, fold_in(sealed, fold)));
        }

        if !fold.is_empty() {
            let mut manifest = self.manifest().await?;
            let before = manifest.clone();
            let brought = self.tables.bring_up(&mut manifest, fold).await;
            match brought {
                Ok(warnings) => warnings.into_iter().for_each(|warning| self.warn(warning)),
                Err(error) => return Err(self.explain(error, &before).await),
            }
            self.count(&mut manifest, since).await?;
            if let Err(error) = self.tables.prune(&manifest, keep).await {
                tracing::warn!(%error, "old versions of the tables stay for now");
            }
        }

        for (shared, extent) in forget_open {
            if let Some(journal) = shared.journal.lock().await.as_mut() {
                journal.forget(&extent).await?;
            }
        }
        for (journal, extent) in forget {
            journal.forget(&extent).await?;
        }
        Ok(())
    }
}

impl Growth for Inner {
    fn grown(self: Arc<Self>, bytes: u64) {
        self.backlog.add(bytes);
        if !self.backlog.is_due() || self.is_checkpointing.swap(true, Ordering::AcqRel) {
            return;
        }
        tokio::spawn(async move {
            // Whoever waits for room adds nothing that could begin the next one.
            while self.backlog.is_due() {
                if let Err(error) = self.checkpoint().await {
                    tracing::warn!(%error, "the tables could not be brought up to date; the journals stay");
                }
            }
            self.is_checkpointing.store(false, Ordering::Release);
        });
    }
}

impl Opened {
    /// Waits until its task has let go of the journal.
    async fn ended(self) {
        if let Err(error) = self.task.await {
            tracing::warn!(namespace = self.shared.name, %error, "a commit was interrupted");
        }
    }
}

/// Makes a store of an empty place, unless another process does so at the same time.
async fn create(home: &Home, embedder: &dyn Embedder) -> Result<(), StoreError> {
    let lock = home.lock_patiently(CHECKPOINT, THE_STORE).await?;
    let created = match Manifest::read(home).await {
        Ok(Some(manifest)) => manifest.check_embedder(home, embedder),
        Ok(None) => {
            Manifest::new(embedder.identity().clone())
                .create(home)
                .await
        }
        Err(error) => Err(error),
    };
    lock.release().await;
    created
}

/// Makes tables count as they are now: seals their files, brings what was written since then to the disk, and then the
/// manifest.
async fn count(
    home: &Home,
    tables: &dyn Tables,
    manifest: &mut Manifest,
    since: SystemTime,
) -> Result<(), StoreError> {
    seal::seal(home, tables, manifest).await?;
    home.sync_since(since).await?;
    manifest.write(home).await?;
    home.keep_copies(&manifest.files).await
}

/// Refuses a store that is half repaired, or of which a file is lacking that has no copy; says of which a copy is to be
/// put in place.
async fn check_files(home: &Home, manifest: &Manifest) -> Result<Vec<BrokenSeal>, StoreError> {
    if repair::is_half_done(home).await? {
        return Err(StoreError::HalfRepaired { uri: home.tables() });
    }
    let broken = home
        .broken_seals(manifest.files.clone(), Depth::Lists)
        .await?;
    let lost = home.without_copy(broken.clone(), &manifest.files);
    match lost.is_empty() {
        true => Ok(broken),
        false => Err(StoreError::DamagedTables {
            uri: home.tables(),
            files: in_words(&lost),
        }),
    }
}

/// Files that are not what they were, the first few by name.
fn in_words(broken: &[BrokenSeal]) -> String {
    const NAMED: usize = 3;
    let named: Vec<String> = broken
        .iter()
        .take(NAMED)
        .map(BrokenSeal::to_string)
        .collect();
    let named = named.join(", ");
    match broken.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named}, and {more} more"),
    }
}

/// Takes in what was read of a journal; returns up to where.
fn fold_in(sealed: Sealed, fold: &mut Fold) -> Extent {
    for group in sealed.groups {
        fold.add(&group.namespace, group.records);
    }
    sealed.extent
}
