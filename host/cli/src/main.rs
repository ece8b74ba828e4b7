//! The program: the library's command line, nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    memhost_cli::main()
}
