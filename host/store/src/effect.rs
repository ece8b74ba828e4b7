//! What a transaction does, as after-images: a memory as it is afterwards, not what was added to its counter. So
//! replaying effects that are already there changes nothing, and the last one about a thing is the truth.

use memhost_contract::{Attempt, Blob, Counters, Instant, Link, Memory, Receipt, State};

use super::Entry;

/// One effect of a transaction on a namespace.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Effect {
    /// A memory as it is from now on.
    Put(Memory),
    /// The vectors of a memory's new keys, in the order of the keys; follows the memory's `Put`.
    Vectors {
        /// The memory.
        id: String,
        /// One per key, of unit length; an empty one of a key that is not embedded.
        vectors: Vec<Vec<f32>>,
    },
    /// A memory gone, with its keys. Its links go by effects of their own.
    Remove(String),
    /// An edge as it is from now on.
    Connect(Link),
    /// An edge gone.
    Disconnect(LinkKey),
    /// A blob as it is from now on; gone if empty.
    Save(Blob),
    /// What a retrieval handed out, and when.
    Receipt {
        /// What was handed out.
        receipt: Receipt,
        /// In milliseconds on the run's clock.
        at: f64,
    },
    /// The number of the next memory's id.
    Next(u64),
    /// Something that has happened, in the namespace's ledger.
    Enter(Entry),
    /// What of a memory changes often, as it is from now on. The memory itself stands in an earlier `Put`, or in the
    /// tables.
    Tally {
        /// The memory.
        id: String,
        /// What it is now.
        tally: Tally,
    },
}

/// What of a memory changes often and is small: what is written of one that was used, counted, archived or frozen.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Tally {
    /// Its state.
    pub state: State,
    /// Its counters.
    pub counters: Counters,
    /// When it expires.
    pub expires: Option<Instant>,
    /// When it was changed last.
    pub updated: Instant,
    /// When it was handed out last.
    pub last_used: Instant,
}

impl Tally {
    /// That of a memory.
    pub(crate) fn of(memory: &Memory) -> Self {
        Tally {
            state: memory.state,
            counters: memory.counters,
            expires: memory.expires,
            updated: memory.updated,
            last_used: memory.last_used,
        }
    }

    /// Gives a memory this tally.
    pub fn set(&self, memory: &mut Memory) {
        memory.state = self.state;
        memory.counters = self.counters;
        memory.expires = self.expires;
        memory.updated = self.updated;
        memory.last_used = self.last_used;
    }

    /// Whether two states of a memory have all but their tallies in common.
    pub(crate) fn is_all_that_differs(before: &Memory, after: &Memory) -> bool {
        let Memory {
            id,
            kind,
            title,
            content,
            keys,
            labels,
            payload,
            state: _,
            counters: _,
            sources,
            expires: _,
            created,
            updated: _,
            last_used: _,
        } = before;
        *id == after.id
            && *kind == after.kind
            && *title == after.title
            && *content == after.content
            && *keys == after.keys
            && *labels == after.labels
            && *payload == after.payload
            && *sources == after.sources
            && *created == after.created
    }
}

/// What is written to a journal at once.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Record {
    /// A transaction on the journal's namespace.
    Transaction(Vec<Effect>),
    /// Attempts of a run.
    Attempts { run: String, attempts: Vec<Attempt> },
}

/// What makes an edge the same edge.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct LinkKey {
    /// The memory that it leads from.
    pub source: String,
    /// The memory that it leads to.
    pub target: String,
    /// What it means, as the strategy calls it.
    pub kind: String,
}

impl LinkKey {
    pub(crate) fn of(link: &Link) -> Self {
        LinkKey {
            source: link.source.clone(),
            target: link.target.clone(),
            kind: link.kind.clone(),
        }
    }

    pub(crate) fn with_weight(&self, weight: f64) -> Link {
        Link {
            source: self.source.clone(),
            target: self.target.clone(),
            kind: self.kind.clone(),
            weight,
        }
    }

    pub(crate) fn touches(&self, id: &str) -> bool {
        self.source == id || self.target == id
    }
}

/// The id of the memory with this number.
pub(crate) fn memory_id(number: u64) -> String {
    format!("m{number}")
}

/// The number in a memory's id: memories are ordered by it.
pub fn memory_number(id: &str) -> Option<u64> {
    id.strip_prefix('m')?.parse().ok()
}
