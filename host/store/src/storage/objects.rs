//! A store in an object store, for several machines: each group is an object of its own, put only where none is yet.
//!
//! A lock is an object too, and has no expiry: a writer that was believed dead, and is not, would otherwise write
//! beside its successor. So a lock that a killed process left behind is removed by hand; the refusal says how.
//!
//! `memory://` keeps everything in memory and ends with the process.

use std::ops::Range;
use std::sync::Arc;

use futures::TryStreamExt as _;
use memhost_base::lock::this_process;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutPayload};

use super::found::{Extent, Found, Span};
use super::frame::decode;
use super::segment::{Segment, folder_of, in_folder, segments_of};
use super::{JOURNALS, MOST_TRIES};
use crate::StoreError;

/// A prefix in an object store.
#[derive(Debug, Clone)]
pub struct Objects {
    uri: Arc<str>,
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

/// A lock object, held by this process.
#[derive(Debug)]
pub(crate) struct Lease {
    storage: Objects,
    path: Path,
}

/// A journal in objects, one per group.
#[derive(Debug)]
pub(crate) struct ObjectJournal {
    lease: Lease,
    stem: String,
    /// The number of the oldest group that may be there.
    first: u64,
    /// The number of the next group.
    next: u64,
    /// Why no more can be written.
    broken: Option<String>,
}

impl Objects {
    /// The prefix of a URI: `s3://`, `gs://`, `az://` with the cargo features `s3`, `gcs`, `azure`; `memory://`.
    ///
    /// # Errors
    /// It is no URI, or of an object store that this build does not know.
    pub fn open(uri: &str) -> Result<Self, StoreError> {
        let (store, prefix): (Arc<dyn ObjectStore>, Path) = if uri.starts_with("memory://") {
            (Arc::new(InMemory::new()), Path::default())
        } else {
            check_feature(uri)?;
            let url = url::Url::parse(uri).map_err(|error| StoreError::Io {
                action: "understand",
                path: uri.to_owned(),
                reason: error.to_string(),
            })?;
            let options = std::env::vars().map(|(name, value)| (name.to_ascii_lowercase(), value));
            let (store, prefix) =
                object_store::parse_url_opts(&url, options).map_err(|e| failed("open", uri, &e))?;
            (store.into(), prefix)
        };
        Ok(Objects {
            uri: uri.into(),
            store,
            prefix,
        })
    }

    /// What it was opened by.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Whether it ends with the process.
    pub(super) fn is_in_memory(&self) -> bool {
        self.uri.starts_with("memory://")
    }

    /// How large an object below the prefix is; `None` if there is none.
    pub(super) async fn size(&self, path: &str) -> Result<Option<u64>, StoreError> {
        let parts = path.split('/');
        let path = parts.fold(self.prefix.clone(), |path, part| path.join(part));
        match self.store.head(&path).await {
            Ok(about) => Ok(Some(about.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed("look for", path.as_ref(), &error)),
        }
    }

    pub(crate) async fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.get(&self.prefix.clone().join(name)).await
    }

    pub(crate) async fn write(&self, name: &str, content: Vec<u8>) -> Result<(), StoreError> {
        let path = self.prefix.clone().join(name);
        let put = self.store.put(&path, content.into()).await;
        put.map(|_| ())
            .map_err(|e| failed("write", path.as_ref(), &e))
    }

    /// Writes an object that is not there yet.
    pub(crate) async fn create(&self, name: &str, content: Vec<u8>) -> Result<(), StoreError> {
        let path = self.prefix.clone().join(name);
        let put = self.put_new(&path, content.into()).await;
        put.map_err(|e| failed("create", path.as_ref(), &e))
    }

    /// An object in a folder below the prefix; `None` if there is none.
    pub async fn read_in(
        &self,
        folder: Option<&str>,
        name: &str,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.get(&self.folder(folder).join(name)).await
    }

    /// The names of the objects in a folder below the prefix.
    pub async fn names_in(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        let folder = self.folder(Some(folder));
        let listed = self.store.list_with_delimiter(Some(&folder)).await;
        let listed = listed.map_err(|e| failed("list", folder.as_ref(), &e))?;
        let names = listed.objects.iter();
        let names = names.filter_map(|object| object.location.filename().map(str::to_owned));
        Ok(names.collect())
    }

    fn folder(&self, folder: Option<&str>) -> Path {
        let prefix = self.prefix.clone();
        folder.map_or(prefix.clone(), |folder| prefix.join(folder))
    }

