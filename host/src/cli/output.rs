//! What commands print: what was asked for to standard output, everything else to standard error.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};

use clap::ValueEnum;

use super::Failure;

/// How what is known is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
}

/// Standard output cannot take what was asked for.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output: make room there, or send it elsewhere")]
struct NotPrinted(#[source] io::Error);

/// Says something beside what was asked for, in a line of its own. Whoever closed standard error does not want to hear it,
/// and what was asked for does not suffer from that.
pub fn say(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Prints text. A reader that has gone away (`| head`) has had what it wanted.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::failed(NotPrinted(error)))
        }
        _ => Ok(()),
    }
}

/// Prints a value as indented JSON.
pub fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(value).map_err(Failure::failed)?;
    text.push('\n');
    print(&text)
}

/// Whether standard output wants colours: a terminal that knows them, and nobody said `NO_COLOR`.
pub fn colours() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

/// How wide tables may be: as wide as the terminal, or wide enough for every column if there is none.
pub fn width() -> usize {
    let terminal = io::stdout()
        .is_terminal()
        .then(|| comfy_table::Table::new().width())
        .flatten();
    wide_enough(terminal)
}

/// A terminal of no columns is one that does not know how many it has, as under `script`.
fn wide_enough(terminal: Option<u16>) -> usize {
    const WITHOUT_TERMINAL: usize = 160;
    match terminal {
        None | Some(0) => WITHOUT_TERMINAL,
        Some(columns) => columns.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_that_does_not_know_its_width_is_none() {
        assert_eq!(wide_enough(Some(80)), 80);
        assert_eq!(wide_enough(Some(0)), wide_enough(None));
    }
}
