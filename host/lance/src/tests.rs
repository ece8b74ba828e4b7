//! What LanceDB does to files, which cannot be seen from outside: what is synced when, and which versions stay.

mod index;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use memhost_contract::embedder::{Embedded, Embedder, EmbedderIdentity, EmbeddingError};
use memhost_contract::{
    Adjustment, Counter, Key, Memory, NewMemory, Op, Patch, Row, Scan, Side, Source, State,
};
use memhost_models::embedding::Builtin;
use memhost_store::tables::{Manifest, Storage, Tables};
use memhost_store::{NewEntry, Store, Transaction, View, Write};
use memhost_testing::synced::{note_synced, synced};

use super::views::Views;
use crate::Lance;

async fn open(path: &Path) -> Store {
    let uri = path.to_str().unwrap();
    Store::open(uri, Arc::new(Builtin::default()), &Lance)
        .await
        .unwrap()
}

/// The tables of a store as they are, and which versions count.
async fn tables(path: &Path) -> (Views, Manifest) {
    let home = Storage::open(path.to_str().unwrap()).await.unwrap();
    let manifest = Manifest::read(&home).await.unwrap().unwrap();
    (Views::open(&home).await.unwrap(), manifest)
}

fn transaction(op: Op) -> Transaction {
    Transaction {
        writes: vec![Write::at_once(op)],
        ..Transaction::default()
    }
}

fn insert(content: &str) -> Transaction {
    transaction(Op::Insert(NewMemory {
        keys: vec![Key::new("task", content)],
        ..NewMemory::new("item", content)
    }))
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
async fn the_versions_that_count_outlive_pruning_after_versions_that_did_not() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path()).await;
    let namespace = store.namespace("a").await.unwrap();
    namespace.apply(insert("one")).await.unwrap();
    store.close().await.unwrap();

    // As an embedding anew leaves the table of keys if it is killed before its end.
    let (views, counts) = tables(home.path()).await;
    let mut never_written = counts.clone();
    views.replace_keys(&mut never_written, &[]).await.unwrap();
    assert_ne!(never_written, counts);

    // A checkpoint that has nothing to write to the keys.
    namespace.apply(use_of("m1")).await.unwrap();
    store.close().await.unwrap();
    let (views, manifest) = tables(home.path()).await;
    views.prune(&manifest, Duration::ZERO).await.unwrap();
    drop((namespace, store));

    let store = open(home.path()).await;
    let namespace = store.namespace("a").await.unwrap();
    let memories = namespace.get(&["m1".to_owned()], &View::default());
    assert_eq!((memories[0].counters.uses, memories[0].keys.len()), (1, 1));
    namespace.apply(use_of("m1")).await.unwrap();
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_is_read_back_from_the_tables_and_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let entry = |body: &str| NewEntry {
        kind: "attempted".into(),
        about: "a1".into(),
        body: body.into(),
    };
    for (round, bodies) in [["one", "two"], ["three", "four"]].into_iter().enumerate() {
        let store = open(home.path()).await;
        for name in ["a", "b"] {
            let ledger = store.namespace(name).await.unwrap();
            let entries = bodies.map(entry).into();
            let last = ledger.enter(entries, 100.0 + round as f64).await.unwrap();
            assert_eq!(last, 2 * (round as u64 + 1));
        }
        store.close().await.unwrap();
    }
    let store = open(home.path()).await;
    let ledger = store.namespace("b").await.unwrap();
    let read: Vec<(u64, f64, String)> = ledger
        .entries(1, 10)
        .into_iter()
        .map(|entry| (entry.number, entry.at, entry.body))
        .collect();
    let expected = [(2, 100.0, "two"), (3, 101.0, "three"), (4, 101.0, "four")];
    assert_eq!(
        read,
        expected.map(|(number, at, body)| (number, at, body.to_owned()))
    );
    store.close().await.unwrap();
}

