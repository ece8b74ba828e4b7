//! Several rankings as one: the weighted sum of their stretched scores.
//!
//! A strategy that fuses by itself has to fetch a thousand hits of each ranking for the few that it hands out, and pays
//! for each across the boundary: 1.06 ms where both rankings take 0.3.

use std::cmp::Ordering;

use super::rank::{best_set, first};

/// The most rankings of one fusion: what each takes is the host's time.
pub(crate) const MOST_SHARES: usize = 16;

/// A memory in at least one of the rankings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fused {
    /// Its slot.
    pub slot: usize,
    /// The sum.
    pub score: f64,
    /// The first ranking that names it.
    pub named_by: usize,
    /// What it scores there.
    named_with: f64,
}

impl Fused {
    /// Best first; of equal ones, in the order in which the rankings name them.
    fn order(&self, other: &Fused) -> Ordering {
        let by_score = other.score.total_cmp(&self.score);
        by_score
            .then(self.named_by.cmp(&other.named_by))
            .then(other.named_with.total_cmp(&self.named_with))
            .then(self.slot.cmp(&other.slot))
    }
}

/// Adds up rankings, one after the other.
pub(crate) struct Sum {
    fused: Vec<Fused>,
    /// By slot, its place among the fused, plus one.
    places: Vec<usize>,
    rankings: usize,
}

impl Sum {
    pub(crate) fn new(slots: usize) -> Sum {
        Sum {
            fused: Vec::new(),
            places: vec![0; slots],
            rankings: 0,
        }
    }

    /// One more ranking: the best `limit` of these scores count for up to `weight`, the worst of them for nothing.
    pub(crate) fn add(
        &mut self,
        scores: impl Iterator<Item = f64>,
        (limit, least): (usize, Option<f64>),
        weight: f64,
        visible: impl Fn(usize) -> bool,
    ) {
        let hits = best_set(scores, limit, least, visible);
        let worst = hits.iter().map(|hit| hit.1).fold(f64::INFINITY, f64::min);
        let best = hits
            .iter()
            .map(|hit| hit.1)
            .fold(f64::NEG_INFINITY, f64::max);
        let range = best - worst;
        for (slot, raw) in hits {
            let stretched = match range > 0.0 {
                true => (raw - worst) / range,
                false => 1.0,
            };
            let Some(place) = self.places.get_mut(slot) else {
                continue;
            };
            match place.checked_sub(1).and_then(|at| self.fused.get_mut(at)) {
                Some(known) => known.score += weight * stretched,
                None => {
                    self.fused.push(Fused {
                        slot,
                        score: weight * stretched,
                        named_by: self.rankings,
                        named_with: raw,
                    });
                    *place = self.fused.len();
                }
            }
        }
        self.rankings += 1;
    }

    /// The best, best first.
    pub(crate) fn best(self, limit: usize) -> Vec<Fused> {
        let mut best = first(self.fused, limit, Fused::order);
        best.sort_unstable_by(Fused::order);
        best
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::super::rank::best_slots;
    use super::*;

    const NONE: f64 = f64::NEG_INFINITY;

    fn fused(rankings: &[(Vec<f64>, f64)], each: usize, limit: usize) -> Vec<(usize, f64)> {
        let mut sum = Sum::new(
            rankings
                .iter()
                .map(|(scores, _)| scores.len())
                .max()
                .unwrap_or(0),
        );
        for (scores, weight) in rankings {
            sum.add(scores.iter().copied(), (each, None), *weight, |_| true);
        }
        let best = sum.best(limit).into_iter();
        best.map(|fused| (fused.slot, fused.score)).collect()
    }

    /// Slots: a, b, c, d. a: 0.5 * 1; b: 0.5 * 0.5 + 0.5 * 1; c and d: the worst of their ranking, not in the other.
    #[test]
    fn each_score_is_stretched_and_a_missing_one_counts_nothing() {
        let dense = (vec![0.9, 0.5, 0.1, NONE], 0.5);
        let lexical = (vec![NONE, 12.0, NONE, 4.0], 0.5);
        let all = fused(&[dense.clone(), lexical.clone()], 10, 10);
        assert_eq!(all, [(1, 0.75), (0, 0.5), (2, 0.0), (3, 0.0)]);
        assert_eq!(fused(&[dense, lexical], 10, 2), all[..2]);
    }

    #[test]
    fn a_single_candidate_counts_as_the_best_of_its_ranking() {
        assert_eq!(fused(&[(vec![NONE, -0.2], 0.5)], 10, 10), [(1, 0.5)]);
        assert_eq!(fused(&[(vec![NONE, NONE], 0.5)], 10, 10), []);
        assert_eq!(fused(&[], 10, 10), []);
    }

    proptest! {
        /// As a strategy would fuse them that has fetched every hit.
        #[test]
        fn it_is_what_adding_up_the_listed_hits_gives(
            scores in prop::collection::vec(
                (prop::sample::select(vec![NONE, 0.1, 0.5, 0.9]), prop::sample::select(vec![NONE, 2.0, 3.0])), 0..20),
            each in 0_usize..12,
            limit in 0_usize..12,
        ) {
            let rankings: [(Vec<f64>, f64); 2] =
                [(scores.iter().map(|s| s.0).collect(), 0.3), (scores.iter().map(|s| s.1).collect(), 0.7)];
            let mut places = HashMap::new();
            let mut expected: Vec<(usize, f64)> = Vec::new();
            for (scores, weight) in &rankings {
                let hits = best_slots(scores.iter().copied(), each, None, |_| true);
                let worst = hits.last().map_or(0.0, |hit| hit.1);
                let range = hits.first().map_or(0.0, |hit| hit.1) - worst;
                for (slot, score) in hits {
                    let stretched = if range > 0.0 { (score - worst) / range } else { 1.0 };
                    let place = *places.entry(slot).or_insert(expected.len());
                    match expected.get_mut(place) {
                        Some(known) => known.1 += weight * stretched,
                        None => expected.push((slot, weight * stretched)),
                    }
                }
            }
            expected.sort_by(|one, other| other.1.total_cmp(&one.1));
            expected.truncate(limit);
            prop_assert_eq!(fused(&rankings, each, limit), expected);
        }
    }
}
