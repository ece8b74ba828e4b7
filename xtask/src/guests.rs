//! Building what runs in the sandbox: cargo makes core modules, wit-component makes components of them.

use std::fs;
use std::path::Path;

use wit_component::ComponentEncoder;

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
    packages.iter().try_for_each(|package| {
        let module = workspace.module_directory().join(package.module());
        componentize(
            &module,
            &directory.join(format!("{}.wasm", package.plugin_name())),
        )
    })
}

/// Makes a component of a core module. An unchanged component is left alone, so that compiled code of it
/// stays good.
fn componentize(module: &Path, component: &Path) -> Result<(), Failure> {
    let bytes = fs::read(module).map_err(|source| Failure::File {
        path: module.into(),
        source,
    })?;
    let encoded = ComponentEncoder::default()
        .validate(true)
        .module(&bytes)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| Failure::Component {
            module: module.into(),
            reason: format!("{error:#}"),
        })?;
    if fs::read(component).is_ok_and(|there| there == encoded) {
        return Ok(());
    }
    fs::write(component, encoded).map_err(|source| Failure::File {
        path: component.into(),
        source,
    })
}
