//! Targets: the memories that writes are about, by their ids or by their places among what the same answer inserts.

use super::StoreError;
use super::check::{Refusal, operation};
use memhost_contract::{Adjustment, NewLink, Op, Patch, Target};

/// A write names an insert that does not stand before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it names insert {named} of its answer (counted from 0), which has {before} before it")]
pub struct NotInserted {
    /// Which insert, from 0.
    pub named: u32,
    /// How many inserts stand before the write.
    pub before: usize,
}

impl NotInserted {
    /// The refusal of the write that names it, which has this place in its answer, from 0.
    pub fn of_write(&self, place: usize, op: &Op) -> StoreError {
        Refusal::Reason(self.to_string()).of(place, operation(op))
    }
}

/// Puts ids in the place of the inserts that a write names: for a write that is made later than the answer that it
/// stands in. `inserted` are the ids of the inserts that stand before it there, in order.
///
/// # Errors
/// It names an insert that is not among them; the write is then half changed, and of no use.
pub fn resolve_targets(op: &mut Op, inserted: &[String]) -> Result<(), NotInserted> {
    let targets = match op {
        Op::Revise(Patch { target, .. })
        | Op::Adjust(Adjustment { target, .. })
        | Op::Remove(target) => [Some(target), None],
        Op::Connect(NewLink { source, target, .. }) => [Some(source), Some(target)],
        Op::Insert(_) | Op::Disconnect(_) | Op::Save(_) => [None, None],
    };
    for target in targets.into_iter().flatten() {
        *target = Target::Memory(id_of(target, inserted)?);
    }
    Ok(())
}

/// The id of the memory that a write is about.
pub(crate) fn id_of(target: &Target, inserted: &[String]) -> Result<String, NotInserted> {
    match target {
        Target::Memory(id) => Ok(id.clone()),
        Target::Inserted(named) => {
            let id = inserted.get(*named as usize).cloned();
            id.ok_or(NotInserted {
                named: *named,
                before: inserted.len(),
            })
        }
    }
}
