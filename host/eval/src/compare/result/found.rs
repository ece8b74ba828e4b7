//! What a comparison says beyond a mean and its interval: of a suite, of two strategies, of one.

use memhost_suite as suite;

use super::{Report, StrategyResult, SuiteResult};
use crate::compare::label;
use crate::compare::statistics::{Estimate, Interval, LEVEL, NoEffect, Test};

/// The smallest difference that a comparison of this size finds in four of five cases: power .8 at a two-sided level
/// of .05 after correction for all pairs.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Detectable {
    /// From counts alone, before anything is measured, and thus cautious. `None` if there are too few groups for any.
    pub before: Option<f64>,
    /// From the spread of the differences that were measured: the widest between two plugins, or between a plugin and a
    /// floor where there is one plugin. `None` if nothing differed, or nothing can be found.
    pub after: Option<f64>,
    /// How many pairs p is corrected for.
    pub comparisons: usize,
    /// The smallest p after correction that there can be with so many groups; above .05, no difference can be found.
    pub smallest_p: f64,
}

/// Two strategies, task by task. What is said of a difference is said of ours minus theirs; wins and losses go by
/// what is better.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Pair {
    /// Whose scores are taken; as [`label`](crate::compare::label) calls it.
    pub ours: String,
    /// Whose scores they are compared with; as [`label`](crate::compare::label) calls it.
    pub theirs: String,
    /// Ours minus theirs.
    pub difference: Estimate,
    /// Tasks on which ours is better, seeds averaged.
    pub wins: usize,
    /// Tasks on which both are equal.
    pub ties: usize,
    /// Tasks on which ours is worse.
    pub losses: usize,
    /// The difference in standard deviations of the differences, which groups make larger; `None` if that is no number.
    pub effect: Option<f64>,
    /// Why it is none.
    pub no_effect: Option<NoEffect>,
    /// What `p` is of.
    pub test: Test,
    /// How often chance alone would give a difference this large; `None` where nothing can be said.
    pub p: Option<f64>,
    /// The same after Holm's correction over all pairs of the suite. Ranks and decisions go by it: they look at
    /// every pair, whatever the order of the plugins.
    pub p_holm: Option<f64>,
    /// The same after Holm's correction over the pairs with the first plugin alone, for a reader who wanted to know
    /// no more than these; `None` for others.
    pub p_to_first: Option<f64>,
}

/// What is to be thought of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Ours is better.
    Better,
    /// Ours is worse.
    Worse,
    /// Chance alone may have made it.
    Undecided,
}

/// An interval and a p that do not agree. They come from different methods: a bootstrap of this pair alone, and a test
/// corrected for every pair that was looked at. Chance is ruled out where both rule it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clash {
    /// The interval leaves zero out, and p is above the level.
    PDecides,
    /// The interval includes zero, and p is not above the level.
    IntervalDecides,
}

impl Pair {
    /// Whether interval and p do not agree, and which of them decides; `None` too where there is only one of them.
    pub fn clash(&self) -> Option<Clash> {
        let interval = self.difference.interval?;
        let leaves_zero_out = interval.low > 0.0 || interval.high < 0.0;
        match (leaves_zero_out, self.p_holm? <= LEVEL) {
            (true, false) => Some(Clash::PDecides),
            (false, true) => Some(Clash::IntervalDecides),
            _ => None,
        }
    }

    /// Whether chance can be ruled out: the interval leaves zero out, and so rarely would chance alone give such a
    /// difference, after correction for how many were looked at.
    pub fn is_told_apart(&self) -> bool {
        let interval = self.difference.interval;
        let apart = interval.is_some_and(|interval| interval.low > 0.0 || interval.high < 0.0);
        apart && self.p_holm.is_some_and(|p| p <= LEVEL)
    }

    /// What is to be thought of the difference in this metric.
    pub fn decision(&self, metric: &str) -> Decision {
        let larger = self.difference.mean > 0.0;
        match self.is_told_apart() {
            false => Decision::Undecided,
            true if larger != suite::lower_is_better(metric) => Decision::Better,
            true => Decision::Worse,
        }
    }

    /// The same with the two in each other's place.
    pub fn turned(&self) -> Pair {
        let Estimate { mean, interval, .. } = self.difference;
        Pair {
            ours: self.theirs.clone(),
            theirs: self.ours.clone(),
            difference: Estimate {
                mean: -mean,
                interval: interval.map(|interval| Interval {
                    low: -interval.high,
                    high: -interval.low,
                }),
                ..self.difference
            },
            wins: self.losses,
            losses: self.wins,
            effect: self.effect.map(|effect| -effect),
            ..*self
        }
    }
}

impl Report {
    /// That it is not whole, and why, where that is so.
    pub fn stopped(&self) -> Option<String> {
        let what = "not every cell was run, and the strategies may differ in their seeds";
        match (&self.outage, self.interrupted) {
            (Some(reason), _) => Some(format!("STOPPED: {what}: {reason}")),
            (None, true) => Some(format!("INTERRUPTED: {what}.")),
            (None, false) => None,
        }
    }
}

impl SuiteResult {
    /// Whether a metric has a value on some question. Where it has none, reports have no column of dashes: the caveats
    /// say why.
    pub fn is_measured(&self, metric: &str) -> bool {
        self.measured.get(metric) != Some(&0)
    }

    /// Strategies of which too much failed: each in a sentence without a full stop.
    pub fn broken(&self) -> impl Iterator<Item = String> {
        self.strategies.iter().filter_map(|strategy| {
            let broken = strategy.broken.as_ref()?;
            let name = label(&strategy.strategy, strategy.floor);
            Some(format!("{name} has no result on {}: {broken}", self.suite))
        })
    }

    /// The pair of these two, as [`label`] calls them, ours minus theirs.
    pub fn pair(&self, ours: &str, theirs: &str) -> Option<Pair> {
        let straight = |pair: &&Pair| pair.ours == ours && pair.theirs == theirs;
        let turned = |pair: &&Pair| pair.ours == theirs && pair.theirs == ours;
        let straight = self.pairs.iter().find(straight).cloned();
        straight.or_else(|| self.pairs.iter().find(turned).map(Pair::turned))
    }

    /// A strategy, ours, and the first one, theirs; `None` for the first itself, and for ceilings.
    pub fn to_first(&self, strategy: &StrategyResult) -> Option<Pair> {
        let first = self.strategies.first()?;
        self.pair(
            &label(&strategy.strategy, strategy.floor),
            &label(&first.strategy, first.floor),
        )
    }
}

/// What a strategy did to the same agent that remembers nothing.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Harm {
    /// Tasks that were solved without memory.
    pub solved_without: usize,
    /// Of these, the tasks that were not solved with it: their ids.
    pub lost: Vec<String>,
    /// Tasks that were solved with memory only.
    pub gained: usize,
    /// The score with memory minus that without.
    pub transfer: Estimate,
}

/// A point of a strategy's course over a run.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct CurvePoint {
    /// How many questions had been asked.
    pub asked: usize,
    /// Their mean score.
    pub mean: f64,
    /// Lower end of the mean's interval.
    pub low: Option<f64>,
    /// Upper end of the mean's interval.
    pub high: Option<f64>,
    /// What was lost against no memory so far, in sum; negative where memory is better.
    pub regret: Option<f64>,
    /// Active memories.
    pub memories: Option<f64>,
}

/// Whether a strategy is on the frontier: no other one is at least as good for at most the same, and better in one
/// of the two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Frontier {
    /// Of quality over tokens handed over.
    pub handed_over: bool,
    /// Of quality over tokens of models, read and written, that writing memories took.
    pub written: bool,
}
