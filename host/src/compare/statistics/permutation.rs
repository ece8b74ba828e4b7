//! The paired permutation test, of whole groups.

use rand::{RngCore as _, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Up to this many groups that differ, all signs are tried.
const ENUMERATED: usize = 13;
/// How often signs are drawn at random otherwise. The standard error of a p of .05 is then .002.
const DRAWS: u32 = 10_000;

/// How often the sum of these differences, one per group, is at least as far from zero if each keeps or changes its
/// sign by chance, as it does if the two strategies only differ in name (Fisher, *The design of experiments*, 1935,
/// §21). Whole groups change their sign, because tasks of one group are not independent: where each group is one
/// task, and scores are hits and misses, this is McNemar's exact test.
///
/// `deflation` says how much larger the difference is than it would be if runs did not differ by luck. Signs that are
/// drawn count the observed ones too (Phipson and Smyth, *Permutation p-values should never be zero*, 2010).
pub(super) fn p(group_sums: impl Iterator<Item = f64>, deflation: f64) -> f64 {
    let sums: Vec<f64> = group_sums.filter(|sum| *sum != 0.0).collect();
    let total: f64 = sums.iter().sum();
    let size: f64 = sums.iter().map(|sum| sum.abs()).sum();
    // What is as large but for rounding is as large.
    let least = total.abs() / deflation.max(1.0) - 1e-9 * size;
    if sums.len() <= ENUMERATED {
        let all = 1_u64 << sums.len();
        let extreme = (0..all).filter(|signs| flipped(&sums, || *signs).abs() >= least);
        return extreme.count() as f64 / all as f64;
    }
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let extreme = (0..DRAWS).filter(|_| flipped(&sums, || random.next_u64()).abs() >= least);
    (extreme.count() as f64 + 1.0) / (f64::from(DRAWS) + 1.0)
}

/// The sum with a sign per bit, 64 at a time.
fn flipped(sums: &[f64], mut bits: impl FnMut() -> u64) -> f64 {
    sums.chunks(64)
        .map(|chunk| {
            let mut signs = bits();
            chunk.iter().fold(0.0, |sum, value| {
                let signed = if signs & 1 == 1 { *value } else { -value };
                signs >>= 1;
                sum + signed
            })
        })
        .sum()
}
