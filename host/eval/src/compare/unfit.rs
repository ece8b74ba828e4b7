//! Plugins that are not ranked: who fails a check of the contract gets no number.

use memhost::conformance::{self, Checked};

use super::contestant::label;

/// A check that a plugin failed, which therefore is not ranked at all.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Unfit {
    /// The plugin's name.
    pub strategy: String,
    /// The check that it failed.
    pub check: conformance::Check,
    /// What must come.
    pub expected: String,
    /// What came.
    pub came: String,
}

impl Unfit {
    /// The plugin of this name, by a check that it failed.
    pub fn new(strategy: &str, failed: &Checked) -> Unfit {
        Unfit {
            strategy: strategy.to_owned(),
            check: failed.check,
            expected: failed.expected.clone(),
            came: failed.came.clone(),
        }
    }
}

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Unfit {
            strategy,
            check,
            expected,
            came,
        } = self;
        let check = check.name();
        write!(
            f,
            "{} is not ranked, because it failed the check `{check}`: expected: {expected}; came: {came}",
            label(strategy, false)
        )
    }
}
