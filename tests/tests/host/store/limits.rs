//! What a namespace may hold, whatever is written to it.

use memhost::contract::{Blob, Citation, Label, Receipt, Row, State};
use memhost::limits::StoreLimits;
use memhost::store::StoreError;
use proptest::prelude::*;

use super::*;

async fn limited(home: &Path, limits: StoreLimits) -> Store {
    open(home).await.with_limits(limits)
}

fn keyed(count: usize, name: &str) -> Op {
    let key = |number| Key::new(name, format!("key {number}"));
    Op::Insert(NewMemory {
        keys: (0..count).map(key).collect(),
        ..NewMemory::new("item", "x")
    })
}

fn revised(id: &str, patch: impl FnOnce(&mut Patch)) -> Op {
    let mut revised = Patch::of(id);
    patch(&mut revised);
    Op::Revise(revised)
}

fn labels(count: usize) -> Vec<Label> {
    let label = |number: usize| Label {
        name: "n".into(),
        value: number.to_string(),
    };
    (0..count).map(label).collect()
}

fn blob(name: &str, bytes: usize) -> Op {
    Op::Save(Blob {
        name: name.into(),
        bytes: vec![1; bytes],
    })
}

fn receipt(id: &str, citations: usize, note: usize) -> Receipt {
    let cited = |_| Citation {
        memory: "m1".into(),
        score: 1.0,
    };
    Receipt {
        id: id.into(),
        used: (0..citations).map(cited).collect(),
        note: "x".repeat(note),
    }
}

