//! LanceDB's tables: what a checkpoint brings up to date, and what an open namespace starts from.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};
use std::time::Duration;

use arrow::array::RecordBatch;
use async_trait::async_trait;
use futures::{FutureExt, TryStreamExt};
use lance::index::DatasetIndexExt;
use lance::table::format::{Fragment, IndexMetadata};
use lancedb::database::CreateTableMode;
use lancedb::expr::{DfExpr, col};
use lancedb::index::Index;
use lancedb::index::scalar::BitmapIndexBuilder;
use lancedb::query::{ExecutableQuery, QueryBase};
use lancedb::table::{CompactionOptions, OptimizeAction, OptimizeOptions};
use lancedb::{Connection, Table};
use memhost_contract::{Blob, Key, Memory};
use memhost_store::tables::{
    Depth, Effect, Fold, KEEP_VERSIONS, KeyRow, Manifest, Storage, Tables, list_of, memory_number,
    table,
};
use memhost_store::{Footprint, StoreError};
use tokio::sync::Mutex;

use super::rows::Rows;
use super::update::{Change, Update, text};
use super::{failed, schema, torn, unusable};

/// A table of more fragments than this is compacted by the next checkpoint.
const MOST_FRAGMENTS: usize = 16;

/// Looking at fewer rows than this is as fast as asking an index.
const FEWEST_INDEXED: usize = 20_000;

/// Of rows that stand in no index yet, LanceDB reads more than the name of their namespace: with their vectors, these are
/// five megabytes.
const MOST_UNINDEXED: usize = 5_000;

/// The next memory's number, by namespace.
type Namespaces = Arc<HashMap<String, u64>>;

/// The tables of a store.
pub(crate) struct Views {
    storage: Storage,
    connection: Connection,
    /// What `namespaces` held at a version.
    namespaces: Mutex<Option<(u64, Namespaces)>>,
    /// Tables as they were opened to be read, by name, each at a version that counts or counted: to open one anew takes
    /// longer than to read a namespace of it.
    opened: StdMutex<HashMap<String, (u64, Table)>>,
}

impl Views {
    pub(super) async fn open(storage: &Storage) -> Result<Self, StoreError> {
        Views::at(storage, &storage.tables()).await
    }

    /// Tables in a folder below the store's own.
    pub(super) async fn below(&self, folder: &str) -> Result<Self, StoreError> {
        Views::at(&self.storage, &format!("{}/{folder}", self.uri())).await
    }

    async fn at(storage: &Storage, uri: &str) -> Result<Self, StoreError> {
        let connection = lancedb::connect(uri).execute().await;
        Ok(Views {
            storage: storage.clone(),
            connection: connection.map_err(|e| failed("connect to", uri, &e))?,
            namespaces: Mutex::new(None),
            opened: StdMutex::default(),
        })
    }

    /// The URI of the store.
    pub(super) fn uri(&self) -> String {
        self.storage.tables()
    }

    /// Makes a table that is not there yet.
    pub(super) async fn create(
        &self,
        name: &str,
        rows: Vec<RecordBatch>,
    ) -> Result<(), StoreError> {
        let created = self.connection.create_table(name, rows).execute().await;
        created.map(drop).map_err(|e| failed("write", name, &e))
    }

    /// The namespaces that the tables know.
    async fn namespaces(&self, manifest: &Manifest) -> Result<Namespaces, StoreError> {
        let version = manifest.tables.get(table::NAMESPACES).copied().unwrap_or(0);
        let mut cached = self.namespaces.lock().await;
        match cached.as_ref() {
            Some((known, namespaces)) if *known == version => Ok(namespaces.clone()),
            _ => {
                let rows = self
                    .rows(manifest, table::NAMESPACES, None, schema::read_namespaces)
                    .await?;
                let namespaces: Namespaces = Arc::new(rows.into_iter().collect());
                *cached = Some((version, namespaces.clone()));
                Ok(namespaces)
            }
        }
    }

    /// Rows of a table at the version that counts, of one namespace or of all.
    pub(super) async fn rows<T>(
        &self,
        manifest: &Manifest,
        name: &str,
        namespace: Option<&str>,
        read: impl Fn(&RecordBatch) -> Result<Vec<T>, String>,
    ) -> Result<Vec<T>, StoreError> {
        let predicate = namespace.map(|namespace| col("namespace").eq(text(namespace)));
        self.rows_where(manifest, name, predicate, read).await
    }

