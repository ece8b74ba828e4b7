//! Which runs of a task are handed to `distill` together: what the plan asks for, of what there is.

use memhost_contract::{Attempt, Plan};

/// The calls of `distill` that these attempts of one task make.
///
/// - With `all_agents`, one call per trial, holding that run of every agent.
/// - Otherwise one call per agent and `trials` of its runs: a strategy that asks for one run at a time gets one.
///
/// `sent` is the agent that was chosen, where one was: the others did not run, and the one ran as often as asked.
pub fn calls<'a>(
    plan: &Plan,
    attempts: &'a [Attempt],
    sent: Option<&str>,
) -> Vec<Vec<&'a Attempt>> {
    let trials = plan.trials.max(1) as usize;
    let by_agent = by_agent(attempts);
    if plan.all_agents {
        let runs = by_agent.iter().map(Vec::len).max().unwrap_or(0);
        let most = if sent.is_some() { trials } else { runs };
        return (0..runs.min(most))
            .map(|run| {
                let of_each = by_agent.iter().filter_map(|runs| runs.get(run));
                of_each.copied().collect()
            })
            .collect();
    }
    let ran = by_agent.into_iter().filter_map(|runs| match sent {
        None => Some(runs),
        Some(agent) if runs.first().is_some_and(|run| run.agent.id == agent) => {
            Some(runs.into_iter().take(trials).collect())
        }
        Some(_) => None,
    });
    ran.flat_map(|runs| {
        let calls: Vec<Vec<&Attempt>> = runs.chunks(trials).map(<[_]>::to_vec).collect();
        calls
    })
    .collect()
}

/// Each agent's runs, in the order of the first of each.
fn by_agent(attempts: &[Attempt]) -> Vec<Vec<&Attempt>> {
    let mut agents: Vec<Vec<&Attempt>> = Vec::new();
    for attempt in attempts {
        let known = agents
            .iter_mut()
            .find(|runs| runs.first().is_some_and(|r| r.agent.id == attempt.agent.id));
        match known {
            Some(runs) => runs.push(attempt),
            None => agents.push(vec![attempt]),
        }
    }
    agents
}

#[cfg(test)]
mod tests {
    use super::*;
    use memhost_contract::{Agent, Outcome, Task};

    fn run(agent: &str, trial: u32) -> Attempt {
        let (task, outcome) = (Task::new("t", ""), Outcome::known(true));
        Attempt {
            trial,
            ..Attempt::new(
                format!("{agent}{trial}"),
                task,
                Agent::new(agent, agent),
                outcome,
            )
        }
    }

    fn made(plan: &Plan, sent: Option<&str>) -> Vec<String> {
        let attempts = [
            run("a", 0),
            run("b", 0),
            run("a", 1),
            run("b", 1),
            run("a", 2),
        ];
        let calls = calls(plan, &attempts, sent);
        let ids = |call: &Vec<&Attempt>| call.iter().map(|a| a.id.as_str()).collect::<String>();
        calls.iter().map(ids).collect()
    }

    #[test]
    fn one_run_at_a_time_unless_the_plan_asks_for_more() {
        let plan = Plan::streaming();
        assert_eq!(made(&plan, None), ["a0", "a1", "a2", "b0", "b1"]);
        let matts = Plan { trials: 2, ..plan };
        assert_eq!(made(&matts, None), ["a0a1", "a2", "b0b1"]);
    }

    #[test]
    fn all_agents_of_one_run_are_told_together() {
        let plan = Plan {
            all_agents: true,
            ..Plan::streaming()
        };
        assert_eq!(made(&plan, None), ["a0b0", "a1b1", "a2"]);
        assert_eq!(made(&plan, Some("b")), ["a0b0"]);
    }

    #[test]
    fn an_agent_that_was_not_sent_did_not_run() {
        let plan = Plan::streaming();
        assert_eq!(made(&plan, Some("b")), ["b0"]);
        assert_eq!(made(&Plan { trials: 3, ..plan }, Some("a")), ["a0a1a2"]);
    }
}
