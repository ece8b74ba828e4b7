//! A store in a local directory: files, locks, and what it takes for them to be on the disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use memhost_base::disk;
use memhost_base::lock::FileLock;
use serde::de::DeserializeOwned;

use super::files::COPIES;
use super::found::{Extent, Found, Span};
use super::frame::decode;
use super::segment::{Segment, folder_of, in_folder, segments_of};
use super::{JOURNALS, MOST_TRIES, Shared};
use crate::manifest::{MANIFEST, MANIFEST_COPY};
use crate::{CHECKPOINT, StoreError};

/// What of a store may stand in a directory that is to become one.
const OWN: [&str; 4] = [MANIFEST, MANIFEST_COPY, JOURNALS, COPIES];
/// What file systems put at the root of a fresh volume.
const OF_A_VOLUME: [&str; 3] = ["lost+found", "System Volume Information", "$RECYCLE.BIN"];

/// A store's directory.
#[derive(Debug, Clone)]
pub struct Directory {
    path: Arc<Path>,
}

/// A journal in files that are appended to.
#[derive(Debug, Clone)]
pub(crate) struct DirectoryJournal {
    inner: Shared<Segments>,
}

#[derive(Debug)]
struct Segments {
    _lock: FileLock,
    directory: PathBuf,
    stem: String,
    what: String,
    /// The number of the oldest segment that may be there.
    first: u64,
    /// The number of the segment that is written to.
    current: u64,
    /// Its file and length, once something was written to it.
    open: Option<(File, u64)>,
    /// Why no more can be written.
    broken: Option<String>,
}

impl Directory {
    /// Looks at a place, and changes nothing. A directory with other things in it is no place for a store.
    pub(crate) fn open(path: PathBuf) -> Result<Self, StoreError> {
        if path.is_file() {
            return Err(StoreError::IsAFile {
                path: path.display().to_string(),
            });
        }
        let exists = [MANIFEST, MANIFEST_COPY]
            .iter()
            .any(|name| path.join(name).exists());
        if !exists && let Ok(entries) = fs::read_dir(&path) {
            let mut names = entries
                .flatten()
                .map(|entry| entry.file_name().to_string_lossy().into_owned());
            let may_stand = |name: &&str| OWN.contains(name) || OF_A_VOLUME.contains(name);
            let is_foreign = |name: &String| !name.starts_with('.') && !may_stand(&name.as_str());
            if let Some(found) = names.find(is_foreign) {
                return Err(StoreError::NotAStore {
                    path: path.display().to_string(),
                    found,
                });
            }
        }
        let path = path
            .canonicalize()
            .or_else(|_| std::path::absolute(&path))
            .map_err(|e| StoreError::io("open", &path, &e))?;
        Ok(Directory { path: path.into() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.path.join(name);
        match fs::read(&path) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io("read", &path, &error)),
        }
    }

    pub(crate) fn write(&self, name: &str, content: &[u8]) -> Result<(), StoreError> {
        let path = self.path.join(name);
        disk::write_whole(&path, content).map_err(|error| StoreError::io("write", &path, &error))
    }

    /// Creates the directory and what journals need, and shows early whether the store can be written to.
    pub(crate) fn make_writable(&self) -> Result<(), StoreError> {
        let journals = self.journals();
        let probe = journals.join(format!(".probe.{}", std::process::id()));
        let create = || {
            disk::create_directories(&journals)?;
            File::create(&probe)?;
            fs::remove_file(&probe)
        };
        create().map_err(|error| StoreError::io("write to", &self.path, &error))
    }

