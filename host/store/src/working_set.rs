//! An open namespace in memory: everything that a strategy reads is answered from here.
//!
//! Memories stand in slots in the order of their insertion; a slot is never given to another memory, so that the lower slot
//! is the older memory. Vectors and lexical indexes refer to slots. What is removed leaves its slot empty, until most are:
//! then the others move together, so that a search costs what there is and not what there has been.

mod indexing;
mod places;
mod search;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use memhost_contract::{Blob, Filter, Instant, Link, Memory, Row, Scan, State};
use memhost_words::Cost;

use super::effect::{Effect, LinkKey, Tally};
use super::field::{Field, takes_part};
use super::filter::Predicate;
use super::footprint::Footprint;
use super::ledger::Entries;
use super::lexical::LexicalIndex;
use super::look::Look;
use super::scored::Recent;
use super::vectors::VectorIndex;
use super::{StoreError, View};

use indexing::Meanwhile;
use places::Places;
pub(crate) use search::{LexicalField, Query, Wanted};

/// So many slots are no burden, however many of them are empty.
const FEW_SLOTS: usize = 64;

/// Memories, keys, links, blobs and entries of a namespace.
#[derive(Debug)]
pub(crate) struct WorkingSet {
    /// Boxed, because what is removed leaves its slot empty behind it.
    slots: Vec<Option<Box<Memory>>>,
    places: Places,
    /// Which of them hold a memory that takes part in reads, so that most of what is not looked at costs no look.
    taking_part: Vec<bool>,
    parts: usize,
    /// How many memories expire, now or later.
    expiring: usize,
    /// How many have a kind that may be a wrapper's own; see [`View::hidden_kinds`].
    owned: usize,
    by_id: HashMap<String, u32>,
    vectors: VectorIndex,
    /// Built when a field is first searched.
    lexical: HashMap<LexicalField, LexicalIndex>,
    /// Those that are being built.
    building: HashMap<LexicalField, Meanwhile>,
    links: BTreeMap<LinkKey, f64>,
    /// The same edges by target.
    incoming: BTreeSet<(String, LinkKey)>,
    blobs: HashMap<String, Vec<u8>>,
    entries: Entries,
    next: u64,
    dimension: usize,
    footprint: Footprint,
    /// What each slot's content costs in the tokens of budgets; built when it is first asked for.
    costs: Option<Vec<Cost>>,
    /// The scores of the latest queries, as long as nothing changes: a question is asked once per budget.
    recent: Recent,
}

impl WorkingSet {
    pub(crate) fn new(dimension: usize) -> Self {
        WorkingSet {
            slots: Vec::new(),
            places: Places::default(),
            taking_part: Vec::new(),
            parts: 0,
            expiring: 0,
            owned: 0,
            by_id: HashMap::new(),
            vectors: VectorIndex::new(dimension),
            lexical: HashMap::new(),
            building: HashMap::new(),
            links: BTreeMap::new(),
            incoming: BTreeSet::new(),
            blobs: HashMap::new(),
            entries: Entries::default(),
            next: 1,
            dimension,
            footprint: Footprint::default(),
            costs: None,
            recent: Recent::default(),
        }
    }

