//! The files of a store's tables, as a directory and an object store have them: sealed, compared with their seals, and
//! in a directory kept twice where they are small and much hangs on them.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use memhost_base::disk;
use sha2::{Digest, Sha256};

use super::{Directory, Storage, blocking};
use crate::StoreError;
use crate::seal::{BrokenSeal, Depth, Harm, Seal, Seals, is_list};

/// The folder of copies.
pub(super) const COPIES: &str = "copies";

impl Storage {
    /// Whether the tables' files can be looked at: LanceDB's store in memory is its own.
    pub(crate) fn has_files(&self) -> bool {
        match self {
            Storage::Directory(_) => true,
            Storage::Objects(objects) => !objects.is_in_memory(),
        }
    }

    /// The seals of files.
    pub(crate) async fn seal(&self, paths: Vec<String>) -> Result<Seals, StoreError> {
        match self {
            Storage::Directory(directory) => {
                let directory = directory.clone();
                blocking(move || directory.seal(paths)).await
            }
            Storage::Objects(objects) => {
                let mut seals = Seals::new();
                for path in paths {
                    let bytes = objects.size(&path).await?.ok_or_else(|| gone(&path))?;
                    seals.insert(
                        path,
                        Seal {
                            bytes,
                            sha256: None,
                        },
                    );
                }
                Ok(seals)
            }
        }
    }

    /// The files that are not what they were.
    pub async fn broken_seals(
        &self,
        seals: Seals,
        depth: Depth,
    ) -> Result<Vec<BrokenSeal>, StoreError> {
        match self {
            Storage::Directory(directory) => {
                let directory = directory.clone();
                blocking(move || Ok(directory.broken_seals(seals, depth))).await
            }
            Storage::Objects(objects) => {
                let mut broken = Vec::new();
                for (path, seal) in seals {
                    let harm = match objects.size(&path).await? {
                        None => Some(Harm::Gone),
                        Some(is) => other_size(seal.bytes, is),
                    };
                    broken.extend(harm.map(|harm| BrokenSeal { path, harm }));
                }
                Ok(broken)
            }
        }
    }

    /// Keeps copies of the small files that list others, and of no files that do not count any more; says of which there
    /// was none like it.
    pub(crate) async fn keep_copies(&self, seals: &Seals) -> Result<Vec<String>, StoreError> {
        let Storage::Directory(directory) = self else {
            return Ok(Vec::new());
        };
        let lists = seals.keys().filter(|path| is_list(path));
        let lists: Vec<String> = lists.cloned().collect();
        let directory = directory.clone();
        blocking(move || directory.keep_copies(&lists)).await
    }

    /// Puts copies in the place of files that were changed; says of which.
    pub(crate) async fn restore_copies(
        &self,
        broken: &[BrokenSeal],
        seals: &Seals,
    ) -> Result<Vec<String>, StoreError> {
        let Storage::Directory(directory) = self else {
            return Ok(Vec::new());
        };
        let wanted = broken.iter().filter_map(|broken| {
            let seal = seals.get(&broken.path)?;
            Some((broken.path.clone(), seal.clone()))
        });
        let wanted: Vec<(String, Seal)> = wanted.collect();
        let directory = directory.clone();
        blocking(move || directory.restore_copies(&wanted)).await
    }

    /// Of files that were changed, those that no copy can be put in the place of.
    pub(crate) fn without_copy(&self, broken: Vec<BrokenSeal>, seals: &Seals) -> Vec<BrokenSeal> {
        let Storage::Directory(directory) = self else {
            return broken;
        };
        let has_copy = |broken: &BrokenSeal| {
            let seal = seals.get(&broken.path);
            seal.is_some_and(|seal| directory.sound_copy(&broken.path, seal).is_some())
        };
        broken
            .into_iter()
            .filter(|broken| !has_copy(broken))
            .collect()
    }
}

