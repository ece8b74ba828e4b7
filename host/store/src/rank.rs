//! The best of many scores, looking at the filter only where it matters.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A hit that is kept so far; the worst is on top of the heap.
#[derive(PartialEq)]
struct Kept {
    score: f64,
    slot: usize,
}

impl Eq for Kept {}

impl Ord for Kept {
    fn cmp(&self, other: &Self) -> Ordering {
        other
            .score
            .total_cmp(&self.score)
            .then(self.slot.cmp(&other.slot))
    }
}

impl PartialOrd for Kept {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The best visible slots by score, best first, of equal ones the lower slot first. A score of `NEG_INFINITY` is no
/// hit. Visibility is asked only for slots that would make it into the result.
pub(crate) fn best_slots(
    scores: impl Iterator<Item = f64>,
    limit: usize,
    least: Option<f64>,
    visible: impl Fn(usize) -> bool,
) -> Vec<(usize, f64)> {
    let least = least.unwrap_or(f64::NEG_INFINITY);
    let mut kept: BinaryHeap<Kept> = BinaryHeap::new();
    for (slot, score) in scores.enumerate() {
        // Makes one zero of the two, which are equal, but not in the total order of the heap.
        let score = score + 0.0;
        if score == f64::NEG_INFINITY || score < least || limit == 0 {
            continue;
        }
        let is_full = kept.len() == limit;
        if is_full && kept.peek().is_some_and(|worst| score <= worst.score) {
            continue;
        }
        if visible(slot) {
            if is_full {
                kept.pop();
            }
            kept.push(Kept { score, slot });
        }
    }
    let sorted = kept.into_sorted_vec();
    sorted
        .into_iter()
        .map(|hit| (hit.slot, hit.score))
        .collect()
}

/// The order of a ranking: best first, of equal ones the lower slot first.
pub(crate) fn best_first(one: &(usize, f64), other: &(usize, f64)) -> Ordering {
    other.1.total_cmp(&one.1).then(one.0.cmp(&other.0))
}

/// What [`best_slots`] finds, in no order: where many are wanted and none is looked at by itself.
pub(crate) fn best_set(
    scores: impl Iterator<Item = f64>,
    limit: usize,
    least: Option<f64>,
    visible: impl Fn(usize) -> bool,
) -> Vec<(usize, f64)> {
    let least = least.unwrap_or(f64::NEG_INFINITY);
    let scores = scores.map(|score| score + 0.0).enumerate();
    let hits = scores.filter(|(slot, score)| {
        *score != f64::NEG_INFINITY && *score >= least && limit > 0 && visible(*slot)
    });
    first(hits.collect(), limit, best_first)
}

/// The first of these in an order, in no order.
pub(crate) fn first<T>(
    mut all: Vec<T>,
    limit: usize,
    order: impl Fn(&T, &T) -> Ordering,
) -> Vec<T> {
    if let Some(last) = limit.checked_sub(1)
        && limit < all.len()
    {
        all.select_nth_unstable_by(last, order);
    }
    all.truncate(limit);
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ties_go_to_the_older_and_hidden_slots_do_not_count() {
        let scores = [0.5, 0.9, 0.5, f64::NEG_INFINITY, 0.9, 0.1, 0.5];
        let best =
            |limit, least| best_slots(scores.iter().copied(), limit, least, |slot| slot != 1);
        assert_eq!(best(3, None), [(4, 0.9), (0, 0.5), (2, 0.5)]);
        assert_eq!(
            best(100, Some(0.5)),
            [(4, 0.9), (0, 0.5), (2, 0.5), (6, 0.5)]
        );
        assert_eq!(best(0, None), []);
    }

    proptest! {
        #[test]
        fn a_set_holds_what_a_ranking_lists(
            scores in prop::collection::vec(prop::sample::select(vec![f64::NEG_INFINITY, -0.0, 0.0, 0.25, 0.5, 1.0]), 0..30),
            limit in 0_usize..12,
            least in prop::option::of(0.0_f64..1.0),
        ) {
            let visible = |slot: usize| slot % 3 != 1;
            let listed = best_slots(scores.iter().copied(), limit, least, visible);
            let mut set = best_set(scores.iter().copied(), limit, least, visible);
            set.sort_by(best_first);
            prop_assert_eq!(set, listed);
        }
    }
}
