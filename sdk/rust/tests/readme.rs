//! The table of plugins in `plugins/README.md` is what the plugins say of themselves.

use memhost_sdk::{Description, describe};

const TOLD: &str = include_str!("../../../plugins/README.md");

fn descriptions() -> [Description; 6] {
    [
        describe::<memhost_recency::Recency>(),
        describe::<memhost_rag::Rag>(),
        describe::<memhost_reasoningbank::ReasoningBank>(),
        describe::<memhost_memcollab::MemCollab>(),
        describe::<memhost_live_evo::LiveEvo>(),
        describe::<memhost_tide::Tide>(),
    ]
}

fn row(one: &Description) -> String {
    let listed = |names: Vec<String>| match names.is_empty() {
        true => "–".to_owned(),
        false => names.join(", "),
    };
    let parameters = one.parameters.iter().map(|one| format!("`{}`", one.name));
    format!(
        "| [`{0}`]({0}) | {1} | {2} | {3} | {4} |",
        one.name,
        one.summary,
        one.source,
        listed(one.requires.iter().map(|one| format!("`{one}`")).collect()),
        listed(parameters.collect()),
    )
}

#[test]
fn the_table_of_plugins_is_current() {
    let mut table =
        "| Plugin | What it does | Source | Requires | Parameters |\n|---|---|---|---|---|\n"
            .to_owned();
    for one in &descriptions() {
        table += &row(one);
        table.push('\n');
    }
    assert!(
        TOLD.contains(&table),
        "the table in plugins/README.md should be:\n\n{table}"
    );
}

#[test]
fn every_folder_with_a_plugin_has_a_row() {
    let plugins = concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugins");
    let named: Vec<String> = descriptions().map(|one| one.name).into();
    for entry in std::fs::read_dir(plugins).unwrap() {
        let path = entry.unwrap().path();
        if path.join("Cargo.toml").is_file() {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            assert!(named.contains(&name), "{name} is missing in this test");
        }
    }
}
