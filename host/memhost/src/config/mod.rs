//! The configuration: `memhost.toml`, the environment over it, flags over both.
//!
//! ```
//! use memhost::config::Config;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut config = Config::load(None)?; // ./memhost.toml, if there is one, and the environment
//! config.set_model("extractive")?; // as `--model extractive` does
//! let models = config.models()?;
//! assert_eq!(models.judge.name(), "extractive");
//! # Ok(())
//! # }
//! ```
//!
//! The file is documented, key by key, in `examples/memhost.toml`. Every key has a default, and without a file
//! memhost needs neither key nor network: the embedder is `builtin`, the model `extractive`.
//!
//! The environment:
//!
//! | variable | stands for |
//! |---|---|
//! | `MEMHOST_CONFIG` | the file to read, in place of `memhost.toml` in the current directory |
//! | `MEMHOST_STORE` | `uri` under `[store]` |
//! | `MEMHOST_CACHE` | `directory` under `[cache]` |
//! | `MEMHOST_EMBEDDER` | `use` under `[embedder]` |
//! | `MEMHOST_MODEL` | `use` under `[model]`, for every role |
//! | `OPENAI_BASE_URL` | the address of the endpoint `openai`, unless the file has `[endpoint.openai]` |
//! | `OPENAI_API_KEY`, or what `key_env` names | an endpoint's key; keys stand in no file |
//!
//! | `SSL_CERT_FILE` | certificates of authorities that every endpoint may have its own from, in place of this machine's |
//!
//! A variable that is set and empty counts as not set. Relative paths start from the current directory, and `~/` from
//! the home directory.

mod build;
mod choice;
mod embedder;
mod environment;
mod error;
mod live;
mod load;
mod model;
mod serve;
mod slot;
mod store;
mod telemetry;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use memhost_contract::limits::Limits;
use memhost_engine::LoadLimits;
use memhost_models::endpoint::EndpointSettings;
use serde::{Deserialize, Serialize};

pub use choice::{EmbedderChoice, ModelChoice};
pub use embedder::{EmbedderEntry, EmbedderSection, LocalEntry};
pub use environment::Environment;
pub use error::ConfigError;
pub use live::LiveSection;
pub use model::{ModelEntry, ModelSection};
pub use serve::{OnFailure, ServeSettings};
pub use slot::{SlotMode, SlotSection};
pub use store::{CacheSection, StoreSection};
pub use telemetry::TelemetrySettings;
/// A value of any type, as the file has it.
pub use toml::Value;

/// The file that is read where no other is named.
pub const FILE: &str = "memhost.toml";

/// The endpoint of entries that name none: OpenAI's own, unless `[endpoint.openai]` says otherwise.
pub const DEFAULT_ENDPOINT: &str = "openai";

/// Everything that can be configured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct Config {
    /// `[store]`
    pub store: StoreSection,
    /// `[cache]`
    pub cache: CacheSection,
    /// `[embedder]`
    pub embedder: EmbedderSection,
    /// `[model]`
    pub model: ModelSection,
    /// `[endpoint.<name>]`
    pub endpoint: BTreeMap<String, EndpointSettings>,
    /// `[limits]`: what one call of a plugin may spend.
    pub limits: Limits,
    /// `[load]`: what loading a plugin may spend.
    pub load: LoadLimits,
    /// `[serve]`: where the server listens, whom it lets in, and how much it takes.
    pub serve: ServeSettings,
    /// `[live]`: how long things wait at a live host, and how much it keeps open.
    pub live: LiveSection,
    /// `[slot.<name>]`: what answers at a slot of a live host.
    pub slot: BTreeMap<String, SlotSection>,
    /// `[telemetry]`: where traces go.
    pub telemetry: TelemetrySettings,
    /// Whether endpoints are asked on, however long they fail.
    #[serde(skip)]
    keeps_asking: bool,
    /// Where keys are looked up.
    #[serde(skip)]
    environment: Environment,
}

impl Config {
    /// Has endpoints asked on, however long they fail: for a host that lives on, and learns when they are well again.
    pub fn keep_asking(&mut self) {
        self.keeps_asking = true;
    }

    /// Has every role answered by one model: `extractive`, `none` or `openai:NAME`.
    ///
    /// # Errors
    /// If there is no such model.
    pub fn set_model(&mut self, name: &str) -> Result<(), ConfigError> {
        let choice: ModelChoice = name.parse().map_err(ConfigError::Choice)?;
        if let ModelChoice::OpenAi(name) = &choice {
            self.model_entry(name)?;
        }
        self.model = ModelSection {
            choice,
            openai: std::mem::take(&mut self.model.openai),
            ..ModelSection::default()
        };
        Ok(())
    }

    /// Has texts embedded by `builtin`, `local:DIR` or `openai:NAME`.
    ///
    /// # Errors
    /// If there is no such embedder.
    pub fn set_embedder(&mut self, name: &str) -> Result<(), ConfigError> {
        let choice: EmbedderChoice = name.parse().map_err(ConfigError::Choice)?;
        if let EmbedderChoice::OpenAi(name) = &choice {
            self.embedder_entry(name)?;
        }
        self.embedder.choice = choice;
        self.expand_home();
        Ok(())
    }

    /// Has memories kept at a directory or URI.
    pub fn set_store(&mut self, uri: impl Into<String>) {
        self.store.uri = Some(uri.into());
        self.expand_home();
    }

    /// Where compiled plugins are kept: as configured, or in the user's cache directory; `None` where there is
    /// neither.
    pub fn cache_directory(&self) -> Option<PathBuf> {
        self.cache.directory.clone().or_else(|| {
            directories::ProjectDirs::from("", "", "memhost")
                .map(|directories| directories.cache_dir().to_owned())
        })
    }
}
