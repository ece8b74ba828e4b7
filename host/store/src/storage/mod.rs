//! Where a store lives: a local directory, or a prefix in an object store. Beside LanceDB's tables there are
//!
//! - `memhost.json`, which says what the store is (see [`super::manifest`]);
//! - `journal/`, one journal per namespace, with a lock that its writer holds; in 256 folders, so that who opens one of ten
//!   thousand namespaces does not list the journals of all others.
//!
//! In a directory every write is on the disk when it returns: files are synced, and so are the directories that name
//! them. An object store promises that by itself.

mod directory;
mod files;
mod found;
mod frame;
mod objects;
mod segment;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub use directory::Directory;
pub(crate) use frame::encode;
pub use objects::Objects;

use super::StoreError;
pub(crate) use found::{Extent, LookedAt, Sealed, Span, Unsound};
use memhost_base::lock::FileLock;
use segment::{Segment, file_of, locked_by, numbers, stem, stems};

/// The folder of journals and locks.
const JOURNALS: &str = "journal";
/// How long to wait for a lock: as long as another process may need to take a journal into the tables.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);
/// How long to wait for another process's checkpoint.
const CHECKPOINT_PATIENCE: Duration = Duration::from_secs(60);
/// How often to try meanwhile.
const LOCK_RETRY: Duration = Duration::from_millis(50);
/// How often a journal is read again because a checkpoint has meanwhile forgotten some of it.
const MOST_TRIES: usize = 100;

/// Where a store lives. Cheap to clone.
#[derive(Debug, Clone)]
pub enum Storage {
    /// A directory of this machine.
    Directory(Directory),
    /// A prefix in an object store.
    Objects(Objects),
}

/// The journal of one namespace, held by this process: what was done since the tables were last brought up to date.
#[derive(Debug)]
pub(crate) enum Journal {
    Directory(directory::DirectoryJournal),
    Objects(objects::ObjectJournal),
}

/// A lock that ends with the process or when it is released.
#[derive(Debug)]
pub(crate) enum Lock {
    Directory(#[allow(dead_code, reason = "the lock is held by holding the file")] FileLock),
    Objects(objects::Lease),
}

impl Storage {
    /// Finds out where a URI leads; nothing is created before `make_writable`.
    pub async fn open(uri: &str) -> Result<Self, StoreError> {
        match scheme(uri) {
            None => Directory::open(PathBuf::from(uri)).map(Storage::Directory),
            Some("file") => {
                let path = uri.trim_start_matches("file://");
                Directory::open(PathBuf::from(path)).map(Storage::Directory)
            }
            Some(_) => Objects::open(uri).map(Storage::Objects),
        }
    }

    /// The URI that LanceDB connects to.
    pub fn tables(&self) -> String {
        match self {
            Storage::Directory(directory) => directory.path().display().to_string(),
            Storage::Objects(objects) => objects.uri().to_owned(),
        }
    }

    /// A small file's content, if it exists.
    pub(crate) async fn read(&self, name: &'static str) -> Result<Option<Vec<u8>>, StoreError> {
        match self {
            Storage::Directory(directory) => directory.read(name),
            Storage::Objects(objects) => objects.read(name).await,
        }
    }

    /// Replaces a small file in one step.
    pub(crate) async fn write(
        &self,
        name: &'static str,
        content: Vec<u8>,
    ) -> Result<(), StoreError> {
        match self {
            Storage::Directory(directory) => {
                let directory = directory.clone();
                blocking(move || directory.write(name, &content)).await
            }
            Storage::Objects(objects) => objects.write(name, content).await,
        }
    }

    /// Writes a small file that is not there yet. The caller sees to it that nobody else does; in an object store it is an
    /// error if somebody did.
    pub(crate) async fn create(
        &self,
        name: &'static str,
        content: Vec<u8>,
    ) -> Result<(), StoreError> {
        match self {
            Storage::Directory(_) => self.write(name, content).await,
            Storage::Objects(objects) => objects.create(name, content).await,
        }
    }

