//! Ranking: scores in an order of the strategy's own, and searches by another score than similarity.

use std::collections::HashSet;

use crate::store;
use crate::types::{Fault, Hit, Search};

/// How much of a ranking by bare similarity is looked at first, and how much more each time that this was too little: so
/// many times as much as is wanted.
const OVER_FETCH: u32 = 8;

/// At most so many, the best first; of equals the earlier.
pub fn best_first<T>(scored: impl IntoIterator<Item = (T, f64)>, most: u32) -> Vec<(T, f64)> {
    let mut scored: Vec<(T, f64)> = scored.into_iter().collect();
    scored.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    scored.truncate(most as usize);
    scored
}

/// Several rankings as one: at most so many ids, the best first, each once and with its best score.
pub fn merge(ranked: impl IntoIterator<Item = (String, f64)>, most: u32) -> Vec<(String, f64)> {
    let mut ranked = best_first(ranked, u32::MAX);
    let mut seen = HashSet::new();
    ranked.retain(|(id, _)| seen.insert(id.clone()));
    ranked.truncate(most as usize);
    ranked
}

/// A search whose hits are ranked by another score than that of the search, such as weight × similarity.
pub struct Rerank<'a> {
    /// What is searched; its limit counts nothing.
    pub search: Search,
    /// At most so many are wanted.
    pub most: u32,
    /// The least score at which one is wanted.
    pub floor: f64,
    /// The score of a hit.
    pub score: &'a dyn Fn(&Hit) -> f64,
    /// The highest score that a hit of this similarity, or of a lower one, could have.
    pub bound: &'a dyn Fn(f64) -> f64,
}

impl Rerank<'_> {
    /// The best by that score, best first. The most similar are not the best, because a heavier memory may be better than a
    /// more similar one: looked at is so much of the ranking by similarity that nothing in the rest can be among the best.
    ///
    /// # Errors
    /// See [`store::search_memories`].
    pub fn hits(&self) -> Result<Vec<(String, f64)>, Fault> {
        let mut limit = self.most.saturating_mul(OVER_FETCH);
        loop {
            let hits = store::search_memories(&self.search.clone().limit(limit))?;
            let rest = match hits.last() {
                Some(last) if hits.len() >= limit as usize => Some((self.bound)(last.score)),
                _ => None,
            };
            let scored = hits.into_iter().map(|hit| ((self.score)(&hit), hit.id));
            let wanted = scored.filter(|(score, _)| *score >= self.floor);
            let ranked = best_first(wanted.map(|(score, id)| (id, score)), self.most);
            let is_full = ranked.len() == self.most as usize;
            let worst = ranked.last().filter(|_| is_full);
            let to_beat = worst.map_or(self.floor, |(_, score)| *score);
            if rest.is_none_or(|rest| rest <= to_beat) || limit == u32::MAX {
                return Ok(ranked);
            }
            limit = limit.saturating_mul(OVER_FETCH);
        }
    }
}

/// Stretches scores, so that the worst is 0 and the best is 1; all are 1 where they are the same.
pub fn min_max(scores: &mut [f64]) {
    let least = scores.iter().copied().fold(f64::INFINITY, f64::min);
    let range = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max) - least;
    for score in scores {
        *score = match range > 0.0 {
            true => (*score - least) / range,
            false => 1.0,
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::TestHost;
    use crate::types::{Change, NewMemory};

    #[test]
    fn of_equals_the_earlier_comes_first_and_an_id_stands_once_with_its_best() {
        let ranked = [("a", 1.0), ("b", 3.0), ("c", 1.0), ("a", 2.0)];
        assert_eq!(best_first(ranked, 3), [("b", 3.0), ("a", 2.0), ("a", 1.0)]);
        let merged = merge(ranked.map(|(id, score)| (id.to_owned(), score)), 3);
        assert_eq!(
            merged,
            [("b", 3.0), ("a", 2.0), ("c", 1.0)].map(|(id, score)| (id.to_owned(), score))
        );
    }

    #[test]
    fn scores_are_stretched_and_equal_ones_are_the_best() {
        let mut scores = [2.0, 8.0, 5.0];
        min_max(&mut scores);
        assert_eq!(scores, [0.0, 1.0, 0.5]);
        let mut same = [3.0, 3.0];
        min_max(&mut same);
        assert_eq!(same, [1.0, 1.0]);
    }

    proptest! {
        #[test]
        fn nothing_that_is_left_out_is_better(
            memories in prop::collection::vec((1_usize..30, 0.0_f64..2.0), 1..40),
            most in 1_u32..4,
            floor in 0.0_f64..1.0,
        ) {
            let host = TestHost::new();
            let notes = memories.iter().map(|(length, weight)| {
                let text = format!("lamp{}", " other".repeat(*length));
                Change::insert(NewMemory::new("note", "x").key("task", text).weight(*weight))
            });
            host.apply(&notes.collect::<Vec<_>>()).unwrap();
            let search = Search::semantic("task", "lamp");
            let score = |hit: &Hit| hit.score * hit.counters.weight;
            let (found, all) = host.run(|| {
                let all = store::search_memories(&search.clone().limit(u32::MAX)).unwrap();
                let bound = |similarity: f64| similarity * 2.0;
                let rerank = Rerank { search, most, floor, score: &score, bound: &bound };
                (rerank.hits().unwrap(), all)
            });
            let all = all.iter().map(score).filter(|score| *score >= floor).map(|score| ((), score));
            let scores: Vec<f64> = found.iter().map(|(_, score)| *score).collect();
            let expected: Vec<f64> = best_first(all, most).into_iter().map(|(_, score)| score).collect();
            prop_assert_eq!(scores, expected);
        }
    }
}
