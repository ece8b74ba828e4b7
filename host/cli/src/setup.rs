//! What several commands take: the configuration with the flags that override it.

use std::convert::Infallible;
use std::path::{Path, PathBuf};

use memhost::config::Config;
use memhost::engine::{Engine, EngineError, EngineOptions};
use memhost_base::home;

use super::hint::hint;
use super::{Failure, compile, output};

/// Where the configuration comes from, and what overrides it.
#[derive(Debug, Default, clap::Args)]
pub struct ConfigFile {
    /// The configuration file [default: memhost.toml, if there is one].
    #[arg(long, value_name = "FILE", value_parser = path)]
    config: Option<PathBuf>,
}

impl ConfigFile {
    /// The configuration: file, then environment.
    pub fn load(&self) -> Result<Config, Failure> {
        Config::load(self.config.as_deref()).map_err(Failure::usage)
    }
}

/// What embeds, and where memories are kept.
#[derive(Debug, Default, clap::Args)]
pub struct StoreFlags {
    /// What embeds keys and queries: `builtin`, `local:<folder>`, or `openai:<model>`.
    ///
    /// `builtin` is a table of words: fast, and weak where words differ. `local:<folder>` is a sentence embedder of
    /// BERT's family (MiniLM, BGE, E5, GTE) in a folder as sentence-transformers saves it: config.json, tokenizer.json,
    /// model.safetensors. `openai:<model>` is one behind an endpoint.
    #[arg(long, value_name = "EMBEDDER")]
    embedder: Option<String>,
    /// Where memories are kept: a directory, or an object store as in `s3://bucket/path`.
    #[arg(long, value_name = "URI")]
    store: Option<String>,
}

impl StoreFlags {
    /// Whether a store was named.
    pub fn names_store(&self) -> bool {
        self.store.is_some()
    }

    /// Puts the flags over the configuration.
    pub fn apply(&self, config: &mut Config) -> Result<(), Failure> {
        if let Some(embedder) = &self.embedder {
            config.set_embedder(embedder).map_err(Failure::usage)?;
        }
        if let Some(store) = &self.store {
            config.set_store(store);
        }
        Ok(())
    }
}

/// The configured store.
pub fn store_uri(config: &Config) -> Result<String, Failure> {
    let uri = config.store.uri.clone();
    uri.ok_or_else(|| {
        Failure::usage("which store? give --store URI, or `uri` under [store] in memhost.toml")
    })
}

/// A directory for results, as `--output` takes it. Results are kept with locks and renames, which an object store does
/// not have, and a URI taken for a path would make a directory of that name here.
pub fn result_directory(text: &str) -> Result<PathBuf, &'static str> {
    match text.contains("://") {
        true => Err(
            "results are written to a directory of this machine: name one, and copy it when it is finished",
        ),
        false => Ok(home::expand(Path::new(text)).into_owned()),
    }
}

/// A path of this machine, as options take it: no shell sees the `~` in `--to=~/file`.
pub fn path(text: &str) -> Result<PathBuf, Infallible> {
    Ok(home::expand(Path::new(text)).into_owned())
}

/// The sandbox, with compiled code kept where the configuration says.
///
/// A directory that cannot be used costs time and nothing else, so that it is no reason to stop.
pub fn engine(config: &Config) -> Result<Engine, Failure> {
    let options = EngineOptions {
        limits: config.limits.clone(),
        largest_plugin: config.cache.largest_plugin_bytes,
        process: Some(compile::this_program()),
        load: config.load.clone(),
        ..EngineOptions::default()
    };
    let kept = EngineOptions {
        cache: config.cache_directory(),
        ..options.clone()
    };
    let seen = compile::watcher();
    match Engine::watched(kept, seen.clone()) {
        Err(error @ EngineError::Cache { .. }) => {
            let hint = hint(&error).map(|hint| format!("\n  hint: {hint}"));
            output::say(format_args!(
                "warning: plugins are compiled on every run: {error}{}",
                hint.unwrap_or_default()
            ));
            Engine::watched(options, seen).map_err(Failure::failed)
        }
        result => result.map_err(Failure::failed),
    }
}
