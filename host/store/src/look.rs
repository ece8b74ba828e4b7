//! Memories where they are: what the host's own strategies read by the thousand is not copied for them.

use memhost_contract::Memory;
use memhost_words::Cost;

use super::View;
use super::working_set::WorkingSet;

/// The memories that a call sees and that take part in reads, which are the active and the frozen ones, by their places: of
/// two, the lower place is the older memory's, and a place is a memory's for good.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    pub(super) set: &'a WorkingSet,
    pub(super) view: &'a View,
}

impl<'a> Look<'a> {
    /// How many places there are. Some are empty, and some hold what this call does not see.
    pub fn places(&self) -> usize {
        self.set.places()
    }

    /// Whether there is a memory in a place.
    pub fn holds(&self, place: usize) -> bool {
        self.set.is_seen(place, self.view)
    }

    /// The memory in a place.
    pub fn memory(&self, place: usize) -> Option<&'a Memory> {
        self.set.seen(place, self.view)
    }

    /// What the content of the memory in a place costs in the tokens of budgets, whether or not it is seen.
    pub fn cost(&self, place: usize) -> Cost {
        self.set.cost(place).unwrap_or_default()
    }
}
