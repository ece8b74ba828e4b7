//! Errors of the host while it checks a plugin.

use memhost_contract::settings::SettingError;
use memhost_engine::{EngineError, LoadError};
use memhost_store::StoreError;
use memhost_strategy::CallError;

/// Why a plugin could not be checked, which says nothing of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConformanceError {
    /// There is no place for a store.
    #[error(
        "cannot make a temporary directory for the checks: {0}; set TMPDIR to one that can be written to"
    )]
    Directory(std::io::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no sandbox.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The plugin cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A parameter cannot be.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// It refuses its parameters.
    #[error(transparent)]
    Plan(CallError),
    /// The file became another one while it was checked.
    #[error(
        "plugin `{plugin}` was changed while it was checked (it was {was} and is {is}); check it again"
    )]
    Changed {
        /// The name that it gives itself.
        plugin: String,
        /// Its digest at first.
        was: String,
        /// Its digest later.
        is: String,
    },
    /// No fresh process answered.
    #[error(
        "a fresh process, `{program}`, could not be asked: {reason}; what it printed is above, and memhost has to stand where it \
         was started from"
    )]
    Process {
        /// What was started.
        program: String,
        /// What happened instead.
        reason: String,
    },
    /// What it answered cannot be written down.
    #[error("an answer cannot be written down: {0}")]
    Unprintable(serde_json::Error),
}
