//! Where a part's results are: a directory, or a prefix in an object store that they were copied to.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use memhost::store::Objects;

use super::MergeError;
use crate::compare::files;

/// Where a part's results are.
#[derive(Debug, Clone)]
pub struct Source(Place);

#[derive(Debug, Clone)]
enum Place {
    Directory(PathBuf),
    Objects(Objects),
}

impl Source {
    /// A directory.
    pub fn directory(path: impl Into<PathBuf>) -> Source {
        Source(Place::Directory(path.into()))
    }

    #[cfg(test)]
    pub(super) fn objects(objects: Objects) -> Source {
        Source(Place::Objects(objects))
    }

    /// A directory's path, or an object store's URI, as in `s3://bucket/results/3`.
    ///
    /// # Errors
    /// If this build knows no such object store.
    pub fn open(place: &str) -> Result<Source, MergeError> {
        match place.split_once("://") {
            Some((scheme, _)) if scheme.len() > 1 => {
                Ok(Source(Place::Objects(Objects::open(place)?)))
            }
            _ => Ok(Source::directory(place)),
        }
    }

    /// A file's content; `None` if there is no such file.
    pub(super) async fn read(
        &self,
        folder: Option<&str>,
        name: &str,
    ) -> Result<Option<Vec<u8>>, MergeError> {
        match &self.0 {
            Place::Directory(path) => {
                let path = below(path, folder).join(name);
                match std::fs::read(&path) {
                    Ok(content) => Ok(Some(content)),
                    Err(error) if is_absent(&error) => Ok(None),
                    Err(source) => Err(MergeError::Read {
                        place: path.display().to_string(),
                        source,
                    }),
                }
            }
            Place::Objects(objects) => Ok(objects.read_in(folder, name).await?),
        }
    }

    /// The names of its cell files, sorted.
    pub(super) async fn cells(&self) -> Result<Vec<String>, MergeError> {
        let mut names = match &self.0 {
            Place::Directory(path) => names(&path.join(files::DIRECTORY))?,
            Place::Objects(objects) => objects.names_in(files::DIRECTORY).await?,
        };
        names.sort_unstable();
        Ok(names)
    }

    /// A file's place, for people.
    pub(super) fn place(&self, folder: Option<&str>, name: &str) -> String {
        match &self.0 {
            Place::Directory(path) => below(path, folder).join(name).display().to_string(),
            Place::Objects(objects) => {
                let folder = folder
                    .map(|folder| format!("{folder}/"))
                    .unwrap_or_default();
                format!("{}/{folder}{name}", objects.uri().trim_end_matches('/'))
            }
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Directory(path) => path.display().fmt(f),
            Place::Objects(objects) => f.write_str(objects.uri()),
        }
    }
}

fn below(path: &Path, folder: Option<&str>) -> PathBuf {
    folder.map_or_else(|| path.to_owned(), |folder| path.join(folder))
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn names(directory: &Path) -> Result<Vec<String>, MergeError> {
    let failed = |source| MergeError::Read {
        place: directory.display().to_string(),
        source,
    };
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        names.push(name.to_string_lossy().into_owned());
    }
    Ok(names)
}
