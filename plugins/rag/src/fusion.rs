//! Two rankings as one: the convex sum of their stretched scores.

use std::collections::HashMap;

/// How much the first ranking weighs. Half and half beats both of its parts on LoCoMo, and reciprocal rank fusion
/// too, which throws the margins away.
const FIRST_WEIGHS: f64 = 0.5;

/// All ids of both rankings, best first. A ranking without an id counts 0 for it, as it does for its own worst.
/// Ties keep to the order in which the rankings name the ids, the first ranking before the second.
pub(crate) fn fuse(first: Vec<(String, f64)>, second: Vec<(String, f64)>) -> Vec<(String, f64)> {
    let mut places = HashMap::new();
    let mut fused: Vec<(String, f64)> = Vec::new();
    for (ranking, weight) in [(first, FIRST_WEIGHS), (second, 1.0 - FIRST_WEIGHS)] {
        let stretch = stretch(&ranking);
        for (id, score) in ranking {
            let place = *places.entry(id.clone()).or_insert(fused.len());
            match fused.get_mut(place) {
                Some((_, sum)) => *sum += weight * stretch(score),
                None => fused.push((id, weight * stretch(score))),
            }
        }
    }
    fused.sort_by(|(_, left), (_, right)| right.total_cmp(left));
    fused
}

/// Maps the worst score of a ranking to 0 and its best to 1; all to 1 where they are the same.
fn stretch(ranking: &[(String, f64)]) -> impl Fn(f64) -> f64 + use<> {
    let scores = || ranking.iter().map(|(_, score)| *score);
    let least = scores().fold(f64::INFINITY, f64::min);
    let range = scores().fold(f64::NEG_INFINITY, f64::max) - least;
    move |score| match range > 0.0 {
        true => (score - least) / range,
        false => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ranking(scores: &[(&str, f64)]) -> Vec<(String, f64)> {
        scores
            .iter()
            .map(|(id, score)| ((*id).to_owned(), *score))
            .collect()
    }

    #[test]
    fn each_score_is_stretched_and_a_missing_one_counts_nothing() {
        let dense = ranking(&[("a", 0.9), ("b", 0.5), ("c", 0.1)]);
        let lexical = ranking(&[("b", 12.0), ("d", 4.0)]);
        // a: 0.5 * 1; b: 0.5 * 0.5 + 0.5 * 1; c and d: the worst of their ranking, not in the other.
        assert_eq!(
            fuse(dense, lexical),
            ranking(&[("b", 0.75), ("a", 0.5), ("c", 0.0), ("d", 0.0)])
        );
    }

    #[test]
    fn a_single_candidate_counts_as_the_best_of_its_ranking() {
        assert_eq!(
            fuse(ranking(&[("a", -0.2)]), Vec::new()),
            ranking(&[("a", 0.5)])
        );
        assert!(fuse(Vec::new(), Vec::new()).is_empty());
    }

    proptest! {
        #[test]
        fn the_sum_is_between_0_and_1_and_the_units_of_the_scores_do_not_matter(
            scores in prop::collection::vec((-1.0_f64..1.0, 0.0_f64..30.0), 1..20),
            factor in 0.1_f64..50.0,
        ) {
            let name = |number: usize| format!("m{number}");
            let dense: Vec<_> = scores.iter().enumerate().map(|(n, (d, _))| (name(n), *d)).collect();
            let lexical: Vec<_> = scores.iter().enumerate().map(|(n, (_, l))| (name(n), *l)).collect();
            let scaled: Vec<_> = lexical.iter().map(|(id, l)| (id.clone(), l * factor)).collect();
            let fused = fuse(dense.clone(), lexical);
            prop_assert_eq!(fused.len(), scores.len());
            prop_assert!(fused.iter().all(|(_, sum)| (0.0..=1.0).contains(sum)));
            prop_assert!(fused.is_sorted_by(|left, right| left.1 >= right.1));
            let rescaled: HashMap<_, _> = fuse(dense, scaled).into_iter().collect();
            for (id, sum) in fused {
                prop_assert!((rescaled[&id] - sum).abs() < 1e-9);
            }
        }
    }
}
