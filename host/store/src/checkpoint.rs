//! Checkpoints: the tables are brought up to date with the journals, made durable, made to count, and only then do the
//! journals go.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use tokio::sync::Mutex;

use super::commit::Growth;
use super::fold::Fold;
use super::inner::Inner;
use super::manifest::Manifest;
use super::storage::{Extent, Journal, Sealed, Storage};
use super::tables::{KEEP_VERSIONS, Tables};
use super::{CHECKPOINT, CLOCK_SLACK, StoreError, THE_STORE, seal};

/// A journal that this process holds; none once it was let go.
type Held = Arc<Mutex<Option<Journal>>>;

/// What a checkpoint takes in.
#[derive(Default)]
struct Taken {
    fold: Fold,
    /// What was read, and of which journal if this process holds it.
    read: Vec<(Arc<Extent>, Option<Held>)>,
}

impl Taken {
    fn add(&mut self, sealed: Sealed, held: Option<Held>) {
        for group in sealed.groups {
            self.fold.add(&group.namespace, group.records);
        }
        self.read.push((Arc::new(sealed.extent), held));
    }
}

impl Inner {
    /// Nobody waits for one but those who asked for it: locks of journals are held only to seal them, and others open
    /// namespaces, commit and note attempts while journals are read and tables written.
    pub(super) async fn checkpoint(&self) -> Result<(), StoreError> {
        let _alone = self.checkpointing.lock().await;
        let result = match self.storage.lock_patiently(CHECKPOINT, THE_STORE).await {
            Ok(lock) => {
                let result = self.checkpoint_alone().await;
                lock.release().await;
                result
            }
            Err(error) => {
                // As if it had begun: nobody waits for one that cannot be made.
                self.backlog.reset();
                Err(error)
            }
        };
        if result.is_err() {
            self.backlog.put_off(self.clock.now());
        }
        result
    }

    async fn checkpoint_alone(&self) -> Result<(), StoreError> {
        let since = SystemTime::now() - CLOCK_SLACK;
        let bytes = self.backlog.reset();
        for cell in self.open.all() {
            cell.close_if_unused().await;
        }
        self.open.sweep();
        let keep = self.written.keep(self.clock.now(), bytes, KEEP_VERSIONS);

        let Taken { fold, read } = self.take_in().await?;
        if !fold.is_empty() {
            let mut manifest = self.manifest().await?;
            let before = manifest.clone();
            let brought = self.tables.bring_up(&mut manifest, &fold).await;
            match brought {
                Ok(warnings) => warnings.into_iter().for_each(|warning| self.warn(warning)),
                Err(error) => return Err(self.explain(error, &before).await),
            }
            self.count(&mut manifest, since).await?;
            if let Err(error) = self.tables.prune(&manifest, keep).await {
                tracing::warn!(%error, "old versions of the tables stay for now");
            }
        }
        for (extent, held) in read {
            self.storage.forget(extent.clone()).await?;
            if let Some(held) = held
                && let Some(journal) = held.lock().await.as_mut()
            {
                journal.forgotten(extent.span());
            }
        }
        Ok(())
    }

    /// Reads what stands in the journals: those of this process, and those that nobody holds. A namespace that is being
    /// opened has written nothing yet; what stands in its journal is for the next checkpoint.
    async fn take_in(&self) -> Result<Taken, StoreError> {
        let mut taken = Taken::default();
        let open = self.open.all();
        let open = open.iter().filter_map(|cell| cell.shared());
        let mut held: Vec<Held> = open.map(|shared| shared.journal.clone()).collect();
        let diary = self.diary.lock().await;
        held.extend(diary.as_ref().map(|diary| diary.journal.clone()));
        drop(diary);
        for held in held {
            let span = held.lock().await.as_mut().and_then(Journal::seal);
            if let Some(span) = span {
                let sealed = self.storage.read_span(span).await?;
                self.warn_of_unsound(sealed.extent.unsound());
                taken.add(sealed, Some(held));
            }
        }
        let sealed = taken.read.iter();
        let sealed: HashSet<String> = sealed
            .map(|(extent, _)| extent.span().stem().to_owned())
            .collect();
        for stem in self.storage.journals().await? {
            // One that was let go since it was sealed has been read as far as it is needed.
            if !sealed.contains(&stem)
                && let Some(sealed) = self.storage.read_idle(&stem).await?
            {
                self.warn_of_unsound(sealed.extent.unsound());
                taken.add(sealed, None);
            }
        }
        Ok(taken)
    }

    /// Takes the tables back to the versions that count, and says which those are now.
    pub(super) async fn take_back(&self) -> Result<Manifest, StoreError> {
        let lock = self.storage.lock_patiently(CHECKPOINT, THE_STORE).await?;
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
    pub(super) async fn count(
        &self,
        manifest: &mut Manifest,
        since: SystemTime,
    ) -> Result<(), StoreError> {
        count(&self.storage, self.tables.as_ref(), manifest, since).await
    }
}

impl Growth for Inner {
    fn grown(self: Arc<Self>, bytes: u64) {
        self.backlog.add(bytes, self.clock.now());
        if bytes > 0 && !self.is_paced.swap(true, Ordering::AcqRel) {
            tokio::spawn(keep_up(Arc::downgrade(&self)));
        }
    }
}

/// Makes checkpoints when they are due, as long as something waits for one.
async fn keep_up(inner: Weak<Inner>) {
    while let Some(inner) = inner.upgrade() {
        let now = inner.clock.now();
        match inner.backlog.due_in(now) {
            Some(Duration::ZERO) => {
                if let Err(error) = inner.checkpoint().await {
                    tracing::warn!(%error, "the tables could not be brought up to date; the journals stay");
                }
            }
            Some(wait) => {
                let (clock, much) = (inner.clock.clone(), inner.backlog.much());
                drop(inner);
                tokio::select! {
                    () = clock.sleep_until(now + wait) => {}
                    () = much => {}
                }
            }
            None => {
                inner.is_paced.store(false, Ordering::Release);
                // Something may have been written just before that.
                let is_waiting = inner.backlog.due_in(inner.clock.now()).is_some();
                if !is_waiting || inner.is_paced.swap(true, Ordering::AcqRel) {
                    return;
                }
            }
        }
    }
}

/// Makes tables count as they are now: seals their files, brings what was written since then to the disk, and then the
/// manifest.
pub(super) async fn count(
    storage: &Storage,
    tables: &dyn Tables,
    manifest: &mut Manifest,
    since: SystemTime,
) -> Result<(), StoreError> {
    seal::seal(storage, tables, manifest).await?;
    storage.sync_since(since).await?;
    manifest.write(storage).await?;
    storage.keep_copies(&manifest.files).await?;
    Ok(())
}
