//! Running other programs, and saying what went wrong with them.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::Command;

/// Why a task stopped.
#[derive(Debug)]
pub enum Failure {
    /// A program could not be started.
    Start {
        /// Which.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// A program said no.
    Exit {
        /// With its arguments.
        command: String,
        /// Its exit status.
        status: std::process::ExitStatus,
    },
    /// A file could not be read or written.
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// cargo said something unexpected of the workspace.
    Metadata(serde_json::Error),
    /// Something is missing and could not be installed from here.
    Missing {
        /// What.
        what: &'static str,
        /// What installs it.
        command: String,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start { program, source } => write!(f, "could not start `{program}`: {source}"),
            Self::Exit { command, status } => {
                write!(
                    f,
                    "`{command}` failed ({status}); what it said stands above"
                )
            }
            Self::File { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Metadata(source) => {
                write!(
                    f,
                    "`cargo metadata` printed what is not its format: {source}"
                )
            }
            Self::Missing { what, command } => write!(
                f,
                "{what} is missing. Install it with\n\n    {command}\n\nand run this again"
            ),
        }
    }
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
