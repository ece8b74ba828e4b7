//! Conditional writes: what waits until its condition is decided.
//!
//! A conditional insert stands in the store as a provisional memory, which no search finds; any other conditional write is
//! kept here until it is decided. Either comes into force or goes, in one transaction. That is the only meaning of a
//! condition: whoever runs a strategy decides when, never what.

use std::collections::HashMap;
use std::sync::Arc;

use memhost_contract::{
    Adjustment, Attempt, Change, Commit, Op, Outcome, Patch, State, Target, Verdict,
};
use memhost_store::{Memories, Reserved, StoreError, View, Write, resolve_targets, waiting_bytes};

/// What one call asked for under one condition.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Pending {
    /// The task whose next attempt, or whose re-trial, decides.
    pub task: String,
    /// What decides.
    pub condition: Condition,
    /// Provisional memories, by id.
    pub memories: Vec<String>,
    /// Writes not yet made, in order.
    pub held: Vec<Op>,
    /// The score of the run that it was learnt from, where that is known: what a trial has to gain on.
    pub before: Option<f64>,
    /// Room in the namespace for the writes that the call has waiting.
    #[serde(skip)]
    pub(super) reserved: Option<Arc<Reserved>>,
}

/// What decides over a pending write.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Condition {
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
    /// Whether an attempt on its task speaks for it. Nothing is gained on a score that is not known.
    pub(super) fn is_earned_by(&self, attempt: &Attempt) -> bool {
        match self.condition {
            Condition::NextAttempt => attempt.outcome.verdict == Verdict::Success,
            Condition::TrialGains(margin) => {
                let scores = self.before.zip(score(&attempt.outcome));
                scores.is_some_and(|(before, after)| after - before >= margin)
            }
        }
    }

    /// The memories that it is about.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        let held = self.held.iter().flat_map(|op| match op {
            Op::Revise(patch) => vec![&patch.target],
            Op::Adjust(adjustment) => vec![&adjustment.target],
            Op::Remove(target) => vec![target],
            Op::Connect(link) => vec![&link.source, &link.target],
            Op::Insert(_) | Op::Disconnect(_) | Op::Save(_) => Vec::new(),
        });
        let held = held.filter_map(|target| match target {
            Target::Memory(id) => Some(id),
            Target::Inserted(_) => None,
        });
        self.memories.iter().chain(held)
    }

    /// What is left of it to decide, in view of what there is now. What the strategy itself has removed or frozen meanwhile
    /// is passed over, so that it keeps nothing else from being decided; so are held writes that name it, and those that
    /// would decide over what waits for something else.
    pub(super) fn still_open(mut self, memories: &Memories) -> Pending {
        let named: Vec<String> = self.names().cloned().collect();
        let found = memories.get(&named, &View::default()).into_iter();
        let mut states: HashMap<String, State> = found.map(|m| (m.id, m.state)).collect();
        let is_open = |state: &State| *state != State::Frozen;
        self.memories
            .retain(|id| states.get(id).is_some_and(is_open));
        for id in &self.memories {
            states.insert(id.clone(), State::Active);
        }
        let state_of = |target: &Target, states: &HashMap<String, State>| match target {
            Target::Memory(id) => states.get(id).copied(),
            Target::Inserted(_) => None,
        };
        self.held.retain(|op| match op {
            Op::Insert(_) | Op::Save(_) => true,
            Op::Connect(link) => [&link.source, &link.target]
                .iter()
                .all(|end| state_of(end, &states).is_some()),
            Op::Disconnect(link) => {
                let links = memories.links(
                    std::slice::from_ref(&link.source),
                    Some(&link.kind),
                    &View::default(),
                );
                links
                    .iter()
                    .any(|known| known.target == link.target && known.source == link.source)
            }
            Op::Adjust(Adjustment { target, .. }) => {
                state_of(target, &states).is_some_and(|state| is_open(&state))
            }
            Op::Revise(Patch { target, state, .. }) => {
                let Target::Memory(id) = target else {
                    return false;
                };
                let may = states.get(id).is_some_and(|now| {
                    is_open(now) && (*now != State::Provisional || state.is_none())
                });
                if may && let Some(state) = state {
                    states.insert(id.clone(), *state);
                }
                may
            }
            Op::Remove(target) => {
                let Target::Memory(id) = target else {
                    return false;
                };
                let may = states.get(id).is_some_and(is_open);
                if may {
                    states.remove(id);
                }
                may
            }
        });
        self
    }

    /// The writes that bring it into force.
    pub(super) fn confirm(self) -> Vec<Write> {
        let keep = self.memories.into_iter().map(Write::keep);
        keep.chain(self.held.into_iter().map(Write::at_once))
            .collect()
    }

    /// The writes that undo it.
    pub(super) fn reject(self) -> Vec<Write> {
        self.memories
            .into_iter()
            .map(|id| Write::at_once(Op::Remove(id.into())))
            .collect()
    }
}

