//! Keys that are not embedded: found by their words alone, and without a vector anywhere.

use std::sync::Mutex;

use super::*;

const DIMENSION: usize = 4;

/// An embedder that notes what it was given.
struct Noting {
    identity: EmbedderIdentity,
    texts: Mutex<Vec<String>>,
}

impl Noting {
    fn new(dimension: usize) -> Arc<Noting> {
        Arc::new(Noting {
            identity: EmbedderIdentity {
                name: format!("test:noting-{dimension}"),
                dimension,
            },
            texts: Mutex::default(),
        })
    }

    /// What it was given since it was last asked.
    fn noted(&self) -> Vec<String> {
        std::mem::take(&mut *self.texts.lock().unwrap())
    }
}

#[async_trait]
impl Embedder for Noting {
    fn identity(&self) -> &EmbedderIdentity {
        &self.identity
    }

    async fn embed(&self, texts: &[String], _: Side) -> Result<Embedded, EmbeddingError> {
        self.texts.lock().unwrap().extend(texts.iter().cloned());
        let mut vector = vec![0.0; self.identity.dimension];
        vector[0] = 1.0;
        Ok(vec![vector; texts.len()].into())
    }
}

async fn noting(limits: StoreLimits) -> (Namespace, Arc<Noting>) {
    let embedder = Noting::new(DIMENSION);
    let store = Store::in_memory(embedder.clone()).await.unwrap();
    let namespace = store.with_limits(limits).namespace("a").await.unwrap();
    (namespace, embedder)
}

fn by_words_alone(name: &str, text: &str) -> Key {
    Key {
        embedded: false,
        ..Key::new(name, text)
    }
}

fn with_keys(keys: Vec<Key>) -> Transaction {
    transaction(Op::Insert(NewMemory {
        title: "a title".into(),
        keys,
        ..NewMemory::new("item", "some content")
    }))
}

fn rekeyed(keys: Vec<Key>) -> Transaction {
    transaction(Op::Revise(Patch {
        keys: Some(keys),
        ..Patch::of("m1")
    }))
}

/// Of the keys of all memories, which have a vector.
fn have_vectors(namespace: &Namespace) -> Vec<Vec<bool>> {
    let rows = namespace.scan(&everything(), &View::default()).unwrap();
    let of_row = |row: &Row| {
        assert_eq!(row.vectors.len(), row.memory.keys.len());
        let keys = row.memory.keys.iter().zip(&row.vectors);
        keys.map(|(key, vector)| {
            assert_eq!(key.embedded, vector.len() == DIMENSION);
            assert_eq!(!key.embedded, vector.is_empty());
            key.embedded
        })
        .collect()
    };
    rows.iter().map(of_row).collect()
}

async fn hits(namespace: &Namespace, search: Search) -> Vec<(String, String)> {
    let hits = namespace.search(&search, &View::default()).await.unwrap();
    hits.into_iter().map(|hit| (hit.id, hit.key)).collect()
}