    /// Rows of a table at the version that counts, those that meet a predicate or all.
    async fn rows_where<T>(
        &self,
        manifest: &Manifest,
        name: &str,
        predicate: Option<DfExpr>,
        read: impl Fn(&RecordBatch) -> Result<Vec<T>, String>,
    ) -> Result<Vec<T>, StoreError> {
        let Some(version) = manifest.tables.get(name) else {
            return Ok(Vec::new());
        };
        let read_all = async {
            let mut query = self.at_version(name, *version).await?.query();
            if let Some(predicate) = predicate {
                query = query.only_if_expr(predicate);
            }
            query.execute().await?.try_collect().await
        };
        let batches: Result<Vec<RecordBatch>, StoreError> = guarded("read", name, read_all).await;
        if batches.is_err() {
            self.opened().remove(name);
        }
        let batches = batches?;
        let mut rows = Vec::new();
        for batch in &batches {
            rows.extend(read(batch).map_err(|reason| StoreError::Damaged {
                path: format!("{}/{name}.lance", self.storage.tables()),
                reason,
            })?);
        }
        Ok(rows)
    }

    /// A table at a version that counts.
    async fn at_version(&self, name: &str, version: u64) -> lancedb::Result<Table> {
        if let Some((known, table)) = self.opened().get(name)
            && *known == version
        {
            return Ok(table.clone());
        }
        let table = self.connection.open_table(name).version(version);
        let table = table.execute().await?;
        let opened = (version, table.clone());
        self.opened().insert(name.to_owned(), opened);
        Ok(table)
    }

    fn opened(&self) -> MutexGuard<'_, HashMap<String, (u64, Table)>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The memories that the tables have and of which only the tally changed, as they are now.
    async fn tallied(
        &self,
        manifest: &Manifest,
        fold: &Fold,
    ) -> Result<Vec<(String, Memory)>, StoreError> {
        let mut rows = Rows::new("namespace", "id");
        for (namespace, changes) in &fold.namespaces {
            rows.add(namespace, changes.tallies.keys().map(String::as_str));
        }
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let read = |batch: &RecordBatch| {
            let places = schema::read_places(batch, "id")?.into_iter();
            let memories = schema::read_memories(batch)?.into_iter().zip(places);
            let tallied = memories.filter_map(|(mut memory, (namespace, id))| {
                let changes = fold.namespaces.get(&namespace)?;
                changes.tallies.get(&id)?.set(&mut memory);
                Some((namespace, memory))
            });
            Ok(tallied.collect())
        };
        self.rows_where(manifest, table::MEMORIES, rows.predicate(), read)
            .await
    }

    /// What the tables know of a namespace, whose memories are read like this.
    pub(super) async fn load_by(
        &self,
        manifest: &Manifest,
        namespace: &str,
        read_memories: fn(&RecordBatch) -> Result<Vec<Memory>, String>,
    ) -> Result<(Vec<Effect>, Footprint), StoreError> {
        let namespaces = self.namespaces(manifest).await?;
        let Some(next) = namespaces.get(namespace) else {
            return Ok((Vec::new(), Footprint::default()));
        };
        let of = Some(namespace);
        let (mut memories, mut keys, links, blobs, mut entries, footprints) = tokio::try_join!(
            self.rows(manifest, table::MEMORIES, of, read_memories),
            self.rows(manifest, table::KEYS, of, schema::read_keys),
            self.rows(manifest, table::LINKS, of, schema::read_links),
            self.rows(manifest, table::BLOBS, of, schema::read_blobs),
            self.rows(manifest, table::ENTRIES, of, schema::read_entries),
            self.rows(manifest, table::RECEIPTS, of, schema::receipt_footprints),
        )?;
        let mut receipts = Footprint::default();
        footprints
            .into_iter()
            .for_each(|receipt| receipts += receipt);

        memories.sort_by_key(|memory| memory_number(&memory.id));
        entries.sort_by_key(|entry| entry.number);
        keys.sort_by_key(|key| key.position);
        let mut by_memory: HashMap<String, (Vec<Key>, Vec<Vec<f32>>)> = HashMap::new();
        for row in keys {
            let (keys, vectors) = by_memory.entry(row.memory).or_default();
            keys.push(row.key);
            vectors.push(row.vector);
        }
        let mut effects = Vec::new();
        for mut memory in memories {
            let id = memory.id.clone();
            let (keys, vectors) = by_memory.remove(&id).unwrap_or_default();
            memory.keys = keys;
            effects.push(Effect::Put(memory));
            effects.push(Effect::Vectors { id, vectors });
        }
        effects.extend(links.into_iter().map(Effect::Connect));
        let blobs = blobs.into_iter().map(|(name, bytes)| Blob { name, bytes });
        effects.extend(blobs.map(Effect::Save));
        effects.extend(entries.into_iter().map(Effect::Enter));
        effects.push(Effect::Next(*next));
        Ok((effects, receipts))
    }

