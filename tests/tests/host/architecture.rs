//! Whether `ARCHITECTURE.md` says what the crates are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const PAGE: &str = include_str!("../../../ARCHITECTURE.md");

/// The crates' names on the page, without `memhost-`.
fn short(package: &str) -> &str {
    package.strip_prefix("memhost-").unwrap_or(package)
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What a crate of the host depends on, its tests aside.
fn dependencies(folder: &str) -> BTreeSet<String> {
    let manifest = workspace().join("host").join(folder).join("Cargo.toml");
    let manifest = std::fs::read_to_string(manifest).unwrap();
    let manifest: toml::Value = toml::from_str(&manifest).unwrap();
    let dependencies = manifest["dependencies"].as_table().unwrap();
    dependencies.keys().cloned().collect()
}

/// The parts of a text that stand between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Rows of the table of crates: the crate, and what it is said to depend on.
fn rows() -> Vec<(&'static str, BTreeSet<&'static str>)> {
    let (_, table) = PAGE.split_once("| crate |").expect("a table of crates");
    let rows = table.lines().skip(2).map_while(|line| {
        let mut cells = line.strip_prefix('|')?.split('|');
        let name = quoted(cells.next()?).next()?;
        let depends = quoted(cells.nth(2)?).collect();
        Some((name, depends))
    });
    rows.collect()
}

#[test]
fn a_crate_depends_on_what_the_page_says_and_on_nothing_below_it() {
    let folders = std::fs::read_dir(workspace().join("host")).unwrap();
    let folders: BTreeSet<String> = folders
        .map(|folder| folder.unwrap().file_name().into_string().unwrap())
        .collect();
    let rows = rows();
    let told: BTreeSet<String> = rows.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(told, folders);
    let place: BTreeMap<&str, usize> = rows.iter().map(|row| row.0).zip(0..).collect();
    for (name, told) in &rows {
        let all = dependencies(name);
        let ours = all.iter().map(|package| short(package));
        let ours: BTreeSet<&str> = ours.filter(|name| folders.contains(*name)).collect();
        let ours: BTreeSet<&str> = ours
            .into_iter()
            // The crate of LanceDB's makers has the name that ours has without `memhost-`.
            .filter(|name| *name != "lance" || all.contains("memhost-lance"))
            .collect();
        assert_eq!(told, &ours, "{name}");
        for below in told {
            assert!(
                place[below] < place[name],
                "`{name}` stands above `{below}`"
            );
        }
    }
}

#[test]
fn only_one_crate_knows_lancedb() {
    for (name, _) in rows() {
        let knows = ["lancedb", "lance"]
            .iter()
            .any(|known| dependencies(name).contains(*known));
        assert_eq!(knows, name == "lance", "{name}");
    }
}

#[test]
fn every_file_on_the_page_is_there() {
    let roots = [
        "host/",
        "tests/",
        "plugins/",
        "sdk/",
        "examples/",
        "xtask/",
        "docs/",
        "wit/",
    ];
    let mut seen = 0;
    for path in quoted(PAGE) {
        let is_path =
            roots.iter().any(|root| path.starts_with(root)) && !path.contains([' ', '<', '*']);
        if is_path {
            assert!(workspace().join(path).exists(), "{path}");
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen} files");
}
