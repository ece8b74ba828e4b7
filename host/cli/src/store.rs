//! `memhost store`: care of a store.

mod by_hand;

use std::fmt::Display;

use clap::Subcommand;
use memhost::Lance;
use memhost::store::{Repaired, Store, Upgraded, Verified, VerifiedTable};
use memhost_base::visible::{Column, Grid};
use memhost_eval::compare::report::number::count;

use super::output::Format;
use super::setup::{self, ConfigFile, StoreFlags};
use super::{Failure, output};

/// Care for a store.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Compute all vectors anew with another embedder.
    ///
    /// A store's vectors are all of one embedder, and it is opened with no other.
    #[command(
        after_help = "Example:\n  memhost store reembed --store ./memories --embedder openai:text-embedding-3-small"
    )]
    Reembed {
        #[command(flatten)]
        store: StoreFlags,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Read every byte of a store, and say what of it is not sound.
    ///
    /// Nothing is changed. A store is looked at whenever it is opened, but only at the sizes of its files.
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify {
        #[command(flatten)]
        place: Place,
        /// How what was found is printed.
        #[arg(long, default_value = "table")]
        format: Format,
    },
    /// Remove memories that nobody reads any more: those that have expired and, if wanted, those that are archived.
    ///
    /// What has expired is in no read, and a run removes it by itself as long as it learns; what is left is of runs that
    /// have ended, or stopped to learn. A memory has expired if it had by the last moment that is noted in its
    /// namespace: the clock of a run is not that of this machine. What is frozen stays; see `memhost store thaw`.
    #[command(after_help = PRUNE_EXAMPLES)]
    Prune {
        #[command(flatten)]
        place: Place,
        /// The namespace of which memories go; may be given several times [default: all of them].
        #[arg(long = "namespace", value_name = "NAME")]
        namespaces: Vec<String>,
        /// Also remove what is archived, which a strategy may still look up.
        #[arg(long)]
        archived: bool,
        /// Remove nothing, and say what would go.
        #[arg(long)]
        dry_run: bool,
        /// How what was done is printed.
        #[arg(long, default_value = "table")]
        format: Format,
    },
    /// Make memories active again that a strategy has frozen.
    ///
    /// No strategy may revise, adjust or remove what is frozen, not even the one that froze it: only a person lifts it.
    #[command(after_help = THAW_EXAMPLES)]
    Thaw {
        #[command(flatten)]
        place: Place,
        /// The namespace in which they are.
        #[arg(long, value_name = "NAME")]
        namespace: String,
        /// Which memories, by their ids [default: all that are frozen].
        #[arg(value_name = "ID")]
        ids: Vec<String>,
        /// Change nothing, and say which would be thawed.
        #[arg(long)]
        dry_run: bool,
        /// How what was done is printed.
        #[arg(long, default_value = "table")]
        format: Format,
    },
    /// Make a damaged store whole again, without what is lost.
    ///
    /// Small files of which a copy is kept are put back. A table of which a file is damaged is written anew from its
    /// other rows, and the damaged one stays below `damaged/` in the store, as LanceDB can open it. Journals of runs
    /// that were killed are taken in. An interrupted repair is run again.
    #[command(after_help = REPAIR_EXAMPLES)]
    Repair {
        #[command(flatten)]
        place: Place,
        /// Also keep rows of damaged files that can still be read: their values may be others than were written.
        #[arg(long)]
        keep_doubtful: bool,
        /// How what was done is printed.
        #[arg(long, default_value = "table")]
        format: Format,
    },
    /// Write a store of the last schema version anew, as this memhost keeps stores.
    ///
    /// The earlier store is only read, and stays as it is. The new one appears when it is whole: if the upgrade is
    /// interrupted, run it again.
    #[command(after_help = UPGRADE_EXAMPLES)]
    Upgrade {
        #[command(flatten)]
        place: Place,
        /// Where the new store is written: a directory that is not there yet.
        #[arg(long, value_name = "PATH")]
        into: String,
        /// How what was done is printed.
        #[arg(long, default_value = "table")]
        format: Format,
    },
}

const VERIFY_EXAMPLES: &str = "\
Examples:
  memhost store verify --store results/store
  memhost store verify --store s3://bucket/memories --format json

The exit code is 1 if anything is damaged. Of each table it says how many rows are sound, and how many stand in \
a journal as well, from which they come back.";

const REPAIR_EXAMPLES: &str = "\
Examples:
  memhost store verify --store results/store
  memhost store repair --store results/store

Copy the store before, if it is dear to you. Cells that were finished are in the output directory, not in the \
store: `memhost compare` with the same --output does not need the store's tables for them.";

const PRUNE_EXAMPLES: &str = "\
Examples:
  memhost store prune --store ./memories --dry-run
  memhost store prune --store ./memories --namespace help-desk --archived

