//! The store alone, over tables in memory: what writes and reads promise, and processes that end or begin at a bad moment.

mod keys;
mod ledger;
mod lifecycle;
mod waiting;
mod writes;

use std::path::Path;

use memhost_contract::embedder::{Embedded, EmbedderIdentity, EmbeddingError};
use memhost_contract::{
    Adjustment, Counter, Key, Memory, NewLink, NewMemory, Op, Patch, Probe, Ranking, Row, Scan,
    Search, Side, State, Target,
};
use memhost_models::embedding::Builtin;

use super::in_memory::InMemory;
use super::manifest::Manifest;
use super::storage::Storage;
use super::tables::Tables;
use super::*;

use async_trait::async_trait;

async fn open(path: &Path) -> Store {
    open_with(path, &InMemory::default()).await
}

async fn open_with(path: &Path, tables: &dyn Format) -> Store {
    let uri = path.to_str().unwrap();
    Store::open(uri, Arc::new(Builtin::default()), tables)
        .await
        .unwrap()
}

/// An embedder of which only the name matters.
struct Other(EmbedderIdentity);

impl Default for Other {
    fn default() -> Self {
        Other(EmbedderIdentity {
            name: "test:other".to_owned(),
            dimension: 1,
        })
    }
}

#[async_trait]
impl Embedder for Other {
    fn identity(&self) -> &EmbedderIdentity {
        &self.0
    }

    async fn embed(&self, texts: &[String], _: Side) -> Result<Embedded, EmbeddingError> {
        Ok(vec![vec![1.0]; texts.len()].into())
    }
}

fn transaction(op: Op) -> Transaction {
    several([op])
}

fn several(ops: impl IntoIterator<Item = Op>) -> Transaction {
    Transaction {
        writes: ops.into_iter().map(Write::at_once).collect(),
        ..Transaction::default()
    }
}

fn insert(content: &str) -> Transaction {
    transaction(Op::Insert(new(content)))
}

fn new(content: &str) -> NewMemory {
    NewMemory {
        keys: vec![keyed(content)],
        ..NewMemory::new("item", content)
    }
}

/// A memory that has nothing but an id.
pub(crate) fn memory(id: &str) -> Memory {
    let NewMemory { counters, .. } = NewMemory::new("", "");
    Memory {
        id: id.into(),
        kind: String::new(),
        title: String::new(),
        content: String::new(),
        keys: Vec::new(),
        labels: Vec::new(),
        payload: String::new(),
        state: State::Active,
        counters,
        sources: Vec::new(),
        expires: None,
        created: 0.0,
        updated: 0.0,
        last_used: 0.0,
    }
}

/// A namespace of a store that ends with the test.
async fn in_memory() -> Namespace {
    let store = Store::in_memory(Arc::new(Builtin::default()))
        .await
        .unwrap();
    store.namespace("a").await.unwrap()
}

fn by_words(text: &str, field: &str) -> Search {
    let probe = Probe {
        text: text.into(),
        field: field.into(),
    };
    search(Ranking::Lexical(probe))
}

fn by_meaning(text: &str) -> Search {
    let probe = Probe {
        text: text.into(),
        field: String::new(),
    };
    search(Ranking::Semantic(probe))
}

fn search(ranking: Ranking) -> Search {
    Search {
        ranking,
        filter: Vec::new(),
        limit: 10,
        min_score: None,
    }
}

fn everything() -> Scan {
    Scan {
        filter: Vec::new(),
        order_by: None,
        descending: false,
        offset: 0,
        limit: u32::MAX,
        with_vectors: true,
    }
}

fn ids(rows: Vec<Row>) -> Vec<String> {
    rows.into_iter().map(|row| row.memory.id).collect()
}

