//! Several rankings as one: the sum of their stretched scores.

use std::collections::HashMap;

use crate::rank::min_max;
use crate::types::Hit;

/// All hits of these rankings with their weights, best first.
pub(super) fn fuse(rankings: impl IntoIterator<Item = (Vec<Hit>, f64)>) -> Vec<Hit> {
    let mut places = HashMap::new();
    let mut fused: Vec<Hit> = Vec::new();
    for (ranking, weight) in rankings {
        let mut scores: Vec<f64> = ranking.iter().map(|hit| hit.score).collect();
        min_max(&mut scores);
        for (hit, score) in ranking.into_iter().zip(scores) {
            let score = weight * score;
            let place = *places.entry(hit.id.clone()).or_insert(fused.len());
            match fused.get_mut(place) {
                Some(known) => known.score += score,
                None => fused.push(Hit { score, ..hit }),
            }
        }
    }
    fused.sort_by(|left, right| right.score.total_cmp(&left.score));
    fused
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::types::Counters;

    fn ranking(scores: &[(&str, f64)]) -> Vec<Hit> {
        let hit = |(id, score): &(&str, f64)| Hit {
            id: (*id).to_owned(),
            score: *score,
            key: String::new(),
            counters: Counters {
                weight: 1.0,
                uses: 0,
                wins: 0,
                losses: 0,
                strength: 0.0,
            },
        };
        scores.iter().map(hit).collect()
    }

    fn evenly(first: Vec<Hit>, second: Vec<Hit>) -> Vec<(String, f64)> {
        let fused = fuse([(first, 0.5), (second, 0.5)]);
        fused.into_iter().map(|hit| (hit.id, hit.score)).collect()
    }

    #[test]
    fn each_score_is_stretched_and_a_missing_one_counts_nothing() {
        let dense = ranking(&[("a", 0.9), ("b", 0.5), ("c", 0.1)]);
        let lexical = ranking(&[("b", 12.0), ("d", 4.0)]);
        // a: 0.5 * 1; b: 0.5 * 0.5 + 0.5 * 1; c and d: the worst of their ranking, not in the other.
        let expected = [("b", 0.75), ("a", 0.5), ("c", 0.0), ("d", 0.0)];
        assert_eq!(
            evenly(dense, lexical),
            expected.map(|(id, score)| (id.to_owned(), score))
        );
    }

    #[test]
    fn a_single_candidate_counts_as_the_best_of_its_ranking() {
        let single = evenly(ranking(&[("a", -0.2)]), Vec::new());
        assert_eq!(single, [("a".to_owned(), 0.5)]);
        assert!(evenly(Vec::new(), Vec::new()).is_empty());
    }

    proptest! {
        #[test]
        fn the_sum_is_between_0_and_1_and_the_units_of_the_scores_do_not_matter(
            scores in prop::collection::vec((-1.0_f64..1.0, 0.0_f64..30.0), 1..20),
            factor in 0.1_f64..50.0,
        ) {
            let names: Vec<String> = (0..scores.len()).map(|number| format!("m{number}")).collect();
            let of = |score: fn(&(f64, f64)) -> f64, factor: f64| -> Vec<Hit> {
                let scores = scores.iter().map(|both| score(both) * factor);
                ranking(&names.iter().map(String::as_str).zip(scores).collect::<Vec<_>>())
            };
            let fused = evenly(of(|both| both.0, 1.0), of(|both| both.1, 1.0));
            prop_assert_eq!(fused.len(), scores.len());
            prop_assert!(fused.iter().all(|(_, sum)| (0.0..=1.0).contains(sum)));
            prop_assert!(fused.is_sorted_by(|left, right| left.1 >= right.1));
            let rescaled: HashMap<_, _> = evenly(of(|both| both.0, 1.0), of(|both| both.1, factor)).into_iter().collect();
            for (id, sum) in fused {
                prop_assert!((rescaled[&id] - sum).abs() < 1e-9);
            }
        }
    }
}