/// Everything that can be read of a namespace.
fn contents(namespace: &Namespace) -> impl PartialEq + std::fmt::Debug + use<> {
    let rows = namespace.scan(&everything(), &View::default()).unwrap();
    let ids: Vec<String> = rows.iter().map(|row| row.memory.id.clone()).collect();
    let links = namespace.links(&ids, None, &View::default());
    let blobs: Vec<_> = (0..4).map(|n| namespace.blob(&format!("b{n}"))).collect();
    (rows, links, blobs)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_write_meets_its_limit_by_name_and_leaves_everything_as_it_was() {
    let small = StoreLimits {
        keys_per_memory: 3,
        labels_per_memory: 2,
        sources_per_memory: 2,
        links_per_memory: 2,
        memory_bytes: 2_000,
        blob_bytes: 1_000,
        writes_per_call: 8,
        vectors_per_call: 6,
        bytes_per_call: 6_000,
        citations_per_receipt: 3,
        note_bytes: 100,
        key_names: 2,
        rows: 20,
        stored_bytes: 10_000,
        resident_bytes: 30_000,
        ..StoreLimits::default()
    };
    let home = tempfile::tempdir().unwrap();
    let store = limited(home.path(), small).await;
    let namespace = store.namespace("a").await.unwrap();
    let given = [keyed(1, "task"), insert("two"), insert("three")];
    namespace.apply(transaction(given)).await.unwrap();
    let given = [
        connect("m1", "m2", "k", 1.0),
        connect("m1", "m3", "k", 1.0),
        blob("b0", 500),
    ];
    namespace.apply(transaction(given)).await.unwrap();
    let (before, held) = (contents(&namespace), namespace.footprint());

    let large = |bytes: usize| Op::Insert(NewMemory::new("item", "x".repeat(bytes)));
    let three = ["a", "b", "c"].map(Source::attempt);
    let sources = Op::Insert(NewMemory {
        sources: three.to_vec(),
        ..NewMemory::new("item", "x")
    });
    let with_labels = Op::Insert(NewMemory {
        labels: labels(3),
        ..NewMemory::new("item", "x")
    });
    let revised_keys = revised("m1", |patch| {
        let Op::Insert(memory) = keyed(4, "task") else {
            unreachable!()
        };
        patch.keys = Some(memory.keys);
    });
    let cases: Vec<(&str, Vec<Op>)> = vec![
        ("insert, keys", vec![insert("fine"), keyed(4, "task")]),
        ("revise, keys", vec![insert("fine"), revised_keys]),
        ("insert, labels", vec![with_labels]),
        (
            "revise, labels",
            vec![revised("m1", |patch| patch.labels = Some(labels(3)))],
        ),
        ("insert, sources", vec![sources]),
        (
            "revise, sources",
            vec![revised("m1", |patch| patch.more_sources = three.to_vec())],
        ),
        (
            "connect",
            vec![insert("fine"), connect("m4", "m1", "k", 1.0)],
        ),
        ("insert, bytes", vec![large(2_000)]),
        (
            "revise, bytes",
            vec![revised("m1", |patch| {
                patch.payload = Some("x".repeat(2_000))
            })],
        ),
        ("save", vec![blob("b1", 1_001)]),
        ("writes", vec![insert("fine"); 9]),
        (
            "vectors",
            vec![keyed(3, "task"), keyed(3, "task"), keyed(1, "task")],
        ),
        ("bytes of a call", (0..4).map(|_| large(1_500)).collect()),
        (
            "names of keys",
            vec![keyed(1, "one more"), keyed(1, "and one more")],
        ),
    ];
    let mut told = String::new();
    for (case, ops) in cases {
        let error = namespace.apply(transaction(ops)).await.unwrap_err();
        assert!(matches!(error, StoreError::Limit { .. }), "{case}: {error}");
        assert!(error.is_refusal());
        told += &format!("{case}\n    {error}\n");
    }
    for (case, citations, note) in [("citations", 4, 0), ("note", 0, 101)] {
        let transaction = Transaction {
            receipts: vec![receipt("r1", citations, note)],
            ..transaction([insert("fine")])
        };
        let error = namespace.apply(transaction).await.unwrap_err();
        told += &format!("{case}\n    {error}\n");
    }
    assert_eq!(contents(&namespace), before);
    assert_eq!(namespace.footprint(), held);

    // A namespace that is full of rows, or of bytes, takes no more, and can be made empty.
    for (case, op) in [("rows", keyed(3, "task")), ("stored bytes", large(1_500))] {
        let error = loop {
            if let Err(error) = namespace.apply(transaction([op.clone()])).await {
                break error;
            }
        };
        told += &format!("{case}\n    {error}\n");
        let full = contents(&namespace);
        for op in [op, blob("b2", 900)] {
            let fits = namespace.apply(transaction([op])).await;
            assert!(fits.is_err() || case == "rows", "{case}");
        }
        assert!(contents(&namespace) == full || case == "rows");
        let rows = namespace.scan(&everything(), &View::default()).unwrap();
        for row in rows {
            let gone = Op::Remove(row.memory.id.into());
            namespace.apply(transaction([gone])).await.unwrap();
        }
        let gone = ["b0", "b2"].map(|name| blob(name, 0));
        namespace.apply(transaction(gone)).await.unwrap();
        assert_eq!(
            (namespace.footprint().rows, namespace.footprint().stored),
            (0, 0)
        );
    }
    insta::assert_snapshot!(told);
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_cannot_fill_the_memory_either() {
    let small = StoreLimits {
        searched_fields: 3,
        resident_bytes: 40_000,
        ..StoreLimits::default()
    };
    let home = tempfile::tempdir().unwrap();
    let store = limited(home.path(), small).await;
    let namespace = store.namespace("a").await.unwrap();
    let view = View::default();
    for field in ["content", "key.a", "key.b"] {
        namespace.search(&lexical("x", field), &view).await.unwrap();
    }
    let error = namespace.search(&lexical("x", "key.c"), &view).await;
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("`searched_fields` under [limits.store]"),
        "{error}"
    );

    let small = StoreLimits {
        resident_bytes: 40_000,
        ..StoreLimits::default()
    };
    let home = tempfile::tempdir().unwrap();
    let store = limited(home.path(), small).await;
    let namespace = store.namespace("b").await.unwrap();
    let words: Vec<String> = (0..1_000).map(|number| format!("w{number}")).collect();
    let op = Op::Insert(NewMemory::new("item", words.join(" ")));
    namespace.apply(transaction([op])).await.unwrap();
    let error = namespace.search(&lexical("w7", "content"), &view).await;
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("`resident_bytes` under [limits.store]"),
        "{error}"
    );
    let found = namespace.search(&semantic("w7", ""), &view).await.unwrap();
    assert!(found.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_was_lowered_refuses_nothing_that_is_there() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path()).await;
    let namespace = store.namespace("a").await.unwrap();
    namespace
        .apply(transaction([keyed(9, "task"), insert("two")]))
        .await
        .unwrap();
    drop(namespace);
    store.close().await.unwrap();
    let tiny = StoreLimits {
        keys_per_memory: 1,
        rows: 1,
        stored_bytes: 1,
        resident_bytes: 1,
        key_names: 1,
        ..StoreLimits::default()
    };
    let store = store.with_limits(tiny);
    let namespace = store.namespace("a").await.unwrap();
    let adjusted = transaction([add("m1", Counter::Uses, 1.0)]);
    namespace.apply(adjusted).await.unwrap();
    namespace
        .apply(transaction([insert("x")]))
        .await
        .unwrap_err();
    namespace
        .apply(transaction([Op::Remove("m1".into())]))
        .await
        .unwrap();
}

