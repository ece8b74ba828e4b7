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
