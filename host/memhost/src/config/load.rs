//! Loading: the file, then the environment over it.

use std::path::{Path, PathBuf};

use memhost_base::home;

use super::{Config, ConfigError, EmbedderChoice, Environment, FILE, error};

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
    /// As of [`Config::load`].
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

    pub(super) fn parse(path: &Path, text: &str) -> Result<Config, ConfigError> {
        toml::from_str(text).map_err(|error| error::explained(path, text, error))
    }

    pub(super) fn obey_environment(&mut self) -> Result<(), ConfigError> {
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
    pub(super) fn expand_home(&mut self) {
        let expand = |path: &mut PathBuf| *path = home::expand(path).into_owned();
        self.cache.directory.as_mut().map(expand);
        for entry in self.embedder.local.values_mut() {
            entry.directory.as_mut().map(expand);
        }
        for endpoint in self.endpoint.values_mut() {
            endpoint.ca_file.as_mut().map(expand);
        }
        self.serve.plugin_folders.iter_mut().for_each(expand);
        if let EmbedderChoice::Local(folder) = &mut self.embedder.choice {
            *folder = home::expand_in(folder).into_owned();
        }
        if let Some(uri) = &mut self.store.uri {
            *uri = home::expand_in(uri).into_owned();
        }
    }
}
