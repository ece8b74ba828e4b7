//! Search and scan.

use memhost::contract::{Fusion, Label, Share};

use super::*;

async fn library(home: &Path) -> Namespace {
    let namespace = open(home).await.namespace("a").await.unwrap();
    let book = |title: &str, content: &str, site: &str, weight: f64| {
        let mut memory = new_memory(content);
        memory.title = title.into();
        memory.counters.weight = weight;
        memory.labels = vec![Label {
            name: "site".into(),
            value: site.into(),
        }];
        let when = format!("when asked about {title}");
        memory.keys.push(Key::new("when", when));
        Op::Insert(memory)
    };
    namespace
        .apply(transaction([
            book(
                "refunds",
                "Cancel the order before asking for a refund",
                "shop",
                3.0,
            ),
            book(
                "flights",
                "A basic economy flight cannot be changed",
                "airline",
                1.0,
            ),
            book(
                "bags",
                "Each passenger may check two bags on a flight",
                "airline",
                2.0,
            ),
            book(
                "coupons",
                "Coupons do not apply to a changed order",
                "shop",
                2.0,
            ),
        ]))
        .await
        .unwrap();
    namespace
}

async fn ids(namespace: &Namespace, search: &Search) -> Vec<String> {
    let hits = namespace.search(search, &View::default()).await.unwrap();
    hits.into_iter().map(|hit| hit.id).collect()
}

fn only(field: &str, comparison: Comparison, operand: Operand) -> Filter {
    vec![Condition {
        field: field.into(),
        comparison,
        operand,
    }]
}