    async fn change(
        &self,
        manifest: &mut Manifest,
        name: &'static str,
        change: Change,
    ) -> Result<Option<String>, StoreError> {
        let wrong = |error: lancedb::Error| failed("write to", name, &error);
        let mut warning = None;
        let table = if manifest.tables.contains_key(name) {
            let table = self.latest(name).await?;
            if let Some(rows) = &change.delete {
                rows.delete_from(&table).await.map_err(wrong)?;
            }
            if change.add.num_rows() > 0 {
                table.add(change.add).execute().await.map_err(wrong)?;
            }
            let fragments = match table.as_native() {
                Some(native) => native.count_fragments().await.map_err(wrong)?,
                None => 0,
            };
            let mut is_compacted = false;
            if fragments > MOST_FRAGMENTS {
                // What was changed is not written anew, as if it were sound.
                warning = self.damage_of(manifest, name).await?;
                if warning.is_none() {
                    let compact = OptimizeAction::Compact {
                        options: CompactionOptions::default(),
                        remap_options: None,
                    };
                    table.optimize(compact).await.map_err(wrong)?;
                    is_compacted = true;
                }
            }
            // Without it all rows are looked at, which is no harm but slow.
            let indexed = guarded("index", name, index(&table, is_compacted)).await;
            if let Err(error) = indexed {
                tracing::warn!(%error, "the index of namespaces stays as it was");
            }
            table
        } else if change.add.num_rows() > 0 {
            let created = self.connection.create_table(name, change.add).execute();
            created.await.map_err(wrong)?
        } else {
            return Ok(None);
        };
        self.count(manifest, name, &table).await?;
        Ok(warning)
    }

    /// What of a table was changed since it was sealed, in words.
    async fn damage_of(
        &self,
        manifest: &Manifest,
        name: &str,
    ) -> Result<Option<String>, StoreError> {
        let files = manifest.files_of(name);
        let broken = self.storage.broken_seals(files, Depth::Everything).await?;
        Ok(broken
            .first()
            .map(|first| format!("{first}; verifying the store says what is left")))
    }

    pub(super) async fn latest(&self, name: &str) -> Result<Table, StoreError> {
        guarded("open", name, self.connection.open_table(name).execute()).await
    }

    async fn count(
        &self,
        manifest: &mut Manifest,
        name: &str,
        table: &Table,
    ) -> Result<(), StoreError> {
        let version = table.version().await;
        let version = version.map_err(|e| failed("read", name, &e))?;
        manifest.tables.insert(name.to_owned(), version);
        Ok(())
    }
}

#[async_trait]
impl Tables for Views {
    async fn namespace_names(&self, manifest: &Manifest) -> Result<Vec<String>, StoreError> {
        let mut names: Vec<String> = self.namespaces(manifest).await?.keys().cloned().collect();
        names.sort_unstable();
        Ok(names)
    }

    async fn load(
        &self,
        manifest: &Manifest,
        namespace: &str,
    ) -> Result<(Vec<Effect>, Footprint), StoreError> {
        self.load_by(manifest, namespace, schema::read_memories)
            .await
    }

    async fn bring_up(
        &self,
        manifest: &mut Manifest,
        fold: &Fold,
    ) -> Result<Vec<String>, StoreError> {
        self.take_back(manifest).await?;
        let known = self.namespaces(manifest).await?;
        let tallied = self.tallied(manifest, fold).await?;
        let update = Update::new(fold, &known, &tallied, &manifest.embedder);
        let changes = update
            .changes()
            .map_err(|reason| unusable("write to", table::MEMORIES, reason))?;
        let mut warnings = Vec::new();
        for (name, change) in changes {
            let changed = AssertUnwindSafe(self.change(manifest, name, change));
            let changed = changed.catch_unwind().await;
            warnings.extend(changed.unwrap_or_else(|_| Err(torn("write to", name)))?);
        }
        Ok(warnings)
    }

    async fn take_back(&self, manifest: &mut Manifest) -> Result<(), StoreError> {
        // A table is taken back by a new version, which holds what the one that counts holds.
        let names = self.connection.table_names().execute().await;
        let names = names.map_err(|e| failed("list", "tables", &e))?;
        for name in names
            .into_iter()
            .filter(|name| table::ALL.contains(&name.as_str()))
        {
            let wrong = |error: lancedb::Error| failed("take back", &name, &error);
            let Some(&version) = manifest.tables.get(&name) else {
                self.connection
                    .drop_table(&name, &[])
                    .await
                    .map_err(wrong)?;
                continue;
            };
            let table = match (self.latest(&name).await, &self.storage) {
                (Err(_), Storage::Directory(directory)) => {
                    directory.drop_versions_above(&name, version)?;
                    self.latest(&name).await?
                }
                (table, _) => table?,
            };
            if table.version().await.map_err(wrong)? != version {
                table.checkout(version).await.map_err(wrong)?;
                table.restore().await.map_err(wrong)?;
                self.count(manifest, &name, &table).await?;
            }
        }
        Ok(())
    }

