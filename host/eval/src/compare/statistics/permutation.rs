//! The paired permutation test, of whole groups.

use rand::{RngCore as _, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::luck::Luck;

/// Up to this many groups that differ, all signs are tried, unless luck has to be drawn.
const ENUMERATED: usize = 13;
/// How often signs are drawn at random otherwise, at most: small p matter, because they are multiplied by the number of
/// comparisons.
const DRAWS: u32 = 100_000;
/// So many draws that are as far from zero are enough for a standard error of a twentieth of p.
const ENOUGH: u32 = 500;
/// The p of what no draw is as far from zero as.
const SMALLEST: f64 = 1.0 / (DRAWS + 1) as f64;
/// So many standard deviations from zero there is no such draw: by Hoeffding's inequality, one in 10¹³ is.
const CERTAIN: f64 = 8.0;

/// How often the mean of which these are the groups' parts is at least as far from zero if each part keeps or changes
/// its sign by chance, as it does if the two strategies only differ in name (Fisher, *The design of experiments*,
/// 1935, §21), and luck is added. Whole groups change their sign, because tasks of one group are not independent: where
/// each group is one task, and scores are hits and misses, this is McNemar's exact test.
///
/// Signs that are drawn count the observed ones too (Phipson and Smyth, *Permutation p-values should never be zero*,
/// 2010), and are drawn until p is known well enough (Besag and Clifford, *Sequential Monte Carlo p-values*, 1991).
pub(super) fn p(parts: impl Iterator<Item = f64>, luck: &Luck) -> f64 {
    let mut parts: Vec<f64> = parts.filter(|part| *part != 0.0).collect();
    // The same signs are drawn for the same side, so that p is the same whichever of two strategies is ours.
    if parts.first().is_some_and(|first| *first < 0.0) {
        parts.iter_mut().for_each(|part| *part = -*part);
    }
    let mean: f64 = parts.iter().sum();
    let size: f64 = parts.iter().map(|part| part.abs()).sum();
    // What is as large but for rounding is as large.
    let least = mean.abs() - 1e-9 * size;
    if parts.len() > ENUMERATED {
        return drawn(&parts, least, luck);
    }
    let all = 1_u64 << parts.len();
    let extreme = (0..all).filter(|signs| flipped(&parts, || *signs).abs() >= least);
    let enumerated = extreme.count() as f64 / all as f64;
    match luck.is_none() {
        true => enumerated,
        // Half of the draws of luck take the observed signs below what was observed; luck is no reason for a smaller p.
        false => drawn(&parts, least, luck).max(enumerated),
    }
}

fn drawn(parts: &[f64], least: f64, luck: &Luck) -> f64 {
    let deviation = parts.iter().map(|part| part * part).sum::<f64>().sqrt();
    if least > CERTAIN * deviation && luck.is_none() {
        return SMALLEST;
    }
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let mut extreme = 0;
    for drawn in 1..=DRAWS {
        let chance = flipped(parts, || random.next_u64()) + luck.draw(&mut random);
        extreme += u32::from(chance.abs() >= least);
        if extreme == ENOUGH {
            return f64::from(ENOUGH) / f64::from(drawn);
        }
    }
    f64::from(extreme + 1) / f64::from(DRAWS + 1)
}

/// The smallest p that so many groups can have: all differ, and in the same direction.
pub(super) fn smallest(groups: usize) -> f64 {
    let agreeing = 2.0_f64.powi(1 - groups.min(1_000) as i32);
    agreeing.clamp(SMALLEST, 1.0)
}

/// The sum with a sign per bit, 64 at a time.
fn flipped(parts: &[f64], mut bits: impl FnMut() -> u64) -> f64 {
    parts
        .chunks(64)
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
