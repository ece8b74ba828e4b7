//! `memhost check`: whether plugins keep the contract.

use std::fmt::Write as _;

use memhost::Lance;
use memhost::config::Config;
use memhost::conformance::cache::check_once;
use memhost::conformance::{CallCost, Check, CheckOutcome, Checked, Conformance, Subject, check};
use memhost::engine::Engine;
use memhost_base::visible;
use memhost_eval::compare::report::number::{count, milliseconds};
use memhost_eval::compare::{Contestant, Unfit};

use super::fresh_process::ThisProgram;
use super::output::{self, Format};
use super::plugins::{self, Choice};
use super::setup::ConfigFile;
use super::{Failure, setup};

/// The promises stand in the help as the checks themselves put them.
fn explained() -> String {
    let widest = widest();
    let promises: String = Check::ALL
        .iter()
        .map(|check| format!("  {:<widest$}  {}\n", check.name(), check.expected()))
        .collect();
    let number = Check::ALL.len();
    format!(
        "\
Examples:
  memhost check rag
      {number} promises of the contract, a line each, and what the calls cost
  memhost check ./mine.wasm --set mine.k=10
      a plugin of yours; its parameters are part of what is checked
  memhost check guard+rag
      a plugin in a wrapper: what is checked is both together
  memhost check rag reasoningbank --format json > checks.json
      for programs: a list with an entry for each plugin

Every plugin goes through the same made-up work in a store that is thrown away, with the stand-in for \
a language model (`extractive`), the built-in embedder, one seed and one clock. Nothing of yours is \
read or written, and nobody is asked; it takes seconds.

{promises}
Limits are those under [limits] in memhost.toml. The exit code is 0 if every plugin passed, 1 if one \
failed, and 2 if it was asked wrongly. `memhost compare` makes the same checks, and ranks no plugin \
that fails."
    )
}

/// The longest name of a check, in characters.
fn widest() -> usize {
    let lengths = Check::ALL.iter().map(|check| check.name().len());
    lengths.max().unwrap_or_default()
}

/// Check that plugins keep the contract, before anything is measured with them.
#[derive(Debug, clap::Args)]
#[command(after_help = explained())]
pub struct Options {
    /// A path to a `.wasm` file, or the name of a plugin; with NAME= before it, it goes by that name. `guard(rag)` or
    /// `guard+rag` is a plugin in a wrapper.
    #[arg(required = true, value_name = "PLUGIN")]
    plugins: Vec<String>,
    /// A parameter of a plugin; `memhost inspect` lists them.
    #[arg(long = "set", value_name = "PLUGIN.PARAMETER=VALUE")]
    choices: Vec<Choice>,
    /// How it is printed.
    #[arg(long, default_value = "table")]
    format: Format,
    #[command(flatten)]
    config: ConfigFile,
}

/// Why the exit code is 1.
#[derive(Debug, thiserror::Error)]
enum CheckError {
    #[error("{failed} of {plugins} plugins failed a check")]
    Failed { failed: usize, plugins: usize },
    #[error("no plugin passed its checks, and none is ranked that does not (--no-check compares them all the same):{}",
        .0.iter().map(|one| format!("\n  {one}")).collect::<String>())]
    NoneFit(Vec<Unfit>),
}

/// Runs the command.
pub async fn run(options: Options) -> Result<(), Failure> {
    let config = options.config.load()?;
    let engine = setup::engine(&config)?;
    let plugins = plugins::contestants(&engine, &options.plugins, &options.choices).await?;
    let mut results = Vec::new();
    for (name, plugin) in options.plugins.iter().zip(&plugins) {
        let subject = subject(&engine, name, plugin).await?;
        let result = check(&subject, &config.limits, &Lance).await;
        let result = Conformance {
            plugin: plugin.name().to_owned(),
            ..result.map_err(Failure::failed)?
        };
        if options.format == Format::Table {
            output::print_folded(&text(&result))?;
        }
        results.push(result);
    }
    if options.format == Format::Json {
        output::print_json(&results)?;
    }
    let failed = results.iter().filter(|result| !result.passed()).count();
    match failed {
        0 => Ok(()),
        _ => Err(Failure::failed(CheckError::Failed {
            failed,
            plugins: results.len(),
        })),
    }
}

