//! The files of a strategy that is wrapped: from a list of components to one strategy.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memhost_strategy::{MOST_LAYERS, NotWrapped, Strategy, Wrapped};

use super::error::{LoadError, LoadFailure};
use super::{Engine, Plugin};

/// The files of a strategy, outermost first: any number of wrappers, and the plugin that they stand around. A plugin that
/// nothing wraps is one file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Layers(Vec<PathBuf>);

impl Layers {
    /// A plugin that nothing wraps.
    pub fn of(plugin: impl Into<PathBuf>) -> Layers {
        Layers(vec![plugin.into()])
    }

    /// The same in a wrapper.
    #[must_use]
    pub fn wrapped_in(mut self, wrapper: impl Into<PathBuf>) -> Layers {
        self.0.insert(0, wrapper.into());
        self
    }

    /// The files, outermost first.
    pub fn files(&self) -> &[PathBuf] {
        &self.0
    }

    /// Loads the components, outermost first: wrappers as wrappers, the last as a plugin.
    ///
    /// # Errors
    /// One cannot be loaded, or they are too many.
    pub async fn load(&self, engine: &Engine) -> Result<Vec<Arc<Plugin>>, LoadError> {
        if self.0.len() > MOST_LAYERS {
            let reason = LoadFailure::NotWrapped(NotWrapped::TooDeep {
                name: self.to_string(),
                layers: self.0.len(),
            });
            return Err(self.error(reason));
        }
        let mut plugins = Vec::new();
        for (place, file) in self.0.iter().enumerate() {
            let plugin = match place + 1 == self.0.len() {
                true => Plugin::load(engine, file).await?,
                false => Plugin::load_wrapper(engine, file).await?,
            };
            plugins.push(Arc::new(plugin));
        }
        Ok(plugins)
    }

    /// Loads them as one strategy.
    ///
    /// # Errors
    /// As for [`Layers::load`]; or one cannot wrap the other.
    pub async fn strategy(&self, engine: &Engine) -> Result<Arc<dyn Strategy>, LoadError> {
        let plugins = self.load(engine).await?;
        assemble(plugins).map_err(|error| self.error(LoadFailure::NotWrapped(error)))
    }

    fn error(&self, reason: LoadFailure) -> LoadError {
        LoadError {
            plugin: self.to_string(),
            reason,
        }
    }
}

/// Plugins, outermost first, as one strategy.
///
/// # Errors
/// One cannot wrap the other.
pub fn assemble(plugins: Vec<Arc<Plugin>>) -> Result<Arc<dyn Strategy>, NotWrapped> {
    let mut layers = plugins
        .into_iter()
        .rev()
        .map(|plugin| plugin as Arc<dyn Strategy>);
    let innermost = layers.next().ok_or(NotWrapped::Nothing)?;
    layers.try_fold(innermost, |inner, outer| {
        Ok(Arc::new(Wrapped::new(outer, inner)?) as Arc<dyn Strategy>)
    })
}

impl From<&Path> for Layers {
    fn from(plugin: &Path) -> Layers {
        Layers::of(plugin)
    }
}

impl From<&PathBuf> for Layers {
    fn from(plugin: &PathBuf) -> Layers {
        Layers::of(plugin)
    }
}

/// `a-memguard(rag)`: the names of the files.
impl fmt::Display for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self
            .0
            .iter()
            .map(|file| file.file_stem().unwrap_or_default());
        let names: Vec<_> = names.map(|name| name.to_string_lossy()).collect();
        let closing = ")".repeat(names.len().saturating_sub(1));
        write!(f, "{}{closing}", names.join("("))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_called_by_their_files_from_outside_to_inside() {
        let layers = Layers::of("plugins/rag.wasm");
        assert_eq!(layers.to_string(), "rag");
        let layers = layers.wrapped_in("b.wasm").wrapped_in("x/a.wasm");
        assert_eq!(layers.to_string(), "a(b(rag))");
    }
}
