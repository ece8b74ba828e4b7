//! Transactions: writes and receipts that are made together or not at all.

use memhost_contract::{Instant, Op, Receipt};

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
    /// An insert makes a provisional memory instead of an active one.
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
}
