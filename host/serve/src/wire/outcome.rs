//! How an attempt went, and who says so.

use memhost::contract;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How an attempt went, as it is told.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOutcome {
    /// Solved or not; `unknown` where it is left out, as beside a score.
    #[serde(default)]
    pub verdict: Verdict,
    /// How well; higher is better.
    #[schema(minimum = 0, maximum = 1)]
    pub score: Option<f64>,
    /// Why, in words.
    #[serde(default)]
    pub reason: String,
    /// Who says so. A key allows no more than its own.
    #[serde(default)]
    pub authority: Authority,
}

/// How an attempt went.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Outcome {
    /// Solved or not.
    pub verdict: Verdict,
    /// How well, in 0..=1; higher is better.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Why, in words; may be empty.
    pub reason: String,
    /// Who says so.
    pub authority: Authority,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    /// The task was solved.
    Success,
    /// It was not.
    Failure,
    /// Nobody has said, or nothing was to be solved.
    #[default]
    Unknown,
}

/// Who gave a verdict.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Authority {
    /// A checker with the true answer, or the person for whom it was done.
    GroundTruth,
    /// A judge model.
    Judge,
    /// The agent itself.
    #[default]
    Agent,
}

impl From<NewOutcome> for contract::Outcome {
    fn from(outcome: NewOutcome) -> Self {
        contract::Outcome {
            verdict: match outcome.verdict {
                Verdict::Success => contract::Verdict::Success,
                Verdict::Failure => contract::Verdict::Failure,
                Verdict::Unknown => contract::Verdict::Unknown,
            },
            score: outcome.score,
            baseline: None,
            reason: outcome.reason,
            authority: outcome.authority.into(),
        }
    }
}

impl From<contract::Outcome> for Outcome {
    fn from(outcome: contract::Outcome) -> Self {
        Outcome {
            verdict: match outcome.verdict {
                contract::Verdict::Success => Verdict::Success,
                contract::Verdict::Failure => Verdict::Failure,
                contract::Verdict::Unknown => Verdict::Unknown,
            },
            score: outcome.score,
            reason: outcome.reason,
            authority: outcome.authority.into(),
        }
    }
}

impl From<Authority> for contract::Authority {
    fn from(authority: Authority) -> Self {
        match authority {
            Authority::GroundTruth => contract::Authority::GroundTruth,
            Authority::Judge => contract::Authority::Judge,
            Authority::Agent => contract::Authority::Agent,
        }
    }
}

impl From<contract::Authority> for Authority {
    fn from(authority: contract::Authority) -> Self {
        match authority {
            contract::Authority::GroundTruth => Authority::GroundTruth,
            contract::Authority::Judge => Authority::Judge,
            contract::Authority::Agent => Authority::Agent,
        }
    }
}
