//! `examples/ray`: Ray from PyPI, and a cluster of two nodes on this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tools::{Failure, output, run, step};
use crate::workspace::Workspace;

const EXAMPLE: &str = "examples/ray";

/// Runs the example's test, or says why it cannot be run here.
pub fn test(workspace: &Workspace) -> Result<(), Failure> {
    step("testing examples/ray on a cluster of two nodes");
    match python_with_ray(workspace) {
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

/// A Python that has what the example needs, or the reason why there is none.
fn python_with_ray(workspace: &Workspace) -> Result<PathBuf, String> {
    let folder = workspace.target_directory().join("ray");
    let python = folder.join("bin/python");
    let path = |path: &Path| path.to_string_lossy().into_owned();
    if output("python3", &["--version"]).is_none() {
        return Err("there is no `python3` on this machine".to_owned());
    }
    if !python.is_file() && output("python3", &["-m", "venv", &path(&folder)]).is_none() {
        return Err(format!(
            "`python3 -m venv {}` failed; on Debian, `apt-get install python3-venv` helps",
            folder.display()
        ));
    }
    let requirements = Path::new(EXAMPLE).join("requirements.txt");
    let install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "-r",
        &path(&requirements),
    ];
    output(&path(&python), &install).ok_or_else(|| {
        format!(
            "Ray cannot be installed from PyPI; see `{} {}`",
            python.display(),
            install.join(" ")
        )
    })?;
    Ok(python)
}
