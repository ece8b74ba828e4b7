//! Admission of plugins to a live host: in a process of its own, so that compiling and checking one takes nothing from the
//! process that serves, and cannot end it.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use memhost::Lance;
use memhost::conformance::Subject;
use memhost::conformance::cache::check_once;
use memhost::engine::{Engine, EngineOptions, Layers};
use memhost::learning::Configured;
use memhost::live::{self, Generation, LiveError, Wish};
use memhost::settings;
use memhost_base::error_chain::chain;
use memhost_base::{disk, visible};
use serde::{Deserialize, Serialize};

use crate::plugins::PluginDirectories;
use crate::{Failure, child, output};

/// As the command line knows it.
const COMMAND: &str = "admit";
/// How much others go first, from 0 to 19.
const NICENESS: i32 = 10;

/// Compile, check and keep one plugin that memhost names on standard input, and nobody else.
#[derive(Debug, clap::Args)]
#[command(hide = true, after_help = "`memhost serve` starts it.")]
pub struct Options {}

/// What is written to the standard input of the process.
#[derive(Serialize, Deserialize)]
struct Order {
    plugin: Layers,
    settings: BTreeMap<String, String>,
    engine: EngineOptions,
    is_checked: bool,
    keep: PathBuf,
}

/// What it answers: what it has kept, by its digest; or why it refuses.
type Answer = Result<String, String>;

/// Runs the command.
pub async fn run(_: Options) -> Result<(), Failure> {
    give_way();
    let order = std::io::read_to_string(std::io::stdin()).map_err(Failure::failed)?;
    let order: Order = serde_json::from_str(&order).map_err(Failure::usage)?;
    let answer: Answer = order.carry_out().await;
    output::print_json(&answer)
}

/// Whoever serves goes first.
fn give_way() {
    #[cfg(unix)]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "this process is as eager as any other");
    }
}

impl Order {
    async fn carry_out(self) -> Answer {
        let engine = Engine::new(self.engine).map_err(|error| chain(&error))?;
        let composed = self.plugin.compose(&engine).await;
        let (strategy, file) = composed.map_err(|error| chain(&error))?;
        let description = strategy.description();
        let chosen: Vec<_> = self.settings.into_iter().collect();
        let settings = settings::resolve(&description.name, &description.parameters, &chosen);
        let settings = settings.map_err(|error| chain(&error))?;
        let digest = strategy.digest().to_owned();
        if self.is_checked {
            let subject = Subject::loaded(strategy, settings, &engine, self.plugin).await;
            let subject = subject.map_err(|error| chain(&error))?;
            let (limits, kept) = (&engine.options().limits, engine.options().cache.as_deref());
            let checked = check_once(&subject, limits, &Lance, kept).await;
            let checked = checked.map_err(|error| chain(&error))?;
            let failed: Vec<String> = checked
                .failed()
                .map(|failed| {
                    let (name, came) = (failed.check.name(), visible::line(&failed.came));
                    format!("check `{name}`: expected {}, but {came}", failed.expected)
                })
                .collect();
            if !failed.is_empty() {
                return Err(format!(
                    "`{}` does not keep the contract: {}",
                    checked.plugin,
                    failed.join("; ")
                ));
            }
        }
        let path = kept_at(&self.keep, &digest);
        if std::fs::read(&path).is_ok_and(|kept| kept == file) {
            return Ok(digest);
        }
        let written = std::fs::create_dir_all(&self.keep)
            .and_then(|()| disk::write_whole(&path, &file))
            .map_err(|error| format!("cannot write `{}`: {error}", path.display()));
        written.map(|()| digest)
    }
}

/// Where a plugin is kept that was admitted.
fn kept_at(folder: &Path, digest: &str) -> PathBuf {
    let name = digest.strip_prefix("sha256:").unwrap_or(digest);
    folder.join(format!("{name}.wasm"))
}

/// Files, each with its size and the time of its last change.
pub type Seen = Vec<(PathBuf, u64, SystemTime)>;

