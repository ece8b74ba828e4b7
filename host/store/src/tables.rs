//! The tables of a store, as the store sees them: a trait, the rows that it speaks of, and what of the store its
//! implementations stand on.
//!
//! The store decides what counts and when; tables only keep rows. Each change of a table makes a new version of it, and
//! a version counts once a [`Manifest`] that names it was written, which the store does after it has brought the new
//! files to the disk. So an implementation syncs nothing, and may be killed between any two steps.
//!
//! [`InMemory`](super::in_memory::InMemory) is the implementation that needs nothing else; the one that other programs
//! can read is the crate `memhost-lance`, which this one does not know.

use std::time::Duration;

use async_trait::async_trait;
use sha2::{Digest, Sha256};

pub use super::effect::{Effect, LinkKey, Tally, memory_number};
pub use super::field::{state_name, state_named};
pub use super::fold::{Changes, Fold};
pub use super::manifest::Manifest;
pub use super::seal::{BrokenSeal, Depth, Harm, Seal, list_of};
pub use super::storage::{Directory, Storage};
use memhost_contract::{Key, Receipt};

use super::{Footprint, RepairedTable, StoreError};

/// Versions younger than this stay, for whoever is still reading them.
pub const KEEP_VERSIONS: Duration = Duration::from_secs(600);

/// The tables' names, on the disk and in a manifest.
pub mod table {
    /// One row per strategy in a run or deployment.
    pub const NAMESPACES: &str = "namespaces";
    /// One row per memory.
    pub const MEMORIES: &str = "memories";
    /// One row per text that a memory is found by.
    pub const KEYS: &str = "keys";
    /// One row per edge.
    pub const LINKS: &str = "links";
    /// One row per opaque state.
    pub const BLOBS: &str = "blobs";
    /// One row per retrieval.
    pub const RECEIPTS: &str = "receipts";
    /// One row per run of an agent on a task.
    pub const ATTEMPTS: &str = "attempts";
    /// One row per thing that has happened.
    pub const ENTRIES: &str = "entries";
    /// All of them; whatever else stands in the directory is not ours.
    pub const ALL: [&str; 8] = [
        NAMESPACES, MEMORIES, KEYS, LINKS, BLOBS, RECEIPTS, ATTEMPTS, ENTRIES,
    ];
}

/// One row of `keys`.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyRow {
    /// Where the memory is.
    pub namespace: String,
    /// The memory's id.
    pub memory: String,
    /// Which of its keys, from 0.
    pub position: u32,
    /// The text.
    pub key: Key,
    /// The text's vector, of unit length; empty if the key is not embedded.
    pub vector: Vec<f32>,
}

/// Opens tables. Asked only for a place that has been looked at and found fit to be a store.
#[async_trait]
pub trait Format: Send + Sync {
    /// The tables of the store there. Nothing is read and nothing is changed yet.
    async fn open(&self, storage: &Storage) -> Result<Box<dyn Tables>, StoreError>;
}

/// Opens tables that can be read and written anew when some of their files are damaged.
#[async_trait]
pub trait Repairable: Format {
    /// As [`Format::open`], of a store that need not be fit to be opened.
    async fn rescue(&self, storage: &Storage) -> Result<Box<dyn Rescue>, StoreError>;
}

/// Opens tables of schema version 3 as well, to be written anew.
#[async_trait]
pub trait Upgradable: Format {
    /// The tables of such a store, to be read.
    async fn earlier(&self, storage: &Storage) -> Result<Box<dyn Earlier>, StoreError>;
}

/// Tables of schema version 3, at the versions that count.
#[async_trait]
pub trait Earlier: Send + Sync {
    /// The names of the namespaces.
    async fn namespaces(&self, manifest: &Manifest) -> Result<Vec<String>, StoreError>;

    /// What they know of a namespace, as [`Tables::load`]; and its receipts, with their times. A memory's source is an
    /// attempt that is called as the text that stood there.
    async fn load(
        &self,
        manifest: &Manifest,
        namespace: &str,
    ) -> Result<(Vec<Effect>, Vec<(Receipt, f64)>), StoreError>;

    /// The attempts of runs, as JSON, each with its run.
    async fn attempts(&self, manifest: &Manifest) -> Result<Vec<(String, String)>, StoreError>;
}

