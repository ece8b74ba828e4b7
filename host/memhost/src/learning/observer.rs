//! Events of a learner, and who listens. Books, progress, checks and logs eat the same ones.

use memhost_contract::{Change, Compacted, Guidance};
use memhost_store::{StoreError, Transaction};
use memhost_strategy::CallError;
use memhost_strategy::capability::Usage;

/// Something that happened while a learner was at work.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A call has ended, well or not.
    Called {
        /// Which function.
        call: &'static str,
        /// The task that it was about, the first of several; `None` where there is none.
        task: Option<&'a str>,
        /// What it cost.
        usage: &'a Usage,
        /// What the strategy said.
        said: Result<Said<'a>, &'a CallError>,
    },
    /// The host begins a transaction of its own on the strategy's behalf: `commit` for what had waited,
    /// `receipts` and `progress` for what no other transaction takes along.
    Writing {
        /// Which of them.
        call: &'static str,
    },
    /// A transaction is durable.
    Written {
        /// What was written.
        transaction: &'a Transaction,
    },
    /// What a call returned cannot be written, and nothing of it was.
    Refused {
        /// Which call.
        call: &'static str,
        /// Why.
        error: &'a StoreError,
    },
    /// What a retrieval handed out finds no room; of its receipt nothing stays but the id.
    NotKept {
        /// Why.
        error: &'a StoreError,
    },
    /// The strategy left more memories than it may keep, and the host removed the oldest.
    EvictedByHost {
        /// How many.
        memories: usize,
    },
}

/// What a strategy answered.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
#[serde(untagged)]
pub enum Said<'a> {
    /// To `retrieve`, before the host gives the receipt its id.
    Guidance(&'a Guidance),
    /// To `distill`, `update` and `maintain`.
    Changes(&'a [Change]),
    /// To `compact`, before the host gives the receipt its id.
    Compacted(&'a Compacted),
    /// To `evict`: ids of memories that may go.
    MayGo(&'a [String]),
}

/// An answer that observers can be shown.
pub(super) trait Answered {
    fn said(&self) -> Said<'_>;
}

impl Answered for Guidance {
    fn said(&self) -> Said<'_> {
        Said::Guidance(self)
    }
}

impl Answered for Compacted {
    fn said(&self) -> Said<'_> {
        Said::Compacted(self)
    }
}

impl Answered for Vec<Change> {
    fn said(&self) -> Said<'_> {
        Said::Changes(self)
    }
}

impl Answered for Vec<String> {
    fn said(&self) -> Said<'_> {
        Said::MayGo(self)
    }
}

/// Hears of everything that a learner does, in order.
pub trait Observer: Send {
    /// Something has happened.
    fn observe(&mut self, event: Event<'_>);
}

/// Nobody listens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn observe(&mut self, _: Event<'_>) {}
}
