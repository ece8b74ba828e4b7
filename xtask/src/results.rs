//! The page of results, `docs/results.md`: written from a comparison's report, so that no figure in it is typed.

use std::path::Path;

use crate::tools::{self, Failure, run};

const HEAD: &str = "\
# Results

<!-- Written by `cargo xtask results`: change that, not this. -->

What `cargo xtask demo` finds: ten plugins and the host's floors on five lanes. [reading.md](reading.md) says what the
columns mean, [trust.md](trust.md) why the figures can be believed.

";

/// Compares the demonstration's plugins on these suites, and writes the report as a page.
pub fn write(suite: &str, compare: &[String], page: &Path) -> Result<(), Failure> {
    let workspace = crate::plugins()?;
    crate::build_memhost()?;
    tools::step("comparing");
    // Anew, so that no figure is of an earlier build: a comparison goes on with the cells that it finds.
    let target = workspace.target_directory();
    let output = tempfile::tempdir_in(target)?;
    run(crate::comparison(&workspace)
        .args(["--suite", suite])
        .args(compare)
        .arg("--output")
        .arg(output.path()))?;
    let report = std::fs::read_to_string(output.path().join("report.txt"))?;
    std::fs::write(page, format!("{HEAD}```text\n{}\n```\n", shown(&report)))?;
    tools::step(&format!("the page is {}", page.display()));
    Ok(())
}
