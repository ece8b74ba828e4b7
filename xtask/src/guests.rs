//! Building what runs in the sandbox: cargo makes core modules, and `xtask-components` makes components of them.

use std::fs;
use std::path::Path;

use crate::tools::{Failure, cargo, run, step};
use crate::workspace::{Package, Workspace};

/// Builds packages as components, each to `<directory>/<plugin name>.wasm`.
pub fn build(
    workspace: &Workspace,
    packages: &[&Package],
    directory: &Path,
) -> Result<(), Failure> {
    if packages.is_empty() {
        return Ok(());
    }
    step(&format!(
        "building {}",
        packages
            .iter()
            .map(|p| p.plugin_name())
            .collect::<Vec<_>>()
            .join(", ")
    ));
    let names = packages
        .iter()
        .flat_map(|package| ["--package", &package.name]);
    run(cargo()
        .args([
            "build",
            "--lib",
            "--profile",
            "plugin",
            "--target",
            "wasm32-unknown-unknown",
        ])
        .args(names))?;
    fs::create_dir_all(directory).map_err(|source| Failure::File {
        path: directory.into(),
        source,
    })?;
    step("making components of them");
    let files = packages.iter().flat_map(|package| {
        let component = directory.join(format!("{}.wasm", package.plugin_name()));
        [
            workspace.module_directory().join(package.module()),
            component,
        ]
    });
    run(cargo()
        .args(["run", "--release", "--package", "xtask-components", "--"])
        .args(files))
}
