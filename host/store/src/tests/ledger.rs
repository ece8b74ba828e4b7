//! What has happened: numbered, timed, kept, and out of a strategy's reach.

use memhost_contract::Blob;

use super::*;

fn happened(body: &str) -> NewEntry {
    NewEntry {
        kind: "attempted".into(),
        about: "a1".into(),
        body: body.into(),
    }
}

fn bodies(namespace: &Namespace, since: u64) -> Vec<(u64, f64, String)> {
    let entries = namespace.entries(since, 100).into_iter();
    entries
        .map(|entry| (entry.number, entry.at, entry.body))
        .collect()
}

#[tokio::test]
async fn entries_are_numbered_from_one_and_never_earlier_than_those_before_them() {
    let namespace = in_memory().await;
    assert_eq!(namespace.last_entry(), 0);
    let enter = |body: &str, at| namespace.enter(vec![happened(body)], at);
    assert_eq!(enter("one", 5.0).await.unwrap(), 1);
    assert_eq!(enter("two", 3.0).await.unwrap(), 2);
    assert_eq!(enter("three", 8.0).await.unwrap(), 3);
    assert_eq!(namespace.enter(vec![], 9.0).await.unwrap(), 3);
    let expected = [(2, 5.0, "two"), (3, 8.0, "three")];
    assert_eq!(
        bodies(&namespace, 1),
        expected.map(|(number, at, body)| (number, at, body.to_owned()))
    );
    assert_eq!(namespace.entries(0, 2).len(), 2);
}

#[tokio::test]
async fn many_callers_get_numbers_of_their_own() {
    let namespace = in_memory().await;
    let numbers = (0..200).map(|number| {
        let (namespace, body) = (namespace.clone(), number.to_string());
        tokio::spawn(async move { namespace.enter(vec![happened(&body)], 1.0).await.unwrap() })
    });
    let mut all = Vec::new();
    for number in numbers.collect::<Vec<_>>() {
        all.push(number.await.unwrap());
    }
    all.sort_unstable();
    assert_eq!(all, (1..=200).collect::<Vec<u64>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_there_after_a_checkpoint_after_a_kill_and_after_both() {
    let home = tempfile::tempdir().unwrap();
    let tables = InMemory::default();
    let store = open_with(home.path(), &tables).await;
    let namespace = store.namespace("a").await.unwrap();
    namespace.enter(vec![happened("one")], 1.0).await.unwrap();
    store.close().await.unwrap();
    namespace.enter(vec![happened("two")], 2.0).await.unwrap();
    drop((namespace, store));

    for _ in 0..2 {
        let store = open_with(home.path(), &tables).await;
        let namespace = store.namespace("a").await.unwrap();
        let expected = [(1, 1.0, "one".to_owned()), (2, 2.0, "two".to_owned())];
        assert_eq!(bodies(&namespace, 0), expected);
        assert!(namespace.footprint().rows >= 2);
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn what_the_host_keeps_for_itself_is_kept_with_the_writes_and_no_strategy_may_write_it() {
    let namespace = in_memory().await;
    let blob = |name: &str| Blob {
        name: name.into(),
        bytes: vec![7; 100],
    };
    let mut with_state = insert("one");
    with_state.host_blobs = vec![blob("memhost/progress")];
    with_state.entries = vec![happened("learnt")];
    assert_eq!(namespace.apply(with_state).await.unwrap(), ["m1"]);
    assert_eq!(namespace.blob("memhost/progress"), Some(vec![7; 100]));
    assert_eq!(namespace.last_entry(), 1);

    let stolen = namespace.apply(transaction(Op::Save(blob("memhost/progress"))));
    let error = stolen.await.unwrap_err();
    assert!(error.is_refusal(), "{error}");
    assert!(error.to_string().contains("the host's own"), "{error}");
}

/// A strategy that writes as much as it may is not refused for what the host adds.
#[tokio::test]
async fn what_the_host_adds_counts_to_the_namespace_and_not_to_the_call() {
    let store = Store::in_memory(Arc::new(Builtin::default())).await;
    let limits = StoreLimits {
        writes_per_call: 1,
        bytes_per_call: 2_000,
        ..StoreLimits::default()
    };
    let namespace = store.unwrap().with_limits(limits);
    let namespace = namespace.namespace("a").await.unwrap();
    let before = namespace.footprint();
    let mut transaction = insert("one");
    transaction.entries = vec![happened(&"x".repeat(10_000))];
    transaction.host_blobs = vec![Blob {
        name: "memhost/progress".into(),
        bytes: vec![0; 10_000],
    }];
    namespace.apply(transaction).await.unwrap();
    let after = namespace.footprint();
    assert!(after.stored > before.stored + 20_000 && after.rows == before.rows + 4);
}
