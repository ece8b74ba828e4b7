//! An open namespace in memory: everything that a strategy reads is answered from here.
//!
//! Memories stand in slots in the order of their insertion; a slot is never used again, so that the lower slot is the
//! older memory. Vectors and lexical indexes refer to slots.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::effect::{Effect, LinkKey};
use super::filter::{Field, Predicate};
use super::footprint::Footprint;
use super::lexical::LexicalIndex;
use super::rank::best_slots;
use super::vectors::VectorIndex;
use super::{StoreError, View};
use crate::contract::{Blob, Filter, Hit, Link, Memory, Row, Scan, State};
use crate::limits::{StoreLimit, StoreLimits};

/// Memories, keys, links and blobs of a namespace.
#[derive(Debug)]
pub(crate) struct WorkingSet {
    /// Boxed, because what is removed leaves its slot empty behind it.
    slots: Vec<Option<Box<Memory>>>,
    by_id: HashMap<String, u32>,
    vectors: VectorIndex,
    /// Built when a field is first searched.
    lexical: HashMap<LexicalField, LexicalIndex>,
    links: BTreeMap<LinkKey, f64>,
    /// The same edges by target.
    incoming: BTreeSet<(String, LinkKey)>,
    blobs: HashMap<String, Vec<u8>>,
    next: u64,
    dimension: usize,
    footprint: Footprint,
}

/// A field that BM25 ranks by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum LexicalField {
    Content,
    Title,
    Key(String),
}

/// What a search ranks by, with its text embedded.
#[derive(Debug)]
pub(crate) enum Query {
    /// Cosine with the keys of this name, or with all.
    Vector {
        vector: Vec<f32>,
        name: Option<String>,
    },
    /// BM25 over the texts of a field.
    Lexical { field: LexicalField, text: String },
}

/// Which hits a search wants.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub predicate: Predicate,
    pub limit: usize,
    pub least: Option<f64>,
}

impl LexicalField {
    pub(crate) fn parse(name: &str) -> Result<Self, StoreError> {
        match name {
            "content" => Ok(LexicalField::Content),
            "title" => Ok(LexicalField::Title),
            _ => match name.strip_prefix("key.") {
                Some(key) => Ok(LexicalField::Key(key.to_owned())),
                None => Err(StoreError::Query(format!(
                    "`{name}` is no field that lexical search ranks by; those are content, title and key.<name>"
                ))),
            },
        }
    }

    fn texts<'a>(&'a self, memory: &'a Memory) -> impl Iterator<Item = &'a str> + 'a {
        let field = match self {
            LexicalField::Content => Some(memory.content.as_str()),
            LexicalField::Title => Some(memory.title.as_str()),
            LexicalField::Key(_) => None,
        };
        let keys = memory
            .keys
            .iter()
            .filter(move |key| matches!(self, LexicalField::Key(name) if *name == key.name));
        field.into_iter().chain(keys.map(|key| key.text.as_str()))
    }
}

impl WorkingSet {
    pub(crate) fn new(dimension: usize) -> Self {
        WorkingSet {
            slots: Vec::new(),
            by_id: HashMap::new(),
            vectors: VectorIndex::new(dimension),
            lexical: HashMap::new(),
            links: BTreeMap::new(),
            incoming: BTreeSet::new(),
            blobs: HashMap::new(),
            next: 1,
            dimension,
            footprint: Footprint::default(),
        }
    }

