//! A store in a local directory: files, locks, and what it takes for them to be on the disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::frame::decode;
use super::{Groups, Shared};
use crate::lock::FileLock;
use crate::store::StoreError;

const JOURNALS: &str = "journal";
/// What may stand in a directory that is to become a store.
const OWN: [&str; 2] = ["memhost.json", JOURNALS];

/// A store's directory.
#[derive(Debug, Clone)]
pub(crate) struct Directory {
    path: Arc<Path>,
}

/// A journal in files that are appended to: `<stem>.<segment>.log`.
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
        let exists = path.join(OWN[0]).exists();
        if !exists && let Ok(entries) = fs::read_dir(&path) {
            let mut names = entries
                .flatten()
                .map(|entry| entry.file_name().to_string_lossy().into_owned());
            let is_foreign =
                |name: &String| !name.starts_with('.') && !OWN.contains(&name.as_str());
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
        let new = self.path.join(format!(".{name}.{}", std::process::id()));
        let write = || {
            let mut file = File::create(&new)?;
            file.write_all(content)?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            sync_directory(&self.path)
        };
        write().map_err(|error| {
            // What is left of the attempt is of no use; that it may stay behind does no harm.
            let _ = fs::remove_file(&new);
            StoreError::io("write", &path, &error)
        })
    }

    /// Creates the directory and what journals need, and shows early whether the store can be written to.
    pub(crate) fn make_writable(&self) -> Result<(), StoreError> {
        let journals = self.journals();
        let probe = journals.join(format!(".probe.{}", std::process::id()));
        let create = || {
            fs::create_dir_all(&journals)?;
            File::create(&probe)?;
            fs::remove_file(&probe)
        };
        create().map_err(|error| StoreError::io("write to", &self.path, &error))
    }

    pub(crate) fn try_lock(&self, stem: &str) -> Result<Option<FileLock>, StoreError> {
        let path = self.lock_path(stem);
        FileLock::try_new(&path).map_err(|error| StoreError::io("lock", &path, &error))
    }

    /// Who holds a lock.
    pub(crate) fn holder(&self, stem: &str) -> String {
        FileLock::holder(&self.lock_path(stem))
    }

    /// Stems of all locks, held or not.
    pub(crate) fn lock_stems(&self) -> Result<Vec<String>, StoreError> {
        let path = self.journals();
        let entries = fs::read_dir(&path).map_err(|e| StoreError::io("list", &path, &e))?;
        Ok(entries
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                name.strip_suffix(".lock").map(str::to_owned)
            })
            .collect())
    }

    /// Stems of the journals that have files.
    pub(crate) fn journal_stems(&self) -> Result<Vec<String>, StoreError> {
        let mut stems: Vec<String> = segments(&self.journals())?
            .into_iter()
            .map(|(stem, _, _)| stem)
            .collect();
        stems.sort_unstable();
        stems.dedup();
        Ok(stems)
    }

    pub(crate) fn journal(
        &self,
        lock: FileLock,
        stem: String,
        what: &str,
    ) -> Result<DirectoryJournal, StoreError> {
        let directory = self.journals();
        let last = segments(&directory)?
            .into_iter()
            .filter(|(found, _, _)| *found == stem)
            .map(|(_, number, _)| number)
            .max();
        let segments = Segments {
            _lock: lock,
            directory,
            stem,
            what: what.to_owned(),
            // Never appends to what another process wrote: its end may be cut short.
            current: last.map_or(0, |last| last + 1),
            open: None,
            broken: None,
        };
        Ok(DirectoryJournal {
            inner: Arc::new(Mutex::new(segments)),
        })
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

    /// Takes away a table's versions above one: those of a checkpoint that did not come to its end, whose files a power
    /// loss may have torn.
    pub(crate) fn drop_versions_above(&self, table: &str, version: u64) -> Result<(), StoreError> {
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

    fn lock_path(&self, stem: &str) -> PathBuf {
        self.journals().join(format!("{stem}.lock"))
    }
}

impl DirectoryJournal {
    pub(crate) fn append(&self, group: &[u8]) -> Result<(), StoreError> {
        self.with(|segments| segments.append(group))
    }

    /// What is appended from now on goes into a new segment, of this number.
    pub(crate) fn seal(&self) -> u64 {
        self.with(|segments| {
            segments.open = None;
            segments.current += 1;
            segments.current
        })
    }

    /// The groups in the segments before a number.
    pub(crate) fn read(&self, before: u64) -> Result<Groups, StoreError> {
        self.with(|segments| {
            let mut groups = Vec::new();
            for (_, path) in segments.before(before)? {
                let content = fs::read(&path).map_err(|e| StoreError::io("read", &path, &e))?;
                let decoded = decode(&content).map_err(|reason| StoreError::Damaged {
                    path: path.display().to_string(),
                    reason,
                })?;
                groups.extend(decoded.groups);
            }
            Ok(groups)
        })
    }

    /// Removes segments, the oldest first: were a later one gone before an earlier one, replaying the earlier one would
    /// bring back what it overwrote.
    pub(crate) fn forget(&self, before: u64) -> Result<(), StoreError> {
        self.with(|segments| {
            let gone = segments.before(before)?;
            for (_, path) in &gone {
                fs::remove_file(path).map_err(|e| StoreError::io("remove", path, &e))?;
            }
            if gone.is_empty() {
                return Ok(());
            }
            sync(&segments.directory)
        })
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
        let path = self.path(self.current);
        let failed = |error: &io::Error| StoreError::io("write", &path, error);
        let (mut file, length) = match self.open.take() {
            Some(open) => open,
            None => {
                let file = OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(&path)
                    .map_err(|e| failed(&e))?;
                sync_directory(&self.directory).map_err(|e| failed(&e))?;
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
        if let Err(error) = file.sync_data() {
            // After a failed sync nobody knows what is on the disk, and trying again would not find out.
            self.broken = Some(error.to_string());
            return Err(failed(&error));
        }
        self.open = Some((file, length + group.len() as u64));
        Ok(())
    }

    fn before(&self, before: u64) -> Result<Vec<(u64, PathBuf)>, StoreError> {
        let mut found: Vec<(u64, PathBuf)> = segments(&self.directory)?
            .into_iter()
            .filter(|(stem, number, _)| *stem == self.stem && *number < before)
            .map(|(_, number, path)| (number, path))
            .collect();
        found.sort_unstable();
        Ok(found)
    }

    fn path(&self, number: u64) -> PathBuf {
        self.directory.join(format!("{}.{number}.log", self.stem))
    }
}

/// Stem, number and path of every segment in a directory.
fn segments(directory: &Path) -> Result<Vec<(String, u64, PathBuf)>, StoreError> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::io("list", directory, &error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry
            .map_err(|e| StoreError::io("list", directory, &e))?
            .path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if let Some(rest) = name.strip_suffix(".log")
            && let Some((stem, number)) = rest.rsplit_once('.')
            && let Ok(number) = number.parse()
        {
            found.push((stem.to_owned(), number, path.clone()));
        }
    }
    Ok(found)
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
    let sync = || {
        if path.is_dir() {
            sync_directory(path)
        } else {
            File::open(path)?.sync_all()
        }
    };
    match sync() {
        // Lance removes files of its own accord, such as temporary ones.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result.map_err(|e| StoreError::io("sync", path, &e)),
    }
}

/// Brings the names in a directory to the disk.
fn sync_directory(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(path)?.sync_all()
    } else {
        // Windows keeps names without being asked, and opens no directories.
        Ok(())
    }
}
