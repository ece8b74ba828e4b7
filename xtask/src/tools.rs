//! Running other programs, and saying what went wrong with them.

use std::io;
use std::path::PathBuf;
use std::process::Command;

/// Why a task stopped.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A program could not be started.
    #[error("could not start `{program}`: {source}")]
    Start {
        /// Which.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// A program said no.
    #[error("`{command}` failed ({status}); what it said stands above")]
    Exit {
        /// With its arguments.
        command: String,
        /// Its exit status.
        status: std::process::ExitStatus,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// cargo said something unexpected of the workspace.
    #[error("`cargo metadata` printed what is not its format: {0}")]
    Metadata(#[from] serde_json::Error),
    /// A guest's core module could not be made a component.
    #[error("{module} could not be made a component: {reason}", module = module.display())]
    Component {
        /// Which module.
        module: PathBuf,
        /// Why.
        reason: String,
    },
    /// Something is missing and could not be installed from here.
    #[error("{what} is missing. Install it with\n\n    {command}\n\nand run this again")]
    Missing {
        /// What.
        what: &'static str,
        /// What installs it.
        command: String,
    },
}

/// Says what comes next.
pub fn step(what: &str) {
    eprintln!("\n== {what}");
}

/// cargo, the one that runs this.
///
/// Without what cargo told this program of its own package: the build script of `ring` is run again when any of that
/// changes, and LanceDB would be compiled anew after every change between `cargo build` and `cargo xtask`.
pub fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let of_a_package = [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_BIN_",
            "CARGO_CRATE_",
        ];
        if of_a_package
            .iter()
            .any(|prefix| name.to_string_lossy().starts_with(prefix))
        {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// Runs a program to its end; what it prints is seen.
pub fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command
        .status()
        .map_err(|source| start_failure(command, source))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::Exit {
            command: line(command),
            status,
        })
    }
}

/// What a program prints; `None` if it is not there or says no.
pub fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Why a program could not be started.
pub fn start_failure(command: &Command, source: io::Error) -> Failure {
    Failure::Start {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
    }
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
