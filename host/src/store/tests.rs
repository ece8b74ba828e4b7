//! What cannot be brought about from outside: checkpoints of two processes that end halfway, and what is written when.

use std::path::Path;

use lancedb::table::Duration;

use super::*;
use crate::contract::{Adjustment, Counter, Counters, Key, NewMemory};
use crate::embedding::Builtin;

async fn open(path: &Path) -> Store {
    let uri = path.to_str().unwrap();
    Store::open(uri, Arc::new(Builtin::default()))
        .await
        .unwrap()
}

fn transaction(op: Op) -> Transaction {
    Transaction {
        writes: vec![Write {
            op,
            provisional: false,
        }],
        ..Transaction::default()
    }
}

fn insert(content: &str) -> Transaction {
    transaction(Op::Insert(NewMemory {
        kind: "item".into(),
        title: String::new(),
        content: content.into(),
        keys: vec![Key {
            name: "task".into(),
            text: content.into(),
        }],
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
    }))
}

fn use_of(id: &str) -> Transaction {
    transaction(Op::Adjust(Adjustment {
        id: id.into(),
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
    let counts = store.inner.manifest().await.unwrap();
    let mut never_written = counts.clone();
    let views = &store.inner.views;
    views.replace_keys(&mut never_written, &[]).await.unwrap();
    assert_ne!(never_written, counts);

    // A checkpoint that has nothing to write to the keys.
    namespace.apply(use_of("m1")).await.unwrap();
    store.close().await.unwrap();
    let manifest = store.inner.manifest().await.unwrap();
    views.prune(&manifest, Duration::zero()).await.unwrap();
    drop((namespace, store));

    let store = open(home.path()).await;
    let namespace = store.namespace("a").await.unwrap();
    let memories = namespace.get(&["m1".to_owned()], &View::default());
    assert_eq!((memories[0].counters.uses, memories[0].keys.len()), (1, 1));
    namespace.apply(use_of("m1")).await.unwrap();
    store.close().await.unwrap();
}
