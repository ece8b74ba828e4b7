//! `memhost compose`: one file of a wrapper and what it wraps.

use std::path::{Path, PathBuf};

use memhost_base::disk;
use memhost_eval::compare::report::number::count;

use super::plugins::PluginDirectories;
use super::setup::ConfigFile;
use super::{Failure, output, setup};

const EXAMPLES: &str = "\
Examples:
  memhost compose 'guard(rag)' --output guarded.wasm
      one file of both, which goes wherever a plugin goes: memhost compare ./guarded.wasm rag
  memhost compose budget+guard+rag -o careful.wasm
      the same of two wrappers; up to four strategies stand in one another
  memhost compose budget+./guarded.wasm -o careful.wasm
      what is composed can be wrapped again

The file is the wrapper, and holds what it wraps in a section `memhost:inner` of its own, byte for byte: other tools see the \
wrapper alone. memhost takes it for `guard(rag)` written out, with the same results, digests, settings \
(`--set 'guard(rag).inner.k=2'`) and costs. Parameters are not part of it. Everything is loaded before anything is \
written, so that what is written can be loaded.";

/// Make one file of a wrapper and what it wraps.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Options {
    /// A plugin in a wrapper: `guard(rag)` or `guard+rag`, each a path to a `.wasm` file or the name of a plugin.
    #[arg(value_name = "PLUGIN")]
    plugin: String,
    /// The file to write; one that is there is replaced.
    #[arg(short, long, value_name = "FILE", value_parser = setup::path)]
    output: PathBuf,
    #[command(flatten)]
    config: ConfigFile,
}

/// Why nothing was composed.
#[derive(Debug, thiserror::Error)]
enum ComposeError {
    #[error(
        "`{0}` wraps nothing, so that there is nothing to compose: name what wraps it, as in `guard({0})`"
    )]
    OnePlugin(String),
    #[error("`{}` is one of the files that are composed, and would be gone: choose another --output", .0.display())]
    Replaced(PathBuf),
    #[error("cannot write `{}`: check that its directory is there and may be written to", path.display())]
    NotWritten {
        path: PathBuf,
        source: std::io::Error,
    },
}

/// Runs the command.
pub async fn run(options: Options) -> Result<(), Failure> {
    let config = options.config.load()?;
    let engine = setup::engine(&config)?;
    let layers = PluginDirectories::from_environment()
        .find_layers(&options.plugin)
        .map_err(Failure::usage)?;
    let path = options.output;
    if layers.files().iter().any(|file| is_same(file, &path)) {
        return Err(Failure::usage(ComposeError::Replaced(path)));
    }
    let (strategy, file) = layers.compose(&engine).await.map_err(Failure::failed)?;
    if strategy.layers() == 1 {
        return Err(Failure::usage(ComposeError::OnePlugin(options.plugin)));
    }
    disk::write_whole(&path, &file).map_err(|source| {
        let path = path.clone();
        Failure::failed(ComposeError::NotWritten { path, source })
    })?;
    output::say(format_args!(
        "{}: {}, {} bytes",
        path.display(),
        strategy.description().name,
        count(file.len() as f64)
    ));
    Ok(())
}

/// Whether both lead to one file that is there.
fn is_same(one: &Path, other: &Path) -> bool {
    let (one, other) = (one.canonicalize().ok(), other.canonicalize().ok());
    one.is_some() && one == other
}