    /// Opens a namespace's journal for this process alone, and reads what is in it.
    pub(crate) async fn journal(&self, namespace: &str) -> Result<(Journal, Sealed), StoreError> {
        let stem = stem(namespace)?;
        let lock = self
            .lock(&stem, &format!("namespace `{namespace}`"))
            .await?;
        let span = Span::all(&stem);
        let journal = self.journal_under(lock, stem, namespace).await?;
        match self.read_span(span).await {
            Ok(sealed) => Ok((journal, sealed)),
            Err(error) => {
                journal.release().await;
                Err(error)
            }
        }
    }

    /// What stands among the journals under a name that none of them has: perhaps it was one.
    pub(crate) async fn strangers(&self) -> Result<Vec<String>, StoreError> {
        let names = self.journal_names().await?.into_iter();
        let is_strange = |name: &String| {
            let file = file_of(name);
            !file.starts_with('.') && !file.ends_with(".lock") && Segment::parse(name).is_none()
        };
        let strange = names.filter(is_strange);
        Ok(strange
            .map(|name| format!("{}/{JOURNALS}/{name}", self.tables()))
            .collect())
    }

    /// What earlier checkpoints set aside.
    pub(crate) async fn set_aside(&self) -> Result<Vec<String>, StoreError> {
        let segments = self.segments().await?.into_iter();
        let set_aside = segments.filter(|segment| segment.is_set_aside);
        Ok(set_aside
            .map(|segment| format!("{}/{JOURNALS}/{}", self.tables(), segment.name()))
            .collect())
    }

    /// The journals that hold something, as they are, each with what holds it now if anything does.
    pub(crate) async fn look_at_journals(&self) -> Result<Vec<LookedAt>, StoreError> {
        let mut looked_at = Vec::new();
        for stem in stems(self.segments().await?) {
            looked_at.push(LookedAt {
                sealed: self.read_span(Span::all(&stem)).await?,
                holder: self.holder_now(&stem).await,
                stem,
            });
        }
        Ok(looked_at)
    }

    /// The processes that hold anything of the store: whoever has it open lets go of a journal long before taking it in.
    pub(crate) async fn holders(&self) -> Result<BTreeSet<String>, StoreError> {
        let names = self.journal_names().await?;
        let mut holders = BTreeSet::new();
        for stem in names.iter().filter_map(|name| locked_by(name)) {
            holders.extend(self.holder_now(stem).await);
        }
        Ok(holders)
    }

    /// Who holds a lock, if anybody does.
    async fn holder_now(&self, stem: &str) -> Option<String> {
        match self.try_lock(stem).await {
            Ok(None) => Some(self.holder(stem).await.0),
            Ok(Some(lock)) => {
                lock.release().await;
                None
            }
            // Where no lock can be made, as on a disk that is only read, nobody writes.
            Err(_) => None,
        }
    }

    /// Opens the first of a row of journals that nobody holds; what a killed process left in it stays.
    pub(crate) async fn free_journal(&self, row: &str) -> Result<Journal, StoreError> {
        let mut number = 0;
        loop {
            let stem = stem(&format!("{row} {number}"))?;
            if let Some(lock) = self.try_lock(&stem).await? {
                return self.journal_under(lock, stem, row).await;
            }
            number += 1;
        }
    }

    /// Creates the place if need be, and shows early whether it can be written to.
    pub(crate) fn make_writable(&self) -> Result<(), StoreError> {
        match self {
            Storage::Directory(directory) => directory.make_writable(),
            Storage::Objects(_) => Ok(()),
        }
    }

    /// Brings what LanceDB wrote since then to the disk.
    pub(crate) async fn sync_since(&self, since: SystemTime) -> Result<(), StoreError> {
        match self {
            Storage::Directory(directory) => {
                let directory = directory.clone();
                blocking(move || directory.sync_since(since)).await
            }
            Storage::Objects(_) => Ok(()),
        }
    }