    /// Brings an effect about.
    pub(crate) fn apply(&mut self, effect: Effect) {
        match effect {
            Effect::Put(memory) => self.put(memory),
            Effect::Vectors { id, vectors } => {
                if let Some((slot, memory)) = self.find(&id) {
                    let names: Vec<String> =
                        memory.keys.iter().map(|key| key.name.clone()).collect();
                    let names = names.iter().map(String::as_str);
                    self.vectors
                        .set(slot, names.zip(vectors.iter().map(Vec::as_slice)));
                }
            }
            Effect::Remove(id) => self.remove(&id),
            Effect::Connect(link) => {
                let key = LinkKey::of(&link);
                self.incoming.insert((key.target.clone(), key.clone()));
                let footprint = Footprint::of_link(&key);
                if self.links.insert(key, link.weight).is_none() {
                    self.footprint += footprint;
                }
            }
            Effect::Disconnect(key) => {
                if self.links.remove(&key).is_some() {
                    self.footprint -= Footprint::of_link(&key);
                }
                self.incoming.remove(&(key.target.clone(), key));
            }
            Effect::Save(Blob { name, bytes }) => {
                self.footprint -= self.footprint_of_blob(&name);
                if bytes.is_empty() {
                    self.blobs.remove(&name);
                } else {
                    self.footprint += Footprint::of_blob(&name, bytes.len());
                    self.blobs.insert(name, bytes);
                }
            }
            Effect::Receipt { receipt, .. } => self.footprint += Footprint::of_receipt(&receipt),
            Effect::Next(next) => self.next = self.next.max(next),
        }
    }

    /// The number of the next memory's id.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Counts receipts that stand in the table: they are not held.
    pub(crate) fn count_receipts(&mut self, receipts: Footprint) {
        self.footprint += receipts;
    }

    /// How many numbers a vector has.
    pub(crate) fn dimension(&self) -> usize {
        self.dimension
    }

    /// How much is held; the indexes of lexical searches, which come and grow with them, included.
    pub(crate) fn footprint(&self) -> Footprint {
        let indexes = self.lexical.values().map(LexicalIndex::bytes).sum::<u64>();
        Footprint {
            resident: self.footprint.resident + indexes,
            ..self.footprint
        }
    }

    /// How much of it is one blob.
    pub(crate) fn footprint_of_blob(&self, name: &str) -> Footprint {
        Footprint::of_blob(name, self.blob(name).map_or(0, Vec::len))
    }

    /// The names that keys have, or had.
    pub(crate) fn key_names(&self) -> &[String] {
        self.vectors.names()
    }

    /// A memory as it is stored.
    pub(crate) fn memory(&self, id: &str) -> Option<&Memory> {
        self.find(id).map(|(_, memory)| memory)
    }

    /// Whether an edge exists.
    pub(crate) fn has_link(&self, key: &LinkKey) -> bool {
        self.links.contains_key(key)
    }

    /// Edges that start from or lead to a memory.
    pub(crate) fn links_of(&self, id: &str) -> BTreeSet<&LinkKey> {
        let first = LinkKey {
            source: id.to_owned(),
            target: String::new(),
            kind: String::new(),
        };
        let outgoing = self
            .links
            .range(first.clone()..)
            .map(|(key, _)| key)
            .take_while(|key| key.source == id);
        let least = LinkKey {
            source: String::new(),
            ..first
        };
        let incoming = self
            .incoming
            .range((id.to_owned(), least)..)
            .take_while(|(target, _)| target == id)
            .map(|(_, key)| key);
        outgoing.chain(incoming).collect()
    }

    pub(crate) fn blob(&self, name: &str) -> Option<&Vec<u8>> {
        self.blobs.get(name)
    }

    /// Whether a query can be answered without [`WorkingSet::prepare`].
    pub(crate) fn is_prepared(&self, query: &Query) -> bool {
        match query {
            Query::Vector { .. } => true,
            Query::Lexical { field, .. } => self.lexical.contains_key(field),
        }
    }

