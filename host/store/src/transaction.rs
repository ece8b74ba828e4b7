//! Transactions: writes and receipts that are made together or not at all.

use memhost_contract::{Instant, Op, Patch, Receipt, State, Target};

/// What is written at once.
#[derive(Debug, Clone, Default)]
pub struct Transaction {
    /// The writes, in order; a later one sees the earlier ones.
    pub writes: Vec<Write>,
    /// What retrievals handed out. The memories used get their time of last use.
    pub receipts: Vec<Receipt>,
    /// When, on the run's clock.
    pub at: Instant,
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
