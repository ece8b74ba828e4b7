//! The page of results, `docs/results.md`: written from a comparison's report, so that no figure in it is typed.

use std::io;
use std::path::Path;

use crate::tools::{self, Failure, run};

/// Where the page is.
pub const PAGE: &str = "docs/results.md";

const HEAD: &str = "\
# Results

<!-- Written by `cargo xtask results`: change that, not this. -->

What `cargo xtask demo` finds: ten plugins and the host's floors on ten lanes. The plugins are plain retrieval in four
ways (`rag` by meaning, `lexical` by words, `hybrid` by both, `recency` by age alone) and four strategies as their papers
have them: `reasoningbank`, `memcollab`, `live-evo` and `tide`. `matts` and `negatives` are ReasoningBank and TIDE a second
time, with what they can do besides: several runs of a task contrasted, and documents without a problem kept for contrast.
The floors are the host's own strategies, which anybody must beat, and the oracle, which none can.

[reading.md](reading.md) says what the columns mean, [trust.md](trust.md) why the figures can be believed. Lines with `!` say
what a reader must know before believing a number.

";

/// Compares the demonstration's plugins on this suite, and writes the report as a page.
pub fn write(suite: &str, compare: &[String], page: &Path) -> Result<(), Failure> {
    let workspace = crate::plugins()?;
    crate::build_memhost()?;
    tools::step(&format!("comparing on {suite}"));
    let output = workspace.target_directory().join("results");
    start_anew(&output)?;
    run(crate::comparison(&workspace)
        .args(["--suite", suite])
        .args(compare)
        .arg("--output")
        .arg(&output))?;
    let path = output.join("report.txt");
    let report = std::fs::read_to_string(&path).map_err(|source| file(&path, source))?;
    let text = format!("{HEAD}```text\n{}\n```\n", report.trim_end());
    std::fs::write(page, text).map_err(|source| file(page, source))?;
    tools::step(&format!("the page is {}", page.display()));
    Ok(())
}

/// A comparison goes on with the cells that it finds, and those may be of an earlier build.
fn start_anew(output: &Path) -> Result<(), Failure> {
    match std::fs::remove_dir_all(output) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(file(output, source)),
        _ => Ok(()),
    }
}

fn file(path: &Path, source: io::Error) -> Failure {
    let path = path.to_owned();
    Failure::File { path, source }
}
