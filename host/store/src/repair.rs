//! Repairing a store: files that have a copy are put back, copies that are lacking are made, every damaged table is
//! written anew from the rows that are sound, and the journals are taken in. What a table was before stays in `damaged/`,
//! as it can be opened.
//!
//! New tables are written beside the store first. Then a plan is written down, and from there on the repair is brought to
//! its end by whoever begins it again, however often it is interrupted.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use memhost_base::clock;
use memhost_base::disk;
use memhost_contract::Side;
use memhost_contract::embedder::{Embedded, Embedder, EmbedderIdentity, EmbeddingError};

use super::checkpoint::count;
use super::inner::Inner;
use super::manifest::{MANIFEST, Manifest};
use super::seal::{BrokenSeal, Depth, Seal, Seals, table_of};
use super::storage::{Directory, LookedAt, Storage};
use super::tables::{Format, Repairable, table};
use super::verify::read_manifest;
use super::{CHECKPOINT, CLOCK_SLACK, Store, StoreError, THE_STORE};

/// What is to be done once the new tables are there.
const PLAN: &str = "repair.json";
/// A copy of that.
const PLAN_COPY: &str = "repair.copy.json";
/// Where new tables are written.
const STAGE: &str = "repair";
/// Where old ones stay.
const ASIDE: &str = "damaged";

/// What a repair did.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Repaired {
    /// Files whose copy was put in their place.
    pub restored: Vec<String>,
    /// Files that had no sound copy, and have one again.
    pub copied: Vec<String>,
    /// Tables that were written anew.
    pub tables: Vec<RepairedTable>,
    /// Where the damaged tables are now.
    pub set_aside: Option<String>,
    /// What killed runs had left, and is in the tables now.
    pub taken_in: TakenIn,
    /// What was found in journals.
    pub warnings: Vec<String>,
}

/// What was taken into the tables.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct TakenIn {
    /// Journals that nobody held.
    pub journals: usize,
    /// Their sound records: transactions and lists of attempts.
    pub records: usize,
}

impl TakenIn {
    fn of(journals: &[LookedAt]) -> TakenIn {
        let idle = journals.iter().filter(|journal| journal.holder.is_none());
        idle.fold(TakenIn::default(), |sum, journal| TakenIn {
            journals: sum.journals + 1,
            records: sum.records + journal.sealed.records(),
        })
    }
}

/// A table that was written anew.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RepairedTable {
    /// Its name.
    pub name: String,
    /// Rows that it has now.
    pub kept: usize,
    /// Of these, rows that stood in a damaged file and could still be read: their values may be others than were written.
    pub doubtful: usize,
    /// Rows that are lost; unknown where nothing says how many there were.
    pub lost: Option<usize>,
}

/// From where on a repair is not undone but brought to its end.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Plan {
    /// The folder below [`ASIDE`] that the old tables go to.
    aside: String,
    tables: Vec<RepairedTable>,
    /// The files of the new tables, by their path once they are in place.
    files: Seals,
    /// What was changed in the manifest otherwise.
    manifest: Manifest,
}

impl Plan {
    fn add(&mut self, table: RepairedTable) {
        let Manifest { tables, files, .. } = &mut self.manifest;
        files.retain(|path, _| table_of(path) != table.name);
        match table.kept {
            0 => tables.remove(&table.name),
            _ => tables.insert(table.name.clone(), 1),
        };
        self.tables.push(table);
    }
}

impl Store {
    /// Makes the store at `uri`, whose tables are of this format, whole again, without what is lost. With
    /// `keep_doubtful`, rows stay that stand in a damaged file and can still be read, whatever their values are now.
    ///
    /// # Errors
    /// There is no store, or it is in an object store; a process uses it; this user may not read a file of its tables;
    /// neither its `memhost.json` nor the copy of that can be read; the disk fails, in which case it can be tried again.
    pub async fn repair(
        uri: &str,
        keep_doubtful: bool,
        format: &dyn Repairable,
    ) -> Result<Repaired, StoreError> {
        clock::since_1970(SystemTime::now())?;
        let storage = Storage::open(uri).await?;
        let manifest = read_manifest(&storage, uri).await?;
        let Storage::Directory(directory) = &storage else {
            return Err(StoreError::NotHere {
                uri: storage.tables(),
            });
        };
        storage.make_writable()?;
        let lock = storage.lock_patiently(CHECKPOINT, THE_STORE).await?;
        storage.refuse_if_held(&[CHECKPOINT]).await?;
        let repaired = repair_alone(&storage, directory, format, manifest, keep_doubtful).await;
        lock.release().await;
        let mut repaired = repaired?;

        let inner = open_inner(storage, format).await?;
        repaired.taken_in = TakenIn::of(&inner.storage.look_at_journals().await?);
        inner.checkpoint().await?;
        repaired.warnings = std::mem::take(&mut *inner.unheard());
        Ok(repaired)
    }
}

