//! Seals: size and digest of every file that the tables need, as they were when the manifest was written. LanceDB checks
//! neither: a data file that was emptied is found when a query meets it, a value that was changed never.

use std::collections::BTreeMap;
use std::fmt;

use super::StoreError;
use super::manifest::Manifest;
use super::storage::Storage;
use super::tables::Tables;

/// By path below the store, with `/` between its parts.
pub(crate) type Seals = BTreeMap<String, Seal>;

/// What a file was.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Seal {
    /// Its length.
    pub bytes: u64,
    /// Of its content, in hexadecimal; none in an object store, which checks what it keeps by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// A file that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenSeal {
    /// Its path below the store.
    pub path: String,
    /// What became of it.
    pub harm: Harm,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Harm {
    /// It is not there.
    Gone,
    /// It cannot be read; why.
    Unreadable(String),
    /// Its size is another.
    OtherSize {
        /// The size that was sealed, in bytes.
        was: u64,
        /// The size that it has.
        is: u64,
    },
    /// Its size is the same, and its bytes are not.
    OtherContent,
}

/// How much of a file is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Its size; and all of a file that lists others, which is small.
    Lists,
    /// Every byte.
    Everything,
}

impl Depth {
    /// Whether a file's content is looked at.
    pub(crate) fn reads(self, path: &str) -> bool {
        match self {
            Depth::Everything => true,
            Depth::Lists => is_list(path),
        }
    }
}

impl fmt::Display for BrokenSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BrokenSeal { path, harm } = self;
        match harm {
            Harm::Gone => write!(f, "`{path}` is gone"),
            Harm::Unreadable(reason) => write!(f, "`{path}` cannot be read ({reason})"),
            Harm::OtherSize { was, is } => write!(f, "`{path}` has {is} bytes and had {was}"),
            Harm::OtherContent => write!(f, "`{path}` was changed: its SHA-256 is another one"),
        }
    }
}

/// Whether a file only says which others belong to a table, so that a copy of it costs nothing.
pub(crate) fn is_list(path: &str) -> bool {
    path.contains(".lance/_versions/") || path.contains(".lance/_deletions/")
}

/// The table that a file belongs to.
pub(crate) fn table_of(path: &str) -> &str {
    path.split_once(".lance/").map_or(path, |(table, _)| table)
}

/// The file that lists the files of a table's version.
pub fn list_of(table: &str, version: u64) -> String {
    // The newest first, as LanceDB has it.
    format!(
        "{table}.lance/_versions/{:020}.manifest",
        u64::MAX - version
    )
}

/// Seals the files of the versions that count, which must be the newest. What was sealed before stays as it was.
pub(super) async fn seal(
    storage: &Storage,
    tables: &dyn Tables,
    manifest: &mut Manifest,
) -> Result<(), StoreError> {
    if !storage.has_files() {
        return Ok(());
    }
    let before = std::mem::take(&mut manifest.files);
    for (name, version) in &manifest.tables {
        let folder = format!("{name}.lance/");
        let list = list_of(name, *version);
        if before.contains_key(&list) {
            let unchanged = before.iter().filter(|(path, _)| path.starts_with(&folder));
            let unchanged = unchanged.map(|(path, seal)| (path.clone(), seal.clone()));
            manifest.files.extend(unchanged);
            continue;
        }
        let files = tables.files(name, *version).await?;
        let (known, new): (Vec<_>, Vec<_>) = files
            .into_iter()
            .partition(|path| before.contains_key(path));
        let known = known.into_iter().map(|path| {
            let seal = before[&path].clone();
            (path, seal)
        });
        manifest.files.extend(known);
        manifest.files.extend(storage.seal(new).await?);
    }
    Ok(())
}

/// Files that are not what they were, the first few by name.
pub(super) fn in_words(broken: &[BrokenSeal]) -> String {
    const NAMED: usize = 3;
    let named: Vec<String> = broken
        .iter()
        .take(NAMED)
        .map(BrokenSeal::to_string)
        .collect();
    let named = named.join(", ");
    match broken.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named}, and {more} more"),
    }
}
