//! The components that plugins become export the phases that they list and import what they use. Builds the
//! first-party plugins and the example as their authors would, and looks at the result as the host does.

mod languages;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use wit_component::{ComponentEncoder, DecodedWasm};

const TARGET: &str = "wasm32-unknown-unknown";

/// A component's imports and exports: names of this package's interfaces, others with their package.
struct Surface {
    imports: BTreeSet<String>,
    exports: BTreeSet<String>,
}

/// Every plugin: its package, what it exports, and how many kilobytes it may have, some of which are paths of the machine
/// that built it; 230 are tables of Unicode, in those that compare words themselves.
const PLUGINS: [(&str, &str, usize); 6] = [
    ("memhost-recency", "strategy retrieve distill", 225),
    ("memhost-rag", "strategy retrieve distill", 250),
    ("memhost-reasoningbank", "strategy retrieve distill", 345),
    ("memhost-memcollab", "strategy retrieve distill", 675),
    ("memhost-live-evo", "strategy retrieve update", 695),
    ("memhost-tide", "strategy retrieve distill update", 415),
];
/// The example, the guests that have the phases that no plugin has, and the wrappers: what they export, and what they import
/// beside the types.
const OTHERS: [(&str, &str, &str); 5] = [
    (
        "own-strategy",
        "strategy retrieve distill update evict",
        "store llm run",
    ),
    (
        "tidy",
        "strategy retrieve distill maintain",
        "store llm run",
    ),
    ("brief", "strategy compact", "llm run"),
    (
        "pass",
        "strategy retrieve distill update evict maintain compact",
        "inner run",
    ),
    ("hide", "strategy retrieve update", "inner run"),
];

#[test]
fn components_export_what_they_list_and_import_what_they_use() {
    let plugins = PLUGINS.map(|(package, exports, _)| (package, exports, "store llm run"));
    let all = [&plugins[..], &OTHERS].concat();
    let modules = build(&all.iter().map(|(package, ..)| *package).collect::<Vec<_>>());
    for (package, exports, imports) in all {
        let surface = surface(&module(&modules, package));
        let imports = names(&format!("types {imports}"));
        assert_eq!(surface.imports, imports, "imports of {package}");
        assert_eq!(surface.exports, names(exports), "exports of {package}");
    }
}

#[test]
fn plugins_are_small() {
    let modules = build(&PLUGINS.map(|(package, _, _)| package));
    for (package, _, kilobytes) in PLUGINS {
        let size = module(&modules, package).len() / 1000;
        assert!(
            size <= kilobytes,
            "{package} is {size} kB, but {kilobytes} would do"
        );
    }
}

/// The wasm files of these packages, built with the workspace's profile for plugins.
fn build(packages: &[&str]) -> Vec<PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo.args(["build", "--locked", "--quiet", "--message-format=json"]);
    cargo.args(["--target", TARGET, "--profile", "plugin"]);
    for package in packages {
        cargo.args(["--package", package]);
    }
    let output = cargo.output().expect("cargo runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "is the target there? `rustup target add {TARGET}`\n{errors}"
    );
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|message| message["filenames"].as_array().cloned())
        .flatten()
        .filter_map(|file| file.as_str().map(PathBuf::from))
        .filter(|file| file.extension().is_some_and(|ending| ending == "wasm"))
        .collect()
}

/// The wasm of a package.
fn module(modules: &[PathBuf], package: &str) -> Vec<u8> {
    let name = package.replace('-', "_");
    let file = modules
        .iter()
        .find(|file| file.file_stem() == Some(Path::new(&name).as_os_str()))
        .unwrap_or_else(|| panic!("cargo did not report {name}.wasm among {modules:?}"));
    std::fs::read(file).expect("cargo wrote it")
}

fn surface(module: &[u8]) -> Surface {
    let component = ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|mut encoder| encoder.encode())
        .expect("the module becomes a valid component");
    surface_of(&component)
}

fn surface_of(component: &[u8]) -> Surface {
    let decoded = wit_component::decode(component).expect("a component can be read");
    let DecodedWasm::Component(resolve, world) = decoded else {
        panic!("not a component");
    };
    let short = |key| {
        let name = resolve.name_world_key(key);
        match name.strip_prefix("memhost:strategy/") {
            Some(ours) => ours.split('@').next().unwrap_or(ours).to_owned(),
            None => name,
        }
    };
    let world = &resolve.worlds[world];
    Surface {
        imports: world.imports.keys().map(short).collect(),
        exports: world.exports.keys().map(short).collect(),
    }
}

fn names(list: &str) -> BTreeSet<String> {
    list.split(' ').map(str::to_owned).collect()
}
