//! Finished cells on disk, so that a comparison that was interrupted can be continued.
//!
//! One JSON file per cell under `cells/`, named by the digest of all that determines its result. A file appears
//! whole or not at all. That of a finished cell is never written to again; to have such a cell run again, delete its
//! file. A broken cell, of which too much failed, is kept as evidence, until it has been run again.

use std::io;
use std::path::{Path, PathBuf};

use memhost_base::disk;
use memhost_base::visible;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::CellKey;
use super::result::FORMAT;
use crate::driver::CellReport;

/// Where cells stand in a result directory.
pub const DIRECTORY: &str = "cells";

/// A directory of finished cells.
#[derive(Debug, Clone)]
pub struct CellFiles {
    directory: PathBuf,
}

/// Why finished cells cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{}`", .path.display())]
pub struct CellFileError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl CellFileError {
    pub(super) fn new(action: &'static str, path: &Path, source: io::Error) -> CellFileError {
        CellFileError {
            action,
            path: path.to_owned(),
            source,
        }
    }
}

/// What is known of a cell.
#[derive(Debug, PartialEq)]
pub enum Kept {
    /// It is finished.
    Finished(Box<CellReport>),
    /// It ran, and too much of it failed; why, for people.
    Broken {
        /// What it measured nevertheless.
        report: Box<CellReport>,
        /// The file, and what failed.
        reason: String,
    },
    /// It has not been run.
    Missing,
    /// There is a file that cannot be read as its result; why, for people.
    Damaged(String),
}

/// A cell file's content. The key is there for people, and to notice a file under a wrong name.
#[derive(serde::Serialize, serde::Deserialize)]
struct CellFile {
    /// The version of result files: [`FORMAT`].
    format: u32,
    /// SHA-256 of key and report as they stand in the file; earlier files have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    key: Box<RawValue>,
    report: Box<RawValue>,
}

impl CellFile {
    fn new(key: &CellKey, report: &CellReport) -> serde_json::Result<CellFile> {
        let (key, report) = (shown(key)?, shown(report)?);
        Ok(CellFile {
            format: FORMAT,
            digest: Some(digest(&key, &report)),
            key,
            report,
        })
    }

    /// The key and what was measured; why not, for people.
    fn open(&self) -> Result<(CellKey, CellReport), String> {
        let is = digest(&self.key, &self.report);
        if self.digest.as_ref().is_some_and(|digest| *digest != is) {
            return Err(
                "was changed since it was written: its digest is that of another content"
                    .to_owned(),
            );
        }
        let of = |error: serde_json::Error| format!("is not a finished cell: {error}");
        let key = serde_json::from_str(self.key.get()).map_err(of)?;
        let report = serde_json::from_str(self.report.get()).map_err(of)?;
        Ok((key, report))
    }
}

/// A value as it stands in a file, which a terminal may show.
fn shown(value: &impl serde::Serialize) -> serde_json::Result<Box<RawValue>> {
    RawValue::from_string(visible::json(&serde_json::to_string(value)?).into())
}

fn digest(key: &RawValue, report: &RawValue) -> String {
    let parts = [key, report].map(RawValue::get);
    hex::encode(Sha256::digest(parts.join("\n")))
}

impl CellFiles {
    /// The cells of an output directory, which is created if need be.
    ///
    /// # Errors
    /// If it cannot be created or written to.
    pub fn open(output: &Path) -> Result<CellFiles, CellFileError> {
        let directory = output.join(DIRECTORY);
        let fail = |source| CellFileError::new("write to", &directory, source);
        disk::create_directories(&directory).map_err(fail)?;
        tempfile::tempfile_in(&directory).map_err(fail)?;
        Ok(CellFiles { directory })
    }

    /// The cells of a directory that is only read.
    pub fn beside(manifest: &Path) -> CellFiles {
        CellFiles {
            directory: manifest.join(DIRECTORY),
        }
    }

    /// Whether no cell is kept.
    pub fn is_empty(&self) -> bool {
        let mut entries = std::fs::read_dir(&self.directory).into_iter().flatten();
        entries.next().is_none()
    }

    /// Whether this cell is finished.
    pub fn has(&self, key: &CellKey) -> bool {
        matches!(self.load(key), Kept::Finished(_))
    }

    /// Looks a cell up.
    pub fn load(&self, key: &CellKey) -> Kept {
        let path = self.path(key);
        match std::fs::read(&path) {
            Ok(text) => Kept::parse(key, &path.display().to_string(), &text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Kept::Missing,
            Err(error) => Kept::Damaged(format!("`{}` cannot be read: {error}", path.display())),
        }
    }

    /// Keeps a cell that has been run; it is on disk when this returns.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn save(&self, key: &CellKey, report: &CellReport) -> Result<(), CellFileError> {
        let path = self.path(key);
        let written = CellFile::new(key, report)
            .and_then(|file| serde_json::to_vec(&file))
            .map_err(io::Error::from)
            .and_then(|text| disk::write_whole(&path, &text));
        written.map_err(|source| CellFileError::new("write", &path, source))
    }

    fn path(&self, key: &CellKey) -> PathBuf {
        self.directory.join(name(key))
    }
}

