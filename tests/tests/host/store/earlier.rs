//! Stores of earlier memhosts, which kept what comparisons measured as well, in a table `results`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use memhost::Lance;
use memhost::embedding::Builtin;

use super::*;

/// What a memhost with that table wrote, in two runs of two memories, four attempts and four results. The second run was
/// killed: what it wrote is in journals.
fn with_results(to: &Path) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/host/store/with_results");
    copy(&here, to);
    // What a store keeps twice is committed once.
    fs::copy(to.join("memhost.json"), to.join("memhost.copy.json")).unwrap();
    fs::create_dir(to.join("copies")).unwrap();
    for list in files(to) {
        let name = list.strip_prefix(to).unwrap().to_str().unwrap();
        if name.contains("/_versions/") && name.ends_with(".manifest") {
            let copy = to.join("copies").join(name.replace('/', "__"));
            fs::copy(&list, copy).unwrap();
        }
    }
}

async fn open_builtin(path: &Path) -> Store {
    let embedder = Arc::new(Builtin::default());
    Store::open(path.to_str().unwrap(), embedder, &Lance)
        .await
        .unwrap()
}

/// The table of results, byte by byte.
fn results(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = files(&path.join("results.lance")).into_iter();
    files
        .map(|file| (file.clone(), fs::read(file).unwrap()))
        .collect()
}

/// What the manifest says of that table: its version, and how many of its files.
fn told_of_results(path: &Path) -> (Option<u64>, usize) {
    let manifest = fs::read(path.join("memhost.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let files = manifest["files"].as_object().unwrap();
    let of_results = files
        .keys()
        .filter(|path| path.starts_with("results.lance/"));
    (manifest["tables"]["results"].as_u64(), of_results.count())
}

async fn is_sound(path: &Path) -> bool {
    let verified = Store::verify(path.to_str().unwrap(), &Lance).await.unwrap();
    assert!(verified.tables.iter().all(|table| table.name != "results"));
    verified.is_sound()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_results_is_left_alone_whatever_became_of_it() {
    let harms: [fn(&Path); 4] = [
        |_| (),
        |table| fs::remove_dir_all(table).unwrap(),
        |table| fs::remove_dir_all(table.join("_versions")).unwrap(),
        |table| {
            for file in files(table) {
                fs::write(file, b"something else").unwrap();
            }
        },
    ];
    for (number, harm) in harms.into_iter().enumerate() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        with_results(home);
        let table = home.join("results.lance");
        harm(&table);
        let before = table.exists().then(|| results(home));

        assert!(is_sound(home).await, "{number}");
        let store = open_builtin(home).await;
        let namespace = store.namespace("a").await.unwrap();
        assert_eq!(contents(&namespace), ["one", "two"], "{number}");
        for text in ["three", "four"] {
            namespace.apply(transaction([insert(text)])).await.unwrap();
            store.close().await.unwrap();
        }
        assert_eq!(store.warnings(), Vec::<String>::new(), "{number}");
        assert!(is_sound(home).await, "{number}");
        assert_eq!(table.exists().then(|| results(home)), before, "{number}");
        // The memhost that made it deletes what it is not told of.
        assert_eq!(told_of_results(home), (Some(1), 2), "{number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn results_in_a_journal_are_passed_over_and_their_neighbours_count() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    with_results(home);
    let before = results(home);
    let verified = Store::verify(home.to_str().unwrap(), &Lance).await.unwrap();
    let records: usize = verified
        .journals
        .iter()
        .map(|journal| journal.records)
        .sum();
    assert_eq!(
        records, 4,
        "a memory, two lists of attempts, and one of results between them"
    );
    let attempts = verified
        .tables
        .iter()
        .find(|table| table.name == "attempts");
    let attempts = attempts.unwrap();
    assert_eq!((attempts.rows, attempts.in_journals), (Some(2), 2));

    let store = open_builtin(home).await;
    store.close().await.unwrap();
    assert_eq!(store.warnings(), Vec::<String>::new());
    for run in ["first", "second"] {
        for id in ["1", "2"] {
            let condition = format!("run = '{run}' AND id = '{id}'");
            assert_eq!(rows(home, "attempts", &condition).await, 1, "{condition}");
        }
    }
    assert!(
        files(&home.join("journal"))
            .iter()
            .all(|file| file.extension().unwrap() == "lock")
    );
    assert_eq!(results(home), before);
    assert_eq!(rows(home, "results", "true").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repair_of_what_stands_beside_results_leaves_them_where_they_are() {
    for is_broken in [false, true] {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        with_results(home);
        let before = results(home);
        if is_broken {
            let data = files(&home.join("attempts.lance/data")).remove(0);
            fs::write(data, b"").unwrap();
            assert!(!is_sound(home).await);
        }
        let repaired = Store::repair(home.to_str().unwrap(), false, &Lance)
            .await
            .unwrap();
        let names: Vec<&str> = repaired
            .tables
            .iter()
            .map(|table| &table.name[..])
            .collect();
        let expected: &[&str] = if is_broken { &["attempts"] } else { &[] };
        assert_eq!(names, expected);
        assert_eq!((repaired.restored, repaired.warnings), (vec![], vec![]));
        assert!(is_sound(home).await);
        assert_eq!(results(home), before);
        assert_eq!(told_of_results(home), (Some(1), 2));
        let left = if is_broken { 2 } else { 4 };
        assert_eq!(rows(home, "attempts", "true").await, left);
        assert_eq!(
            contents(&open_builtin(home).await.namespace("a").await.unwrap()).len(),
            2
        );
    }
}