    /// An error if anybody holds a lock, except for these.
    pub(crate) async fn refuse_if_held(&self, except: &[&str]) -> Result<(), StoreError> {
        let names = self.journal_names().await?;
        let stems = names.iter().filter_map(|name| locked_by(name));
        for stem in stems.filter(|stem| !except.contains(stem)) {
            let what = format!("namespace `{stem}`");
            self.lock(stem, &what).await?.release().await;
        }
        Ok(())
    }

    /// The journals that hold something, whoever holds them.
    pub(crate) async fn journals(&self) -> Result<Vec<String>, StoreError> {
        Ok(stems(self.segments().await?))
    }

    /// What stands in a journal that nobody holds. Whoever opens it afterwards appends behind that.
    pub(crate) async fn read_idle(&self, stem: &str) -> Result<Option<Sealed>, StoreError> {
        let Some(lock) = self.try_lock(stem).await? else {
            return Ok(None);
        };
        let sealed = self.read_span(Span::all(stem)).await;
        lock.release().await;
        sealed.map(Some)
    }

    /// Reads a part of a journal that was sealed.
    pub(crate) async fn read_span(&self, span: Span) -> Result<Sealed, StoreError> {
        let found = match self {
            Storage::Directory(directory) => {
                let (directory, span) = (directory.clone(), span.clone());
                blocking(move || directory.read_span(&span)).await?
            }
            Storage::Objects(objects) => objects.read_span(&span).await?,
        };
        Ok(Sealed::new(found, span))
    }

    /// Forgets what was read, and nothing that came after it. Segments in which something was damaged stay, under other
    /// names, so that all that is left of them can still be looked at.
    pub(crate) async fn forget(&self, extent: Arc<Extent>) -> Result<(), StoreError> {
        match self {
            Storage::Directory(directory) => {
                let directory = directory.clone();
                blocking(move || directory.forget(&extent)).await
            }
            Storage::Objects(objects) => objects.forget(&extent).await,
        }
    }

    /// Whether any journal holds something.
    pub(crate) async fn has_journals(&self) -> Result<bool, StoreError> {
        let segments = self.segments().await?;
        Ok(segments.iter().any(|segment| !segment.is_set_aside))
    }

    async fn segments(&self) -> Result<Vec<Segment>, StoreError> {
        let names = self.journal_names().await?;
        Ok(names
            .iter()
            .filter_map(|name| Segment::parse(name))
            .collect())
    }

    /// The names of all that stands beside the journals, and theirs, each with its folder.
    async fn journal_names(&self) -> Result<Vec<String>, StoreError> {
        match self {
            Storage::Directory(directory) => directory.journal_names(),
            Storage::Objects(objects) => objects.journal_names().await,
        }
    }

    /// An error if somebody holds a lock for longer than a moment; `what` is named in the refusal. Whoever only looks
    /// takes no lock if nobody has it: others look at the same time.
    pub(crate) async fn refuse_if_locked(&self, stem: &str, what: &str) -> Result<(), StoreError> {
        let is_free = match self {
            Storage::Directory(directory) => directory.has_no_lock(stem),
            Storage::Objects(objects) => objects.has_no_lock(stem).await?,
        };
        if !is_free {
            self.lock(stem, what).await?.release().await;
        }
        Ok(())
    }

    /// Waits a moment for a lock; `what` is named in the refusal.
    pub(crate) async fn lock(&self, stem: &str, what: &str) -> Result<Lock, StoreError> {
        self.lock_within(LOCK_PATIENCE, stem, what).await
    }

    /// Waits for a lock as long as a checkpoint of another process may take.
    pub(crate) async fn lock_patiently(&self, stem: &str, what: &str) -> Result<Lock, StoreError> {
        self.lock_within(CHECKPOINT_PATIENCE, stem, what).await
    }