impl Kept {
    /// Understands the content of the file, at some place, that should hold a cell.
    pub fn parse(key: &CellKey, place: &str, text: &[u8]) -> Kept {
        let damaged = |reason: String| Kept::Damaged(format!("`{place}` {reason}"));
        let file = match serde_json::from_slice::<CellFile>(text) {
            Ok(file) if file.format != FORMAT => {
                return damaged(format!("is of format {}", file.format));
            }
            Ok(file) => file,
            Err(error) => return damaged(format!("is not a finished cell: {error}")),
        };
        match file.open() {
            Err(reason) => damaged(reason),
            Ok((of, _)) if of != *key => damaged(format!("holds another cell: {}", of.label())),
            Ok((_, report)) => match report.broken() {
                None => Kept::Finished(Box::new(report)),
                Some(broken) => Kept::Broken {
                    report: Box::new(report),
                    reason: format!("`{place}` holds no result, because {broken}"),
                },
            },
        }
    }
}

/// The name of a cell's file.
pub fn name(key: &CellKey) -> String {
    format!("{}.json", key.digest())
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    #[test]
    fn a_finished_cell_comes_back_as_it_was() {
        let output = tempfile::tempdir().unwrap();
        let files = CellFiles::open(output.path()).unwrap();
        let key = testing::key("rag", 0);
        assert_eq!(files.load(&key), Kept::Missing);
        assert!(files.is_empty());
        let report = testing::report(&[1.0, 0.1 + 0.2]);
        files.save(&key, &report).unwrap();
        assert!(!files.is_empty());
        assert_eq!(files.load(&key), Kept::Finished(Box::new(report)));
        assert_eq!(files.load(&testing::key("rag", 1)), Kept::Missing);
    }

    #[test]
    fn a_score_that_is_no_number_comes_back_as_none() {
        let output = tempfile::tempdir().unwrap();
        let files = CellFiles::open(output.path()).unwrap();
        let key = testing::key("rag", 0);
        files
            .save(&key, &testing::report(&[f64::NAN, 1.0]))
            .unwrap();
        let Kept::Finished(report) = files.load(&key) else {
            panic!("a score that is no number cost the whole cell");
        };
        assert!(report.tasks[0].scores["hit@1"].is_nan());
        assert_eq!(report.tasks[1].scores["hit@1"], 1.0);
    }

    #[test]
    fn nothing_but_whole_cells_is_ever_left_behind() {
        let output = tempfile::tempdir().unwrap();
        let files = CellFiles::open(output.path()).unwrap();
        files
            .save(&testing::key("rag", 0), &testing::report(&[1.0]))
            .unwrap();
        let names: Vec<_> = std::fs::read_dir(output.path().join("cells"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(names.len(), 1);
        assert!(names[0].ends_with(".json"));
    }

    #[test]
    fn a_damaged_file_is_named() {
        let output = tempfile::tempdir().unwrap();
        let files = CellFiles::open(output.path()).unwrap();
        let key = testing::key("rag", 0);
        files.save(&key, &testing::report(&[1.0])).unwrap();
        let path = files.path(&key);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        let Kept::Damaged(reason) = files.load(&key) else {
            panic!("half a file was accepted");
        };
        assert!(reason.contains("is not a finished cell"), "{reason}");

        let other = testing::key("rag", 1);
        std::fs::write(files.path(&other), &whole).unwrap();
        let Kept::Damaged(reason) = files.load(&other) else {
            panic!("another cell's file was accepted");
        };
        assert!(
            reason.ends_with("holds another cell: rag on evidence, seed 0"),
            "{reason}"
        );
    }

    #[test]
    fn no_changed_byte_gives_another_result() {
        let output = tempfile::tempdir().unwrap();
        let files = CellFiles::open(output.path()).unwrap();
        let key = testing::key("rag", 0);
        let report = testing::report(&[1.0, 0.25]);
        files.save(&key, &report).unwrap();
        let path = files.path(&key);
        let whole = std::fs::read(&path).unwrap();
        let mut noticed = 0;
        for place in 0..whole.len() {
            for flip in [1, 0x20, 0x80] {
                let mut damaged = whole.clone();
                damaged[place] ^= flip;
                match Kept::parse(&key, "here", &damaged) {
                    Kept::Finished(found) => assert_eq!(*found, report, "{place} ^ {flip}"),
                    Kept::Damaged(_) => noticed += 1,
                    kept => panic!("{place} ^ {flip}: {kept:?}"),
                }
            }
        }
        assert!(noticed > whole.len(), "{noticed} of {}", whole.len());
    }

    #[test]
    fn a_cell_of_which_too_much_failed_is_kept_and_is_not_finished() {
        let output = tempfile::tempdir().unwrap();
        let files = CellFiles::open(output.path()).unwrap();
        let key = testing::key("rag", 0);
        let report = testing::broken(&[1.0]);
        files.save(&key, &report).unwrap();
        assert!(!files.has(&key));
        let Kept::Broken {
            report: kept,
            reason,
        } = files.load(&key)
        else {
            panic!("a broken cell was taken for another one");
        };
        assert_eq!(*kept, report);
        let why = "holds no result, because 3 of 3 distill calls failed: task `t0`: no reply";
        assert!(reason.ends_with(why), "{reason}");
        files.save(&key, &testing::report(&[1.0])).unwrap();
        assert!(files.has(&key));
    }

    #[test]
    fn an_output_that_is_a_file_is_refused_before_anything_runs() {
        let output = tempfile::NamedTempFile::new().unwrap();
        let error = CellFiles::open(output.path()).unwrap_err();
        assert!(error.to_string().starts_with("cannot write to `"));
    }
}
