//! Transactions: writes and receipts that are made together or not at all.

use memhost_contract::{Blob, Instant, Op, Patch, Receipt, State, Target};

use super::NewEntry;

/// How the names of blobs begin that are the host's own: no strategy reads or writes them.
pub const HOST_BLOBS: &str = "memhost/";

/// What is written at once.
#[derive(Debug, Clone, Default)]
pub struct Transaction {
    /// The writes, in order; a later one sees the earlier ones.
    pub writes: Vec<Write>,
    /// What retrievals handed out. The memories used get their time of last use.
    pub receipts: Vec<Receipt>,
    /// What has happened, for the namespace's ledger.
    pub entries: Vec<NewEntry>,
    /// Blobs of the host's own, whose names begin with [`HOST_BLOBS`]. They count to what the namespace holds, and not to
    /// what one call may write.
    pub host_blobs: Vec<Blob>,
    /// When, on the run's clock. An entry is never earlier than the one before it.
    pub at: Instant,
}

impl Transaction {
    /// Whether nothing is written.
    pub(crate) fn is_empty(&self) -> bool {
        let Transaction {
            writes,
            receipts,
            entries,
            host_blobs,
            at: _,
        } = self;
        writes.is_empty() && receipts.is_empty() && entries.is_empty() && host_blobs.is_empty()
    }
}

/// One write.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// What is written.
    pub op: Op,
    /// An insert makes a provisional memory instead of an active one; a revision may change the state of one, because it is
    /// what was decided.
    pub provisional: bool,
}

impl Write {
    /// A write that waits for nothing.
    pub fn at_once(op: Op) -> Write {
        Write {
            op,
            provisional: false,
        }
    }

    /// A provisional memory is kept: it is active from now on.
    pub fn keep(id: impl Into<Target>) -> Write {
        Write {
            op: Op::Revise(Patch::to_state(id, State::Active)),
            provisional: true,
        }
    }
}
