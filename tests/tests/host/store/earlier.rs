//! Stores of earlier memhosts, which this one cannot read: it says so, and leaves them as they are. One of the version before
//! is written anew elsewhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use memhost::Lance;
use memhost::embedding::Builtin;
use memhost::store::{SCHEMA_VERSION, StoreError};

use super::*;

/// What a memhost of schema version 3 wrote, in two runs of two memories, four attempts and four results. The second run
/// was killed: what it wrote is in journals.
fn of_schema_3(to: &Path) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/host/store/with_results");
    copy(&here, to);
}

/// Every file, byte by byte.
fn bytes(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = files(path).into_iter();
    files
        .map(|file| (file.clone(), fs::read(file).unwrap()))
        .collect()
}

/// What each thing that can be done with a store is answered.
async fn refusals(path: &Path) -> Vec<StoreError> {
    let uri = path.to_str().unwrap();
    let builtin = || Arc::new(Builtin::default());
    vec![
        Store::look(uri, builtin().as_ref()).await.unwrap_err(),
        Store::open(uri, builtin(), &Lance).await.err().unwrap(),
        Store::verify(uri, &Lance).await.unwrap_err(),
        Store::repair(uri, true, &Lance).await.unwrap_err(),
        Store::reembed(uri, letters(), &Lance).await.unwrap_err(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_schema_version_3_is_refused_whatever_is_asked_of_it_and_not_touched() {
    let as_it_was: fn(&Path) = |_| ();
    let only_a_copy: fn(&Path) = |path| {
        let (manifest, copy) = (path.join("memhost.json"), path.join("memhost.copy.json"));
        fs::rename(manifest, copy).unwrap();
    };
    for change in [as_it_was, only_a_copy] {
        let home = tempfile::tempdir().unwrap();
        of_schema_3(home.path());
        change(home.path());
        let before = bytes(home.path());
        for error in refusals(home.path()).await {
            let StoreError::OtherSchema { found, known, .. } = &error else {
                panic!("{error}");
            };
            assert_eq!((*found, *known), (3, SCHEMA_VERSION));
            let told = error.to_string();
            assert!(told.contains("schema version 3"), "{told}");
            assert!(told.contains("the memhost that wrote it can"), "{told}");
        }
        assert_eq!(bytes(home.path()), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_schema_version_3_is_written_anew_and_stays_as_it_was() {
    let (old, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    of_schema_3(old.path());
    let before = bytes(old.path());
    let into = home.path().join("new");
    // As an upgrade that was killed leaves it.
    let unfinished = home.path().join("new.unfinished");
    fs::create_dir_all(unfinished.join("memories.lance")).unwrap();
    fs::write(unfinished.join("memhost.json"), "{").unwrap();

    let (from, to) = (old.path().to_str().unwrap(), into.to_str().unwrap());
    let upgraded = Store::upgrade(from, to, &Lance).await.unwrap();
    let written = (upgraded.namespaces, upgraded.memories, upgraded.attempts);
    // Those of the run that was killed, too.
    assert_eq!(written, (1, 2, 4));
    assert_eq!(upgraded.warnings, Vec::<String>::new());
    assert_eq!(bytes(old.path()), before);
    assert!(!unfinished.exists());

    let verified = Store::verify(to, &Lance).await.unwrap();
    assert!(verified.is_sound(), "{verified:?}");
    let store = Store::open(to, Arc::new(Builtin::default()), &Lance);
    let store = store.await.unwrap();
    let namespace = store.namespace("a").await.unwrap();
    assert_eq!(contents(&namespace), ["one", "two"]);
    let rows = namespace.scan(&everything(), &View::default()).unwrap();
    assert!(rows.iter().all(|row| row.vectors.concat().len() == 256));
    let (by_meaning, view) = (semantic("one", ""), View::default());
    let found = namespace.search(&by_meaning, &view).await.unwrap();
    assert_eq!(found[0].id, "m1");
    let ids = namespace
        .apply(transaction([insert("three")]))
        .await
        .unwrap();
    assert_eq!(ids, ["m3"]);
    store.close().await.unwrap();
    for run in ["first", "second"] {
        for id in ["1", "2"] {
            let condition = format!("run = '{run}' AND id = '{id}'");
            assert_eq!(
                super::rows(&into, "attempts", &condition).await,
                1,
                "{condition}"
            );
        }
    }

    // What is there is never written over.
    let again = Store::upgrade(from, to, &Lance).await.unwrap_err();
    assert!(matches!(again, StoreError::Taken { .. }), "{again}");
    let of_now = Store::upgrade(to, home.path().join("x").to_str().unwrap(), &Lance).await;
    let of_now = of_now.unwrap_err();
    assert!(matches!(of_now, StoreError::OtherSchema { .. }), "{of_now}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_schema_version_3_that_is_damaged_or_in_use_is_not_written_anew() {
    /// Does it, and gives what must be held for it to last.
    type Harm = fn(&Path) -> Box<dyn std::any::Any>;
    let harms: [Harm; 2] = [
        |path| {
            let data = files(&path.join("memories.lance/data")).remove(0);
            let mut content = fs::read(&data).unwrap();
            content[20] ^= 1;
            fs::write(data, content).unwrap();
            Box::new(())
        },
        |path| {
            let lock = path.join("journal/a-ca978112ca1bbdca.lock");
            let lock = fs::File::create(lock).unwrap();
            lock.try_lock().unwrap();
            Box::new(lock)
        },
    ];
    for (harm, sign) in harms
        .into_iter()
        .zip(["memories.lance", "a-ca978112ca1bbdca"])
    {
        let (old, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        of_schema_3(old.path());
        let _held = harm(old.path());
        let into = home.path().join("new");
        let (from, to) = (old.path().to_str().unwrap(), into.to_str().unwrap());
        let error = Store::upgrade(from, to, &Lance)
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(sign), "{error}");
        assert_eq!(files(home.path()), Vec::<PathBuf>::new());
    }
}
