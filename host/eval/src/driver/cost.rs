//! What a plan will cost, said before it is begun.

use memhost::contract::Plan;
use memhost::learning::{grouping, moments};
use memhost::strategy::Phases;
use memhost_suite::{Episode, Question, Suite};

use super::schedule::{self, Stretch, Use};
use super::{Acting, Actors, Repetition, TaskOrder};

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
    /// The expectation, from the plan and the suite alone: nothing is run.
    pub fn expected(plan: &Plan, phases: Phases, suite: &Suite, actors: Actors) -> Cost {
        let model = actors.acting == Acting::Model;
        let work = Work::of(plan, suite, actors);
        let trials = if model { u64::from(plan.trials) } else { 1 };
        let runs_per_task = trials + u64::from(plan.baseline_arm);
        let hides_several = suite
            .questions()
            .any(|(_, question)| matches!(question, Question::Discover { .. }));
        let rounds = if hides_several {
            u64::from(plan.rounds)
        } else {
            1
        };
        let budgets = if model { 1 } else { suite.budgets.len() as u64 };

        let tasks = work.tasks as f64;
        // Every task may fail every time, which is more than is to be expected, and no surprise then.
        let retries = tasks * f64::from(plan.retries);
        let candidates =
            f64::from(plan.calls.candidates) * tasks * f64::from(u8::from(phases.update));
        let calls_per_run = (rounds + u64::from(plan.refinements)) as f64;
        let acted = match model {
            false => 0.0,
            true => {
                let choices = if trials > 1 { tasks } else { 0.0 };
                let runs =
                    tasks * runs_per_task as f64 + retries + 2.0 * candidates + work.trained as f64;
                runs * calls_per_run + choices
            }
        };
        let retrievals =
            (tasks + retries + 2.0 * candidates) * (rounds * budgets) as f64 + work.moments as f64;
        let expected = |calls: f32, times: f64, takes_part: bool| match takes_part {
            true => f64::from(calls) * times,
            false => 0.0,
        };
        let own = expected(plan.calls.retrieve, retrievals, phases.retrieve)
            + expected(
                plan.calls.distill,
                work.distilled as f64 + retries,
                phases.distill,
            )
            + expected(plan.calls.update, tasks, phases.update);
        Cost {
            tasks: work.tasks,
            runs_per_task,
            rounds,
            // A number that no counter holds is as good as the greatest one.
            model_calls: (acted + own).round() as u64,
        }
    }
}

/// How often the plan wants to be asked along the recorded run that a reader goes through.
fn moments_along(plan: &Plan, episode: &Episode) -> u64 {
    let Some(run) = episode.attempts.first() else {
        return 0;
    };
    let steps = run.steps.len();
    let due = |taken| moments::due(&plan.moments, &run.steps, taken, taken < steps).len();
    (0..=steps).map(due).sum::<usize>() as u64
}

/// What there is to do, counted along the schedule of each stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Work {
    /// Questions that are asked.
    tasks: u64,
    /// Attempts that are handed to `distill`.
    distilled: u64,
    /// Runs of models on training tasks.
    trained: u64,
    /// Moments along the recorded runs of questions at which the plan wants to be asked.
    moments: u64,
}

impl Work {
    fn of(plan: &Plan, suite: &Suite, actors: Actors) -> Work {
        let mut work = Work::default();
        for (index, stream) in suite.streams.iter().enumerate() {
            let schedule = schedule::schedule(
                stream,
                plan,
                Repetition::default(),
                index,
                TaskOrder::default(),
            );
            for Stretch { stage, episodes } in schedule {
                let stage = stream.stages.get(stage).map(|stage| &stage.episodes);
                let of_stage = |place: usize| stage.and_then(|episodes| episodes.get(place));
                for (place, purpose) in episodes {
                    if let Some(episode) = of_stage(place) {
                        work.add(plan, episode, purpose, actors);
                    }
                }
            }
        }
        work
    }

