//! Tables in memory: those of a store that ends with the process, and of tests, which look at the store alone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use memhost_contract::embedder::Embedder;
use memhost_contract::{Blob, Key, Memory, Receipt};

use super::tables::{
    Changes, Effect, Fold, Format, KeyRow, LinkKey, Manifest, Storage, Tables, memory_number,
};
use super::{Entry, Footprint, Store, StoreError};

/// All tables have one version between them, under this name.
const ALL: &str = "all";

impl Store {
    /// A store that ends with the process, and whose tables no other program reads: attempts are taken and not
    /// kept.
    ///
    /// # Errors
    /// The clock of this machine cannot be.
    pub async fn in_memory(embedder: Arc<dyn Embedder>) -> Result<Store, StoreError> {
        Store::open("memory://", embedder, &InMemory::default()).await
    }
}

/// The tables of one store, in memory. Cheap to clone: clones are the same tables, so that the store can be opened again.
#[derive(Clone, Default)]
pub struct InMemory(Arc<Mutex<Versions>>);

/// The versions that can still be read, by number.
type Versions = BTreeMap<u64, Version>;

#[derive(Clone)]
struct Version {
    rows: Arc<Rows>,
    written: Instant,
}

/// A memory's keys in their order, each with its vector.
type Embedded = Vec<(Key, Vec<f32>)>;

#[derive(Clone, Default)]
struct Rows {
    namespaces: BTreeMap<String, Arc<Namespace>>,
    /// By namespace and memory.
    keys: BTreeMap<(String, String), Embedded>,
}

#[derive(Clone, Default)]
struct Namespace {
    /// The number of the next memory.
    next: u64,
    /// By number; without their keys.
    memories: BTreeMap<Option<u64>, Memory>,
    links: BTreeMap<LinkKey, f64>,
    blobs: BTreeMap<String, Vec<u8>>,
    receipts: BTreeMap<String, Receipt>,
    entries: BTreeMap<u64, Entry>,
}

#[async_trait]
impl Format for InMemory {
    async fn open(&self, _: &Storage) -> Result<Box<dyn Tables>, StoreError> {
        Ok(Box::new(self.clone()))
    }
}

#[async_trait]
impl Tables for InMemory {
    async fn load(
        &self,
        manifest: &Manifest,
        namespace: &str,
    ) -> Result<(Vec<Effect>, Footprint), StoreError> {
        let rows = self.rows(manifest)?;
        let Some(of) = rows.namespaces.get(namespace) else {
            return Ok(Default::default());
        };
        let mut effects = Vec::new();
        for memory in of.memories.values() {
            let id = memory.id.clone();
            let keys = rows.keys.get(&(namespace.to_owned(), id.clone()));
            let (keys, vectors) = keys.into_iter().flatten().cloned().unzip();
            effects.push(Effect::Put(Memory {
                keys,
                ..memory.clone()
            }));
            effects.push(Effect::Vectors { id, vectors });
        }
        let links = of.links.iter();
        effects.extend(links.map(|(key, weight)| Effect::Connect(key.with_weight(*weight))));
        let blobs = of.blobs.clone().into_iter();
        effects.extend(blobs.map(|(name, bytes)| Effect::Save(Blob { name, bytes })));
        effects.extend(of.entries.values().cloned().map(Effect::Enter));
        effects.push(Effect::Next(of.next));
        let mut receipts = Footprint::default();
        for receipt in of.receipts.values() {
            receipts += Footprint::of_receipt(receipt);
        }
        Ok((effects, receipts))
    }

    async fn namespace_names(&self, manifest: &Manifest) -> Result<Vec<String>, StoreError> {
        Ok(self.rows(manifest)?.namespaces.keys().cloned().collect())
    }

    async fn bring_up(
        &self,
        manifest: &mut Manifest,
        fold: &Fold,
    ) -> Result<Vec<String>, StoreError> {
        self.take_back(manifest).await?;
        let mut rows = self.rows(manifest)?.as_ref().clone();
        for (name, changes) in &fold.namespaces {
            rows.change(name, changes);
        }
        self.add(manifest, rows);
        Ok(Vec::new())
    }

    async fn take_back(&self, manifest: &mut Manifest) -> Result<(), StoreError> {
        let counts = manifest.tables.get(ALL).copied();
        self.versions()
            .retain(|version, _| Some(*version) <= counts);
        Ok(())
    }

