//! Label policy: what of an outcome a strategy is told. Its plan says how much it learns from; more would be a help that
//! others do not have.

use memhost_contract::{Attempt, Authority, Labels, Outcome, Verdict};

/// The attempt as a strategy of these labels hears of it: without scores where it learns from verdicts alone, without an
/// outcome where it judges by itself.
pub fn reduce_labels(mut attempt: Attempt, labels: Labels) -> Attempt {
    match labels {
        Labels::Any | Labels::Graded => return attempt,
        Labels::Verified => {
            attempt.outcome.score = None;
            attempt.outcome.baseline = None;
        }
        Labels::SelfJudged => attempt.outcome = unknown(),
    }
    // What an environment pays on the way is a grade too.
    for step in &mut attempt.steps {
        step.reward = None;
    }
    attempt
}

fn unknown() -> Outcome {
    Outcome {
        verdict: Verdict::Unknown,
        score: None,
        baseline: None,
        reason: String::new(),
        authority: Authority::Agent,
    }
}