impl Directory {
    fn seal(&self, paths: Vec<String>) -> Result<Seals, StoreError> {
        let mut seals = Seals::new();
        for path in paths {
            let file = self.path().join(&path);
            let seal = seal_of(&file).map_err(|e| StoreError::io("read", &file, &e))?;
            seals.insert(path, seal);
        }
        Ok(seals)
    }

    fn broken_seals(&self, seals: Seals, depth: Depth) -> Vec<BrokenSeal> {
        let mut broken = Vec::new();
        for (path, seal) in seals {
            let harm = harm(&self.path().join(&path), &seal, depth.reads(&path));
            broken.extend(harm.map(|harm| BrokenSeal { path, harm }));
        }
        broken
    }

    fn keep_copies(&self, lists: &[String]) -> Result<Vec<String>, StoreError> {
        let folder = self.path().join(COPIES);
        let written = || -> io::Result<Vec<String>> {
            let mut copied = Vec::new();
            disk::create_directories(&folder)?;
            let names: Vec<String> = lists.iter().map(|path| copy_name(path)).collect();
            for (path, name) in lists.iter().zip(&names) {
                let content = fs::read(self.path().join(path))?;
                if fs::read(folder.join(name)).ok().as_ref() != Some(&content) {
                    disk::write_whole(&folder.join(name), &content)?;
                    copied.push(path.clone());
                }
            }
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                let name = entry.file_name();
                if !names.iter().any(|kept| name.to_str() == Some(kept)) {
                    // What somebody else put here does no harm.
                    let _ = fs::remove_file(entry.path());
                }
            }
            Ok(copied)
        };
        written().map_err(|e| StoreError::io("write", &folder, &e))
    }

    fn restore_copies(&self, wanted: &[(String, Seal)]) -> Result<Vec<String>, StoreError> {
        let mut restored = Vec::new();
        for (path, seal) in wanted {
            let Some(content) = self.sound_copy(path, seal) else {
                continue;
            };
            let file = self.path().join(path);
            let above = file.parent().unwrap_or(self.path());
            disk::create_directories(above)
                .and_then(|()| disk::write_whole(&file, &content))
                .map_err(|e| StoreError::io("write", &file, &e))?;
            restored.push(path.clone());
        }
        Ok(restored)
    }

    /// The copy of a file, if there is one and it is what the file was.
    fn sound_copy(&self, path: &str, seal: &Seal) -> Option<Vec<u8>> {
        let content = fs::read(self.path().join(COPIES).join(copy_name(path))).ok()?;
        let is = Seal {
            bytes: content.len() as u64,
            sha256: Some(hex::encode(Sha256::digest(&content))),
        };
        (is == *seal).then_some(content)
    }
}

/// The name of a file's copy: its path, of which no part holds two underscores in a row.
fn copy_name(path: &str) -> String {
    path.replace('/', "__")
}

fn seal_of(file: &Path) -> io::Result<Seal> {
    let mut hash = Sha256::new();
    let bytes = io::copy(&mut File::open(file)?, &mut hash)?;
    Ok(Seal {
        bytes,
        sha256: Some(hex::encode(hash.finalize())),
    })
}

fn harm(file: &Path, seal: &Seal, reads: bool) -> Option<Harm> {
    let of_error = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Harm::Gone,
        _ => Harm::Unreadable(error.to_string()),
    };
    match fs::metadata(file) {
        Err(error) => Some(of_error(error)),
        Ok(about) if about.len() != seal.bytes => other_size(seal.bytes, about.len()),
        Ok(_) if !reads || seal.sha256.is_none() => None,
        Ok(_) => match seal_of(file) {
            Err(error) => Some(of_error(error)),
            Ok(is) => (is != *seal).then_some(Harm::OtherContent),
        },
    }
}

fn other_size(was: u64, is: u64) -> Option<Harm> {
    (was != is).then_some(Harm::OtherSize { was, is })
}

fn gone(path: &str) -> StoreError {
    StoreError::Damaged {
        path: path.to_owned(),
        reason: "it is gone".to_owned(),
    }
}
