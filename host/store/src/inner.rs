//! An open store in one process: what its handles share.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, MutexGuard, PoisonError, Weak};

use memhost_contract::embedder::Embedder;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::backlog::{Backlog, Written};
use super::commit::{Growth, Shared};
use super::effect::Record;
use super::manifest::Manifest;
use super::namespace::Handle;
use super::seal::{Depth, in_words};
use super::storage::{self, Journal, Storage, Unsound};
use super::tables::Tables;
use super::working_set::WorkingSet;
use super::{DIARY, StoreError};

/// What the handles of a store share.
pub(super) struct Inner {
    pub(super) storage: Storage,
    pub(super) tables: Box<dyn Tables>,
    pub(super) embedder: Arc<dyn Embedder>,
    /// The namespaces that were opened, by name. Held while journals are opened and folded.
    pub(super) open: Mutex<HashMap<String, Opened>>,
    /// The journal of attempts, once there are any.
    pub(super) diary: Mutex<Option<Journal>>,
    pub(super) backlog: Arc<Backlog>,
    pub(super) written: Written,
    pub(super) is_checkpointing: AtomicBool,
    /// What was found damaged or lacking and nobody has heard of yet.
    pub(super) warnings: std::sync::Mutex<Vec<String>>,
}

/// A namespace that was opened.
pub(super) struct Opened {
    pub(super) handle: Weak<Handle>,
    pub(super) shared: Arc<Shared>,
    pub(super) task: JoinHandle<()>,
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
            open: Mutex::new(HashMap::new()),
            diary: Mutex::new(None),
            backlog: Arc::new(Backlog::new()),
            written: Written::default(),
            is_checkpointing: AtomicBool::new(false),
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
        let group = storage::encode(DIARY, &[record]).map_err(StoreError::Transaction)?;
        let bytes = group.len() as u64;
        let mut diary = self.diary.lock().await;
        if diary.is_none() {
            *diary = Some(self.storage.free_journal(DIARY).await?);
        }
        if let Some(journal) = diary.as_mut() {
            journal.append(group).await?;
        }
        drop(diary);
        self.clone().grown(bytes);
        Ok(())
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
