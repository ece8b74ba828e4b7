//! Checkpoints: the tables are brought up to date with the journals, made durable, made to count, and only then do the
//! journals go.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant as Moment, SystemTime};

use super::commit::Growth;
use super::fold::Fold;
use super::inner::{Inner, Opened};
use super::manifest::Manifest;
use super::storage::{Extent, Journal, Sealed, Storage};
use super::tables::{KEEP_VERSIONS, Tables};
use super::{CHECKPOINT, CLOCK_SLACK, StoreError, THE_STORE, seal};

impl Inner {
    pub(super) async fn checkpoint(&self) -> Result<(), StoreError> {
        // Nothing is opened meanwhile, and no two checkpoints run in this process.
        let mut open = self.open.lock().await;
        let lock = self.storage.lock_patiently(CHECKPOINT, THE_STORE).await?;
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
        let mut idle = self.storage.idle_journals().await?;
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

/// Takes in what was read of a journal; returns up to where.
fn fold_in(sealed: Sealed, fold: &mut Fold) -> Extent {
    for group in sealed.groups {
        fold.add(&group.namespace, group.records);
    }
    sealed.extent
}
