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

use std::fs;
use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use memhost_base::disk;
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
        make_private(directory).map_err(|error| refused(format!("{error}; choose another")))?;
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

    /// What this engine compiled from the component with this SHA-256, if it is here and undamaged.
    pub fn load(&self, engine: &wasmtime::Engine, component: &[u8; 32]) -> Option<Component> {
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
    pub fn store(&self, engine: &wasmtime::Engine, component: &[u8; 32], code: &[u8]) {
        let key = key(engine, component);
        let written = self.write(&key, code).and_then(|()| self.prune());
        if let Err(error) = written {
            tracing::warn!(directory = %self.directory.display(), %error, "compiled code is not kept");
        }
    }

    fn write(&self, key: &str, code: &[u8]) -> io::Result<()> {
        let name = entry_name(key, &checksum(key, code));
        disk::write_private(&self.directory.join(name), code)
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
fn key(engine: &wasmtime::Engine, component: &[u8; 32]) -> String {
    struct Sha256Hasher(Sha256);
    impl Hasher for Sha256Hasher {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut hasher = Sha256Hasher(Sha256::new_with_prefix(component));
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

#[cfg(unix)]
fn make_private(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
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
    let owner = tempfile::tempfile_in(directory)?.metadata()?.uid();
    if about.uid() != owner {
        return Ok(Some(format!(
            "it belongs to user {} and the host runs as user {owner}; choose another",
            about.uid()
        )));
    }
    Ok(None)
}

#[cfg(not(unix))]
fn make_private(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)
}

/// Elsewhere than on Unix a user's own directories are private by inheritance.
#[cfg(not(unix))]
fn check_private(_: &Path) -> io::Result<Option<String>> {
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: [u8; 32] = [7; 32];

    fn engine() -> wasmtime::Engine {
        wasmtime::Engine::new(&super::super::config(super::super::Compiler::Optimizing)).unwrap()
    }

    fn compiled(engine: &wasmtime::Engine) -> Vec<u8> {
        let text = "(component (core module (func (export \"f\") (result i32) i32.const 1)))";
        let component = wat::parse_str(text).unwrap();
        engine.precompile_component(&component).unwrap()
    }

    fn files(directory: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(directory).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn an_entry_is_found_by_its_component_and_its_engine_alone() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::open(&directory.path().join("a/b")).unwrap();
        let engine = engine();
        assert!(cache.load(&engine, &DIGEST).is_none());
        cache.store(&engine, &DIGEST, &compiled(&engine));
        assert!(cache.load(&engine, &DIGEST).is_some());
        assert!(cache.load(&engine, &[8; 32]).is_none());
        let other = super::super::config(super::super::Compiler::Baseline);
        let other = wasmtime::Engine::new(&other).unwrap();
        assert!(cache.load(&other, &DIGEST).is_none());
        assert!(cache.load(&engine, &DIGEST).is_some());
    }

    #[test]
    fn damaged_truncated_renamed_and_foreign_entries_are_deleted_and_never_mapped() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::open(&directory.path().join("cache")).unwrap();
        let engine = engine();
        cache.store(&engine, &DIGEST, &compiled(&engine));
        let [entry] = &files(&cache.directory)[..] else {
            panic!("{:?}", files(&cache.directory));
        };
        let whole = fs::read(entry).unwrap();
        let mut flipped = whole.clone();
        *flipped.last_mut().unwrap() ^= 1;
        for bad in [
            &flipped[..],
            &whole[1..],
            &whole[..whole.len() / 2],
            b"",
            b"\x7fELF",
        ] {
            fs::write(entry, bad).unwrap();
            assert!(cache.load(&engine, &DIGEST).is_none());
            assert!(files(&cache.directory).is_empty());
        }
        // Another component's entry under this component's key, checksum and all.
        let name = entry.file_name().unwrap().to_str().unwrap();
        let renamed = name.replace(&key(&engine, &DIGEST), &key(&engine, &[8; 32]));
        fs::write(cache.directory.join(renamed), &whole).unwrap();
        assert!(cache.load(&engine, &[8; 32]).is_none());
        // What another engine compiled, under a name that is right in every respect.
        let other = super::super::config(super::super::Compiler::Baseline);
        let other = wasmtime::Engine::new(&other).unwrap();
        let foreign = compiled(&other);
        cache.write(&key(&engine, &DIGEST), &foreign).unwrap();
        assert!(cache.load(&engine, &DIGEST).is_none());
        assert!(files(&cache.directory).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_that_others_may_write_to_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("cache");
        Cache::open(&path).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o700
        );
        for mode in [0o770, 0o702, 0o777] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let told = Cache::open(&path).unwrap_err().to_string();
            assert!(told.contains("chmod go-w"), "{told}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        Cache::open(&path).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_link_and_a_file_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("file"), directory.path().join("link"));
        fs::write(&file, "").unwrap();
        assert!(Cache::open(&file).is_err());
        std::os::unix::fs::symlink(directory.path(), &link).unwrap();
        let told = Cache::open(&link).unwrap_err().to_string();
        assert!(told.contains("it is a link"), "{told}");
    }
}