fn airline() -> Filter {
    only(
        "label.site",
        Comparison::Eq,
        Operand::Text("airline".into()),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn lexical_search_stems_stops_and_ranks() {
    let home = tempfile::tempdir().unwrap();
    let library = library(home.path()).await;
    assert_eq!(
        ids(&library, &lexical("changing an order", "content")).await[0],
        "m4"
    );
    assert_eq!(
        ids(&library, &lexical("the flights", "content")).await,
        ["m2", "m3"]
    );
    assert_eq!(ids(&library, &lexical("bag", "title")).await, ["m3"]);
    assert_eq!(ids(&library, &lexical("coupon", "key.when")).await, ["m4"]);
    assert!(
        ids(&library, &lexical("the of and", "content"))
            .await
            .is_empty()
    );
    assert!(
        ids(&library, &lexical("bag", "key.nothing"))
            .await
            .is_empty()
    );
    let error = library
        .search(&lexical("x", "payload"), &View::default())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("key.<name>"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_limits_and_least_scores_come_before_ranking() {
    let home = tempfile::tempdir().unwrap();
    let library = library(home.path()).await;
    let mut search = semantic("Cancel the order before asking for a refund", "task");
    assert_eq!(ids(&library, &search).await[0], "m1");
    assert_eq!(ids(&library, &search).await.len(), 4);
    search.limit = 1;
    search.filter = airline();
    let best = ids(&library, &search).await;
    assert!(
        best == ["m2"] || best == ["m3"],
        "the best that meets the filter: {best:?}"
    );
    search.filter.clear();
    search.limit = 10;
    search.min_score = Some(0.999);
    assert_eq!(ids(&library, &search).await, ["m1"]);
    search.min_score = Some(f64::NAN);
    assert!(library.search(&search, &View::default()).await.is_err());
    search.min_score = None;
    search.ranking = Ranking::Vector(vec![1.0; 25]);
    assert!(library.search(&search, &View::default()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_scores_go_to_the_older() {
    let home = tempfile::tempdir().unwrap();
    let namespace = open(home.path()).await.namespace("a").await.unwrap();
    let many = (0..30).map(|_| insert("equal texts"));
    namespace.apply(transaction(many)).await.unwrap();
    namespace
        .apply(transaction([
            Op::Remove("m2".into()),
            add("m5", Counter::Weight, 1.0),
        ]))
        .await
        .unwrap();
    for search in [semantic("equal texts", ""), lexical("equal", "content")] {
        let expected: Vec<String> = [1, 3, 4, 5, 6, 7, 8, 9, 10, 11]
            .iter()
            .map(|n| format!("m{n}"))
            .collect();
        assert_eq!(ids(&namespace, &search).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_is_ordered_filtered_and_paged() {
    let home = tempfile::tempdir().unwrap();
    let library = library(home.path()).await;
    let scan = |order_by: Option<&str>, descending, offset, limit, filter: Filter| {
        let scan = Scan {
            filter,
            order_by: order_by.map(str::to_owned),
            descending,
            offset,
            limit,
            with_vectors: false,
        };
        let rows = library.scan(&scan, &View::default())?;
        Ok::<_, memhost::store::StoreError>(
            rows.into_iter()
                .map(|row| row.memory.id)
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(scan(None, false, 1, 2, vec![]).unwrap(), ["m2", "m3"]);
    assert_eq!(scan(None, true, 0, 3, vec![]).unwrap(), ["m4", "m3", "m2"]);
    assert_eq!(
        scan(Some("weight"), false, 0, 9, vec![]).unwrap(),
        ["m2", "m3", "m4", "m1"]
    );
    assert_eq!(
        scan(Some("weight"), true, 0, 9, vec![]).unwrap(),
        ["m1", "m3", "m4", "m2"]
    );
    assert_eq!(
        scan(Some("title"), false, 0, 9, airline()).unwrap(),
        ["m3", "m2"]
    );
    assert_eq!(
        scan(Some("label.none"), true, 0, 9, vec![]).unwrap(),
        ["m1", "m2", "m3", "m4"]
    );
    assert!(scan(Some("wieght"), false, 0, 9, vec![]).is_err());
    let heavy = only("weight", Comparison::Ge, Operand::Number(2.0));
    assert_eq!(library.count(&heavy, &View::default()).unwrap(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn searching_is_exact_against_a_pass_over_everything() {
    let home = tempfile::tempdir().unwrap();
    let namespace = open(home.path()).await.namespace("a").await.unwrap();
    let texts: Vec<String> = (0..300u64)
        .map(|n| {
            let letter =
                |k: u64| char::from(b'a' + ((n * 7919 + k * 104_729 + n * n * k) % 26) as u8);
            (0..12).map(letter).collect()
        })
        .collect();
    namespace
        .apply(transaction(texts.iter().map(|text| insert(text))))
        .await
        .unwrap();
    let removed = (1..300)
        .step_by(7)
        .map(|n| Op::Remove(format!("m{n}").into()));
    namespace.apply(transaction(removed)).await.unwrap();
    let query = letters()
        .embed(&["quick brown fox".into()], Side::Query)
        .await
        .unwrap()
        .vectors
        .remove(0);
    let mut expected: Vec<(f64, u64)> = Vec::new();
    for row in namespace.scan(&everything(), &View::default()).unwrap() {
        let score: f64 = row.vectors[0]
            .iter()
            .zip(&query)
            .map(|(a, b)| f64::from(*a) * f64::from(*b))
            .sum();
        expected.push((score, row.memory.id[1..].parse().unwrap()));
    }
    expected.sort_by(|a, b| b.0.total_cmp(&a.0));
    let hits = namespace
        .search(&semantic("quick brown fox", ""), &View::default())
        .await
        .unwrap();
    for (hit, (score, _)) in hits.iter().zip(&expected) {
        assert!((hit.score - score).abs() < 1e-5, "{hit:?} {score}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fused_rankings_are_what_adding_up_their_hits_gives() {
    let home = tempfile::tempdir().unwrap();
    let library = library(home.path()).await;
    let question = "a changed order on a flight";
    let shares = [
        (semantic(question, ""), 0.5),
        (lexical(question, "content"), 0.25),
    ];
    let mut expected: Vec<(String, f64)> = Vec::new();
    for (search, weight) in &shares {
        let hits = library.search(search, &View::default()).await.unwrap();
        let (best, worst) = (hits[0].score, hits[hits.len() - 1].score);
        for hit in hits {
            let share = weight * ((hit.score - worst) / (best - worst));
            match expected.iter_mut().find(|(id, _)| *id == hit.id) {
                Some((_, sum)) => *sum += share,
                None => expected.push((hit.id, share)),
            }
        }
    }
    expected.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let fusion = |limit: u32| Fusion {
        shares: shares
            .iter()
            .map(|(search, weight)| Share {
                search: search.clone(),
                weight: *weight,
            })
            .collect(),
        limit,
    };
    for limit in [0, 1, 3, 10] {
        let hits = library
            .fuse(&fusion(limit), &View::default())
            .await
            .unwrap();
        let hits: Vec<(String, f64)> = hits.into_iter().map(|hit| (hit.id, hit.score)).collect();
        assert_eq!(hits, expected[..expected.len().min(limit as usize)]);
    }
    // What is withheld takes no part, and neither does what a filter leaves out.
    let mut filtered = fusion(10);
    for share in &mut filtered.shares {
        share.search.filter = airline();
    }
    let hits = library.fuse(&filtered, &View::default()).await.unwrap();
    let mut found: Vec<&str> = hits.iter().map(|hit| hit.id.as_str()).collect();
    found.sort_unstable();
    assert_eq!(found, ["m2", "m3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fusion_that_cannot_be_is_refused_with_the_reason() {
    let home = tempfile::tempdir().unwrap();
    let library = library(home.path()).await;
    let share = |weight| Share {
        search: lexical("order", "content"),
        weight,
    };
    let of = |shares| Fusion { shares, limit: 5 };
    let refused = |fusion: Fusion| {
        let library = library.clone();
        async move {
            let refusal = library.fuse(&fusion, &View::default()).await.unwrap_err();
            assert!(refusal.is_refusal(), "{refusal}");
            refusal.to_string()
        }
    };
    assert!(
        refused(of(vec![share(f64::NAN)]))
            .await
            .contains("cannot weigh NaN")
    );
    let many = refused(of(vec![share(1.0); 17])).await;
    assert!(
        many.contains("17 rankings") && many.contains("at most 16"),
        "{many}"
    );
    let most = library
        .fuse(&of(vec![share(1.0); 16]), &View::default())
        .await;
    assert_eq!(most.unwrap()[0].score, 16.0);
    let none = library.fuse(&of(vec![]), &View::default()).await;
    assert!(none.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_is_asked_again_hears_of_what_was_written_meanwhile() {
    let home = tempfile::tempdir().unwrap();
    let library = library(home.path()).await;
    let asked = lexical("umbrella order", "content");
    let before = library.search(&asked, &View::default()).await.unwrap();
    assert_eq!(
        library.search(&asked, &View::default()).await.unwrap(),
        before
    );
    library
        .apply(transaction([
            insert("The umbrella order"),
            Op::Remove("m1".into()),
        ]))
        .await
        .unwrap();
    assert_eq!(ids(&library, &asked).await, ["m5", "m4"]);
    let mut fewer = asked.clone();
    fewer.limit = 1;
    assert_eq!(ids(&library, &fewer).await, ["m5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn memories_are_looked_at_in_place_as_a_scan_would_copy_them() {
    let home = tempfile::tempdir().unwrap();
    let library = library(home.path()).await;
    let seen = |view: &View| {
        library.look(view, |look| {
            let places = (0..look.places()).filter(|place| look.holds(*place));
            let seen = places.filter_map(|place| {
                let memory = look.memory(place)?;
                assert_eq!(
                    look.cost(place).tokens(),
                    memhost_words::count(&memory.content)
                );
                Some(memory.id.clone())
            });
            seen.collect::<Vec<_>>()
        })
    };
    let scanned = |view: &View| {
        let scan = Scan {
            filter: vec![],
            with_vectors: false,
            ..everything()
        };
        let rows = library.scan(&scan, view).unwrap();
        assert_eq!(library.count(&vec![], view).unwrap() as usize, rows.len());
        rows.into_iter()
            .map(|row| row.memory.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(seen(&View::default()), ["m1", "m2", "m3", "m4"]);
    let mut learnt = new_memory("learnt from one attempt");
    learnt.sources = vec![Source::step("a1", 0)];
    let mut writes = transaction([Op::Remove("m2".into()), Op::Insert(learnt)]);
    writes.writes.push(Write {
        op: insert("on trial"),
        provisional: true,
    });
    library.apply(writes).await.unwrap();
    let views = [
        View::default(),
        View {
            withheld: Arc::new(["a1".to_owned()].into()),
            ..View::default()
        },
        View {
            on_trial: Arc::new(["m6".to_owned()].into()),
            ..View::default()
        },
    ];
    let expected: [&[&str]; 3] = [
        &["m1", "m3", "m4", "m5"],
        &["m1", "m3", "m4"],
        &["m1", "m3", "m4", "m5", "m6"],
    ];
    for (view, expected) in views.iter().zip(expected) {
        assert_eq!(seen(view), expected);
        assert_eq!(scanned(view), expected);
    }
}
