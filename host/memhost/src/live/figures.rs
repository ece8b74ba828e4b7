//! Figures: how the slots of a host stand, for whoever watches it from outside. Tenants are added up.

use memhost_store::View;

use super::Host;
use super::seat::SeatInner;

/// How a slot stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlotFigures {
    /// The slot.
    pub slot: String,
    /// Which of its generations answers.
    pub generation: u32,
    /// Seats that are open.
    pub open_seats: u64,
    /// Memories of all of them.
    pub memories: u64,
    /// Entries that the learner furthest behind has still to learn.
    pub lag: u64,
    /// Learners that wait for a model that is down, or a disk that is full.
    pub waiting: u64,
    /// What they wait for, each once.
    pub waiting_for: Vec<String>,
    /// Lessons that were given up since the seats were opened.
    pub skipped: u64,
}

impl Host {
    /// How each slot stands now, by its name.
    pub async fn figures(&self) -> Vec<SlotFigures> {
        let slots = self.open_seats().await.into_iter();
        let figures = slots.map(|(generation, seats)| {
            let mut figures = SlotFigures {
                slot: generation.slot,
                generation: generation.number,
                open_seats: 0,
                memories: 0,
                lag: 0,
                waiting: 0,
                waiting_for: Vec::new(),
                skipped: 0,
            };
            seats.iter().for_each(|seat| figures.add(seat));
            figures
        });
        figures.collect()
    }
}

impl SlotFigures {
    fn add(&mut self, seat: &SeatInner) {
        let active = seat.active.load();
        let standing = active.lineage.standing();
        let memories = active.lineage.caller.memories();
        let memories = memories.count(&vec![], &View::default());
        let lag = seat.ledger.last_entry().saturating_sub(standing.learnt);
        self.open_seats += 1;
        self.memories += u64::from(memories.unwrap_or_default());
        self.lag = self.lag.max(lag);
        self.skipped += standing.skipped;
        if let Some(waiting) = standing.waiting {
            self.waiting += 1;
            if !self.waiting_for.contains(&waiting) {
                self.waiting_for.push(waiting);
            }
        }
    }
}
