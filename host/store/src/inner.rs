//! An open store in one process: what its handles share.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, MutexGuard, PoisonError};

use memhost_contract::embedder::Embedder;
use tokio::sync::{Mutex, oneshot};

use super::backlog::{Backlog, Written};
use super::clock::{Clock, Steady};
use super::commit::closed;
use super::diary::{Diary, Entry};
use super::effect::Record;
use super::manifest::Manifest;
use super::open::Open;
use super::seal::{Depth, in_words};
use super::storage::{Storage, Unsound};
use super::tables::Tables;
use super::working_set::WorkingSet;
use super::{DIARY, StoreError};

/// What the handles of a store share.
pub(super) struct Inner {
    pub(super) storage: Storage,
    pub(super) tables: Box<dyn Tables>,
    pub(super) embedder: Arc<dyn Embedder>,
    /// The namespaces that were opened.
    pub(super) open: Open,
    /// The journal of attempts, once there are any. Held while it is opened.
    pub(super) diary: Mutex<Option<Diary>>,
    pub(super) backlog: Arc<Backlog>,
    pub(super) written: Written,
    /// Held by the checkpoint of this process that runs.
    pub(super) checkpointing: Mutex<()>,
    /// Whether somebody waits for when the next one is due.
    pub(super) is_paced: AtomicBool,
    pub(super) clock: Arc<dyn Clock>,
    /// What was found damaged or lacking and nobody has heard of yet.
    pub(super) warnings: std::sync::Mutex<Vec<String>>,
}

impl Inner {
    pub(super) fn new(
        storage: Storage,
        embedder: Arc<dyn Embedder>,
        tables: Box<dyn Tables>,
    ) -> Self {
        Inner {
            storage,
            tables,
            embedder,
            open: Open::default(),
            diary: Mutex::new(None),
            backlog: Arc::new(Backlog::new()),
            written: Written::default(),
            checkpointing: Mutex::new(()),
            is_paced: AtomicBool::new(false),
            clock: Arc::new(Steady),
            warnings: Default::default(),
        }
    }

    pub(super) fn unheard(&self) -> MutexGuard<'_, Vec<String>> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody is to hear of this, once.
    pub(super) fn warn(&self, what: impl fmt::Display) {
        let what = what.to_string();
        tracing::debug!("{what}");
        let mut unheard = self.unheard();
        if !unheard.contains(&what) {
            unheard.push(what);
        }
    }

    pub(super) fn warn_of_unsound(&self, unsound: &[Unsound]) {
        for unsound in unsound {
            self.warn(format_args!("a journal of an earlier run: {unsound}"));
        }
    }

    /// What a namespace holds, by its rows and its journal.
    pub(super) async fn working_set(
        &self,
        name: &str,
        records: Vec<Record>,
    ) -> Result<WorkingSet, StoreError> {
        // The manifest is read last: until the journal was locked, another process may have brought the tables up to date
        // with it, and until a moment ago it may have embedded them anew.
        self.refuse_during_reembedding().await?;
        let manifest = self.manifest().await?;
        manifest.check_embedder(&self.storage, self.embedder.as_ref())?;
        let mut loaded = self.tables.load(&manifest, name).await;
        if let Err(StoreError::Table { .. }) = &loaded {
            // A checkpoint may have pruned these versions meanwhile, where much was written.
            let newer = self.manifest().await?;
            if newer.tables != manifest.tables {
                loaded = self.tables.load(&newer, name).await;
            }
        }
        let rows = match loaded {
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

    /// The manifest as it is now; another process may have replaced it.
    pub(super) async fn manifest(&self) -> Result<Manifest, StoreError> {
        Manifest::read(&self.storage)
            .await?
            .ok_or_else(|| StoreError::Damaged {
                path: self.storage.tables(),
                reason: "its memhost.json is gone".to_owned(),
            })
    }

    /// Why a table cannot be used: what is said of a file that was changed tells nobody what to do.
    pub(super) async fn explain(&self, error: StoreError, manifest: &Manifest) -> StoreError {
        let StoreError::Table { table, .. } = &error else {
            return error;
        };
        let files = manifest.files_of(table);
        match self.storage.broken_seals(files, Depth::Everything).await {
            Ok(broken) if !broken.is_empty() => StoreError::DamagedTables {
                uri: self.storage.tables(),
                files: in_words(&broken),
            },
            _ => error,
        }
    }

    /// Writes down what belongs to no namespace.
    pub(super) async fn note(self: &Arc<Self>, record: Record) -> Result<(), StoreError> {
        let requests = {
            let mut diary = self.diary.lock().await;
            match diary.as_ref() {
                Some(diary) => diary.requests.clone(),
                None => {
                    let journal = self.storage.free_journal(DIARY).await?;
                    let opened = Diary::new(journal, Arc::downgrade(self));
                    diary.insert(opened).requests.clone()
                }
            }
        };
        let (reply, answer) = oneshot::channel();
        let sent = requests.send(Entry { record, reply }).await;
        sent.map_err(|_| closed(DIARY))?;
        drop(requests);
        answer.await.map_err(|_| closed(DIARY))?
    }
}
