//! Packing of memories into a token budget.

use memhost_words::Cost;

use memhost::contract::{Citation, Guidance, Receipt};
use memhost::store::Look;

/// What stands between two memories.
const BETWEEN: &str = "\n\n";

/// Guidance while it is put together: best first, as much as the budget holds. The receipt cites what stands in the
/// text.
pub(super) struct Packing {
    budget: u32,
    cost: Cost,
    texts: Vec<String>,
    used: Vec<Citation>,
}

impl Packing {
    pub(super) fn new(budget: u32) -> Packing {
        Packing {
            budget,
            cost: Cost::default(),
            texts: Vec::new(),
            used: Vec::new(),
        }
    }

    /// Whether a text that costs this would still fit.
    pub(super) fn has_room_for(&self, text: Cost) -> bool {
        self.with(text).tokens() <= self.budget
    }

    /// Whether nothing more is looked at.
    pub(super) fn is_full(&self) -> bool {
        self.cost.tokens() == self.budget
    }

    /// Takes a text that fits, and passes over one that does not.
    pub(super) fn offer(&mut self, memory: &str, score: f64, text: String) {
        let cost = self.with(Cost::of(&text));
        if cost.tokens() <= self.budget {
            self.cost = cost;
            self.texts.push(text);
            self.used.push(Citation {
                memory: memory.to_owned(),
                score,
            });
        }
    }

    fn with(&self, text: Cost) -> Cost {
        let mut longer = self.cost;
        if !self.texts.is_empty() {
            longer.add(BETWEEN);
        }
        longer.add_cost(text);
        longer
    }

    pub(super) fn finish(self) -> Guidance {
        Guidance {
            text: self.texts.join(BETWEEN),
            receipt: Receipt {
                used: self.used,
                ..Receipt::nothing()
            },
            ..Guidance::nothing()
        }
    }
}

/// The contents of memories by their places, best first, with what they are cited with. Most of them are only asked for
/// their cost, and none any more once not even the shortest would fit.
pub(super) fn pack(
    look: Look<'_>,
    ranked: impl Iterator<Item = (usize, f64)>,
    budget: u32,
) -> Guidance {
    let mut packing = Packing::new(budget);
    let mut least: Option<Cost> = None;
    for (place, score) in ranked {
        if packing.has_room_for(look.cost(place)) {
            if let Some(memory) = look.memory(place) {
                packing.offer(&memory.id, score, memory.content.clone());
            }
        } else {
            let least = *least.get_or_insert_with(|| {
                let costs = (0..look.places()).map(|place| look.cost(place));
                costs.reduce(Cost::least).unwrap_or_default()
            });
            if !packing.has_room_for(least) {
                break;
            }
        }
        if packing.is_full() {
            break;
        }
    }
    packing.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_passed_over_and_a_shorter_one_after_it_stands() {
        let mut packing = Packing::new(4);
        for (memory, text) in [("m1", "a b"), ("m2", "c d e"), ("m3", "f"), ("m4", "g h")] {
            packing.offer(memory, 0.5, text.to_owned());
        }
        assert!(!packing.is_full() && packing.has_room_for(Cost::of("i")));
        packing.offer("m5", 0.25, "i".to_owned());
        assert!(packing.is_full());
        let guidance = packing.finish();
        assert_eq!(guidance.text, "a b\n\nf\n\ni");
        let used = guidance.receipt.used.iter();
        let used: Vec<(&str, f64)> = used.map(|one| (one.memory.as_str(), one.score)).collect();
        assert_eq!(used, [("m1", 0.5), ("m3", 0.5), ("m5", 0.25)]);
    }
}