    async fn prune(&self, manifest: &Manifest, older_than: Duration) -> Result<(), StoreError> {
        // LanceDB keeps the newest version only, so the versions that count must be the newest.
        let older_than = lancedb::table::Duration::from_std(older_than)
            .or_else(|_| lancedb::table::Duration::from_std(KEEP_VERSIONS))
            .unwrap_or_default();
        for name in manifest.tables.keys() {
            let table = self.latest(name).await?;
            let prune = OptimizeAction::Prune {
                older_than: Some(older_than),
                delete_unverified: Some(false),
                error_if_tagged_old_versions: Some(false),
            };
            let pruned = table.optimize(prune).await;
            pruned.map_err(|e| failed("prune", name, &e))?;
        }
        Ok(())
    }

    async fn all_keys(&self, manifest: &Manifest) -> Result<Vec<KeyRow>, StoreError> {
        self.rows(manifest, table::KEYS, None, schema::read_keys)
            .await
    }

    async fn replace_keys(
        &self,
        manifest: &mut Manifest,
        rows: &[KeyRow],
    ) -> Result<(), StoreError> {
        let batch = schema::keys(rows, &manifest.embedder)
            .map_err(|reason| unusable("write to", table::KEYS, reason))?;
        let created = self
            .connection
            .create_table(table::KEYS, batch)
            .mode(CreateTableMode::Overwrite)
            .execute()
            .await;
        let created = created.map_err(|e| failed("write to", table::KEYS, &e))?;
        self.count(manifest, table::KEYS, &created).await
    }

    async fn files(&self, name: &str, version: u64) -> Result<Vec<String>, StoreError> {
        let table = self.latest(name).await?;
        let list = list_of(name, version);
        let Some(native) = table.as_native() else {
            return Ok(vec![list]);
        };
        let listed = native.manifest().await;
        let listed = listed.map_err(|e| failed("read", name, &e))?;
        let fragments = listed.fragments.iter();
        let files = fragments.flat_map(|fragment| files_of(name, fragment));
        let mut files: Vec<String> = files.chain([list]).collect();
        files.extend(files_of_indices(name, &table).await?);
        Ok(files)
    }
}

/// Asks LanceDB for something. Of a torn file it may expect more than there is, and panic.
async fn guarded<T>(
    action: &'static str,
    name: &str,
    asked: impl Future<Output = lancedb::Result<T>>,
) -> Result<T, StoreError> {
    match AssertUnwindSafe(asked).catch_unwind().await {
        Ok(result) => result.map_err(|e| failed(action, name, &e)),
        Err(_) => Err(torn(action, name)),
    }
}

/// Brings the index of namespaces up to date, or makes it where there are enough rows. With it, what belongs to a
/// namespace is found without a look at what belongs to others.
async fn index(table: &Table, is_compacted: bool) -> lancedb::Result<()> {
    const COLUMN: &str = "namespace";
    if table.schema().await?.index_of(COLUMN).is_err() {
        return Ok(());
    }
    let indices = table.list_indices().await?;
    if let Some(index) = indices.iter().find(|index| index.columns == [COLUMN]) {
        let stats = table.index_stats(&index.name).await?;
        let not_in_it = stats.map_or(0, |stats| stats.num_unindexed_rows);
        if is_compacted || not_in_it > MOST_UNINDEXED {
            let update = OptimizeAction::Index(OptimizeOptions::default());
            table.optimize(update).await?;
        }
    } else if table.count_rows(None).await? >= FEWEST_INDEXED {
        let bitmap = Index::Bitmap(BitmapIndexBuilder::default());
        table.create_index(&[COLUMN], bitmap).execute().await?;
    }
    Ok(())
}

/// The files of a table's indices.
async fn files_of_indices(name: &str, table: &Table) -> Result<Vec<String>, StoreError> {
    let Some(dataset) = table.dataset() else {
        return Ok(Vec::new());
    };
    let listed = async {
        let indices = dataset.get().await?.load_indices().await?;
        lancedb::Result::Ok(indices)
    };
    let indices = listed.await.map_err(|e| failed("read", name, &e))?;
    let of_index = |index: &IndexMetadata| {
        let folder = format!("{name}.lance/_indices/{}", index.uuid);
        let files = index.files.iter().flatten();
        files
            .map(|file| format!("{folder}/{}", file.path))
            .collect::<Vec<String>>()
    };
    Ok(indices.iter().flat_map(of_index).collect())
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
