//! Rescue: what can still be read of tables of which files were changed, and tables written anew from it.

use std::collections::{BTreeMap, HashSet};

use arrow::array::RecordBatch;
use async_trait::async_trait;
use memhost_store::tables::{BrokenSeal, KeyRow, Manifest, Rescue, Tables, memory_number, table};
use memhost_store::{RepairedTable, StoreError};

use super::pieces::Pieces;
use super::views::Views;
use super::{failed, schema, unusable};

/// Namespace and id of a memory.
type Place = (String, String);

#[async_trait]
impl Rescue for Views {
    async fn read(
        &self,
        manifest: &Manifest,
        name: &str,
    ) -> Result<(usize, Option<String>), StoreError> {
        let rows = match name {
            table::NAMESPACES => {
                self.count_rows(manifest, name, schema::read_namespaces)
                    .await?
            }
            table::MEMORIES => {
                self.count_rows(manifest, name, schema::read_memories)
                    .await?
            }
            table::LINKS => self.count_rows(manifest, name, schema::read_links).await?,
            table::BLOBS => self.count_rows(manifest, name, schema::read_blobs).await?,
            table::ENTRIES => {
                self.count_rows(manifest, name, schema::read_entries)
                    .await?
            }
            table::KEYS => {
                let keys = self.all_keys(manifest).await?;
                return Ok((keys.len(), self.lacking(manifest, &keys).await));
            }
            _ => self.count_rows(manifest, name, each_row).await?,
        };
        Ok((rows, None))
    }

    async fn sound_rows(
        &self,
        manifest: &Manifest,
        name: &str,
        broken: &[BrokenSeal],
    ) -> Option<usize> {
        self.pieces(manifest, name, broken).await?.sound_rows()
    }

    async fn is_whole(&self, manifest: &Manifest, name: &str, broken: &[BrokenSeal]) -> bool {
        match self.pieces(manifest, name, broken).await {
            Some(pieces) => pieces.read_sound().await.is_whole,
            None => false,
        }
    }

    async fn rewrite(
        &self,
        manifest: &Manifest,
        name: &str,
        broken: &[BrokenSeal],
        keep_doubtful: bool,
        folder: &str,
    ) -> Result<RepairedTable, StoreError> {
        let (mut batches, mut doubtful, mut were) = (Vec::new(), Vec::new(), None);
        if let Some(pieces) = self.pieces(manifest, name, broken).await {
            batches = pieces.read_sound().await.batches;
            if keep_doubtful {
                doubtful = pieces.read_doubtful().await.batches;
            }
            were = pieces.sound_rows().zip(pieces.damaged_rows());
        }
        let rows = |batches: &[RecordBatch]| batches.iter().map(RecordBatch::num_rows).sum();
        let (sound_rows, doubtful_rows): (usize, usize) = (rows(&batches), rows(&doubtful));
        batches.extend(doubtful);
        if name == table::NAMESPACES {
            batches = vec![self.all_namespaces(manifest, &batches).await?];
        }
        let kept = self.write_into(folder, name, batches).await?;
        let read = match name == table::NAMESPACES {
            // Of these some come back from other tables.
            true => kept,
            false => sound_rows + doubtful_rows,
        };
        Ok(RepairedTable {
            name: name.to_owned(),
            kept,
            doubtful: doubtful_rows,
            lost: were.map(|(sound, damaged)| (sound + damaged).saturating_sub(read)),
        })
    }