What a receipt names may be gone: it still says what was handed out, and what came of it. Namespaces that a \
process has open are refused, and nothing of theirs is removed.";

const THAW_EXAMPLES: &str = "\
Examples:
  memhost store thaw --store ./memories --namespace help-desk --dry-run
  memhost store thaw --store ./memories --namespace help-desk m17 m42";
const UPGRADE_EXAMPLES: &str = "\
Examples:
  memhost store upgrade --store results/store --into results/store-4
  memhost store verify --store results/store-4

What a memory was learnt from was a text, and is an attempt and a step now. Which of them a text names is looked up \
among the attempts of the store; texts that name none of them are kept as they are, and told.";

/// Which store.
#[derive(Debug, clap::Args)]
struct Place {
    /// Where memories are kept: a directory, or an object store as in `s3://bucket/path` [default: `uri` under [store]
    /// in the configuration].
    #[arg(long, value_name = "URI")]
    store: Option<String>,
    #[command(flatten)]
    config: ConfigFile,
}

impl Place {
    fn uri(self) -> Result<String, Failure> {
        match self.store {
            Some(uri) => Ok(uri),
            None => setup::store_uri(&self.config.load()?),
        }
    }
}

/// A store is damaged.
#[derive(Debug, thiserror::Error)]
#[error(
    "store `{store}` is damaged: `memhost store repair --store {store}` goes on with what is left, unless you have a backup"
)]
struct Damaged {
    store: String,
}

/// Runs the command.
pub async fn run(options: Options) -> Result<(), Failure> {
    match options.command {
        Command::Reembed { store, config } => reembed(store, config).await,
        Command::Verify { place, format } => verify(&place.uri()?, format).await,
        Command::Repair {
            place,
            keep_doubtful,
            format,
        } => repair(&place.uri()?, keep_doubtful, format).await,
        Command::Prune {
            place,
            namespaces,
            archived,
            dry_run,
            format,
        } => by_hand::prune(&place.uri()?, &namespaces, (archived, dry_run), format).await,
        Command::Thaw {
            place,
            namespace,
            ids,
            dry_run,
            format,
        } => by_hand::thaw(&place.uri()?, &namespace, &ids, dry_run, format).await,
        Command::Upgrade {
            place,
            into,
            format,
        } => upgrade(&place.uri()?, &into, format).await,
    }
}

async fn reembed(store: StoreFlags, config: ConfigFile) -> Result<(), Failure> {
    let mut config = config.load()?;
    store.apply(&mut config)?;
    let uri = setup::store_uri(&config)?;
    let embedder = config.embedder().await.map_err(Failure::failed)?;
    let name = embedder.identity().name.clone();
    let reembedded = Store::reembed(&uri, embedder, &Lance)
        .await
        .map_err(Failure::failed)?;
    for warning in reembedded.warnings {
        output::say(format_args!("warning: {warning}"));
    }
    output::print(&format!(
        "store `{uri}`: {} keys are embedded with {name}\n",
        count(reembedded.keys as f64)
    ))
}

async fn verify(uri: &str, format: Format) -> Result<(), Failure> {
    let verified = Store::verify(uri, &Lance).await.map_err(Failure::failed)?;
    match format {
        Format::Json => output::print_json(&verified)?,
        Format::Table => output::print_folded(&found(&verified))?,
    }
    match verified.is_sound() {
        true => Ok(()),
        false => Err(Failure::failed(Damaged {
            store: verified.store,
        })),
    }
}

/// What was found, for people.
fn found(verified: &Verified) -> String {
    let tables = &verified.tables;
    let column = |title: &str, cell: fn(&VerifiedTable) -> String| {
        Column::new(title, tables.iter().map(cell))
    };
    let rows = |rows: Option<usize>| rows.map_or("?".to_owned(), |rows| count(rows as f64));
    let state = |table: &VerifiedTable| match table.damage.is_empty() {
        true => "sound".to_owned(),
        false => "DAMAGED".to_owned(),
    };
    let columns = vec![
        Column::new("rows", tables.iter().map(|table| rows(table.rows))),
        column("files", |table| count(table.files as f64)),
        column("bytes", |table| count(table.bytes as f64)),
        column("in journals", |table| count(table.in_journals as f64)),
        column("", state),
    ];
    let grid = Grid::new(column("table", |table| table.name.clone()), columns);
    let mut text = format!(
        "store `{}`, embedded with {}\n",
        verified.store, verified.embedder
    );
    let mut line = |line: &dyn Display| text.push_str(&format!("{line}\n"));
    match tables.is_empty() {
        true => line(&"no tables yet"),
        false => line(&grid.render(output::width()).as_str()),
    }
    for damage in verified
        .damage
        .iter()
        .chain(verified.tables.iter().flat_map(|t| &t.damage))
    {
        line(&format_args!("! {damage}"));
    }
    for process in &verified.open_in {
        line(&format_args!(
            "{process} has the store open, and takes journals in from time to time and at its end"
        ));
    }
    for journal in &verified.journals {
        let of = journal
            .namespace
            .as_deref()
            .unwrap_or("nothing that can be read");
        let records = count(journal.records as f64);
        let state = match &journal.held_by {
            Some(holder) => format!("in use by {holder}"),
            None if verified.open_in.is_empty() => "left by a run that was killed".to_owned(),
            None => "not taken in yet".to_owned(),
        };
        line(&format_args!(
            "journal {}: {records} records of `{of}`, {state}",
            journal.name
        ));
        for damage in &journal.damage {
            line(&format_args!("! {damage}"));
        }
        for cut in &journal.cut {
            line(&format_args!("  {cut}"));
        }
    }
    for path in &verified.set_aside {
        line(&format_args!(
            "set aside by an earlier run, because parts of it are damaged: `{path}`"
        ));
    }
    if verified.is_sound() {
        line(&"everything is sound");
    }
    text
}

