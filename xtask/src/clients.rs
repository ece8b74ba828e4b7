//! Clients of a live host, which tests have talk to a server: the official ones of MCP, from PyPI and npm, and what the
//! Python client is tested with. They go into the target directory.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::python;
use crate::tools::{output, step};
use crate::workspace::Workspace;

/// What names the official clients of MCP.
const MCP: &str = "tests/mcp";
/// The Python client, which names what it is tested with.
const PYTHON: &str = "sdk/python";

/// How often an installation is tried, and how long it is waited before the next time.
const TRIES: usize = 3;
const PAUSE: Duration = Duration::from_secs(10);

/// Installs them, once, or says why the tests go on without.
pub fn set_up(workspace: &Workspace) {
    let target = workspace.target_directory();
    let [requirements, package, lock] = ["requirements.txt", "package.json", "package-lock.json"]
        .map(|name| Path::new(MCP).join(name));
    let mcp = target.join("mcp");
    let installed = once(
        &mcp,
        "the official MCP clients",
        &[&requirements, &lock],
        || {
            python::environment(
                &mcp.join("python"),
                &["-r", &requirements.to_string_lossy()],
            )?;
            packages(&mcp, &[&package, &lock])
        },
    );
    or_go_on_without("the official MCP clients", installed);

    let client = target.join("python-client");
    let project = Path::new(PYTHON).join("pyproject.toml");
    let tested = format!("./{PYTHON}[test]");
    let installed = once(
        &client,
        "what the Python client is tested with",
        &[&project],
        || python::environment(&client, &["-e", &tested]).map(drop),
    );
    or_go_on_without("the Python client", installed);
}

fn or_go_on_without(what: &str, installed: Result<(), String>) {
    if let Err(reason) = installed {
        eprintln!("going on without {what}: {reason}");
    }
}

/// Installs something into a folder, unless what these files name is there.
fn once(
    folder: &Path,
    what: &str,
    named: &[&Path],
    install: impl Fn() -> Result<(), String>,
) -> Result<(), String> {
    let said = |error: std::io::Error| format!("{}: {error}", folder.display());
    let wanted: Result<String, _> = named.iter().map(fs::read_to_string).collect();
    let wanted = wanted.map_err(said)?;
    // Written last: what is there then is what is wanted.
    let stamp = folder.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    step(&format!("installing {what} (a server is tested with them)"));
    fs::create_dir_all(folder).map_err(said)?;
    // A registry may have too much to do just now.
    let mut installed = install();
    for _ in 1..TRIES {
        if installed.is_ok() {
            break;
        }
        std::thread::sleep(PAUSE);
        installed = install();
    }
    installed?;
    fs::write(&stamp, wanted).map_err(said)
}

/// Installs packages from npm.
fn packages(folder: &Path, files: &[&Path]) -> Result<(), String> {
    if output("npm", &["--version"]).is_none() {
        return Err("there is no `npm` on this machine, or no Node.js".to_owned());
    }
    for file in files {
        let name = file.file_name().unwrap_or_default();
        fs::copy(file, folder.join(name))
            .map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let prefix = folder.to_string_lossy();
    let install = ["ci", "--ignore-scripts", "--no-audit", "--prefix", &prefix];
    output("npm", &install).map(drop).ok_or_else(|| {
        format!(
            "what {MCP}/package-lock.json names cannot be installed from npm, which may be out of reach; see `npm {}`",
            install.join(" ")
        )
    })
}
