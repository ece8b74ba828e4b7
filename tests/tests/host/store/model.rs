//! Random transactions against a model that is too simple to be wrong.

use std::collections::{BTreeMap, HashSet};

use memhost::contract::{Blob, State};
use proptest::prelude::*;

use super::*;

/// Attempts, of which one looks like a step of another.
const ATTEMPTS: [&str; 3] = ["a", "a#1", "b\0\"\n"];

/// What a test does next.
#[derive(Debug, Clone)]
enum Step {
    Apply(Vec<Action>),
    Checkpoint,
    Reopen,
}

/// A memory, existing or not: by its number, or by what the transaction has inserted.
#[derive(Debug, Clone, Copy)]
enum Named {
    Memory(u8),
    Inserted(u8),
}

/// A write.
#[derive(Debug, Clone)]
enum Action {
    Insert(Box<NewMemory>, bool),
    Revise(Named, Box<Patch>),
    Adjust(Named, i8),
    Remove(Named),
    Connect(Named, Named, i8),
    Disconnect(u8, u8),
    Save(u8, Vec<u8>),
}

/// What of a memory the model knows.
#[derive(Debug, Clone, PartialEq)]
struct Known {
    content: String,
    keys: Vec<Key>,
    uses: u32,
    state: State,
    sources: Vec<Source>,
    expires: Option<f64>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Model {
    memories: BTreeMap<u64, Known>,
    links: BTreeMap<(u64, u64), f64>,
    blobs: BTreeMap<u8, Vec<u8>>,
    given: u64,
}

impl Model {
    /// Makes all writes of a transaction. `None` if one cannot be made.
    fn apply(mut self, actions: &[Action]) -> Option<Model> {
        let mut inserted = Vec::new();
        for action in actions {
            self.write(action, &mut inserted)?;
        }
        Some(self)
    }

    fn write(&mut self, action: &Action, inserted: &mut Vec<u64>) -> Option<()> {
        let number = |named: Named| match named {
            Named::Memory(number) => Some(u64::from(number)),
            Named::Inserted(place) => inserted.get(usize::from(place)).copied(),
        };
        match action {
            Action::Insert(new, provisional) => {
                self.given += 1;
                inserted.push(self.given);
                let memory = Known {
                    content: new.content.clone(),
                    keys: new.keys.clone(),
                    uses: 0,
                    state: match provisional {
                        true => State::Provisional,
                        false => State::Active,
                    },
                    sources: new.sources.clone(),
                    expires: new.expires,
                };
                self.memories.insert(self.given, memory);
            }
            Action::Revise(named, patch) => {
                let memory = self.changeable(number(*named)?)?;
                let changes_state = patch.state.is_some_and(|state| state != memory.state);
                if memory.state == State::Provisional && changes_state {
                    return None;
                }
                let Patch { content, keys, .. } = patch.as_ref().clone();
                memory.content = content.unwrap_or(memory.content.clone());
                memory.keys = keys.unwrap_or(memory.keys.clone());
                memory.state = patch.state.unwrap_or(memory.state);
                memory.expires = patch.expires.or(memory.expires);
                for source in &patch.more_sources {
                    if !memory.sources.contains(source) {
                        memory.sources.push(source.clone());
                    }
                }
            }
            Action::Adjust(named, delta) => {
                let memory = self.changeable(number(*named)?)?;
                memory.uses = memory.uses.saturating_add_signed((*delta).into());
            }
            Action::Remove(named) => {
                let number = number(*named)?;
                self.changeable(number)?;
                self.memories.remove(&number);
                self.links.retain(|(a, b), _| *a != number && *b != number);
            }
            Action::Connect(a, b, weight) => {
                let ends = (number(*a)?, number(*b)?);
                let is_known = |end| self.memories.contains_key(end);
                if !is_known(&ends.0) || !is_known(&ends.1) {
                    return None;
                }
                self.links.insert(ends, f64::from(*weight));
            }
            Action::Disconnect(a, b) => {
                self.links.remove(&(u64::from(*a), u64::from(*b)))?;
            }
            Action::Save(name, bytes) => {
                if bytes.is_empty() {
                    self.blobs.remove(name);
                } else {
                    self.blobs.insert(*name, bytes.clone());
                }
            }
        }
        Some(())
    }

    fn changeable(&mut self, number: u64) -> Option<&mut Known> {
        let memory = self.memories.get_mut(&number);
        memory.filter(|memory| memory.state != State::Frozen)
    }