async fn repair(uri: &str, keep_doubtful: bool, format: Format) -> Result<(), Failure> {
    let repaired = Store::repair(uri, keep_doubtful, &Lance)
        .await
        .map_err(Failure::failed)?;
    match format {
        Format::Json => output::print_json(&repaired),
        Format::Table => output::print_folded(&done(uri, &repaired)),
    }
}

/// What was done, for people.
fn done(uri: &str, repaired: &Repaired) -> String {
    let mut text = String::new();
    let mut line = |line: &dyn Display| text.push_str(&format!("{line}\n"));
    for restored in &repaired.restored {
        line(&format_args!("put back from its copy: {restored}"));
    }
    for copied in &repaired.copied {
        line(&format_args!(
            "copied again, as it had no sound copy: {copied}"
        ));
    }
    for table in &repaired.tables {
        let rows = |rows: usize| count(rows as f64);
        let lost = table.lost.map_or("an unknown number of".to_owned(), rows);
        let doubtful = match table.doubtful {
            0 => String::new(),
            doubtful => format!(" ({} of them doubtful)", rows(doubtful)),
        };
        line(&format_args!(
            "table {}: {} rows kept{doubtful}, {lost} rows lost",
            table.name,
            rows(table.kept)
        ));
    }
    if let Some(aside) = &repaired.set_aside {
        line(&format_args!(
            "the damaged tables are in `{aside}`; delete them when you do not need them"
        ));
    }
    let taken_in = &repaired.taken_in;
    if taken_in.journals > 0 {
        line(&format_args!(
            "journals taken in: {}, records in them: {}",
            count(taken_in.journals as f64),
            count(taken_in.records as f64)
        ));
    }
    for warning in &repaired.warnings {
        line(&format_args!("! {warning}"));
    }
    match text.is_empty() {
        true => format!("store `{uri}`: everything is sound, and nothing was to be done\n"),
        false => format!("store `{uri}`:\n{text}"),
    }
}

async fn upgrade(uri: &str, into: &str, format: Format) -> Result<(), Failure> {
    let upgraded = Store::upgrade(uri, into, &Lance)
        .await
        .map_err(Failure::failed)?;
    match format {
        Format::Json => output::print_json(&upgraded),
        Format::Table => output::print_folded(&written_anew(uri, into, &upgraded)),
    }
}

/// What was written anew, for people.
fn written_anew(uri: &str, into: &str, upgraded: &Upgraded) -> String {
    const SHOWN: usize = 10;
    let rows = |rows: usize| count(rows as f64);
    let mut text = format!(
        "store `{uri}` is written anew in `{into}`: {} namespaces, {} memories, {} attempts\n",
        rows(upgraded.namespaces),
        rows(upgraded.memories),
        rows(upgraded.attempts)
    );
    let mut line = |line: &dyn Display| text.push_str(&format!("{line}\n"));
    line(&format_args!(
        "sources found among the attempts: {}",
        rows(upgraded.sources)
    ));
    if upgraded.unknown_sources > 0 {
        line(&format_args!(
            "! {} sources name no attempt of the store, and are kept as the names of attempts, without steps:",
            rows(upgraded.unknown_sources)
        ));
        for source in upgraded.unknown.iter().take(SHOWN) {
            line(&format_args!("  `{source}`"));
        }
        match upgraded.unknown.len().saturating_sub(SHOWN) {
            0 => {}
            more => line(&format_args!("  and {} more: --format json", rows(more))),
        }
    }
    for warning in &upgraded.warnings {
        line(&format_args!("! {warning}"));
    }
    text
}
