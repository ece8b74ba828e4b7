//! What a checkpoint does to each table: rows that go, and rows that come.
//!
//! Rows are never changed in place. Those that the tables know and that changed are deleted and added again; a new
//! namespace is only added. A counter's change rewrites the row in `memories` and leaves the vectors in `keys` alone.

use std::collections::{BTreeMap, HashMap};

use arrow::array::RecordBatch;
use lancedb::datafusion::scalar::ScalarValue;
use lancedb::expr::{DfExpr, col, is_in, lit};
use memhost_contract::embedder::EmbedderIdentity;
use memhost_contract::{Memory, Receipt};
use memhost_store::Entry;
use memhost_store::tables::{Changes, Fold, KeyRow, LinkKey, memory_number, table};

use super::schema::{self, Of};

/// The most ids in one predicate.
const MOST_IDS: usize = 1000;

/// What happens to one table.
pub(crate) struct Change {
    /// Which rows go, one commit each.
    pub delete: Vec<DfExpr>,
    /// Which rows come.
    pub add: RecordBatch,
}

/// What happens to all of them.
pub(crate) struct Update<'a> {
    fold: &'a Fold,
    embedder: &'a EmbedderIdentity,
    delete: BTreeMap<&'static str, Vec<DfExpr>>,
    namespaces: Vec<(&'a str, u64)>,
    memories: Vec<Of<'a, &'a Memory>>,
    keys: Vec<KeyRow>,
    links: Vec<Of<'a, (&'a LinkKey, f64)>>,
    blobs: Vec<Of<'a, (&'a str, &'a [u8])>>,
    receipts: Vec<Of<'a, &'a (Receipt, f64)>>,
    entries: Vec<Of<'a, &'a Entry>>,
}

impl<'a> Update<'a> {
    /// `known` are the namespaces that the tables know, with the number of the next memory in each.
    pub(crate) fn new(
        fold: &'a Fold,
        known: &HashMap<String, u64>,
        embedder: &'a EmbedderIdentity,
    ) -> Self {
        let mut update = Update {
            fold,
            embedder,
            delete: BTreeMap::new(),
            namespaces: Vec::new(),
            memories: Vec::new(),
            keys: Vec::new(),
            links: Vec::new(),
            blobs: Vec::new(),
            receipts: Vec::new(),
            entries: Vec::new(),
        };
        for (namespace, changes) in &fold.namespaces {
            match known.get(namespace) {
                Some(next) => update.delete(namespace, changes, *next),
                None if changes.next.is_none() => update.namespaces.push((namespace, 1)),
                None => {}
            }
            update.add(namespace, changes);
        }
        update.delete_attempts();
        update
    }

    /// Table by table.
    pub(crate) fn changes(mut self) -> Result<Vec<(&'static str, Change)>, String> {
        let batches = [
            (table::MEMORIES, schema::memories(&self.memories)?),
            (table::KEYS, schema::keys(&self.keys, self.embedder)?),
            (table::LINKS, schema::links(&self.links)?),
            (table::BLOBS, schema::blobs(&self.blobs)?),
            (table::RECEIPTS, schema::receipts(&self.receipts)?),
            (table::ENTRIES, schema::entries(&self.entries)?),
            (table::NAMESPACES, schema::namespaces(&self.namespaces)?),
            (table::ATTEMPTS, schema::attempts(&self.fold.attempts)?),
        ];
        let changes = batches.into_iter().map(|(name, add)| {
            let delete = self.delete.remove(name).unwrap_or_default();
            (name, Change { delete, add })
        });
        Ok(changes
            .filter(|(_, change)| !change.delete.is_empty() || change.add.num_rows() > 0)
            .collect())
    }

