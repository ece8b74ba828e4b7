//! `memhost.json`: what a store is, which version of each table counts, and what the files of those are.
//!
//! It is replaced in one step at the end of a checkpoint. Tables that have later versions by then, because a checkpoint did
//! not come to its end, are read at the version that stands here, and taken back to it by the next checkpoint.
//!
//! It carries a digest of itself, and a copy of it stands beside it, written just before it: whichever is sound leads to a
//! whole store.

use std::collections::BTreeMap;

use memhost_contract::embedder::{Embedder, EmbedderIdentity};
use sha2::{Digest, Sha256};

use super::StoreError;
use super::seal::{Seals, table_of};
use super::storage::Storage;

/// The version of everything that is stored: tables, journal, this file.
pub const SCHEMA_VERSION: u32 = 4;

/// The version before that, of which a store can be [written anew](super::Store::upgrade).
pub(crate) const EARLIER_VERSION: u32 = 3;

/// The file, and its copy.
pub(crate) const MANIFEST: &str = "memhost.json";
pub(crate) const MANIFEST_COPY: &str = "memhost.copy.json";

/// What a store is.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Manifest {
    /// [`SCHEMA_VERSION`] of the memhost that wrote it.
    pub schema_version: u32,
    /// Whose vectors the store holds.
    pub embedder: EmbedderIdentity,
    /// The version of each table that counts.
    pub tables: BTreeMap<String, u64>,
    /// The files of those versions; none of tables that are in no files.
    #[serde(default, skip_serializing_if = "Seals::is_empty")]
    pub files: Seals,
    /// SHA-256 of the rest, where it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    /// Why the copy was read, if it was.
    #[serde(skip)]
    pub restored: Option<String>,
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
            files: Seals::new(),
            digest: None,
            restored: None,
        }
    }

    /// The files of a table.
    pub fn files_of(&self, table: &str) -> Seals {
        let files = self.files.iter();
        let files = files.filter(|(path, _)| table_of(path) == table);
        files
            .map(|(path, seal)| (path.clone(), seal.clone()))
            .collect()
    }

    /// What the store is, if there is one.
    pub async fn read(storage: &Storage) -> Result<Option<Self>, StoreError> {
        let place = |name| format!("{}/{name}", storage.tables());
        let damaged = |name, reason| StoreError::Damaged {
            path: place(name),
            reason,
        };
        let (main, copy) = (
            storage.read(MANIFEST).await?,
            storage.read(MANIFEST_COPY).await?,
        );
        let fault = match &main {
            Some(content) if copy.as_ref().is_some_and(|copy| is_misread(content, copy)) => {
                Some("its schema version was changed".to_owned())
            }
            Some(content) => match Manifest::parse(storage, content)? {
                Ok(manifest) => return Ok(Some(manifest)),
                Err(reason) => Some(reason),
            },
            None => None,
        };
        let Some(copy) = copy else {
            return match fault {
                None => Ok(None),
                Some(reason) => Err(damaged(MANIFEST, format!("{reason}, and it has no copy"))),
            };
        };
        let fault = fault.map_or("is gone".to_owned(), |reason| {
            format!("is damaged ({reason})")
        });
        match Manifest::parse(storage, &copy)? {
            Ok(copy) => Ok(Some(Manifest {
                restored: Some(format!(
                    "`{}` {fault}; its copy was read instead",
                    place(MANIFEST)
                )),
                ..copy
            })),
            Err(reason) => Err(damaged(
                MANIFEST_COPY,
                format!("{reason}, and {MANIFEST}, which it is a copy of, {fault}"),
            )),
        }
    }

    /// What a store of the version before is; of a damaged manifest the copy counts.
    pub(crate) async fn read_earlier(storage: &Storage) -> Result<Self, StoreError> {
        let mut wrong = StoreError::NoStore {
            uri: storage.tables(),
        };
        for name in [MANIFEST, MANIFEST_COPY] {
            let Some(content) = storage.read(name).await? else {
                continue;
            };
            match Manifest::parse_of(storage, &content, EARLIER_VERSION)? {
                Ok(manifest) => return Ok(manifest),
                Err(reason) => {
                    let path = format!("{}/{name}", storage.tables());
                    wrong = StoreError::Damaged { path, reason };
                }
            }
        }
        Err(wrong)
    }

    /// The copy, if it is sound.
    pub(crate) async fn read_copy(storage: &Storage) -> Result<Option<Self>, StoreError> {
        let copy = storage.read(MANIFEST_COPY).await?;
        let parse = |copy: Vec<u8>| Manifest::parse(storage, &copy).ok()?.ok();
        Ok(copy.and_then(parse))
    }

    /// Understands a manifest; the inner error is what is wrong with it.
    fn parse(storage: &Storage, content: &[u8]) -> Result<Result<Self, String>, StoreError> {
        Manifest::parse_of(storage, content, SCHEMA_VERSION)
    }

    fn parse_of(
        storage: &Storage,
        content: &[u8],
        version: u32,
    ) -> Result<Result<Self, String>, StoreError> {
        if let Ok(any) = serde_json::from_slice::<AnyManifest>(content)
            && any.schema_version != version
        {
            return Err(StoreError::OtherSchema {
                uri: storage.tables(),
                found: any.schema_version,
                known: version,
            });
        }
        let mut manifest: Manifest = match serde_json::from_slice(content) {
            Ok(manifest) => manifest,
            Err(error) => return Ok(Err(error.to_string())),
        };
        match manifest.digest.take() {
            Some(digest) if digest != manifest.digest()? => {
                Ok(Err("its digest is that of another content".to_owned()))
            }
            _ => Ok(Ok(manifest)),
        }
    }

    /// Writes it; it counts when this returns.
    pub(crate) async fn write(&self, storage: &Storage) -> Result<(), StoreError> {
        let content = self.content()?;
        storage.write(MANIFEST_COPY, content.clone()).await?;
        storage.write(MANIFEST, content).await
    }

    /// Writes the manifest of a store that has none.
    pub(crate) async fn create(&self, storage: &Storage) -> Result<(), StoreError> {
        let content = self.content()?;
        storage.create(MANIFEST, content.clone()).await?;
        storage.write(MANIFEST_COPY, content).await
    }

    /// SHA-256 of all but the digest.
    fn digest(&self) -> Result<String, StoreError> {
        let without = Manifest {
            digest: None,
            ..self.clone()
        };
        Ok(hex::encode(Sha256::digest(without.text()?)))
    }

    fn content(&self) -> Result<Vec<u8>, StoreError> {
        let with = Manifest {
            digest: Some(self.digest()?),
            ..self.clone()
        };
        let mut content = with.text()?;
        content.push(b'\n');
        Ok(content)
    }

    fn text(&self) -> Result<Vec<u8>, StoreError> {
        serde_json::to_vec_pretty(self).map_err(|error| StoreError::Io {
            action: "write",
            path: MANIFEST.to_owned(),
            reason: error.to_string(),
        })
    }

    /// Refuses a store whose vectors another embedder made.
    pub(crate) fn check_embedder(
        &self,
        storage: &Storage,
        given: &dyn Embedder,
    ) -> Result<(), StoreError> {
        if self.embedder == *given.identity() {
            Ok(())
        } else {
            Err(StoreError::OtherEmbedder {
                uri: storage.tables(),
                stored: Box::new(self.embedder.clone()),
                given: Box::new(given.identity().clone()),
                choice: given.choice().to_owned(),
            })
        }
    }
}

/// Whether a manifest differs from its copy in the schema version alone: another memhost would have written more than that
/// anew.
fn is_misread(main: &[u8], copy: &[u8]) -> bool {
    let parse = |text| serde_json::from_slice::<serde_json::Value>(text).ok();
    let (Some(mut main), Some(copy)) = (parse(main), parse(copy)) else {
        return false;
    };
    let same = main == copy;
    if let (Some(version), Some(of_copy)) =
        (main.get_mut("schema_version"), copy.get("schema_version"))
    {
        *version = of_copy.clone();
    }
    !same && main == copy
}