/// All files below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => vec![path],
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_synced_with_every_name_that_leads_to_it() {
    note_synced();
    let home = tempfile::tempdir().unwrap();
    let home = home.path().canonicalize().unwrap();
    let path = home.join("made/on the way");
    let store = open(&path).await;
    let of_parents = synced(&home);
    assert!(of_parents.contains(&home) && of_parents.contains(&home.join("made")));
    assert!(of_parents.contains(&path) && of_parents.contains(&path.join("memhost.json")));

    let namespace = store.namespace("a").await.unwrap();
    let journals = path.join("journal");
    let (mut before, mut folder) = (0, PathBuf::new());
    for text in ["one", "two", "three"] {
        namespace.apply(insert(text)).await.unwrap();
        let log = files(&journals);
        let log = log
            .iter()
            .find(|path| path.extension() == Some("log".as_ref()));
        folder = log.unwrap().parent().unwrap().to_path_buf();
        let now = synced(log.unwrap()).len();
        assert!(now > before, "{text} was acknowledged before it was synced");
        before = now;
    }
    let names = synced(&journals);
    assert!(names.contains(&folder), "the journal's name");
    assert!(names.contains(&journals), "its folder's name");

    let of_journals = synced(&home).len();
    store.close().await.unwrap();
    let of_tables = &synced(&home)[of_journals..];
    let place = |path: &Path| of_tables.iter().position(|synced| synced == path);
    let manifest = place(&path.join("memhost.json")).unwrap();
    for file in files(&path) {
        if file
            .components()
            .any(|part| Path::new(&part).extension() == Some("lance".as_ref()))
        {
            let file_and_name = [file.as_path(), file.parent().unwrap()];
            assert!(
                file_and_name
                    .iter()
                    .all(|path| place(path).is_some_and(|place| place < manifest)),
                "{} counted before it was synced",
                file.display()
            );
        }
    }
    let journals = of_tables.iter().rposition(|synced| *synced == folder);
    assert!(
        journals.unwrap() > manifest,
        "the journal went before the tables counted"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_only_changed_does_not_grow() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path()).await;
    let namespace = store.namespace("a").await.unwrap();
    namespace.apply(insert("one")).await.unwrap();
    let mut counts = Vec::new();
    for _ in 0..2 {
        for _ in 0..40 {
            namespace.apply(use_of("m1")).await.unwrap();
            store.close().await.unwrap();
        }
        let (views, manifest) = tables(home.path()).await;
        views.prune(&manifest, Duration::ZERO).await.unwrap();
        counts.push(files(home.path()).len());
    }
    assert!(counts[0] < 60 && counts[1] < 60, "{counts:?} files");
}

/// An embedder of which only the length of its vectors matters.
struct OfLength(EmbedderIdentity);

impl OfLength {
    fn new(dimension: usize) -> Arc<OfLength> {
        Arc::new(OfLength(EmbedderIdentity {
            name: format!("test:{dimension}"),
            dimension,
        }))
    }
}

#[async_trait]
impl Embedder for OfLength {
    fn identity(&self) -> &EmbedderIdentity {
        &self.0
    }

    async fn embed(&self, texts: &[String], _: Side) -> Result<Embedded, EmbeddingError> {
        let mut vector = vec![0.0; self.0.dimension];
        vector[0] = 1.0;
        Ok(vec![vector; texts.len()].into())
    }
}

/// Memories with all that a column can lack, or hold of odd texts.
fn odd_memories() -> Vec<NewMemory> {
    let words = |text: &str| Key {
        embedded: false,
        ..Key::new("task", text)
    };
    let sources = vec![
        Source::attempt(""),
        Source::step("", 0),
        Source::attempt("a#1"),
        Source::step("a", 1),
        Source::step("nul \0 and \"quotes\"\nand '日本'", u32::MAX),
    ];
    vec![
        NewMemory::new("item", "nothing else"),
        NewMemory {
            keys: vec![words("one")],
            ..NewMemory::new("item", "only words")
        },
        NewMemory {
            keys: vec![words("one"), Key::new("task", "two"), words("three")],
            sources: sources.clone(),
            expires: Some(-0.5),
            ..NewMemory::new("item", "everything")
        },
        NewMemory {
            keys: vec![Key::new("task", "two")],
            sources: sources.into_iter().rev().collect(),
            expires: Some(f64::MAX),
            ..NewMemory::new("item", "the other way round")
        },
    ]
}

