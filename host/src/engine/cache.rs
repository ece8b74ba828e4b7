//! Compiled code, kept between runs.
//!
//! wasmtime maps a compiled file and jumps into it: whoever can write that file runs as the host. Hence
//! - the directory belongs to this user and nobody else may write to it, or it is refused;
//! - an entry's name carries its own checksum, bound to what it was compiled from and by which engine. A damaged,
//!   truncated, renamed or foreign entry does not match its name; it is deleted and compiled again, never mapped;
//! - an entry appears by a rename, whole or not at all, and is never changed in place, so that what is mapped
//!   stays what was checked.
//!
//! Nothing here defends against somebody who is already this user.

use std::fs::{self, File, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use super::error::EngineError;

/// Past this many bytes the entries that were written first are deleted. A Python plugin takes 60 MB.
const LARGEST_TOTAL: u64 = 2 << 30;

/// A directory of compiled components.
#[derive(Debug)]
pub(super) struct Cache {
    directory: PathBuf,
}

impl Cache {
    /// Opens a directory, making it if it is not there.
    pub fn open(directory: &Path) -> Result<Cache, EngineError> {
        let refused = |problem: String| EngineError::Cache {
            path: directory.to_owned(),
            problem,
        };
        make_private(directory).map_err(|error| {
            refused(format!(
                "{error}; choose another with `cache` in memhost.toml"
            ))
        })?;
        match check_private(directory) {
            Ok(None) => Ok(Cache {
                directory: directory.to_owned(),
            }),
            Ok(Some(problem)) => Err(refused(problem)),
            Err(error) => Err(refused(format!(
                "{error}; it must be a directory that you may read and write"
            ))),
        }
    }

    /// What was compiled from these bytes by this engine, if it is here and undamaged.
    pub fn load(&self, engine: &wasmtime::Engine, component: &[u8]) -> Option<Component> {
        let key = key(engine, component);
        for path in self.entries_of(&key) {
            // SAFETY: `is_intact` has just shown that the file is, byte for byte, what this host once wrote under
            // this name after compiling; nobody but this user may write to the directory, and this host replaces
            // entries by renaming only.
            let mapped = is_intact(&path, &key)
                .then(|| unsafe { Component::deserialize_file(engine, &path) })
                .and_then(Result::ok);
            match mapped {
                Some(component) => return Some(component),
                None => {
                    tracing::warn!(entry = %path.display(), "damaged compiled code is deleted and made anew");
                    let _ = fs::remove_file(&path);
                }
            }
        }
        None
    }

    /// Keeps compiled code. A full or read-only disk costs only the next start its time.
    pub fn store(&self, engine: &wasmtime::Engine, component: &[u8], compiled: &Component) {
        let key = key(engine, component);
        let written = compiled
            .serialize()
            .map_err(io::Error::other)
            .and_then(|code| self.write(&key, &code))
            .and_then(|()| self.prune());
        if let Err(error) = written {
            tracing::warn!(directory = %self.directory.display(), %error, "compiled code is not kept");
        }
    }

    fn write(&self, key: &str, code: &[u8]) -> io::Result<()> {
        let name = entry_name(key, &checksum(key, code));
        let temporary = unique_path(&self.directory);
        let written = create_private(&temporary)
            .and_then(|mut file| file.write_all(code).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&temporary, self.directory.join(name)));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// Paths of the entries with this key: one, unless something went wrong.
    fn entries_of(&self, key: &str) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(&self.directory) else {
            return Vec::new();
        };
        let has_key = |entry: &fs::DirEntry| {
            let name = entry.file_name();
            name.to_str().is_some_and(|name| name.starts_with(key))
        };
        let paths = entries.filter_map(Result::ok).filter(has_key);
        paths.map(|entry| entry.path()).collect()
    }

    fn prune(&self) -> io::Result<()> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            let about = entry.metadata()?;
            entries.push((about.modified()?, about.len(), entry.path()));
        }
        entries.sort();
        let mut total: u64 = entries.iter().map(|(_, size, _)| size).sum();
        for (_, size, path) in entries {
            if total <= LARGEST_TOTAL {
                break;
            }
            fs::remove_file(path)?;
            total -= size;
        }
        Ok(())
    }
}

/// What compiled code depends on: the component, the engine's version and settings, and the machine.
fn key(engine: &wasmtime::Engine, component: &[u8]) -> String {
    struct Sha256Hasher(Sha256);
    impl Hasher for Sha256Hasher {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut hasher = Sha256Hasher(Sha256::new_with_prefix(Sha256::digest(component)));
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{:x}", hasher.0.finalize())
}

/// Of compiled code under its key, so that a renamed entry does not match either.
fn checksum(key: &str, code: &[u8]) -> String {
    format!(
        "{:x}",
        Sha256::new_with_prefix(key).chain_update(code).finalize()
    )
}

fn entry_name(key: &str, checksum: &str) -> String {
    format!("{key}-{checksum}.cwasm")
}

fn is_intact(path: &Path, key: &str) -> bool {
    let Ok(code) = fs::read(path) else {
        return false;
    };
    let expected = entry_name(key, &checksum(key, &code));
    path.file_name()
        .is_some_and(|name| name == expected.as_str())
}

/// A name in the directory that no other process or thread uses.
fn unique_path(directory: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    directory.join(format!(".{}-{count}.tmp", std::process::id()))
}

#[cfg(unix)]
fn make_private(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
}

#[cfg(unix)]
fn create_private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// What makes a directory unfit to hold code, if anything does.
#[cfg(unix)]
fn check_private(directory: &Path) -> io::Result<Option<String>> {
    use std::os::unix::fs::MetadataExt;
    let about = fs::symlink_metadata(directory)?;
    if !about.is_dir() {
        return Ok(Some(
            "it is a link, and code is only kept in a directory itself; name the directory that it leads to"
                .to_owned(),
        ));
    }
    if about.mode() & 0o022 != 0 {
        return Ok(Some(format!(
            "others may write to it, and could make the host run their code; `chmod go-w {}` or choose another",
            directory.display()
        )));
    }
    // A new file belongs to whoever this process is: no system call of its own needed.
    let probe = unique_path(directory);
    let owner = create_private(&probe)?.metadata()?.uid();
    fs::remove_file(&probe)?;
    if about.uid() != owner {
        return Ok(Some(format!(
            "it belongs to user {} and the host runs as user {owner}; choose another with `cache` in memhost.toml",
            about.uid()
        )));
    }
    Ok(None)
}

#[cfg(not(unix))]
fn make_private(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)
}

#[cfg(not(unix))]
fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Elsewhere than on Unix a user's own directories are private by inheritance.
#[cfg(not(unix))]
fn check_private(_: &Path) -> io::Result<Option<String>> {
    Ok(None)
}
