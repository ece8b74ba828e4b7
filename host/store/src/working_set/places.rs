//! Places: the numbers by which slots are known outside. Slots move together when most of them are empty; a place is a
//! memory's for good, and in the order of insertion.

/// The place of each slot.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// By slot, rising.
    of_slots: Vec<u32>,
    /// How many there have been.
    count: u32,
}

impl Places {
    /// A new slot behind all others.
    pub(super) fn add(&mut self) {
        self.of_slots.push(self.count);
        self.count += 1;
    }

    /// How many there have been, whether or not something is in them.
    pub(super) fn count(&self) -> usize {
        self.count as usize
    }

    /// The place of a slot.
    pub(super) fn of(&self, slot: usize) -> usize {
        self.of_slots
            .get(slot)
            .map_or(slot, |place| *place as usize)
    }

    /// The slot of a place; none if it is empty for good.
    pub(super) fn slot(&self, place: usize) -> Option<usize> {
        // As long as no slot has moved.
        if self.of_slots.len() == self.count() {
            return (place < self.count()).then_some(place);
        }
        let place = u32::try_from(place).ok()?;
        self.of_slots.binary_search(&place).ok()
    }

    /// Those slots go to which nothing is moved.
    pub(super) fn keep(&mut self, moved: &[Option<u32>]) {
        let mut moved = moved.iter();
        self.of_slots
            .retain(|_| moved.next().is_some_and(Option::is_some));
        self.of_slots.shrink_to_fit();
    }
}
