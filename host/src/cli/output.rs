//! What commands print to standard output.

use std::io::{self, IsTerminal as _, Write as _};

use super::Failure;

/// Prints text. A reader that has gone away (`| head`) has had what it wanted.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::failed(error)),
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
    const WITHOUT_TERMINAL: usize = 160;
    let terminal = io::stdout()
        .is_terminal()
        .then(|| comfy_table::Table::new().width())
        .flatten();
    terminal.map_or(WITHOUT_TERMINAL, usize::from)
}