fn named(id: &str, key: &str) -> (String, String) {
    (id.to_owned(), key.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_not_embedded_is_found_by_its_words_alone() {
    let (namespace, embedder) = noting(StoreLimits::default()).await;
    let words = || by_words_alone("error", "segmentation fault");
    let only_words = with_keys(vec![words()]);
    namespace.apply(only_words).await.unwrap();
    assert_eq!(embedder.noted(), Vec::<String>::new());
    let both = vec![words(), keyed("a crash"), by_words_alone("task", "stack")];
    namespace.apply(with_keys(both)).await.unwrap();
    assert_eq!(embedder.noted(), ["a crash"]);
    assert_eq!(
        have_vectors(&namespace),
        [vec![false], vec![false, true, false]]
    );

    assert_eq!(
        hits(&namespace, by_meaning("fault")).await,
        [named("m2", "task")]
    );
    let of_name = |field: &str| {
        search(Ranking::Semantic(Probe {
            text: "fault".into(),
            field: field.into(),
        }))
    };
    assert_eq!(hits(&namespace, of_name("error")).await, []);
    assert_eq!(
        hits(&namespace, of_name("task")).await,
        [named("m2", "task")]
    );
    let both = [named("m1", ""), named("m2", "")];
    for (text, field) in [
        ("faults", "key.error"),
        ("content", "content"),
        ("title", "title"),
    ] {
        assert_eq!(hits(&namespace, by_words(text, field)).await, both);
    }
    let stack = by_words("stack", "key.task");
    assert_eq!(hits(&namespace, stack).await, [named("m2", "")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_not_embedded_costs_no_vector() {
    let limits = StoreLimits {
        vectors_per_call: 1,
        ..StoreLimits::default()
    };
    let (namespace, _) = noting(limits.clone()).await;
    let words = vec![
        by_words_alone("task", "one"),
        by_words_alone("task", "two"),
        by_words_alone("task", "three"),
        keyed("four"),
    ];
    namespace.apply(with_keys(words)).await.unwrap();
    let two = vec![keyed("one"), keyed("two")];
    let error = namespace.apply(with_keys(two)).await.unwrap_err();
    assert!(error.to_string().contains("vectors of one call"), "{error}");

    // The same memory with and without its vector.
    let before = namespace.footprint();
    let rekey = rekeyed(vec![by_words_alone("task", "one"), keyed("two")]);
    namespace.apply(rekey).await.unwrap();
    let with = namespace.footprint();
    let without = rekeyed(vec![
        by_words_alone("task", "one"),
        by_words_alone("task", "two"),
    ]);
    namespace.apply(without).await.unwrap();
    let without = namespace.footprint();
    assert!(with.stored < before.stored);
    assert_eq!(with.rows, without.rows);
    assert_eq!(with.stored - without.stored, 4 * DIMENSION as u64);
    assert!(with.resident - without.resident > 4 * DIMENSION as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_come_and_go_with_what_a_patch_says_of_the_keys() {
    let (namespace, embedder) = noting(StoreLimits::default()).await;
    namespace
        .apply(with_keys(vec![keyed("one")]))
        .await
        .unwrap();
    for (keys, expected) in [
        (
            vec![by_words_alone("task", "one"), keyed("two")],
            vec![false, true],
        ),
        (vec![by_words_alone("task", "one")], vec![false]),
        (vec![], vec![]),
        (
            vec![keyed("one"), by_words_alone("task", "two")],
            vec![true, false],
        ),
    ] {
        namespace.apply(rekeyed(keys)).await.unwrap();
        assert_eq!(have_vectors(&namespace), std::slice::from_ref(&expected));
        let found = hits(&namespace, by_meaning("one")).await;
        assert_eq!(found.len(), usize::from(expected.contains(&true)));
    }
    embedder.noted();
    namespace.apply(use_of("m1")).await.unwrap();
    assert_eq!(have_vectors(&namespace), [vec![true, false]]);
    assert_eq!(embedder.noted(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_that_are_given_leave_those_keys_out() {
    let (namespace, embedder) = noting(StoreLimits::default()).await;
    let keys = || vec![by_words_alone("task", "one"), keyed("two")];
    let vector = || vec![0.0, 1.0, 0.0, 0.0];
    for wrong in [
        vec![vector()],
        vec![vector(), vector()],
        vec![vec![], vec![]],
        vec![vector(), vec![]],
    ] {
        let vectors = vec![wrong.clone()];
        let error = namespace.apply_with_vectors(with_keys(keys()), vectors);
        let error = error.await.unwrap_err();
        assert!(error.is_refusal(), "{wrong:?}: {error}");
    }
    let vectors = vec![vec![vec![], vector()]];
    let applied = namespace.apply_with_vectors(with_keys(keys()), vectors);
    applied.await.unwrap();
    assert_eq!(have_vectors(&namespace), [vec![false, true]]);
    assert_eq!(embedder.noted(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_without_a_vector_come_back_as_they_were_and_are_not_embedded_anew() {
    let home = tempfile::tempdir().unwrap();
    let uri = home.path().to_str().unwrap();
    let tables = InMemory::default();
    let keys = vec![by_words_alone("task", "one"), keyed("two")];
    let embedder = Noting::new(DIMENSION);
    for closes in [false, true] {
        let store = Store::open(uri, embedder.clone(), &tables).await.unwrap();
        let namespace = store.namespace("a").await.unwrap();
        namespace.apply(with_keys(keys.clone())).await.unwrap();
        if closes {
            store.close().await.unwrap();
        }
    }
    assert_eq!(embedder.noted(), ["two", "two"]);
    let expected = vec![vec![false, true]; 2];
    let footprint = {
        let store = Store::open(uri, embedder.clone(), &tables).await.unwrap();
        let namespace = store.namespace("a").await.unwrap();
        assert_eq!(have_vectors(&namespace), expected);
        namespace.footprint()
    };

    let other = Noting::new(3);
    let reembedded = Store::reembed(uri, other.clone(), &tables).await.unwrap();
    assert_eq!((reembedded.keys, other.noted().len()), (2, 2));
    let back = Store::reembed(uri, embedder.clone(), &tables)
        .await
        .unwrap();
    assert_eq!(back.keys, 2);
    let store = Store::open(uri, embedder, &tables).await.unwrap();
    let namespace = store.namespace("a").await.unwrap();
    assert_eq!(have_vectors(&namespace), expected);
    assert_eq!(namespace.footprint(), footprint);
}
