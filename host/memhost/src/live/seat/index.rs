//! The index of a seat: what its ledger says of each attempt, so that what is told twice is told once.

use std::collections::HashMap;

use memhost_contract::{Agent, Arm, Outcome, Receipt, Task};
use memhost_store::Entry;

use super::super::LiveError;
use super::super::happened::{Handed, Happened};
use super::super::ids::fingerprint;
use super::super::timeline::is_known;

/// What is known of attempts, by id.
#[derive(Debug, Default)]
pub(super) struct Index(HashMap<String, Known>);

/// What is known of an attempt.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub task: Task,
    pub agent: Agent,
    /// Whether guidance was held back, to see what the task comes to without.
    pub arm: Arm,
    /// What was handed out for it, and by which generation.
    pub handed: Vec<(u32, Receipt)>,
    /// What was told of it, as a digest, and where that stands once it is durable.
    pub told: Option<(String, Option<u64>)>,
    /// Its outcome, and where that stands once it is durable.
    pub outcome: Option<(Outcome, Option<u64>)>,
}

impl Known {
    fn of(task: Task, agent: Agent) -> Known {
        Known {
            task,
            agent,
            arm: Arm::Memory,
            handed: Vec::new(),
            told: None,
            outcome: None,
        }
    }
}

impl Index {
    pub(super) fn get(&self, attempt: &str) -> Option<&Known> {
        self.0.get(attempt)
    }

    pub(super) fn get_mut(&mut self, attempt: &str) -> Option<&mut Known> {
        self.0.get_mut(attempt)
    }

    /// What is known of an attempt, which is not less than this from now on.
    pub(super) fn at_least(&mut self, attempt: &str, task: &Task, agent: &Agent) -> &mut Known {
        let known = self.0.entry(attempt.to_owned());
        known.or_insert_with(|| Known::of(task.clone(), agent.clone()))
    }

    /// Guidance was handed out.
    pub(super) fn hand_out(&mut self, handed: &Handed) {
        let known = self.at_least(&handed.attempt, &handed.task, &handed.agent);
        known.arm = handed.arm;
        known
            .handed
            .push((handed.generation, handed.receipt.clone()));
    }

    /// Takes in an entry that is in the ledger.
    ///
    /// # Errors
    /// It says nothing that this host understands.
    pub(super) fn take(&mut self, entry: &Entry) -> Result<(), LiveError> {
        let place = Some(entry.number);
        match Happened::of(entry).map_err(LiveError::Registry)? {
            Happened::Handed(handed) => self.hand_out(&handed),
            Happened::Attempted { attempt } => {
                let told = fingerprint(&attempt);
                let known = self.at_least(&attempt.id, &attempt.task, &attempt.agent);
                known.told = Some((told, place));
                if is_known(&attempt.outcome) {
                    known.outcome = Some((attempt.outcome, place));
                }
            }
            Happened::Outcome {
                attempt, outcome, ..
            } => {
                if let Some(known) = self.0.get_mut(&attempt) {
                    known.outcome = Some((outcome, place));
                }
            }
            Happened::Tick => {}
        }
        Ok(())
    }
}
