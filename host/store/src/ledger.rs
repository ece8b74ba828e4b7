//! A namespace's ledger: what has happened, numbered and timed, and never changed afterwards.
//!
//! Memories are what a strategy made of things; entries are the things themselves. They stand in the same journal, commit
//! in the same groups and survive the same accidents, but no strategy reads or writes them: what an entry means is its
//! writer's affair.

use memhost_contract::Instant;

use super::footprint::Footprint;

/// What is to be entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// What kind of thing has happened.
    pub kind: String,
    /// What it has happened to, by id; may be empty.
    pub about: String,
    /// All of it, in its writer's words.
    pub body: String,
}

/// Something that has happened.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Entry {
    /// Which one of its ledger, from 1; later ones have higher numbers.
    pub number: u64,
    /// When, in milliseconds since 1970; never before the entries before it.
    pub at: Instant,
    /// What kind of thing it is.
    pub kind: String,
    /// What it has happened to, by id; may be empty.
    pub about: String,
    /// All of it, in its writer's words.
    pub body: String,
}

impl NewEntry {
    pub(crate) fn numbered(self, number: u64, at: Instant) -> Entry {
        let NewEntry { kind, about, body } = self;
        Entry {
            number,
            at,
            kind,
            about,
            body,
        }
    }
}

/// The entries of a namespace, in their order.
#[derive(Debug, Default)]
pub(crate) struct Entries(Vec<Entry>);

impl Entries {
    /// Enters one; one that is there already is not entered again. Returns whether it was new.
    pub(crate) fn add(&mut self, entry: Entry) -> bool {
        let place = self.0.partition_point(|known| known.number < entry.number);
        let is_new = self
            .0
            .get(place)
            .is_none_or(|known| known.number != entry.number);
        if is_new {
            self.0.insert(place, entry);
        }
        is_new
    }

    /// The number and time of the last one; zeros if there is none.
    pub(crate) fn last(&self) -> (u64, Instant) {
        self.0
            .last()
            .map_or((0, 0.0), |last| (last.number, last.at))
    }

    /// Those behind a number, at most so many.
    pub(crate) fn after(&self, number: u64, most: usize) -> Vec<Entry> {
        let place = self.0.partition_point(|known| known.number <= number);
        self.0.iter().skip(place).take(most).cloned().collect()
    }
}

impl Footprint {
    /// An entry of a ledger.
    pub(crate) fn of_entry(kind: &str, about: &str, body: &str) -> Footprint {
        let texts = (kind.len() + about.len() + body.len()) as u64;
        Footprint {
            rows: 1,
            stored: texts + super::footprint::ROW,
            resident: texts + 3 * super::footprint::TEXT + size_of::<Entry>() as u64,
        }
    }
}
