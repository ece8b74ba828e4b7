//! `cargo xtask`: set up, build, run and test memhost with one command each.

mod clients;
mod doctor;
mod guests;
mod python;
mod ray;
mod results;
mod tools;
mod workspace;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use tools::{Failure, cargo, run};
use workspace::Workspace;

/// What `cargo xtask` can do.
const USAGE: &str = "\
Set up, build, run and test memhost.

Usage: cargo xtask <TASK>

  demo [-- ARGUMENT...]          Set up what is missing, build, and compare the plugins with each other and with the
                                 floors. Runs on the built-in suites of every lane, and on the real data sets too
                                 where MEMHOST_DATA names a folder that holds any of `bfcl_memory`, `tau_bench`,
                                 `webarena`, `gsm8k_multi_agent`, `forecastbench`, `clippy_ui` and
                                 `reflexion_hotpotqa`. The report is in target/demo, unless `--output` names another
                                 place. Arguments are handed on to `memhost compare`, e.g. `-- --seeds 5 --format csv`.
  test [--all] [-- ARGUMENT...]  Set up what is missing, check format, lints and documentation, and run every test.
                                 With --all, test too what needs other programs and takes minutes: the example of a
                                 Ray cluster, with Ray from PyPI. Arguments are handed on to `cargo test`, e.g.
                                 `-- store::`; format, lints and documentation are then left out.
  results [SUITE [PAGE]] [-- ARGUMENT...]
                                 Compare as `demo` does, on the built-in suites (`all`) or on one, and write what came of
                                 it to docs/results.md or another page. Arguments are handed on to `memhost compare`.
  plugins                        Build every plugin to target/plugins/<name>.wasm.
  bench [NAME]                   Build what they need, and run the benchmarks: `store`, `engine`, `retrieve`, `live`, or all.
  soak [SECONDS]                 Have agents at work on a server for so long (60), with swaps and kills, and say what
                                 they saw and what the server held meanwhile.
  doctor                         Say what this machine lacks, and the command that installs it.
  help                           Print this.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (own, handed_on) = match arguments.iter().position(|argument| argument == "--") {
        Some(place) => (&arguments[..place], &arguments[place + 1..]),
        None => (&arguments[..], &[][..]),
    };
    let words: Vec<&str> = own.iter().map(String::as_str).collect();
    let done = match (&words[..], handed_on) {
        ([] | ["help"] | [.., "--help" | "-h"], _) => {
            print!("{USAGE}");
            Ok(())
        }
        (["demo"], compare) => demo(compare),
        (["test"], cargo_test) => test(false, cargo_test),
        (["test", "--all"], cargo_test) => test(true, cargo_test),
        (["results"], compare) => results::write("all", compare, Path::new(results::PAGE)),
        (["results", suite], compare) => results::write(suite, compare, Path::new(results::PAGE)),
        (["results", suite, page], compare) => results::write(suite, compare, Path::new(page)),
        (["plugins"], []) => plugins().map(drop),
        (["bench"], []) => bench(None),
        (["bench", name], []) => bench(Some(name)),
        (["soak"], []) => soak("60"),
        (["soak", seconds], []) => soak(seconds),
        (["doctor"], []) => doctor::report(),
        _ => {
            let line = arguments.join(" ");
            eprintln!("error: `cargo xtask {line}` is none of its tasks\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Whom the demonstration compares first, in this order; differences are to the first of all. The plugins that are not
/// named here follow them.
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

/// Processor minutes that a build from nothing takes, most of them for LanceDB and wasmtime: an hour on two cores.
const FIRST_BUILD: usize = 120;

/// Says how long it will take, before anything takes long.
fn announce(workspace: &Workspace) {
    if workspace.release_directory().join("memhost").exists() {
        return tools::step("building what has changed");
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    // However many there are, some crates wait for others.
    let minutes = (FIRST_BUILD / cores).max(10);
    tools::step(&format!(
        "building everything for the first time, LanceDB and wasmtime too: up to {minutes} minutes on the {cores} \
         processors of this machine; afterwards, only what has changed"
    ));
}

fn plugins() -> Result<Workspace, Failure> {
    let workspace = Workspace::read()?;
    announce(&workspace);
    doctor::set_up()?;
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
        .args(["bench", "--package", "memhost-cli"])
        .args(which)
        .args(all))
}

fn soak(seconds: &str) -> Result<(), Failure> {
    plugins()?;
    tools::step(&format!("agents at work for {seconds} s"));
    run(cargo()
        .args(["bench", "--package", "memhost-cli", "--bench", "live", "--"])
        .args(["soak", seconds]))
}

fn demo(compare: &[String]) -> Result<(), Failure> {
    let workspace = plugins()?;
    build_memhost()?;
    tools::step(&format!("comparing {}", contestants(&workspace).join(", ")));
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

/// Whom the demonstration compares, in order.
fn contestants(workspace: &Workspace) -> Vec<String> {
    let plugins = workspace.plugins();
    let others = plugins.iter().map(|plugin| plugin.plugin_name().to_owned());
    let others = others.filter(|name| !DEMO.contains(&name.as_str()));
    DEMO.map(str::to_owned).into_iter().chain(others).collect()
}

/// The demonstration's comparison, without its suites.
fn comparison(workspace: &Workspace) -> Command {
    let mut command = Command::new(workspace.release_directory().join("memhost"));
    command
        .env("MEMHOST_PLUGINS", workspace.plugin_directory())
        .arg("compare")
        .args(contestants(workspace))
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
    run(cargo().args(["build", "--release", "--package", "memhost-cli"]))
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
        suite("hotpotqa", "reflexion_hotpotqa"),
        suite("tau2-cross-domain", "tau_bench"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn test(all: bool, cargo_test: &[String]) -> Result<(), Failure> {
    let workspace = plugins_and_guests()?;
    doctor::set_up_for_tests();
    clients::set_up(&workspace);
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
    let chosen = cargo_test
        .iter()
        .any(|argument| argument.starts_with("-p") || argument.starts_with("--package"));
    let whole = (!chosen).then_some("--workspace");
    run(cargo()
        .args(["test", "--release"])
        .args(whole)
        .args(cargo_test))?;
    if all { ray::test(&workspace) } else { Ok(()) }
}