/// The store without its embedder: nothing is embedded.
async fn open_inner(storage: Storage, format: &dyn Format) -> Result<Inner, StoreError> {
    let manifest = read_manifest(&storage, &storage.tables()).await?;
    let tables = format.open(&storage).await?;
    Ok(Inner::new(
        storage,
        Arc::new(Unused(manifest.embedder)),
        tables,
    ))
}

async fn repair_alone(
    storage: &Storage,
    directory: &Directory,
    format: &dyn Repairable,
    mut manifest: Manifest,
    keep_doubtful: bool,
) -> Result<Repaired, StoreError> {
    let mut repaired = Repaired::default();
    if let Some(plan) = read_plan(storage).await? {
        if is_sound(storage, directory, &plan).await? {
            return finish(storage, directory, format, plan, repaired).await;
        }
        undo(directory, &plan)?;
    }
    directory.refuse_unreadable()?;
    remove_stage(directory)?;
    if let Some(reason) = manifest.restored.take() {
        manifest.write(storage).await?;
        repaired.restored.push(reason);
    } else if Manifest::read_copy(storage).await?.is_none() {
        manifest.write(storage).await?;
        repaired.copied.push(MANIFEST.to_owned());
    }
    let broken = storage
        .broken_seals(manifest.files.clone(), Depth::Everything)
        .await?;
    let restored = storage.restore_copies(&broken, &manifest.files).await?;
    let is_left = |broken: &BrokenSeal| !restored.contains(&broken.path);
    let broken: Vec<BrokenSeal> = broken.into_iter().filter(is_left).collect();
    repaired.restored.extend(restored);

    let stored = format.rescue(storage).await?;
    let mut damaged: Vec<String> = Vec::new();
    for name in manifest.tables.keys() {
        let is_broken = broken.iter().any(|broken| table_of(&broken.path) == name);
        // An earlier memhost sealed nothing: what cannot be read is damaged.
        if is_broken || !stored.is_whole(&manifest, name, &broken).await {
            damaged.push(name.clone());
        }
    }
    if damaged.is_empty() {
        // Every file was just found to be what it was.
        repaired
            .copied
            .extend(storage.keep_copies(&manifest.files).await?);
        return Ok(repaired);
    }
    let mut plan = Plan {
        aside: aside_name(directory),
        tables: Vec::new(),
        files: Seals::new(),
        manifest: manifest.clone(),
    };
    let is_damaged = |name: &str| damaged.iter().any(|damaged| damaged == name);
    let lacks_memories = is_damaged(table::MEMORIES) && !is_damaged(table::KEYS);
    for name in &damaged {
        let rewritten = stored.rewrite(&manifest, name, &broken, keep_doubtful, STAGE);
        plan.add(rewritten.await?);
    }
    if lacks_memories && manifest.tables.contains_key(table::KEYS) {
        plan.add(stored.rewrite_keys(&manifest, STAGE).await?);
    }
    let stage = directory.path().join(STAGE);
    let staged = directory.sync_all(&stage)?;
    let staged = storage.seal(staged).await?;
    let in_place = |(path, seal): (String, Seal)| {
        let path = path.strip_prefix(&format!("{STAGE}/"))?.to_owned();
        Some((path, seal))
    };
    plan.files = staged.into_iter().filter_map(in_place).collect();
    let text = serde_json::to_vec_pretty(&plan).map_err(|error| StoreError::Io {
        action: "write",
        path: PLAN.to_owned(),
        reason: error.to_string(),
    })?;
    storage.write(PLAN_COPY, text.clone()).await?;
    storage.write(PLAN, text).await?;
    finish(storage, directory, format, plan, repaired).await
}

/// Whether a repair was interrupted where it is not undone.
pub(super) async fn is_half_done(storage: &Storage) -> Result<bool, StoreError> {
    Ok(storage.read(PLAN).await?.is_some() || storage.read(PLAN_COPY).await?.is_some())
}

