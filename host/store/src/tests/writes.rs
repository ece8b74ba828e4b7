//! What writes name: the attempts that a memory was learnt from, and the memories that the same answer inserts.

use std::collections::HashSet;

use memhost_contract::{Link, Source, Target};

use super::*;

/// Ids that a little language would have taken apart.
const AWKWARD: [&str; 8] = [
    "",
    "a",
    "a#1",
    "a#",
    "a\0b",
    "it's \"quoted\"\nand goes on",
    "日本#7",
    "%_\\",
];

fn learnt_from(source: Source) -> Op {
    Op::Insert(NewMemory {
        sources: vec![source],
        ..new("content")
    })
}

fn withholding(attempt: &str) -> View {
    View {
        withheld: Arc::new(HashSet::from([attempt.to_owned()])),
        ..View::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_may_be_called_anything_and_is_withheld_with_its_steps_and_no_other() {
    let namespace = in_memory().await;
    let whole = AWKWARD.map(|id| learnt_from(Source::attempt(id)));
    let steps = AWKWARD.map(|id| learnt_from(Source::step(id, 1)));
    namespace.apply(several(whole)).await.unwrap();
    namespace.apply(several(steps)).await.unwrap();
    for withheld in AWKWARD {
        let rows = namespace.scan(&everything(), &withholding(withheld));
        let rows = rows.unwrap();
        assert_eq!(rows.len(), 2 * AWKWARD.len() - 2, "{withheld:?}");
        let mut sources = rows.iter().flat_map(|row| &row.memory.sources);
        assert!(
            sources.all(|source| source.attempt != withheld),
            "{withheld:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_whose_id_is_too_long_is_refused_wherever_it_is_cited() {
    let namespace = in_memory().await;
    namespace.apply(insert("one")).await.unwrap();
    let long = || Source::step("x".repeat(LONGEST_NAME + 1), 0);
    let absorbing = Op::Revise(Patch {
        more_sources: vec![long()],
        ..Patch::of("m1")
    });
    for op in [learnt_from(long()), absorbing] {
        let error = namespace.apply(transaction(op)).await.unwrap_err();
        assert!(error.is_refusal(), "{error}");
        assert!(error.to_string().contains("attempt of a source"), "{error}");
    }
}

fn link(source: impl Into<Target>, target: impl Into<Target>) -> Op {
    Op::Connect(NewLink {
        source: source.into(),
        target: target.into(),
        kind: "after".into(),
        weight: 1.0,
    })
}

fn one_more_use(target: Target) -> Op {
    Op::Adjust(Adjustment {
        target,
        counter: Counter::Uses,
        delta: 1.0,
        least: None,
        most: None,
    })
}

fn retitled(target: Target) -> Op {
    Op::Revise(Patch {
        title: Some("titled".into()),
        ..Patch::of(target)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_names_what_its_transaction_has_inserted_before() {
    let namespace = in_memory().await;
    namespace.apply(insert("earlier")).await.unwrap();
    let inserted = namespace
        .apply(several([
            Op::Insert(new("first")),
            one_more_use(Target::Inserted(0)),
            link(Target::Inserted(0), "m1"),
            Op::Insert(new("second")),
            Op::Insert(new("third")),
            retitled(Target::Inserted(1)),
            link(Target::Inserted(1), Target::Inserted(0)),
            Op::Remove(Target::Inserted(2)),
        ]))
        .await
        .unwrap();
    assert_eq!(inserted, ["m2", "m3", "m4"]);
    let view = View::default();
    let memories = namespace.get(&inserted, &view);
    let of = |n: usize| (memories[n].counters.uses, memories[n].title.as_str());
    assert_eq!((of(0), of(1), memories.len()), ((1, ""), (0, "titled"), 2));
    let ends = |link: &Link| (link.source.clone(), link.target.clone());
    let links = namespace.links(&inserted, None, &view);
    assert_eq!(
        links.iter().map(ends).collect::<Vec<_>>(),
        [
            ("m2".to_owned(), "m1".to_owned()),
            ("m3".to_owned(), "m2".to_owned())
        ]
    );

    // The next transaction counts anew.
    let again = several([Op::Insert(new("fourth")), retitled(Target::Inserted(0))]);
    namespace.apply(again).await.unwrap();
    assert_eq!(namespace.get(&["m5".into()], &view)[0].title, "titled");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_inserted_later_or_not_at_all_cannot_be_named() {
    let namespace = in_memory().await;
    namespace.apply(insert("earlier")).await.unwrap();
    let naming: [fn(Target) -> Op; 5] = [
        one_more_use,
        retitled,
        Op::Remove,
        |target| link(target, "m1"),
        |target| link("m1", target),
    ];
    for op in naming {
        for named in [2, 3, u32::MAX] {
            let mut ops = vec![Op::Insert(new("one")), Op::Insert(new("two"))];
            ops.push(op(Target::Inserted(named)));
            ops.push(Op::Insert(new("three")));
            let error = namespace.apply(several(ops)).await.unwrap_err();
            let StoreError::Refused { number, reason, .. } = &error else {
                panic!("{error}");
            };
            assert_eq!(*number, 3, "{error}");
            assert_eq!(
                *reason,
                format!(
                    "it names insert {named} of its answer (counted from 0), which has 2 before it"
                )
            );
        }
    }
    let left = namespace.scan(&everything(), &View::default()).unwrap();
    assert_eq!(ids(left), ["m1"]);
}

#[test]
fn a_write_that_is_made_later_is_told_what_its_answer_inserted() {
    let inserted = ["m7".to_owned(), "m8".to_owned()];
    let naming: [fn(Target) -> Op; 4] = [one_more_use, retitled, Op::Remove, |target| {
        link("m1", target)
    }];
    for op in naming {
        let mut resolved = op(Target::Inserted(1));
        resolve_targets(&mut resolved, &inserted).unwrap();
        assert_eq!(resolved, op("m8".into()));
        let mut as_it_was = op("m3".into());
        resolve_targets(&mut as_it_was, &inserted).unwrap();
        assert_eq!(as_it_was, op("m3".into()));
        let error = resolve_targets(&mut op(Target::Inserted(2)), &inserted).unwrap_err();
        assert_eq!((error.named, error.before), (2, 2));
    }
    let mut both = link(Target::Inserted(0), Target::Inserted(1));
    resolve_targets(&mut both, &inserted).unwrap();
    assert_eq!(both, link("m7", "m8"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_memory_absorbs_sources_once_each_and_no_more_than_it_may_have() {
    let limits = StoreLimits {
        sources_per_memory: 3,
        ..StoreLimits::default()
    };
    let store = Store::in_memory(Arc::new(Builtin::default()));
    let store = store.await.unwrap().with_limits(limits);
    let namespace = store.namespace("a").await.unwrap();
    let first = learnt_from(Source::attempt("a"));
    namespace.apply(transaction(first)).await.unwrap();
    let absorb = async |sources: Vec<Source>| {
        let patch = Patch {
            more_sources: sources,
            ..Patch::of("m1")
        };
        namespace.apply(transaction(Op::Revise(patch))).await
    };
    let sources = || {
        namespace.get(&["m1".into()], &View::default())[0]
            .sources
            .clone()
    };

    let (whole, step) = (Source::attempt("a"), Source::step("a", 0));
    absorb(vec![step.clone(), whole.clone(), step.clone()])
        .await
        .unwrap();
    assert_eq!(sources(), [whole.clone(), step.clone()]);
    absorb(vec![Source::attempt("b"), step.clone()])
        .await
        .unwrap();
    let full = [whole, step.clone(), Source::attempt("b")];
    assert_eq!(sources(), full);

    // What it has already, it may be told again.
    absorb(vec![step]).await.unwrap();
    let error = absorb(vec![Source::attempt("c")]).await.unwrap_err();
    assert!(matches!(error, StoreError::Limit { .. }), "{error}");
    assert!(
        error.to_string().contains("sources of one memory"),
        "{error}"
    );
    assert_eq!(sources(), full);
    let withheld = namespace.get(&["m1".into()], &withholding("b"));
    assert_eq!(
        withheld,
        [],
        "an absorbed attempt is withheld like the first"
    );
}

/// How many bytes stand in the journals.
fn journal_bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let bytes = entries.map(|entry| match entry.file_type().unwrap().is_dir() {
        true => journal_bytes(&entry.path()),
        false if entry.path().extension().is_some_and(|e| e == "log") => {
            entry.metadata().unwrap().len()
        }
        false => 0,
    });
    bytes.sum()
}

fn receipt_of(id: &str, used: &[&str], at: f64) -> Transaction {
    let used = used.iter().map(|memory| memhost_contract::Citation {
        memory: (*memory).to_owned(),
        score: 0.5,
    });
    Transaction {
        receipts: vec![memhost_contract::Receipt {
            id: id.into(),
            used: used.collect(),
            note: String::new(),
        }],
        at,
        ..Transaction::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_use_writes_does_not_grow_with_the_memory() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path()).await;
    let namespace = store.namespace("a").await.unwrap();
    let long = insert(&"a word of many ".repeat(1_000));
    for _ in 0..5 {
        namespace.apply(long.clone()).await.unwrap();
    }
    let five = ["m1", "m2", "m3", "m4", "m5"];
    let freeze = transaction(Op::Revise(Patch::to_state("m2", State::Frozen)));
    let expiry = transaction(Op::Revise(Patch {
        expires: Some(9.0),
        ..Patch::of("m3")
    }));
    for (what, most) in [
        (receipt_of("r1", &five, 5.0), 400),
        (use_of("m1"), 120),
        (freeze, 120),
        (expiry, 120),
    ] {
        let before = journal_bytes(home.path());
        namespace.apply(what).await.unwrap();
        let written = journal_bytes(home.path()) - before;
        assert!((1..most).contains(&written), "{written} of {most}");
    }
}

/// Whether what changed is read from the journal over the tables, or from the tables after a checkpoint.
#[tokio::test(flavor = "multi_thread")]
async fn what_changes_without_the_texts_is_kept_like_everything_else() {
    let home = tempfile::tempdir().unwrap();
    let tables = InMemory::default();
    let five = ["m1", "m2", "m3", "m4", "m5"].map(str::to_owned);
    let changes = |namespace: Namespace| async move {
        let cited = ["m1", "m2", "m5", "m77"];
        namespace
            .apply(receipt_of("r1", &cited, 7.0))
            .await
            .unwrap();
        namespace.apply(use_of("m1")).await.unwrap();
        let mut both = use_of("m3");
        both.writes.extend(
            several([
                Op::Revise(Patch::to_state("m4", State::Archived)),
                Op::Revise(Patch::to_state("m2", State::Frozen)),
                Op::Remove("m5".into()),
            ])
            .writes,
        );
        namespace.apply(both).await.unwrap();
        // A revision of the text in between takes nothing from what is counted before and after.
        let revised = Op::Revise(Patch {
            content: Some("other".into()),
            ..Patch::of("m1")
        });
        namespace.apply(transaction(revised)).await.unwrap();
        namespace.apply(use_of("m1")).await.unwrap();
    };
    let mut found = Vec::new();
    for (name, closes) in [
        ("journal", [false, false]),
        ("over", [true, false]),
        ("tables", [true, true]),
    ] {
        let store = open_with(home.path(), &tables).await;
        let namespace = store.namespace(name).await.unwrap();
        for text in ["one", "two", "three", "four", "five"] {
            namespace.apply(insert(text)).await.unwrap();
        }
        if closes[0] {
            store.close().await.unwrap();
        }
        changes(namespace.clone()).await;
        if closes[1] {
            store.close().await.unwrap();
        }
        let before = namespace.get(&five, &View::default());
        let active = namespace.count(&Vec::new(), &View::default()).unwrap();
        drop(namespace);
        let namespace = store.namespace(name).await.unwrap();
        assert_eq!(namespace.get(&five, &View::default()), before, "{name}");
        drop((namespace, store));
        // As after a kill: what stands in the journal is taken into the tables first.
        let store = open_with(home.path(), &tables).await;
        let namespace = store.namespace(name).await.unwrap();
        assert_eq!(namespace.get(&five, &View::default()), before, "{name}");
        let counted = namespace.count(&Vec::new(), &View::default()).unwrap();
        assert_eq!((counted, active), (3, 3), "{name}");
        found.push(before);
    }
    assert_eq!(found[0].len(), 4);
    let of = |memory: &Memory| (memory.counters.uses, memory.last_used, memory.state);
    let seen: Vec<_> = found[0].iter().map(of).collect();
    assert_eq!(
        seen,
        [
            (2, 7.0, State::Active),
            (0, 7.0, State::Frozen),
            (1, 0.0, State::Active),
            (0, 0.0, State::Archived),
        ]
    );
    assert!(found.iter().all(|memories| *memories == found[0]));
}
