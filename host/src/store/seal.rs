//! Seals: size and digest of every file that the tables need, as they were when the manifest was written. LanceDB checks
//! neither: a data file that was emptied is found when a query meets it, a value that was changed never.

use std::collections::BTreeMap;
use std::fmt;

use lance::table::format::Fragment;
use lancedb::Table;

use super::StoreError;
use super::home::Home;
use super::manifest::Manifest;
use super::views::Views;

/// By path below the store, with `/` between its parts.
pub(crate) type Seals = BTreeMap<String, Seal>;

/// What a file was.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Seal {
    pub bytes: u64,
    /// Of its content, in hexadecimal; none in an object store, which checks what it keeps by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// A file that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BrokenSeal {
    /// Its path below the store.
    pub path: String,
    pub harm: Harm,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Harm {
    Gone,
    Unreadable(String),
    OtherSize { was: u64, is: u64 },
    OtherContent,
}

/// How much of a file is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
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
pub(crate) fn list_of(table: &str, version: u64) -> String {
    // The newest first, as LanceDB has it.
    format!(
        "{table}.lance/_versions/{:020}.manifest",
        u64::MAX - version
    )
}

impl Views {
    /// Seals the files of the versions that count, which must be the newest. What was sealed before stays as it was.
    pub(crate) async fn seal(
        &self,
        home: &Home,
        manifest: &mut Manifest,
    ) -> Result<(), StoreError> {
        if !home.has_files() {
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
            let mut files = files(name, &self.latest(name).await?).await?;
            files.push(list);
            let (known, new): (Vec<_>, Vec<_>) = files
                .into_iter()
                .partition(|path| before.contains_key(path));
            let known = known.into_iter().map(|path| {
                let seal = before[&path].clone();
                (path, seal)
            });
            manifest.files.extend(known);
            manifest.files.extend(home.seal(new).await?);
        }
        Ok(())
    }

    /// What of a table was changed since it was sealed.
    pub(super) async fn broken_seals(
        &self,
        home: &Home,
        manifest: &Manifest,
        name: &str,
    ) -> Result<Vec<BrokenSeal>, StoreError> {
        let of_table = manifest
            .files
            .iter()
            .filter(|(path, _)| table_of(path) == name);
        let of_table = of_table.map(|(path, seal)| (path.clone(), seal.clone()));
        home.broken_seals(of_table.collect(), Depth::Everything)
            .await
    }
}

/// The data and the deletions of a table's newest version.
async fn files(name: &str, table: &Table) -> Result<Vec<String>, StoreError> {
    let Some(native) = table.as_native() else {
        return Ok(Vec::new());
    };
    let listed = native.manifest().await;
    let listed = listed.map_err(|e| StoreError::table("read", name, &e))?;
    let fragments = listed.fragments.iter();
    Ok(fragments
        .flat_map(|fragment| files_of(name, fragment))
        .collect())
}

/// The files of some of a table's rows.
pub(super) fn files_of(name: &str, fragment: &Fragment) -> Vec<String> {
    let data = fragment.files.iter();
    let mut files: Vec<String> = data
        .map(|file| format!("{name}.lance/data/{}", file.path))
        .collect();
    if let Some(deleted) = &fragment.deletion_file {
        files.push(format!(
            "{name}.lance/_deletions/{}-{}-{}.{}",
            fragment.id,
            deleted.read_version,
            deleted.id,
            deleted.file_type.suffix()
        ));
    }
    files
}
