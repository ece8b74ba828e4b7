//! Random transactions against a model that is too simple to be wrong.

use std::collections::BTreeMap;

use memhost::contract::{Blob, Patch, State};
use proptest::prelude::*;

use super::*;

/// What a test does next.
#[derive(Debug, Clone)]
enum Step {
    Apply(Vec<Action>),
    Checkpoint,
    Reopen,
}

/// A write; numbers stand for memories, existing or not.
#[derive(Debug, Clone)]
enum Action {
    Insert(String, bool),
    Revise(u8, Option<String>, Option<State>, bool),
    Adjust(u8, i8),
    Remove(u8),
    Connect(u8, u8, i8),
    Disconnect(u8, u8),
    Save(u8, Vec<u8>),
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Model {
    /// Content, keys, uses and state by number.
    memories: BTreeMap<u64, (String, Vec<String>, u32, u8)>,
    links: BTreeMap<(u64, u64), f64>,
    blobs: BTreeMap<u8, Vec<u8>>,
    given: u64,
}

impl Model {
    fn apply(&mut self, action: &Action) -> bool {
        let known = |model: &Model, n: u8| model.memories.contains_key(&n.into());
        match action {
            Action::Insert(text, provisional) => {
                self.given += 1;
                let memory = (text.clone(), vec![text.clone()], 0, u8::from(*provisional));
                self.memories.insert(self.given, memory);
            }
            Action::Revise(n, content, state, keys) => {
                let Some(memory) = self.memories.get_mut(&u64::from(*n)) else {
                    return false;
                };
                if let Some(content) = content {
                    memory.0 = content.clone();
                }
                if let Some(state) = state {
                    memory.3 = *state as u8;
                }
                if *keys {
                    memory.1 = vec!["one".into(), "two".into()];
                }
            }
            Action::Adjust(n, delta) => {
                let Some(memory) = self.memories.get_mut(&u64::from(*n)) else {
                    return false;
                };
                memory.2 = memory.2.saturating_add_signed((*delta).into());
            }
            Action::Remove(n) => {
                if self.memories.remove(&u64::from(*n)).is_none() {
                    return false;
                }
                let n = u64::from(*n);
                self.links.retain(|(a, b), _| *a != n && *b != n);
            }
            Action::Connect(a, b, weight) => {
                if !known(self, *a) || !known(self, *b) {
                    return false;
                }
                self.links
                    .insert((u64::from(*a), u64::from(*b)), f64::from(*weight));
            }
            Action::Disconnect(a, b) => {
                return self.links.remove(&(u64::from(*a), u64::from(*b))).is_some();
            }
            Action::Save(name, bytes) => {
                if bytes.is_empty() {
                    self.blobs.remove(name);
                } else {
                    self.blobs.insert(*name, bytes.clone());
                }
            }
        }
        true
    }
}

fn op(action: &Action) -> Write {
    let id = |n: &u8| format!("m{n}");
    let op = match action {
        Action::Insert(text, _) => insert(text),
        Action::Revise(n, content, state, keys) => Op::Revise(Patch {
            id: id(n),
            title: None,
            content: content.clone(),
            keys: keys.then(|| {
                ["one", "two"]
                    .map(|text| Key {
                        name: "task".into(),
                        text: text.into(),
                    })
                    .into()
            }),
            labels: None,
            payload: None,
            state: *state,
        }),
        Action::Adjust(n, delta) => Op::Adjust(Adjustment {
            id: id(n),
            counter: Counter::Uses,
            delta: (*delta).into(),
            least: None,
            most: None,
        }),
        Action::Remove(n) => Op::Remove(id(n)),
        Action::Connect(a, b, weight) => connect(&id(a), &id(b), "k", (*weight).into()),
        Action::Disconnect(a, b) => Op::Disconnect(Link {
            source: id(a),
            target: id(b),
            kind: "k".into(),
            weight: 0.0,
        }),
        Action::Save(name, bytes) => Op::Save(Blob {
            name: format!("b{name}"),
            bytes: bytes.clone(),
        }),
    };
    Write {
        op,
        provisional: matches!(action, Action::Insert(_, true)),
    }
}

/// What is in a namespace, as the model sees it; and its vectors must be those of its keys.
async fn read(namespace: &Namespace, given: u64) -> Model {
    let mut model = Model {
        given,
        ..Model::default()
    };
    let rows = namespace.scan(&everything(), &View::default()).unwrap();
    let number = |id: &str| id[1..].parse::<u64>().unwrap();
    let mut last = 0;
    for row in &rows {
        let memory = &row.memory;
        assert!(number(&memory.id) > last, "in the order of insertion");
        last = number(&memory.id);
        let keys: Vec<String> = memory.keys.iter().map(|key| key.text.clone()).collect();
        assert_eq!(
            letters()
                .embed(&keys, Side::Document)
                .await
                .unwrap()
                .vectors,
            row.vectors
        );
        let value = (
            memory.content.clone(),
            keys,
            memory.counters.uses,
            memory.state as u8,
        );
        model.memories.insert(last, value);
        for link in namespace.links(std::slice::from_ref(&memory.id), None, &View::default()) {
            model
                .links
                .insert((number(&link.source), number(&link.target)), link.weight);
        }
    }
    for name in 0..3 {
        if let Some(bytes) = namespace.blob(&format!("b{name}")) {
            model.blobs.insert(name, bytes);
        }
    }
    model
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let memory = || 1..12u8;
    let state = prop::sample::select(vec![State::Active, State::Archived, State::Quarantined]);
    let action = prop_oneof![
        4 => ("[a-c ]{0,8}", any::<bool>()).prop_map(|(t, p)| Action::Insert(t, p)),
        2 => (memory(), prop::option::of("[x-z]{1,4}"), prop::option::of(state), any::<bool>())
            .prop_map(|(n, c, s, k)| Action::Revise(n, c, s, k)),
        2 => (memory(), -3..4i8).prop_map(|(n, d)| Action::Adjust(n, d)),
        1 => memory().prop_map(Action::Remove),
        2 => (memory(), memory(), any::<i8>()).prop_map(|(a, b, w)| Action::Connect(a, b, w)),
        1 => (memory(), memory()).prop_map(|(a, b)| Action::Disconnect(a, b)),
        1 => (0..3u8, prop::collection::vec(any::<u8>(), 0..4)).prop_map(|(n, b)| Action::Save(n, b)),
    ];
    prop::collection::vec(action, 1..5)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => actions().prop_map(Step::Apply),
        1 => Just(Step::Checkpoint),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_history_reads_as_the_model_says(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let home = tempfile::tempdir().unwrap();
            let mut store = open(home.path()).await;
            let mut namespace = store.namespace("a").await.unwrap();
            let mut model = Model::default();
            for step in steps.iter().chain([&Step::Reopen, &Step::Checkpoint, &Step::Reopen]) {
                match step {
                    Step::Apply(actions) => {
                        let mut after = model.clone();
                        let is_possible = actions.iter().all(|action| after.apply(action));
                        let transaction = Transaction {
                            writes: actions.iter().map(op).collect(),
                            ..Transaction::default()
                        };
                        let applied = namespace.apply(transaction).await;
                        assert_eq!(applied.is_ok(), is_possible, "{applied:?}");
                        if is_possible {
                            model = after;
                        }
                    }
                    Step::Checkpoint => store.close().await.unwrap(),
                    Step::Reopen => {
                        drop((namespace, store));
                        store = open(home.path()).await;
                        namespace = store.namespace("a").await.unwrap();
                    }
                }
                assert_eq!(read(&namespace, model.given).await, model);
            }
        });
    }
}
