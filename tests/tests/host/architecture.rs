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

/// The manifest of a crate of the host.
fn manifest(folder: &str) -> toml::Value {
    let path = workspace().join("host").join(folder).join("Cargo.toml");
    toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// What a crate of the host depends on, its tests aside.
fn dependencies(folder: &str) -> BTreeSet<String> {
    let manifest = manifest(folder);
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
    let rows = rows();
    let place: BTreeMap<&str, usize> = rows.iter().map(|row| row.0).zip(0..).collect();
    let folders = std::fs::read_dir(workspace().join("host")).unwrap();
    let folders = folders.map(|folder| folder.unwrap().path());
    for folder in folders.filter(|path| path.is_dir()) {
        let name = folder.file_name().unwrap().to_str().unwrap();
        assert!(place.contains_key(name), "`{name}` is not on the page");
    }
    for (name, told) in &rows {
        let all = dependencies(name);
        let ours = all
            .iter()
            .filter(|package| *package == "memhost" || package.starts_with("memhost-"));
        let ours = ours.map(|package| short(package));
        // What a word is stands beside the host.
        let ours: BTreeSet<&str> = ours.filter(|name| *name != "words").collect();
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
fn what_only_some_crates_may_know_no_other_depends_on() {
    let only = [
        ("lancedb", vec!["lance"]),
        ("lance", vec!["lance"]),
        ("wasmtime", vec!["contract", "strategy", "engine"]),
        ("wasmtime-wasi", vec!["engine"]),
        ("reqwest", vec!["models", "serve", "testing"]),
        ("axum", vec!["serve"]),
        ("rmcp", vec!["serve"]),
        ("clap", vec!["cli"]),
    ];
    for (dependency, may) in only {
        for (name, _) in rows() {
            let knows = dependencies(name).contains(dependency);
            assert_eq!(knows, may.contains(&name), "{name} and {dependency}");
        }
    }
}

/// Otherwise whoever tests a report compiles LanceDB.
#[test]
fn what_stands_on_the_library_does_without_its_tables() {
    let root = std::fs::read_to_string(workspace().join("Cargo.toml")).unwrap();
    let root: toml::Value = toml::from_str(&root).unwrap();
    let library = &root["workspace"]["dependencies"]["memhost"];
    assert_eq!(library["default-features"].as_bool(), Some(false));
    let eval = &manifest("eval")["dependencies"]["memhost"];
    assert!(eval.get("features").is_none(), "{eval}");
    let lance = &manifest("memhost")["dependencies"]["memhost-lance"];
    assert_eq!(lance["optional"].as_bool(), Some(true));
}

/// Journeys name files below `host/`.
#[test]
fn every_file_on_the_page_is_there() {
    let (mut files, mut on_journeys) = (0, 0);
    for path in quoted(PAGE) {
        let is_path = path.contains('/') && !path.contains([' ', '<', '*', ':']);
        if !is_path || !(path.ends_with(".rs") || path.ends_with(".md") || path.ends_with(".toml"))
        {
            continue;
        }
        files += 1;
        if !workspace().join(path).exists() {
            assert!(workspace().join("host").join(path).exists(), "{path}");
            on_journeys += 1;
        }
    }
    assert!(files > 30 && on_journeys > 20, "{files}, {on_journeys}");
}
