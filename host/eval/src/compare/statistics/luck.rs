//! How far the runs of a strategy differ by luck.
//!
//! What a strategy draws early in a run can change all that it learns later, and with it every group at once: then
//! groups are not independent, and the same strategy differs from itself by more than groups explain. The variance
//! of a mean is then that by group, plus that by seed, less that by both (Cameron, Gelbach and Miller, *Robust
//! inference with multiway clustering*, 2011).
//!
//! **Seeds are few**, so that the variance by seed is hardly known: two runs that agree may do so by chance. With a
//! plain estimate, strategies that have luck differ from themselves in 13 of 100 comparisons of two seeds, even with
//! Student's t at one degree of freedom wherever luck is seen. So every draw of a test or of an interval draws luck
//! too, from all variances that may have given the one that was seen (Tsui and Weerahandi, *Generalized p-values in
//! significance testing of hypotheses in the presence of nuisance parameters*, 1989; Weerahandi, *Generalized
//! confidence intervals*, 1993). Where luck is all that there is, that is Student's t with one degree of freedom less
//! than there are seeds; where all seeds give the same, it is nothing.

use std::collections::BTreeMap;

use rand::Rng;
use rand_distr::{ChiSquared, Distribution as _, StandardNormal};

use super::distribution::{normal_quantile, t_quantile};
use super::estimate::Score;
use super::quantiles::mean;

/// What runs under several seeds show of luck. Variances are of the mean.
pub(super) struct Luck {
    by_seed: f64,
    by_both: f64,
    /// Seeds less one, and the distribution of a variance that was estimated from so many. `None` if there is no
    /// luck, or it does not show: with one seed, or if all seeds have the same mean.
    freedom: Option<(f64, ChiSquared<f64>)>,
}

impl Luck {
    /// Of what nothing is known.
    pub(super) fn none() -> Luck {
        Luck::of(&[])
    }

    /// Orders of one seed share what is left to chance, and are one run here.
    pub(super) fn of(scores: &[&Score<'_>]) -> Luck {
        let mean = mean(scores.iter().map(|score| score.value)).unwrap_or_default();
        let mut by_both: BTreeMap<(&str, u64), f64> = BTreeMap::new();
        for score in scores {
            *by_both.entry((score.group, score.seed)).or_default() += score.value - mean;
        }
        let mut by_seed: BTreeMap<u64, f64> = BTreeMap::new();
        for ((_, seed), sum) in &by_both {
            *by_seed.entry(*seed).or_default() += sum;
        }
        let variance = |sums: &mut dyn Iterator<Item = &f64>| -> f64 {
            sums.map(|sum| (sum / scores.len() as f64).powi(2)).sum()
        };
        let freedom = by_seed.len() as f64 - 1.0;
        let by_seed = variance(&mut by_seed.values()) * (freedom + 1.0) / freedom;
        let by_both = variance(&mut by_both.values());
        // A rounding error is no luck.
        let shows = freedom > 0.0 && by_seed > 1e-9 * by_both;
        let chi_squared = ChiSquared::new(freedom).ok().filter(|_| shows);
        Luck {
            by_seed,
            by_both,
            freedom: chi_squared.map(|chi_squared| (freedom, chi_squared)),
        }
    }

    /// Whether no luck shows.
    pub(super) fn is_none(&self) -> bool {
        self.freedom.is_none()
    }

    /// What luck may have added to the mean, this time.
    pub(super) fn draw(&self, random: &mut impl Rng) -> f64 {
        let Some((freedom, chi_squared)) = &self.freedom else {
            return 0.0;
        };
        let by_seed = self.by_seed * freedom / chi_squared.sample(random);
        let size: f64 = StandardNormal.sample(random);
        size * excess(by_seed, self.by_both)
    }

    /// The standard error that luck adds, by the plain estimate.
    pub(super) fn standard_error(&self) -> f64 {
        match self.freedom {
            Some(_) => excess(self.by_seed, self.by_both),
            None => 0.0,
        }
    }

    /// About how far [`Luck::draw`] goes in the rarest `tail` of its draws on either side, for a small `tail`.
    pub(super) fn reach(&self, tail: f64) -> f64 {
        let Some((freedom, _)) = self.freedom else {
            return 0.0;
        };
        let seeds = t_quantile(1.0 - tail, freedom).unwrap_or(f64::INFINITY);
        let groups = normal_quantile(1.0 - tail);
        excess(self.by_seed * seeds.powi(2), self.by_both * groups.powi(2))
    }
}

/// The root of what seeds explain, and their groups do not already.
fn excess(by_seed: f64, by_both: f64) -> f64 {
    (by_seed - by_both).max(0.0).sqrt()
}
