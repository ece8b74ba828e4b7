//! Locks on files: the system takes one back when its process ends, however it ends.
//!
//! On Unix a lock's file goes with it; what a killed process left is taken over. Elsewhere no file can be removed while
//! it is open, and it stays, empty.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// A file that nobody else can lock as long as this is not dropped.
#[derive(Debug)]
pub struct FileLock {
    file: File,
    path: PathBuf,
}

impl FileLock {
    /// Locks a file, which is created if need be; `None` if somebody else has it.
    pub fn try_new(path: &Path) -> io::Result<Option<FileLock>> {
        loop {
            let mut options = OpenOptions::new();
            options.create(true).truncate(false).write(true);
            // What a link leads to may be anything, and would be written to.
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NOFOLLOW);
            let file = options.open(path)?;
            match file.try_lock() {
                // A file that its holder removed meanwhile can be locked, but does not keep anybody out.
                Ok(()) if !is_at(&file, path)? => continue,
                Ok(()) => return Ok(Some(FileLock::held(file, path)?)),
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    fn held(mut file: File, path: &Path) -> io::Result<FileLock> {
        file.set_len(0)?;
        // Only a courtesy to whoever is refused; a full disk must not stand in the way of reading.
        let _ = file.write_all(this_process().as_bytes());
        let path = path.to_owned();
        Ok(FileLock { file, path })
    }

    /// Who holds the lock on a file, in words.
    pub fn holder(path: &Path) -> String {
        match fs::read_to_string(path) {
            Ok(holder) if !holder.is_empty() => holder,
            _ => "another process".to_owned(),
        }
    }
}

impl Drop for FileLock {
    /// A file that nobody holds is not there, or names nobody. The lock itself ends after this, with the open file.
    fn drop(&mut self) {
        if cfg!(unix) {
            let _ = fs::remove_file(&self.path);
        } else {
            let _ = self.file.set_len(0);
        }
    }
}

/// Whether the open file is the one that the path leads to now.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let open = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (open.dev(), open.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

/// This process in words, for whoever meets what it holds.
pub fn this_process() -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| std::env::var("HOSTNAME").ok())
        .or_else(|| std::env::var("COMPUTERNAME").ok())
        .unwrap_or_else(|| "this machine".to_owned());
    format!("process {} on {}", std::process::id(), host.trim())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn one_at_a_time_and_the_holder_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let held = FileLock::try_new(&path).unwrap().unwrap();
        assert!(FileLock::try_new(&path).unwrap().is_none());
        assert_eq!(FileLock::holder(&path), this_process());
        drop(held);
        assert_eq!(FileLock::holder(&path), "another process");
        assert_eq!(path.exists(), cfg!(not(unix)));
        assert!(FileLock::try_new(&path).unwrap().is_some());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let (path, precious) = (
            directory.path().join("lock"),
            directory.path().join("precious"),
        );
        fs::write(&precious, "precious").unwrap();
        std::os::unix::fs::symlink(&precious, &path).unwrap();
        assert!(FileLock::try_new(&path).is_err());
        assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
    }

    #[test]
    fn a_file_that_is_removed_and_made_again_never_has_two_holders() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let (holders, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..2000 {
                        let Some(_held) = FileLock::try_new(&path).unwrap() else {
                            continue;
                        };
                        assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0);
                        taken.fetch_add(1, Ordering::SeqCst);
                        holders.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(taken.into_inner() > 100);
    }
}
