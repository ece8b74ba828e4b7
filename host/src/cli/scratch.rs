//! The temporary files of this process: all in one directory, which is gone when the process ends, also where it ends
//! without unwinding.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use tempfile::TempDir;

/// Where it is.
static PATH: OnceLock<PathBuf> = OnceLock::new();

/// The directory that everything temporary is made in from now on; removed when dropped.
#[derive(Debug)]
pub struct Scratch(#[allow(dead_code, reason = "it is there to be dropped")] TempDir);

impl Scratch {
    /// Makes it; `None` if there is no place for one, which whoever needs a temporary file is told.
    pub fn new() -> Option<Scratch> {
        let directory = tempfile::Builder::new().prefix("memhost-").tempdir().ok()?;
        PATH.set(directory.path().to_owned()).ok()?;
        tempfile::env::override_temp_dir(directory.path()).ok()?;
        Some(Scratch(directory))
    }
}

/// Removes the directory, if there is one, while others may still write to it: for whoever ends the process.
pub fn remove() {
    const TRIES: u32 = 50;
    let Some(path) = PATH.get() else {
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
