//! The memories of a test host: changes applied as the contract says, searches and scans.

use std::collections::{BTreeMap, HashSet};

use super::filter::{self, Field};
use super::words;
use crate::types::{
    Adjustment, Change, Citation, Commit, Condition, Counter, Fault, Hit, Instant, Key, Link,
    Memory, NewLink, NewMemory, Op, Patch, Ranking, Row, Scan, Search, State, Target,
};

/// One namespace.
#[derive(Clone, Default)]
pub(super) struct Memories {
    /// The run's clock.
    pub(super) now: Instant,
    /// The oldest first.
    rows: Vec<Memory>,
    links: Vec<Link>,
    blobs: BTreeMap<String, Vec<u8>>,
    /// Changes of what already exists that wait for their condition.
    held_back: Vec<Op>,
    /// Ids that no read shows, and whose own memories none does.
    pub(super) hidden: (Vec<String>, Option<String>),
    /// How many there ever were, so that no id is used again.
    inserted: u32,
}

impl Memories {
    pub(super) fn apply(&mut self, changes: &[Change]) -> Result<Vec<String>, Fault> {
        self.transaction(|memories| {
            let mut inserted = Vec::new();
            for (number, change) in changes.iter().enumerate() {
                let id = with_ids(&change.op, &inserted)
                    .and_then(|op| memories.apply_one(op, change.commit))
                    .map_err(|reason| Fault::Invalid(format!("change {number}: {reason}")))?;
                inserted.extend(id);
            }
            Ok(inserted)
        })
    }

    pub(super) fn keep_provisional(&mut self) -> Result<(), Fault> {
        self.transaction(|memories| {
            for memory in &mut memories.rows {
                if memory.state == State::Provisional {
                    memory.state = State::Active;
                    memory.updated = memories.now;
                }
            }
            for op in std::mem::take(&mut memories.held_back) {
                memories.write(&op).map_err(Fault::Invalid)?;
            }
            Ok(())
        })
    }

    pub(super) fn drop_provisional(&mut self) {
        self.held_back.clear();
        let provisional: Vec<String> = self
            .rows
            .iter()
            .filter(|memory| memory.state == State::Provisional)
            .map(|memory| memory.id.clone())
            .collect();
        for id in provisional {
            self.remove(&id);
        }
    }

    pub(super) fn mark_used(&mut self, used: &[Citation]) -> Result<(), Fault> {
        let now = self.now;
        self.transaction(|memories| {
            for citation in used {
                let memory = memories.get_mut(&citation.memory).map_err(|reason| {
                    Fault::Invalid(format!("the receipt cites what is not there: {reason}"))
                })?;
                memory.last_used = now;
            }
            Ok(())
        })
    }

    pub(super) fn all(&self) -> &[Memory] {
        &self.rows
    }

    pub(super) fn get(&self, id: &str) -> Option<&Memory> {
        self.readable().find(|memory| memory.id == id)
    }

    /// Lets a memory be seen in this state, as one on trial is, and says in which it is.
    pub(super) fn show_as(&mut self, id: &str, state: State) -> Result<State, Fault> {
        let memory = self.get_mut(id).map_err(Fault::Invalid)?;
        Ok(std::mem::replace(&mut memory.state, state))
    }

    /// What has not expired, and is not hidden.
    fn readable(&self) -> impl Iterator<Item = &Memory> {
        let (hidden, owner) = &self.hidden;
        let is_owned = |memory: &Memory| {
            let owner_of = memory.kind.split_once(':').map(|(owner, _)| owner);
            owner_of.is_some() && owner_of == owner.as_deref()
        };
        let rows = self.rows.iter();
        rows.filter(|memory| memory.expires.is_none_or(|at| at > self.now))
            .filter(move |memory| !hidden.contains(&memory.id) && !is_owned(memory))
    }

    pub(super) fn blob(&self, name: &str) -> Option<Vec<u8>> {
        self.blobs.get(name).cloned()
    }

    pub(super) fn links(&self, ids: &[String], kind: Option<&str>) -> Vec<Link> {
        self.links
            .iter()
            .filter(|link| ids.contains(&link.source) || ids.contains(&link.target))
            .filter(|link| kind.is_none_or(|kind| link.kind == kind))
            .filter(|link| {
                [&link.source, &link.target]
                    .iter()
                    .all(|id| self.get(id).is_some())
            })
            .cloned()
            .collect()
    }