    fn add(&mut self, plan: &Plan, episode: &Episode, purpose: Use, actors: Actors) {
        let model = actors.acting == Acting::Model;
        let runs = u64::from(plan.trials);
        self.tasks += u64::from(purpose.asked);
        if purpose.asked && !model {
            self.moments += moments_along(plan, episode);
        }
        if !purpose.learnt {
            return;
        }
        if model && purpose.asked {
            self.distilled += runs;
        } else if model && plan.all_agents && episode.is_checkable() {
            let trained = runs * actors.agents as u64;
            self.trained += trained;
            self.distilled += trained;
        } else {
            let routes = matches!(episode.question, Some(Question::Route { .. }));
            let first = episode.attempts.first().filter(|_| routes && purpose.asked);
            let sent = first.map(|attempt| attempt.agent.id.as_str());
            let calls = grouping::calls(plan, &episode.attempts, sent);
            self.distilled += calls.iter().map(Vec::len).sum::<usize>() as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use memhost::contract::{Arrangement, ExpectedCalls};

    const MODEL: Actors = Actors {
        acting: Acting::Model,
        agents: 2,
    };

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
                candidates: 0.0,
            },
            ..Plan::streaming()
        };
        let read = Cost::expected(&plan, phases, &suite, Actors::READER);
        assert_eq!(read.runs_per_task, 2);
        assert_eq!(read.model_calls, questions * 2 + questions.div_ceil(2));
        let model = Cost::expected(&plan, phases, &suite, MODEL);
        assert_eq!(model.runs_per_task, 4);
        assert_eq!(model.model_calls, read.model_calls + questions * 5);
        let frozen = Plan {
            arrangement: Arrangement::BuildThenFreeze,
            ..plan
        };
        let learnt_only = Cost::expected(&frozen, phases, &suite, Actors::READER);
        assert_eq!(
            learnt_only.tasks, questions,
            "others are there to learn from"
        );
        let suite = Suite::read("routing").unwrap();
        let halved = Cost::expected(&frozen, phases, &suite, Actors::READER);
        assert_eq!(halved.tasks, suite.questions().count().div_ceil(2) as u64);
    }

    fn all_phases(plan: Plan, suite: &str, actors: Actors) -> Cost {
        let phases = Phases {
            retrieve: true,
            distill: true,
            update: true,
            ..Phases::default()
        };
        Cost::expected(&plan, phases, &Suite::read(suite).unwrap(), actors)
    }

    #[test]
    fn only_runs_that_are_distilled_count_as_such() {
        let distilling = |plan: Plan| Plan {
            calls: ExpectedCalls {
                distill: 1.0,
                ..plan.calls
            },
            ..plan
        };
        let suite = Suite::read("routing").unwrap();
        let tasks = suite.questions().count() as u64;
        let one_each = all_phases(distilling(Plan::streaming()), "routing", Actors::READER);
        assert_eq!(
            one_each.model_calls, tasks,
            "of the agent that is sent, one"
        );
        let three = Plan {
            trials: 3,
            ..Plan::streaming()
        };
        let three = all_phases(distilling(three), "routing", Actors::READER);
        assert_eq!(three.model_calls, 3 * tasks);
        let every_agent = Plan {
            arrangement: Arrangement::BuildThenFreeze,
            all_agents: true,
            ..Plan::streaming()
        };
        let built = all_phases(distilling(every_agent.clone()), "routing", Actors::READER);
        let training = suite.episodes().take((tasks / 2) as usize);
        let recorded: usize = training.map(|(_, episode)| episode.attempts.len()).sum();
        assert_eq!(built.model_calls, recorded as u64);
        let modelled = all_phases(distilling(every_agent), "evidence", MODEL);
        assert!(modelled.model_calls > 0);
    }

    #[test]
    fn a_memory_on_trial_costs_two_runs() {
        let calls = ExpectedCalls {
            retrieve: 1.0,
            candidates: 0.5,
            ..Plan::streaming().calls
        };
        let plan = Plan {
            calls,
            ..Plan::streaming()
        };
        let cost = all_phases(plan, "transfer", MODEL);
        assert_eq!(cost.model_calls, 2 * 2 * cost.tasks);
    }

    #[test]
    fn what_no_counter_holds_is_too_much_and_not_nothing() {
        let calls = ExpectedCalls {
            retrieve: f32::MAX,
            ..Plan::streaming().calls
        };
        let plan = Plan {
            calls,
            ..Plan::streaming()
        };
        assert_eq!(all_phases(plan, "transfer", MODEL).model_calls, u64::MAX);
    }
}
