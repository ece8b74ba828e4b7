//! What commands print: what was asked for to standard output, everything else to standard error. Nothing is printed
//! but through here, where what strangers wrote is made [`visible`].

use std::fmt::Display;
use std::io::{self, Write as _};

use clap::ValueEnum;
use memhost_base::visible::{self, Inked};

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

/// Says something beside what was asked for, in a line of its own. Whoever closed standard error does not want to hear
/// it, and what was asked for does not suffer from that.
pub fn say(line: impl Display) {
    let remark = visible::remark(&line.to_string());
    let remark = match columns(&console::Term::stderr()) {
        Some(width) => folded(&remark, width),
        None => remark,
    };
    let _ = writeln!(io::stderr().lock(), "{remark}");
}

/// Prints text.
pub fn print(text: &str) -> Result<(), Failure> {
    write(&visible::text(text))
}

/// Prints text in colours of ours.
pub fn print_inked(text: &Inked) -> Result<(), Failure> {
    write(text.as_str())
}

/// Prints text for people: no line is wider than the page, as far as its width is known.
pub fn print_folded(text: &str) -> Result<(), Failure> {
    let text = visible::text(text);
    match page() {
        Some(width) => write(&(folded(&text, width) + "\n")),
        None => write(&text),
    }
}

/// Prints a value as indented JSON.
pub fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(value).map_err(Failure::failed)?;
    text.push('\n');
    write(&visible::json(&text))
}

/// A reader that has gone away (`| head`) has had what it wanted.
fn write(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::failed(NotPrinted(error)))
        }
        _ => Ok(()),
    }
}

/// Each line folded under its own last column.
fn folded(text: &str, width: usize) -> String {
    let lines = text.trim_end_matches('\n').split('\n');
    let lines = lines.map(|line| visible::fold(line, visible::last_column(line), width));
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether standard output wants colours: a terminal that knows them, and nobody said `NO_COLOR`.
pub fn colours() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

/// How wide tables may be: as wide as the page, or wide enough for every column if its width is not known.
pub fn width() -> usize {
    const WITHOUT_PAGE: usize = 160;
    page().unwrap_or(WITHOUT_PAGE)
}

/// The columns of what standard output is read on, if they are known.
pub fn page() -> Option<usize> {
    columns(&console::Term::stdout())
}

/// A terminal's own width, else that of the variable `COLUMNS`, by which others are told how wide their page is.
fn columns(stream: &console::Term) -> Option<usize> {
    let terminal = stream.size_checked().map(|(_, columns)| columns);
    known(terminal).or_else(|| known(std::env::var("COLUMNS").ok()?.trim().parse().ok()))
}

/// A terminal of no columns is one that does not know how many it has, as under `script`.
fn known(columns: Option<u16>) -> Option<usize> {
    columns.filter(|columns| *columns > 0).map(usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_that_does_not_know_its_width_is_none() {
        assert_eq!(known(Some(80)), Some(80));
        assert_eq!(known(Some(0)), None);
        assert_eq!(known(None), None);
    }
}