    pub(crate) fn try_lock(&self, stem: &str) -> Result<Option<FileLock>, StoreError> {
        let path = self.lock_path(stem);
        let locked = match FileLock::try_new(&path) {
            // The folder is made for the first journal in it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let folder = path.parent().unwrap_or(self.path());
                disk::create_directories(folder).and_then(|()| FileLock::try_new(&path))
            }
            locked => locked,
        };
        locked.map_err(|error| StoreError::io("lock", &path, &error))
    }

    /// Who holds a lock.
    pub(crate) fn holder(&self, stem: &str) -> String {
        FileLock::holder(&self.lock_path(stem))
    }

    /// The names of all files of journals, with their folders.
    pub(crate) fn journal_names(&self) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        for name in names_in(&self.journals())? {
            let folder = self.journals().join(&name);
            match name.len() == 2 && folder.is_dir() {
                true => {
                    let inner = names_in(&folder)?.into_iter();
                    names.extend(inner.map(|file| format!("{name}/{file}")));
                }
                false => names.push(name),
            }
        }
        Ok(names)
    }

    /// The names of the files in a journal's folder, with the folder.
    pub(crate) fn names_beside(&self, stem: &str) -> Result<Vec<String>, StoreError> {
        let names = names_in(&self.folder(stem))?.into_iter();
        Ok(names.map(|file| in_folder(stem, &file)).collect())
    }

    /// Whether nobody holds a lock, as far as can be told without taking it.
    pub(crate) fn has_no_lock(&self, stem: &str) -> bool {
        !self.lock_path(stem).exists()
    }

    /// What stands in a part of a journal, whoever holds it.
    pub(crate) fn read_span(&self, span: &Span) -> Result<Found, StoreError> {
        let mut tries = 0;
        loop {
            match self.try_read_span(span) {
                // A checkpoint has just forgotten it, and all before it: what the list lacks behind it may be there.
                Err(StoreError::Io { .. }) if tries < MOST_TRIES => tries += 1,
                found => return found,
            }
        }
    }

    fn try_read_span(&self, span: &Span) -> Result<Found, StoreError> {
        let mut found = Found::default();
        let directory = self.journals();
        let path = |segment: &Segment| directory.join(segment.name());
        let (there, missing) = segments_of(&self.names_beside(&span.stem)?, span);
        for segment in there {
            let path = path(&segment);
            let content = fs::read(&path).map_err(|e| StoreError::io("read", &path, &e))?;
            found.add(segment.number, path.display().to_string(), decode(&content));
        }
        let place = |segment: Segment| (segment.number, path(&segment).display().to_string());
        found.add_missing(missing.into_iter().map(place));
        Ok(found)
    }

    /// Removes what was read of a journal, and renames segments in which something was damaged; the oldest first: were a
    /// later one gone before an earlier one, replaying the earlier one would bring back what it overwrote.
    pub(crate) fn forget(&self, extent: &Extent) -> Result<(), StoreError> {
        let directory = self.journals();
        let damaged: Vec<u64> = extent.damaged().collect();
        for number in &extent.read {
            let segment = Segment::new(&extent.span.stem, *number);
            let path = directory.join(segment.name());
            let (action, done) = match damaged.contains(number) {
                true => {
                    let aside = directory.join(segment.set_aside().name());
                    ("rename", fs::rename(&path, aside))
                }
                false => ("remove", fs::remove_file(&path)),
            };
            match done {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(StoreError::io(action, &path, &error));
                }
                _ => {}
            }
        }
        if extent.read.is_empty() {
            return Ok(());
        }
        let folder = self.folder(&extent.span.stem);
        disk::sync_directory(&folder).map_err(|e| StoreError::io("sync", &folder, &e))
    }

    /// What stands in the journals of a store of schema version 3, which are all in one folder, in the order in which it
    /// was written there; and what of that is not sound, in words.
    ///
    /// # Errors
    /// A process holds one of them.
    pub(crate) fn read_earlier_journals<G: DeserializeOwned>(
        &self,
    ) -> Result<(Vec<G>, Vec<String>), StoreError> {
        let names = names_in(&self.journals())?;
        for stem in names.iter().filter_map(|name| name.strip_suffix(".lock")) {
            let path = self.journals().join(format!("{stem}.lock"));
            let is_own = stem == CHECKPOINT;
            let free = || FileLock::try_new(&path).map_err(|e| StoreError::io("lock", &path, &e));
            if !is_own && free()?.is_none() {
                return Err(StoreError::InUse {
                    what: format!("namespace `{stem}`"),
                    holder: FileLock::holder(&path),
                    advice: String::new(),
                });
            }
        }
        let segments = names.iter().filter_map(|name| {
            let segment = Segment::of_file(name)?;
            (!segment.is_set_aside).then_some((segment, name))
        });
        let mut segments: Vec<(Segment, &String)> = segments.collect();
        segments.sort_unstable();
        let (mut groups, mut unsound) = (Vec::new(), Vec::new());
        for (_, name) in segments {
            let path = self.journals().join(name);
            let content = fs::read(&path).map_err(|e| StoreError::io("read", &path, &e))?;
            let decoded = decode::<G>(&content);
            groups.extend(decoded.groups);
            unsound.extend(decoded.torn.iter().map(|torn| torn.told_of(path.display())));
        }
        Ok((groups, unsound))
    }

    /// Changes when anything is written to the store.
    pub(crate) fn fingerprint(&self) -> Result<Vec<u8>, StoreError> {
        let mut found = self.read(MANIFEST)?.unwrap_or_default();
        let mut names = names_in(&self.journals())?;
        names.sort_unstable();
        for name in names.iter().filter(|name| !name.ends_with(".lock")) {
            let path = self.journals().join(name);
            let about = fs::metadata(&path).map_err(|e| StoreError::io("read", &path, &e))?;
            found.extend_from_slice(format!("{name} {}\n", about.len()).as_bytes());
        }
        Ok(found)
    }

    /// A journal that holds segments of these numbers.
    pub(crate) fn journal(
        &self,
        lock: FileLock,
        stem: String,
        numbers: Range<u64>,
        what: &str,
    ) -> DirectoryJournal {
        let segments = Segments {
            _lock: lock,
            directory: self.journals(),
            stem,
            what: what.to_owned(),
            first: numbers.start,
            current: numbers.end,
            open: None,
            broken: None,
        };
        DirectoryJournal {
            inner: Arc::new(Mutex::new(segments)),
        }
    }

    /// Brings what LanceDB wrote since then to the disk: it syncs nothing itself.
    pub(crate) fn sync_since(&self, since: SystemTime) -> Result<(), StoreError> {
        let mut touched = Vec::new();
        for table in self.table_directories()? {
            collect_since(&table, since, &mut touched)
                .map_err(|e| StoreError::io("list", &table, &e))?;
        }
        touched.push(self.path.to_path_buf());
        // Together, because the file system then writes its own journal once for all of them.
        let share = touched.len().div_ceil(8).max(1);
        std::thread::scope(|scope| {
            let workers: Vec<_> = touched
                .chunks(share)
                .map(|paths| scope.spawn(|| paths.iter().try_for_each(|path| sync(path))))
                .collect();
            workers.into_iter().try_for_each(|worker| {
                worker.join().unwrap_or_else(|_| {
                    Err(StoreError::Io {
                        action: "sync",
                        path: self.path.display().to_string(),
                        reason: "the thread ended".to_owned(),
                    })
                })
            })
        })
    }

    /// Brings everything in a folder of the store to the disk; says which files there are, by their paths below the store.
    pub(crate) fn sync_all(&self, folder: &Path) -> Result<Vec<String>, StoreError> {
        let mut found = Vec::new();
        if folder.exists() {
            collect_since(folder, SystemTime::UNIX_EPOCH, &mut found)
                .map_err(|e| StoreError::io("list", folder, &e))?;
        }
        found.iter().try_for_each(|path| sync(path))?;
        let files = found.iter().filter(|path| path.is_file());
        let below = |path: &PathBuf| Some(path.strip_prefix(&self.path).ok()?.to_str()?.to_owned());
        Ok(files.filter_map(below).collect())
    }

    /// A file of the tables that this user may not read is as good as ever: nobody shall take it for lost.
    ///
    /// # Errors
    /// There is one; it is named.
    pub(crate) fn refuse_unreadable(&self) -> Result<(), StoreError> {
        let mut found = Vec::new();
        for folder in self.table_directories()? {
            collect_since(&folder, SystemTime::UNIX_EPOCH, &mut found)
                .map_err(|e| StoreError::io("list", &folder, &e))?;
        }
        for path in found {
            match File::open(&path) {
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    return Err(StoreError::io("read", &path, &error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes away a table's versions above one: those of a checkpoint that did not come to its end, whose files a power
    /// loss may have torn.
    pub fn drop_versions_above(&self, table: &str, version: u64) -> Result<(), StoreError> {
        let versions = self.path.join(format!("{table}.lance/_versions"));
        let entries = fs::read_dir(&versions).map_err(|e| StoreError::io("list", &versions, &e))?;
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let number = name
                .strip_suffix(".manifest")
                .and_then(|number| number.parse::<u64>().ok());
            // Newer tables count down from the largest number, in names of twenty digits.
            let number = number.map(|n| if name.len() > 20 { u64::MAX - n } else { n });
            if number.is_some_and(|number| number > version) {
                fs::remove_file(entry.path())
                    .map_err(|e| StoreError::io("remove", &entry.path(), &e))?;
            }
        }
        Ok(())
    }

    fn table_directories(&self) -> Result<Vec<PathBuf>, StoreError> {
        let entries =
            fs::read_dir(&self.path).map_err(|e| StoreError::io("list", &self.path, &e))?;
        Ok(entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "lance")
            })
            .collect())
    }

    fn journals(&self) -> PathBuf {
        self.path.join(JOURNALS)
    }

    /// The folder of a journal.
    fn folder(&self, stem: &str) -> PathBuf {
        self.journals().join(folder_of(stem).unwrap_or_default())
    }

    fn lock_path(&self, stem: &str) -> PathBuf {
        let lock = in_folder(stem, &format!("{stem}.lock"));
        self.journals().join(lock)
    }
}

