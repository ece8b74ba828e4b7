//! From settings to the things that they describe.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use memhost_base::blocking;
use memhost_base::suggest::nearest;
use memhost_contract::Role;
use memhost_contract::embedder::Embedder;
use memhost_contract::model::{LanguageModel, Models, NoModel};
use memhost_models::embedding::{
    Builtin, Cached, EmbeddingOptions, LocalEmbedder, LocalOptions, OpenAiEmbedder,
};
use memhost_models::endpoint::{ApiKey, Endpoint, EndpointSettings, OPENAI_URL};
use memhost_models::model::{Extractive, OpenAiModel};

use super::{
    Config, ConfigError, DEFAULT_ENDPOINT, EmbedderChoice, EmbedderEntry, ModelChoice, ModelEntry,
};

impl Config {
    /// The language models, by role. Nothing is asked of an endpoint yet, and only the keys of endpoints in use
    /// are needed. Roles that name the same model share it, and models at the same endpoint share its limit on
    /// concurrency.
    ///
    /// # Errors
    /// If an entry, an endpoint or a key is missing or cannot be used.
    pub fn models(&self) -> Result<Models, ConfigError> {
        let mut built = Built::default();
        let mut model = |role| self.model(self.model.role(role), &mut built);
        Ok(Models {
            agent: model(Role::Agent)?,
            strongest: model(Role::Strongest)?,
            judge: model(Role::Judge)?,
            cheap: model(Role::Cheap)?,
        })
    }

    /// The embedder. One behind an endpoint is asked for its dimension, unless that is configured. All but the built-in
    /// one, which is as fast, remember what they have embedded.
    ///
    /// # Errors
    /// If an entry, a folder, an endpoint or a key is missing or cannot be used, or the endpoint does not answer.
    pub async fn embedder(&self) -> Result<Arc<dyn Embedder>, ConfigError> {
        match &self.embedder.choice {
            EmbedderChoice::Builtin => Ok(Arc::new(Builtin::default())),
            EmbedderChoice::Local(name) => {
                Ok(Arc::new(Cached::new(self.local_embedder(name).await?)))
            }
            EmbedderChoice::OpenAi(name) => {
                Ok(Arc::new(Cached::new(self.openai_embedder(name).await?)))
            }
        }
    }

    /// What is no entry's name is a folder's.
    async fn local_embedder(&self, name: &str) -> Result<LocalEmbedder, ConfigError> {
        let entry = self.embedder.local.get(name).cloned().unwrap_or_default();
        let folder = entry.directory.unwrap_or_else(|| PathBuf::from(name));
        let options = LocalOptions {
            query_prefix: entry.query_prefix,
            document_prefix: entry.document_prefix,
        };
        let loaded = blocking::away(move || LocalEmbedder::load(&folder, options)).await;
        let embedder = loaded.map_err(ConfigError::NotLoaded)??;
        Ok(embedder.chosen_as(name))
    }

    async fn openai_embedder(&self, name: &str) -> Result<OpenAiEmbedder, ConfigError> {
        let entry = self.embedder_entry(name)?;
        let endpoint = self.open(&entry.endpoint, &mut Built::default())?;
        let defaults = EmbeddingOptions::default();
        let options = EmbeddingOptions {
            dimension: entry.dimension,
            request_dimension: entry.request_dimension,
            batch: entry.batch.unwrap_or(defaults.batch),
            longest_text: entry.longest_text,
            query_prefix: entry.query_prefix,
            document_prefix: entry.document_prefix,
        };
        let model = entry.model.as_deref().unwrap_or(name);
        let embedder = OpenAiEmbedder::connect(endpoint, model, options).await?;
        Ok(embedder.chosen_as(name))
    }

    fn model(
        &self,
        choice: &ModelChoice,
        built: &mut Built,
    ) -> Result<Arc<dyn LanguageModel>, ConfigError> {
        if let Some(model) = built.models.get(choice) {
            return Ok(model.clone());
        }
        let model: Arc<dyn LanguageModel> = match choice {
            ModelChoice::Extractive => Arc::new(Extractive),
            ModelChoice::None => Arc::new(NoModel),
            ModelChoice::OpenAi(name) => {
                let entry = self.model_entry(name)?;
                let endpoint = self.open(&entry.endpoint, built)?;
                let model = entry.model.as_deref().unwrap_or(name);
                Arc::new(OpenAiModel::new(endpoint, model, entry.settings()))
            }
        };
        built.models.insert(choice.clone(), model.clone());
        Ok(model)
    }

