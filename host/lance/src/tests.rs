//! What LanceDB does to files, which cannot be seen from outside: what is synced when, and which versions stay.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use memhost_contract::{Adjustment, Counter, Key, NewMemory, Op};
use memhost_models::embedding::Builtin;
use memhost_store::tables::{Manifest, Storage, Tables};
use memhost_store::{Store, Transaction, View, Write};
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
    let mut before = 0;
    for text in ["one", "two", "three"] {
        namespace.apply(insert(text)).await.unwrap();
        let log = files(&journals);
        let log = log
            .iter()
            .find(|path| path.extension() == Some("log".as_ref()));
        let now = synced(log.unwrap()).len();
        assert!(now > before, "{text} was acknowledged before it was synced");
        before = now;
    }
    assert!(synced(&journals).contains(&journals), "the journal's name");

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
    let journals = of_tables.iter().rposition(|synced| *synced == journals);
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
