//! A strategy's plan in words: under which conditions it runs, and how many runs it asks for.

use memhost::contract::{Arrangement, Labels, Plan};

use super::report::number::plural;
use crate::driver::moment_text;

/// The conditions under which a strategy runs, with what it asks for beyond the usual.
pub fn plan_text(plan: &Plan) -> String {
    let arrangement = match plan.arrangement {
        Arrangement::Streaming => "learns as it goes",
        Arrangement::BuildThenFreeze => "learns first, is then frozen",
        Arrangement::BuildThenStream => "learns first, goes on learning in the test",
    };
    let labels = match plan.labels {
        Labels::Any => "is told whatever outcomes there are",
        Labels::SelfJudged => "is told no outcomes",
        Labels::Verified => "is told true outcomes",
        Labels::Graded => "is told graded outcomes",
    };
    let mut conditions = vec![format!("{arrangement} and {labels}")];
    match plan.batch {
        0 => {}
        batch => conditions.push(format!(
            "hears of them in batches of {batch} where the suite has no batches of its own"
        )),
    }
    match plan.retries {
        0 => {}
        1 => conditions.push("has a failed task tried once more".to_owned()),
        times => conditions.push(format!("has a failed task tried up to {times} times more")),
    }
    if !plan.moments.is_empty() {
        let moments: Vec<String> = plan.moments.iter().map(moment_text).collect();
        conditions.push(format!("is asked again {}", moments.join(" and ")));
    }
    if let Some(temperature) = plan.agent_temperature {
        conditions.push(format!("has its agent run at temperature {temperature}"));
    }
    conditions.join(", ")
}

/// What the host runs around a strategy for each task.
pub fn runs_text(plan: &Plan) -> String {
    let mut runs = vec![plural(
        plan.trials.max(1) as usize,
        "run with memory",
        "runs with memory",
    )];
    if plan.build_trials > 0 && plan.build_trials != plan.trials {
        runs.push(format!("{} of each training task", plan.build_trials));
    }
    if plan.baseline_arm {
        runs.push("one without".to_owned());
    }
    if plan.all_agents {
        runs.push("every agent on the training tasks".to_owned());
    }
    if plan.refinements > 0 {
        runs.push(plural(
            plan.refinements as usize,
            "check of a finished run",
            "checks of a finished run",
        ));
    }
    if plan.rounds > 1 {
        runs.push(format!(
            "{} rounds, each told what the earlier ones found",
            plan.rounds
        ));
    }
    runs.join(", ")
}

#[cfg(test)]
mod tests {
    use memhost::contract::Trigger;

    use super::*;

    #[test]
    fn what_a_plan_asks_for_beyond_the_usual_is_said() {
        let usual = Plan::streaming();
        assert_eq!(
            (plan_text(&usual), runs_text(&usual)),
            (
                "learns as it goes and is told whatever outcomes there are".to_owned(),
                "1 run with memory".to_owned()
            )
        );
        let asking = Plan {
            arrangement: Arrangement::BuildThenStream,
            labels: Labels::Graded,
            trials: 2,
            build_trials: 5,
            retries: 3,
            batch: 50,
            agent_temperature: Some(0.7),
            moments: vec![
                Trigger::EverySteps(4),
                Trigger::AfterTool(Some("search".to_owned())),
                Trigger::AfterTool(None),
                Trigger::Retry,
                Trigger::Subtask,
            ],
            ..Plan::streaming()
        };
        assert_eq!(
            plan_text(&asking),
            "learns first, goes on learning in the test and is told graded outcomes, hears of them in batches of 50 where \
             the suite has no batches of its own, has a failed task tried up to 3 times more, is asked again every 4 \
             steps and after each call of `search` and after each call of a tool and before a failed task is tried \
             again and where a sub-task begins, has its agent run at temperature 0.7"
        );
        assert_eq!(
            runs_text(&asking),
            "2 runs with memory, 5 of each training task"
        );
    }
}