    async fn rewrite_keys(
        &self,
        manifest: &Manifest,
        folder: &str,
    ) -> Result<RepairedTable, StoreError> {
        let mut left: HashSet<Place> = HashSet::new();
        let staged = self.below(folder).await?;
        if let Ok(memories) = staged.latest(table::MEMORIES).await {
            let version = memories.version().await;
            let version = version.map_err(|e| failed("read", table::MEMORIES, &e))?;
            let mut of_stage = manifest.clone();
            of_stage.tables.insert(table::MEMORIES.to_owned(), version);
            left.extend(staged.places(&of_stage, table::MEMORIES).await?);
        }
        let mut keys = self.all_keys(manifest).await?;
        let before = keys.len();
        keys.retain(|key| left.contains(&(key.namespace.clone(), key.memory.clone())));
        let batch = schema::keys(&keys, &manifest.embedder);
        let batch = batch.map_err(|reason| unusable("write", table::KEYS, reason))?;
        let kept = self.write_into(folder, table::KEYS, vec![batch]).await?;
        Ok(RepairedTable {
            name: table::KEYS.to_owned(),
            kept,
            doubtful: 0,
            lost: Some(before - kept),
        })
    }
}

impl Views {
    /// The pieces of a table; none if it cannot be opened.
    async fn pieces(
        &self,
        manifest: &Manifest,
        name: &str,
        broken: &[BrokenSeal],
    ) -> Option<Pieces> {
        let version = *manifest.tables.get(name)?;
        Pieces::of(&self.uri(), name, version, broken).await.ok()
    }

    async fn count_rows<T: Send>(
        &self,
        manifest: &Manifest,
        name: &str,
        read: fn(&RecordBatch) -> Result<Vec<T>, String>,
    ) -> Result<usize, StoreError> {
        Ok(self.rows(manifest, name, None, read).await?.len())
    }

    /// Which memories `memories` or `keys` names.
    async fn places(&self, manifest: &Manifest, name: &str) -> Result<Vec<Place>, StoreError> {
        let read: fn(&RecordBatch) -> Result<Vec<Place>, String> = match name {
            table::MEMORIES => |batch| schema::read_places(batch, "id"),
            _ => |batch| schema::read_places(batch, "memory"),
        };
        self.rows(manifest, name, None, read).await
    }

    /// Keys whose memories are not there, in words.
    async fn lacking(&self, manifest: &Manifest, keys: &[KeyRow]) -> Option<String> {
        // A table of memories that cannot be read is told where it stands.
        let places = self.places(manifest, table::MEMORIES).await.ok()?;
        let places: HashSet<Place> = places.into_iter().collect();
        let lacking = keys
            .iter()
            .filter(|key| !places.contains(&(key.namespace.clone(), key.memory.clone())))
            .count();
        (lacking > 0).then(|| format!("{lacking} keys belong to memories that are not there"))
    }

    /// The namespaces that other tables know, with ids above all that they name.
    async fn all_namespaces(
        &self,
        manifest: &Manifest,
        sound: &[RecordBatch],
    ) -> Result<RecordBatch, StoreError> {
        let damaged = |reason| unusable("write", table::NAMESPACES, reason);
        let mut next: BTreeMap<String, u64> = BTreeMap::new();
        for batch in sound {
            next.extend(schema::read_namespaces(batch).map_err(damaged)?);
        }
        for name in [table::MEMORIES, table::KEYS] {
            let Ok(places) = self.places(manifest, name).await else {
                continue;
            };
            for (namespace, id) in places {
                let number = memory_number(&id).unwrap_or(0);
                let next = next.entry(namespace).or_insert(1);
                *next = (*next).max(number + 1);
            }
        }
        let rows: Vec<(&str, u64)> = next
            .iter()
            .map(|(name, next)| (name.as_str(), *next))
            .collect();
        schema::namespaces(&rows).map_err(damaged)
    }

    /// Writes a table into a folder, unless it has no rows; returns how many.
    async fn write_into(
        &self,
        folder: &str,
        name: &str,
        batches: Vec<RecordBatch>,
    ) -> Result<usize, StoreError> {
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        if rows > 0 {
            self.below(folder).await?.create(name, batches).await?;
        }
        Ok(rows)
    }
}

/// A row whose columns are read by no part of the host.
fn each_row(batch: &RecordBatch) -> Result<Vec<()>, String> {
    batch.columns().iter().try_for_each(|column| {
        let data = column.to_data();
        data.validate_full().map_err(|error| error.to_string())
    })?;
    Ok(vec![(); batch.num_rows()])
}
