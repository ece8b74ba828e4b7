//! What becomes of memories: frozen ones stay as they are, and expired ones are not seen.

use memhost_contract::{Citation, Comparison, Condition, Filter, Fusion, Operand, Receipt, Share};

use super::*;

fn in_state(state: &str) -> Filter {
    vec![Condition {
        field: "state".into(),
        comparison: Comparison::Eq,
        operand: Operand::Text(state.into()),
    }]
}

fn freeze(id: &str) -> Transaction {
    transaction(Op::Revise(Patch::to_state(id, State::Frozen)))
}

/// The ids of all that each kind of read finds.
async fn found(namespace: &Namespace, view: &View) -> Vec<(&'static str, Vec<String>)> {
    let sorted = |ids: Vec<String>| {
        let mut ids = ids;
        ids.sort();
        ids
    };
    let of_hits =
        |hits: Vec<memhost_contract::Hit>| sorted(hits.into_iter().map(|hit| hit.id).collect());
    let (meaning, words) = (by_meaning("apple"), by_words("apple", "content"));
    let fusion = Fusion {
        shares: [&meaning, &words]
            .map(|search| Share {
                search: search.clone(),
                weight: 0.5,
            })
            .into(),
        limit: 10,
    };
    let ranked = namespace.ranked(&meaning, view).await.unwrap();
    let looked = namespace.look(view, |look| {
        let places: Vec<usize> = (0..look.places()).filter(|at| look.holds(*at)).collect();
        let held = places.iter().filter_map(|at| look.memory(*at));
        let held: Vec<String> = held.map(|memory| memory.id.clone()).collect();
        assert_eq!(held.len(), places.len());
        let by_rank = ranked.iter().filter_map(|(at, _)| look.memory(*at));
        assert_eq!(by_rank.count(), ranked.len());
        held
    });
    let filtered = Search {
        filter: vec![Condition {
            field: "kind".into(),
            comparison: Comparison::Eq,
            operand: Operand::Text("item".into()),
        }],
        ..meaning.clone()
    };
    let rows = namespace.scan(&everything(), view).unwrap();
    let counted = namespace.count(&Vec::new(), view).unwrap() as usize;
    assert_eq!(counted, rows.len());
    let filtered_count = namespace.count(&filtered.filter, view).unwrap() as usize;
    assert_eq!(filtered_count, rows.len());
    assert_eq!(ranked.len(), rows.len());
    vec![
        ("scan", ids(rows)),
        (
            "semantic",
            of_hits(namespace.search(&meaning, view).await.unwrap()),
        ),
        (
            "lexical",
            of_hits(namespace.search(&words, view).await.unwrap()),
        ),
        (
            "filtered",
            of_hits(namespace.search(&filtered, view).await.unwrap()),
        ),
        (
            "fused",
            of_hits(namespace.fuse(&fusion, view).await.unwrap()),
        ),
        ("look", looked),
    ]
}

/// A view at this time.
fn at(at: f64) -> View {
    View {
        at: Some(at),
        ..View::default()
    }
}

fn expiring(content: &str, expires: f64) -> Transaction {
    transaction(Op::Insert(NewMemory {
        expires: Some(expires),
        ..new(content)
    }))
}

fn expires_anew(id: &str, expires: f64) -> Transaction {
    transaction(Op::Revise(Patch {
        expires: Some(expires),
        ..Patch::of(id)
    }))
}