    /// The memories that meet a filter, the oldest first.
    pub(super) fn matching(&self, filter: &[Condition]) -> Result<Vec<&Memory>, Fault> {
        let mut matching = Vec::new();
        for memory in self.readable() {
            if filter::holds(filter, memory)? {
                matching.push(memory);
            }
        }
        Ok(matching)
    }

    pub(super) fn scan(&self, scan: &Scan) -> Result<Vec<Row>, Fault> {
        let mut rows = self.matching(&scan.filter)?;
        if let Some(order_by) = &scan.order_by {
            let mut keyed: Vec<(Field, &Memory)> = rows
                .into_iter()
                .map(|memory| Ok((filter::field(memory, order_by)?, memory)))
                .collect::<Result<_, Fault>>()?;
            // Ties keep to the order of insertion either way.
            keyed.sort_by(|(left, _), (right, _)| left.order(right, scan.descending));
            rows = keyed.into_iter().map(|(_, memory)| memory).collect();
        } else if scan.descending {
            rows.reverse();
        }
        Ok(rows
            .into_iter()
            .skip(scan.offset as usize)
            .take(scan.limit as usize)
            .map(|memory| Row {
                memory: memory.clone(),
                vectors: match scan.with_vectors {
                    true => memory.keys.iter().map(vector).collect(),
                    false => Vec::new(),
                },
            })
            .collect())
    }

    pub(super) fn search(&self, search: &Search) -> Result<Vec<Hit>, Fault> {
        let looked_at = self.matching(&search.filter)?;
        let mut hits = match &search.ranking {
            Ranking::Semantic(probe) => {
                by_vector(&looked_at, &words::vector(&probe.text), &probe.field)
            }
            Ranking::Vector(vector) if vector.len() == words::DIMENSION => {
                by_vector(&looked_at, vector, "")
            }
            Ranking::Vector(vector) => {
                return Err(Fault::Invalid(format!(
                    "a vector of {} numbers, but the embedder makes {}",
                    vector.len(),
                    words::DIMENSION
                )));
            }
            Ranking::Lexical(probe) => by_words(&looked_at, &probe.text, &probe.field)?,
        };
        hits.retain(|hit| search.min_score.is_none_or(|least| hit.score >= least));
        // The sort is stable: ties go to the older memory.
        hits.sort_by(|left, right| right.score.total_cmp(&left.score));
        hits.truncate(search.limit as usize);
        Ok(hits)
    }

