//! What a plan will cost, said before it is begun.

use crate::contract::{Plan, Protocol};
use crate::strategy::Phases;
use crate::suite::{Question, Suite};

use super::Acting;

/// What one run of a strategy on a suite is expected to cost.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Cost {
    /// Questions that are asked.
    pub tasks: u64,
    /// Runs of an agent per question: trials, and the arm without memory. Trials of memories come on top.
    pub runs_per_task: u64,
    /// Rounds per run, at most.
    pub rounds: u64,
    /// Model calls: the agent's, and those that the strategy says it makes.
    pub model_calls: u64,
}

impl Cost {
    /// The expectation, from the plan alone: nothing is run.
    pub fn expected(plan: &Plan, phases: Phases, suite: &Suite, acting: Acting) -> Cost {
        let questions: u64 = suite.questions().count() as u64;
        let tasks = match plan.protocol {
            Protocol::BuildThenFreeze if questions == suite.episodes().count() as u64 => {
                questions - questions / 2
            }
            Protocol::BuildThenFreeze | Protocol::Streaming => questions,
        };
        let trials = match acting {
            Acting::Reader => 1,
            Acting::Model => u64::from(plan.trials),
        };
        let runs_per_task = trials + u64::from(plan.baseline_arm);
        let hides_several = suite
            .questions()
            .any(|(_, question)| matches!(question, Question::Discover { .. }));
        let rounds = if hides_several {
            u64::from(plan.rounds)
        } else {
            1
        };
        let budgets = match acting {
            Acting::Reader => suite.budgets.len() as u64,
            Acting::Model => 1,
        };
        let acted = match acting {
            Acting::Reader => 0,
            Acting::Model => {
                let choices = u64::from(trials > 1);
                tasks * (runs_per_task * (rounds + u64::from(plan.refinements)) + choices)
            }
        };
        let attempts = suite.attempts().count() as f64;
        let expected = |calls: f32, times: f64, takes_part: bool| match takes_part {
            true => f64::from(calls) * times,
            false => 0.0,
        };
        let own = expected(
            plan.calls.retrieve,
            (tasks * rounds * budgets) as f64,
            phases.retrieve,
        ) + expected(plan.calls.distill, attempts, phases.distill)
            + expected(plan.calls.update, tasks as f64, phases.update);
        Cost {
            tasks,
            runs_per_task,
            rounds,
            model_calls: acted + own.round() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::ExpectedCalls;

    #[test]
    fn every_run_and_round_is_counted() {
        let suite = Suite::read("transfer").unwrap();
        let questions = suite.questions().count() as u64;
        let phases = Phases {
            retrieve: true,
            update: true,
            ..Phases::default()
        };
        let plan = Plan {
            baseline_arm: true,
            trials: 3,
            calls: ExpectedCalls {
                retrieve: 2.0,
                distill: 100.0,
                update: 0.5,
            },
            ..Plan::streaming()
        };
        let read = Cost::expected(&plan, phases, &suite, Acting::Reader);
        assert_eq!(read.runs_per_task, 2);
        assert_eq!(read.model_calls, questions * 2 + questions.div_ceil(2));
        let model = Cost::expected(&plan, phases, &suite, Acting::Model);
        assert_eq!(model.runs_per_task, 4);
        assert_eq!(model.model_calls, read.model_calls + questions * 5);
        let frozen = Plan {
            protocol: Protocol::BuildThenFreeze,
            ..plan
        };
        let learnt_only = Cost::expected(&frozen, phases, &suite, Acting::Reader);
        assert_eq!(
            learnt_only.tasks, questions,
            "others are there to learn from"
        );
        let suite = Suite::read("routing").unwrap();
        let halved = Cost::expected(&frozen, phases, &suite, Acting::Reader);
        assert_eq!(halved.tasks, suite.questions().count().div_ceil(2) as u64);
    }
}