/// What a test does next.
#[derive(Debug, Clone)]
enum Step {
    Apply(Vec<Action>, Option<(usize, usize)>),
    Checkpoint,
    Reopen,
}

/// A write; numbers stand for memories, existing or not.
#[derive(Debug, Clone)]
enum Action {
    Insert {
        content: usize,
        keys: usize,
        embedded: bool,
        labels: usize,
        provisional: bool,
    },
    Revise(u8, usize, usize),
    Archive(u8),
    Freeze(u8),
    Cite(u8, u32),
    Adjust(u8),
    Remove(u8),
    Connect(u8, u8, u8),
    Save(u8, usize),
}

fn write(action: &Action) -> Write {
    let id = |number: &u8| format!("m{number}");
    let op = match action {
        Action::Insert {
            content,
            keys,
            embedded,
            labels: count,
            ..
        } => {
            let Op::Insert(mut memory) = keyed(*keys, "task") else {
                unreachable!()
            };
            memory
                .keys
                .iter_mut()
                .for_each(|key| key.embedded = *embedded);
            Op::Insert(NewMemory {
                content: "x".repeat(*content),
                labels: labels(*count),
                ..memory
            })
        }
        Action::Revise(number, content, keys) => revised(&id(number), |patch| {
            let Op::Insert(memory) = keyed(*keys, "other") else {
                unreachable!()
            };
            patch.content = Some("y".repeat(*content));
            patch.keys = Some(memory.keys);
        }),
        Action::Archive(number) => {
            revised(&id(number), |patch| patch.state = Some(State::Archived))
        }
        Action::Freeze(number) => revised(&id(number), |patch| patch.state = Some(State::Frozen)),
        Action::Cite(number, step) => revised(&id(number), |patch| {
            patch.more_sources = vec![Source::step("attempt", *step), Source::attempt("attempt")];
        }),
        Action::Adjust(number) => add(id(number), Counter::Uses, 1.0),
        Action::Remove(number) => Op::Remove(id(number).into()),
        Action::Connect(from, to, kind) => connect(id(from), id(to), &format!("k{kind}"), 1.0),
        Action::Save(number, bytes) => blob(&format!("b{number}"), *bytes),
    };
    let provisional = matches!(
        action,
        Action::Insert {
            provisional: true,
            ..
        }
    );
    Write { op, provisional }
}

fn actions() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => (0usize..900, 0usize..5, any::<bool>(), 0usize..4, any::<bool>()).prop_map(
            |(content, keys, embedded, labels, provisional)| Action::Insert {
                content, keys, embedded, labels, provisional
            }
        ),
        2 => (1u8..12, 0usize..900, 0usize..5).prop_map(|(n, c, k)| Action::Revise(n, c, k)),
        1 => (1u8..12).prop_map(Action::Archive),
        1 => (1u8..24).prop_map(Action::Freeze),
        1 => (1u8..12, 0u32..4).prop_map(|(n, step)| Action::Cite(n, step)),
        1 => (1u8..12).prop_map(Action::Adjust),
        1 => (1u8..12).prop_map(Action::Remove),
        2 => (1u8..6, 1u8..6, 0u8..3).prop_map(|(a, b, k)| Action::Connect(a, b, k)),
        1 => (0u8..4, 0usize..900).prop_map(|(n, bytes)| Action::Save(n, bytes)),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let receipts = proptest::option::weighted(0.3, (0usize..6, 0usize..300));
    let apply = (proptest::collection::vec(actions(), 1..5), receipts)
        .prop_map(|(actions, receipt)| Step::Apply(actions, receipt));
    let step = prop_oneof![12 => apply, 1 => Just(Step::Checkpoint), 1 => Just(Step::Reopen)];
    proptest::collection::vec(step, 1..40)
}

