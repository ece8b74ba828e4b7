//! Who stands where among several strategies.

/// The place of each, 1 the best, of strategies in the order of their means, best first.
///
/// The best leads. Whoever cannot be told apart from the leader shares its place; the first that can be leads the
/// next, and its place is one more than there are strategies before it (1, 1, 3). So places follow means, and
/// are the same however often they are taken. "Cannot be told apart" is no equivalence: of A, B and C, A may be
/// told apart from C only. Sharing a place therefore says that a strategy cannot be told apart from the best of its
/// place, not that all of them are equal; and two neighbours of different places need not be told apart.
pub fn places(strategies: usize, told_apart: impl Fn(usize, usize) -> bool) -> Vec<usize> {
    let mut leader = 0;
    (0..strategies)
        .map(|index| {
            if index > leader && told_apart(leader, index) {
                leader = index;
            }
            leader + 1
        })
        .collect()
}

/// Which of these points, worth and cost, are not dominated: no other is worth at least as much for at most the same
/// cost, and better in one of the two (Pareto). What is no number is on no frontier.
pub fn frontier(points: &[(f64, f64)]) -> Vec<bool> {
    let dominates = |(worth, cost): &(f64, f64), (than_worth, than_cost): &(f64, f64)| {
        worth >= than_worth && cost <= than_cost && (worth > than_worth || cost < than_cost)
    };
    points
        .iter()
        .map(|point| {
            point.0.is_finite()
                && point.1.is_finite()
                && !points.iter().any(|other| dominates(other, point))
        })
        .collect()
}