    async fn prune(&self, manifest: &Manifest, older_than: Duration) -> Result<(), StoreError> {
        let counts = manifest.tables.get(ALL).copied();
        self.versions().retain(|version, kept| {
            Some(*version) >= counts || kept.written.elapsed() < older_than
        });
        Ok(())
    }

    async fn all_keys(&self, manifest: &Manifest) -> Result<Vec<KeyRow>, StoreError> {
        let rows = self.rows(manifest)?;
        let rows = rows.keys.iter().flat_map(|((namespace, memory), keys)| {
            let keys = keys.iter().zip(0..);
            keys.map(|((key, vector), position)| KeyRow {
                namespace: namespace.clone(),
                memory: memory.clone(),
                position,
                key: key.clone(),
                vector: vector.clone(),
            })
        });
        Ok(rows.collect())
    }

    async fn replace_keys(
        &self,
        manifest: &mut Manifest,
        keys: &[KeyRow],
    ) -> Result<(), StoreError> {
        let mut rows = self.rows(manifest)?.as_ref().clone();
        rows.keys.clear();
        let mut keys: Vec<&KeyRow> = keys.iter().collect();
        keys.sort_by_key(|row| row.position);
        for row in keys {
            let place = (row.namespace.clone(), row.memory.clone());
            let of_memory = rows.keys.entry(place).or_default();
            of_memory.push((row.key.clone(), row.vector.clone()));
        }
        self.add(manifest, rows);
        Ok(())
    }

    async fn files(&self, _: &str, _: u64) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }
}

impl InMemory {
    fn versions(&self) -> MutexGuard<'_, Versions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rows that count.
    fn rows(&self, manifest: &Manifest) -> Result<Arc<Rows>, StoreError> {
        let Some(counts) = manifest.tables.get(ALL) else {
            return Ok(Arc::default());
        };
        let versions = self.versions();
        let version = versions.get(counts).ok_or_else(|| StoreError::Table {
            action: "read",
            table: ALL.to_owned(),
            reason: format!("version {counts} is not there"),
        })?;
        Ok(version.rows.clone())
    }

    /// Makes a new version, which counts once the manifest is written.
    fn add(&self, manifest: &mut Manifest, rows: Rows) {
        let mut versions = self.versions();
        let number = versions.keys().next_back().map_or(1, |newest| newest + 1);
        let version = Version {
            rows: Arc::new(rows),
            written: Instant::now(),
        };
        versions.insert(number, version);
        manifest.tables.insert(ALL.to_owned(), number);
    }
}

impl Rows {
    fn change(&mut self, name: &str, changes: &Changes) {
        let of = self.namespaces.entry(name.to_owned()).or_default();
        let of = Arc::make_mut(of);
        // Memories are numbered from 1.
        of.next = changes.next.unwrap_or(of.next).max(1);
        for (id, memory) in &changes.memories {
            let (number, place) = (memory_number(id), (name.to_owned(), id.clone()));
            let Some(memory) = memory else {
                of.memories.remove(&number);
                self.keys.remove(&place);
                continue;
            };
            if let Some(vectors) = changes.vectors.get(id) {
                let keys = memory.keys.iter().cloned().zip(vectors.iter().cloned());
                self.keys.insert(place, keys.collect());
            }
            let without_keys = Memory {
                keys: Vec::new(),
                ..memory.clone()
            };
            of.memories.insert(number, without_keys);
        }
        for (id, tally) in &changes.tallies {
            if let Some(memory) = of.memories.get_mut(&memory_number(id)) {
                tally.set(memory);
            }
        }
        for (key, weight) in &changes.links {
            put(&mut of.links, key, *weight);
        }
        for (name, bytes) in &changes.blobs {
            put(&mut of.blobs, name, bytes.clone());
        }
        for (receipt, _) in &changes.receipts {
            of.receipts.insert(receipt.id.clone(), receipt.clone());
        }
        of.entries.extend(changes.entries.clone());
    }
}

/// Puts a value in its place, or takes away what is there.
fn put<K: Ord + Clone, V>(map: &mut BTreeMap<K, V>, key: &K, value: Option<V>) {
    match value {
        Some(value) => map.insert(key.clone(), value),
        None => map.remove(key),
    };
}
