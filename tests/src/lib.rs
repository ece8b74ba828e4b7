//! Promises that hold across crates, tested with the real binary and real components.

use std::path::{Path, PathBuf};

/// A built component: of a plugin in `plugins/`, or of a guest in `tests/guests/` or `examples/`, by the name of
/// its folder.
///
/// # Panics
///
/// If it is not built.
pub fn plugin(name: &str) -> PathBuf {
    let target = target_directory();
    let file = format!("{name}.wasm");
    let places = [
        target.join("plugins").join(&file),
        target.join("guests").join(&file),
    ];
    let there = places.iter().find(|path| path.is_file());
    there.cloned().unwrap_or_else(|| {
        panic!(
            "neither {} nor {} is there; run `cargo xtask test`, which builds them first",
            places[0].display(),
            places[1].display()
        )
    })
}

/// Where cargo builds to.
pub fn target_directory() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    workspace.join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}
