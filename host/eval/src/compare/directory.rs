//! The directory in which a comparison's results are kept: its manifest, its finished cells, and its reports.
//!
//! One run at a time uses it. Cells are known by all that determines them, so that a run which is continued, or is
//! followed by one of another design, takes what fits and leaves the rest alone; manifest and reports are of the
//! last run.

use std::path::{Path, PathBuf};

use memhost_base::disk;
use memhost_base::lock::FileLock;

use super::files::{self, CellFileError, CellFiles};
use super::manifest::{self, Manifest, ManifestError};
use super::result::FORMAT;

/// The file that a run holds.
const LOCK: &str = ".lock";

/// What a damaged manifest is called when it is not in the way any more.
const DAMAGED: &str = "manifest.json.damaged";

/// What the run before left.
#[derive(Debug)]
enum Earlier {
    /// There was none.
    None,
    /// This is what it was.
    Was(Box<Manifest>),
    /// Its cells are there, and its manifest cannot be read.
    Damaged(ManifestError),
}

/// A directory of results, held by this run.
#[derive(Debug)]
pub struct ResultDirectory {
    path: PathBuf,
    cells: CellFiles,
    earlier: Earlier,
    _lock: FileLock,
}

/// Why results cannot be kept in a directory.
#[derive(Debug, thiserror::Error)]
pub enum ResultDirectoryError {
    /// It cannot be written to.
    #[error(transparent)]
    File(#[from] CellFileError),
    /// Its manifest is of another format, or none.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Another run uses it.
    #[error(
        "`{}` is in use by {holder}, and runs at the same time need a directory each", .path.display()
    )]
    Busy {
        /// The directory.
        path: PathBuf,
        /// The process that holds it, as its lock says.
        holder: String,
    },
}

impl ResultDirectory {
    /// Whether a directory could be taken, as far as can be said without changing anything.
    ///
    /// # Errors
    /// As of [`ResultDirectory::open`].
    pub fn look(path: &Path) -> Result<(), ResultDirectoryError> {
        earlier(path)?;
        if path.join(LOCK).exists() {
            lock(path)?;
        }
        let fail = |source| CellFileError::new("write to", path, source);
        let there = path.ancestors().find(|place| place.exists());
        tempfile::tempfile_in(there.unwrap_or(Path::new("."))).map_err(fail)?;
        Ok(())
    }

    /// Takes a directory, which is created if need be.
    ///
    /// # Errors
    /// If it holds results of another format, in which case nothing is touched; if another run uses it; or if it cannot
    /// be written to.
    pub fn open(path: &Path) -> Result<ResultDirectory, ResultDirectoryError> {
        let earlier = earlier(path)?;
        let cells = CellFiles::open(path)?;
        let lock = lock(path)?;
        // What a killed run was about to write.
        for directory in [path, &path.join(files::DIRECTORY)] {
            let fail = |source| CellFileError::new("write to", directory, source);
            disk::remove_unfinished(directory).map_err(fail)?;
        }
        if let Earlier::Damaged(error) = &earlier {
            set_aside(path).map_err(|source| CellFileError::new("rename", path, source))?;
            tracing::debug!("{error}");
        }
        Ok(ResultDirectory {
            path: path.to_owned(),
            cells,
            earlier,
            _lock: lock,
        })
    }

