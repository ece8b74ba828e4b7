//! `memhost slot`: who answers at the slots of a live host, and having another strategy answer.

mod server;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::Subcommand;
use memhost_base::visible;
use memhost_serve::Client;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Failure;
use super::output::{self, Format};
pub use server::{ServerFlags, client, refused};

const EXAMPLES: &str = "\
Examples:
  memhost slot list
      the slots of the server on this machine, and who answers there
  memhost slot swap desk reasoningbank --mode fresh
      another strategy answers, and begins with no memory
  memhost slot swap desk rag --set k=10 --mode inherit
      one that goes on with the memories that are there
  memhost slot rollback desk
      the strategy before it answers again; with `--to 3`, generation 3
  memhost slot history desk
      every generation that the slot has had

These ask a running `memhost serve`: the one at --url, with the key in MEMHOST_KEY where it wants one (right `admin`). A swap \
is answered when the new strategy answers; no call of an agent fails for it, and if it fails, the old strategy goes on. In a \
swap by `inherit`, both strategies answer the latest questions first, and one that finds nothing in the memories is refused \
(--force takes it all the same).";

/// See and change who answers at the slots of a running server.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

/// What becomes of the memories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Mode {
    /// The new strategy begins with none.
    Fresh,
    /// The new strategy goes on with those that are there.
    Inherit,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the slots, who answers there, and how far what happened is learnt.
    #[command(after_help = "Example:\n  memhost slot list --format json")]
    List {
        #[command(flatten)]
        server: ServerFlags,
        /// How it is printed.
        #[arg(long, default_value = "table")]
        format: Format,
    },
    /// Make a slot that is not there yet.
    #[command(after_help = "Example:\n  memhost slot add support guard+rag --set inner.k=5")]
    Add {
        /// The slot.
        slot: String,
        /// A plugin's name, a path in one of the server's `plugin_folders`, or `guard+rag` for a plugin in a wrapper.
        plugin: String,
        /// A parameter of the plugin.
        #[arg(long = "set", value_name = "PARAMETER=VALUE", value_parser = parameter)]
        settings: Vec<(String, String)>,
        #[command(flatten)]
        server: ServerFlags,
    },
    /// Have another strategy answer, while agents call.
    #[command(after_help = "Example:\n  memhost slot swap desk reasoningbank --mode fresh")]
    Swap {
        /// The slot.
        slot: String,
        /// A plugin's name, a path in one of the server's `plugin_folders`, or `guard+rag` for a plugin in a wrapper.
        plugin: String,
        /// What becomes of the memories.
        #[arg(long)]
        mode: Mode,
        /// A parameter of the plugin.
        #[arg(long = "set", value_name = "PARAMETER=VALUE", value_parser = parameter)]
        settings: Vec<(String, String)>,
        /// Take over memories in which the plugin finds nothing, too.
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        server: ServerFlags,
    },
    /// Have a former generation answer again; the memories that it shares with the present one stay as they are.
    #[command(after_help = "Example:\n  memhost slot rollback desk --to 3")]
    Rollback {
        /// The slot.
        slot: String,
        /// Its number; by default the one that answered before the present one.
        #[arg(long, value_name = "GENERATION")]
        to: Option<u32>,
        #[command(flatten)]
        server: ServerFlags,
    },
    /// Have the present strategy go on answering, and learn no more.
    #[command(after_help = "Example:\n  memhost slot freeze desk")]
    Freeze {
        /// The slot.
        slot: String,
        #[command(flatten)]
        server: ServerFlags,
    },
    /// List every generation that a slot has had.
    #[command(after_help = "Example:\n  memhost slot history desk")]
    History {
        /// The slot.
        slot: String,
        #[command(flatten)]
        server: ServerFlags,
        /// How it is printed.
        #[arg(long, default_value = "table")]
        format: Format,
    },
}

fn parameter(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as PARAMETER=VALUE"),
    }
}

#[derive(Deserialize)]
struct Slots {
    slots: Vec<String>,
}

/// How a slot stands, as the server says it.
#[derive(Serialize, Deserialize)]
struct Slot {
    slot: String,
    generation: Generation,
    frozen: bool,
    calls: u64,
    failures: u64,
    seats: Vec<Seat>,
}

#[derive(Serialize, Deserialize)]
struct Seat {
    tenant: String,
    happened: u64,
    learnt: u64,
    waiting_attempts: u64,
    rows: u64,
    skipped: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    skipped_for: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    waiting: Option<String>,
    deviations: Deviations,
}

#[derive(Serialize, Deserialize)]
struct Deviations {
    too_little_authority: u64,
    without_outcome: u64,
    too_few_trials: u64,
    too_few_rounds: u64,
}

#[derive(Serialize, Deserialize)]
struct Generations {
    generations: Vec<Generation>,
    answering: u32,
}

#[derive(Serialize, Deserialize)]
struct Generation {
    number: u32,
    lineage: u32,
    strategy: String,
    version: String,
    digest: String,
    settings: BTreeMap<String, String>,
}

