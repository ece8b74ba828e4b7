//! The command line, one file per command.
//!
//! What was asked for goes to standard output, everything else to standard error. The exit code is 0, 1 if it
//! failed, or 2 if it was asked wrongly: an unknown option, parameter, plugin or suite, or a value of the
//! wrong type.

mod aa;
mod bars;
mod check;
mod child;
mod compare;
mod compile;
mod compose;
mod cure;
mod failure;
mod fresh_process;
mod hint;
mod inspect;
mod interrupt;
mod key;
mod mcp;
mod outage;
mod output;
mod plugins;
mod progress;
mod report;
mod reproduce;
mod scratch;
mod serve;
mod setup;
mod slot;
mod store;
mod suite;

use std::process::ExitCode;
use std::time::SystemTime;

use clap::{ArgAction, Parser, Subcommand};
use memhost_base::{clock, visible};
use memhost_serve::OtlpLayer;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry};

pub use failure::Failure;
use scratch::Scratch;

const EXAMPLES: &str = "\
Examples:
  memhost compare rag reasoningbank
      what they remember on the built-in suites, against the floors
  memhost compare ./mine.wasm rag --suite bfcl:data/bfcl_memory --seeds 5 --output results
      a plugin of yours on a real data set; interrupt it and run it again to go on
  memhost report results/*
      one report of a comparison whose parts were run by --shard
  memhost reproduce results
      run a comparison again, and say whether every number is the same
  memhost inspect rag
      its parameters, and what it imports and exports
  memhost check ./mine.wasm
      whether a plugin keeps the contract, before anything is measured with it
  memhost compose 'guard(rag)' --output guarded.wasm
      one file of a wrapper and what it wraps
  memhost suite list
      what there is to compare on
  memhost serve --store memory --slot desk=rag
      a live host: agents ask it before they work, and tell it afterwards
  memhost slot swap desk reasoningbank --mode fresh
      another strategy answers there, while agents call
  memhost key create --store memory --right admin
      the first key: from then on, every request to a server needs one

Files and environment:
  memhost.toml      configuration: embedder, models, limits, store
  MEMHOST_PLUGINS   directories in which plugins are looked for by name
  MEMHOST_LOG       what is logged, as in `memhost=debug`; over --verbose";

/// Runs memory strategies for LLM agents as sandboxed plugins: compares them on the same work, and serves them to agents.
#[derive(Debug, Parser)]
#[command(name = "memhost", version, after_help = EXAMPLES, arg_required_else_help = true, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Log more to standard error: -v what is done and what plugins log, -vv how, -vvv everything.
    #[arg(short, long, action = ArgAction::Count, global = true, display_order = 900)]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    Compare(Box<compare::Options>),
    Aa(aa::Options),
    Check(check::Options),
    Report(report::Options),
    Reproduce(reproduce::Options),
    Inspect(inspect::Options),
    Compose(compose::Options),
    Suite(suite::Options),
    Store(store::Options),
    Serve(Box<serve::Options>),
    Slot(slot::Options),
    Key(key::Options),
    Mcp(Box<mcp::Options>),
    Admit(serve::admission::Options),
    FreshProcess(fresh_process::Options),
    Compile(compile::Options),
}

/// Reads the command line of this process and does what it asks for.
pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        output::say(format_args!("error: {}", cure::told_of_panic(panic)));
        if cure::is_refusal(panic) {
            // What is left of the runtime would wait for the thread that never was.
            scratch::remove();
            std::process::exit(1);
        }
    }));
    match Cli::try_parse() {
        Ok(cli) => run(cli),
        // A help holds words of ours only, and its colours are clap's.
        Err(error) if !is_complaint(&error) => error.exit(),
        Err(error) => {
            output::say(error.render());
            ExitCode::from(2)
        }
    }
}

/// Whether clap complains of what was given, and quotes it.
fn is_complaint(error: &clap::Error) -> bool {
    use clap::error::ErrorKind;
    !matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    )
}

/// Does what the command line asks for, and says on standard error why if it cannot.
pub fn run(cli: Cli) -> ExitCode {
    if let Command::Compile(_) = cli.command {
        return compile::run();
    }
    cure::warn_of_few_addresses();
    let traces = match &cli.command {
        Command::Serve(options) => options.traces(),
        _ => Ok(None),
    };
    let done = traces.and_then(|traces| {
        let (layer, guard) = traces.unzip();
        log_to_stderr(cli.verbose, layer);
        let done = dispatch(cli.command);
        // Nothing is traced any more: what is left is sent.
        drop(guard);
        done
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::say(format_args!("error: {}", cure::told(&failure)));
            failure.exit_code()
        }
    }
}

fn dispatch(command: Command) -> Result<(), Failure> {
    clock::since_1970(SystemTime::now()).map_err(Failure::failed)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::failed)?;
    interrupt::listen();
    let _scratch = Scratch::new();
    let result = runtime.block_on(async {
        match command {
            Command::Compare(options) => compare::run(*options).await,
            Command::Aa(options) => Box::pin(aa::run(options)).await,
            Command::Check(options) => check::run(options).await,
            Command::Report(options) => report::run(options).await,
            Command::Reproduce(options) => reproduce::run(options).await,
            Command::Inspect(options) => inspect::run(options).await,
            Command::Compose(options) => compose::run(options).await,
            Command::Suite(options) => suite::run(options),
            Command::Store(options) => store::run(options).await,
            Command::Serve(options) => Box::pin(serve::run(*options)).await,
            Command::Slot(options) => slot::run(options).await,
            Command::Key(options) => key::run(options).await,
            Command::Mcp(options) => Box::pin(mcp::run(*options)).await,
            Command::Admit(options) => serve::admission::run(options).await,
            Command::FreshProcess(options) => fresh_process::run(options).await,
            // Done before a runtime was there.
            Command::Compile(_) => Ok(()),
        }
    });
    // Before the scratch directory, which its tasks may still write to.
    drop(runtime);
    result
}

/// Logs to standard error; where `serve` is traced, that is done beside it.
fn log_to_stderr(verbose: u8, traces: Option<OtlpLayer<Registry>>) {
    let level = match verbose {
        0 => "error",
        1 => "memhost=info,error",
        2 => "memhost=debug,warn",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_env("MEMHOST_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let log = tracing_subscriber::fmt::layer()
        .with_writer(|| visible::Remarks(std::io::stderr()))
        // Nothing that is logged may hold an escape sequence, not even one that is meant well.
        .with_ansi(false)
        // It would be told on standard error, which is what cannot be written to, and end in a panic.
        .log_internal_errors(false)
        .with_filter(filter);
    tracing_subscriber::registry().with(traces).with(log).init();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_option_is_explained() {
        fn check(command: &clap::Command) {
            let name = command.get_name();
            assert!(command.get_about().is_some(), "`{name}` is not explained");
            if !command.has_subcommands() {
                assert!(
                    command.get_after_help().is_some(),
                    "`{name}` has no example"
                );
            }
            for argument in command.get_arguments() {
                assert!(
                    argument.get_help().is_some(),
                    "`{name}` does not explain `{}`",
                    argument.get_id()
                );
            }
            command.get_subcommands().for_each(check);
        }
        check(&super::Cli::command());
    }
}
