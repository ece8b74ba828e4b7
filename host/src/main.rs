//! The command line: parses and dispatches, nothing else.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    memhost::cli::run(memhost::cli::Cli::parse())
}
