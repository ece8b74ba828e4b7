//! `memhost report`: one report of the parts of a comparison.

use std::path::{Path, PathBuf};

use memhost_base::home;
use memhost_eval::compare::directory::ResultDirectory;
use memhost_eval::compare::merge::{self, Merged, Missing, Source};
use memhost_eval::compare::{CellOutcome, Report};

use super::compare::{Format, show, verdict, write_reports};
use super::{Failure, output, setup};

const EXAMPLES: &str = "\
Examples:
  memhost report results/1 results/2 results/3
  memhost report results/* --output all
  memhost report s3://bucket/results/1 s3://bucket/results/2 --format csv > results.csv

Each DIR is what `memhost compare --shard I/N --output DIR` wrote, or a whole comparison. They must be of one \
comparison: the same plugins, suites, seeds, configuration and versions. Neither plugins nor suites are \
needed. A cell that no DIR has a result of is named with its shard, and so is one whose file is damaged; the \
report is made of the others, and the exit code is 1.

With --output, the report, the manifest of the whole and all cells are written there, as a single run \
would have written them. An object store needs a memhost that was built with `--features s3`, `gcs` or `azure`.";

/// Make one report of a comparison whose parts were run by shards.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Options {
    /// Directories of results, or object-store URIs that they were copied to.
    #[arg(required = true, value_name = "DIR")]
    directories: Vec<String>,
    /// Where the report, the manifest of the whole and all cells are kept [default: nowhere].
    #[arg(long, value_name = "DIR", value_parser = setup::result_directory)]
    output: Option<PathBuf>,
    /// How the report is printed.
    #[arg(long, default_value = "table")]
    format: Format,
}

/// Why a report is not whole.
#[derive(Debug, thiserror::Error)]
enum ReportError {
    #[error("{missing} of {cells} cells have no result: {}", .shards.join("; "))]
    Incomplete {
        missing: usize,
        cells: usize,
        shards: Vec<String>,
    },
    #[error("`{}` holds another comparison ({difference}): choose another --output", .output.display())]
    OtherComparison { output: PathBuf, difference: String },
}

/// Runs the command.
pub async fn run(options: Options) -> Result<(), Failure> {
    let places = options.directories.iter();
    let sources = places.map(|place| Source::open(&home::expand_in(place)));
    let sources = sources.collect::<Result<Vec<_>, _>>();
    let merged = merge::merge(sources.map_err(Failure::failed)?).await;
    let merged = merged.map_err(Failure::failed)?;
    for warning in &merged.warnings {
        output::say(format_args!("warning: {warning}"));
    }
    let setup = merged.manifest.part.setup();
    let report = Report::new(&merged.manifest.design, &merged.finish, &setup);
    if let Some(directory) = &options.output {
        keep(directory, &merged)?;
        write_reports(directory, &report, &merged.manifest.design, &merged.finish)?;
    }
    if merged.finish.ran() > 0 {
        show(&report, options.format)?;
    }
    check(&merged)
}

/// Writes the whole as one run would have written it.
fn keep(output: &Path, merged: &Merged) -> Result<(), Failure> {
    let directory = ResultDirectory::open(output).map_err(Failure::failed)?;
    if let Some(damage) = directory.damage() {
        output::say(format_args!("warning: {damage}"));
    }
    if let Some(earlier) = directory.earlier() {
        let mut differences = merged.manifest.differences(earlier);
        if !differences.is_empty() {
            return Err(Failure::usage(ReportError::OtherComparison {
                output: output.to_owned(),
                difference: differences.swap_remove(0),
            }));
        }
    }
    let cells = merged.manifest.design.cells();
    for (cell, outcome) in cells.iter().zip(&merged.finish.outcomes) {
        if let CellOutcome::Finished(report) | CellOutcome::Broken(report) = outcome {
            let kept = directory.cells().save(&cell.key, report);
            kept.map_err(Failure::failed)?;
        }
    }
    directory.write(&merged.manifest).map_err(Failure::failed)
}

/// Whether the report is whole.
fn check(merged: &Merged) -> Result<(), Failure> {
    if merged.missing.is_empty() {
        return verdict(&merged.finish, true);
    }
    Err(Failure::failed(ReportError::Incomplete {
        missing: merged.missing.iter().map(|missing| missing.cells).sum(),
        cells: merged.finish.outcomes.len(),
        shards: merged.missing.iter().map(in_words).collect(),
    }))
}

fn in_words(missing: &Missing) -> String {
    let Missing {
        shard,
        cells,
        of,
        first,
    } = missing;
    match (shard.count(), cells == of) {
        (1, _) => format!("the first is {first}; run the comparison again with the same --output"),
        (_, true) => format!("shard {shard} is missing; run it, and name its directory too"),
        (_, false) => format!(
            "shard {shard} lacks {cells} of {of}, the first is {first}; run it again with the same --output"
        ),
    }
}