async fn rows_of(path: &Path, embedder: Arc<OfLength>) -> Vec<Row> {
    let store = Store::open(path.to_str().unwrap(), embedder, &Lance);
    let namespace = store.await.unwrap().namespace("a").await.unwrap();
    let all = Scan {
        filter: Vec::new(),
        order_by: None,
        descending: false,
        offset: 0,
        limit: u32::MAX,
        with_vectors: true,
    };
    namespace.scan(&all, &View::default()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_memories_have_or_lack_comes_back_from_the_tables_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    let uri = home.path().to_str().unwrap();
    let (few, many) = (OfLength::new(2), OfLength::new(7));
    let store = Store::open(uri, few.clone(), &Lance).await.unwrap();
    let namespace = store.namespace("a").await.unwrap();
    for memory in odd_memories() {
        let inserted = transaction(Op::Insert(memory));
        namespace.apply(inserted).await.unwrap();
        // Each in files of its own, some of which have no vector at all.
        store.close().await.unwrap();
    }
    let freeze = Op::Revise(Patch::to_state("m3", State::Frozen));
    namespace.apply(transaction(freeze)).await.unwrap();
    drop((namespace, store));
    let from_journal = rows_of(home.path(), few.clone()).await;
    let from_tables = rows_of(home.path(), few.clone()).await;
    assert_eq!(from_tables, from_journal);
    for (row, new) in from_tables.iter().zip(odd_memories()) {
        let Memory {
            keys,
            sources,
            expires,
            ..
        } = &row.memory;
        assert_eq!((keys, sources), (&new.keys, &new.sources));
        assert_eq!(*expires, new.expires);
        let lengths: Vec<usize> = row.vectors.iter().map(Vec::len).collect();
        let expected: Vec<usize> = keys
            .iter()
            .map(|key| 2 * usize::from(key.embedded))
            .collect();
        assert_eq!(lengths, expected);
    }
    assert_eq!(from_tables[2].memory.state, State::Frozen);

    // So often that the tables are compacted.
    const MORE: usize = 20;
    for _ in 0..MORE {
        let store = Store::open(uri, few.clone(), &Lance).await.unwrap();
        let namespace = store.namespace("a").await.unwrap();
        let everything = Op::Insert(odd_memories().remove(2));
        namespace.apply(transaction(everything)).await.unwrap();
        store.close().await.unwrap();
    }
    let compacted = rows_of(home.path(), few).await;
    let (before, more) = compacted.split_at(from_tables.len());
    assert_eq!((before, more.len()), (&from_tables[..], MORE));
    for row in more {
        assert_eq!(row.memory.keys, from_tables[2].memory.keys);
        assert_eq!(row.memory.sources, from_tables[2].memory.sources);
        assert_eq!(row.vectors, from_tables[2].vectors);
    }

    // With vectors of another length.
    let reembedded = Store::reembed(uri, many.clone(), &Lance).await.unwrap();
    assert_eq!(reembedded.keys, 2 + MORE);
    let verified = Store::verify(uri, &Lance).await.unwrap();
    assert!(verified.is_sound(), "{verified:?}");
    for (row, before) in rows_of(home.path(), many).await.iter().zip(compacted) {
        assert_eq!(row.memory, before.memory);
        let lengths = row.vectors.iter().map(Vec::len);
        let before = before.vectors.iter().map(|vector| vector.len() / 2 * 7);
        assert!(lengths.eq(before));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repair_keeps_keys_without_a_vector_as_they_were() {
    let home = tempfile::tempdir().unwrap();
    let uri = home.path().to_str().unwrap();
    let embedder = OfLength::new(2);
    let store = Store::open(uri, embedder.clone(), &Lance).await.unwrap();
    let namespace = store.namespace("a").await.unwrap();
    for memory in odd_memories() {
        let inserted = transaction(Op::Insert(memory));
        namespace.apply(inserted).await.unwrap();
    }
    store.close().await.unwrap();
    // What is written anew beside the damaged file is read again by the repair.
    namespace.apply(use_of("m1")).await.unwrap();
    store.close().await.unwrap();
    drop((namespace, store));
    let before = rows_of(home.path(), embedder.clone()).await;

    let mut data = files(&home.path().join("memories.lance/data"));
    data.sort_by_key(|file| fs::metadata(file).unwrap().len());
    fs::write(data.remove(0), b"").unwrap();
    let repaired = Store::repair(uri, false, &Lance).await.unwrap();
    let names = repaired.tables.iter().map(|table| table.name.as_str());
    assert_eq!(Vec::from_iter(names), ["memories", "keys"]);
    let after = rows_of(home.path(), embedder).await;
    assert!(!after.is_empty() && after.len() < before.len());
    assert!(after.iter().all(|row| before.contains(row)), "{after:?}");
    assert!(Store::verify(uri, &Lance).await.unwrap().is_sound());
}
