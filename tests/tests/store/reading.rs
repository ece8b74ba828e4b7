//! Search and scan.

use memhost::contract::Label;

use super::*;

async fn library(home: &std::path::Path) -> Namespace {
    let namespace = open(home).await.namespace("a").await.unwrap();
    let book = |title: &str, content: &str, site: &str, weight: f64| {
        let mut memory = new_memory(content);
        memory.title = title.into();
        memory.counters.weight = weight;
        memory.labels = vec![Label {
            name: "site".into(),
            value: site.into(),
        }];
        memory.keys.push(Key {
            name: "when".into(),
            text: format!("when asked about {title}"),
        });
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
    let removed = (1..300).step_by(7).map(|n| Op::Remove(format!("m{n}")));
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