    /// Brings an effect about.
    pub(crate) fn apply(&mut self, effect: Effect) {
        // A tally is in no score.
        if !matches!(effect, Effect::Tally { .. } | Effect::Receipt { .. }) {
            self.recent.forget();
        }
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
            Effect::Enter(entry) => {
                let footprint = Footprint::of_entry(&entry.kind, &entry.about, &entry.body);
                if self.entries.add(entry) {
                    self.footprint += footprint;
                }
            }
            Effect::Tally { id, tally } => self.tally(&id, &tally),
        }
    }

    /// The number of the next memory's id.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// What has happened.
    pub(crate) fn entries(&self) -> &Entries {
        &self.entries
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

    /// The memories of a view that take part in reads, to be looked at where they are. `None` before [`WorkingSet::weigh`].
    pub(crate) fn look<'a>(&'a self, view: &'a View) -> Option<Look<'a>> {
        self.costs.as_ref()?;
        Some(Look { set: self, view })
    }

    /// Computes what each content costs, so that it can be looked at.
    pub(crate) fn weigh(&mut self) {
        if self.costs.is_none() {
            let cost = |memory: &Option<Box<Memory>>| match memory {
                Some(memory) => Cost::of(&memory.content),
                None => Cost::default(),
            };
            self.costs = Some(self.slots.iter().map(cost).collect());
        }
    }

    /// How many places there are, empty ones among them.
    pub(crate) fn places(&self) -> usize {
        self.places.count()
    }

    /// What the content of the memory in a place costs.
    pub(crate) fn cost(&self, place: usize) -> Option<Cost> {
        let slot = self.places.slot(place)?;
        self.costs.as_ref()?.get(slot).copied()
    }

    /// The memory in a place, if a call with this view sees it and it takes part in reads.
    pub(crate) fn seen(&self, place: usize, view: &View) -> Option<&Memory> {
        let slot = self.places.slot(place)?;
        if self.shows_all(view) && !self.has_part(slot) {
            return None;
        }
        let memory = self.slots.get(slot)?.as_deref()?;
        let has_part = takes_part(seen_state(memory, view));
        (has_part && !is_hidden(memory, view)).then_some(memory)
    }

    /// Whether a call sees a place's memory and it takes part in reads.
    pub(crate) fn is_seen(&self, place: usize, view: &View) -> bool {
        match self.shows_all(view) {
            true => {
                let slot = self.places.slot(place);
                slot.is_some_and(|slot| self.has_part(slot))
            }
            false => self.seen(place, view).is_some(),
        }
    }

    /// Whether a view shows all that takes part in reads, and nothing else.
    fn shows_all(&self, view: &View) -> bool {
        view.withheld.is_empty()
            && view.on_trial.is_empty()
            && view.hidden.is_empty()
            && (self.expiring == 0 || view.at.is_none())
            && (self.owned == 0 || view.hidden_kinds.is_empty())
    }

    fn has_part(&self, slot: usize) -> bool {
        self.taking_part.get(slot).copied().unwrap_or_default()
    }

    pub(crate) fn scan(&self, scan: &Scan, view: &View) -> Result<Vec<Row>, StoreError> {
        let predicate = Predicate::new(&scan.filter)?;
        let order = scan.order_by.as_deref().map(Field::parse).transpose()?;
        let found = || {
            (0u32..self.slots.len() as u32)
                .zip(&self.slots)
                .filter_map(|(slot, memory)| Some((slot, memory.as_deref()?)))
                .filter(|(_, memory)| is_wanted(memory, &predicate, view))
        };
        let within = (scan.offset as usize, scan.limit as usize);
        Ok(match &order {
            Some(field) => {
                let mut found: Vec<(u32, &Memory)> = found().collect();
                found.sort_by(|(_, a), (_, b)| {
                    let value = |memory| field.value(memory, seen_state(memory, view));
                    value(*a).order(value(*b), scan.descending)
                });
                self.rows(found.into_iter(), within, scan.with_vectors, view)
            }
            // In the order in which they stand, no more are looked at than are wanted.
            None if scan.descending => self.rows(found().rev(), within, scan.with_vectors, view),
            None => self.rows(found(), within, scan.with_vectors, view),
        })
    }

    fn rows<'a>(
        &'a self,
        found: impl Iterator<Item = (u32, &'a Memory)>,
        (offset, limit): (usize, usize),
        with_vectors: bool,
        view: &View,
    ) -> Vec<Row> {
        let row = |(slot, memory): (u32, &Memory)| Row {
            memory: as_seen(memory, view),
            vectors: match with_vectors {
                true => self.vectors.vectors(slot, memory.keys.len()),
                false => Vec::new(),
            },
        };
        found.skip(offset).take(limit).map(row).collect()
    }

    pub(crate) fn get(&self, ids: &[String], view: &View) -> Vec<Memory> {
        ids.iter()
            .filter_map(|id| self.memory(id))
            .filter(|memory| !is_hidden(memory, view))
            .map(|memory| as_seen(memory, view))
            .collect()
    }

    /// Whether a memory exists that a view shows in no read.
    pub(crate) fn is_unseen(&self, id: &str, view: &View) -> bool {
        self.memory(id)
            .is_some_and(|memory| is_hidden(memory, view))
    }

    pub(crate) fn count(&self, filter: &Filter, view: &View) -> Result<u32, StoreError> {
        let predicate = Predicate::new(filter)?;
        let found = match filter.is_empty() && self.shows_all(view) {
            true => self.parts,
            false => {
                let all = self.slots.iter().flatten();
                all.filter(|memory| is_wanted(memory, &predicate, view))
                    .count()
            }
        };
        Ok(u32::try_from(found).unwrap_or(u32::MAX))
    }

    /// Every memory in whatever state, the oldest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Memory> {
        self.slots.iter().flatten().map(AsRef::as_ref)
    }

    /// What has expired by then and is not frozen, the oldest first.
    pub(crate) fn expired(&self, at: Instant) -> Vec<String> {
        if self.expiring == 0 {
            return Vec::new();
        }
        let view = View {
            at: Some(at),
            ..View::default()
        };
        self.all()
            .filter(|memory| memory.state != State::Frozen && has_expired(memory, &view))
            .map(|memory| memory.id.clone())
            .collect()
    }

    /// Edges of these memories, sorted; an edge with an end that the view hides is hidden too.
    pub(crate) fn links(&self, ids: &[String], kind: Option<&str>, view: &View) -> Vec<Link> {
        let is_visible = |id: &str| {
            self.memory(id)
                .is_some_and(|memory| !is_hidden(memory, view))
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
            self.places.add();
            self.footprint += Footprint::of_place();
            self.taking_part.push(false);
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
            self.expiring -= usize::from(old.expires.is_some());
            self.owned -= usize::from(may_be_owned(old));
        }
        self.expiring += usize::from(memory.expires.is_some());
        self.owned += usize::from(may_be_owned(&memory));
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
        for meanwhile in self.building.values_mut() {
            meanwhile.note(slot);
        }
        if let Some(costs) = &mut self.costs {
            costs.resize(self.taking_part.len(), Cost::default());
            let same = old.is_some_and(|old| old.content == memory.content);
            if let Some(cost) = costs.get_mut(slot as usize)
                && !same
            {
                *cost = Cost::of(&memory.content);
            }
        }
        let has_part = takes_part(memory.state);
        *place = Some(Box::new(memory));
        self.set_part(slot, has_part);
    }

    /// What is searched and what takes room stays as it is.
    fn tally(&mut self, id: &str, tally: &Tally) {
        let slot = self.by_id.get(id).copied();
        let place = slot.and_then(|slot| self.slots.get_mut(slot as usize));
        let (Some(slot), Some(Some(memory))) = (slot, place) else {
            return;
        };
        self.expiring -= usize::from(memory.expires.is_some());
        tally.set(memory);
        self.expiring += usize::from(memory.expires.is_some());
        let has_part = takes_part(memory.state);
        self.set_part(slot, has_part);
    }

    fn set_part(&mut self, slot: u32, has_part: bool) {
        if let Some(known) = self.taking_part.get_mut(slot as usize) {
            self.parts -= usize::from(*known);
            self.parts += usize::from(has_part);
            *known = has_part;
        }
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
        for meanwhile in self.building.values_mut() {
            meanwhile.note(slot);
        }
        let place = self.slots.get_mut(slot as usize);
        if let Some(memory) = place.and_then(Option::take) {
            self.footprint -= Footprint::of_memory(&memory, self.dimension);
            self.expiring -= usize::from(memory.expires.is_some());
            self.owned -= usize::from(may_be_owned(&memory));
        }
        self.set_part(slot, false);
        if self.slots.len() > FEW_SLOTS && 2 * self.by_id.len() < self.slots.len() {
            self.compact();
        }
    }

    /// Moves memories into the empty slots before them. What it costs is shared by as many removals.
    fn compact(&mut self) {
        let mut next = 0;
        let to = |memory: &Option<Box<Memory>>| {
            memory.as_ref().map(|_| {
                next += 1;
                next - 1
            })
        };
        let moved: Vec<Option<u32>> = self.slots.iter().map(to).collect();
        let to = |slot: u32| moved.get(slot as usize).copied().flatten();
        let kept = self.by_id.len();
        for _ in kept..self.slots.len() {
            self.footprint -= Footprint::of_place();
        }
        keep(&mut self.slots, &moved);
        keep(&mut self.taking_part, &moved);
        if let Some(costs) = &mut self.costs {
            costs.resize(moved.len(), Cost::default());
            keep(costs, &moved);
        }
        self.places.keep(&moved);
        self.by_id.values_mut().for_each(|slot| {
            *slot = to(*slot).unwrap_or(*slot);
        });
        self.by_id.shrink_to_fit();
        self.vectors.renumber(to);
        for index in self.lexical.values_mut() {
            index.renumber(to);
        }
        for meanwhile in self.building.values_mut() {
            meanwhile.slots_have_moved();
        }
        self.recent.forget();
    }
}

