//! What a wrapper adds to what it wraps.

use super::{Costs, StrategyResult, SuiteResult};
use crate::compare::statistics::Estimate;
use crate::compare::{ListedSuite, label};

/// A wrapped strategy against what it wraps, which took part with the same settings: the wrapped one's minus the bare
/// one's. Costs are per run.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Added {
    /// The wrapped one; as [`label`] calls it.
    pub strategy: String,
    /// What it wraps; as [`label`] calls it.
    pub bare: String,
    /// In the primary metric, paired by task and seed.
    pub difference: Estimate,
    /// How often chance alone would give a difference this large, after correction for all pairs of the suite.
    pub p_holm: Option<f64>,
    /// Language model calls.
    pub model_calls: f64,
    /// Tokens that models read and wrote.
    pub model_tokens: f64,
    /// Tokens handed over per question.
    pub tokens_per_question: f64,
}

impl Added {
    /// Everything under its name, but for the difference.
    pub fn costs(&self) -> [(&'static str, f64); 3] {
        [
            ("added_model_calls", self.model_calls),
            ("added_model_tokens", self.model_tokens),
            ("added_tokens_per_question", self.tokens_per_question),
        ]
    }
}

/// Of every wrapped strategy whose bare one took part, where both have a result.
pub(in crate::compare) fn added(suite: &ListedSuite, result: &SuiteResult) -> Vec<Added> {
    let strategies = suite.strategies.iter();
    let wrapped = strategies.filter_map(|one| Some((&one.name, one.bare.as_ref()?)));
    wrapped
        .filter_map(|(wrapped, bare)| {
            let (strategy, bare) = (label(wrapped, false), label(bare, false));
            let pair = result.pair(&strategy, &bare)?;
            let (ours, theirs) = (costs(result, &strategy)?, costs(result, &bare)?);
            let more = |cost: fn(&Costs) -> f64| cost(ours) - cost(theirs);
            Some(Added {
                difference: pair.difference,
                p_holm: pair.p_holm,
                model_calls: more(|costs| costs.model_calls),
                model_tokens: more(|costs| costs.model_input_tokens + costs.model_output_tokens),
                tokens_per_question: more(|costs| costs.tokens_per_question),
                strategy,
                bare,
            })
        })
        .collect()
}

fn costs<'a>(result: &'a SuiteResult, called: &str) -> Option<&'a Costs> {
    let is_called = |one: &&StrategyResult| label(&one.strategy, one.floor) == called;
    result.strategies.iter().find(is_called)?.costs.as_ref()
}
