//! Writes that wait for their condition.
//!
//! A conditional insert stands in the store as a provisional memory; any other conditional write is kept here
//! until it is decided. Either comes into force or goes in one transaction.

use crate::contract::{Change, Commit, Op, Patch, State};
use crate::store::Write;

/// What one call asked for under one condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pending {
    /// The task whose next attempt, or whose re-trial, decides.
    pub(super) task: String,
    /// What decides.
    pub(super) condition: Condition,
    /// Provisional memories.
    pub(super) memories: Vec<String>,
    /// Writes not yet made.
    pub(super) held: Vec<Op>,
}

/// What decides over a pending write.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Condition {
    /// The next attempt on the same task.
    NextAttempt,
    /// A re-run of the task with the memory must raise the score by this much.
    TrialGains(f64),
}

impl Condition {
    fn of(commit: &Commit) -> Option<Condition> {
        match commit {
            Commit::AtOnce => None,
            Commit::IfNextAttemptSucceeds => Some(Condition::NextAttempt),
            Commit::IfTrialGains(margin) => Some(Condition::TrialGains(*margin)),
        }
    }
}

impl Pending {
    /// The writes that bring it into force.
    pub(super) fn confirm(self) -> Vec<Write> {
        let activate = self.memories.into_iter().map(|id| {
            Op::Revise(Patch {
                id,
                title: None,
                content: None,
                keys: None,
                labels: None,
                payload: None,
                state: Some(State::Active),
            })
        });
        activate.chain(self.held).map(at_once).collect()
    }

    /// The writes that undo it.
    pub(super) fn reject(self) -> Vec<Write> {
        self.memories
            .into_iter()
            .map(Op::Remove)
            .map(at_once)
            .collect()
    }
}

/// A call's changes, sorted into what is written now and what waits.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Sorted {
    /// For the transaction, in the order of the changes.
    pub(super) writes: Vec<Write>,
    /// For each insert among the writes, the condition that it waits for.
    inserts: Vec<Option<Condition>>,
    /// Other writes that wait.
    held: Vec<(Condition, Op)>,
}

impl Sorted {
    pub(super) fn from(changes: Vec<Change>) -> Sorted {
        let mut sorted = Sorted::default();
        for Change { op, commit } in changes {
            let condition = Condition::of(&commit);
            match (&op, condition) {
                (Op::Insert(_), _) => {
                    sorted.inserts.push(condition);
                    sorted.writes.push(Write {
                        op,
                        provisional: condition.is_some(),
                    });
                }
                (_, None) => sorted.writes.push(at_once(op)),
                (_, Some(condition)) => sorted.held.push((condition, op)),
            }
        }
        sorted
    }

    /// What waits, now that the inserts have the ids `inserted`.
    pub(super) fn pending(self, task: &str, inserted: &[String]) -> Vec<Pending> {
        let mut pending: Vec<Pending> = Vec::new();
        let mut under = |condition: Condition, add: &mut dyn FnMut(&mut Pending)| {
            let at = pending
                .iter()
                .position(|p| p.condition == condition)
                .unwrap_or_else(|| {
                    pending.push(Pending {
                        task: task.to_owned(),
                        condition,
                        memories: vec![],
                        held: vec![],
                    });
                    pending.len() - 1
                });
            add(&mut pending[at]);
        };
        for (condition, id) in self.inserts.iter().zip(inserted) {
            if let Some(condition) = condition {
                under(*condition, &mut |p| p.memories.push(id.clone()));
            }
        }
        for (condition, op) in self.held {
            under(condition, &mut |p| p.held.push(op.clone()));
        }
        pending
    }
}

fn at_once(op: Op) -> Write {
    Write {
        op,
        provisional: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Counters, NewMemory};

    fn insert(title: &str) -> Op {
        Op::Insert(NewMemory {
            kind: "item".into(),
            title: title.into(),
            content: String::new(),
            keys: vec![],
            labels: vec![],
            payload: String::new(),
            counters: Counters {
                weight: 1.0,
                uses: 0,
                wins: 0,
                losses: 0,
                strength: 0.0,
            },
            sources: vec![],
        })
    }

    fn change(op: Op, commit: Commit) -> Change {
        Change { op, commit }
    }

    #[test]
    fn conditional_inserts_are_provisional_and_other_conditional_writes_wait() {
        let sorted = Sorted::from(vec![
            change(insert("now"), Commit::AtOnce),
            change(insert("later"), Commit::IfNextAttemptSucceeds),
            change(Op::Remove("m1".into()), Commit::IfNextAttemptSucceeds),
            change(Op::Remove("m2".into()), Commit::AtOnce),
        ]);
        let provisional: Vec<bool> = sorted.writes.iter().map(|w| w.provisional).collect();
        assert_eq!(provisional, [false, true, false]);

        let pending = sorted.pending("task", &["m7".into(), "m8".into()]);
        assert_eq!(pending.len(), 1);
        assert_eq!(pending[0].memories, ["m8"]);
        assert_eq!(pending[0].held, [Op::Remove("m1".into())]);

        let confirmed = pending[0].clone().confirm();
        assert!(
            matches!(&confirmed[0].op, Op::Revise(p) if p.id == "m8" && p.state == Some(State::Active))
        );
        assert_eq!(confirmed[1].op, Op::Remove("m1".into()));
        assert_eq!(
            pending[0].clone().reject(),
            [at_once(Op::Remove("m8".into()))]
        );
    }

    #[test]
    fn each_condition_is_decided_by_itself() {
        let sorted = Sorted::from(vec![
            change(insert("a"), Commit::IfTrialGains(0.05)),
            change(insert("b"), Commit::IfTrialGains(0.1)),
            change(insert("c"), Commit::IfTrialGains(0.05)),
        ]);
        let pending = sorted.pending("task", &["m1".into(), "m2".into(), "m3".into()]);
        assert_eq!(pending.len(), 2);
        assert_eq!(pending[0].memories, ["m1", "m3"]);
        assert_eq!(pending[1].memories, ["m2"]);
    }
}