/// Keeps what is moved somewhere, in its order.
fn keep<T>(of_slots: &mut Vec<T>, moved: &[Option<u32>]) {
    let mut moved = moved.iter();
    of_slots.retain(|_| moved.next().is_some_and(Option::is_some));
    of_slots.shrink_to_fit();
}

fn is_wanted(memory: &Memory, predicate: &Predicate, view: &View) -> bool {
    predicate.holds(memory, seen_state(memory, view)) && !is_hidden(memory, view)
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

/// Whether a view shows a memory in no read at all.
fn is_hidden(memory: &Memory, view: &View) -> bool {
    is_withheld(memory, view)
        || has_expired(memory, view)
        || view.hidden.contains(&memory.id)
        || view.hides_kind(&memory.kind)
}

/// Whether a memory's kind is named after somebody: `a-memguard:lesson`.
fn may_be_owned(memory: &Memory) -> bool {
    memory.kind.contains(':')
}

fn has_expired(memory: &Memory, view: &View) -> bool {
    let expired = |at| memory.expires.is_some_and(|expires| expires <= at);
    view.at.is_some_and(expired)
}

/// Whether a memory was learnt from an attempt that the view withholds, or a step of it. A memory on trial is looked at
/// in any case: it is tried on the task that it comes from.
fn is_withheld(memory: &Memory, view: &View) -> bool {
    !view.withheld.is_empty()
        && !view.on_trial.contains(&memory.id)
        && memory
            .sources
            .iter()
            .any(|source| view.withheld.contains(&source.attempt))
}
