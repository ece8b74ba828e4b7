//! The temporary files of this process: all in one directory, which is gone when the process ends, also where it ends
//! without unwinding.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use memhost_base::lock::FileLock;
use tempfile::TempDir;

/// Where it is. Held while it is made, so that no signal comes between the making and the knowing.
static PATH: Mutex<Option<PathBuf>> = Mutex::new(None);

/// How the names of such directories begin.
const PREFIX: &str = "memhost-";
/// The file that says that a directory is one of these, and is locked as long as its process lives.
const LOCK: &str = ".memhost-scratch";

/// The directory that everything temporary is made in from now on; removed when dropped.
#[derive(Debug)]
pub struct Scratch {
    // Goes before the directory that it is in.
    _lock: FileLock,
    _directory: TempDir,
}

impl Scratch {
    /// Makes it, and removes those of processes that were killed; `None` if there is no place for one, which whoever
    /// needs a temporary file is told.
    pub fn new() -> Option<Scratch> {
        let place = std::env::temp_dir();
        remove_abandoned(&place);
        let mut path = path();
        let directory = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir_in(&place)
            .ok()?;
        *path = Some(directory.path().to_owned());
        let lock = FileLock::try_new(&directory.path().join(LOCK)).ok()??;
        tempfile::env::override_temp_dir(directory.path()).ok()?;
        Some(Scratch {
            _lock: lock,
            _directory: directory,
        })
    }
}

fn path() -> MutexGuard<'static, Option<PathBuf>> {
    PATH.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a path is a directory, and no link to one, that this user made.
fn is_ours(path: &Path) -> bool {
    let Ok(about) = std::fs::symlink_metadata(path) else {
        return false;
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        about.is_dir() && about.uid() == rustix::process::geteuid().as_raw()
    }
    #[cfg(not(unix))]
    about.is_dir()
}

/// Removes the directories of processes that were killed, with the stores that are in them.
fn remove_abandoned(place: &Path) {
    let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        if !name.to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let lock = entry.path().join(LOCK);
        // One without a lock is about to be made, or is none of these; one of somebody else is theirs to remove, and a
        // link leads to what they like.
        if is_ours(&entry.path())
            && std::fs::symlink_metadata(&lock).is_ok_and(|lock| lock.is_file())
            && let Ok(Some(held)) = FileLock::try_new(&lock)
        {
            let _ = std::fs::remove_dir_all(entry.path());
            drop(held);
        }
    }
}

/// No temporary file can be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot make a temporary directory in `{}`: make it, or set TMPDIR to a directory that can be written to", .place.display())]
pub struct NoPlace {
    place: PathBuf,
    source: std::io::Error,
}

/// A temporary directory within it, or what stands in the way.
///
/// # Errors
/// If there is no place for one.
pub fn directory() -> Result<TempDir, NoPlace> {
    tempfile::tempdir().map_err(|source| NoPlace {
        place: tempfile::env::temp_dir(),
        source,
    })
}

/// Removes the directory, if there is one, while others may still write to it: for whoever ends the process.
pub fn remove() {
    const TRIES: u32 = 50;
    let Some(path) = &*path() else {
        return;
    };
    for _ in 0..TRIES {
        let _ = std::fs::remove_dir_all(path);
        if !path.exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_of_killed_processes_go_and_no_others() {
        let place = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let directory = place.path().join(name);
            std::fs::create_dir_all(directory.join("store")).unwrap();
            directory.join(LOCK)
        };
        // A killed process leaves its lock's file, and nobody holds it.
        std::fs::write(make("memhost-killed"), "process 1").unwrap();
        let held = FileLock::try_new(&make("memhost-alive")).unwrap().unwrap();
        make("memhost-new");
        std::fs::write(make("mine"), "mine").unwrap();
        // Results of a run that was killed, under a name that begins alike.
        let results = make("memhost-results").with_file_name(".lock");
        std::fs::write(results, "process 1").unwrap();
        remove_abandoned(place.path());
        let left = |name: &str| place.path().join(name).join("store").is_dir();
        assert!(!place.path().join("memhost-killed").exists());
        assert!(left("memhost-alive") && left("memhost-new") && left("mine"));
        assert!(left("memhost-results"));
        drop(held);
    }
}
