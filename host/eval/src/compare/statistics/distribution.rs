//! The distributions that tests and intervals refer to, from the crate `statrs`.

use statrs::distribution::{
    Beta, Binomial, ContinuousCDF as _, DiscreteCDF as _, Normal, StudentsT,
};

use super::estimate::Interval;

/// The probability that a standard normal is at most this.
pub(super) fn normal_cdf(value: f64) -> f64 {
    Normal::standard().cdf(value)
}

/// The value that a standard normal exceeds with probability 1 - `probability`.
pub(super) fn normal_quantile(probability: f64) -> f64 {
    Normal::standard().inverse_cdf(probability)
}

/// The value that Student's t with these degrees of freedom exceeds with probability 1 - `probability`. `None`
/// without a degree of freedom.
pub(super) fn t_quantile(probability: f64, freedom: f64) -> Option<f64> {
    let t = StudentsT::new(0.0, 1.0, freedom).ok()?;
    Some(t.inverse_cdf(probability))
}

/// The probability of at most `heads` in `tosses` of a fair coin.
pub(super) fn coin_cdf(heads: u64, tosses: u64) -> f64 {
    Binomial::new(0.5, tosses).map_or(1.0, |coin| coin.cdf(heads))
}

/// Between which probabilities one lies that made `hits` of `trials` happen, with 95 % confidence: the exact interval
/// of Clopper and Pearson, *The use of confidence or fiducial limits illustrated in the case of the binomial*
/// (1934). `None` without trials.
pub fn binomial_interval(hits: u64, trials: u64) -> Option<Interval> {
    let misses = trials.checked_sub(hits)?;
    if trials == 0 {
        return None;
    }
    let quantile = |a: u64, b: u64, probability| {
        let beta = Beta::new(a as f64, b as f64).ok()?;
        Some(beta.inverse_cdf(probability))
    };
    Some(Interval {
        low: match hits {
            0 => 0.0,
            _ => quantile(hits, misses + 1, 0.025)?,
        },
        high: match misses {
            0 => 1.0,
            _ => quantile(hits + 1, misses, 0.975)?,
        },
    })
}
