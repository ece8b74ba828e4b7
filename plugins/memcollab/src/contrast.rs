//! Which run of a task is preferred, and what it is held against.

use std::cmp::Reverse;

use memhost_sdk::Attempt;

/// Runs of one task by different agents.
#[derive(Debug, PartialEq)]
pub(crate) struct Contrast<'a> {
    /// The correct one, whoever made it; of several correct ones, or of none, that of the strongest agent.
    pub(crate) preferred: &'a Attempt,
    /// Those of the other agents, the strongest first; at least one.
    pub(crate) unpreferred: Vec<&'a Attempt>,
}

impl<'a> Contrast<'a> {
    /// Nothing unless two different agents have run the task: an agent held against itself is the paper's baseline.
    /// Runs of which ground truth says nothing take no part.
    pub(crate) fn of(attempts: &'a [Attempt]) -> Option<Contrast<'a>> {
        let mut runs = one_per_agent(attempts);
        if runs.len() < 2 {
            return None;
        }
        // The sort is stable: agents of the same rank stay in the host's order.
        runs.sort_by_key(|run| Reverse(run.agent.rank));
        let place = runs.iter().position(|run| is_correct(run)).unwrap_or(0);
        Some(Contrast {
            preferred: runs.remove(place),
            unpreferred: runs,
        })
    }

    /// All of them, the preferred one first.
    pub(crate) fn runs(&self) -> impl Iterator<Item = &'a Attempt> {
        let Contrast {
            preferred,
            unpreferred,
        } = self;
        std::iter::once(*preferred).chain(unpreferred.iter().copied())
    }
}

/// Of an agent that ran the task several times, the first correct run, or else the first.
fn one_per_agent(attempts: &[Attempt]) -> Vec<&Attempt> {
    let mut runs: Vec<&Attempt> = Vec::new();
    for attempt in attempts.iter().filter(|one| one.outcome.solved().is_some()) {
        match runs.iter_mut().find(|run| run.agent.id == attempt.agent.id) {
            Some(run) if is_correct(attempt) && !is_correct(run) => *run = attempt,
            Some(_) => {}
            None => runs.push(attempt),
        }
    }
    runs
}

fn is_correct(attempt: &Attempt) -> bool {
    attempt.outcome.solved() == Some(true)
}