/// Those of the plugins of a comparison that may be ranked, and why the others may not. `names` are the plugins as they
/// were asked for.
pub async fn fit(
    engine: &Engine,
    config: &Config,
    names: &[String],
    plugins: Vec<Contestant>,
) -> Result<(Vec<Contestant>, Vec<Unfit>), Failure> {
    let kept = engine.options().cache.as_deref();
    let (mut fit, mut unfit) = (Vec::new(), Vec::new());
    for (name, plugin) in names.iter().zip(plugins) {
        let subject = subject(engine, name, &plugin).await?;
        let result = check_once(&subject, &config.limits, &Lance, kept).await;
        let result = result.map_err(Failure::failed)?;
        match result.passed() {
            true => fit.push(plugin),
            false => unfit.extend(
                result
                    .failed()
                    .map(|failed| Unfit::new(plugin.name(), failed)),
            ),
        }
    }
    match fit.is_empty() && !unfit.is_empty() {
        true => Err(Failure::failed(CheckError::NoneFit(unfit))),
        false => Ok((fit, unfit)),
    }
}

async fn subject(engine: &Engine, name: &str, plugin: &Contestant) -> Result<Subject, Failure> {
    let files = plugins::files(name).map_err(Failure::usage)?;
    let (strategy, settings) = (plugin.strategy.clone(), plugin.settings.clone());
    let subject = Subject::loaded(strategy, settings, engine, files.clone()).await;
    let process = ThisProgram::asking(plugin, files, engine);
    Ok(subject.map_err(Failure::failed)?.asked_afresh_by(process))
}

fn text(result: &Conformance) -> String {
    let Conformance {
        plugin,
        version,
        checks,
        calls,
        limits,
        seconds,
        ..
    } = result;
    let mut text = format!(
        "{plugin} {}: {}, in {seconds:.1} s\n",
        visible::line(version),
        summary(checks)
    );
    let widest = widest();
    for Checked {
        check,
        outcome,
        expected,
        came,
    } in checks
    {
        let (name, came) = (check.name(), visible::line(came));
        let _ = match outcome {
            CheckOutcome::Passed => writeln!(text, "  ok      {name:<widest$}  {expected}: {came}"),
            CheckOutcome::Failed => writeln!(
                text,
                "  FAILED  {name:<widest$}  expected: {expected}; came: {came}"
            ),
            CheckOutcome::DoesNotApply => {
                writeln!(text, "  -       {name:<widest$}  does not apply: {came}")
            }
        };
    }
    let mut row = |cells: [&str; 5]| {
        let [call, calls, fuel, memory, time] = cells;
        let _ = writeln!(
            text,
            "  {call:<8}  {calls:>5}  {fuel:>14}  {memory:>9}  {time:>7}"
        );
    };
    row(["at most", "calls", "fuel", "memory", "time"]);
    for CallCost {
        call,
        calls,
        fuel,
        memory_bytes,
        milliseconds: time,
    } in calls
    {
        row([
            call,
            &count(*calls as f64),
            &count(*fuel as f64),
            &mebibytes(*memory_bytes),
            &milliseconds(*time),
        ]);
    }
    let wall_clock = milliseconds(limits.wall_clock.as_secs_f64() * 1e3);
    row([
        "allowed",
        "",
        &count(limits.fuel as f64),
        &mebibytes(limits.memory as u64),
        &wall_clock,
    ]);
    text.push('\n');
    text
}

/// `11 checks passed, 1 failed, 1 does not apply`.
fn summary(checks: &[Checked]) -> String {
    let of = |outcome| {
        checks
            .iter()
            .filter(|checked| checked.outcome == outcome)
            .count()
    };
    let mut parts = vec![format!(
        "{} of {} checks passed",
        of(CheckOutcome::Passed),
        checks.len()
    )];
    parts.extend(match of(CheckOutcome::Failed) {
        0 => None,
        failed => Some(format!("{failed} failed")),
    });
    parts.extend(match of(CheckOutcome::DoesNotApply) {
        0 => None,
        1 => Some("1 does not apply".to_owned()),
        several => Some(format!("{several} do not apply")),
    });
    parts.join(", ")
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
