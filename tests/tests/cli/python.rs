//! The Python client, against the real server: its own tests, its types and its style.

use std::process::Command;

use memhost_tests::{binary, skip, target_directory};

use super::*;

#[test]
fn the_python_client_keeps_what_it_promises() {
    let folder = target_directory().join("python-client").canonicalize().ok();
    let Some(folder) = folder.filter(|folder| folder.join("installed").is_file()) else {
        return skip(
            "what the Python client is tested with is not installed; `cargo xtask test` does that",
        );
    };
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/python");
    let cache = tempfile::tempdir().unwrap();
    for tool in [
        &["pytest", "-q", "-p", "no:cacheprovider"][..],
        &["mypy", "--cache-dir"],
        &["ruff", "check", "--no-cache"],
    ] {
        let mut command = Command::new(folder.join("bin/python"));
        command.args(["-m"]).args(tool);
        if tool[0] == "mypy" {
            command.arg(cache.path());
        }
        let ran = command
            .current_dir(&project)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("MEMHOST_BIN", binary())
            .env("MEMHOST_PLUGINS", plugins())
            .env("MEMHOST_CACHE", compiled())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&ran.stdout);
        let complained = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{tool:?}: {said}\n{complained}");
    }
}