fn use_of(id: &str) -> Transaction {
    transaction(Op::Adjust(Adjustment {
        target: id.into(),
        counter: Counter::Uses,
        delta: 1.0,
        least: None,
        most: None,
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_that_count_outlive_those_that_do_not() {
    let home = tempfile::tempdir().unwrap();
    let tables = InMemory::default();
    let store = open_with(home.path(), &tables).await;
    let namespace = store.namespace("a").await.unwrap();
    namespace.apply(insert("one")).await.unwrap();
    store.close().await.unwrap();

    // As an embedding anew leaves the table of keys if it is killed before its end.
    let counts = store.inner.manifest().await.unwrap();
    let mut never_written = counts.clone();
    tables.replace_keys(&mut never_written, &[]).await.unwrap();
    assert_ne!(never_written, counts);

    // A checkpoint that has nothing to write to the keys.
    namespace.apply(use_of("m1")).await.unwrap();
    store.close().await.unwrap();
    let manifest = store.inner.manifest().await.unwrap();
    tables.prune(&manifest, Duration::ZERO).await.unwrap();
    drop((namespace, store));

    let store = open_with(home.path(), &tables).await;
    let namespace = store.namespace("a").await.unwrap();
    let memories = namespace.get(&["m1".to_owned()], &View::default());
    assert_eq!((memories[0].counters.uses, memories[0].keys.len()), (1, 1));
    namespace.apply(use_of("m1")).await.unwrap();
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_opened_again_is_what_it_was_whether_from_its_journal_or_from_tables() {
    let home = tempfile::tempdir().unwrap();
    let tables = InMemory::default();
    let link = |source: &str, target: &str| {
        transaction(Op::Connect(NewLink {
            source: source.into(),
            target: target.into(),
            kind: "after".into(),
            weight: 0.5,
        }))
    };
    let all = |namespace: &Namespace| {
        let ids: Vec<String> = (1..5).map(|n| format!("m{n}")).collect();
        let footprint = namespace.footprint();
        (
            namespace.get(&ids, &View::default()),
            // Not in memory, where what was removed leaves its place.
            (footprint.rows, footprint.stored),
            namespace.blob("b"),
        )
    };
    for closes in [false, true] {
        let name = format!("closes: {closes}");
        let store = open_with(home.path(), &tables).await;
        let namespace = store.namespace(&name).await.unwrap();
        for text in ["one", "two", "three"] {
            namespace.apply(insert(text)).await.unwrap();
        }
        namespace.apply(link("m1", "m3")).await.unwrap();
        namespace.apply(link("m2", "m3")).await.unwrap();
        if closes {
            store.close().await.unwrap();
        }
        namespace.apply(use_of("m3")).await.unwrap();
        namespace
            .apply(transaction(Op::Remove("m2".into())))
            .await
            .unwrap();
        namespace
            .apply(transaction(Op::Save(memhost_contract::Blob {
                name: "b".into(),
                bytes: vec![1],
            })))
            .await
            .unwrap();
        let before = all(&namespace);
        assert_eq!(before.0.len(), 2);
        if closes {
            store.close().await.unwrap();
        }
        drop((namespace, store));

        let store = open_with(home.path(), &tables).await;
        let namespace = store.namespace(&name).await.unwrap();
        assert_eq!(all(&namespace), before, "{name}");
        let ids = namespace.apply(insert("four")).await.unwrap();
        assert_eq!(ids, ["m4"], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_another_process_has_just_made_is_not_made_again() {
    let home = tempfile::tempdir().unwrap();
    // This process has found no store here; then the other one makes it and writes to it.
    let found_nothing = Storage::open(home.path().to_str().unwrap()).await.unwrap();
    let store = open(home.path()).await;
    let namespace = store.namespace("a").await.unwrap();
    namespace.apply(insert("one")).await.unwrap();
    store.close().await.unwrap();
    let before = store.inner.manifest().await.unwrap();

    let embedder = store.inner.embedder.as_ref();
    create(&found_nothing, embedder).await.unwrap();
    assert_eq!(store.inner.manifest().await.unwrap(), before);
    let error = create(&found_nothing, &Other::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::OtherEmbedder { .. }), "{error}");
    assert_eq!(store.inner.manifest().await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_store_is_made_once_whoever_holds_the_lock() {
    let home = Storage::open("memory://").await.unwrap();
    let manifest = Manifest::new(Builtin::default().identity().clone());
    manifest.create(&home).await.unwrap();
    assert!(manifest.create(&home).await.is_err());
    assert_eq!(Manifest::read(&home).await.unwrap(), Some(manifest));
}

fn keyed(text: &str) -> Key {
    Key::new("task", text)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_too_long_costs_its_end_and_not_its_calls_other_writes() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path()).await;
    let namespace = store.namespace("a").await.unwrap();
    // A letter of two bytes lies across the limit.
    let long = format!("x{}", "é".repeat(LONGEST_NAME));
    let memory = |keys: Vec<Key>| {
        Write::at_once(Op::Insert(NewMemory {
            keys,
            ..NewMemory::new("item", "content")
        }))
    };
    let written = namespace
        .apply(Transaction {
            writes: vec![
                memory(vec![keyed("short")]),
                memory(vec![
                    keyed(&long),
                    keyed("other"),
                    keyed(&format!("{long}!")),
                ]),
                memory(vec![keyed("last")]),
            ],
            ..Transaction::default()
        })
        .await
        .unwrap();
    assert_eq!(written.len(), 3);
    assert_eq!(namespace.cut_texts(), 2);
    let memories = namespace.get(&written, &View::default());
    let keys: Vec<&str> = memories[1]
        .keys
        .iter()
        .map(|key| key.text.as_str())
        .collect();
    assert_eq!(
        keys.len(),
        2,
        "what only differed beyond the limit is one key"
    );
    assert!(long.starts_with(keys[0]) && keys[0].len() == LONGEST_NAME - 1);
    assert_eq!(keys[1], "other");
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_that_were_given_stay_with_their_keys_where_keys_are_cut() {
    let home = tempfile::tempdir().unwrap();
    let uri = home.path().to_str().unwrap();
    let embedder = Other(EmbedderIdentity {
        name: "test:two".to_owned(),
        dimension: 2,
    });
    let store = Store::open(uri, Arc::new(embedder), &InMemory::default())
        .await
        .unwrap();
    let namespace = store.namespace("a").await.unwrap();
    let long = "x".repeat(LONGEST_NAME + 1);
    let keys = vec![keyed(&long), keyed(&format!("{long}y")), keyed("z")];
    let vectors = vec![vec![vec![1.0, 0.0], vec![0.6, 0.8], vec![0.0, 1.0]]];
    let new = transaction(Op::Insert(NewMemory {
        keys,
        ..NewMemory::new("item", "content")
    }));
    namespace.apply_with_vectors(new, vectors).await.unwrap();
    let rows = namespace.scan(&everything(), &View::default()).unwrap();
    assert_eq!(rows[0].vectors, [[1.0, 0.0], [0.0, 1.0]]);
}

#[test]
fn titles_and_labels_are_cut_like_keys_and_what_was_wrong_before_still_is() {
    let long = "x".repeat(LONGEST_NAME + 5);
    let label = |value: &str| memhost_contract::Label {
        name: "tool".into(),
        value: value.into(),
    };
    let mut patch = transaction(Op::Revise(Patch {
        title: Some(long.clone()),
        labels: Some(vec![label(&long), label("a")]),
        ..Patch::of("m1")
    }));
    assert_eq!(shorten::shorten(&mut patch, &mut Vec::new()), 2);
    check::check(&patch, &StoreLimits::default()).unwrap();

    let mut alike = transaction(Op::Insert(NewMemory {
        keys: vec![keyed(&long), keyed(&long[..LONGEST_NAME])],
        ..NewMemory::new("item", "content")
    }));
    assert_eq!(shorten::shorten(&mut alike, &mut Vec::new()), 1);
    check::check(&alike, &StoreLimits::default()).unwrap();

    let mut twice = transaction(Op::Insert(NewMemory {
        keys: vec![keyed("a"), keyed("a")],
        ..NewMemory::new("item", "content")
    }));
    assert_eq!(shorten::shorten(&mut twice, &mut Vec::new()), 0);
    check::check(&twice, &StoreLimits::default()).unwrap_err();
}