    /// The entry of a name. As long as there is none at all, a name is what OpenAI's endpoint calls a model; after
    /// that it must be an entry's, so that a slip of the pen sends no data to another endpoint than was meant.
    pub(super) fn model_entry(&self, name: &str) -> Result<ModelEntry, ConfigError> {
        entry("model.openai", &self.model.openai, name)
    }

    /// The same for embedders: an entry, or what OpenAI's endpoint calls one as long as there is no entry.
    pub(super) fn embedder_entry(&self, name: &str) -> Result<EmbedderEntry, ConfigError> {
        entry("embedder.openai", &self.embedder.openai, name)
    }

    /// The same, with what the environment says written down, and nothing in it that may be secret: keys are never
    /// part of a configuration, and an address loses what it should not hold.
    pub fn to_be_shown(&self) -> Config {
        let mut config = self.clone();
        let asks = matches!(self.embedder.choice, EmbedderChoice::OpenAi(_))
            || [Role::Agent, Role::Strongest, Role::Judge, Role::Cheap]
                .iter()
                .any(|role| matches!(self.model.role(*role), ModelChoice::OpenAi(_)));
        if asks {
            let default = self.default_endpoint();
            let endpoint = config.endpoint.entry(DEFAULT_ENDPOINT.to_owned());
            endpoint.or_insert(default);
        }
        for endpoint in config.endpoint.values_mut() {
            endpoint.base_url = endpoint.shown();
        }
        config
    }

    fn default_endpoint(&self) -> EndpointSettings {
        let url = self.environment.get("OPENAI_BASE_URL");
        EndpointSettings::at(url.unwrap_or_else(|| OPENAI_URL.to_owned()))
    }

    fn open(&self, name: &str, built: &mut Built) -> Result<Arc<Endpoint>, ConfigError> {
        if let Some(endpoint) = built.endpoints.get(name) {
            return Ok(endpoint.clone());
        }
        let mut settings = match self.endpoint.get(name) {
            Some(settings) => settings.clone(),
            None if name == DEFAULT_ENDPOINT => self.default_endpoint(),
            None => return Err(no_entry("endpoint", self.endpoint.keys(), name)),
        };
        settings.is_never_given_up = self.keeps_asking;
        let key = self.key(name, &settings)?;
        let endpoint = Endpoint::new(settings, key).map_err(|source| ConfigError::Endpoint {
            name: name.to_owned(),
            source: Box::new(source),
        })?;
        let endpoint = Arc::new(endpoint);
        built.endpoints.insert(name.to_owned(), endpoint.clone());
        Ok(endpoint)
    }

    fn key(
        &self,
        endpoint: &str,
        settings: &EndpointSettings,
    ) -> Result<Option<ApiKey>, ConfigError> {
        let variable = settings.key_env.clone();
        if variable.is_empty() {
            return Ok(None);
        }
        match self.environment.get(&variable) {
            Some(secret) => ApiKey::new(&secret)
                .map(Some)
                .map_err(|problem| ConfigError::BadKey {
                    endpoint: endpoint.to_owned(),
                    variable,
                    problem,
                }),
            None if settings.is_local() => Ok(None),
            None => Err(ConfigError::NoKey {
                endpoint: endpoint.to_owned(),
                url: settings.shown(),
                variable,
            }),
        }
    }
}

/// What exists already, to be shared.
#[derive(Default)]
struct Built {
    models: HashMap<ModelChoice, Arc<dyn LanguageModel>>,
    endpoints: HashMap<String, Arc<Endpoint>>,
}

fn entry<E: Clone + Default>(
    table: &'static str,
    entries: &std::collections::BTreeMap<String, E>,
    name: &str,
) -> Result<E, ConfigError> {
    match entries.get(name) {
        Some(entry) => Ok(entry.clone()),
        None if entries.is_empty() => Ok(E::default()),
        None => Err(no_entry(table, entries.keys(), name)),
    }
}

fn no_entry<'a>(
    table: &'static str,
    known: impl Iterator<Item = &'a String> + Clone,
    name: &str,
) -> ConfigError {
    ConfigError::NoEntry {
        table,
        name: name.to_owned(),
        nearest: nearest(name, known.clone().map(String::as_str)),
        known: known.cloned().collect(),
    }
}
