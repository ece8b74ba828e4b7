//! What a transaction would do: checked as a whole, written down as effects, and only then brought about.
//!
//! A plan lies over the working set and holds what the transactions of one commit have planned so far, so that each
//! sees the earlier ones, and one that fails leaves nothing behind.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use memhost_contract::limits::{LimitReached, StoreLimit, StoreLimits};
use memhost_contract::{Adjustment, Blob, Instant, Memory, NewMemory, Op, Patch, Receipt, State};

use super::check::{Refusal, embedded_keys, operation};
use super::effect::{Effect, LinkKey, Tally, memory_id};
use super::footprint::{Footprint, vector_bytes};
use super::revision::{adjust, revise};
use super::targets::id_of;
use super::working_set::WorkingSet;
use super::{Entry, NewEntry, StoreError, Transaction, Write};

/// The vectors of each write's keys, an empty one of a key that is not embedded; none of a write without new keys.
pub(crate) type Vectors = Vec<Vec<Vec<f32>>>;

/// A transaction that has been checked in itself, with the vectors of its keys.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub transaction: Transaction,
    pub vectors: Vectors,
    /// A person asks for it, who may change what is frozen.
    pub by_hand: bool,
}

/// A transaction that can be made.
#[derive(Debug)]
pub(crate) struct Planned {
    /// What it does.
    pub effects: Vec<Effect>,
    /// What it made.
    pub made: Made,
}

/// What a transaction made, as whoever asked for it is told.
#[derive(Debug, Default)]
pub(crate) struct Made {
    /// The ids of its inserts.
    pub ids: Vec<String>,
    /// The numbers of its entries.
    pub entries: Vec<u64>,
}

/// The working set with planned transactions over it.
pub(crate) struct Plan<'a> {
    base: &'a WorkingSet,
    limits: &'a StoreLimits,
    /// Bytes that are set aside for writes that wait.
    reserved: u64,
    layer: Layer,
}

/// What is planned over something below: `None` is planned to be gone.
struct Layer {
    memories: HashMap<String, Option<Memory>>,
    links: BTreeMap<LinkKey, Option<f64>>,
    /// How many more links a memory has.
    degrees: HashMap<String, i64>,
    /// How long blobs are.
    blobs: HashMap<String, usize>,
    /// Names of keys that were not there before.
    key_names: HashSet<String>,
    /// How much there is then.
    footprint: Footprint,
    /// The number of the next memory's id.
    next: u64,
    /// Number and time of the last entry.
    last_entry: (u64, Instant),
}

/// One transaction over a plan.
struct Step<'a> {
    plan: &'a Plan<'a>,
    by_hand: bool,
    layer: Layer,
    at: Instant,
    /// Which memories were touched, in order.
    touched: Vec<String>,
    /// How many links memories had before the transactions of this commit.
    degrees: HashMap<String, i64>,
    vectors: HashMap<String, Vec<Vec<f32>>>,
    blobs: Vec<Blob>,
    made: Made,
}

impl<'a> Plan<'a> {
    pub(crate) fn new(base: &'a WorkingSet, limits: &'a StoreLimits, reserved: u64) -> Self {
        Plan {
            base,
            limits,
            reserved,
            layer: Layer::new(base.next(), base.entries().last(), base.footprint()),
        }
    }

    /// Plans a transaction over those planned before, or leaves the plan as it is.
    pub(crate) fn add(&mut self, prepared: Prepared) -> Result<Planned, StoreError> {
        let Prepared {
            transaction,
            vectors,
            by_hand,
        } = prepared;
        let mut step = Step {
            plan: self,
            by_hand,
            layer: Layer::new(self.layer.next, self.layer.last_entry, self.layer.footprint),
            at: transaction.at,
            touched: Vec::new(),
            degrees: HashMap::new(),
            vectors: HashMap::new(),
            blobs: Vec::new(),
            made: Made::default(),
        };
        for (number, (write, vectors)) in transaction.writes.into_iter().zip(vectors).enumerate() {
            let operation = operation(&write.op);
            step.write(write, vectors)
                .map_err(|refusal| refusal.of(number, operation))?;
        }
        for receipt in &transaction.receipts {
            for citation in &receipt.used {
                // What was handed out may be gone by now, which takes nothing from the receipt.
                if let Some(mut memory) = step.memory(&citation.memory).cloned() {
                    memory.last_used = step.at;
                    step.put(memory);
                }
            }
        }
        let at = transaction.at;
        step.save_for_host(&transaction.host_blobs);
        let entries = step.enter(transaction.entries);
        step.fits(&transaction.receipts)?;
        let (mut planned, layer) = step.finish();
        planned.effects.extend(
            transaction
                .receipts
                .into_iter()
                .map(|receipt| Effect::Receipt { receipt, at }),
        );
        let host_blobs = transaction.host_blobs.into_iter().map(Effect::Save);
        planned.effects.extend(host_blobs);
        planned
            .effects
            .extend(entries.into_iter().map(Effect::Enter));
        self.layer.memories.extend(layer.memories);
        self.layer.links.extend(layer.links);
        for (id, more) in layer.degrees {
            *self.layer.degrees.entry(id).or_default() += more;
        }
        self.layer.blobs.extend(layer.blobs);
        self.layer.key_names.extend(layer.key_names);
        self.layer.footprint = layer.footprint;
        self.layer.next = layer.next;
        self.layer.last_entry = layer.last_entry;
        Ok(planned)
    }

