//! Environments of Python, with what tests need from PyPI.

use std::path::{Path, PathBuf};

use crate::tools::output;

/// The Python of an environment in this folder that has what is wanted (as arguments of `pip install`), or the reason why
/// there is none.
pub fn environment(folder: &Path, wanted: &[&str]) -> Result<PathBuf, String> {
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
    let install = [&["-m", "pip", "install", "--quiet"], wanted].concat();
    output(&path(&python), &install).ok_or_else(|| {
        format!(
            "Python packages cannot be installed from PyPI, which may be out of reach; see `{} {}`",
            python.display(),
            install.join(" ")
        )
    })?;
    Ok(python)
}