    /// Builds the index that a query needs, unless the namespace would then take too much memory: a strategy could fill
    /// that by searching alone.
    pub(crate) fn prepare(
        &mut self,
        query: &Query,
        limits: &StoreLimits,
    ) -> Result<(), StoreError> {
        let Query::Lexical { field, .. } = query else {
            return Ok(());
        };
        if self.lexical.contains_key(field) {
            return Ok(());
        }
        let fits = |limit, wanted| {
            let fits = limits.check(limit, wanted);
            fits.map_err(|reached| StoreError::Limit {
                what: "an index for this search".to_owned(),
                reached,
            })
        };
        fits(StoreLimit::SearchedFields, self.lexical.len() as u64 + 1)?;
        let held = self.footprint().resident;
        let mut index = LexicalIndex::default();
        for (slot, memory) in self.slots.iter().enumerate() {
            if let Some(memory) = memory {
                index.set(slot as u32, field.texts(memory));
                fits(StoreLimit::ResidentBytes, held + index.bytes())?;
            }
        }
        self.lexical.insert(field.clone(), index);
        Ok(())
    }

    /// The best hits, best first; of equal ones, the older first.
    pub(crate) fn search(&self, query: &Query, wanted: &Wanted, view: &View) -> Vec<Hit> {
        let visible = |slot: usize| {
            self.slots
                .get(slot)
                .and_then(Option::as_ref)
                .is_some_and(|memory| is_wanted(memory, &wanted.predicate, view))
        };
        let slots = self.slots.len();
        match query {
            Query::Vector { vector, name } => {
                let best = self.vectors.best(vector, name.as_deref(), slots);
                let scores = best.iter().map(|best| best.score);
                let hits = best_slots(scores, wanted.limit, wanted.least, visible);
                let hit = |(slot, score): (usize, f64)| {
                    let memory = self.slots[slot].as_ref()?;
                    let key = memory.keys.get(best[slot].position as usize);
                    Some(hit(memory, score, key.map_or("", |key| &key.name)))
                };
                hits.into_iter().filter_map(hit).collect()
            }
            Query::Lexical { field, text } => {
                let Some(index) = self.lexical.get(field) else {
                    return Vec::new();
                };
                let scores = index.scores(text, slots).into_iter();
                let hits = best_slots(scores, wanted.limit, wanted.least, visible);
                let hit =
                    |(slot, score): (usize, f64)| Some(hit(self.slots[slot].as_ref()?, score, ""));
                hits.into_iter().filter_map(hit).collect()
            }
        }
    }

    /// What a text would score by itself; `None` before its field was ever searched.
    pub(crate) fn own_score(&self, field: &LexicalField, text: &str) -> Option<f64> {
        Some(self.lexical.get(field)?.own_score(text))
    }

    pub(crate) fn scan(&self, scan: &Scan, view: &View) -> Result<Vec<Row>, StoreError> {
        let predicate = Predicate::new(&scan.filter)?;
        let order = scan.order_by.as_deref().map(Field::parse).transpose()?;
        let mut found: Vec<(u32, &Memory)> = (0u32..)
            .zip(&self.slots)
            .filter_map(|(slot, memory)| Some((slot, memory.as_deref()?)))
            .filter(|(_, memory)| is_wanted(memory, &predicate, view))
            .collect();
        match &order {
            Some(field) => found.sort_by(|(_, a), (_, b)| {
                let value = |memory| field.value(memory, seen_state(memory, view));
                value(*a).order(value(*b), scan.descending)
            }),
            None if scan.descending => found.reverse(),
            None => {}
        }
        let rows = found
            .into_iter()
            .skip(scan.offset as usize)
            .take(scan.limit as usize)
            .map(|(slot, memory)| Row {
                memory: as_seen(memory, view),
                vectors: if scan.with_vectors {
                    self.vectors.vectors(slot)
                } else {
                    Vec::new()
                },
            });
        Ok(rows.collect())
    }

    pub(crate) fn get(&self, ids: &[String], view: &View) -> Vec<Memory> {
        ids.iter()
            .filter_map(|id| self.memory(id))
            .filter(|memory| !is_withheld(memory, view))
            .map(|memory| as_seen(memory, view))
            .collect()
    }

    pub(crate) fn count(&self, filter: &Filter, view: &View) -> Result<u32, StoreError> {
        let predicate = Predicate::new(filter)?;
        let found = self
            .slots
            .iter()
            .flatten()
            .filter(|memory| is_wanted(memory, &predicate, view));
        Ok(u32::try_from(found.count()).unwrap_or(u32::MAX))
    }

