//! Promises that hold across crates, tested with the real binary and real components.

use std::path::{Path, PathBuf};

/// A built component: of a plugin in `plugins/`, or of a guest in `tests/guests/`, by the name of its folder.
///
/// # Panics
///
/// If it is not built.
pub fn plugin(name: &str) -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let directory = match (
        std::env::var_os("MEMHOST_PLUGINS"),
        std::env::var_os("CARGO_TARGET_DIR"),
    ) {
        (Some(plugins), _) => PathBuf::from(plugins),
        (None, Some(target)) => workspace.join(target).join("plugins"),
        (None, None) => workspace.join("target/plugins"),
    };
    let path = directory.join(format!("{name}.wasm"));
    assert!(
        path.is_file(),
        "{} is not there; run `cargo xtask plugins` first",
        path.display()
    );
    path
}
