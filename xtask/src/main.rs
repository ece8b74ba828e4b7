//! `cargo xtask`: set up, build, run and test memhost with one command each.

mod doctor;
mod guests;
mod ray;
mod results;
mod tools;
mod workspace;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::Parser;

use tools::{Failure, cargo, run};
use workspace::Workspace;

/// Set up, build, run and test memhost.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Set up what is missing, build, and compare the plugins with each other and with the floors.
    ///
    /// Runs on the built-in suites of lanes A to E, and on the real data sets too where MEMHOST_DATA names a folder
    /// that holds any of `bfcl_memory`, `tau_bench`, `webarena`, `gsm8k_multi_agent`, `forecastbench` and `clippy_ui`.
    /// The report is in `target/demo`, unless `--output` names another place.
    Demo {
        /// Handed on to `memhost compare`, e.g. `-- --seeds 5 --format csv`.
        #[arg(last = true)]
        compare: Vec<String>,
    },
    /// Set up what is missing, check format, lints and documentation, and run every test.
    Test {
        /// Test too what needs other programs and takes minutes: the example of a Ray cluster, with Ray from PyPI.
        #[arg(long)]
        all: bool,
        /// Handed on to `cargo test`, e.g. `-- store::`; format, lints and documentation are then left out.
        #[arg(last = true)]
        cargo_test: Vec<String>,
    },
    /// Compare as `demo` does, on the built-in suites, and write what came of it to `docs/results.md`.
    Results {
        /// Handed on to `memhost compare`, e.g. `-- --jobs 1`.
        #[arg(last = true)]
        compare: Vec<String>,
        /// The suites.
        #[arg(long, default_value = "all")]
        suite: String,
        /// Where the page is written.
        #[arg(long, default_value = "docs/results.md")]
        to: PathBuf,
    },
    /// Build every plugin to `target/plugins/<name>.wasm`.
    Plugins,
    /// Build what they need, and run the benchmarks: `store`, `engine`, `retrieve`, or all of them.
    Bench {
        /// Which; all if absent.
        name: Option<String>,
    },
    /// Say what this machine lacks, and the command that installs it.
    Doctor,
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Demo { compare } => demo(&compare),
        Task::Results { compare, suite, to } => results::write(&suite, &compare, &to),
        Task::Test { all, cargo_test } => test(all, &cargo_test),
        Task::Plugins => plugins().map(drop),
        Task::Bench { name } => bench(name.as_deref()),
        Task::Doctor => doctor::report(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// The plugins that the demonstration compares; differences are to the first.
const DEMO: [&str; 10] = [
    "rag",
    "recency",
    "lexical=rag",
    "hybrid=rag",
    "reasoningbank",
    "matts=reasoningbank",
    "memcollab",
    "live-evo",
    "tide",
    "negatives=tide",
];

/// What makes those of another name other plugins.
const DEMO_SETTINGS: [&str; 4] = [
    "lexical.mode=lexical",
    "hybrid.mode=hybrid",
    "matts.scaling=parallel",
    "negatives.negatives=true",
];

fn plugins() -> Result<Workspace, Failure> {
    doctor::set_up()?;
    let workspace = Workspace::read()?;
    guests::build(
        &workspace,
        &workspace.plugins(),
        &workspace.plugin_directory(),
    )?;
    Ok(workspace)
}

fn plugins_and_guests() -> Result<Workspace, Failure> {
    let workspace = plugins()?;
    guests::build(
        &workspace,
        &workspace.test_guests(),
        &workspace.guest_directory(),
    )?;
    Ok(workspace)
}

fn bench(name: Option<&str>) -> Result<(), Failure> {
    plugins_and_guests()?;
    tools::step("measuring");
    let which = name.into_iter().flat_map(|name| ["--bench", name]);
    let all = if name.is_none() {
        &["--benches"][..]
    } else {
        &[]
    };
    run(cargo()
        .args(["bench", "--package", "memhost"])
        .args(which)
        .args(all))
}

fn demo(compare: &[String]) -> Result<(), Failure> {
    let workspace = plugins()?;
    build_memhost()?;
    tools::step(&format!("comparing {}", DEMO.join(", ")));
    let output = workspace.target_directory().join("demo");
    let mut command = comparison(&workspace);
    command
        .args(["--suite", "all"])
        .args(real_suites().iter().flat_map(|suite| ["--suite", suite]));
    if has_output(compare) {
        return run(command.args(compare));
    }
    run(command.arg("--output").arg(&output).args(compare))?;
    tools::step(&format!(
        "the report is in {}",
        output.join("report.html").display()
    ));
    Ok(())
}

/// The demonstration's comparison, without its suites.
fn comparison(workspace: &Workspace) -> Command {
    let mut command = Command::new(workspace.release_directory().join("memhost"));
    command
        .env("MEMHOST_PLUGINS", workspace.plugin_directory())
        .arg("compare")
        .args(DEMO)
        .args(DEMO_SETTINGS.iter().flat_map(|one| ["--set", one]));
    command
}

/// Whether a report is wanted elsewhere.
fn has_output(compare: &[String]) -> bool {
    let mut arguments = compare.iter();
    arguments.any(|argument| argument == "--output" || argument.starts_with("--output="))
}

fn build_memhost() -> Result<(), Failure> {
    tools::step("building memhost");
    run(cargo().args(["build", "--release", "--package", "memhost"]))
}

/// The real data sets at hand, as suites.
fn real_suites() -> Vec<String> {
    let Some(data) = std::env::var_os("MEMHOST_DATA").map(PathBuf::from) else {
        return Vec::new();
    };
    let suite = |format: &str, path: &str| -> Option<String> {
        let path: PathBuf = Path::new(&data).join(path);
        path.exists()
            .then(|| format!("{format}:{}", path.display()))
    };
    [
        suite("bfcl", "bfcl_memory"),
        suite("tau2", "tau_bench"),
        suite("webarena", "webarena"),
        suite("gsm8k", "gsm8k_multi_agent"),
        suite("forecastbench", "forecastbench"),
        suite("clippy-ui", "clippy_ui"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn test(all: bool, cargo_test: &[String]) -> Result<(), Failure> {
    let workspace = plugins_and_guests()?;
    doctor::set_up_for_tests();
    if cargo_test.is_empty() {
        tools::step("checking the format");
        run(cargo().args(["fmt", "--all", "--check"]))?;
        tools::step("linting");
        run(cargo().args([
            "clippy",
            "--release",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]))?;
        tools::step("building the documentation");
        run(cargo().env("RUSTDOCFLAGS", "-D warnings").args([
            "doc",
            "--release",
            "--workspace",
            "--no-deps",
        ]))?;
    }
    build_memhost()?;
    tools::step("testing");
    run(cargo()
        .args(["test", "--release", "--workspace"])
        .args(cargo_test))?;
    if all { ray::test(&workspace) } else { Ok(()) }
}