    /// Edges of these memories, sorted; an edge with an end that the view withholds is withheld too.
    pub(crate) fn links(&self, ids: &[String], kind: Option<&str>, view: &View) -> Vec<Link> {
        let is_visible = |id: &str| {
            self.memory(id)
                .is_some_and(|memory| !is_withheld(memory, view))
        };
        let keys: BTreeSet<&LinkKey> = ids.iter().flat_map(|id| self.links_of(id)).collect();
        keys.into_iter()
            .filter(|key| kind.is_none_or(|kind| kind == key.kind))
            .filter(|key| is_visible(&key.source) && is_visible(&key.target))
            .filter_map(|key| Some(key.with_weight(*self.links.get(key)?)))
            .collect()
    }

    fn find(&self, id: &str) -> Option<(u32, &Memory)> {
        let slot = *self.by_id.get(id)?;
        let memory = self.slots.get(slot as usize)?.as_ref()?;
        Some((slot, memory))
    }

    fn put(&mut self, memory: Memory) {
        let slot = self.by_id.get(&memory.id).copied().unwrap_or_else(|| {
            self.slots.push(None);
            self.footprint += Footprint::of_place();
            let slot = self.slots.len() as u32 - 1;
            self.by_id.insert(memory.id.clone(), slot);
            slot
        });
        let Some(place) = self.slots.get_mut(slot as usize) else {
            return;
        };
        let old = place.take();
        if let Some(old) = &old {
            self.footprint -= Footprint::of_memory(old, self.dimension);
        }
        self.footprint += Footprint::of_memory(&memory, self.dimension);
        for (field, index) in &mut self.lexical {
            // Most writes only move a counter, and leave the texts as they are.
            let same = old
                .as_ref()
                .is_some_and(|old| field.texts(old).eq(field.texts(&memory)));
            if !same {
                index.set(slot, field.texts(&memory));
                index.forget_unused_words();
            }
        }
        *place = Some(Box::new(memory));
    }

    fn remove(&mut self, id: &str) {
        let Some(slot) = self.by_id.remove(id) else {
            return;
        };
        self.vectors.remove(slot);
        for index in self.lexical.values_mut() {
            index.remove(slot);
            index.forget_unused_words();
        }
        let place = self.slots.get_mut(slot as usize);
        if let Some(memory) = place.and_then(Option::take) {
            self.footprint -= Footprint::of_memory(&memory, self.dimension);
        }
    }
}

fn is_wanted(memory: &Memory, predicate: &Predicate, view: &View) -> bool {
    predicate.holds(memory, seen_state(memory, view)) && !is_withheld(memory, view)
}

fn hit(memory: &Memory, score: f64, key: &str) -> Hit {
    Hit {
        id: memory.id.clone(),
        score,
        key: key.to_owned(),
        counters: memory.counters,
    }
}

/// The state in which a view shows a memory.
fn seen_state(memory: &Memory, view: &View) -> State {
    if memory.state == State::Provisional && view.on_trial.contains(&memory.id) {
        State::Active
    } else {
        memory.state
    }
}

fn as_seen(memory: &Memory, view: &View) -> Memory {
    Memory {
        state: seen_state(memory, view),
        ..memory.clone()
    }
}

/// Whether a memory was learnt from an attempt that the view withholds. A source is `<attempt>` or
/// `<attempt>#<step>`. A memory on trial is looked at in any case: it is tried on the task that it comes from.
fn is_withheld(memory: &Memory, view: &View) -> bool {
    !view.withheld.is_empty()
        && !view.on_trial.contains(&memory.id)
        && memory.sources.iter().any(|source| {
            view.withheld.contains(source)
                || source.rsplit_once('#').is_some_and(|(attempt, step)| {
                    step.bytes().all(|b| b.is_ascii_digit()) && view.withheld.contains(attempt)
                })
        })
}