/// Rows and bytes as anybody counts them who reads everything, vectors included: less than what is charged for them.
fn counted(namespace: &Namespace, receipts: &[(usize, usize)]) -> (u64, u64) {
    let rows = namespace.scan(&everything(), &View::default()).unwrap();
    let ids: Vec<String> = rows.iter().map(|row| row.memory.id.clone()).collect();
    let links = namespace.links(&ids, None, &View::default());
    let blobs = (0..4).filter_map(|n| namespace.blob(&format!("b{n}")));
    let blobs: Vec<usize> = blobs.map(|bytes| bytes.len()).collect();
    let keys: usize = rows.iter().map(|row| row.memory.keys.len()).sum();
    let texts: usize = rows
        .iter()
        .map(|Row { memory, .. }| {
            let keys = memory
                .keys
                .iter()
                .map(|key| key.name.len() + key.text.len());
            let labels = memory
                .labels
                .iter()
                .map(|label| label.name.len() + label.value.len());
            let sources = memory.sources.iter().map(|source| source.attempt.len());
            memory.content.len() + keys.chain(labels).chain(sources).sum::<usize>()
        })
        .sum();
    let vectors: usize = rows
        .iter()
        .flat_map(|row| &row.vectors)
        .map(|vector| size_of_val(&vector[..]))
        .sum();
    let cited: usize = receipts
        .iter()
        .map(|(citations, note)| citations * 2 + note)
        .sum();
    let count = rows.len() + keys + links.len() + blobs.len() + receipts.len();
    let bytes = texts + vectors + blobs.iter().sum::<usize>() + cited;
    (count as u64, bytes as u64)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_written_a_namespace_never_holds_more_than_it_may(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let limits = StoreLimits {
                keys_per_memory: 3,
                labels_per_memory: 2,
                sources_per_memory: 3,
                links_per_memory: 4,
                bytes_per_call: 3_000,
                citations_per_receipt: 4,
                note_bytes: 200,
                rows: 24,
                stored_bytes: 9_000,
                resident_bytes: 24_000,
                ..StoreLimits::default()
            };
            let home = tempfile::tempdir().unwrap();
            let mut store = limited(home.path(), limits.clone()).await;
            let mut namespace = store.namespace("a").await.unwrap();
            let mut receipts: Vec<(usize, usize)> = Vec::new();
            for step in steps {
                let (before, held) = (contents(&namespace), namespace.footprint());
                match step {
                    Step::Apply(actions, handed_out) => {
                        let id = format!("r{}", receipts.len());
                        let transaction = Transaction {
                            writes: actions.iter().map(write).collect(),
                            receipts: handed_out
                                .map(|(citations, note)| receipt(&id, citations, note))
                                .into_iter()
                                .collect(),
                            at: 1.0,
                            ..Transaction::default()
                        };
                        match namespace.apply(transaction).await {
                            Ok(_) => receipts.extend(handed_out),
                            Err(error) => {
                                assert!(error.is_refusal(), "{error}");
                                assert_eq!(contents(&namespace), before);
                                assert_eq!(namespace.footprint(), held);
                            }
                        }
                    }
                    Step::Checkpoint => {
                        store.close().await.unwrap();
                        assert_eq!(namespace.footprint(), held);
                    }
                    Step::Reopen => {
                        drop((namespace, store));
                        store = limited(home.path(), limits.clone()).await;
                        namespace = store.namespace("a").await.unwrap();
                        let now = namespace.footprint();
                        assert_eq!((now.rows, now.stored), (held.rows, held.stored));
                        assert!(now.resident <= held.resident, "{now:?}, {held:?}");
                    }
                }
                let footprint = namespace.footprint();
                let (rows, bytes) = counted(&namespace, &receipts);
                assert_eq!(footprint.rows, rows);
                let sources = all(&namespace).into_iter().map(|memory| memory.sources.len());
                assert!(sources.max().unwrap_or_default() <= 3);
                assert!(bytes <= footprint.stored, "{bytes} of {footprint:?}");
                assert!(footprint.rows <= limits.rows, "{footprint:?}");
                assert!(footprint.stored <= limits.stored_bytes, "{footprint:?}");
                assert!(footprint.resident <= limits.resident_bytes, "{footprint:?}");
            }
        });
    }
}