    /// Writes an object into a folder; one that is there is replaced.
    ///
    /// # Errors
    /// The object store refuses it.
    pub async fn write_in(
        &self,
        folder: Option<&str>,
        name: &str,
        content: Vec<u8>,
    ) -> Result<(), StoreError> {
        let path = self.folder(folder).join(name);
        let put = self.store.put(&path, content.into()).await;
        put.map(|_| ())
            .map_err(|e| failed("write", path.as_ref(), &e))
    }

    pub(crate) async fn try_lock(&self, stem: &str) -> Result<Option<Lease>, StoreError> {
        let path = self.lock_path(stem);
        match self.put_new(&path, this_process().into()).await {
            Ok(()) => Ok(Some(Lease {
                storage: self.clone(),
                path,
            })),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(None),
            Err(error) => Err(failed("lock", path.as_ref(), &error)),
        }
    }

    /// Who holds a lock, and what to do if that process is gone.
    pub(crate) async fn holder(&self, stem: &str) -> (String, String) {
        let path = self.lock_path(stem);
        let holder = match self.get(&path).await {
            Ok(Some(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
            _ => "another process".to_owned(),
        };
        let advice = format!("; if that process was killed, delete the object `{path}`");
        (holder, advice)
    }

    /// The names of all objects of journals, with their folders.
    pub(crate) async fn journal_names(&self) -> Result<Vec<String>, StoreError> {
        self.names_below(&self.folder(Some(JOURNALS))).await
    }

    /// The names of the objects in a journal's folder, with the folder.
    pub(crate) async fn names_beside(&self, stem: &str) -> Result<Vec<String>, StoreError> {
        let journals = self.folder(Some(JOURNALS));
        let folder = folder_of(stem).map_or(journals.clone(), |folder| journals.join(folder));
        self.names_below(&folder).await
    }

    /// The names of the objects below a folder of journals, as they are below that of all.
    async fn names_below(&self, folder: &Path) -> Result<Vec<String>, StoreError> {
        let journals = self.folder(Some(JOURNALS));
        let listed = self.store.list(Some(folder)).try_collect::<Vec<_>>().await;
        let listed = listed.map_err(|e| failed("list", folder.as_ref(), &e))?;
        let names = listed.iter().filter_map(|object| {
            let parts: Vec<_> = object.location.prefix_match(&journals)?.collect();
            let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
            Some(parts.join("/"))
        });
        Ok(names.collect())
    }

    /// An object of a journal, by its name with the folder.
    fn journal_path(&self, name: &str) -> Path {
        let journals = self.folder(Some(JOURNALS));
        name.split('/').fold(journals, |path, part| path.join(part))
    }

    /// Whether nobody holds a lock, as far as can be told without taking it.
    pub(crate) async fn has_no_lock(&self, stem: &str) -> Result<bool, StoreError> {
        Ok(self.get(&self.lock_path(stem)).await?.is_none())
    }

    /// A journal that holds segments of these numbers.
    pub(crate) fn journal(&self, lease: Lease, stem: String, numbers: Range<u64>) -> ObjectJournal {
        ObjectJournal {
            lease,
            stem,
            first: numbers.start,
            next: numbers.end,
            broken: None,
        }
    }

    /// What stands in a part of a journal, whoever holds it.
    pub(super) async fn read_span(&self, span: &Span) -> Result<Found, StoreError> {
        for _ in 0..MOST_TRIES {
            // A checkpoint has just forgotten one, and all before it: what the list lacks behind it may be there.
            if let Some(found) = self.try_read_span(span).await? {
                return Ok(found);
            }
        }
        Err(StoreError::Io {
            action: "read",
            path: format!("{JOURNALS}/{}", span.stem),
            reason: "its objects come and go".to_owned(),
        })
    }

    /// None if one of the objects was there a moment ago and is not.
    async fn try_read_span(&self, span: &Span) -> Result<Option<Found>, StoreError> {
        let mut found = Found::default();
        let names = self.names_beside(&span.stem).await?;
        let (there, missing) = segments_of(&names, span);
        for segment in there {
            let path = self.segment_path(&segment);
            let Some(content) = self.get(&path).await? else {
                return Ok(None);
            };
            let decoded = decode(&content).of_a_whole_object(content.len());
            found.add(segment.number, path.to_string(), decoded);
        }
        let place = |segment: Segment| (segment.number, self.segment_path(&segment).to_string());
        found.add_missing(missing.into_iter().map(place));
        Ok(Some(found))
    }

    /// Removes what was read of a journal, and renames groups that were damaged; the oldest first: were a later one gone
    /// before an earlier one, replaying the earlier one would bring back what it overwrote.
    pub(super) async fn forget(&self, extent: &Extent) -> Result<(), StoreError> {
        let damaged: Vec<u64> = extent.damaged().collect();
        for number in &extent.read {
            let segment = Segment::new(&extent.span.stem, *number);
            let path = self.segment_path(&segment);
            let (action, done) = match damaged.contains(number) {
                true => {
                    let aside = self.segment_path(&segment.set_aside());
                    ("rename", self.store.rename(&path, &aside).await)
                }
                false => ("remove", self.store.delete(&path).await),
            };
            match done {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(failed(action, path.as_ref(), &error)),
            }
        }
        Ok(())
    }

    fn segment_path(&self, segment: &Segment) -> Path {
        self.journal_path(&segment.name())
    }

    async fn get(&self, path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
        let bytes = match self.store.get(path).await {
            Ok(found) => found.bytes().await,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => Err(error),
        };
        let bytes = bytes.map_err(|e| failed("read", path.as_ref(), &e))?;
        Ok(Some(bytes.to_vec()))
    }

    async fn put_new(&self, path: &Path, content: PutPayload) -> object_store::Result<()> {
        let put = self.store.put_opts(path, content, PutMode::Create.into());
        put.await.map(|_| ())
    }

    fn lock_path(&self, stem: &str) -> Path {
        self.journal_path(&in_folder(stem, &format!("{stem}.lock")))
    }
}

impl Lease {
    pub(crate) async fn release(self) {
        if let Err(error) = self.storage.store.delete(&self.path).await {
            tracing::warn!(path = %self.path, %error, "a lock could not be released; delete it by hand");
        }
    }
}

impl ObjectJournal {
    pub(crate) async fn append(&mut self, group: Vec<u8>) -> Result<(), StoreError> {
        if let Some(reason) = &self.broken {
            return Err(StoreError::Broken {
                namespace: self.stem.clone(),
                reason: reason.clone(),
            });
        }
        let path = self.path(&Segment::new(&self.stem, self.next));
        match self.lease.storage.put_new(&path, group.into()).await {
            Ok(()) => {
                self.next += 1;
                Ok(())
            }
            Err(error) => {
                // It may have arrived all the same, or somebody else writes here.
                self.broken = Some(error.to_string());
                Err(failed("write", path.as_ref(), &error))
            }
        }
    }

    /// What was appended, if that is anything.
    pub(crate) fn seal(&self) -> Option<Span> {
        (self.first < self.next).then(|| Span {
            stem: self.stem.clone(),
            before: self.next,
        })
    }

    /// What was sealed is there no more.
    pub(crate) fn forgotten(&mut self, span: &Span) {
        self.first = span.before;
    }

    pub(crate) async fn release(self) {
        self.lease.release().await;
    }

    fn path(&self, segment: &Segment) -> Path {
        self.lease.storage.segment_path(segment)
    }
}

/// Whether this build knows the provider of a URI.
fn check_feature(uri: &str) -> Result<(), StoreError> {
    let missing = |provider, feature| {
        Err(StoreError::FeatureMissing {
            uri: uri.to_owned(),
            provider,
            feature,
        })
    };
    match uri.split("://").next() {
        Some("s3") if !cfg!(feature = "s3") => missing("Amazon S3", "s3"),
        Some("gs") if !cfg!(feature = "gcs") => missing("Google Cloud Storage", "gcs"),
        Some("az") if !cfg!(feature = "azure") => missing("Azure Blob Storage", "azure"),
        Some("s3" | "gs" | "az") => Ok(()),
        _ => Err(StoreError::UnknownScheme {
            uri: uri.to_owned(),
        }),
    }
}

fn failed(action: &'static str, path: &str, error: &object_store::Error) -> StoreError {
    StoreError::Io {
        action,
        path: path.to_owned(),
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_without_a_provider_names_its_feature() {
        for (uri, sign, is_there) in [
            ("s3://bucket/store", "`--features s3`", cfg!(feature = "s3")),
            (
                "gs://bucket/store",
                "`--features gcs`",
                cfg!(feature = "gcs"),
            ),
            (
                "az://bucket/store",
                "`--features azure`",
                cfg!(feature = "azure"),
            ),
            ("ftp://host/store", "unknown scheme", false),
        ] {
            match check_feature(uri) {
                Ok(()) => assert!(is_there),
                Err(error) => {
                    let text = error.to_string();
                    assert!(
                        !is_there && text.contains(uri) && text.contains(sign),
                        "{text}"
                    );
                }
            }
        }
    }
}
