//! Verifying a store: every byte of every file that it needs is read, and what of it is not sound is said. Nothing is
//! changed.

use std::collections::BTreeMap;

use super::fold::Fold;
use super::manifest::Manifest;
use super::seal::{BrokenSeal, Depth, table_of};
use super::storage::Unsound;
use super::storage::{LookedAt, Storage};
use super::tables::{Repairable, table};
use super::{Store, StoreError, repair};

/// What a store holds, and what of it is not sound.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct Verified {
    /// Where it is.
    pub store: String,
    /// Whose vectors it holds.
    pub embedder: String,
    /// Its tables.
    pub tables: Vec<VerifiedTable>,
    /// The processes that have it open and hold anything of it. They take the journals in.
    pub open_in: Vec<String>,
    /// What runs have written and no checkpoint has taken into the tables yet.
    pub journals: Vec<VerifiedJournal>,
    /// What is wrong with the store as a whole, and can be put right from a copy.
    pub damage: Vec<String>,
    /// Damaged pieces of journals that earlier runs set aside.
    pub set_aside: Vec<String>,
}

/// A table as it was read.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct VerifiedTable {
    /// Its name.
    pub name: String,
    /// The version that counts.
    pub version: u64,
    /// Its rows that are sound; unknown where they cannot be read.
    pub rows: Option<usize>,
    /// How many files it takes.
    pub files: usize,
    /// Their size.
    pub bytes: u64,
    /// What is wrong with it.
    pub damage: Vec<String>,
    /// How many of its rows stand in a journal as well, and come back from there.
    pub in_journals: usize,
}

/// A journal as it was read.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct VerifiedJournal {
    /// The name of its files.
    pub name: String,
    /// The namespace that it is of; unknown if nothing of it can be read.
    pub namespace: Option<String>,
    /// Its sound records: transactions and lists of attempts.
    pub records: usize,
    /// Which process is writing to it.
    pub held_by: Option<String>,
    /// What was damaged or is gone.
    pub damage: Vec<String>,
    /// What looks as if a process had been killed while it wrote.
    pub cut: Vec<String>,
}

impl Verified {
    /// Whether nothing is lost and nothing is to be put right.
    pub fn is_sound(&self) -> bool {
        self.damage.is_empty()
            && self.tables.iter().all(|table| table.damage.is_empty())
            && self
                .journals
                .iter()
                .all(|journal| journal.damage.is_empty())
    }
}

impl Store {
    /// Reads all of the store at `uri`, whose tables are of this format, and says what is not sound. It need not be
    /// possible to open it.
    ///
    /// # Errors
    /// There is no store; it has another schema version; neither its `memhost.json` nor the copy of that can be read;
    /// what is there cannot be listed.
    pub async fn verify(uri: &str, format: &dyn Repairable) -> Result<Verified, StoreError> {
        let storage = Storage::open(uri).await?;
        let manifest = read_manifest(&storage, uri).await?;
        let broken = storage
            .broken_seals(manifest.files.clone(), Depth::Everything)
            .await?;
        let stored = format.rescue(&storage).await?;
        let looked_at = storage.look_at_journals().await?;
        let open_in = storage.holders().await?;
        let journals = looked_at.iter().map(VerifiedJournal::new).collect();
        let in_journals = rows_in(looked_at);
        let mut tables = Vec::new();
        for (name, version) in &manifest.tables {
            let files = manifest.files_of(name);
            let mut damage = in_words(&broken, name);
            let rows = if damage.is_empty() {
                match stored.read(&manifest, name).await {
                    Ok((rows, lacking)) => {
                        damage.extend(lacking);
                        Some(rows)
                    }
                    Err(error) => {
                        damage.push(error.to_string());
                        None
                    }
                }
            } else {
                // What was changed is not read: it would be taken for what was written.
                stored.sound_rows(&manifest, name, &broken).await
            };
            tables.push(VerifiedTable {
                name: name.clone(),
                version: *version,
                rows,
                files: files.len(),
                bytes: files.values().map(|seal| seal.bytes).sum(),
                damage,
                in_journals: in_journals.get(name.as_str()).copied().unwrap_or(0),
            });
        }
        let mut damage = Vec::from_iter(manifest.restored.clone());
        if repair::is_half_done(&storage).await? {
            let uri = storage.tables();
            damage.push(StoreError::HalfRepaired { uri }.to_string());
        }
        Ok(Verified {
            store: storage.tables(),
            embedder: manifest.embedder.name.clone(),
            tables,
            open_in: Vec::from_iter(open_in),
            journals,
            damage,
            set_aside: storage.set_aside().await?,
        })
    }
}

impl VerifiedJournal {
    fn new(journal: &LookedAt) -> Self {
        let unsound = journal.sealed.extent.unsound();
        let (damage, cut): (Vec<_>, Vec<_>) =
            unsound.iter().partition(|unsound| unsound.is_damage());
        let shown = |unsound: Vec<&Unsound>| unsound.iter().map(ToString::to_string).collect();
        VerifiedJournal {
            name: journal.stem.clone(),
            namespace: journal.sealed.namespace().map(str::to_owned),
            records: journal.sealed.records(),
            held_by: journal.holder.clone(),
            damage: shown(damage),
            // Whoever writes to it may be in the middle of a group.
            cut: match journal.holder {
                Some(_) => Vec::new(),
                None => shown(cut),
            },
        }
    }
}

/// What a store is, if there is one.
pub(super) async fn read_manifest(storage: &Storage, uri: &str) -> Result<Manifest, StoreError> {
    let manifest = Manifest::read(storage).await?;
    manifest.ok_or_else(|| StoreError::NoStore {
        uri: uri.to_owned(),
    })
}

/// What is wrong with the files of a table.
pub(super) fn in_words(broken: &[BrokenSeal], name: &str) -> Vec<String> {
    let of_table = broken
        .iter()
        .filter(|broken| table_of(&broken.path) == name);
    of_table.map(BrokenSeal::to_string).collect()
}

/// How many rows of each table the journals hold.
fn rows_in(journals: Vec<LookedAt>) -> BTreeMap<&'static str, usize> {
    let mut fold = Fold::default();
    for LookedAt { sealed, .. } in journals {
        for group in sealed.groups {
            fold.add(&group.namespace, group.records);
        }
    }
    let of_all = |count: fn(&super::fold::Changes) -> usize| -> usize {
        fold.namespaces.values().map(count).sum()
    };
    BTreeMap::from([
        (table::NAMESPACES, fold.namespaces.len()),
        (
            table::MEMORIES,
            of_all(|c| c.memories.values().flatten().count()),
        ),
        (
            table::KEYS,
            of_all(|c| c.vectors.values().map(Vec::len).sum()),
        ),
        (table::LINKS, of_all(|c| c.links.values().flatten().count())),
        (table::BLOBS, of_all(|c| c.blobs.values().flatten().count())),
        (table::RECEIPTS, of_all(|c| c.receipts.len())),
        (table::ATTEMPTS, fold.attempts.len()),
        (table::ENTRIES, of_all(|c| c.entries.len())),
    ])
}
