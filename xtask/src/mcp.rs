//! The official clients of MCP, which tests have talk to a server: from PyPI and npm, into the target directory.

use std::fs;
use std::path::Path;

use crate::python;
use crate::tools::{output, step};
use crate::workspace::Workspace;

/// What names them.
const FOLDER: &str = "tests/mcp";

/// Installs them, once, or says why the tests go on without.
pub fn set_up(workspace: &Workspace) {
    let folder = workspace.target_directory().join("mcp");
    if let Err(reason) = install(&folder) {
        eprintln!("going on without the official MCP clients: {reason}");
    }
}

fn install(folder: &Path) -> Result<(), String> {
    let said = |error: std::io::Error| format!("{}: {error}", folder.display());
    let named = Path::new(FOLDER);
    let (requirements, lock) = (named.join("requirements.txt"), "package-lock.json");
    let wanted = [requirements.clone(), named.join(lock)].map(fs::read_to_string);
    let [requirements_text, lock_text] = wanted;
    let wanted = requirements_text.map_err(said)? + &lock_text.map_err(said)?;
    // Written last: what is there then is what is wanted.
    let stamp = folder.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    step("installing the official MCP clients (a server is tested with them)");
    fs::create_dir_all(folder).map_err(said)?;
    python::environment(&folder.join("python"), &requirements)?;
    if output("npm", &["--version"]).is_none() {
        return Err("there is no `npm` on this machine, or no Node.js".to_owned());
    }
    for file in ["package.json", lock] {
        fs::copy(named.join(file), folder.join(file)).map_err(said)?;
    }
    let prefix = folder.to_string_lossy();
    let install = ["ci", "--ignore-scripts", "--no-audit", "--prefix", &prefix];
    output("npm", &install).ok_or_else(|| {
        format!(
            "what {FOLDER}/{lock} names cannot be installed from npm, which may be out of reach; see `npm {}`",
            install.join(" ")
        )
    })?;
    fs::write(&stamp, wanted).map_err(said)
}