    /// What of an earlier run was found damaged, and what becomes of it; for people.
    pub fn damage(&self) -> Option<String> {
        match &self.earlier {
            Earlier::Damaged(error) => Some(format!(
                "{error}. Its finished cells are used; it is kept as `{DAMAGED}` beside the new one"
            )),
            Earlier::None | Earlier::Was(_) => None,
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The finished cells.
    pub fn cells(&self) -> &CellFiles {
        &self.cells
    }

    /// What the run before this one was, if there was any.
    pub fn earlier(&self) -> Option<&Manifest> {
        match &self.earlier {
            Earlier::Was(manifest) => Some(manifest),
            Earlier::None | Earlier::Damaged(_) => None,
        }
    }

    /// Writes the manifest; it is on disk when this returns.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn write(&self, manifest: &Manifest) -> Result<(), CellFileError> {
        let path = self.path.join(manifest::FILE);
        let written = manifest
            .text()
            .map_err(std::io::Error::from)
            .and_then(|text| disk::write_whole(&path, text.as_bytes()));
        written.map_err(|source| CellFileError::new("write", &path, source))
    }
}

/// The manifest of the run before, if there was one.
fn earlier(path: &Path) -> Result<Earlier, ManifestError> {
    let manifest = path.join(manifest::FILE);
    if !manifest.exists() {
        check_cells(path)?;
        return Ok(Earlier::None);
    }
    match Manifest::read(&manifest) {
        Ok(manifest) => Ok(Earlier::Was(Box::new(manifest))),
        // Many programs have a `manifest.json`; beside cells it was one of a comparison.
        Err(ManifestError::Damaged { place, reason })
            if !is_empty(&manifest) && !has_cells(path) =>
        {
            Err(ManifestError::Foreign { place, reason })
        }
        Err(error @ ManifestError::Damaged { .. }) => {
            check_cells(path)?;
            Ok(Earlier::Damaged(error))
        }
        Err(error) => Err(error),
    }
}

/// Keeps a damaged manifest for whoever wants to look at it.
fn set_aside(path: &Path) -> std::io::Result<()> {
    std::fs::rename(path.join(manifest::FILE), path.join(DAMAGED))
}

/// An empty file is nobody's notes.
fn is_empty(manifest: &Path) -> bool {
    std::fs::metadata(manifest).is_ok_and(|about| about.is_file() && about.len() == 0)
}

fn has_cells(path: &Path) -> bool {
    path.join(files::DIRECTORY).is_dir()
}

fn lock(path: &Path) -> Result<FileLock, ResultDirectoryError> {
    let lock = path.join(LOCK);
    let failed = |source| CellFileError::new("lock", &lock, source);
    let held = FileLock::try_new(&lock).map_err(failed)?;
    held.ok_or_else(|| ResultDirectoryError::Busy {
        path: path.to_owned(),
        holder: FileLock::holder(&lock),
    })
}

/// Refuses cells of another format where no manifest says so: what is not understood is not written over.
fn check_cells(output: &Path) -> Result<(), ManifestError> {
    #[derive(serde::Deserialize)]
    struct Any {
        format: Option<u64>,
    }
    let entries = std::fs::read_dir(output.join(files::DIRECTORY));
    let cells = entries
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let cells = cells.filter(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    let mut formats = cells.filter_map(|path| {
        let any: Any = serde_json::from_slice(&std::fs::read(&path).ok()?).ok()?;
        Some((path, any.format.unwrap_or_default()))
    });
    // One of this format speaks for all: others are damaged, and are run again.
    let mut found = formats.next();
    if let Some(of_this_format) = formats.find(|(_, format)| *format == u64::from(FORMAT)) {
        found = Some(of_this_format);
    }
    match found {
        Some((path, found)) if found != u64::from(FORMAT) => Err(ManifestError::OtherFormat {
            place: path.display().to_string(),
            found,
            here: env!("CARGO_PKG_VERSION"),
            known: FORMAT,
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::testing;

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn one_run_at_a_time() {
        let output = tempfile::tempdir().unwrap();
        let held = ResultDirectory::open(output.path()).unwrap();
        let error = ResultDirectory::open(output.path()).unwrap_err();
        let text = error.to_string();
        let process = format!("is in use by process {}", std::process::id());
        assert!(text.contains(&process), "{text}");
        drop(held);
        assert!(ResultDirectory::open(output.path()).is_ok());
    }

    #[test]
    fn a_look_changes_nothing_and_finds_what_stands_in_the_way() {
        let place = tempfile::tempdir().unwrap();
        let output = place.path().join("a/b");
        ResultDirectory::look(&output).unwrap();
        assert!(names(place.path()).is_empty());

        let held = ResultDirectory::open(&output).unwrap();
        let busy = ResultDirectory::look(&output).unwrap_err().to_string();
        assert!(busy.contains("is in use by"), "{busy}");
        drop(held);
        ResultDirectory::look(&output).unwrap();

        let file = place.path().join("file");
        std::fs::write(&file, "mine").unwrap();
        for taken in [file.clone(), file.join("below")] {
            let error = ResultDirectory::look(&taken).unwrap_err().to_string();
            assert!(error.starts_with("cannot write to `"), "{error}");
        }
    }

    #[test]
    fn the_next_run_knows_the_one_before() {
        let output = tempfile::tempdir().unwrap();
        let manifest = manifest::tests::manifest(2);
        let first = ResultDirectory::open(output.path()).unwrap();
        assert_eq!(first.earlier(), None);
        first.write(&manifest).unwrap();
        drop(first);
        let second = ResultDirectory::open(output.path()).unwrap();
        assert_eq!(second.earlier(), Some(&manifest));
        assert_eq!(names(output.path()), [".lock", "cells", "manifest.json"]);
    }

    #[test]
    fn results_of_another_format_are_refused_and_not_touched() {
        let output = tempfile::tempdir().unwrap();
        let manifest = output.path().join("manifest.json");
        for (text, expected) in [
            ("{\"format\": 99, \"new\": []}", "is of format 99"),
            ("notes of mine", "no cells of one stand beside it"),
            (
                "{\"manifest_version\": 3}",
                "no cells of one stand beside it",
            ),
        ] {
            std::fs::write(&manifest, text).unwrap();
            let error = ResultDirectory::open(output.path()).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
            assert_eq!(names(output.path()), ["manifest.json"]);
            assert_eq!(std::fs::read_to_string(&manifest).unwrap(), text);
        }
    }

    #[test]
    fn a_damaged_manifest_beside_cells_is_written_anew() {
        let text = manifest::tests::manifest(2).text().unwrap();
        for damaged in ["", &text[..text.len() / 2], "\0\0\0"] {
            let output = tempfile::tempdir().unwrap();
            let cells = CellFiles::open(output.path()).unwrap();
            let (key, report) = (testing::key("rag", 0), testing::report(&[1.0]));
            cells.save(&key, &report).unwrap();
            std::fs::write(output.path().join("manifest.json"), damaged).unwrap();
            ResultDirectory::look(output.path()).unwrap();

            let directory = ResultDirectory::open(output.path()).unwrap();
            let said = directory.damage().unwrap();
            assert!(
                said.contains("manifest.json`") && said.contains("cells are used"),
                "{said}"
            );
            assert_eq!(directory.earlier(), None);
            assert!(directory.cells().has(&key));
            let aside = output.path().join("manifest.json.damaged");
            assert_eq!(std::fs::read_to_string(aside).unwrap(), damaged);
            directory.write(&manifest::tests::manifest(2)).unwrap();
            drop(directory);
            assert_eq!(ResultDirectory::open(output.path()).unwrap().damage(), None);
        }
    }

    #[test]
    fn what_a_killed_run_was_about_to_write_goes() {
        let output = tempfile::tempdir().unwrap();
        drop(ResultDirectory::open(output.path()).unwrap());
        let before = names(output.path());
        for name in [".memhost-part-ab12cd", "cells/.memhost-part-ef34gh"] {
            std::fs::write(output.path().join(name), "half").unwrap();
        }
        std::fs::write(output.path().join("cells/.mine"), "mine").unwrap();
        drop(ResultDirectory::open(output.path()).unwrap());
        assert_eq!(names(output.path()), before);
        assert_eq!(names(&output.path().join("cells")), [".mine"]);
    }

    #[test]
    fn cells_without_a_manifest_are_used_if_they_are_of_this_format() {
        let output = tempfile::tempdir().unwrap();
        let cells = CellFiles::open(output.path()).unwrap();
        cells
            .save(&testing::key("rag", 0), &testing::report(&[1.0]))
            .unwrap();
        drop(ResultDirectory::open(output.path()).unwrap());

        let output = tempfile::tempdir().unwrap();
        std::fs::create_dir(output.path().join("cells")).unwrap();
        std::fs::write(output.path().join("cells/a.json"), "{\"key\": {}}").unwrap();
        let error = ResultDirectory::open(output.path()).unwrap_err();
        assert!(
            error.to_string().contains("a.json` is of format 0"),
            "{error}"
        );
        assert_eq!(names(output.path()), ["cells"]);
    }
}