    /// Keeps what the work did only if it did all of it.
    fn transaction<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut after = self.clone();
        let answer = work(&mut after)?;
        *self = after;
        Ok(answer)
    }

    fn apply_one(&mut self, op: Op, commit: Commit) -> Result<Option<String>, String> {
        self.expires_later(&op)?;
        match (op, commit) {
            (_, Commit::IfTrialGains(margin)) if !margin.is_finite() => {
                Err(format!("a margin of {margin}"))
            }
            (Op::Insert(memory), Commit::AtOnce) => self.insert(&memory, State::Active),
            (Op::Insert(memory), _) => self.insert(&memory, State::Provisional),
            (op, Commit::AtOnce) => {
                self.decides_over_nothing(&op)?;
                self.write(&op).map(|()| None)
            }
            (op, _) => {
                self.clone().write(&op)?;
                self.held_back.push(op);
                Ok(None)
            }
        }
    }

    /// What has expired is in no read: whoever writes it has mistaken the clock, or means to remove it.
    fn expires_later(&self, op: &Op) -> Result<(), String> {
        let expires = match op {
            Op::Insert(memory) => memory.expires,
            Op::Revise(patch) => patch.expires,
            _ => None,
        };
        match expires {
            Some(at) if at <= self.now => Err(format!(
                "it expires at {at}, and it is {} on the run's clock already: give a later moment in milliseconds, or \
                 remove the memory",
                self.now
            )),
            _ => Ok(()),
        }
    }

    /// What is held back is written when nothing is provisional any more, so that this is asked of other writes alone.
    fn decides_over_nothing(&mut self, op: &Op) -> Result<(), String> {
        let Op::Revise(patch) = op else {
            return Ok(());
        };
        let memory = self.named(&patch.target)?;
        let changes_state = patch.state.is_some_and(|state| state != memory.state);
        match memory.state {
            State::Provisional if changes_state => Err(format!(
                "memory `{}` is provisional: what decides over it changes its state, and nothing else does; change it \
                 once it is active, or under the condition under which it was inserted",
                memory.id
            )),
            _ => Ok(()),
        }
    }

    fn insert(&mut self, new: &NewMemory, state: State) -> Result<Option<String>, String> {
        if !new.counters.weight.is_finite() || !new.counters.strength.is_finite() {
            return Err("a counter that is not a finite number".to_owned());
        }
        finite(new.expires)?;
        distinct(&new.keys)?;
        self.inserted += 1;
        let id = format!("m{}", self.inserted);
        self.rows.push(Memory {
            id: id.clone(),
            kind: new.kind.clone(),
            title: new.title.clone(),
            content: new.content.clone(),
            keys: new.keys.clone(),
            labels: new.labels.clone(),
            payload: new.payload.clone(),
            state,
            counters: new.counters,
            sources: new.sources.clone(),
            expires: new.expires,
            created: self.now,
            updated: self.now,
            last_used: 0.0,
        });
        Ok(Some(id))
    }

    fn write(&mut self, op: &Op) -> Result<(), String> {
        match op {
            Op::Insert(memory) => self.insert(memory, State::Active).map(drop),
            Op::Revise(patch) => self.revise(patch),
            Op::Adjust(adjustment) => self.adjust(adjustment),
            Op::Remove(target) => {
                let id = self.changeable(target)?.id.clone();
                self.remove(&id);
                Ok(())
            }
            Op::Connect(link) => self.connect(link),
            Op::Disconnect(link) => {
                self.disconnect(link);
                Ok(())
            }
            Op::Save(blob) if blob.bytes.is_empty() => {
                self.blobs.remove(&blob.name);
                Ok(())
            }
            Op::Save(blob) => {
                self.blobs.insert(blob.name.clone(), blob.bytes.clone());
                Ok(())
            }
        }
    }

    fn revise(&mut self, patch: &Patch) -> Result<(), String> {
        fn set<T: Clone>(field: &mut T, new: &Option<T>) {
            if let Some(new) = new {
                *field = new.clone();
            }
        }
        distinct(patch.keys.as_deref().unwrap_or_default())?;
        finite(patch.expires)?;
        let now = self.now;
        let memory = self.changeable(&patch.target)?;
        set(&mut memory.title, &patch.title);
        set(&mut memory.content, &patch.content);
        set(&mut memory.keys, &patch.keys);
        set(&mut memory.labels, &patch.labels);
        set(&mut memory.payload, &patch.payload);
        set(&mut memory.state, &patch.state);
        for source in &patch.more_sources {
            if !memory.sources.contains(source) {
                memory.sources.push(source.clone());
            }
        }
        memory.expires = patch.expires.or(memory.expires);
        memory.updated = now;
        Ok(())
    }

    fn adjust(&mut self, adjustment: &Adjustment) -> Result<(), String> {
        let least = adjustment.least.unwrap_or(f64::NEG_INFINITY);
        let most = adjustment.most.unwrap_or(f64::INFINITY);
        let bounds_are_an_interval = least <= most; // which no NaN is part of
        if !bounds_are_an_interval || !adjustment.delta.is_finite() {
            return Err(format!(
                "an adjustment by {} within {least}..={most}",
                adjustment.delta
            ));
        }
        let now = self.now;
        let memory = self.changeable(&adjustment.target)?;
        memory.updated = now;
        let counters = &mut memory.counters;
        let real = |value: f64| (value + adjustment.delta).clamp(least, most);
        // The cast saturates at 0 and at the largest number.
        let whole = |value: u32| real(value.into()).round() as u32;
        match adjustment.counter {
            Counter::Weight => counters.weight = real(counters.weight),
            Counter::Uses => counters.uses = whole(counters.uses),
            Counter::Wins => counters.wins = whole(counters.wins),
            Counter::Losses => counters.losses = whole(counters.losses),
            Counter::Strength => counters.strength = real(counters.strength),
        }
        Ok(())
    }

    fn connect(&mut self, new: &NewLink) -> Result<(), String> {
        if !new.weight.is_finite() {
            return Err(format!("a link's weight of {}", new.weight));
        }
        let link = Link {
            source: self.named(&new.source)?.id.clone(),
            target: self.named(&new.target)?.id.clone(),
            kind: new.kind.clone(),
            weight: new.weight,
        };
        self.disconnect(&link);
        self.links.push(link);
        Ok(())
    }

    fn remove(&mut self, id: &str) {
        self.rows.retain(|memory| memory.id != id);
        self.links
            .retain(|link| link.source != id && link.target != id);
    }

    fn disconnect(&mut self, link: &Link) {
        self.links.retain(|one| {
            (&one.source, &one.target, &one.kind) != (&link.source, &link.target, &link.kind)
        });
    }

    fn get_mut(&mut self, id: &str) -> Result<&mut Memory, String> {
        self.rows
            .iter_mut()
            .find(|memory| memory.id == id)
            .ok_or_else(|| format!("there is no memory `{id}`"))
    }

    /// The memory of a target that [`with_ids`] has made an id of.
    fn named(&mut self, target: &Target) -> Result<&mut Memory, String> {
        match target {
            Target::Memory(id) => self.get_mut(id),
            Target::Inserted(number) => Err(beyond(*number, 0)),
        }
    }

    fn changeable(&mut self, target: &Target) -> Result<&mut Memory, String> {
        let memory = self.named(target)?;
        match memory.state {
            State::Frozen => Err(format!(
                "memory `{}` is frozen: it stays as it is, and cannot be revised, adjusted or removed",
                memory.id
            )),
            _ => Ok(memory),
        }
    }
}

