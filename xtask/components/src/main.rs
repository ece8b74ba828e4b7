//! A program that makes components of the core modules that cargo builds: `xtask-components MODULE COMPONENT …`.
//!
//! It is no part of `cargo xtask`, which would say nothing for as long as the encoder compiles.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use wit_component::ComponentEncoder;

fn main() -> ExitCode {
    let files: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let pairs = files.chunks_exact(2);
    if let [odd] = pairs.remainder() {
        eprintln!("error: no component is named for {}", odd.display());
        return ExitCode::from(2);
    }
    for pair in pairs {
        if let Err(reason) = componentize(&pair[0], &pair[1]) {
            eprintln!("error: {reason}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Makes a component of a core module. An unchanged component is left alone, so that compiled code of it
/// stays good.
fn componentize(module: &Path, component: &Path) -> Result<(), String> {
    let bytes = fs::read(module).map_err(|error| format!("{}: {error}", module.display()))?;
    let encoded = ComponentEncoder::default()
        .validate(true)
        .module(&bytes)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| {
            let module = module.display();
            format!("{module} could not be made a component: {error:#}")
        })?;
    if fs::read(component).is_ok_and(|there| there == encoded) {
        return Ok(());
    }
    fs::write(component, encoded).map_err(|error| format!("{}: {error}", component.display()))
}