/// What an interrupted repair was about to do.
async fn read_plan(storage: &Storage) -> Result<Option<Plan>, StoreError> {
    let (plan, copy) = (storage.read(PLAN).await?, storage.read(PLAN_COPY).await?);
    let mut reason = None;
    for text in plan.into_iter().chain(copy) {
        match serde_json::from_slice(&text) {
            Ok(plan) => return Ok(Some(plan)),
            Err(error) => reason = Some(error),
        }
    }
    match reason {
        None => Ok(None),
        Some(error) => Err(StoreError::Damaged {
            path: format!("{}/{PLAN}", storage.tables()),
            reason: format!(
                "{error}, and so is its copy; the tables as they were before the repair are in `{ASIDE}`: move them back, \
                 delete {PLAN} and {PLAN_COPY}, and repair again, or else"
            ),
        }),
    }
}

/// Whether the new tables are what was written, wherever they are by now.
async fn is_sound(
    storage: &Storage,
    directory: &Directory,
    plan: &Plan,
) -> Result<bool, StoreError> {
    for table in plan.tables.iter().filter(|table| table.kept > 0) {
        let file = format!("{}.lance", table.name);
        let prefix = match directory.path().join(STAGE).join(&file).exists() {
            true => format!("{STAGE}/"),
            false => String::new(),
        };
        let files = plan.files.iter();
        let files = files.filter(|(path, _)| table_of(path) == table.name);
        let files: Seals = files
            .map(|(path, seal)| (format!("{prefix}{path}"), seal.clone()))
            .collect();
        let broken = storage
            .broken_seals(files.clone(), Depth::Everything)
            .await?;
        if files.is_empty() || !broken.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Takes a repair back: the old tables are in their places, and it can begin again.
fn undo(directory: &Directory, plan: &Plan) -> Result<(), StoreError> {
    for RepairedTable { name, .. } in &plan.tables {
        let file = format!("{name}.lance");
        let here = directory.path().join(&file);
        let old = directory.path().join(ASIDE).join(&plan.aside).join(&file);
        if !old.exists() {
            continue;
        }
        if here.exists() {
            fs::remove_dir_all(&here).map_err(|e| StoreError::io("remove", &here, &e))?;
        }
        rename(&old, &here)?;
    }
    remove_plan(directory)?;
    remove_stage(directory)
}

fn remove_plan(directory: &Directory) -> Result<(), StoreError> {
    for name in [PLAN, PLAN_COPY] {
        let file = directory.path().join(name);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::io("remove", &file, &error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Brings a repair to its end: every step may have been taken already.
async fn finish(
    storage: &Storage,
    directory: &Directory,
    format: &dyn Format,
    plan: Plan,
    mut repaired: Repaired,
) -> Result<Repaired, StoreError> {
    let aside = directory.path().join(ASIDE).join(&plan.aside);
    disk::create_directories(&aside).map_err(|e| StoreError::io("create", &aside, &e))?;
    for RepairedTable { name, kept, .. } in &plan.tables {
        let file = format!("{name}.lance");
        let (here, staged) = (
            directory.path().join(&file),
            directory.path().join(STAGE).join(&file),
        );
        let old = aside.join(&file);
        // As long as the new one is not in its place, what is there is the old one.
        if (staged.exists() || *kept == 0) && here.exists() && !old.exists() {
            rename(&here, &old)?;
        }
        if staged.exists() {
            rename(&staged, &here)?;
        }
    }
    let stored = format.open(storage).await?;
    let mut manifest = plan.manifest;
    let since = SystemTime::now() - CLOCK_SLACK;
    count(storage, stored.as_ref(), &mut manifest, since).await?;
    remove_plan(directory)?;
    remove_stage(directory)?;
    repaired.set_aside = Some(aside.display().to_string());
    repaired.tables = plan.tables;
    Ok(repaired)
}

fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(|e| StoreError::io("rename", from, &e))
}

/// Removes tables that an interrupted repair was about to write.
fn remove_stage(directory: &Directory) -> Result<(), StoreError> {
    let stage = directory.path().join(STAGE);
    match fs::remove_dir_all(&stage) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::io("remove", &stage, &error))
        }
        _ => Ok(()),
    }
}

/// The first number that no earlier repair took.
fn aside_name(directory: &Directory) -> String {
    let aside = directory.path().join(ASIDE);
    let mut number = 1_u32;
    while aside.join(number.to_string()).exists() {
        number += 1;
    }
    number.to_string()
}

/// The embedder of a store in which nothing is embedded.
struct Unused(EmbedderIdentity);

#[async_trait]
impl Embedder for Unused {
    fn identity(&self) -> &EmbedderIdentity {
        &self.0
    }

    async fn embed(&self, _: &[String], _: Side) -> Result<Embedded, EmbeddingError> {
        Ok(Vec::new().into())
    }
}
