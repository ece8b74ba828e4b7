//! Locks on files: the system takes one back when its process ends, however it ends.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::Path;

/// A file that nobody else can lock as long as this is not dropped.
#[derive(Debug)]
pub(crate) struct FileLock {
    file: File,
}

impl FileLock {
    /// Locks a file, which is created if need be; `None` if somebody else has it.
    pub(crate) fn try_new(path: &Path) -> io::Result<Option<FileLock>> {
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0)?;
                // Only a courtesy to whoever is refused; a full disk must not stand in the way of reading.
                let _ = file.write_all(this_process().as_bytes());
                Ok(Some(FileLock { file }))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Who holds the lock on a file, in words.
    pub(crate) fn holder(path: &Path) -> String {
        match fs::read_to_string(path) {
            Ok(holder) if !holder.is_empty() => holder,
            _ => "another process".to_owned(),
        }
    }
}

impl Drop for FileLock {
    /// A file that nobody holds names nobody.
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
    }
}

/// This process in words, for whoever meets what it holds.
pub(crate) fn this_process() -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| std::env::var("HOSTNAME").ok())
        .or_else(|| std::env::var("COMPUTERNAME").ok())
        .unwrap_or_else(|| "this machine".to_owned());
    format!("process {} on {}", std::process::id(), host.trim())
}

#[cfg(test)]
mod tests {
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
        assert!(FileLock::try_new(&path).unwrap().is_some());
    }
}