async fn assert_found(namespace: &Namespace, view: &View, expected: &[&str]) {
    for (read, ids) in found(namespace, view).await {
        assert_eq!(ids, expected, "{read}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_memory_takes_part_in_reads_like_an_active_one() {
    let namespace = in_memory().await;
    for text in ["apple pie", "apple tart", "apple jam"] {
        namespace.apply(insert(text)).await.unwrap();
    }
    let view = View::default();
    assert_found(&namespace, &view, &["m1", "m2", "m3"]).await;
    namespace.apply(freeze("m2")).await.unwrap();
    let archive = Op::Revise(Patch::to_state("m3", State::Archived));
    namespace.apply(transaction(archive)).await.unwrap();
    assert_found(&namespace, &view, &["m1", "m2"]).await;

    // Who asks for a state gets that one.
    for (state, expected) in [("active", ["m1"]), ("frozen", ["m2"]), ("archived", ["m3"])] {
        let filter = in_state(state);
        assert_eq!(namespace.count(&filter, &view).unwrap(), 1, "{state}");
        let scan = Scan {
            filter,
            ..everything()
        };
        assert_eq!(ids(namespace.scan(&scan, &view).unwrap()), expected);
    }
    let memories = namespace.get(&["m2".into()], &view);
    assert_eq!(memories[0].state, State::Frozen);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_changes_what_is_frozen() {
    let namespace = in_memory().await;
    namespace.apply(insert("one")).await.unwrap();
    namespace.apply(insert("two")).await.unwrap();
    namespace.apply(freeze("m1")).await.unwrap();
    let before = namespace.get(&["m1".into()], &View::default());
    let empty = Op::Revise(Patch::of("m1"));
    let lifted = Op::Revise(Patch::to_state("m1", State::Active));
    let frozen_again = Op::Revise(Patch::to_state("m1", State::Frozen));
    let used = use_of("m1").writes.remove(0).op;
    for op in [empty, lifted, frozen_again, used, Op::Remove("m1".into())] {
        let operation = check::operation(&op);
        // What stands beside it in the transaction is not made either.
        let ops = [use_of("m2").writes.remove(0).op, op];
        let error = namespace.apply(several(ops)).await.unwrap_err();
        let StoreError::Refused { number, reason, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(*number, 2);
        assert!(
            reason.contains("memory `m1` is frozen"),
            "{operation}: {reason}"
        );
    }
    assert_eq!(namespace.get(&["m1".into()], &View::default()), before);
    let other = &namespace.get(&["m2".into()], &View::default())[0];
    assert_eq!(other.counters.uses, 0);
    // From the moment on at which it is frozen.
    let late = several([
        Op::Revise(Patch::to_state("m2", State::Frozen)),
        Op::Remove("m2".into()),
    ]);
    namespace.apply(late).await.unwrap_err();
    assert_eq!(namespace.count(&Vec::new(), &View::default()).unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_of_what_waits_for_a_decision_is_changed_by_nothing_else() {
    let namespace = in_memory().await;
    let waiting = Write {
        op: Op::Insert(new("one")),
        provisional: true,
    };
    let with = |op| Transaction {
        writes: vec![waiting.clone(), Write::at_once(op)],
        ..Transaction::default()
    };
    for state in [State::Frozen, State::Active, State::Archived] {
        let at_once = Patch {
            target: Target::Inserted(0),
            ..Patch::to_state("", state)
        };
        let error = namespace.apply(with(Op::Revise(at_once))).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains("memory `m1` is provisional"), "{error}");
        assert!(error.contains("change it once it is active"), "{error}");
        assert_eq!(namespace.get(&["m1".into()], &View::default()), []);
    }

    namespace.apply(with(Op::Insert(new("two")))).await.unwrap();
    namespace.apply(freeze("m1")).await.unwrap_err();
    let freeze = Write::at_once(Op::Revise(Patch::to_state("m1", State::Frozen)));
    let kept = Transaction {
        writes: vec![Write::keep("m1"), freeze],
        ..Transaction::default()
    };
    namespace.apply(kept).await.unwrap();
    let frozen = &namespace.get(&["m1".into()], &View::default())[0];
    assert_eq!(frozen.state, State::Frozen);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_and_the_time_of_last_use_of_a_frozen_memory_go_on() {
    let namespace = in_memory().await;
    for text in ["one", "two"] {
        namespace.apply(insert(text)).await.unwrap();
    }
    namespace.apply(freeze("m1")).await.unwrap();
    let link = |source: &str, target: &str| NewLink {
        source: source.into(),
        target: target.into(),
        kind: "after".into(),
        weight: 1.0,
    };
    let links = [link("m1", "m2"), link("m2", "m1")].map(Op::Connect);
    namespace.apply(several(links)).await.unwrap();
    let view = View::default();
    let mut set = namespace.links(&["m1".into()], None, &view);
    assert_eq!(set.len(), 2);
    let gone = Op::Disconnect(set.remove(0));
    namespace.apply(transaction(gone)).await.unwrap();
    namespace
        .apply(Transaction {
            receipts: vec![Receipt {
                id: "r".into(),
                used: vec![Citation {
                    memory: "m1".into(),
                    score: 1.0,
                }],
                note: String::new(),
            }],
            at: 7.0,
            ..Transaction::default()
        })
        .await
        .unwrap();
    assert_eq!(namespace.get(&["m1".into()], &view)[0].last_used, 7.0);
    // A link goes with its other end.
    let other_end = Op::Remove("m2".into());
    namespace.apply(transaction(other_end)).await.unwrap();
    assert_eq!(namespace.links(&["m1".into()], None, &view), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_instant_at_which_it_expires_a_memory_takes_part_in_no_read() {
    let namespace = in_memory().await;
    namespace.apply(insert("apple pie")).await.unwrap();
    namespace
        .apply(expiring("apple tart", 100.0))
        .await
        .unwrap();
    namespace.apply(expiring("apple jam", -5.0)).await.unwrap();
    let link = |source: &str, target: &str| {
        Op::Connect(NewLink {
            source: source.into(),
            target: target.into(),
            kind: "after".into(),
            weight: 1.0,
        })
    };
    let links = several([link("m1", "m2"), link("m2", "m1"), link("m1", "m1")]);
    namespace.apply(links).await.unwrap();

    let all = ["m1".to_owned(), "m2".to_owned(), "m3".to_owned()];
    let not_yet = 100.0_f64.next_down();
    for (view, expected, links) in [
        (View::default(), &["m1", "m2", "m3"][..], 3),
        (at(not_yet), &["m1", "m2"], 3),
        (at(100.0), &["m1"], 1),
        (at(f64::MAX), &["m1"], 1),
        (at(-6.0), &["m1", "m2", "m3"], 3),
    ] {
        assert_found(&namespace, &view, expected).await;
        let got = namespace.get(&all, &view);
        let got: Vec<&str> = got.iter().map(|memory| memory.id.as_str()).collect();
        assert_eq!(got, expected, "{view:?}");
        let found = namespace.links(&all, None, &view);
        assert_eq!(found.len(), links, "{view:?}");
        let of_it = namespace.links(&all[1..2], None, &view);
        assert_eq!(of_it.is_empty(), links == 1, "{view:?}");
    }

    // Of a state that is asked for, too; and neither trial nor freezing keeps it.
    let mut view = at(100.0);
    assert_eq!(namespace.count(&in_state("active"), &view).unwrap(), 1);
    namespace.apply(freeze("m2")).await.unwrap();
    view.on_trial = Arc::new(["m2".to_owned()].into());
    assert_found(&namespace, &view, &["m1"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expiry_is_a_finite_number_that_a_patch_can_move() {
    let namespace = in_memory().await;
    namespace.apply(insert("apple")).await.unwrap();
    for not_finite in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for refused in [expiring("pear", not_finite), expires_anew("m1", not_finite)] {
            let error = namespace.apply(refused).await.unwrap_err();
            assert!(error.is_refusal(), "{error}");
            assert!(error.to_string().contains("expiry"), "{error}");
        }
    }
    assert_found(&namespace, &at(50.0), &["m1"]).await;
    namespace.apply(expires_anew("m1", 50.0)).await.unwrap();
    assert_found(&namespace, &at(50.0), &[]).await;
    // What is not told stays.
    let patch = Op::Revise(Patch::of("m1"));
    namespace.apply(transaction(patch)).await.unwrap();
    assert_found(&namespace, &at(50.0), &[]).await;
    namespace.apply(expires_anew("m1", 51.0)).await.unwrap();
    assert_found(&namespace, &at(50.0), &["m1"]).await;
    let expires =
        |namespace: &Namespace| namespace.get(&["m1".into()], &View::default())[0].expires;
    assert_eq!(expires(&namespace), Some(51.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_and_orders_ask_when_a_memory_expires() {
    let namespace = in_memory().await;
    namespace.apply(insert("apple")).await.unwrap();
    namespace.apply(expiring("apple", 20.0)).await.unwrap();
    namespace.apply(expiring("apple", 10.0)).await.unwrap();
    let view = View::default();
    let count = |comparison| {
        let condition = Condition {
            field: "expires".into(),
            comparison,
            operand: Operand::Number(20.0),
        };
        namespace.count(&vec![condition], &view).unwrap()
    };
    assert_eq!(count(Comparison::Eq), 1);
    assert_eq!(count(Comparison::Lt), 1);
    assert_eq!(count(Comparison::Ge), 1);
    assert_eq!(count(Comparison::Ne), 2, "one that never expires meets it");
    for (descending, expected) in [(false, ["m3", "m2", "m1"]), (true, ["m2", "m3", "m1"])] {
        let scan = Scan {
            order_by: Some("expires".into()),
            descending,
            ..everything()
        };
        assert_eq!(ids(namespace.scan(&scan, &view).unwrap()), expected);
    }
}

/// A store with a namespace in which `m1` stays, `m2` has expired, `m3` too and is frozen, and `m4` is archived.
async fn with_something_to_prune(place: &Path) -> Store {
    let store = open(place).await;
    let namespace = store.namespace("a").await.unwrap();
    for transaction in [
        expiring("one", 1e9),
        expiring("two", 5.0),
        expiring("three", 5.0),
        insert("four"),
        freeze("m3"),
        transaction(Op::Revise(Patch::to_state("m4", State::Archived))),
    ] {
        let at = Transaction {
            at: 7.0,
            ..transaction
        };
        namespace.apply(at).await.unwrap();
    }
    store
}

async fn all(store: &Store) -> Vec<String> {
    let namespace = store.namespace("a").await.unwrap();
    namespace.each(|memories| memories.iter().map(|memory| memory.id.clone()).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_removes_what_nobody_reads_any_more_and_nothing_frozen() {
    let place = tempfile::tempdir().unwrap();
    let store = with_something_to_prune(place.path()).await;
    let pruned = store.prune("a", true, true).await.unwrap();
    let counts = [pruned.expired, pruned.archived, pruned.frozen, pruned.kept];
    assert_eq!(counts, [1, 1, 1, 2]);
    assert_eq!(all(&store).await, ["m1", "m2", "m3", "m4"]);
    store.prune("a", false, false).await.unwrap();
    assert_eq!(all(&store).await, ["m1", "m3", "m4"]);
    store.prune("a", true, false).await.unwrap();
    assert_eq!(all(&store).await, ["m1", "m3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_lifts_what_is_frozen_and_a_strategy_may_change_it_again() {
    let place = tempfile::tempdir().unwrap();
    let store = with_something_to_prune(place.path()).await;
    let refused = store.thaw("a", &["m3".into(), "m1".into()], false).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("has no frozen memory `m1`"), "{refused}");
    let namespace = store.namespace("a").await.unwrap();
    let state = || namespace.get(&["m3".into()], &View::default())[0].state;
    let thawed = store.thaw("a", &[], true).await.unwrap();
    assert_eq!(
        (thawed[0].id.as_str(), thawed[0].text.as_str()),
        ("m3", "three")
    );
    assert_eq!(state(), State::Frozen);
    namespace.apply(use_of("m3")).await.unwrap_err();
    store.thaw("a", &["m3".into()], false).await.unwrap();
    assert_eq!(state(), State::Active);
    namespace.apply(use_of("m3")).await.unwrap();
    assert_eq!(store.thaw("a", &[], false).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_opened_without_its_embedder_and_lists_its_namespaces() {
    let place = tempfile::tempdir().unwrap();
    let uri = place.path().to_str().unwrap();
    let tables = InMemory::default();
    let nowhere = Store::open_without_embedder(uri, &tables).await;
    assert!(matches!(nowhere, Err(StoreError::NoStore { .. })));
    let store = open_with(place.path(), &tables).await;
    for name in ["b", "a"] {
        let namespace = store.namespace(name).await.unwrap();
        namespace.apply(insert("apple")).await.unwrap();
    }
    store.close().await.unwrap();
    drop(store);
    let store = Store::open_without_embedder(uri, &tables).await.unwrap();
    assert_eq!(store.namespaces().await.unwrap(), ["a", "b"]);
    let namespace = store.namespace("a").await.unwrap();
    let refused = namespace
        .search(&by_meaning("apple"), &View::default())
        .await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("opened without it"), "{refused}");
    namespace.apply(use_of("m1")).await.unwrap();
}