/// The same write with the ids of what the answer has inserted before it.
fn with_ids(op: &Op, inserted: &[String]) -> Result<Op, String> {
    let id = |target: &mut Target| {
        if let Target::Inserted(number) = *target {
            let id = inserted
                .get(number as usize)
                .ok_or_else(|| beyond(number, inserted.len()))?;
            *target = Target::Memory(id.clone());
        }
        Ok::<(), String>(())
    };
    let mut op = op.clone();
    match &mut op {
        Op::Revise(patch) => id(&mut patch.target)?,
        Op::Adjust(adjustment) => id(&mut adjustment.target)?,
        Op::Remove(target) => id(target)?,
        Op::Connect(link) => {
            id(&mut link.source)?;
            id(&mut link.target)?;
        }
        Op::Insert(_) | Op::Disconnect(_) | Op::Save(_) => {}
    }
    Ok(op)
}

fn beyond(number: u32, inserted: usize) -> String {
    format!(
        "it names insert {number} of its answer (counted from 0), which has {inserted} before it"
    )
}

fn finite(expires: Option<Instant>) -> Result<(), String> {
    match expires {
        Some(at) if !at.is_finite() => Err(format!("an expiry of {at}")),
        _ => Ok(()),
    }
}

/// memhost refuses a key that is there twice.
fn distinct(keys: &[Key]) -> Result<(), String> {
    let mut seen = HashSet::new();
    match keys.iter().find(|key| !seen.insert((&key.name, &key.text))) {
        Some(twice) => Err(format!(
            "two of its `{}` keys have the same text",
            twice.name
        )),
        None => Ok(()),
    }
}

/// A key's vector, which is empty if it is not embedded.
fn vector(key: &Key) -> Vec<f32> {
    match key.embedded {
        true => words::vector(&key.text),
        false => Vec::new(),
    }
}

/// One hit per memory that has a key of this name, by the key that matches best.
fn by_vector(memories: &[&Memory], vector: &[f32], name: &str) -> Vec<Hit> {
    let best = |memory: &&Memory| {
        let keys = memory
            .keys
            .iter()
            .filter(|key| key.embedded && (name.is_empty() || key.name == name));
        let scored = keys.map(|key| (words::cosine(vector, &words::vector(&key.text)), key));
        let (score, key) = scored.reduce(|best, next| if next.0 > best.0 { next } else { best })?;
        Some(hit(memory, score, &key.name))
    };
    memories.iter().filter_map(best).collect()
}

/// One hit per memory that shares a word with the query.
fn by_words(memories: &[&Memory], query: &str, field: &str) -> Result<Vec<Hit>, Fault> {
    let (texts, key): (Vec<String>, &str) = match (field, field.strip_prefix("key.")) {
        ("content", _) => (memories.iter().map(|one| one.content.clone()).collect(), ""),
        ("title", _) => (memories.iter().map(|one| one.title.clone()).collect(), ""),
        (_, Some(name)) => {
            let text = |memory: &&Memory| {
                let keys = memory.keys.iter().filter(|key| key.name == name);
                keys.map(|key| key.text.as_str())
                    .collect::<Vec<_>>()
                    .join("\n")
            };
            (memories.iter().map(text).collect(), name)
        }
        _ => {
            return Err(Fault::Invalid(format!(
                "`{field}` is no text field: content, title, key.<name>"
            )));
        }
    };
    Ok(words::bm25(query, &texts)
        .into_iter()
        .zip(memories)
        .filter(|(score, _)| *score > 0.0)
        .map(|(score, memory)| hit(memory, score, key))
        .collect())
}

fn hit(memory: &Memory, score: f64, key: &str) -> Hit {
    Hit {
        id: memory.id.clone(),
        score,
        key: key.to_owned(),
        counters: memory.counters,
    }
}
