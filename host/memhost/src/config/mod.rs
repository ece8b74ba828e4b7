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
//! A variable that is set and empty counts as not set. Relative paths start from the current directory, and `~/` from the
//! home directory.

mod build;
mod choice;
mod environment;
mod error;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use memhost_contract::Role;
use memhost_models::endpoint::EndpointSettings;
use memhost_engine::{EngineOptions, LoadLimits};
use memhost_base::home;
use memhost_contract::limits::Limits;
use memhost_models::model::{ModelSettings, Structured, SystemRole, Temperature, TokenLimitField};

pub use choice::{EmbedderChoice, ModelChoice};
pub use environment::Environment;
pub use error::ConfigError;

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
    /// Where keys are looked up.
    #[serde(skip)]
    environment: Environment,
}

/// `[store]`: where memories are kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct StoreSection {
    /// A directory or an object-store URI. Without one, `compare` keeps memories with its output, or nowhere if it has
    /// none.
    pub uri: Option<String>,
}

/// `[cache]`: which plugins are compiled, and where compiled ones are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct CacheSection {
    /// The directory; the user's cache directory if absent.
    pub directory: Option<PathBuf>,
    /// See [`EngineOptions::largest_plugin`].
    pub largest_plugin_bytes: u64,
}

impl Default for CacheSection {
    fn default() -> Self {
        CacheSection {
            directory: None,
            largest_plugin_bytes: EngineOptions::default().largest_plugin,
        }
    }
}

/// `[embedder]`: what turns texts into vectors.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct EmbedderSection {
    /// The embedder in use.
    #[serde(rename = "use")]
    pub choice: EmbedderChoice,
    /// `[embedder.local.<name>]`: what `local:<name>` means.
    pub local: BTreeMap<String, LocalEntry>,
    /// `[embedder.openai.<name>]`: what `openai:<name>` means.
    pub openai: BTreeMap<String, EmbedderEntry>,
}

/// `[embedder.local.<name>]`: an embedding model in a folder of this machine.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct LocalEntry {
    /// The folder. Default: the entry's name.
    pub directory: Option<PathBuf>,
    /// See [`LocalOptions::query_prefix`](memhost_models::embedding::LocalOptions).
    pub query_prefix: Option<String>,
    /// See [`LocalOptions::document_prefix`](memhost_models::embedding::LocalOptions).
    pub document_prefix: Option<String>,
}

/// `[embedder.openai.<name>]`: an embedding model at an endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct EmbedderEntry {
    /// The name of an `[endpoint.<name>]`. Default: [`DEFAULT_ENDPOINT`].
    pub endpoint: String,
    /// What the endpoint calls the model. Default: the entry's name.
    pub model: Option<String>,
    /// See [`EmbeddingOptions::dimension`](memhost_models::embedding::EmbeddingOptions).
    pub dimension: Option<NonZeroUsize>,
    /// See [`EmbeddingOptions::request_dimension`](memhost_models::embedding::EmbeddingOptions).
    pub request_dimension: bool,
    /// See [`EmbeddingOptions::batch`](memhost_models::embedding::EmbeddingOptions).
    pub batch: Option<NonZeroUsize>,
    /// See [`EmbeddingOptions::longest_text`](memhost_models::embedding::EmbeddingOptions).
    pub longest_text: Option<NonZeroUsize>,
    /// See [`EmbeddingOptions::query_prefix`](memhost_models::embedding::EmbeddingOptions).
    pub query_prefix: String,
    /// See [`EmbeddingOptions::document_prefix`](memhost_models::embedding::EmbeddingOptions).
    pub document_prefix: String,
}

impl Default for EmbedderEntry {
    fn default() -> Self {
        EmbedderEntry {
            endpoint: DEFAULT_ENDPOINT.to_owned(),
            model: None,
            dimension: None,
            request_dimension: false,
            batch: None,
            longest_text: None,
            query_prefix: String::new(),
            document_prefix: String::new(),
        }
    }
}

/// `[model]`: which language model answers which role.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct ModelSection {
    /// The model of every role that names no other.
    #[serde(rename = "use")]
    pub choice: ModelChoice,
    /// The model that agents run on.
    pub agent: Option<ModelChoice>,
    /// The strongest at hand.
    pub strongest: Option<ModelChoice>,
    /// The one that judges outcomes.
    pub judge: Option<ModelChoice>,
    /// The cheapest that will do.
    pub cheap: Option<ModelChoice>,
    /// `[model.openai.<name>]`: what `openai:<name>` means.
    pub openai: BTreeMap<String, ModelEntry>,
}

