//! A report on standard output, and in the files of a result directory.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use memhost_base::disk;
use memhost_eval::compare::{Design, Finish, Report, report};

use crate::{Failure, output};

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For programs: everything that is known.
    Json,
    /// For programs: one line per suite, strategy and measure.
    Csv,
}

/// A file of a report cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `{}`: free it, or choose another --output", .path.display())]
struct CannotWrite {
    path: PathBuf,
    source: std::io::Error,
}

/// Prints a report, in colours where they can be seen.
///
/// # Errors
/// If standard output takes no more.
pub fn show(report: &Report, format: Format) -> Result<(), Failure> {
    match format {
        Format::Table if output::colours() => {
            output::print_inked(&report::coloured_table(report, output::width()))
        }
        format => output::print(&printed(report, format, output::width())?),
    }
}

fn printed(report: &Report, format: Format, width: usize) -> Result<String, Failure> {
    match format {
        Format::Table => Ok(report::table(report, width)),
        Format::Json => report::json(report).map_err(Failure::failed),
        Format::Csv => report::csv(report).map_err(Failure::failed),
    }
}

/// Writes a report in all its forms.
///
/// # Errors
/// If the disk refuses.
pub fn write_reports(
    directory: &Path,
    report: &Report,
    design: &Design,
    finish: &Finish,
) -> Result<(), Failure> {
    const WIDTH: usize = 160;
    let mut scores = Vec::new();
    report::parquet(&mut scores, design, finish).map_err(Failure::failed)?;
    let files: [(&str, Vec<u8>); 5] = [
        (
            "report.html",
            report::html(report, design)
                .map_err(Failure::failed)?
                .into(),
        ),
        ("report.txt", printed(report, Format::Table, WIDTH)?.into()),
        ("report.csv", printed(report, Format::Csv, WIDTH)?.into()),
        ("results.json", printed(report, Format::Json, WIDTH)?.into()),
        ("results.parquet", scores),
    ];
    for (file, content) in files {
        let path = directory.join(file);
        disk::write_whole(&path, &content)
            .map_err(|source| Failure::failed(CannotWrite { path, source }))?;
    }
    Ok(())
}