    fn memory(&self, id: &str) -> Option<&Memory> {
        match self.layer.memories.get(id) {
            Some(planned) => planned.as_ref(),
            None => self.base.memory(id),
        }
    }

    fn has_link(&self, key: &LinkKey) -> bool {
        match self.layer.links.get(key) {
            Some(planned) => planned.is_some(),
            None => self.base.has_link(key),
        }
    }
}

impl Layer {
    fn new(next: u64, last_entry: (u64, Instant), footprint: Footprint) -> Self {
        Layer {
            memories: HashMap::new(),
            links: BTreeMap::new(),
            degrees: HashMap::new(),
            blobs: HashMap::new(),
            key_names: HashSet::new(),
            footprint,
            next,
            last_entry,
        }
    }
}

impl Step<'_> {
    fn write(&mut self, write: Write, vectors: Vec<Vec<f32>>) -> Result<(), Refusal> {
        match write.op {
            Op::Insert(new) => {
                let state = if write.provisional {
                    State::Provisional
                } else {
                    State::Active
                };
                self.insert(new, state, vectors)?;
            }
            Op::Revise(patch) => self.revise(patch, write.provisional, vectors)?,
            Op::Adjust(adjustment) => self.adjust(&adjustment)?,
            Op::Remove(target) => self.remove(&id_of(&target, &self.made.ids)?)?,
            Op::Connect(link) => {
                let key = LinkKey {
                    source: id_of(&link.source, &self.made.ids)?,
                    target: id_of(&link.target, &self.made.ids)?,
                    kind: link.kind,
                };
                self.must_exist(&key.source)?;
                self.must_exist(&key.target)?;
                if !self.has_link(&key) {
                    self.link_more(&key, 1)?;
                }
                self.layer.links.insert(key, Some(link.weight));
            }
            Op::Disconnect(link) => {
                let key = LinkKey::of(&link);
                if !self.has_link(&key) {
                    let LinkKey {
                        source,
                        target,
                        kind,
                    } = key;
                    let reason = format!("there is no `{kind}` link from `{source}` to `{target}`");
                    return Err(reason.into());
                }
                self.link_more(&key, -1)?;
                self.layer.links.insert(key, None);
            }
            Op::Save(blob) => {
                self.save(&blob);
                self.blobs.push(blob);
            }
        }
        Ok(())
    }

    fn save(&mut self, blob: &Blob) {
        let before = match self.blob(&blob.name) {
            Some(bytes) => Footprint::of_blob(&blob.name, bytes),
            None => self.plan.base.footprint_of_blob(&blob.name),
        };
        self.layer.footprint -= before;
        self.layer.footprint += Footprint::of_blob(&blob.name, blob.bytes.len());
        self.layer.blobs.insert(blob.name.clone(), blob.bytes.len());
    }

    fn save_for_host(&mut self, blobs: &[Blob]) {
        blobs.iter().for_each(|blob| self.save(blob));
    }

    /// Numbers what has happened, behind what has been entered.
    fn enter(&mut self, entries: Vec<NewEntry>) -> Vec<Entry> {
        let numbered = entries.into_iter().map(|entry| {
            self.layer.footprint += Footprint::of_entry(&entry.kind, &entry.about, &entry.body);
            let (number, at) = self.layer.last_entry;
            self.layer.last_entry = (number + 1, self.at.max(at));
            let (number, at) = self.layer.last_entry;
            self.made.entries.push(number);
            entry.numbered(number, at)
        });
        numbered.collect()
    }

    fn insert(
        &mut self,
        new: NewMemory,
        state: State,
        vectors: Vec<Vec<f32>>,
    ) -> Result<(), Refusal> {
        let id = memory_id(self.layer.next);
        self.layer.next += 1;
        self.vectors.insert(id.clone(), vectors);
        self.made.ids.push(id.clone());
        self.layer.footprint += Footprint::of_place();
        self.put_new(Memory {
            id,
            kind: new.kind,
            title: new.title,
            content: new.content,
            keys: new.keys,
            labels: new.labels,
            payload: new.payload,
            state,
            counters: new.counters,
            sources: new.sources,
            expires: new.expires,
            created: self.at,
            updated: self.at,
            last_used: 0.0,
        })
    }

    /// `decided`: whether it is what becomes of a provisional memory.
    fn revise(
        &mut self,
        patch: Patch,
        decided: bool,
        vectors: Vec<Vec<f32>>,
    ) -> Result<(), Refusal> {
        let mut memory = self
            .changeable(&id_of(&patch.target, &self.made.ids)?)?
            .clone();
        let changes_state = patch.state.is_some_and(|state| state != memory.state);
        if memory.state == State::Provisional && changes_state && !decided && !self.by_hand {
            let reason = format!(
                "memory `{}` is provisional: what decides over it changes its state, and nothing else does; change it \
                 once it is active, or under the condition under which it was inserted",
                memory.id
            );
            return Err(reason.into());
        }
        let sources = memory.sources.len();
        if revise(&mut memory, patch) {
            self.vectors.insert(memory.id.clone(), vectors);
        }
        if memory.sources.len() > sources {
            let sources = memory.sources.len() as u64;
            let limits = self.plan.limits;
            limits.check(StoreLimit::SourcesPerMemory, sources)?;
        }
        memory.updated = self.at;
        self.put_new(memory)
    }

    fn adjust(&mut self, adjustment: &Adjustment) -> Result<(), Refusal> {
        let mut memory = self
            .changeable(&id_of(&adjustment.target, &self.made.ids)?)?
            .clone();
        adjust(&mut memory.counters, adjustment)?;
        memory.updated = self.at;
        self.put(memory);
        Ok(())
    }

    fn remove(&mut self, id: &str) -> Result<(), Refusal> {
        let gone = self.footprint_of(self.changeable(id)?);
        let mut links: BTreeSet<LinkKey> =
            self.plan.base.links_of(id).into_iter().cloned().collect();
        let planned = self.plan.layer.links.keys().chain(self.layer.links.keys());
        links.extend(planned.filter(|key| key.touches(id)).cloned());
        for key in links {
            if self.has_link(&key) {
                self.link_more(&key, -1)?;
            }
            self.layer.links.insert(key, None);
        }
        self.layer.footprint -= gone;
        self.vectors.remove(id);
        self.touch(id);
        self.layer.memories.insert(id.to_owned(), None);
        Ok(())
    }

    /// A memory has the links of this edge, or has them no more.
    fn link_more(&mut self, key: &LinkKey, by: i64) -> Result<(), LimitReached> {
        for id in BTreeSet::from([&key.source, &key.target]) {
            let base = self.plan.base;
            let before = self.degrees.entry(id.clone());
            let before = *before.or_insert_with(|| base.links_of(id).len() as i64);
            let planned = self.plan.layer.degrees.get(id).copied().unwrap_or_default();
            let own = self.layer.degrees.entry(id.clone()).or_default();
            *own += by;
            if by > 0 {
                let links = u64::try_from(before + planned + *own).unwrap_or_default();
                self.plan.limits.check(StoreLimit::LinksPerMemory, links)?;
            }
        }
        match by > 0 {
            true => self.layer.footprint += Footprint::of_link(key),
            false => self.layer.footprint -= Footprint::of_link(key),
        }
        Ok(())
    }

    /// Whether the namespace may hold what it then holds, and the call may store so much. What grows no limit is over
    /// may shrink, however far it is over it.
    fn fits(&mut self, receipts: &[Receipt]) -> Result<(), StoreError> {
        let mut stored = 0;
        for receipt in receipts {
            let footprint = Footprint::of_receipt(receipt);
            self.layer.footprint += footprint;
            stored += footprint.stored;
        }
        for id in &self.touched {
            if let Some(Some(memory)) = self.layer.memories.get(id) {
                let own = self.footprint_of(memory).stored;
                let embedded = embedded_keys(&memory.keys) as u64;
                let vectors = embedded * vector_bytes(self.plan.base.dimension());
                stored += match self.vectors.contains_key(id) {
                    true => own,
                    false => own.saturating_sub(vectors),
                };
            }
        }
        let links = self.layer.links.keys();
        stored += links.map(|key| Footprint::of_link(key).stored).sum::<u64>();
        let blobs = self.blobs.iter();
        stored += blobs
            .map(|blob| Footprint::of_blob(&blob.name, blob.bytes.len()).stored)
            .sum::<u64>();
        let (before, after) = (self.plan.layer.footprint, self.layer.footprint);
        let reserved = self.plan.reserved;
        let names = self.plan.base.key_names().len() + self.plan.layer.key_names.len();
        let more_names = self.layer.key_names.len();
        let checks = [
            (StoreLimit::BytesPerCall, 0, stored),
            (
                StoreLimit::KeyNames,
                names as u64,
                (names + more_names) as u64,
            ),
            (StoreLimit::Rows, before.rows, after.rows),
            (
                StoreLimit::StoredBytes,
                before.stored + reserved,
                after.stored + reserved,
            ),
            (StoreLimit::ResidentBytes, before.resident, after.resident),
        ];
        for (limit, before, after) in checks {
            if after > before {
                let fits = self.plan.limits.check(limit, after);
                fits.map_err(|reached| StoreError::Limit {
                    what: "the transaction".to_owned(),
                    reached,
                })?;
            }
        }
        Ok(())
    }

    fn footprint_of(&self, memory: &Memory) -> Footprint {
        Footprint::of_memory(memory, self.plan.base.dimension())
    }

    /// What the transaction comes to: one effect per thing that is not as before.
    fn finish(mut self) -> (Planned, Layer) {
        let mut effects = Vec::new();
        for id in &self.touched {
            match self.layer.memories.get(id) {
                Some(Some(memory)) => {
                    let vectors = self.vectors.remove(id);
                    let before = self.plan.memory(id);
                    let is_tally = vectors.is_none()
                        && before.is_some_and(|before| Tally::is_all_that_differs(before, memory));
                    effects.push(match is_tally {
                        true => Effect::Tally {
                            id: id.clone(),
                            tally: Tally::of(memory),
                        },
                        false => Effect::Put(memory.clone()),
                    });
                    effects.extend(vectors.map(|vectors| Effect::Vectors {
                        id: id.clone(),
                        vectors,
                    }));
                }
                Some(None) if self.plan.memory(id).is_some() => {
                    effects.push(Effect::Remove(id.clone()));
                }
                _ => {}
            }
        }
        for (key, weight) in &self.layer.links {
            match weight {
                Some(weight) => effects.push(Effect::Connect(key.with_weight(*weight))),
                None if self.plan.has_link(key) => effects.push(Effect::Disconnect(key.clone())),
                None => {}
            }
        }
        effects.extend(self.blobs.into_iter().map(Effect::Save));
        if self.layer.next != self.plan.layer.next {
            effects.push(Effect::Next(self.layer.next));
        }
        let planned = Planned {
            effects,
            made: self.made,
        };
        (planned, self.layer)
    }

    fn memory(&self, id: &str) -> Option<&Memory> {
        match self.layer.memories.get(id) {
            Some(planned) => planned.as_ref(),
            None => self.plan.memory(id),
        }
    }

    fn has_link(&self, key: &LinkKey) -> bool {
        match self.layer.links.get(key) {
            Some(planned) => planned.is_some(),
            None => self.plan.has_link(key),
        }
    }

    /// How long a planned blob is.
    fn blob(&self, name: &str) -> Option<usize> {
        let planned = self.layer.blobs.get(name);
        planned.or_else(|| self.plan.layer.blobs.get(name)).copied()
    }

    fn must_exist(&self, id: &str) -> Result<(), String> {
        match self.memory(id) {
            Some(_) => Ok(()),
            None => Err(missing(id)),
        }
    }

    /// A memory that a write may change: no strategy changes what is frozen.
    fn changeable(&self, id: &str) -> Result<&Memory, String> {
        let memory = self.memory(id).ok_or_else(|| missing(id))?;
        match memory.state {
            State::Frozen if !self.by_hand => Err(format!(
                "memory `{id}` is frozen: it stays as it is, and cannot be revised, adjusted or removed"
            )),
            _ => Ok(memory),
        }
    }

    /// A memory that the transaction makes or gives other content.
    fn put_new(&mut self, memory: Memory) -> Result<(), Refusal> {
        let limits = self.plan.limits;
        limits.check(StoreLimit::MemoryBytes, self.footprint_of(&memory).stored)?;
        for key in &memory.keys {
            let is_known = |names: &HashSet<String>| names.contains(&key.name);
            if !is_known(&self.layer.key_names)
                && !is_known(&self.plan.layer.key_names)
                && !self.plan.base.key_names().contains(&key.name)
            {
                self.layer.key_names.insert(key.name.clone());
                let names = self.layer.key_names.len();
                limits.check(StoreLimit::KeyNames, names as u64)?;
            }
        }
        self.put(memory);
        Ok(())
    }

    fn put(&mut self, memory: Memory) {
        let before = self
            .memory(&memory.id)
            .map(|before| self.footprint_of(before));
        self.layer.footprint -= before.unwrap_or_default();
        self.layer.footprint += self.footprint_of(&memory);
        self.touch(&memory.id);
        self.layer.memories.insert(memory.id.clone(), Some(memory));
    }

    fn touch(&mut self, id: &str) {
        if !self.layer.memories.contains_key(id) {
            self.touched.push(id.to_owned());
        }
    }
}

fn missing(id: &str) -> String {
    format!("there is no memory `{id}` in this namespace")
}
