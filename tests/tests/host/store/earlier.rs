//! Stores of earlier memhosts, which this one cannot read: it says so, and leaves them as they are.

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
