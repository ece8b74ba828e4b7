//! `memhost.json`: what a store is, and which version of each table counts.
//!
//! It is replaced in one step at the end of a checkpoint. Tables that have later versions by then, because a checkpoint did
//! not come to its end, are read at the version that stands here, and taken back to it by the next checkpoint.

use std::collections::BTreeMap;

use super::StoreError;
use super::home::Home;
use crate::embedding::{Embedder, EmbedderIdentity};

/// The version of everything that is stored: tables, journal, this file.
pub const SCHEMA_VERSION: u32 = 3;

const FILE: &str = "memhost.json";

/// What a store is.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Manifest {
    /// [`SCHEMA_VERSION`] of the memhost that wrote it.
    pub schema_version: u32,
    /// Whose vectors the store holds.
    pub embedder: EmbedderIdentity,
    /// The version of each table that counts.
    pub tables: BTreeMap<String, u64>,
}

/// What stands in a manifest of any version.
#[derive(serde::Deserialize)]
struct AnyManifest {
    schema_version: u32,
}

impl Manifest {
    pub(crate) fn new(embedder: EmbedderIdentity) -> Self {
        Manifest {
            schema_version: SCHEMA_VERSION,
            embedder,
            tables: BTreeMap::new(),
        }
    }

    /// What the store is, if there is one.
    pub(crate) async fn read(home: &Home) -> Result<Option<Self>, StoreError> {
        let Some(content) = home.read(FILE).await? else {
            return Ok(None);
        };
        let damaged = |error: serde_json::Error| StoreError::Damaged {
            path: format!("{}/{FILE}", home.tables()),
            reason: error.to_string(),
        };
        let any: AnyManifest = serde_json::from_slice(&content).map_err(damaged)?;
        if any.schema_version != SCHEMA_VERSION {
            return Err(StoreError::OtherSchema {
                uri: home.tables(),
                found: any.schema_version,
                known: SCHEMA_VERSION,
            });
        }
        serde_json::from_slice(&content).map(Some).map_err(damaged)
    }

    pub(crate) async fn write(&self, home: &Home) -> Result<(), StoreError> {
        home.write(FILE, self.content()?).await
    }

    /// Writes the manifest of a store that has none.
    pub(crate) async fn create(&self, home: &Home) -> Result<(), StoreError> {
        home.create(FILE, self.content()?).await
    }

    fn content(&self) -> Result<Vec<u8>, StoreError> {
        let mut content = serde_json::to_vec_pretty(self).map_err(|error| StoreError::Io {
            action: "write",
            path: FILE.to_owned(),
            reason: error.to_string(),
        })?;
        content.push(b'\n');
        Ok(content)
    }

    /// Refuses a store whose vectors another embedder made.
    pub(crate) fn check_embedder(
        &self,
        home: &Home,
        given: &dyn Embedder,
    ) -> Result<(), StoreError> {
        if self.embedder == *given.identity() {
            Ok(())
        } else {
            Err(StoreError::OtherEmbedder {
                uri: home.tables(),
                stored: Box::new(self.embedder.clone()),
                given: Box::new(given.identity().clone()),
                choice: given.choice().to_owned(),
            })
        }
    }
}
