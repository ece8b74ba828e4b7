//! Standing: who answers at a slot, and how far what happened there is learnt.

use memhost_contract::Instant;

use super::Generation;

/// How a slot stands.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SlotStanding {
    /// The slot.
    pub slot: String,
    /// Who answers.
    pub generation: Generation,
    /// Whether it learns no more.
    pub is_frozen: bool,
    /// How often it was asked since it took over in this process.
    pub calls: u32,
    /// How many of these calls failed.
    pub failures: u32,
    /// The seats that are open.
    pub seats: Vec<SeatStanding>,
}

/// How a seat stands.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SeatStanding {
    /// The tenant.
    pub tenant: String,
    /// How much has happened: the number of the last entry of its ledger.
    pub entries: u64,
    /// Rows of its memories, with their keys and links.
    pub rows: u64,
    /// How far its strategy has learnt.
    pub learner: Standing,
}

/// How a lineage stands to its ledger.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Standing {
    /// The last entry that is learnt.
    pub learnt: u64,
    /// Tasks finished so far.
    pub tasks: u32,
    /// Batches finished so far.
    pub batches: u32,
    /// Lessons that were given up, because the strategy failed on them twice.
    pub skipped: u64,
    /// Why the latest was given up.
    pub skipped_for: Option<String>,
    /// Whether it learns no more.
    pub is_frozen: bool,
    /// When it has something to learn though nothing more happens, in milliseconds since 1970.
    pub due: Option<Instant>,
    /// What came otherwise than the strategy would have it, since it began.
    pub deviations: Deviations,
    /// Attempts that it is not told of yet: they wait for their outcome, for other runs of their task, or to be told with
    /// others.
    pub waiting_attempts: u64,
    /// What it waits for, where it can go on no further: a model that is down, a disk that is full.
    pub waiting: Option<String>,
    /// Whether it waits for the store, so that what is told can be kept no more either.
    pub is_read_only: bool,
}

/// How often something came otherwise than a strategy's plan would have it. The host cannot run somebody's agent; so it counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deviations {
    /// Outcomes that count as unknown, because the strategy learns from those of a higher authority.
    pub too_little_authority: u64,
    /// Attempts whose outcome nobody told in time, at a strategy that learns from outcomes.
    pub without_outcome: u64,
    /// Tasks that were run fewer times than are learnt from together.
    pub too_few_trials: u64,
    /// Attempts in which it was asked in fewer rounds.
    pub too_few_rounds: u64,
}