/// Runs the command.
pub async fn run(options: Options) -> Result<(), Failure> {
    match options.command {
        Command::List { server, format } => list(&server.client()?, format).await,
        Command::Add {
            slot,
            plugin,
            settings,
            server,
        } => {
            let settings: BTreeMap<_, _> = settings.into_iter().collect();
            let new = json!({ "slot": slot, "plugin": plugin, "settings": settings });
            let made = server.client()?.post(&["v1", "slots"], new).await;
            let made: Generation = made.map_err(refused)?;
            output::print_folded(&answers(&slot, &made))
        }
        Command::Swap {
            slot,
            plugin,
            mode,
            settings,
            force,
            server,
        } => {
            let mode = match mode {
                Mode::Fresh => "fresh",
                Mode::Inherit => "inherit",
            };
            let settings: BTreeMap<_, _> = settings.into_iter().collect();
            let new =
                json!({ "plugin": plugin, "settings": settings, "mode": mode, "force": force });
            let made = server.client()?.post(&of(&slot, "generations"), new).await;
            let made: Generation = made.map_err(refused)?;
            output::print_folded(&answers(&slot, &made))
        }
        Command::Rollback { slot, to, server } => {
            let to = json!({ "to": to });
            let again = server.client()?.post(&of(&slot, "rollback"), to).await;
            let again: Generation = again.map_err(refused)?;
            output::print_folded(&answers(&slot, &again))
        }
        Command::Freeze { slot, server } => {
            let frozen = server.client()?.post(&of(&slot, "freeze"), json!({})).await;
            let frozen: Generation = frozen.map_err(refused)?;
            output::print_folded(&format!(
                "slot `{slot}`: {} learns no more\n",
                strategy(&frozen)
            ))
        }
        Command::History {
            slot,
            server,
            format,
        } => {
            let all = server.client()?.get(&of(&slot, "generations")).await;
            let all: Generations = all.map_err(refused)?;
            match format {
                Format::Json => output::print_json(&all),
                Format::Table => output::print_folded(&history(&all)),
            }
        }
    }
}

async fn list(server: &Client, format: Format) -> Result<(), Failure> {
    let names: Slots = server.get(&["v1", "slots"]).await.map_err(refused)?;
    let mut slots: Vec<Slot> = Vec::new();
    for name in &names.slots {
        let slot = server.get(&["v1", "slots", name]).await;
        slots.push(slot.map_err(refused)?);
    }
    match format {
        Format::Json => output::print_json(&slots),
        Format::Table => output::print_folded(&slots.iter().map(standing).collect::<String>()),
    }
}

/// What is asked of a slot, as a path.
fn of<'a>(slot: &'a str, what: &'a str) -> [&'a str; 4] {
    ["v1", "slots", slot, what]
}

fn strategy(generation: &Generation) -> String {
    let Generation {
        number,
        strategy,
        version,
        ..
    } = generation;
    let (strategy, version) = (visible::line(strategy), visible::line(version));
    format!("{strategy} {version}, generation {number}")
}

fn answers(slot: &str, generation: &Generation) -> String {
    format!("slot `{slot}`: {} answers\n", strategy(generation))
}

fn standing(slot: &Slot) -> String {
    let frozen = if slot.frozen { ", frozen" } else { "" };
    let mut text = format!(
        "{}: {}{frozen}; {} calls, {} failed\n",
        visible::line(&slot.slot),
        strategy(&slot.generation),
        slot.calls,
        slot.failures
    );
    for seat in &slot.seats {
        let _ = writeln!(
            text,
            "  tenant {}: {} of {} entries learnt, {} rows",
            visible::line(&seat.tenant),
            seat.learnt,
            seat.happened,
            seat.rows
        );
        if seat.waiting_attempts > 0 {
            let _ = writeln!(
                text,
                "    {} attempts wait for their outcome, or for others that they are learnt from with",
                seat.waiting_attempts
            );
        }
        if let Some(waiting) = &seat.waiting {
            let _ = writeln!(text, "    learning waits: {}", visible::line(waiting));
        }
        let Deviations {
            too_little_authority,
            without_outcome,
            too_few_trials,
            too_few_rounds,
        } = seat.deviations;
        for (times, what) in [
            (
                too_little_authority,
                "outcomes count as unknown: the strategy learns from those of a higher authority",
            ),
            (without_outcome, "attempts had no outcome in time"),
            (
                too_few_trials,
                "tasks were run fewer times than are learnt from together",
            ),
            (
                too_few_rounds,
                "attempts asked in fewer rounds than the strategy would have it",
            ),
        ] {
            if times > 0 {
                let _ = writeln!(text, "    {times} {what}");
            }
        }
        if let Some(why) = &seat.skipped_for {
            let why = visible::line(why);
            let _ = writeln!(text, "    {} given up, the latest: {why}", seat.skipped);
        }
    }
    text
}

fn history(all: &Generations) -> String {
    let row = |generation: &Generation| {
        let settings = generation.settings.iter();
        let settings: Vec<String> = settings
            .map(|(name, value)| format!("{}={}", visible::line(name), visible::line(value)))
            .collect();
        let mark = match generation.number == all.answering {
            true => '*',
            false => ' ',
        };
        format!(
            "{mark}{:>3}  {} {}, memories of generation {}; {}; {}\n",
            generation.number,
            visible::line(&generation.strategy),
            visible::line(&generation.version),
            generation.lineage,
            visible::line(&generation.digest),
            settings.join(", ")
        )
    };
    let rows: String = all.generations.iter().map(row).collect();
    rows + "(* answers)\n"
}
