//! A condition means one thing: the same script comes to the same memories under `memhost check` and in a comparison.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use memhost::capability::CallContext;
use memhost::conformance::{ConformanceError, Origin, Subject, parity};
use memhost::contract::{
    Adjustment, Arrangement, Attempt, Blob, Change, Commit, Counter, Description, Guidance, Labels,
    Link, Memory, NewLink, NewMemory, Op, Patch, Plan, Query, Setting, Task,
};
use memhost::embedding::{Builtin, Embedder};
use memhost::limits::Limits;
use memhost::model::{Models, NoModel};
use memhost::store::{InMemory, Memories, Store, View};
use memhost::strategy::{Answer, CallError, Phases, Strategy};
use memhost_eval::driver::{
    Acting, Cell, Progress, Repetition, TaskOrder, Testbed, Told, run_cell,
};
use memhost_suite::{Episode, Lane, Matching, Question, Stage, Stream, Suite, Timing};

/// Inserts two memories, a link and a blob at its first call of `distill`, and says one thing at a later one.
struct Script {
    description: Description,
    /// Whether tasks are asked before they are learnt from.
    arrangement: Arrangement,
    /// At which call, from 0.
    at: usize,
    says: Option<Change>,
    calls: AtomicUsize,
}

impl Script {
    fn new(at: usize, says: Option<Change>) -> Arc<Script> {
        Script::under(Arrangement::BuildThenFreeze, at, says)
    }

    fn under(arrangement: Arrangement, at: usize, says: Option<Change>) -> Arc<Script> {
        Arc::new(Script {
            arrangement,
            description: Description {
                name: "script".into(),
                version: "1".into(),
                summary: "Says what it is told to.".into(),
                source: String::new(),
                requires: Vec::new(),
                degraded: Vec::new(),
                parameters: Vec::new(),
            },
            at,
            says,
            calls: AtomicUsize::new(0),
        })
    }
}

#[async_trait]
impl Strategy for Script {
    fn description(&self) -> &Description {
        &self.description
    }

    fn phases(&self) -> Phases {
        Phases {
            distill: true,
            ..Phases::default()
        }
    }

    fn digest(&self) -> &str {
        "script"
    }

    async fn plan(&self, _: &[Setting]) -> Result<Plan, CallError> {
        Ok(Plan {
            arrangement: self.arrangement,
            labels: Labels::Any,
            ..Plan::streaming()
        })
    }

    async fn retrieve(&self, _: CallContext, _: Query, _: &[Setting]) -> Answer<Guidance> {
        Answer {
            result: Ok(Guidance::nothing()),
            usage: Default::default(),
        }
    }

    async fn distill(&self, _: CallContext, _: Vec<Attempt>, _: &[Setting]) -> Answer<Vec<Change>> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let mut changes = Vec::new();
        if call == 0 {
            changes.extend(["m1", "m2"].map(|name| {
                let memory = NewMemory::new("item", format!("what {name} says"));
                Change::at_once(Op::Insert(memory))
            }));
            changes.push(Change::at_once(Op::Connect(new_link("old"))));
            changes.push(Change::at_once(Op::Save(Blob {
                name: "state".into(),
                bytes: vec![1],
            })));
        }
        if call == self.at {
            changes.extend(self.says.clone());
        }
        Answer {
            result: Ok(changes),
            usage: Default::default(),
        }
    }
}

struct Here(Arc<Script>);

#[async_trait]
impl Origin for Here {
    async fn anew(&self) -> Result<Arc<dyn Strategy>, ConformanceError> {
        Ok(self.0.clone())
    }
}

fn link(kind: &str) -> Link {
    Link {
        source: "m1".into(),
        target: "m2".into(),
        kind: kind.into(),
        weight: 1.0,
    }
}

fn new_link(kind: &str) -> NewLink {
    NewLink {
        source: "m1".into(),
        target: "m2".into(),
        kind: kind.into(),
        weight: 1.0,
    }
}

/// One of each kind.
fn ops() -> Vec<Op> {
    vec![
        Op::Insert(NewMemory::new("item", "what m3 says")),
        Op::Revise(Patch {
            title: Some("revised".into()),
            ..Patch::of("m1")
        }),
        Op::Adjust(Adjustment {
            target: "m1".into(),
            counter: Counter::Wins,
            delta: 3.0,
            least: None,
            most: None,
        }),
        Op::Remove("m2".into()),
        Op::Connect(new_link("new")),
        Op::Disconnect(link("old")),
        Op::Save(Blob {
            name: "state".into(),
            bytes: vec![2],
        }),
    ]
}

/// Everything that is there, but for when it was written.
fn rows(memories: &Memories) -> String {
    let ids: Vec<String> = (1..9).map(|number| format!("m{number}")).collect();
    let view = View::default();
    let timeless = memories.get(&ids, &view).into_iter().map(|memory| Memory {
        created: 0.0,
        updated: 0.0,
        ..memory
    });
    let links = memories.links(&ids, None, &view);
    format!(
        "{:#?}\n{links:#?}\n{:?}",
        timeless.collect::<Vec<_>>(),
        memories.blob("state")
    )
}