/// Digests of what was admitted, by files and settings.
pub type Admitted = HashMap<(Seen, BTreeMap<String, String>), String>;

/// The files of a plugin as they are now; `None` where one is missing.
pub fn seen(layers: &Layers) -> Option<Seen> {
    let look = |path: &PathBuf| {
        let file = std::fs::metadata(path).ok()?;
        Some((path.clone(), file.len(), file.modified().ok()?))
    };
    layers.files().iter().map(look).collect()
}

/// Finds plugins by name, and has them admitted by a process of their own.
pub struct Admission {
    /// Where what was admitted is kept.
    pub keep: PathBuf,
    pub engine: Engine,
    /// Where plugins may be taken from that are named from outside.
    pub directories: PluginDirectories,
    /// Whether they must pass their checks.
    pub is_checked: bool,
    /// What was admitted since this process began, by its files and settings, as digests: it is not admitted again as long as
    /// its files are the same.
    pub admitted: Mutex<Admitted>,
}

impl Admission {
    /// Admits a plugin that whoever runs this process names: from anywhere.
    pub async fn admit_own(&self, wish: &Wish) -> Result<Configured, LiveError> {
        let files = self.directories.find_layers(&wish.plugin);
        self.admit_files(files.map_err(refused)?, wish).await
    }

    async fn admit_files(&self, plugin: Layers, wish: &Wish) -> Result<Configured, LiveError> {
        let key = seen(&plugin).map(|seen| (seen, wish.settings.clone()));
        let known = key
            .as_ref()
            .and_then(|key| self.admitted().get(key).cloned());
        let digest = match known {
            Some(digest) => digest,
            None => self.examine(plugin, wish).await?,
        };
        let strategy = self.load(&digest).await?;
        let description = strategy.description();
        let chosen: Vec<_> = wish.settings.clone().into_iter().collect();
        let settings = settings::resolve(&description.name, &description.parameters, &chosen);
        let configured = Configured::with(strategy, settings.map_err(refused)?).await?;
        if let Some(key) = key {
            self.admitted().insert(key, digest);
        }
        Ok(configured)
    }

    fn admitted(&self) -> MutexGuard<'_, Admitted> {
        self.admitted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a plugin compiled, checked and kept by a process of its own, and returns its digest.
    async fn examine(&self, plugin: Layers, wish: &Wish) -> Result<String, LiveError> {
        let order = Order {
            plugin,
            settings: wish.settings.clone(),
            engine: self.engine.options().clone(),
            is_checked: self.is_checked,
            keep: self.keep.clone(),
        };
        let answer: Answer = child::answer(COMMAND, &order).await.map_err(|error| {
            LiveError::Refused(format!(
                "the process that was to check it failed: {error}; the log of this server has more"
            ))
        })?;
        answer.map_err(LiveError::Refused)
    }

    /// A plugin that was admitted before.
    async fn load(&self, digest: &str) -> Result<Arc<dyn memhost::strategy::Strategy>, LiveError> {
        let path = kept_at(&self.keep, digest);
        let strategy = Layers::of(&path).strategy(&self.engine).await;
        let strategy = strategy.map_err(refused)?;
        match strategy.digest() == digest {
            true => Ok(strategy),
            false => Err(LiveError::Refused(format!(
                "`{}` is not the plugin that was kept there: bring back the file from a backup, or swap to another plugin",
                path.display()
            ))),
        }
    }
}

#[async_trait]
impl live::Admission for Admission {
    async fn admit(&self, wish: &Wish) -> Result<Configured, LiveError> {
        let files = self.directories.find_layers(&wish.plugin);
        let files = files.map_err(refused)?;
        self.directories.check_inside(&files).map_err(refused)?;
        self.admit_files(files, wish).await
    }

    async fn readmit(&self, generation: &Generation) -> Result<Configured, LiveError> {
        let strategy = self.load(&generation.digest).await?;
        Ok(Configured::with(strategy, generation.settings.clone()).await?)
    }
}

fn refused(error: impl std::error::Error + 'static) -> LiveError {
    LiveError::Refused(chain(&error))
}
