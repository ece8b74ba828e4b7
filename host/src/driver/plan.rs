//! Whether a suite can give what a strategy's plan asks for. What it cannot is said, never glossed over.

use crate::contract::{Attempt, Authority, Labels, Outcome, Plan, Protocol, Verdict};
use crate::suite::Suite;

use super::{Cell, DriverError};

/// Refuses a plan that this cell cannot carry out, with the reason.
pub(super) fn check(plan: &Plan, cell: &Cell) -> Result<(), DriverError> {
    let Some(reason) = obstacle(plan, &cell.suite) else {
        return Ok(());
    };
    Err(DriverError::Plan {
        strategy: cell.strategy.description().name.clone(),
        suite: cell.suite.name.clone(),
        reason,
    })
}

fn obstacle(plan: &Plan, suite: &Suite) -> Option<String> {
    if plan.trials == 0 || plan.rounds == 0 {
        return Some("its plan asks for no trial or no round at all; both are at least 1".into());
    }
    let wants = [
        (
            plan.protocol == Protocol::BuildThenFreeze,
            "training tasks apart from test tasks",
        ),
        (plan.trials > 1, "several runs of one task"),
        (plan.baseline_arm, "runs without memory"),
        (plan.all_agents, "runs by several agents"),
        (plan.refinements > 0, "finished runs to be continued"),
        (plan.rounds > 1, "several rounds of findings"),
    ];
    if let Some((_, what)) = wants.iter().find(|(wanted, _)| *wanted) {
        return Some(format!(
            "its plan asks for {what}, and the suite has recorded runs of single tasks only"
        ));
    }
    let mut attempts = suite
        .streams
        .iter()
        .flat_map(|s| &s.stages)
        .flat_map(|s| &s.episodes)
        .flat_map(|e| &e.attempts);
    match plan.labels {
        Labels::Any | Labels::SelfJudged => None,
        Labels::Verified => (!attempts.any(is_verified)).then(|| {
            "it learns from verified outcomes, and no attempt of the suite has one".into()
        }),
        Labels::Graded => (!attempts.any(|a| is_verified(a) && a.outcome.score.is_some()))
            .then(|| "it learns from graded outcomes, and no attempt of the suite has one".into()),
    }
}

fn is_verified(attempt: &Attempt) -> bool {
    attempt.outcome.verdict != Verdict::Unknown
        && attempt.outcome.authority == Authority::GroundTruth
}

/// An attempt with what its strategy may be told of the outcome.
pub(super) fn told(mut attempt: Attempt, labels: Labels) -> Attempt {
    match labels {
        Labels::Any | Labels::Graded => {}
        Labels::Verified => attempt.outcome.score = None,
        Labels::SelfJudged => attempt.outcome = untold(),
    }
    attempt
}

fn untold() -> Outcome {
    Outcome {
        verdict: Verdict::Unknown,
        score: None,
        baseline: None,
        reason: String::new(),
        authority: Authority::Agent,
    }
}
