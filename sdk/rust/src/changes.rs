//! Changes in the making: what one answer inserts can be linked, adjusted and revised by the same answer.
//!
//! ```
//! use memhost_sdk::testing::TestHost;
//! use memhost_sdk::{Changes, NewMemory};
//!
//! let mut changes = Changes::new();
//! let note = changes.insert(NewMemory::new("note", "Cats purr."));
//! let topic = changes.insert(NewMemory::new("topic", "Animals"));
//! changes.connect(note, topic, "is about", 1.0);
//!
//! let host = TestHost::new();
//! host.apply(&changes.into_vec())?;
//! let links = host.run(|| memhost_sdk::store::links(&["m1".to_owned()], None))?;
//! assert_eq!(links[0].target, "m2");
//! # Ok::<(), memhost_sdk::Fault>(())
//! ```

use crate::types::{Change, Commit, NewLink, NewMemory, Op, Target};

/// The changes of one answer, in their order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    written: Vec<Change>,
    inserted: u32,
}

impl Changes {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A new memory, and how later changes of this answer name it.
    pub fn insert(&mut self, memory: NewMemory) -> Target {
        self.insert_if(memory, Commit::AtOnce)
    }

    /// The same, under a condition.
    pub fn insert_if(&mut self, memory: NewMemory, commit: Commit) -> Target {
        let target = Target::Inserted(self.inserted);
        self.push(Change {
            op: Op::Insert(memory),
            commit,
        });
        target
    }

    /// An edge between two memories, whether they are stored or inserted before.
    pub fn connect(
        &mut self,
        source: impl Into<Target>,
        target: impl Into<Target>,
        kind: &str,
        weight: f64,
    ) {
        self.push(Change::connect(NewLink::new(source, target, kind, weight)));
    }

    /// Any other change.
    pub fn push(&mut self, change: Change) {
        self.inserted += u32::from(matches!(change.op, Op::Insert(_)));
        self.written.push(change);
    }

    /// The answer.
    pub fn into_vec(self) -> Vec<Change> {
        self.written
    }
}

impl Extend<Change> for Changes {
    fn extend<T: IntoIterator<Item = Change>>(&mut self, changes: T) {
        changes.into_iter().for_each(|change| self.push(change));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Patch;

    #[test]
    fn an_insert_is_named_by_its_place_among_the_inserts_however_it_came() {
        let mut changes = Changes::new();
        changes.extend([
            Change::remove("m1"),
            Change::insert(NewMemory::new("note", "a")),
        ]);
        let second = changes.insert(NewMemory::new("note", "b"));
        changes.push(Change::revise(Patch::of(second.clone()).title("B")));
        let third = changes.insert_if(NewMemory::new("note", "c"), Commit::IfTrialGains(0.1));
        assert_eq!([second, third], [Target::Inserted(1), Target::Inserted(2)]);
        assert_eq!(changes.into_vec().len(), 5);
    }
}