    /// The rows of a known namespace that are not as they were.
    fn delete(&mut self, namespace: &str, changes: &Changes, next: u64) {
        let is_known = |id: &&String| memory_number(id).is_some_and(|number| number < next);
        let memories: Vec<&String> = changes.memories.keys().filter(is_known).collect();
        let with_keys: Vec<&String> = memories
            .iter()
            .copied()
            .filter(|id| changes.vectors.contains_key(*id) || changes.memories[*id].is_none())
            .collect();
        let links: Vec<String> = changes.links.keys().map(schema::link_id).collect();
        let blobs: Vec<String> = changes
            .blobs
            .keys()
            .map(|name| schema::blob_id(name))
            .collect();
        self.delete_rows(table::MEMORIES, namespace, "id", &memories);
        self.delete_rows(table::KEYS, namespace, "memory", &with_keys);
        self.delete_rows(table::LINKS, namespace, "id", &links);
        self.delete_rows(table::BLOBS, namespace, "id", &blobs);
        // Receipts never change; but a kill between the manifest and the end of the journals brings them twice.
        let receipts: Vec<&String> = changes
            .receipts
            .iter()
            .map(|(receipt, _)| &receipt.id)
            .collect();
        self.delete_rows(table::RECEIPTS, namespace, "id", &receipts);
        // The same holds of entries, which are only ever added behind the others.
        if let Some((first, _)) = changes.entries.first_key_value() {
            let again = col("namespace")
                .eq(text(namespace))
                .and(col("number").gt_eq(lit(*first)));
            self.delete.entry(table::ENTRIES).or_default().push(again);
        }
        if changes.next.is_some() {
            let row = col("namespace").eq(text(namespace));
            self.delete.entry(table::NAMESPACES).or_default().push(row);
        }
    }

    fn add(&mut self, namespace: &'a str, changes: &'a Changes) {
        let memories = changes.memories.values().flatten();
        self.memories
            .extend(memories.map(|memory| (namespace, memory)));
        for (id, vectors) in &changes.vectors {
            let Some(Some(memory)) = changes.memories.get(id) else {
                continue;
            };
            let keys = memory.keys.iter().zip(vectors).zip(0..);
            self.keys
                .extend(keys.map(|((key, vector), position)| KeyRow {
                    namespace: namespace.to_owned(),
                    memory: id.clone(),
                    position,
                    key: key.clone(),
                    vector: vector.clone(),
                }));
        }
        let links = changes.links.iter();
        self.links
            .extend(links.filter_map(|(key, weight)| Some((namespace, (key, (*weight)?)))));
        let blobs = changes.blobs.iter();
        self.blobs.extend(
            blobs.filter_map(|(name, bytes)| Some((namespace, (name.as_str(), bytes.as_deref()?)))),
        );
        self.receipts
            .extend(changes.receipts.iter().map(|receipt| (namespace, receipt)));
        self.entries
            .extend(changes.entries.values().map(|entry| (namespace, entry)));
        self.namespaces
            .extend(changes.next.map(|next| (namespace, next)));
    }

    /// An attempt that was kept twice is kept as it was last.
    fn delete_attempts(&mut self) {
        let mut by_run: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
        for (run, id) in self.fold.attempts.keys() {
            by_run.entry(run).or_default().push(id);
        }
        for (run, ids) in by_run {
            for ids in ids.chunks(MOST_IDS) {
                let rows = col("run").eq(text(run)).and(one_of("id", ids));
                self.delete.entry(table::ATTEMPTS).or_default().push(rows);
            }
        }
    }

    fn delete_rows(
        &mut self,
        table: &'static str,
        namespace: &str,
        column: &str,
        ids: &[impl AsRef<str>],
    ) {
        for ids in ids.chunks(MOST_IDS) {
            let rows = col("namespace")
                .eq(text(namespace))
                .and(one_of(column, ids));
            self.delete.entry(table).or_default().push(rows);
        }
    }
}

/// A text as the tables hold it.
pub(crate) fn text(value: &str) -> DfExpr {
    lit(ScalarValue::LargeUtf8(Some(value.to_owned())))
}

fn one_of(column: &str, values: &[impl AsRef<str>]) -> DfExpr {
    is_in(
        col(column),
        values.iter().map(|value| text(value.as_ref())).collect(),
    )
}
