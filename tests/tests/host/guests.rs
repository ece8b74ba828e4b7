//! A guest that no test loads tests nothing: each is named by one.

use std::fs;
use std::path::{Path, PathBuf};

/// Every file with Rust in it below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => sources(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

#[test]
fn every_guest_is_loaded_by_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let tests: Vec<String> = sources(&folder)
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let guests = memhost_tests::folders("tests/guests");
    assert!(guests.contains(&"hostile".to_owned()), "{guests:?}");
    for guest in guests {
        let (loads, named) = (format!("plugin(\"{guest}\")"), format!("\"{guest}\""));
        // A wrapper is loaded with what it wraps.
        let wraps = |line: &str| line.contains("load(&[") && line.contains(&named);
        let is_loaded = |test: &String| test.contains(&loads) || test.lines().any(wraps);
        assert!(
            tests.iter().any(is_loaded),
            "no test in {} has `{loads}`; write one that loads tests/guests/{guest}, or remove the guest",
            folder.display()
        );
    }
}