/// Rows by table and version. Any method may be called at any time from several tasks; those that change something are
/// called by one process at a time, which holds the lock of checkpoints.
///
/// An error of [`StoreError::Table`] says that a table cannot be used as it is: after one of `load` the store calls
/// `take_back` and tries again.
#[async_trait]
pub trait Tables: Send + Sync {
    /// What the versions that count know of a namespace, as effects that lead there from nothing, memories in the order
    /// of their insertion; and how much its receipts are. A namespace that they do not know gives no effects.
    ///
    /// Reads these versions even if there are newer ones, which do not count.
    async fn load(
        &self,
        manifest: &Manifest,
        namespace: &str,
    ) -> Result<(Vec<Effect>, Footprint), StoreError>;

    /// The names of all namespaces that the versions that count know, in their order.
    async fn namespace_names(&self, manifest: &Manifest) -> Result<Vec<String>, StoreError>;

    /// Brings the tables up to date, and `manifest` with them, starting from the versions that count. Bringing up the
    /// same twice changes nothing. Says what was found damaged meanwhile.
    ///
    /// When it returns, the new versions can be read; nothing needs to be on the disk, and nothing of the versions that
    /// counted may be gone or changed: they count until the store has written the manifest, and again if it cannot.
    async fn bring_up(
        &self,
        manifest: &mut Manifest,
        fold: &Fold,
    ) -> Result<Vec<String>, StoreError>;

    /// Undoes what was written after the versions that count, by a checkpoint that did not come to its end: afterwards
    /// the newest version of each table holds what the one that counts holds. `manifest` names it, if that makes a new
    /// version; it counts once the store has written the manifest. Newer versions may be torn, and must not be needed.
    async fn take_back(&self, manifest: &mut Manifest) -> Result<(), StoreError>;

    /// Lets go of what no version that counts needs, and that is older than this. Called when the manifest is on the
    /// disk and the versions that count are the newest. Failing is no harm: the next one tries again.
    async fn prune(&self, manifest: &Manifest, older_than: Duration) -> Result<(), StoreError>;

    /// All keys of all namespaces with their vectors, if they have one, at the versions that count, for embedding them anew.
    async fn all_keys(&self, manifest: &Manifest) -> Result<Vec<KeyRow>, StoreError>;

    /// Replaces all keys by these, whose vectors, if they have one, are those of the manifest's embedder, and brings `manifest` up to date.
    /// What is promised of durability is what [`bring_up`](Tables::bring_up) promises.
    async fn replace_keys(
        &self,
        manifest: &mut Manifest,
        rows: &[KeyRow],
    ) -> Result<(), StoreError>;

    /// The files of a table's version, which is the newest, by their paths below the store, with the one that lists the
    /// others ([`list_of`]). They are sealed: none of them is changed as long as a version that counts needs it. None of
    /// tables that are in no files.
    async fn files(&self, table: &str, version: u64) -> Result<Vec<String>, StoreError>;
}

/// Tables whose files can be damaged one by one: what can still be read of them. Nothing is changed but what stands in
/// the folder that rows are written to.
#[async_trait]
pub trait Rescue: Tables {
    /// Reads every row of a table; says how many there are, and what they lack in other tables.
    async fn read(
        &self,
        manifest: &Manifest,
        table: &str,
    ) -> Result<(usize, Option<String>), StoreError>;

    /// How many rows of a table stand in files other than these; unknown where the table does not say.
    async fn sound_rows(
        &self,
        manifest: &Manifest,
        table: &str,
        broken: &[BrokenSeal],
    ) -> Option<usize>;

    /// Whether all rows can be read that stand in files other than these.
    async fn is_whole(&self, manifest: &Manifest, table: &str, broken: &[BrokenSeal]) -> bool;

    /// Writes what can be read of a table into a folder below the store, as version 1 of a new one, or nothing if that is
    /// no row. Rows in broken files are read if `keep_doubtful`. Namespaces that other tables know come back.
    async fn rewrite(
        &self,
        manifest: &Manifest,
        table: &str,
        broken: &[BrokenSeal],
        keep_doubtful: bool,
        folder: &str,
    ) -> Result<RepairedTable, StoreError>;

    /// Writes the keys of those memories anew that were written into the folder.
    async fn rewrite_keys(
        &self,
        manifest: &Manifest,
        folder: &str,
    ) -> Result<RepairedTable, StoreError>;
}

/// What a row is found and deleted by that several texts identify.
pub fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(&hash.finalize()[..16])
}
