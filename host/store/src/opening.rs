//! Opening: what is at a store's place, whether that is whole, what earlier runs left there; and its namespaces.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use memhost_contract::embedder::Embedder;
use memhost_contract::limits::StoreLimits;
use tokio::sync::mpsc;

use super::commit::{self, Shared};
use super::inner::Inner;
use super::manifest::Manifest;
use super::namespace::Handle;
use super::open::Opened;
use super::seal::{BrokenSeal, Depth, in_words};
use super::storage::Storage;
use super::{CHECKPOINT, LONGEST_QUEUE, StoreError, THE_STORE, repair};

/// What is at a place, before anything is done to it.
pub(super) struct Found {
    pub(super) storage: Storage,
    pub(super) manifest: Option<Manifest>,
    /// Files that were changed, and of which a sound copy is there.
    pub(super) broken: Vec<BrokenSeal>,
}

impl Found {
    /// Looks at a place, and changes nothing.
    pub(super) async fn at(uri: &str, embedder: &dyn Embedder) -> Result<Found, StoreError> {
        let storage = Storage::open(uri).await?;
        let manifest = Manifest::read(&storage).await?;
        let mut broken = Vec::new();
        if let Some(manifest) = &manifest {
            manifest.check_embedder(&storage, embedder)?;
            broken = check_files(&storage, manifest).await?;
        }
        Ok(Found {
            storage,
            manifest,
            broken,
        })
    }
}

impl Inner {
    /// Opens a namespace that is not open in this process.
    pub(super) async fn open_namespace(
        self: &Arc<Self>,
        name: &str,
        limits: StoreLimits,
    ) -> Result<(Arc<Handle>, Opened), StoreError> {
        let (journal, sealed) = self.storage.journal(name).await?;
        self.warn_of_unsound(sealed.extent.unsound());
        let ours = sealed
            .groups
            .into_iter()
            .filter(|group| group.namespace == name);
        let records = ours.flat_map(|group| group.records).collect();
        let set = match self.working_set(name, records).await {
            Ok(set) => set,
            Err(error) => {
                journal.release().await;
                return Err(error);
            }
        };
        let shared = Arc::new(Shared::new(name, set, journal, limits));
        let (requests, waiting) = mpsc::channel(LONGEST_QUEUE);
        let task = tokio::spawn(commit::run(shared.clone(), waiting, Arc::downgrade(self)));
        let handle = Arc::new(Handle {
            shared: shared.clone(),
            requests,
            backlog: self.backlog.clone(),
            embedder: self.embedder.clone(),
            cut: AtomicU64::new(0),
            aside: Mutex::new(Box::new(())),
        });
        Ok((handle, Opened { shared, task }))
    }

    /// Puts copies in the place of damaged files that have one.
    pub(super) async fn restore(
        &self,
        manifest: &Manifest,
        broken: &[BrokenSeal],
    ) -> Result<(), StoreError> {
        if broken.is_empty() && manifest.restored.is_none() {
            return Ok(());
        }
        let lock = self.storage.lock_patiently(CHECKPOINT, THE_STORE).await?;
        let restored = self.restore_alone(broken).await;
        lock.release().await;
        restored
    }

    async fn restore_alone(&self, broken: &[BrokenSeal]) -> Result<(), StoreError> {
        let mut manifest = self.manifest().await?;
        let restored = self.storage.restore_copies(broken, &manifest.files).await?;
        for path in broken
            .iter()
            .filter(|broken| restored.contains(&broken.path))
        {
            self.warn(format_args!(
                "{path}; its copy was put in its place, and nothing is lost"
            ));
        }
        if let Some(reason) = manifest.restored.take() {
            manifest.write(&self.storage).await?;
            self.warn(format_args!(
                "{reason} and put in its place, and nothing is lost"
            ));
        }
        Ok(())
    }

    /// Takes the journals of runs that have ended into the tables, so that nobody writes behind what has not been read.
    pub(super) async fn take_in_what_was_left(&self) -> Result<(), StoreError> {
        for path in self.storage.set_aside().await? {
            self.warn(format_args!(
                "`{path}` was damaged and set aside by an earlier run; its sound parts were taken in then. Delete it \
                 when you do not need the rest"
            ));
        }
        for path in self.storage.strangers().await? {
            self.warn(format_args!(
                "`{path}` has a name that no journal has, and is not read; if it is one, give it its name back"
            ));
        }
        if !self.storage.has_journals().await? {
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

    /// Without journals, the manifest and its copy say the same: one that was put back from elsewhere undoes what was
    /// written since.
    async fn compare_manifests(&self) -> Result<(), StoreError> {
        let (Some(main), Some(copy)) = (
            Manifest::read(&self.storage).await?,
            Manifest::read_copy(&self.storage).await?,
        ) else {
            return Ok(());
        };
        if main.restored.is_none() && main.tables != copy.tables {
            self.warn(format_args!(
                "`{0}/memhost.json` and its copy name other versions of the tables, and the former counts: if it was put back \
                 from a backup, what was written since then is not seen, and goes with the next run",
                self.storage.tables()
            ));
        }
        Ok(())
    }
}

/// Makes a store of an empty place, unless another process does so at the same time.
pub(super) async fn create(storage: &Storage, embedder: &dyn Embedder) -> Result<(), StoreError> {
    let lock = storage.lock_patiently(CHECKPOINT, THE_STORE).await?;
    let created = match Manifest::read(storage).await {
        Ok(Some(manifest)) => manifest.check_embedder(storage, embedder),
        Ok(None) => {
            Manifest::new(embedder.identity().clone())
                .create(storage)
                .await
        }
        Err(error) => Err(error),
    };
    lock.release().await;
    created
}

/// Refuses a store that is half repaired, or of which a file is lacking that has no copy; says of which a copy is to be
/// put in place.
pub(super) async fn check_files(
    storage: &Storage,
    manifest: &Manifest,
) -> Result<Vec<BrokenSeal>, StoreError> {
    if repair::is_half_done(storage).await? {
        return Err(StoreError::HalfRepaired {
            uri: storage.tables(),
        });
    }
    let broken = storage
        .broken_seals(manifest.files.clone(), Depth::Lists)
        .await?;
    let lost = storage.without_copy(broken.clone(), &manifest.files);
    match lost.is_empty() {
        true => Ok(broken),
        false => Err(StoreError::DamagedTables {
            uri: storage.tables(),
            files: in_words(&lost),
        }),
    }
}
