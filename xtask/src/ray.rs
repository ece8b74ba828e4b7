//! `examples/ray`: Ray from PyPI, and a cluster of two nodes on this machine.

use std::path::Path;
use std::process::Command;

use crate::python;
use crate::tools::{Failure, run, step};
use crate::workspace::Workspace;

const EXAMPLE: &str = "examples/ray";

/// Runs the example's test, or says why it cannot be run here.
pub fn test(workspace: &Workspace) -> Result<(), Failure> {
    step("testing examples/ray on a cluster of two nodes");
    let folder = workspace.target_directory().join("ray");
    let requirements = Path::new(EXAMPLE).join("requirements.txt");
    match python::environment(&folder, &["-r", &requirements.to_string_lossy()]) {
        Ok(python) => run(Command::new(python)
            .env("MEMHOST_PLUGINS", workspace.plugin_directory())
            .arg(Path::new(EXAMPLE).join("test.py"))
            .arg(workspace.release_directory().join("memhost"))),
        Err(reason) => {
            eprintln!("skipped: {reason}");
            Ok(())
        }
    }
}
