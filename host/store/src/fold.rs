//! What journals come to: per thing, only how it ended.

use std::collections::BTreeMap;

use memhost_contract::{Attempt, Blob, Memory, Receipt};

use super::Entry;
use super::effect::{Effect, LinkKey, Record, Tally};

/// What is to be brought into the tables.
#[derive(Debug, Default)]
pub struct Fold {
    /// By name.
    pub namespaces: BTreeMap<String, Changes>,
    /// By run and id.
    pub attempts: BTreeMap<(String, String), Attempt>,
}

/// What became of a namespace; `None` is gone.
#[derive(Debug, Default)]
pub struct Changes {
    /// By id, as they are from now on.
    pub memories: BTreeMap<String, Option<Memory>>,
    /// What often changes of memories that are otherwise as the tables have them, by id.
    pub tallies: BTreeMap<String, Tally>,
    /// Of memories whose keys changed: one per key, an empty one of a key that is not embedded.
    pub vectors: BTreeMap<String, Vec<Vec<f32>>>,
    /// The weights of edges.
    pub links: BTreeMap<LinkKey, Option<f64>>,
    /// The bytes of blobs, by name.
    pub blobs: BTreeMap<String, Option<Vec<u8>>>,
    /// What was handed out, and when in milliseconds on the run's clock.
    pub receipts: Vec<(Receipt, f64)>,
    /// The number of the next memory's id, if it changed.
    pub next: Option<u64>,
    /// What has happened, by number.
    pub entries: BTreeMap<u64, Entry>,
}

impl Fold {
    pub(crate) fn is_empty(&self) -> bool {
        self.namespaces.is_empty() && self.attempts.is_empty()
    }

    /// Takes in what stood in the journal of a namespace, in order.
    pub(crate) fn add(&mut self, namespace: &str, records: Vec<Record>) {
        for record in records {
            match record {
                Record::Transaction(effects) => {
                    let changes = self.namespaces.entry(namespace.to_owned()).or_default();
                    effects.into_iter().for_each(|effect| changes.add(effect));
                }
                Record::Attempts { run, attempts } => {
                    for attempt in attempts {
                        self.attempts
                            .insert((run.clone(), attempt.id.clone()), attempt);
                    }
                }
            }
        }
    }
}

impl Changes {
    fn add(&mut self, effect: Effect) {
        match effect {
            Effect::Put(memory) => {
                self.tallies.remove(&memory.id);
                self.memories.insert(memory.id.clone(), Some(memory));
            }
            Effect::Vectors { id, vectors } => {
                self.vectors.insert(id, vectors);
            }
            Effect::Remove(id) => {
                self.vectors.remove(&id);
                self.tallies.remove(&id);
                self.memories.insert(id, None);
            }
            Effect::Connect(link) => {
                self.links.insert(LinkKey::of(&link), Some(link.weight));
            }
            Effect::Disconnect(key) => {
                self.links.insert(key, None);
            }
            Effect::Save(Blob { name, bytes }) => {
                let bytes = (!bytes.is_empty()).then_some(bytes);
                self.blobs.insert(name, bytes);
            }
            Effect::Receipt { receipt, at } => self.receipts.push((receipt, at)),
            Effect::Next(next) => self.next = Some(next),
            Effect::Enter(entry) => {
                self.entries.insert(entry.number, entry);
            }
            Effect::Tally { id, tally } => match self.memories.get_mut(&id) {
                Some(Some(memory)) => tally.set(memory),
                Some(None) => {}
                None => {
                    self.tallies.insert(id, tally);
                }
            },
        }
    }
}
