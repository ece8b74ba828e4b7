//! The doors to a store whose tables are LanceDB's.

use std::sync::Arc;

use super::Lance;
use memhost_contract::embedder::Embedder;
use memhost_store::{Reembedded, Repaired, Store, StoreError, Verified};

impl Store {
    /// Opens or creates the store at a directory or an object-store URI (`s3://`, `gs://`, `az://` with the cargo
    /// features `s3`, `gcs`, `azure`; `memory://` for one that ends with the process). What runs that have ended left in
    /// their journals is taken into the tables.
    ///
    /// # Errors
    /// The path is a file, holds something else or cannot be written to; the store has another schema version,
    /// or another embedder's vectors; a file that its tables need is lacking. A store that is refused is not touched.
    pub async fn open(uri: &str, embedder: Arc<dyn Embedder>) -> Result<Store, StoreError> {
        Store::open_with(uri, embedder, &Lance).await
    }

    /// Computes all vectors of the store at `uri` anew with another embedder.
    ///
    /// # Errors
    /// There is no store; a process has a namespace of it open; a text cannot be embedded; the disk fails. The
    /// store is then as it was.
    pub async fn reembed(uri: &str, embedder: Arc<dyn Embedder>) -> Result<Reembedded, StoreError> {
        Store::reembed_with(uri, embedder, &Lance).await
    }

    /// Reads all of the store at `uri` and says what is not sound. It need not be possible to open it.
    ///
    /// # Errors
    /// There is no store; it has another schema version; neither its `memhost.json` nor the copy of that can be read;
    /// what is there cannot be listed.
    pub async fn verify(uri: &str) -> Result<Verified, StoreError> {
        Store::verify_with(uri, &Lance).await
    }

    /// Makes the store at `uri` whole again, without what is lost. With `keep_doubtful`, rows stay that stand in a damaged
    /// file and can still be read, whatever their values are now.
    ///
    /// # Errors
    /// There is no store, or it is in an object store; a process uses it; neither its `memhost.json` nor the copy of that
    /// can be read; the disk fails, in which case it can be tried again.
    pub async fn repair(uri: &str, keep_doubtful: bool) -> Result<Repaired, StoreError> {
        Store::repair_with(uri, keep_doubtful, &Lance).await
    }
}
