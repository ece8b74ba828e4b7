//! What a transaction would do: checked as a whole, written down as effects, and only then brought about.
//!
//! A draft lies over the working set and holds what the transactions of one commit have planned so far, so that each
//! sees the earlier ones, and one that fails leaves nothing behind.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::effect::{Effect, LinkKey, memory_id};
use super::working_set::WorkingSet;
use super::{StoreError, Transaction, Write};
use crate::contract::{
    Adjustment, Blob, Counter, Counters, Instant, Key, Label, Link, Memory, NewMemory, Op, Patch,
    State,
};

/// The longest content, payload or note, in bytes.
pub const LONGEST_TEXT: usize = 16 << 20;
/// The longest title, kind, key, label or name, in bytes.
pub const LONGEST_NAME: usize = 1 << 20;
/// The largest blob, in bytes.
pub const LARGEST_BLOB: usize = 256 << 20;

/// The vectors of each write's keys; empty for a write without new keys.
pub(crate) type Vectors = Vec<Vec<Vec<f32>>>;

/// A transaction that has been checked in itself, with the vectors of its keys.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub transaction: Transaction,
    pub vectors: Vectors,
}

/// A transaction that can be made.
#[derive(Debug)]
pub(crate) struct Planned {
    /// What it does.
    pub effects: Vec<Effect>,
    /// The ids of its inserts.
    pub ids: Vec<String>,
}

/// The working set with planned transactions over it.
pub(crate) struct Draft<'a> {
    base: &'a WorkingSet,
    layer: Layer,
}

/// What is planned over something below: `None` is planned to be gone.
struct Layer {
    memories: HashMap<String, Option<Memory>>,
    links: BTreeMap<LinkKey, Option<f64>>,
    /// The number of the next memory's id.
    next: u64,
}

/// One transaction over a draft.
struct Step<'a> {
    draft: &'a Draft<'a>,
    layer: Layer,
    at: Instant,
    /// Which memories were touched, in order.
    touched: Vec<String>,
    vectors: HashMap<String, Vec<Vec<f32>>>,
    blobs: Vec<Blob>,
    ids: Vec<String>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(base: &'a WorkingSet) -> Self {
        Draft {
            base,
            layer: Layer::new(base.next()),
        }
    }

    /// Plans a transaction over those planned before, or leaves the draft as it is.
    pub(crate) fn plan(&mut self, prepared: Prepared) -> Result<Planned, StoreError> {
        let Prepared {
            transaction,
            vectors,
        } = prepared;
        let mut step = Step {
            draft: self,
            layer: Layer::new(self.layer.next),
            at: transaction.at,
            touched: Vec::new(),
            vectors: HashMap::new(),
            blobs: Vec::new(),
            ids: Vec::new(),
        };
        for (number, (write, vectors)) in transaction.writes.into_iter().zip(vectors).enumerate() {
            let operation = operation(&write.op);
            step.write(write, vectors)
                .map_err(|reason| StoreError::Refused {
                    number: number + 1,
                    operation,
                    reason,
                })?;
        }
        for receipt in &transaction.receipts {
            for citation in &receipt.used {
                // What was handed out may be gone by now, which takes nothing from the receipt.
                if let Ok(mut memory) = step.take(&citation.memory) {
                    memory.last_used = step.at;
                    step.put(memory);
                }
            }
        }
        let at = transaction.at;
        let (mut planned, layer) = step.finish();
        planned.effects.extend(
            transaction
                .receipts
                .into_iter()
                .map(|receipt| Effect::Receipt { receipt, at }),
        );
        self.layer.memories.extend(layer.memories);
        self.layer.links.extend(layer.links);
        self.layer.next = layer.next;
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
    fn new(next: u64) -> Self {
        Layer {
            memories: HashMap::new(),
            links: BTreeMap::new(),
            next,
        }
    }
}

