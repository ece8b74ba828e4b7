//! What has happened at a seat, as its ledger keeps it: JSON, one kind of entry per kind of thing.

use memhost_contract::{Agent, Arm, Attempt, Outcome, Receipt, Task};
use memhost_store::{Entry, NewEntry};
use serde::{Deserialize, Serialize};

/// Something that has happened at a seat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum Happened {
    /// Guidance was handed out.
    Handed(Handed),
    /// An attempt was made. Its outcome is what was known when it was told; it has no receipts, which stand in what was
    /// handed out.
    Attempted {
        /// The attempt.
        attempt: Attempt,
    },
    /// The outcome of an attempt has become known.
    Outcome {
        /// Whose.
        attempt: String,
        /// It.
        outcome: Outcome,
        /// Whether it takes the place of another one.
        revises: bool,
    },
    /// Time has passed, and something that waited for it is due.
    Tick,
}

/// What one `retrieve` handed out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Handed {
    /// The attempt that it is for.
    pub attempt: String,
    /// What is to be done.
    pub task: Task,
    /// Who does it.
    pub agent: Agent,
    /// With or without guidance.
    pub arm: Arm,
    /// Which generation of the slot answered.
    pub generation: u32,
    /// What the guidance was made from.
    pub receipt: Receipt,
}

impl Happened {
    /// What it has happened to: an attempt's id.
    fn about(&self) -> &str {
        match self {
            Happened::Handed(handed) => &handed.attempt,
            Happened::Attempted { attempt } => &attempt.id,
            Happened::Outcome { attempt, .. } => attempt,
            Happened::Tick => "",
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Happened::Handed(_) => "handed",
            Happened::Attempted { .. } => "attempted",
            Happened::Outcome { .. } => "outcome",
            Happened::Tick => "tick",
        }
    }

    /// As an entry.
    pub(super) fn entry(&self) -> Result<NewEntry, String> {
        Ok(NewEntry {
            kind: self.kind().to_owned(),
            about: self.about().to_owned(),
            body: serde_json::to_string(self).map_err(|error| error.to_string())?,
        })
    }

    /// What an entry says.
    pub(super) fn of(entry: &Entry) -> Result<Happened, String> {
        serde_json::from_str(&entry.body)
            .map_err(|error| format!("entry {} of a ledger: {error}", entry.number))
    }
}