/// Three cases; the last is the second once more. Each is told in two calls: it was solved, it was not.
const CASES: [usize; 3] = [0, 1, 1];

async fn checked(script: Arc<Script>) -> String {
    let subject = Subject::new(Arc::new(Here(script)), Vec::new());
    let subject = subject.await.unwrap();
    let memories =
        parity::run_cases(&subject, &Limits::default(), &InMemory::default(), &CASES).await;
    rows(&memories.unwrap())
}

struct Silent;

impl Progress for Silent {
    fn advance(&self, _: usize, _: usize) {}
}

async fn driven(script: Arc<Script>, asks: bool) -> String {
    let plan = script.plan(&[]).await.unwrap();
    let episode = |(task, attempts): (Task, Vec<Attempt>)| Episode {
        task,
        question: asks.then(|| Question::Evidence {
            // What the first case says.
            answers: vec!["Brewmoor".into()],
            matching: Matching::Phrase,
            gold: vec![],
            pieces: vec![],
        }),
        attempts,
        withheld: vec![],
        timing: Timing::default(),
        check: None,
        group: String::new(),
    };
    let suite = Suite {
        name: "script".into(),
        lane: Lane::Evidence,
        summary: String::new(),
        left_out: vec![],
        streams: vec![Stream {
            name: "s".into(),
            stages: vec![Stage::in_order(
                CASES
                    .iter()
                    .map(|case| parity::task(*case, &plan))
                    .map(episode)
                    .collect(),
            )],
        }],
        budgets: vec![100],
        primary: "answer@100".into(),
    };
    let embedder: Arc<dyn Embedder> = Arc::new(Builtin::default());
    let store = Store::in_memory(embedder.clone()).await.unwrap();
    let testbed = Testbed {
        store: store.clone(),
        models: Arc::new(Models::all(Arc::new(NoModel))),
        embedder,
        limits: Limits::default(),
        acting: Acting::Reader,
        order: TaskOrder::default(),
        told: Told::default(),
    };
    let cell = Cell {
        strategy: script,
        settings: vec![],
        suite: Arc::new(suite),
        repetition: Repetition::default(),
        id: "cell".into(),
        most_memories: None,
    };
    run_cell(&cell, &testbed, &Silent).await.unwrap();
    rows(store.namespace("cell/s").await.unwrap().memories())
}

/// The call that is followed by a run of the same task that fails, by one that succeeds, and by none.
const FAILURE_FOLLOWS: usize = 2;
const SUCCESS_FOLLOWS: usize = 3;
const NOTHING_FOLLOWS: usize = 5;

fn says(op: &Op, commit: Commit) -> Option<Change> {
    Some(Change {
        op: op.clone(),
        commit,
    })
}

#[tokio::test]
async fn the_next_attempt_decides_over_every_kind_of_write_wherever_it_is_asked_for() {
    for op in ops() {
        for (at, is_kept) in [(FAILURE_FOLLOWS, false), (SUCCESS_FOLLOWS, true)] {
            let script = |says| Script::new(at, says);
            let conditional = says(&op, Commit::IfNextAttemptSucceeds);
            let expected = match is_kept {
                true => checked(script(says(&op, Commit::AtOnce))).await,
                false => checked(script(None)).await,
            };
            let is_new =
                checked(script(says(&op, Commit::AtOnce))).await != checked(script(None)).await;
            assert!(is_new, "{op:?} changes nothing");
            assert_eq!(
                checked(script(conditional.clone())).await,
                expected,
                "{op:?}"
            );
            assert_eq!(driven(script(conditional), false).await, expected, "{op:?}");
        }
        let undecided = says(&op, Commit::IfNextAttemptSucceeds);
        let waits = checked(Script::new(NOTHING_FOLLOWS, undecided.clone())).await;
        assert_eq!(
            driven(Script::new(NOTHING_FOLLOWS, undecided), false).await,
            waits,
            "{op:?}"
        );
        let in_force = checked(Script::new(NOTHING_FOLLOWS, says(&op, Commit::AtOnce))).await;
        assert_ne!(waits, in_force, "{op:?} is in force before it is decided");
    }
}

#[tokio::test]
async fn what_gains_on_trial_is_kept_of_every_kind_of_write_wherever_it_is_asked_for() {
    for op in ops() {
        let script = |says| Script::new(FAILURE_FOLLOWS, says);
        let kept = checked(script(says(&op, Commit::AtOnce))).await;
        let gains = says(&op, Commit::IfTrialGains(-1.0));
        assert_eq!(checked(script(gains.clone())).await, kept, "{op:?}");
        let asked = |says| Script::under(Arrangement::Streaming, FAILURE_FOLLOWS, says);
        assert_eq!(driven(asked(gains), true).await, kept, "{op:?}");
        let loses = says(&op, Commit::IfTrialGains(2.0));
        let rejected = checked(script(None)).await;
        assert_eq!(driven(asked(loses), true).await, rejected, "{op:?}");
    }
}