impl Step<'_> {
    fn write(&mut self, write: Write, vectors: Vec<Vec<f32>>) -> Result<(), String> {
        match write.op {
            Op::Insert(new) => {
                let state = if write.provisional {
                    State::Provisional
                } else {
                    State::Active
                };
                self.insert(new, state, vectors);
            }
            Op::Revise(patch) => self.revise(patch, vectors)?,
            Op::Adjust(adjustment) => self.adjust(&adjustment)?,
            Op::Remove(id) => self.remove(&id)?,
            Op::Connect(link) => {
                self.must_exist(&link.source)?;
                self.must_exist(&link.target)?;
                self.layer
                    .links
                    .insert(LinkKey::of(&link), Some(link.weight));
            }
            Op::Disconnect(link) => {
                let key = LinkKey::of(&link);
                let exists = match self.layer.links.get(&key) {
                    Some(planned) => planned.is_some(),
                    None => self.draft.has_link(&key),
                };
                if !exists {
                    return Err(format!(
                        "there is no `{}` link from `{}` to `{}`",
                        key.kind, key.source, key.target
                    ));
                }
                self.layer.links.insert(key, None);
            }
            Op::Save(blob) => self.blobs.push(blob),
        }
        Ok(())
    }

    fn insert(&mut self, new: NewMemory, state: State, vectors: Vec<Vec<f32>>) {
        let id = memory_id(self.layer.next);
        self.layer.next += 1;
        self.vectors.insert(id.clone(), vectors);
        self.ids.push(id.clone());
        self.put(Memory {
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
            created: self.at,
            updated: self.at,
            last_used: 0.0,
        });
    }

    fn revise(&mut self, patch: Patch, vectors: Vec<Vec<f32>>) -> Result<(), String> {
        let mut memory = self.take(&patch.id)?;
        if let Some(title) = patch.title {
            memory.title = title;
        }
        if let Some(content) = patch.content {
            memory.content = content;
        }
        if let Some(keys) = patch.keys {
            memory.keys = keys;
            self.vectors.insert(memory.id.clone(), vectors);
        }
        if let Some(labels) = patch.labels {
            memory.labels = labels;
        }
        if let Some(payload) = patch.payload {
            memory.payload = payload;
        }
        if let Some(state) = patch.state {
            memory.state = state;
        }
        memory.updated = self.at;
        self.put(memory);
        Ok(())
    }

    fn adjust(&mut self, adjustment: &Adjustment) -> Result<(), String> {
        let mut memory = self.take(&adjustment.id)?;
        adjust(&mut memory.counters, adjustment)?;
        memory.updated = self.at;
        self.put(memory);
        Ok(())
    }

    fn remove(&mut self, id: &str) -> Result<(), String> {
        self.must_exist(id)?;
        let mut links: BTreeSet<LinkKey> =
            self.draft.base.links_of(id).into_iter().cloned().collect();
        let planned = self.draft.layer.links.keys().chain(self.layer.links.keys());
        links.extend(planned.filter(|key| key.touches(id)).cloned());
        self.layer
            .links
            .extend(links.into_iter().map(|key| (key, None)));
        self.vectors.remove(id);
        self.touch(id);
        self.layer.memories.insert(id.to_owned(), None);
        Ok(())
    }

    /// What the transaction comes to: one effect per thing that is not as before.
    fn finish(mut self) -> (Planned, Layer) {
        let mut effects = Vec::new();
        for id in &self.touched {
            match self.layer.memories.get(id) {
                Some(Some(memory)) => {
                    effects.push(Effect::Put(memory.clone()));
                    if let Some(vectors) = self.vectors.remove(id) {
                        effects.push(Effect::Vectors {
                            id: id.clone(),
                            vectors,
                        });
                    }
                }
                Some(None) if self.draft.memory(id).is_some() => {
                    effects.push(Effect::Remove(id.clone()));
                }
                _ => {}
            }
        }
        for (key, weight) in &self.layer.links {
            match weight {
                Some(weight) => effects.push(Effect::Connect(key.with_weight(*weight))),
                None if self.draft.has_link(key) => effects.push(Effect::Disconnect(key.clone())),
                None => {}
            }
        }
        effects.extend(self.blobs.into_iter().map(Effect::Save));
        if self.layer.next != self.draft.layer.next {
            effects.push(Effect::Next(self.layer.next));
        }
        let planned = Planned {
            effects,
            ids: self.ids,
        };
        (planned, self.layer)
    }

    fn memory(&self, id: &str) -> Option<&Memory> {
        match self.layer.memories.get(id) {
            Some(planned) => planned.as_ref(),
            None => self.draft.memory(id),
        }
    }

    fn must_exist(&self, id: &str) -> Result<(), String> {
        match self.memory(id) {
            Some(_) => Ok(()),
            None => Err(missing(id)),
        }
    }

    /// A memory, to be changed and put back.
    fn take(&self, id: &str) -> Result<Memory, String> {
        self.memory(id).cloned().ok_or_else(|| missing(id))
    }

    fn put(&mut self, memory: Memory) {
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

/// New value = clamp(old + delta, least, most); whole numbers are rounded and never negative.
fn adjust(counters: &mut Counters, adjustment: &Adjustment) -> Result<(), String> {
    let moved = |old: f64| {
        let new = old + adjustment.delta;
        let new = adjustment.least.map_or(new, |least| new.max(least));
        adjustment.most.map_or(new, |most| new.min(most))
    };
    let real = |old: f64| match moved(old) {
        new if new.is_finite() => Ok(new),
        _ => Err("the sum is beyond the range of numbers".to_owned()),
    };
    // A cast from float to integer stops at the ends of the range.
    let whole = |old: u32| moved(old.into()).round() as u32;
    match adjustment.counter {
        Counter::Weight => counters.weight = real(counters.weight)?,
        Counter::Strength => counters.strength = real(counters.strength)?,
        Counter::Uses => counters.uses = whole(counters.uses),
        Counter::Wins => counters.wins = whole(counters.wins),
        Counter::Losses => counters.losses = whole(counters.losses),
    }
    Ok(())
}

/// Checks all that can be checked without looking at the namespace.
pub(crate) fn check(transaction: &Transaction) -> Result<(), StoreError> {
    for (number, write) in transaction.writes.iter().enumerate() {
        check_op(&write.op).map_err(|reason| StoreError::Refused {
            number: number + 1,
            operation: operation(&write.op),
            reason,
        })?;
    }
    check_receipts(transaction).map_err(StoreError::Transaction)
}

fn check_op(op: &Op) -> Result<(), String> {
    match op {
        Op::Insert(new) => {
            check_length("kind", &new.kind, LONGEST_NAME)?;
            check_length("title", &new.title, LONGEST_NAME)?;
            check_length("content", &new.content, LONGEST_TEXT)?;
            check_length("payload", &new.payload, LONGEST_TEXT)?;
            check_keys(&new.keys)?;
            check_labels(&new.labels)?;
            for source in &new.sources {
                check_length("source", source, LONGEST_NAME)?;
            }
            check_finite("weight", new.counters.weight)?;
            check_finite("strength", new.counters.strength)
        }
        Op::Revise(patch) => {
            let texts = [
                ("title", &patch.title, LONGEST_NAME),
                ("content", &patch.content, LONGEST_TEXT),
                ("payload", &patch.payload, LONGEST_TEXT),
            ];
            for (name, text, longest) in texts {
                check_length(name, text.as_deref().unwrap_or_default(), longest)?;
            }
            check_keys(patch.keys.as_deref().unwrap_or_default())?;
            check_labels(patch.labels.as_deref().unwrap_or_default())
        }
        Op::Adjust(adjustment) => {
            check_finite("delta", adjustment.delta)?;
            let least = adjustment.least.unwrap_or(f64::NEG_INFINITY);
            let most = adjustment.most.unwrap_or(f64::INFINITY);
            if least <= most {
                Ok(())
            } else {
                Err(format!("least ({least}) is not below most ({most})"))
            }
        }
        Op::Remove(_) => Ok(()),
        Op::Connect(link) => {
            check_finite("weight", link.weight)?;
            check_length("kind", &link.kind, LONGEST_NAME)
        }
        Op::Disconnect(Link { .. }) => Ok(()),
        Op::Save(blob) => {
            if blob.name.is_empty() {
                return Err("the blob has no name".into());
            }
            check_length("name", &blob.name, LONGEST_NAME)?;
            if blob.bytes.len() > LARGEST_BLOB {
                return Err(too_long("the blob", blob.bytes.len(), LARGEST_BLOB));
            }
            Ok(())
        }
    }
}

fn check_receipts(transaction: &Transaction) -> Result<(), String> {
    check_finite("time", transaction.at)?;
    let mut seen = HashSet::new();
    for receipt in &transaction.receipts {
        if receipt.id.is_empty() || !seen.insert(&receipt.id) {
            return Err(format!("receipt id {:?} is not unique", receipt.id));
        }
        check_length("receipt's note", &receipt.note, LONGEST_TEXT)?;
        for citation in &receipt.used {
            check_finite("citation's score", citation.score)?;
        }
    }
    Ok(())
}

fn check_keys(keys: &[Key]) -> Result<(), String> {
    let mut seen = HashSet::new();
    for Key { name, text } in keys {
        check_length("key's name", name, LONGEST_NAME)?;
        check_length("key's text", text, LONGEST_NAME)?;
        if !seen.insert((name, text)) {
            return Err(format!("two of its `{name}` keys have the same text"));
        }
    }
    Ok(())
}

fn check_labels(labels: &[Label]) -> Result<(), String> {
    let mut seen = HashSet::new();
    for Label { name, value } in labels {
        check_length("label's name", name, LONGEST_NAME)?;
        check_length("label's value", value, LONGEST_NAME)?;
        if !seen.insert((name, value)) {
            return Err(format!(
                "label `{name}` stands there twice with the same value"
            ));
        }
    }
    Ok(())
}

fn check_length(name: &str, text: &str, longest: usize) -> Result<(), String> {
    if text.len() > longest {
        return Err(too_long(&format!("the {name}"), text.len(), longest));
    }
    Ok(())
}

fn too_long(what: &str, bytes: usize, longest: usize) -> String {
    format!("{what} has {bytes} bytes, and at most {longest} can be kept")
}

fn check_finite(name: &str, number: f64) -> Result<(), String> {
    if number.is_finite() {
        Ok(())
    } else {
        Err(format!("its {name} is {number}, which is no finite number"))
    }
}

/// The keys that a write brings.
pub(crate) fn new_keys(op: &Op) -> &[Key] {
    match op {
        Op::Insert(new) => &new.keys,
        Op::Revise(patch) => patch.keys.as_deref().unwrap_or_default(),
        _ => &[],
    }
}

pub(crate) fn operation(op: &Op) -> &'static str {
    match op {
        Op::Insert(_) => "insert",
        Op::Revise(_) => "revise",
        Op::Adjust(_) => "adjust",
        Op::Remove(_) => "remove",
        Op::Connect(_) => "connect",
        Op::Disconnect(_) => "disconnect",
        Op::Save(_) => "save",
    }
}
