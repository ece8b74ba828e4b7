//! How much a namespace holds: rows, bytes as its tables keep them, and bytes in memory.
//!
//! Counted from what is held and not measured, so that a transaction is known to be too large before it is made. What a
//! memory costs in memory is an estimate from above: an allocation per text, the tables that find it, a vector per key.
//! The indexes of lexical searches count themselves ([`super::lexical`]).

use std::ops::{AddAssign, SubAssign};

use memhost_contract::{
    Citation, Key, Label, Memory, NewMemory, Op, Patch, Receipt, Source, Target,
};

use super::check::embedded_keys;
use super::effect::LinkKey;

/// What the numbers of a row, and the lengths of its texts, take in a table.
pub(crate) const ROW: u64 = 64;
/// What a memory takes in memory besides its texts and keys: the record itself, its place and its id in an index.
const MEMORY: u64 = 640;
/// What a text takes in memory besides its bytes: pointer, length, capacity, and what an allocator adds.
pub(crate) const TEXT: u64 = 48;
/// What a key's vector takes in memory besides its numbers: where it stands, and whose it is.
const VECTOR: u64 = 64;
/// What a memory's place takes that is never used again, because the vector of places grows by doubling.
const PLACE: u64 = 16;
/// What an edge takes in memory, where it stands by its source and by its target.
const LINK: u64 = 512;

/// How much a namespace holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Memories, keys, links, blobs, receipts, entries.
    pub rows: u64,
    /// Bytes of the rows.
    pub stored: u64,
    /// Bytes in memory, by estimate.
    pub resident: u64,
}

impl Footprint {
    /// A memory with its keys; those that are embedded have vectors of this many numbers.
    pub(crate) fn of_memory(memory: &Memory, dimension: usize) -> Footprint {
        let texts = [
            &memory.id,
            &memory.kind,
            &memory.title,
            &memory.content,
            &memory.payload,
        ];
        let texts = texts.into_iter().map(String::len);
        let (pairs, pair_bytes) = pairs(&memory.keys, &memory.labels);
        let count = texts.clone().count() as u64 + memory.sources.len() as u64 + 2 * pairs;
        let bytes = texts.sum::<usize>() as u64 + source_bytes(&memory.sources) + pair_bytes;
        let keys = memory.keys.len() as u64;
        let embedded = embedded_keys(&memory.keys) as u64;
        let vectors = embedded * vector_bytes(dimension);
        Footprint {
            rows: 1 + keys,
            stored: bytes + vectors + ROW * (1 + keys),
            resident: bytes + vectors + MEMORY + TEXT * count + VECTOR * embedded,
        }
    }

    /// An edge.
    pub(crate) fn of_link(key: &LinkKey) -> Footprint {
        let bytes = (key.source.len() + key.target.len() + key.kind.len()) as u64;
        Footprint {
            rows: 1,
            stored: bytes + ROW,
            resident: 3 * bytes + LINK,
        }
    }

    /// A blob with so many bytes; nothing, if there are none.
    pub(crate) fn of_blob(name: &str, bytes: usize) -> Footprint {
        if bytes == 0 {
            return Footprint::default();
        }
        let bytes = (name.len() + bytes) as u64;
        Footprint {
            rows: 1,
            stored: bytes + ROW,
            resident: bytes + 4 * TEXT,
        }
    }

    /// What a retrieval handed out. It is not held in memory.
    pub(crate) fn of_receipt(receipt: &Receipt) -> Footprint {
        let cited = receipt.used.iter().map(|citation| citation.memory.as_str());
        Footprint::of_receipt_with(&receipt.id, &receipt.note, cited)
    }

    /// The same of its parts.
    pub fn of_receipt_with(
        id: &str,
        note: &str,
        cited: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Footprint {
        let cited = cited.into_iter().map(|memory| memory.as_ref().len() + 8);
        Footprint {
            rows: 1,
            stored: (id.len() + note.len() + cited.sum::<usize>()) as u64 + ROW,
            resident: 0,
        }
    }

    /// The place of a memory, which stays when the memory goes.
    pub(crate) fn of_place() -> Footprint {
        Footprint {
            resident: PLACE,
            ..Footprint::default()
        }
    }
}

impl AddAssign for Footprint {
    fn add_assign(&mut self, more: Footprint) {
        self.rows += more.rows;
        self.stored += more.stored;
        self.resident += more.resident;
    }
}

impl SubAssign for Footprint {
    fn sub_assign(&mut self, less: Footprint) {
        self.rows = self.rows.saturating_sub(less.rows);
        self.stored = self.stored.saturating_sub(less.stored);
        self.resident = self.resident.saturating_sub(less.resident);
    }
}

/// Bytes of one vector.
pub(crate) fn vector_bytes(dimension: usize) -> u64 {
    (dimension * size_of::<f32>()) as u64
}

/// Bytes that a receipt takes while its outcome is not known.
pub fn receipt_bytes(receipt: &Receipt) -> u64 {
    Footprint::of_receipt(receipt).stored + (receipt.used.len() * size_of::<Citation>()) as u64
}

/// Bytes that a write takes while it waits for its condition.
pub fn waiting_bytes(op: &Op) -> u64 {
    let own = match op {
        Op::Insert(NewMemory {
            kind,
            title,
            content,
            keys,
            labels,
            payload,
            sources,
            ..
        }) => {
            let texts = [kind, title, content, payload].into_iter();
            let texts = texts.map(String::len).sum::<usize>() as u64;
            texts + source_bytes(sources) + pairs(keys, labels).1
        }
        Op::Revise(Patch {
            target,
            title,
            content,
            keys,
            labels,
            payload,
            more_sources,
            state: _,
            expires: _,
        }) => {
            let texts = [title.as_ref(), content.as_ref(), payload.as_ref()];
            let pairs = pairs(
                keys.as_deref().unwrap_or_default(),
                labels.as_deref().unwrap_or_default(),
            );
            let texts = texts.into_iter().flatten().map(String::len).sum::<usize>() as u64;
            target_bytes(target) + texts + pairs.1 + source_bytes(more_sources)
        }
        Op::Adjust(adjustment) => target_bytes(&adjustment.target),
        Op::Remove(target) => target_bytes(target),
        Op::Connect(link) => {
            target_bytes(&link.source) + target_bytes(&link.target) + link.kind.len() as u64
        }
        Op::Disconnect(link) => (link.source.len() + link.target.len() + link.kind.len()) as u64,
        Op::Save(blob) => (blob.name.len() + blob.bytes.len()) as u64,
    };
    own + size_of::<Op>() as u64
}

fn target_bytes(target: &Target) -> u64 {
    match target {
        Target::Memory(id) => id.len() as u64,
        Target::Inserted(_) => 0,
    }
}

/// The bytes of sources: their attempts, and where in them.
fn source_bytes(sources: &[Source]) -> u64 {
    let steps = size_of::<Option<u32>>() * sources.len();
    let attempts = sources.iter().map(|source| source.attempt.len());
    (attempts.sum::<usize>() + steps) as u64
}

/// How many keys and labels there are, and the bytes of their texts, with what a list adds to each.
fn pairs(keys: &[Key], labels: &[Label]) -> (u64, u64) {
    let keys = keys.iter().map(|key| key.name.len() + key.text.len());
    let labels = labels
        .iter()
        .map(|label| label.name.len() + label.value.len());
    let all = keys.chain(labels);
    let count = all.clone().count() as u64;
    (count, all.sum::<usize>() as u64 + 16 * count)
}
