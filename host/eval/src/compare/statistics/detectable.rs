//! The smallest difference that a comparison finds.
//!
//! With power .8 at a two-sided level of .05, divided by the number of comparisons that p is corrected for: so strict
//! is the first step of Holm's correction, and a difference that is found must pass it wherever no other one is. The
//! standard error times t(1 - level/2) + t(.8), with one degree of freedom less than there are groups (Bloom, *Minimum
//! detectable effects*, 1995).

use super::distribution::{normal_quantile, t_quantile};
use super::estimate::LEVEL;
use super::luck::Luck;
use super::permutation;

/// A score of a yes-or-no question in doubt, and thus any score in 0..=1, has no larger variance.
const MOST_VARIANCE: f64 = 0.25;
const POWER: f64 = 0.8;

/// Where a level is so small that fewer than so many times the smallest p fit below it, it takes all groups to agree.
const FEW_PATTERNS: f64 = 4.0;

/// From the number of tasks in each group alone. Cautious, because nothing is known yet: every task is taken to be in
/// doubt for both strategies, nothing to be gained by pairing, and all tasks of a group to end alike, so that a
/// group is worth one task; but runs are taken to have no luck. Of scores in 0..=1. `None` where there are so few
/// groups that not even the largest possible difference is sure to be found.
pub fn detectable_before(group_sizes: &[usize], comparisons: usize) -> Option<f64> {
    let tasks: f64 = group_sizes.iter().map(|size| *size as f64).sum();
    let squares: f64 = group_sizes.iter().map(|size| (*size as f64).powi(2)).sum();
    let standard_error = (2.0 * MOST_VARIANCE * squares).sqrt() / tasks;
    detectable(
        standard_error,
        &Luck::none(),
        group_sizes.len(),
        comparisons,
    )
    .filter(|difference| *difference <= 1.0)
}

/// The smallest p that a difference can have after correction, with so many groups and comparisons. Where it is above
/// .05, no difference can be found.
pub fn smallest_p(groups: usize, comparisons: usize) -> f64 {
    (permutation::smallest(groups) * comparisons.max(1) as f64).min(1.0)
}

/// From a measured standard error. `None` where nothing can be found, or where nothing differed at all, which says
/// nothing about what could have been found.
pub(super) fn detectable(
    standard_error: f64,
    luck: &Luck,
    groups: usize,
    comparisons: usize,
) -> Option<f64> {
    let nothing_differs = standard_error == 0.0 && luck.is_none();
    if smallest_p(groups, comparisons) > LEVEL || nothing_differs {
        return None;
    }
    let level = LEVEL / comparisons.max(1) as f64;
    let freedom = groups as f64 - 1.0;
    let critical = standard_error * t_quantile(1.0 - level / 2.0, freedom)?;
    let critical = critical.hypot(luck.reach(level / 2.0));
    let by_mean =
        critical + standard_error.hypot(luck.standard_error()) * t_quantile(POWER, freedom)?;
    if level >= FEW_PATTERNS * permutation::smallest(groups) {
        return Some(by_mean);
    }
    let groups = groups as f64;
    let of_group = standard_error * groups.sqrt();
    let all_agree = of_group * normal_quantile(POWER.powf(groups.recip()));
    Some(by_mean.max(all_agree))
}
