//! What a checkpoint does to each table: rows that go, and rows that come.
//!
//! Rows are never changed in place. Those that the tables know and that changed are deleted and added again; a new
//! namespace is only added. A counter's change rewrites the row in `memories` and leaves the vectors in `keys` alone.
//! Whatever goes from a table goes at once, of all namespaces: a commit costs the same for one row and for thousands.

use std::collections::{BTreeMap, HashMap};

use arrow::array::RecordBatch;
use lancedb::datafusion::scalar::ScalarValue;
use lancedb::expr::{DfExpr, lit};
use memhost_contract::embedder::EmbedderIdentity;
use memhost_contract::{Memory, Receipt};
use memhost_store::Entry;
use memhost_store::tables::{Changes, Fold, KeyRow, LinkKey, memory_number, table};

use super::rows::Rows;
use super::schema::{self, Of};

/// What happens to one table.
pub(crate) struct Change {
    /// Which rows go, if any.
    pub delete: Option<Rows>,
    /// Which rows come.
    pub add: RecordBatch,
}

/// What happens to all of them.
pub(crate) struct Update<'a> {
    fold: &'a Fold,
    embedder: &'a EmbedderIdentity,
    delete: BTreeMap<&'static str, Rows>,
    namespaces: Vec<(&'a str, u64)>,
    memories: Vec<Of<'a, &'a Memory>>,
    keys: Vec<KeyRow>,
    links: Vec<Of<'a, (&'a LinkKey, f64)>>,
    blobs: Vec<Of<'a, (&'a str, &'a [u8])>>,
    receipts: Vec<Of<'a, &'a (Receipt, f64)>>,
    entries: Vec<Of<'a, &'a Entry>>,
}

impl<'a> Update<'a> {
    /// `known` are the namespaces that the tables know, with the number of the next memory in each; `tallied` the
    /// memories that the tables have and of which only the tally changed, as they are now.
    pub(crate) fn new(
        fold: &'a Fold,
        known: &HashMap<String, u64>,
        tallied: &'a [(String, Memory)],
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
        for (namespace, memory) in tallied {
            update.delete_rows(table::MEMORIES, namespace, [memory.id.as_str()].into_iter());
            update.memories.push((namespace, memory));
        }
        for (run, id) in fold.attempts.keys() {
            // An attempt that was kept twice is kept as it was last.
            update.delete_rows(table::ATTEMPTS, run, [id.as_str()].into_iter());
        }
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
            let delete = self.delete.remove(name);
            (name, Change { delete, add })
        });
        Ok(changes
            .filter(|(_, change)| change.delete.is_some() || change.add.num_rows() > 0)
            .collect())
    }

    /// The rows of a known namespace that are not as they were.
    fn delete(&mut self, namespace: &str, changes: &Changes, next: u64) {
        let is_known = |id: &&String| memory_number(id).is_some_and(|number| number < next);
        let memories = || changes.memories.keys().filter(is_known);
        let with_keys = memories()
            .filter(|id| changes.vectors.contains_key(*id) || changes.memories[*id].is_none());
        let links: Vec<String> = changes.links.keys().map(schema::link_id).collect();
        let blobs = changes.blobs.keys();
        let blobs: Vec<String> = blobs.map(|name| schema::blob_id(name)).collect();
        // Receipts and entries never change; but a kill between the manifest and the end of the journals brings them twice.
        let receipts = changes.receipts.iter();
        let receipts = receipts.map(|(receipt, _)| receipt.id.as_str());
        self.delete_rows(table::MEMORIES, namespace, memories().map(String::as_str));
        self.delete_rows(table::KEYS, namespace, with_keys.map(String::as_str));
        self.delete_rows(table::LINKS, namespace, links.iter().map(String::as_str));
        self.delete_rows(table::BLOBS, namespace, blobs.iter().map(String::as_str));
        self.delete_rows(table::RECEIPTS, namespace, receipts);
        let entries = changes
            .entries
            .keys()
            .map(|number| schema::entry_id(*number));
        let entries: Vec<String> = entries.collect();
        self.delete_rows(
            table::ENTRIES,
            namespace,
            entries.iter().map(String::as_str),
        );
        let own = changes.next.map(|_| namespace);
        self.delete_rows(table::NAMESPACES, namespace, own.into_iter());
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

    fn delete_rows<'i>(
        &mut self,
        name: &'static str,
        owner: &str,
        ids: impl Iterator<Item = &'i str>,
    ) {
        let (of, column) = match name {
            table::KEYS => ("namespace", "memory"),
            table::NAMESPACES => ("namespace", "namespace"),
            table::ATTEMPTS => ("run", "id"),
            _ => ("namespace", "id"),
        };
        let mut ids = ids.peekable();
        if ids.peek().is_some() {
            let rows = self.delete.entry(name);
            rows.or_insert_with(|| Rows::new(of, column))
                .add(owner, ids);
        }
    }
}

/// A text as the tables hold it.
pub(crate) fn text(value: &str) -> DfExpr {
    lit(ScalarValue::LargeUtf8(Some(value.to_owned())))
}
