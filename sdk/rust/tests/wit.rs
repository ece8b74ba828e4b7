//! The package holds the contract's texts, because a published crate sees nothing outside of its folder.

use std::collections::BTreeMap;
use std::path::Path;

fn texts(folder: &str) -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files
        .map(|file| {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&file).unwrap())
        })
        .collect()
}

#[test]
fn the_packaged_contract_is_the_contract() {
    assert!(
        texts("wit") == texts("../../wit"),
        "`cp wit/*.wit sdk/rust/wit/` brings the package up to date"
    );
}
