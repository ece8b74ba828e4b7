//! McNemar's exact test, of hits and misses.

use super::distribution::coin_cdf;

/// How often a fair coin is at least as lopsided, on either side, as the tasks that only one of two strategies got
/// right: the exact test of McNemar, *Note on the sampling error of the difference between correlated proportions*
/// (1947), of tasks that are independent. 1 if there is no such task.
pub(super) fn p(ours_only: u64, theirs_only: u64) -> f64 {
    let one_side = coin_cdf(ours_only.min(theirs_only), ours_only + theirs_only);
    (2.0 * one_side).min(1.0)
}
