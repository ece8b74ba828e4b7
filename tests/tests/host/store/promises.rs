//! Transactions.

use std::collections::HashSet;
use std::time::Duration;

use memhost::contract::{Blob, Citation, Counter, Label, Receipt, State};
use memhost::store::{LONGEST_TEXT, StoreError};

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_all_or_nothing() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path()).await;
    let namespace = store.namespace("a").await.unwrap();
    namespace
        .apply(transaction([insert("one"), insert("two")]))
        .await
        .unwrap();
    let before = all(&namespace);

    let error = namespace
        .apply(transaction([
            insert("three"),
            add("m1", Counter::Weight, 5.0),
            connect("m1", "m3", "similar", 1.0),
            Op::Save(Blob {
                name: "state".into(),
                bytes: vec![1],
            }),
            Op::Remove("m2".into()),
            Op::Remove("m99".into()),
        ]))
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        StoreError::Refused {
            number: 6,
            operation: "remove",
            ..
        }
    ));
    assert!(error.to_string().contains("`m99`"), "{error}");

    assert_eq!(all(&namespace), before);
    assert_eq!(namespace.blob("state"), None);
    assert!(
        namespace
            .links(&["m1".into()], None, &View::default())
            .is_empty()
    );
    drop((namespace, store));
    let namespace = open(home.path()).await.namespace("a").await.unwrap();
    assert_eq!(all(&namespace), before);
    // The id that the failed transaction would have given was never given.
    assert_eq!(
        namespace
            .apply(transaction([insert("three")]))
            .await
            .unwrap(),
        ["m3"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_reads_its_own_writes_and_later_writes_see_earlier_ones() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path()).await;
    let namespace = store.namespace("a").await.unwrap();
    let ids = namespace
        .apply(transaction([
            insert("apple pie"),
            insert("pear tart"),
            add("m1", Counter::Uses, 2.0),
            connect("m1", "m2", "similar", 0.5),
            connect("m1", "m2", "similar", 0.7),
            Op::Revise(Patch {
                content: Some("plum tart".into()),
                keys: Some(vec![Key::new("when", "dessert")]),
                ..Patch::of("m2")
            }),
        ]))
        .await
        .unwrap();
    assert_eq!(ids, ["m1", "m2"]);
    let view = View::default();
    assert_eq!(namespace.get(&ids, &view)[0].counters.uses, 2);
    assert_eq!(namespace.get(&ids, &view)[1].content, "plum tart");
    assert_eq!(namespace.links(&ids, None, &view)[0].weight, 0.7);

    let hits = namespace
        .search(&semantic("dessert", "when"), &view)
        .await
        .unwrap();
    assert_eq!(
        (hits[0].id.as_str(), hits[0].key.as_str(), hits.len()),
        ("m2", "when", 1)
    );
    assert!((hits[0].score - 1.0).abs() < 1e-6);
    let hits = namespace
        .search(&lexical("plums", "content"), &view)
        .await
        .unwrap();
    assert_eq!((hits[0].id.as_str(), hits.len()), ("m2", 1));
    // An index that exists already follows.
    namespace
        .apply(transaction([insert("plum jam"), Op::Remove("m2".into())]))
        .await
        .unwrap();
    let hits = namespace
        .search(&lexical("plums", "content"), &view)
        .await
        .unwrap();
    assert_eq!((hits[0].id.as_str(), hits.len()), ("m3", 1));
    assert!(
        namespace
            .search(&lexical("dessert", "key.when"), &view)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        namespace.links(&ids, None, &view).is_empty(),
        "links go with their memories"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn adjustments_of_sixteen_callers_add_up() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path()).await;
    let namespace = store.namespace("a").await.unwrap();
    namespace
        .apply(transaction([insert("counted"), insert("bounded")]))
        .await
        .unwrap();
    let callers: Vec<_> = (0..16)
        .map(|_| {
            let namespace = namespace.clone();
            tokio::spawn(async move {
                for _ in 0..25 {
                    let mut bounded = transaction([
                        add("m1", Counter::Weight, 0.25),
                        add("m1", Counter::Wins, 1.0),
                    ]);
                    bounded.writes.push(Write::at_once(Op::Adjust(Adjustment {
                        target: "m2".into(),
                        counter: Counter::Losses,
                        delta: -0.6,
                        least: None,
                        most: None,
                    })));
                    namespace.apply(bounded).await.unwrap();
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    let check = |memories: Vec<Memory>| {
        assert_eq!(memories[0].counters.weight, 1.0 + 16.0 * 25.0 * 0.25);
        assert_eq!(memories[0].counters.wins, 400);
        assert_eq!(
            memories[1].counters.losses, 0,
            "a whole number never falls below 0"
        );
    };
    check(all(&namespace));
    store.close().await.unwrap();
    drop((namespace, store));
    check(all(&open(home.path()).await.namespace("a").await.unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn adjustments_are_clamped_and_rounded() {
    let home = tempfile::tempdir().unwrap();
    let namespace = open(home.path()).await.namespace("a").await.unwrap();
    namespace.apply(transaction([insert("x")])).await.unwrap();
    let clamp = |counter, delta, least, most| {
        Op::Adjust(Adjustment {
            target: "m1".into(),
            counter,
            delta,
            least,
            most,
        })
    };
    namespace
        .apply(transaction([
            clamp(Counter::Weight, 10.0, None, Some(2.5)),
            clamp(Counter::Strength, -4.0, Some(-1.5), None),
            clamp(Counter::Uses, 1.5, None, None),
            clamp(Counter::Wins, 1e20, None, None),
        ]))
        .await
        .unwrap();
    let counters = all(&namespace)[0].counters;
    assert_eq!((counters.weight, counters.strength), (2.5, -1.5));
    assert_eq!((counters.uses, counters.wins), (2, u32::MAX));
}

#[tokio::test(flavor = "multi_thread")]
async fn namespaces_never_see_each_other() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path()).await;
    let names = [
        "run/a",
        "run/b",
        "run_a",
        "Run/A",
        "日本/🦀",
        "it's \"quoted\"",
    ];
    for (number, name) in names.iter().enumerate() {
        let namespace = store.namespace(name).await.unwrap();
        let ids = namespace
            .apply(transaction([
                insert("the same text"),
                insert(name),
                connect("m1", "m2", "k", number as f64),
            ]))
            .await
            .unwrap();
        assert_eq!(ids, ["m1", "m2"], "ids start anew in every namespace");
    }
    store.close().await.unwrap();
    let store = open(home.path()).await;
    for (number, name) in names.iter().enumerate() {
        let namespace = store.namespace(name).await.unwrap();
        assert_eq!(contents(&namespace), ["the same text", name]);
        let links = namespace.links(&["m1".into()], None, &View::default());
        assert_eq!(
            links.iter().map(|link| link.weight).collect::<Vec<_>>(),
            [number as f64]
        );
        let hits = namespace
            .search(&lexical("same text", "content"), &View::default())
            .await;
        assert_eq!(hits.unwrap().len(), 1);
        namespace
            .apply(transaction([Op::Remove("m1".into())]))
            .await
            .unwrap();
    }
    store.close().await.unwrap();
    for name in names {
        assert_eq!(contents(&store.namespace(name).await.unwrap()), [name]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_never_used_again() {
    let home = tempfile::tempdir().unwrap();
    for round in 1..4 {
        let store = open(home.path()).await;
        let namespace = store.namespace("a").await.unwrap();
        let ids = namespace
            .apply(transaction([insert("gone")]))
            .await
            .unwrap();
        assert_eq!(ids, [format!("m{round}")]);
        namespace
            .apply(transaction([Op::Remove(ids[0].as_str().into())]))
            .await
            .unwrap();
        if round != 2 {
            store.close().await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_with_its_number_and_reason() {
    let home = tempfile::tempdir().unwrap();
    let namespace = open(home.path()).await.namespace("a").await.unwrap();
    namespace.apply(transaction([insert("x")])).await.unwrap();
    let mut weightless = new_memory("y");
    weightless.counters.weight = f64::NAN;
    let mut twice = new_memory("y");
    twice.keys.push(twice.keys[0].clone());
    let cases = [
        (Op::Insert(weightless), "weight is NaN"),
        (Op::Insert(twice), "same text"),
        (insert(&"x".repeat(LONGEST_TEXT + 1)), "at most 16777216"),
        (add("m1", Counter::Weight, f64::INFINITY), "delta is inf"),
        (add("m1", Counter::Weight, f64::MAX), "range"),
        (add("nobody", Counter::Weight, 1.0), "`nobody`"),
        (connect("m1", "m9", "k", 1.0), "`m9`"),
        (connect("m1", "m1", "k", f64::NAN), "weight is NaN"),
        (
            Op::Disconnect(Link {
                source: "m1".into(),
                target: "m1".into(),
                kind: "k".into(),
                weight: 0.0,
            }),
            "no `k` link",
        ),
        (
            Op::Save(Blob {
                name: String::new(),
                bytes: vec![1],
            }),
            "no name",
        ),
    ];
    namespace
        .apply(transaction([add("m1", Counter::Weight, f64::MAX / 2.0)]))
        .await
        .unwrap();
    let before = all(&namespace);
    for (op, reason) in cases {
        let ops = [add("m1", Counter::Weight, f64::MAX / 4.0), op];
        let error = namespace
            .apply(transaction(ops))
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("write 2 (") && error.contains(reason),
            "{error}"
        );
    }
    let receipt = Receipt {
        id: "r".into(),
        used: vec![],
        note: String::new(),
    };
    let mut doubled = transaction([]);
    doubled.receipts = vec![receipt.clone(), receipt];
    assert!(namespace.apply(doubled).await.is_err());
    let vectors = vec![vec![vec![1.0; 25]]];
    let error = namespace
        .apply_with_vectors(transaction([insert("y")]), vectors)
        .await;
    assert!(error.unwrap_err().to_string().contains("26 finite numbers"));
    assert_eq!(all(&namespace), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_that_are_given_are_used() {
    let home = tempfile::tempdir().unwrap();
    let namespace = open(home.path()).await.namespace("a").await.unwrap();
    let mut vector = vec![0.0; 26];
    vector[3] = 5.0;
    let ops = transaction([insert("given"), insert("computed")]);
    namespace
        .apply_with_vectors(ops, vec![vec![vector.clone()]])
        .await
        .unwrap();
    let hits = namespace
        .search(&search(Ranking::Vector(vector)), &View::default())
        .await
        .unwrap();
    assert_eq!((hits[0].id.as_str(), hits[0].score), ("m1", 1.0));
    let rows = namespace.scan(&everything(), &View::default()).unwrap();
    assert_eq!(rows[0].vectors[0][3], 1.0);
    assert!(rows[1].vectors[0].iter().sum::<f32>() > 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_are_kept_and_mark_what_was_handed_out() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path()).await;
    let namespace = store.namespace("a").await.unwrap();
    namespace
        .apply(transaction([insert("x"), insert("y")]))
        .await
        .unwrap();
    let mut handed_out = transaction([]);
    handed_out.at = 5000.0;
    let citation = |memory: &str| Citation {
        memory: memory.into(),
        score: 0.5,
    };
    handed_out.receipts = vec![Receipt {
        id: "r1".into(),
        used: vec![citation("m2"), citation("gone")],
        note: "why".into(),
    }];
    namespace.apply(handed_out).await.unwrap();
    let memories = all(&namespace);
    assert_eq!(
        (memories[0].last_used, memories[1].last_used),
        (0.0, 5000.0)
    );
    assert_eq!(memories[1].updated, 1000.0, "being read is no change");
    store.close().await.unwrap();
    let condition = "namespace = 'a' AND id = 'r1' AND \"at\" = 5000.0 AND note = 'why'";
    assert_eq!(rows(home.path(), "receipts", condition).await, 1);
    assert_eq!(rows(home.path(), "receipts", "true").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn provisional_and_withheld_memories_are_seen_as_the_view_says() {
    let home = tempfile::tempdir().unwrap();
    let namespace = open(home.path()).await.namespace("a").await.unwrap();
    let from = |content: &str, source: Source| {
        let mut memory = new_memory(content);
        memory.sources = vec![source];
        Op::Insert(memory)
    };
    let mut writes = transaction([
        from("one", Source::attempt("t1")),
        from("two", Source::step("t2", 3)),
        from("three", Source::step("t#1", 2)),
    ]);
    writes.writes.push(Write {
        op: insert("four"),
        provisional: true,
    });
    namespace.apply(writes).await.unwrap();
    namespace
        .apply(transaction([connect("m1", "m2", "k", 1.0)]))
        .await
        .unwrap();

    let ids: Vec<String> = (1..5).map(|n| format!("m{n}")).collect();
    let seen = async |view: &View| {
        let mut scan = everything();
        scan.filter.clear();
        let scanned: Vec<String> = namespace
            .scan(&scan, view)
            .unwrap()
            .into_iter()
            .map(|row| row.memory.id)
            .collect();
        assert_eq!(
            namespace.count(&vec![], view).unwrap() as usize,
            scanned.len()
        );
        let hits = namespace.search(&semantic("e", ""), view).await.unwrap();
        let found: HashSet<String> = hits.into_iter().map(|hit| hit.id).collect();
        assert_eq!(found, scanned.iter().cloned().collect::<HashSet<_>>());
        scanned
    };
    assert_eq!(seen(&View::default()).await, ["m1", "m2", "m3"]);
    assert_eq!(namespace.get(&ids, &View::default()).len(), 4);

    let on_trial = View {
        on_trial: Arc::new(["m4".to_owned()].into()),
        ..View::default()
    };
    assert_eq!(seen(&on_trial).await, ["m1", "m2", "m3", "m4"]);
    assert_eq!(namespace.get(&ids, &on_trial)[3].state, State::Active);

    let withheld = View {
        withheld: Arc::new(["t2".to_owned(), "t#1".to_owned()].into()),
        ..View::default()
    };
    assert_eq!(seen(&withheld).await, ["m1"]);
    let got: Vec<String> = namespace
        .get(&ids, &withheld)
        .into_iter()
        .map(|m| m.id)
        .collect();
    assert_eq!(got, ["m1", "m4"]);
    assert!(namespace.links(&ids, None, &withheld).is_empty());
    assert_eq!(namespace.links(&ids, Some("k"), &View::default()).len(), 1);
    assert!(
        namespace
            .links(&ids, Some("other"), &View::default())
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_texts_come_back_as_they_were() {
    let home = tempfile::tempdir().unwrap();
    let odd = [
        "a\0b\0",
        "\u{202e}right to left: שלום عالم",
        "🦀𝔘𝔫𝔦𝔠𝔬𝔡𝔢 👩‍👩‍👧",
        "'; DROP TABLE memories; -- \" \\ \r\n\t",
        "",
    ];
    let long = "long text \u{1F980} ".repeat(LONGEST_TEXT / 16);
    let store = open(home.path()).await;
    let namespace = store.namespace("a").await.unwrap();
    let mut ops = Vec::new();
    for text in odd {
        let mut memory = new_memory(text);
        memory.title = text.into();
        memory.kind = text.into();
        memory.payload = text.into();
        memory.labels = vec![Label {
            name: text.into(),
            value: text.into(),
        }];
        memory.sources = vec![Source::attempt(text), Source::step(text, 7)];
        ops.push(Op::Insert(memory));
        ops.push(connect("m1", "m1", text, 1.0));
        ops.push(Op::Save(Blob {
            name: format!("blob {text}"),
            bytes: text.bytes().chain([0]).collect(),
        }));
    }
    let mut memory = new_memory(&long);
    memory.keys.clear();
    ops.push(Op::Insert(memory));
    namespace.apply(transaction(ops)).await.unwrap();
    let before = namespace.scan(&everything(), &View::default()).unwrap();
    assert_eq!(before[5].memory.content, long);
    let (mut store, mut namespace) = (store, namespace);
    for is_checkpointed in [false, true] {
        if is_checkpointed {
            store.close().await.unwrap();
        }
        drop((namespace, store));
        store = open(home.path()).await;
        namespace = store.namespace("a").await.unwrap();
        assert_eq!(
            namespace.scan(&everything(), &View::default()).unwrap(),
            before
        );
        for text in odd {
            let blob = namespace.blob(&format!("blob {text}")).unwrap();
            assert_eq!(blob.len(), text.len() + 1);
        }
        let links = namespace.links(&["m1".into()], None, &View::default());
        assert_eq!(links.len(), odd.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_become_rows() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path()).await;
    store
        .append_attempts("r", &[attempt("1", "a"), attempt("2", "b")])
        .await
        .unwrap();
    store.close().await.unwrap();
    store
        .append_attempts("r", &[attempt("2", "c"), attempt("3", "d")])
        .await
        .unwrap();
    store.close().await.unwrap();
    store.close().await.unwrap();
    assert_eq!(rows(home.path(), "attempts", "run = 'r'").await, 3);
    for (id, answer) in [("1", "a"), ("2", "c"), ("3", "d")] {
        let condition = format!(
            "id = '{id}' AND task = 't' AND verdict = 'success' AND score = 1.0 \
             AND json LIKE '%\"answer\":\"{answer}\"%'"
        );
        assert_eq!(rows(home.path(), "attempts", &condition).await, 1, "{id}");
    }
    assert_eq!(rows(home.path(), "attempts", "true").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn handles_of_one_namespace_are_one_and_it_reopens_at_once() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path()).await;
    let first = store.namespace("a").await.unwrap();
    let second = store.namespace("a").await.unwrap();
    first.apply(transaction([insert("x")])).await.unwrap();
    assert_eq!(contents(&second), ["x"]);
    for _ in 0..20 {
        let again = store.namespace("b").await.unwrap();
        again.apply(transaction([insert("y")])).await.unwrap();
        drop(again);
    }
    assert_eq!(contents(&store.namespace("b").await.unwrap()).len(), 20);
    tokio::time::timeout(Duration::from_secs(30), store.close())
        .await
        .unwrap()
        .unwrap();
}
