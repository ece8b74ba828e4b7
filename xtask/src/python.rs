//! Environments of Python, with what tests need from PyPI.

use std::path::{Path, PathBuf};

use crate::tools::output;

/// The Python of an environment in this folder that has what a file of requirements names, or the reason why there is none.
pub fn environment(folder: &Path, requirements: &Path) -> Result<PathBuf, String> {
    let python = folder.join("bin/python");
    let path = |path: &Path| path.to_string_lossy().into_owned();
    if output("python3", &["--version"]).is_none() {
        return Err("there is no `python3` on this machine".to_owned());
    }
    if !python.is_file() && output("python3", &["-m", "venv", &path(folder)]).is_none() {
        return Err(format!(
            "`python3 -m venv {}` failed; on Debian, `apt-get install python3-venv` helps",
            folder.display()
        ));
    }
    let install = ["-m", "pip", "install", "--quiet", "-r", &path(requirements)];
    output(&path(&python), &install).ok_or_else(|| {
        format!(
            "what {} names cannot be installed from PyPI, which may be out of reach; see `{} {}`",
            requirements.display(),
            python.display(),
            install.join(" ")
        )
    })?;
    Ok(python)
}
