//! The files of a strategy that is wrapped: from a list of components to one strategy.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memhost_strategy::{MOST_LAYERS, NotWrapped, Strategy, Wrapped};

use super::admission::LoadedAs;
use super::error::{LoadError, LoadFailure};
use super::load::read;
use super::{Engine, Plugin, compile, composed};

/// The files of a strategy, outermost first: any number of wrappers, and the plugin that they stand around. A plugin that
/// nothing wraps is one file, and so is a composed one, which holds a wrapper and what it wraps.
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

    /// Loads the components, outermost first: wrappers as wrappers, the last as a plugin. A file that is composed holds
    /// several.
    ///
    /// # Errors
    /// One cannot be loaded, or they are too many.
    pub async fn load(&self, engine: &Engine) -> Result<Vec<Arc<Plugin>>, LoadError> {
        let parts = self.read(engine).await?;
        load_parts(engine, &parts).await
    }

    /// Loads them as one strategy.
    ///
    /// # Errors
    /// As for [`Layers::load`]; or one cannot wrap the other.
    pub async fn strategy(&self, engine: &Engine) -> Result<Arc<dyn Strategy>, LoadError> {
        let plugins = self.load(engine).await?;
        assemble(plugins).map_err(|error| self.error(LoadFailure::NotWrapped(error)))
    }

    /// Makes one file of them, which is loaded as they are: the strategy that it is then, and its bytes.
    ///
    /// # Errors
    /// As for [`Layers::strategy`]; or it would be larger than a plugin may be.
    pub async fn compose(
        &self,
        engine: &Engine,
    ) -> Result<(Arc<dyn Strategy>, Vec<u8>), LoadError> {
        let parts = self.read(engine).await?;
        let plugins = load_parts(engine, &parts).await?;
        let strategy =
            assemble(plugins).map_err(|error| self.error(LoadFailure::NotWrapped(error)))?;
        let limit = engine.inner.options.largest_plugin;
        let layers: Vec<Vec<u8>> = parts.into_iter().map(|part| part.bytes).collect();
        let file = composed::compose(&layers, limit).map_err(|reason| self.error(reason))?;
        Ok((strategy, file))
    }

    /// Reads the files and takes them apart. Nothing is compiled before it is known that they are not too many.
    async fn read(&self, engine: &Engine) -> Result<Vec<Part<'_>>, LoadError> {
        self.check_depth(self.0.len())?;
        let mut parts = Vec::new();
        let mut layers = 0;
        for (place, file) in self.0.iter().enumerate() {
            let limit = engine.inner.options.largest_plugin;
            let (count, components) =
                read_components(file, limit)
                    .await
                    .map_err(|reason| LoadError {
                        plugin: file.display().to_string(),
                        reason,
                    })?;
            layers += count;
            let components = components.into_iter().enumerate();
            parts.extend(components.map(|(layer, bytes)| Part {
                file,
                layer: layer + 1,
                of: count,
                is_last_file: place + 1 == self.0.len(),
                bytes,
            }));
        }
        self.check_depth(layers)?;
        Ok(parts)
    }

    fn check_depth(&self, layers: usize) -> Result<(), LoadError> {
        match layers {
            ..=MOST_LAYERS => Ok(()),
            layers => Err(self.error(LoadFailure::NotWrapped(NotWrapped::TooDeep {
                name: self.to_string(),
                layers,
            }))),
        }
    }

    fn error(&self, reason: LoadFailure) -> LoadError {
        LoadError {
            plugin: self.to_string(),
            reason,
        }
    }
}

/// How many components a file holds, and the outermost of them, of which there are not more than can be wrapped.
async fn read_components(file: &Path, limit: u64) -> Result<(usize, Vec<Vec<u8>>), LoadFailure> {
    let bytes = read(file, limit).await?;
    compile::away(move || {
        let mut components = Vec::new();
        let mut count = 0;
        for layer in composed::layers(&bytes) {
            let layer = layer.map_err(|reason| inside(count + 1, reason))?;
            if count < MOST_LAYERS {
                components.push(layer.bytes());
            }
            count += 1;
        }
        Ok((count, components))
    })
    .await
}

/// A component, and where it was found.
struct Part<'a> {
    file: &'a Path,
    /// Which component of its file, the outermost being 1.
    layer: usize,
    /// How many its file holds.
    of: usize,
    is_last_file: bool,
    bytes: Vec<u8>,
}

impl Part<'_> {
    async fn load(&self, engine: &Engine) -> Result<Plugin, LoadFailure> {
        if self.of > 1 && !self.is_last_file {
            return Err(LoadFailure::Taken);
        }
        let (name, is_innermost) = (self.file.display().to_string(), self.layer == self.of);
        let loaded_as = match is_innermost && self.is_last_file {
            true => LoadedAs::Plugin,
            false => LoadedAs::Wrapper,
        };
        let plugin = Plugin::admit(engine, &name, self.bytes.clone(), loaded_as).await;
        plugin.map_err(|reason| {
            let reason = match reason {
                LoadFailure::NoWrapper { expected } if !is_innermost => {
                    LoadFailure::HoldsAndNoWrapper { expected }
                }
                reason => reason,
            };
            inside(self.layer, reason)
        })
    }
}

/// What is wrong with a component of a file.
fn inside(layer: usize, reason: LoadFailure) -> LoadFailure {
    match layer {
        1 => reason,
        layer => LoadFailure::Inside {
            layer,
            reason: Box::new(reason),
        },
    }
}

async fn load_parts(engine: &Engine, parts: &[Part<'_>]) -> Result<Vec<Arc<Plugin>>, LoadError> {
    let mut plugins = Vec::new();
    for part in parts {
        let plugin = part.load(engine).await.map_err(|reason| LoadError {
            plugin: part.file.display().to_string(),
            reason,
        })?;
        plugins.push(Arc::new(plugin));
    }
    Ok(plugins)
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