/// How well a run went, in 0..=1: its score, or what its verdict comes to.
pub(super) fn score(outcome: &Outcome) -> Option<f64> {
    let of_verdict = match outcome.verdict {
        Verdict::Success => Some(1.0),
        Verdict::Failure => Some(0.0),
        Verdict::Unknown => None,
    };
    outcome.score.or(of_verdict)
}

/// A call's changes, sorted into what is written now and what waits.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Sorted {
    /// For the transaction, in the order of the changes.
    pub(super) writes: Vec<Write>,
    /// For each insert among the writes, the condition that it waits for, and the first attempt that it names.
    inserts: Vec<Option<(Condition, Option<String>)>>,
    /// Other writes that wait.
    held: Vec<Held>,
}

/// A write that waits.
#[derive(Debug, Clone, PartialEq)]
struct Held {
    condition: Condition,
    op: Op,
    /// Where in the answer it stands, from 0.
    place: usize,
    /// How many of the answer's inserts stand before it: it may name those.
    inserts_before: usize,
}

impl Sorted {
    pub(super) fn from(changes: Vec<Change>) -> Sorted {
        let mut sorted = Sorted::default();
        for (place, Change { op, commit }) in changes.into_iter().enumerate() {
            let condition = Condition::of(&commit);
            match (&op, condition) {
                (Op::Insert(memory), _) => {
                    let attempt = memory.sources.first().map(|source| source.attempt.clone());
                    sorted
                        .inserts
                        .push(condition.map(|condition| (condition, attempt)));
                    sorted.writes.push(Write {
                        op,
                        provisional: condition.is_some(),
                    });
                }
                (_, None) => sorted.writes.push(Write::at_once(op)),
                (_, Some(condition)) => sorted.held.push(Held {
                    condition,
                    op,
                    place,
                    inserts_before: sorted.inserts.len(),
                }),
            }
        }
        sorted
    }

    /// How many memories are inserted.
    pub(super) fn inserts(&self) -> usize {
        self.inserts.len()
    }

    /// Whether each write that waits names inserts that stand before it, which nobody else looks at until it is made.
    pub(super) fn check_targets(&self) -> Result<(), StoreError> {
        let placeholders: Vec<String> = vec![String::new(); self.inserts.len()];
        for held in &self.held {
            let before = placeholders.get(..held.inserts_before).unwrap_or_default();
            resolve_targets(&mut held.op.clone(), before)
                .map_err(|error| error.of_write(held.place, &held.op))?;
        }
        Ok(())
    }

