//! The smallest difference that a comparison finds.
//!
//! Of one comparison, uncorrected, with power .8 at a two-sided level of .05: the standard error times
//! t(.975) + t(.8), with one degree of freedom less than there are groups (Bloom, *Minimum detectable effects*, 1995).

use super::distribution::t_quantile;

/// A score of a yes-or-no question in doubt, and thus any score in 0..=1, has no larger variance.
const MOST_VARIANCE: f64 = 0.25;
const LEVEL: f64 = 0.05;
const POWER: f64 = 0.8;

/// From the number of tasks in each group alone. Cautious, because nothing is known yet: every task is taken to be in
/// doubt for both strategies, nothing to be gained by pairing, and all tasks of a group to end alike, so that a
/// group is worth one task. Of scores in 0..=1. `None` where there are so few groups that not even the largest
/// possible difference is sure to be found.
pub fn detectable_before(group_sizes: &[usize]) -> Option<f64> {
    let tasks: f64 = group_sizes.iter().map(|size| *size as f64).sum();
    let squares: f64 = group_sizes.iter().map(|size| (*size as f64).powi(2)).sum();
    let standard_error = (2.0 * MOST_VARIANCE * squares).sqrt() / tasks;
    detectable(standard_error, group_sizes.len()).filter(|difference| *difference <= 1.0)
}

/// From a measured standard error. `None` with fewer than two groups, or where nothing differed at all, which says
/// nothing about what could have been found.
pub(super) fn detectable(standard_error: f64, groups: usize) -> Option<f64> {
    let freedom = groups as f64 - 1.0;
    let times = t_quantile(1.0 - LEVEL / 2.0, freedom)? + t_quantile(POWER, freedom)?;
    (standard_error > 0.0).then_some(standard_error * times)
}
