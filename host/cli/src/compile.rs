//! `memhost compile`: the process in which one plugin is compiled, and what is seen of it while it takes long. Only
//! memhost itself calls the command.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::ProgressBar;
use memhost::engine::{self, CompileWatcher, CompilerProcess, Compiling};

use super::output;

/// Compile one plugin that memhost hands over on standard input, and nobody else.
#[derive(Debug, clap::Args)]
#[command(hide = true, after_help = "Whatever loads a plugin starts it.")]
pub struct Options {}

/// Runs the command.
pub fn run() -> ExitCode {
    engine::serve()
}

/// This program, as the one that compiles.
pub fn this_program() -> CompilerProcess {
    // What is running now, also where another version has taken its place on the disk.
    let running = Path::new("/proc/self/exe");
    let program = match running.exists() {
        true => running.to_owned(),
        false => std::env::current_exe().unwrap_or_else(|_| PathBuf::from("memhost")),
    };
    CompilerProcess::memhost(program)
}

/// What suits standard error.
pub fn watcher() -> Arc<dyn CompileWatcher> {
    match std::io::stderr().is_terminal() {
        true => Arc::new(Line::default()),
        false => Arc::new(Remarks::default()),
    }
}

fn remark(compiling: Compiling<'_>) -> String {
    let plugin = compiling.plugin;
    let so_far = compiling.so_far.as_secs();
    match compiling.at_most {
        Some(most) => format!(
            "compiling {plugin} …, {so_far} s of at most {} s",
            most.as_secs()
        ),
        None => format!("compiling {plugin} …, {so_far} s"),
    }
}

/// A line that changes, and goes away.
#[derive(Default)]
struct Line(Mutex<Option<ProgressBar>>);

impl CompileWatcher for Line {
    fn compiling(&self, compiling: Compiling<'_>) {
        let mut line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        line.get_or_insert_with(ProgressBar::new_spinner)
            .set_message(remark(compiling));
    }

    fn ended(&self) {
        let line = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(line) = line {
            line.finish_and_clear();
        }
    }
}

/// Lines that stay, so that there are few of them.
#[derive(Default)]
struct Remarks {
    /// When the last one was made, of the compilation that goes on.
    last: Mutex<Option<Duration>>,
}

/// Time between two of them.
const SELDOM: Duration = Duration::from_secs(10);

impl CompileWatcher for Remarks {
    fn compiling(&self, compiling: Compiling<'_>) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| compiling.so_far >= last + SELDOM) {
            *last = Some(compiling.so_far);
            output::say(remark(compiling));
        }
    }

    fn ended(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::{Cli, Command};
    use super::*;

    #[test]
    fn this_program_knows_the_command_that_it_is_started_with() {
        let process = this_program();
        let line = [vec!["memhost".to_owned()], process.arguments].concat();
        let cli = Cli::try_parse_from(line).unwrap();
        assert!(matches!(cli.command, Command::Compile(_)));
    }

    #[test]
    fn what_takes_long_is_told_with_its_end() {
        let compiling = Compiling {
            plugin: "mine.wasm",
            so_far: Duration::from_millis(7_200),
            at_most: Some(Duration::from_secs(120)),
        };
        assert_eq!(
            remark(compiling),
            "compiling mine.wasm …, 7 s of at most 120 s"
        );
        let endless = Compiling {
            at_most: None,
            ..compiling
        };
        assert_eq!(remark(endless), "compiling mine.wasm …, 7 s");
    }
}