    /// What waits. `first` is the task that the call was about, or the first of several: a conditional write belongs to
    /// the task whose attempt a memory names first among its sources (`task_of`), and to `first` if that is none of the
    /// call's.
    pub(super) fn waiting(self, first: &str, task_of: impl Fn(&str) -> Option<String>) -> Waiting {
        let inserts = self.inserts.into_iter().map(|insert| {
            let (condition, attempt) = insert?;
            let task = attempt.and_then(|attempt| task_of(&attempt));
            let task = task.unwrap_or_else(|| first.to_owned());
            Some((condition, task))
        });
        Waiting {
            inserts: inserts.collect(),
            held: self.held,
            task: first.to_owned(),
        }
    }
}

/// What waits of one call's changes, before its memories have ids.
#[derive(Clone)]
pub(super) struct Waiting {
    /// For each insert of the call, the condition and the task that it waits for.
    inserts: Vec<Option<(Condition, String)>>,
    /// Other writes.
    held: Vec<Held>,
    /// The task of those.
    task: String,
}

impl Waiting {
    /// How many bytes the writes have that are not made before they are decided on.
    pub(super) fn bytes(&self) -> u64 {
        self.held.iter().map(|held| waiting_bytes(&held.op)).sum()
    }

    /// The same, now that the inserts have the ids `inserted`: what is decided together is together.
    pub(super) fn with(self, inserted: &[String]) -> Vec<Pending> {
        let mut pending: Vec<Pending> = Vec::new();
        let mut under = |condition: Condition, task: &str| {
            let known = pending
                .iter()
                .position(|p| p.condition == condition && p.task == task);
            known.unwrap_or_else(|| {
                pending.push(Pending {
                    task: task.to_owned(),
                    condition,
                    memories: vec![],
                    held: vec![],
                    before: None,
                    reserved: None,
                });
                pending.len() - 1
            })
        };
        let mut placed: Vec<(usize, Option<String>, Option<Op>)> = Vec::new();
        for (insert, id) in self.inserts.into_iter().zip(inserted) {
            if let Some((condition, task)) = insert {
                placed.push((under(condition, &task), Some(id.clone()), None));
            }
        }
        for mut held in self.held {
            let before = inserted.get(..held.inserts_before).unwrap_or_default();
            // Looked at before anything of the answer was written.
            if resolve_targets(&mut held.op, before).is_ok() {
                placed.push((under(held.condition, &self.task), None, Some(held.op)));
            }
        }
        for (at, memory, op) in placed {
            if let Some(pending) = pending.get_mut(at) {
                pending.memories.extend(memory);
                pending.held.extend(op);
            }
        }
        pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use memhost_contract::{NewLink, NewMemory, Source};
    use memhost_models::embedding::Builtin;
    use memhost_store::{Store, Transaction};

    fn insert(title: &str) -> Op {
        Op::Insert(NewMemory {
            title: title.into(),
            ..NewMemory::new("item", "")
        })
    }

    fn nowhere(_: &str) -> Option<String> {
        None
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

        let pending = sorted
            .waiting("task", nowhere)
            .with(&["m7".into(), "m8".into()]);
        assert_eq!(pending.len(), 1);
        assert_eq!(pending[0].memories, ["m8"]);
        assert_eq!(pending[0].held, [Op::Remove("m1".into())]);

        let confirmed = pending[0].clone().confirm();
        assert!(
            matches!(&confirmed[0].op, Op::Revise(p) if p.target == Target::from("m8") && p.state == Some(State::Active))
        );
        assert_eq!(confirmed[1].op, Op::Remove("m1".into()));
        assert_eq!(
            pending[0].clone().reject(),
            [Write::at_once(Op::Remove("m8".into()))]
        );
    }

    #[tokio::test]
    async fn what_is_gone_keeps_nothing_else_from_being_decided() {
        let store = Store::in_memory(Arc::new(Builtin::default()))
            .await
            .unwrap();
        let namespace = store.namespace("a").await.unwrap();
        let waits = |title: &str| Write {
            op: insert(title),
            provisional: true,
        };
        let transaction = |writes: Vec<Write>| Transaction {
            writes,
            ..Transaction::default()
        };
        // Two that wait together, two that stand, one that waits for something else.
        let writes = vec![
            waits("m1"),
            waits("m2"),
            Write::at_once(insert("m3")),
            Write::at_once(insert("m4")),
            waits("m5"),
        ];
        namespace.apply(transaction(writes)).await.unwrap();
        let state = |id: &str, state| Op::Revise(Patch::to_state(id, state));
        let link = |source: &str, target: &str| {
            Op::Connect(NewLink {
                source: source.into(),
                target: target.into(),
                kind: "k".into(),
                weight: 1.0,
            })
        };
        let pending = Pending {
            task: "task".into(),
            condition: Condition::NextAttempt,
            memories: vec!["m1".into(), "m2".into()],
            held: vec![
                state("m1", State::Archived),
                link("m2", "m1"),
                link("m2", "m4"),
                Op::Remove("m3".into()),
                state("m3", State::Archived),
                state("m4", State::Frozen),
                Op::Remove("m4".into()),
                state("m5", State::Archived),
                state("m2", State::Archived),
            ],
            before: None,
            reserved: None,
        };
        let gone = vec![Write::at_once(Op::Remove("m1".into()))];
        namespace.apply(transaction(gone)).await.unwrap();
        let undone = pending.clone().still_open(&namespace).reject();
        assert_eq!(undone, [Write::at_once(Op::Remove("m2".into()))]);
        let writes = pending.still_open(&namespace).confirm();
        let held = [
            link("m2", "m4"),
            Op::Remove("m3".into()),
            state("m4", State::Frozen),
            state("m2", State::Archived),
        ];
        let expected = std::iter::once(Write::keep("m2")).chain(held.map(Write::at_once));
        assert_eq!(writes, expected.collect::<Vec<_>>());
        namespace.apply(transaction(writes)).await.unwrap();
    }

    #[test]
    fn each_condition_is_decided_by_itself() {
        let sorted = Sorted::from(vec![
            change(insert("a"), Commit::IfTrialGains(0.05)),
            change(insert("b"), Commit::IfTrialGains(0.1)),
            change(insert("c"), Commit::IfTrialGains(0.05)),
        ]);
        let pending =
            sorted
                .waiting("task", nowhere)
                .with(&["m1".into(), "m2".into(), "m3".into()]);
        assert_eq!(pending.len(), 2);
        assert_eq!(pending[0].memories, ["m1", "m3"]);
        assert_eq!(pending[1].memories, ["m2"]);
    }

    #[test]
    fn in_a_batch_each_memory_is_decided_by_the_task_it_was_learnt_from() {
        let about = |attempt: &str| {
            let Op::Insert(memory) = insert("x") else {
                unreachable!()
            };
            Op::Insert(NewMemory {
                sources: vec![Source::attempt(attempt)],
                ..memory
            })
        };
        let sorted = Sorted::from(vec![
            change(about("t2@r5"), Commit::IfTrialGains(0.05)),
            change(about("t1@r4"), Commit::IfTrialGains(0.05)),
            change(about("nobody"), Commit::IfTrialGains(0.05)),
            change(about("t1-b@r6"), Commit::IfTrialGains(0.05)),
        ]);
        let ids = ["m1".into(), "m2".into(), "m3".into(), "m4".into()];
        let task_of = |source: &str| match source {
            "t2@r5" => Some("t2".to_owned()),
            "t1@r4" => Some("t1".to_owned()),
            "t1-b@r6" => Some("t1-b".to_owned()),
            _ => None,
        };
        let pending = sorted.waiting("t1", task_of).with(&ids);
        let decided: Vec<(&str, &[String])> = pending
            .iter()
            .map(|p| (p.task.as_str(), p.memories.as_slice()))
            .collect();
        let expected = [("t2", &ids[..1]), ("t1", &ids[1..3]), ("t1-b", &ids[3..])];
        assert_eq!(decided, expected);
    }
}