    async fn lock_within(
        &self,
        patience: Duration,
        stem: &str,
        what: &str,
    ) -> Result<Lock, StoreError> {
        let start = tokio::time::Instant::now();
        loop {
            if let Some(lock) = self.try_lock(stem).await? {
                return Ok(lock);
            }
            if start.elapsed() >= patience {
                let (holder, advice) = self.holder(stem).await;
                return Err(StoreError::InUse {
                    what: what.to_owned(),
                    holder,
                    advice,
                });
            }
            tokio::time::sleep(LOCK_RETRY).await;
        }
    }

    /// Who holds a lock, and what to do if that process is gone for good.
    async fn holder(&self, stem: &str) -> (String, String) {
        match self {
            Storage::Directory(directory) => (directory.holder(stem), String::new()),
            Storage::Objects(objects) => objects.holder(stem).await,
        }
    }

    async fn try_lock(&self, stem: &str) -> Result<Option<Lock>, StoreError> {
        match self {
            Storage::Directory(directory) => Ok(directory.try_lock(stem)?.map(Lock::Directory)),
            Storage::Objects(objects) => Ok(objects.try_lock(stem).await?.map(Lock::Objects)),
        }
    }

    /// A journal whose lock is held: what stands in it stays as it is, but for what checkpoints take in.
    async fn journal_under(
        &self,
        lock: Lock,
        stem: String,
        what: &str,
    ) -> Result<Journal, StoreError> {
        let names = match self {
            Storage::Directory(directory) => directory.names_beside(&stem),
            Storage::Objects(objects) => objects.names_beside(&stem).await,
        };
        let numbers = match names {
            Ok(names) => numbers(&names, &stem),
            Err(error) => {
                lock.release().await;
                return Err(error);
            }
        };
        Ok(match (self, lock) {
            (Storage::Directory(directory), Lock::Directory(lock)) => {
                Journal::Directory(directory.journal(lock, stem, numbers, what))
            }
            (Storage::Objects(objects), Lock::Objects(lease)) => {
                Journal::Objects(objects.journal(lease, stem, numbers))
            }
            _ => unreachable!("a storage gives locks of its own kind"),
        })
    }
}

impl Journal {
    /// Adds a group; it is durable when this returns. After an error the journal is as it was.
    pub(crate) async fn append(&mut self, group: Vec<u8>) -> Result<(), StoreError> {
        match self {
            Journal::Directory(journal) => {
                let journal = journal.clone();
                blocking(move || journal.append(&group)).await
            }
            Journal::Objects(journal) => journal.append(group).await,
        }
    }

    /// What was appended so far, if that is anything; what is appended from now on is not part of it.
    pub(crate) fn seal(&mut self) -> Option<Span> {
        match self {
            Journal::Directory(journal) => journal.seal(),
            Journal::Objects(journal) => journal.seal(),
        }
    }

    /// What was sealed is in the tables.
    pub(crate) fn forgotten(&mut self, span: &Span) {
        match self {
            Journal::Directory(journal) => journal.forgotten(span),
            Journal::Objects(journal) => journal.forgotten(span),
        }
    }

    /// Lets others have it.
    pub(crate) async fn release(self) {
        match self {
            Journal::Directory(_) => {}
            Journal::Objects(journal) => journal.release().await,
        }
    }
}

impl Lock {
    /// Lets others have it.
    pub(crate) async fn release(self) {
        if let Lock::Objects(lease) = self {
            lease.release().await;
        }
    }
}

/// The scheme of a URI; none for a path. A single letter is a Windows drive.
fn scheme(uri: &str) -> Option<&str> {
    let (scheme, _) = uri.split_once("://")?;
    (scheme.len() > 1).then_some(scheme)
}

/// Runs what waits for the disk off the async threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(StoreError::Io {
            action: "finish work on",
            path: "the disk".to_owned(),
            reason: error.to_string(),
        }),
    }
}

/// Shared by the tasks that use a journal.
type Shared<T> = Arc<std::sync::Mutex<T>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_no_scheme() {
        assert_eq!(scheme("/tmp/store"), None);
        assert_eq!(scheme("C://store"), None);
        assert_eq!(scheme("s3://bucket/store"), Some("s3"));
    }
}
