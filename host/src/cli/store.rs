//! `memhost store`: care of a store.

use clap::Subcommand;

use super::setup::{ConfigFile, StoreFlags};
use super::{Failure, output};
use crate::compare::report::number::count;
use crate::store::Store;

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
}

/// Runs the command.
pub async fn run(options: Options) -> Result<(), Failure> {
    let Command::Reembed { store, config } = options.command;
    let mut config = config.load()?;
    store.apply(&mut config)?;
    let uri = config.store.uri.clone().ok_or_else(|| {
        Failure::usage("which store? give --store URI, or `uri` under [store] in memhost.toml")
    })?;
    let embedder = config.embedder().await.map_err(Failure::failed)?;
    let name = embedder.identity().name.clone();
    let keys = Store::reembed(&uri, embedder)
        .await
        .map_err(Failure::failed)?;
    output::print(&format!(
        "store `{uri}`: {} keys are embedded with {name}\n",
        count(keys as f64)
    ))
}