impl ModelSection {
    /// The model that answers a role.
    pub fn role(&self, role: Role) -> &ModelChoice {
        let own = match role {
            Role::Agent => &self.agent,
            Role::Strongest => &self.strongest,
            Role::Judge => &self.judge,
            Role::Cheap => &self.cheap,
        };
        own.as_ref().unwrap_or(&self.choice)
    }
}

/// `[model.openai.<name>]`: a language model at an endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct ModelEntry {
    /// The name of an `[endpoint.<name>]`. Default: [`DEFAULT_ENDPOINT`].
    pub endpoint: String,
    /// What the endpoint calls the model. Default: the entry's name.
    pub model: Option<String>,
    /// The longest reply where a request does not say, in the model's tokens.
    pub max_tokens: Option<NonZeroU32>,
    /// The field of the request that carries it; where nothing is said, here and below, what the endpoint takes is
    /// found out.
    pub token_limit_field: Option<TokenLimitField>,
    /// How a schema is told: `schema`, `object` or `prompt`.
    pub structured: Option<Structured>,
    /// Which temperature is sent: `keep`, `drop`, or a number for all requests.
    pub temperature: Option<Temperature>,
    /// Where the system's message goes: `keep` or `merge`.
    pub system_role: Option<SystemRole>,
}

impl ModelEntry {
    /// What of it concerns each request.
    pub(super) fn settings(&self) -> ModelSettings {
        ModelSettings {
            max_tokens: self.max_tokens,
            token_limit_field: self.token_limit_field,
            structured: self.structured,
            temperature: self.temperature,
            system_role: self.system_role,
        }
    }
}

impl Default for ModelEntry {
    fn default() -> Self {
        ModelEntry {
            endpoint: DEFAULT_ENDPOINT.to_owned(),
            model: None,
            max_tokens: None,
            token_limit_field: None,
            structured: None,
            temperature: None,
            system_role: None,
        }
    }
}

impl Config {
    /// Reads the file and the environment. The file is the one given, or that of `MEMHOST_CONFIG`, or
    /// [`FILE`] in the current directory, which need not exist.
    ///
    /// # Errors
    /// If the file cannot be read, or it or the environment says what cannot be.
    pub fn load(file: Option<&Path>) -> Result<Config, ConfigError> {
        Config::load_from(file, Environment::default())
    }

    /// The same, with another environment than the process has.
    ///
    /// # Errors
    /// See [`Config::load`].
    pub fn load_from(file: Option<&Path>, environment: Environment) -> Result<Config, ConfigError> {
        let named = file
            .map(Path::to_path_buf)
            .or_else(|| environment.get("MEMHOST_CONFIG").map(PathBuf::from))
            .map(|path| home::expand(&path).into_owned());
        let read = |path: &Path| match std::fs::read_to_string(path) {
            Ok(text) => Config::parse(path, &text),
            Err(source) => Err(ConfigError::Unreadable {
                path: path.to_owned(),
                source,
            }),
        };
        let mut config = match named {
            Some(path) => read(&path)?,
            None if Path::new(FILE).exists() => read(Path::new(FILE))?,
            None => Config::default(),
        };
        config.environment = environment;
        config.obey_environment()?;
        config.expand_home();
        Ok(config)
    }

    fn parse(path: &Path, text: &str) -> Result<Config, ConfigError> {
        toml::from_str(text).map_err(|error| error::explained(path, text, error))
    }

    fn obey_environment(&mut self) -> Result<(), ConfigError> {
        let of = |variable| {
            move |error| ConfigError::Variable {
                variable,
                source: Box::new(error),
            }
        };
        if let Some(uri) = self.environment.get("MEMHOST_STORE") {
            self.set_store(uri);
        }
        if let Some(directory) = self.environment.get("MEMHOST_CACHE") {
            self.cache.directory = Some(directory.into());
        }
        if let Some(name) = self.environment.get("MEMHOST_EMBEDDER") {
            self.set_embedder(&name).map_err(of("MEMHOST_EMBEDDER"))?;
        }
        if let Some(name) = self.environment.get("MEMHOST_MODEL") {
            self.set_model(&name).map_err(of("MEMHOST_MODEL"))?;
        }
        Ok(())
    }

    /// Puts the home directory for `~` into every path, as no shell has done.
    fn expand_home(&mut self) {
        let expand = |path: &mut PathBuf| *path = home::expand(path).into_owned();
        self.cache.directory.as_mut().map(expand);
        for entry in self.embedder.local.values_mut() {
            entry.directory.as_mut().map(expand);
        }
        for endpoint in self.endpoint.values_mut() {
            endpoint.ca_file.as_mut().map(expand);
        }
        if let EmbedderChoice::Local(folder) = &mut self.embedder.choice {
            *folder = home::expand_in(folder).into_owned();
        }
        if let Some(uri) = &mut self.store.uri {
            *uri = home::expand_in(uri).into_owned();
        }
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
