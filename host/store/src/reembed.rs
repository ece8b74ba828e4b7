//! Embedding a store anew, for another embedder.
//!
//! The new vectors count once the manifest names the new embedder; until then, and if anything fails before, the store
//! is as it was.

use std::sync::Arc;
use std::time::SystemTime;

use memhost_contract::Side;
use memhost_contract::embedder::Embedder;

use super::inner::Inner;
use super::manifest::Manifest;
use super::namespace::embed;
use super::opening::check_files;
use super::storage::Storage;
use super::tables::{Format, KeyRow};
use super::{CHECKPOINT, CLOCK_SLACK, Store, StoreError, THE_STORE};

/// The lock that is held meanwhile; whoever opens a namespace looks for it.
const REEMBEDDING: &str = "reembedding";
/// Texts per call of the embedder.
const BATCH: usize = 256;

/// What embedding a store anew came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reembedded {
    /// How many keys have new vectors.
    pub keys: usize,
    /// What was found damaged meanwhile, as of [`Store::warnings`].
    pub warnings: Vec<String>,
}

impl Store {
    /// Computes all vectors of the store at `uri`, whose tables are of this format, anew with another embedder.
    ///
    /// # Errors
    /// There is no store; a process has a namespace of it open; a text cannot be embedded; the disk fails. The
    /// store is then as it was.
    pub async fn reembed(
        uri: &str,
        embedder: Arc<dyn Embedder>,
        format: &dyn Format,
    ) -> Result<Reembedded, StoreError> {
        let storage = Storage::open(uri).await?;
        let Some(manifest) = Manifest::read(&storage).await? else {
            return Err(StoreError::NoStore {
                uri: uri.to_owned(),
            });
        };
        if manifest.embedder == *embedder.identity() {
            return Ok(Reembedded::default());
        }
        let broken = check_files(&storage, &manifest).await?;
        storage.make_writable()?;
        let tables = format.open(&storage).await?;
        let inner = Inner::new(storage, embedder, tables);
        inner.restore(&manifest, &broken).await?;
        let lock = inner.storage.lock(REEMBEDDING, THE_STORE).await?;
        let keys = inner.reembed().await;
        lock.release().await;
        Ok(Reembedded {
            keys: keys?,
            warnings: std::mem::take(&mut *inner.unheard()),
        })
    }
}

impl Inner {
    /// A namespace that is opened while its vectors are replaced would go on with the old ones.
    pub(super) async fn refuse_during_reembedding(&self) -> Result<(), StoreError> {
        self.storage.refuse_if_locked(REEMBEDDING, THE_STORE).await
    }

    async fn reembed(&self) -> Result<usize, StoreError> {
        self.storage.refuse_if_held(&[REEMBEDDING]).await?;
        self.checkpoint().await?;
        let lock = self.storage.lock_patiently(CHECKPOINT, THE_STORE).await?;
        let result = self.replace_vectors().await;
        lock.release().await;
        result
    }

    async fn replace_vectors(&self) -> Result<usize, StoreError> {
        let since = SystemTime::now() - CLOCK_SLACK;
        let mut manifest = self.manifest().await?;
        self.tables.take_back(&mut manifest).await?;
        let mut keys = self.tables.all_keys(&manifest).await?;
        let mut embedded: Vec<&mut KeyRow> =
            keys.iter_mut().filter(|row| row.key.embedded).collect();
        let count = embedded.len();
        for batch in embedded.chunks_mut(BATCH) {
            let texts: Vec<String> = batch.iter().map(|row| row.key.text.clone()).collect();
            let embedded = embed(self.embedder.as_ref(), &texts, Side::Document).await?;
            for (row, vector) in batch.iter_mut().zip(embedded.vectors) {
                row.vector = vector;
            }
        }
        manifest.embedder = self.embedder.identity().clone();
        if !keys.is_empty() {
            self.tables.replace_keys(&mut manifest, &keys).await?;
        }
        self.count(&mut manifest, since).await?;
        Ok(count)
    }
}