impl DirectoryJournal {
    pub(crate) fn append(&self, group: &[u8]) -> Result<(), StoreError> {
        self.with(|segments| segments.append(group))
    }

    /// What is appended from now on goes into a new segment. What was appended before, if that is anything.
    pub(crate) fn seal(&self) -> Option<Span> {
        self.with(|segments| {
            // Numbers follow each other, so that one that is lacking is seen.
            if segments.open.take().is_some() {
                segments.current += 1;
            }
            (segments.first < segments.current).then(|| Span {
                stem: segments.stem.clone(),
                before: segments.current,
            })
        })
    }

    /// What was sealed is there no more.
    pub(crate) fn forgotten(&self, span: &Span) {
        self.with(|segments| segments.first = span.before);
    }

    fn with<T>(&self, work: impl FnOnce(&mut Segments) -> T) -> T {
        work(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Segments {
    fn append(&mut self, group: &[u8]) -> Result<(), StoreError> {
        if let Some(reason) = &self.broken {
            return Err(StoreError::Broken {
                namespace: self.what.clone(),
                reason: reason.clone(),
            });
        }
        let path = self.path(&Segment::new(&self.stem, self.current));
        let failed = |error: &io::Error| StoreError::io("write", &path, error);
        let (mut file, length) = match self.open.take() {
            Some(open) => open,
            None => {
                let file = OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(&path)
                    .map_err(|e| failed(&e))?;
                let folder = path.parent().unwrap_or(&self.directory);
                disk::sync_directory(folder).map_err(|e| failed(&e))?;
                (file, 0)
            }
        };
        if let Err(error) = file.write_all(group) {
            // Nothing of it may stay: the next group must not stand behind half of this one.
            match file.set_len(length).and_then(|()| file.sync_data()) {
                Ok(()) => self.open = Some((file, length)),
                Err(second) => self.broken = Some(format!("{error}, then {second}")),
            }
            return Err(failed(&error));
        }
        if let Err(error) = disk::sync_file(&file, &path) {
            // After a failed sync nobody knows what is on the disk, and trying again would not find out.
            self.broken = Some(error.to_string());
            return Err(failed(&error));
        }
        self.open = Some((file, length + group.len() as u64));
        Ok(())
    }

    fn path(&self, segment: &Segment) -> PathBuf {
        self.directory.join(segment.name())
    }
}

/// The names of what stands in a directory; none if there is no such directory.
fn names_in(directory: &Path) -> Result<Vec<String>, StoreError> {
    let listed = || {
        let entries = fs::read_dir(directory)?;
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        names.collect::<io::Result<Vec<_>>>()
    };
    match listed() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        names => names.map_err(|e| StoreError::io("list", directory, &e)),
    }
}

fn collect_since(path: &Path, since: SystemTime, found: &mut Vec<PathBuf>) -> io::Result<()> {
    let metadata = fs::metadata(path)?;
    if metadata.modified()? >= since {
        found.push(path.to_path_buf());
    }
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            collect_since(&entry?.path(), since, found)?;
        }
    }
    Ok(())
}

fn sync(path: &Path) -> Result<(), StoreError> {
    let sync = || match path.is_dir() {
        true => disk::sync_directory(path),
        false => disk::sync_file(&File::open(path)?, path),
    };
    match sync() {
        // Lance removes files of its own accord, such as temporary ones.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result.map_err(|e| StoreError::io("sync", path, &e)),
    }
}