    /// The memories that a view does not hide, whatever their state.
    fn shown(&self, view: &View) -> impl Iterator<Item = (&u64, &Known)> {
        self.memories.iter().filter(|(_, memory)| {
            let mut sources = memory.sources.iter();
            !sources.any(|source| view.withheld.contains(&source.attempt))
                && !memory
                    .expires
                    .is_some_and(|expires| view.at.is_some_and(|at| expires <= at))
        })
    }
}

fn op(action: &Action) -> Write {
    let id = |n: &u8| format!("m{n}");
    let target = |named: &Named| match named {
        Named::Memory(number) => Target::Memory(id(number)),
        Named::Inserted(place) => Target::Inserted((*place).into()),
    };
    let op = match action {
        Action::Insert(new, _) => Op::Insert(new.as_ref().clone()),
        Action::Revise(named, patch) => Op::Revise(Patch {
            target: target(named),
            ..patch.as_ref().clone()
        }),
        Action::Adjust(named, delta) => add(target(named), Counter::Uses, (*delta).into()),
        Action::Remove(named) => Op::Remove(target(named)),
        Action::Connect(a, b, weight) => connect(target(a), target(b), "k", (*weight).into()),
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

fn number(id: &str) -> u64 {
    id[1..].parse().unwrap()
}

/// What is in a namespace, as the model sees it; and its vectors must be those of its embedded keys.
async fn read(namespace: &Namespace, given: u64) -> Model {
    let mut model = Model {
        given,
        ..Model::default()
    };
    let rows = namespace.scan(&everything(), &View::default()).unwrap();
    let mut last = 0;
    for row in rows {
        let memory = row.memory;
        assert!(number(&memory.id) > last, "in the order of insertion");
        last = number(&memory.id);
        assert_eq!(row.vectors.len(), memory.keys.len());
        for (key, vector) in memory.keys.iter().zip(row.vectors) {
            let texts = [key.text.clone()];
            let expected = match key.embedded {
                true => letters().embed(&texts, Side::Document).await.unwrap(),
                false => vec![vec![]].into(),
            };
            assert_eq!(expected.vectors, [vector]);
        }
        for link in namespace.links(std::slice::from_ref(&memory.id), None, &View::default()) {
            let ends = (number(&link.source), number(&link.target));
            model.links.insert(ends, link.weight);
        }
        let known = Known {
            content: memory.content,
            keys: memory.keys,
            uses: memory.counters.uses,
            state: memory.state,
            sources: memory.sources,
            expires: memory.expires,
        };
        model.memories.insert(last, known);
    }
    for name in 0..3 {
        if let Some(bytes) = namespace.blob(&format!("b{name}")) {
            model.blobs.insert(name, bytes);
        }
    }
    model
}

/// Whether every kind of read finds what the model says that a view shows.
async fn check_view(namespace: &Namespace, model: &Model, view: &View) {
    let shown: Vec<u64> = model.shown(view).map(|(number, _)| *number).collect();
    let part: Vec<u64> = model
        .shown(view)
        .filter(|(_, memory)| matches!(memory.state, State::Active | State::Frozen))
        .map(|(number, _)| *number)
        .collect();
    let ids: Vec<String> = (1..=model.given).map(|n| format!("m{n}")).collect();
    let got = namespace.get(&ids, view);
    let got: Vec<u64> = got.iter().map(|memory| number(&memory.id)).collect();
    assert_eq!(got, shown, "get");
    let scan = Scan {
        filter: vec![],
        ..everything()
    };
    let rows = namespace.scan(&scan, view).unwrap();
    let scanned: Vec<u64> = rows.iter().map(|row| number(&row.memory.id)).collect();
    assert_eq!(scanned, part, "scan");
    assert_eq!(namespace.count(&vec![], view).unwrap() as usize, part.len());
    let counted = namespace.count(&any_state(), view).unwrap() as usize;
    assert_eq!(counted, shown.len());

    let search = Search {
        limit: 100,
        ..semantic("a", "")
    };
    let hits = namespace.search(&search, view).await.unwrap();
    let mut found: Vec<u64> = hits.iter().map(|hit| number(&hit.id)).collect();
    found.sort_unstable();
    let is_embedded = |n: &u64| model.memories[n].keys.iter().any(|key| key.embedded);
    let expected: Vec<u64> = part.iter().copied().filter(is_embedded).collect();
    assert_eq!(found, expected, "search");

    let links = namespace.links(&ids, None, view);
    let links = links.iter().map(|l| (number(&l.source), number(&l.target)));
    let is_shown = |(a, b): &&(u64, u64)| shown.contains(a) && shown.contains(b);
    let expected: HashSet<(u64, u64)> = model.links.keys().filter(is_shown).copied().collect();
    assert_eq!(links.collect::<HashSet<_>>(), expected, "links");

    let held = namespace.look(view, |look| {
        (0..look.places()).filter(|at| look.holds(*at)).count()
    });
    assert_eq!(held, part.len(), "look");
}

fn source() -> impl Strategy<Value = Source> {
    let attempt = prop::sample::select(ATTEMPTS.to_vec());
    (attempt, prop::option::of(0..2u32)).prop_map(|(attempt, step)| Source {
        attempt: attempt.into(),
        step,
    })
}

/// Some keys, of different texts.
fn keys() -> impl Strategy<Value = Vec<Key>> {
    let embedded = prop::collection::vec(any::<bool>(), 0..3);
    (embedded, "[x-z]{0,4}").prop_map(|(embedded, text)| {
        let keys = embedded.into_iter().zip("ab".chars());
        keys.map(|(embedded, letter)| Key {
            embedded,
            ..Key::new("task", format!("{letter}{text}"))
        })
        .collect()
    })
}

fn expiry() -> impl Strategy<Value = Option<f64>> {
    prop::option::of((0..4u8).prop_map(f64::from))
}

fn new() -> impl Strategy<Value = Box<NewMemory>> {
    let sources = prop::collection::vec(source(), 0..2);
    ("[a-c ]{0,8}", keys(), sources, expiry()).prop_map(|(content, keys, sources, expires)| {
        Box::new(NewMemory {
            keys,
            sources,
            expires,
            ..NewMemory::new("item", content)
        })
    })
}

fn patch() -> impl Strategy<Value = Box<Patch>> {
    use State::*;
    let state = prop::sample::select(vec![Active, Active, Archived, Quarantined, Frozen]);
    (
        prop::option::of("[x-z]{1,4}"),
        prop::option::of(state),
        prop::option::of(keys()),
        prop::collection::vec(source(), 0..3),
        expiry(),
    )
        .prop_map(|(content, state, keys, more_sources, expires)| {
            Box::new(Patch {
                content,
                state,
                keys,
                more_sources,
                expires,
                ..Patch::of("")
            })
        })
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let named = || {
        prop_oneof![
            3 => (1..12u8).prop_map(Named::Memory),
            1 => (0..2u8).prop_map(Named::Inserted),
        ]
    };
    let memory = || 1..12u8;
    let action = prop_oneof![
        5 => (new(), any::<bool>()).prop_map(|(n, p)| Action::Insert(n, p)),
        2 => (named(), patch()).prop_map(|(n, p)| Action::Revise(n, p)),
        2 => (named(), -3..4i8).prop_map(|(n, d)| Action::Adjust(n, d)),
        1 => named().prop_map(Action::Remove),
        2 => (named(), named(), any::<i8>()).prop_map(|(a, b, w)| Action::Connect(a, b, w)),
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

fn views() -> impl Strategy<Value = Vec<View>> {
    let withheld = prop::collection::hash_set(prop::sample::select(ATTEMPTS.to_vec()), 0..2);
    let at = prop::option::of((0..5u8).prop_map(f64::from));
    let view = (withheld, at).prop_map(|(withheld, at)| View {
        withheld: Arc::new(withheld.into_iter().map(str::to_owned).collect()),
        at,
        ..View::default()
    });
    prop::collection::vec(view, 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_history_reads_as_the_model_says(steps in steps(), views in views()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let home = tempfile::tempdir().unwrap();
            let mut store = open(home.path()).await;
            let mut namespace = store.namespace("a").await.unwrap();
            let mut model = Model::default();
            for step in steps.iter().chain([&Step::Reopen, &Step::Checkpoint, &Step::Reopen]) {
                match step {
                    Step::Apply(actions) => {
                        let after = model.clone().apply(actions);
                        let transaction = Transaction {
                            writes: actions.iter().map(op).collect(),
                            ..Transaction::default()
                        };
                        let applied = namespace.apply(transaction).await;
                        assert_eq!(applied.is_ok(), after.is_some(), "{applied:?}");
                        model = after.unwrap_or(model);
                    }
                    Step::Checkpoint => store.close().await.unwrap(),
                    Step::Reopen => {
                        drop((namespace, store));
                        store = open(home.path()).await;
                        namespace = store.namespace("a").await.unwrap();
                    }
                }
                assert_eq!(read(&namespace, model.given).await, model);
                for view in &views {
                    check_view(&namespace, &model, view).await;
                }
            }
        });
    }
}
