//! Finds plugins by path or name, loads them, and gives them the parameters that were chosen.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use memhost::contract::Fault;
use memhost::engine::{Engine, Layers};
use memhost::settings;
use memhost::strategy::CallFailure;
use memhost_base::home;
use memhost_base::suggest::{nearest, suggestion};
use memhost_eval::compare::Contestant;

use super::Failure;

/// The environment variable with directories to look in, separated as in `PATH`.
const DIRECTORIES: &str = "MEMHOST_PLUGINS";

/// Why there is no such plugin.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// A path that leads nowhere.
    #[error("there is no plugin file `{}`", .0.display())]
    NoFile(PathBuf),
    /// A file that is not where plugins may be taken from.
    #[error(
        "`{}` is in none of the folders from which plugins are taken: name a plugin by its name, or add its folder to \
         `plugin_folders` under [serve]",
        .0.display()
    )]
    Outside(PathBuf),
    /// A name that no directory has.
    #[error("no plugin is called `{name}`{}; looked for `{name}.wasm` in{}\n  \
        name a path that ends in `.wasm`, or set {DIRECTORIES} to where your plugins are",
        suggestion(.nearest.as_deref()), listed(.looked_in))]
    NoName {
        /// What was asked for.
        name: String,
        /// The plugin whose name is most like it.
        nearest: Option<String>,
        /// Where it was looked for.
        looked_in: Vec<PathBuf>,
    },
    /// A wrapper without anything in it, or brackets that do not close.
    #[error(
        "`{0}` is no plugin in a wrapper: write `guard(rag)` or `guard+rag`, and `a(b(rag))` or `a+b+rag` for two of them"
    )]
    NoLayers(String),
    /// A name that two things have.
    #[error(
        "`{given}` is the file `{}`, and a plugin in a wrapper of other files too: name the file by its path, or move it \
         elsewhere",
        .file.display()
    )]
    TwoThings {
        /// What was asked for.
        given: String,
        /// The file that is called like it.
        file: PathBuf,
    },
    /// Results could not be told apart.
    #[error(
        "two of the plugins are called `{name}`: give one of them another name with NAME=PLUGIN, as in `other={plugin}`"
    )]
    SameName {
        /// The name that both have.
        name: String,
        /// The second of them, as it was asked for.
        plugin: String,
    },
    /// A parameter of a plugin that does not take part.
    #[error("--set names plugin `{name}`{}, which does not take part; taking part: {}",
        suggestion(.nearest.as_deref()), .plugins.join(", "))]
    NotTakingPart {
        /// What was asked for.
        name: String,
        /// The plugin whose name is most like it.
        nearest: Option<String>,
        /// Every plugin that takes part.
        plugins: Vec<String>,
    },
}

fn listed(directories: &[PathBuf]) -> String {
    directories
        .iter()
        .map(|directory| format!("\n    {}", directory.display()))
        .collect()
}

/// Directories in which plugins are looked for by name.
#[derive(Debug)]
pub struct PluginDirectories(Vec<PathBuf>);

impl PluginDirectories {
    /// `MEMHOST_PLUGINS`, then `target/plugins` here, then `plugins` beside the directory of this program: for
    /// `target/release/memhost`, that is `target/plugins`.
    pub fn from_environment() -> PluginDirectories {
        let chosen = std::env::var_os(DIRECTORIES).unwrap_or_default();
        let mut directories: Vec<PathBuf> = std::env::split_paths(&chosen)
            .filter(|path| !path.as_os_str().is_empty())
            .map(|path| home::expand(&path).into_owned())
            .collect();
        directories.push(PathBuf::from("target/plugins"));
        let beside = std::env::current_exe()
            .ok()
            .and_then(|program| Some(program.parent()?.parent()?.join("plugins")));
        directories.extend(beside);
        PluginDirectories(directories)
    }

    /// These, then those of [`PluginDirectories::from_environment`].
    pub fn with(folders: &[PathBuf]) -> PluginDirectories {
        let PluginDirectories(others) = PluginDirectories::from_environment();
        PluginDirectories(folders.iter().cloned().chain(others).collect())
    }

    /// Whether all files are in these directories, wherever links lead.
    ///
    /// # Errors
    /// One is not.
    pub fn check_inside(&self, files: &Layers) -> Result<(), PluginError> {
        let directories = self.0.iter().filter_map(|path| path.canonicalize().ok());
        let directories: Vec<PathBuf> = directories.collect();
        let is_inside = |file: &PathBuf| {
            let file = file.canonicalize().ok();
            file.is_some_and(|file| directories.iter().any(|one| file.starts_with(one)))
        };
        match files.files().iter().find(|file| !is_inside(file)) {
            Some(file) => Err(PluginError::Outside(file.clone())),
            None => Ok(()),
        }
    }

    /// The file of a plugin that is given by path or by name.
    pub fn find(&self, plugin: &str) -> Result<PathBuf, PluginError> {
        let path = home::expand(Path::new(plugin));
        let is_path = plugin.ends_with(".wasm") || path.components().count() != 1;
        if is_path || path.is_file() {
            return if path.is_file() {
                Ok(path.into_owned())
            } else {
                Err(PluginError::NoFile(path.into_owned()))
            };
        }
        let file = format!("{plugin}.wasm");
        self.0
            .iter()
            .map(|directory| directory.join(&file))
            .find(|path| path.is_file())
            .ok_or_else(|| PluginError::NoName {
                name: plugin.to_owned(),
                nearest: nearest(plugin, self.names().iter().map(String::as_str)),
                looked_in: self.0.clone(),
            })
    }

    /// The files of a plugin, or of one in wrappers: `guard(rag)` or `guard+rag`.
    ///
    /// A path may hold a plus or brackets itself. So what is a file is a file, unless it is one by its name alone and the
    /// wrapper and what it wraps are there too; and a wrapper's name ends at the first place where it can end and leads to a
    /// plugin.
    pub fn find_layers(&self, given: &str) -> Result<Layers, PluginError> {
        let may_be_several = given.contains(['(', ')', '+']);
        match self.find(given) {
            Ok(file) if may_be_several && !home::expand(Path::new(given)).is_file() => {
                match self.find_each(given) {
                    Err(_) => Ok(Layers::of(file)),
                    Ok(_) => Err(PluginError::TwoThings {
                        given: given.to_owned(),
                        file,
                    }),
                }
            }
            Ok(file) => Ok(Layers::of(file)),
            Err(_) if may_be_several => self.find_each(given),
            Err(error) => Err(error),
        }
    }

    /// The files of a plugin in wrappers.
    fn find_each(&self, given: &str) -> Result<Layers, PluginError> {
        let error = PluginError::NoLayers(given.to_owned());
        let splits: Vec<(&str, &str)> = splits(given).collect();
        let found = splits.iter().find_map(|(wrapper, inside)| {
            let wrapper = self.find(wrapper).ok()?;
            Some((wrapper, *inside))
        });
        match (found, splits.first()) {
            (Some((wrapper, inside)), _) => Ok(self.find_layers(inside)?.wrapped_in(wrapper)),
            (None, Some((wrapper, _))) => Err(self.find(wrapper).err().unwrap_or(error)),
            (None, None) => Err(error),
        }
    }

    /// The names of all plugins in these directories.
    fn names(&self) -> BTreeSet<String> {
        self.0
            .iter()
            .filter_map(|directory| std::fs::read_dir(directory).ok())
            .flat_map(|entries| entries.flatten().map(|entry| entry.path()))
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "wasm")
            })
            .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
            .collect()
    }
}

/// Where the name of a wrapper can end, and what then stands inside of it.
fn splits(given: &str) -> impl Iterator<Item = (&str, &str)> {
    let ends = given.match_indices(['(', '+']);
    let splits = ends.filter_map(|(at, end)| {
        let (wrapper, inside) = (given.get(..at)?, given.get(at + 1..)?);
        match end {
            "(" => Some((wrapper, inside.strip_suffix(')')?)),
            _ => Some((wrapper, inside)),
        }
    });
    splits.filter(|(wrapper, inside)| !wrapper.is_empty() && !inside.is_empty())
}

/// A parameter as `--set` takes it: `plugin.parameter=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    plugin: String,
    parameter: String,
    value: String,
}

impl Choice {
    /// The plugin.
    pub fn plugin(&self) -> &str {
        &self.plugin
    }

    /// The parameter, and its value.
    pub fn parameter(&self) -> (&str, &str) {
        (&self.parameter, &self.value)
    }
}

impl FromStr for Choice {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Choice, Self::Err> {
        let parts = text.split_once('=').and_then(|(name, value)| {
            let (plugin, parameter) = name.split_once('.')?;
            (!plugin.is_empty() && !parameter.is_empty()).then_some((plugin, parameter, value))
        });
        let (plugin, parameter, value) = parts.ok_or("write it as plugin.parameter=value")?;
        Ok(Choice {
            plugin: plugin.to_owned(),
            parameter: parameter.to_owned(),
            value: value.to_owned(),
        })
    }
}

/// The files of a plugin as `compare` and `check` take it.
pub fn files(plugin: &str) -> Result<Layers, PluginError> {
    let (_, plugin) = named(plugin);
    PluginDirectories::from_environment().find_layers(plugin)
}

/// A plugin as `compare` takes it: by path or name, and under another name if one stands before it.
fn named(plugin: &str) -> (Option<&str>, &str) {
    let is_name = |text: &str| {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        !text.is_empty() && text.chars().all(fits)
    };
    match plugin.split_once('=') {
        Some((name, plugin)) if is_name(name) => (Some(name), plugin),
        _ => (None, plugin),
    }
}

/// Loads the plugins of a comparison and gives each its parameters.
pub async fn contestants(
    engine: &Engine,
    plugins: &[String],
    choices: &[Choice],
) -> Result<Vec<Contestant>, Failure> {
    let mut loaded = Vec::new();
    for plugin in plugins {
        let (name, given) = named(plugin);
        let files = files(plugin).map_err(Failure::usage)?;
        let plugin = files.strategy(engine).await.map_err(Failure::failed)?;
        let name = name.unwrap_or(&plugin.description().name).to_owned();
        if loaded.iter().any(|(other, _): &(String, _)| *other == name) {
            return Err(Failure::usage(PluginError::SameName {
                name,
                plugin: given.to_owned(),
            }));
        }
        loaded.push((name, plugin));
    }
    let names: Vec<&str> = loaded.iter().map(|(name, _)| name.as_str()).collect();
    let mut chosen = by_plugin(choices, &names).map_err(Failure::usage)?;
    let mut contestants = Vec::new();
    for (name, plugin) in &loaded {
        let chosen = chosen.remove(name.as_str()).unwrap_or_default();
        let parameters = &plugin.description().parameters;
        let settings = settings::resolve(name, parameters, &chosen).map_err(Failure::usage)?;
        let contestant = Contestant::plugin(plugin.clone(), settings)
            .await
            .map_err(|error| match error.reason {
                CallFailure::Fault(Fault::Invalid(_)) => Failure::usage(error),
                _ => Failure::failed(error),
            })?;
        contestants.push(contestant.named(name));
    }
    Ok(contestants)
}

/// The name of a plugin in wrappers as a shell takes it without quotes: `guard+rag` for `guard(rag)`.
pub fn with_plus(name: &str) -> String {
    name.replace('(', "+").replace(')', "")
}

/// Parameter and value, by plugin.
type Chosen<'a> = BTreeMap<&'a str, Vec<(String, String)>>;

fn by_plugin<'a>(choices: &[Choice], plugins: &[&'a str]) -> Result<Chosen<'a>, PluginError> {
    let mut chosen = Chosen::new();
    for choice in choices {
        let called = |name: &&&str| **name == choice.plugin;
        let written = |name: &&&str| with_plus(name) == with_plus(&choice.plugin);
        let mut all = plugins.iter();
        let Some(plugin) = all.find(called).or_else(|| plugins.iter().find(written)) else {
            return Err(PluginError::NotTakingPart {
                name: choice.plugin.clone(),
                nearest: nearest(&choice.plugin, plugins.iter().copied()),
                plugins: plugins.iter().map(|name| (*name).to_owned()).collect(),
            });
        };
        chosen
            .entry(*plugin)
            .or_default()
            .push((choice.parameter.clone(), choice.value.clone()));
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(plugin: &str, parameter: &str, value: &str) -> Choice {
        Choice {
            plugin: plugin.to_owned(),
            parameter: parameter.to_owned(),
            value: value.to_owned(),
        }
    }

    #[test]
    fn a_choice_names_plugin_parameter_and_value() {
        assert_eq!("rag.mode=dense".parse(), Ok(choice("rag", "mode", "dense")));
        assert_eq!("a.b.c=d=e".parse(), Ok(choice("a", "b.c", "d=e")));
        assert_eq!(
            "guard(rag).inner.k=2".parse(),
            Ok(choice("guard(rag)", "inner.k", "2"))
        );
        assert_eq!("rag.prefix=".parse(), Ok(choice("rag", "prefix", "")));
        for wrong in ["rag", "rag.k", "k=3", ".k=3", "rag.=3", ""] {
            assert!(wrong.parse::<Choice>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_plugin_may_take_part_under_another_name() {
        assert_eq!(
            named("matts=reasoningbank"),
            (Some("matts"), "reasoningbank")
        );
        assert_eq!(named("rag"), (None, "rag"));
        assert_eq!(named("./a=b.wasm"), (None, "./a=b.wasm"));
    }

    #[test]
    fn a_choice_for_another_plugin_is_refused() {
        let error = by_plugin(&[choice("rga", "k", "1")], &["rag", "recency"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "--set names plugin `rga` (did you mean `rag`?), which does not take part; \
             taking part: rag, recency"
        );
    }

    #[test]
    fn a_choice_names_a_plugin_in_a_wrapper_in_either_form() {
        for plugin in ["guard(rag)", "guard+rag"] {
            let choices = [choice(plugin, "inner.k", "5")];
            let chosen = by_plugin(&choices, &["rag", "guard(rag)"]).unwrap();
            assert_eq!(
                chosen["guard(rag)"],
                [("inner.k".to_owned(), "5".to_owned())]
            );
        }
        assert!(by_plugin(&[choice("guard+rag", "k", "1")], &["rag", "guard"]).is_err());
        assert_eq!(with_plus("a(b(rag))"), "a+b+rag");
    }

    #[test]
    fn a_file_that_is_called_like_a_plugin_in_a_wrapper_does_not_take_its_place() {
        let place = tempfile::tempdir().unwrap();
        let directories = PluginDirectories(vec![place.path().to_owned()]);
        let file = place.path().join("guard(rag).wasm");
        for name in ["rag.wasm", "guard(rag).wasm"] {
            std::fs::write(place.path().join(name), b"").unwrap();
        }
        let alone = directories.find_layers("guard(rag)").unwrap();
        assert_eq!(alone.to_string(), "guard(rag)");
        assert_eq!(alone.files().len(), 1);
        std::fs::write(place.path().join("guard.wasm"), b"").unwrap();
        let error = directories.find_layers("guard(rag)").unwrap_err();
        assert!(
            error.to_string().contains("name the file by its path"),
            "{error}"
        );
        let path = file.to_str().unwrap();
        assert_eq!(directories.find_layers(path).unwrap().files().len(), 1);
        assert_eq!(
            directories.find_layers("guard+rag").unwrap().files().len(),
            2
        );
    }

    #[test]
    fn names_are_looked_up_in_order_and_paths_are_taken_as_they_are() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let directories =
            PluginDirectories(vec![first.path().to_owned(), second.path().to_owned()]);
        std::fs::write(second.path().join("rag.wasm"), b"").unwrap();
        assert_eq!(
            directories.find("rag").unwrap(),
            second.path().join("rag.wasm")
        );
        std::fs::write(first.path().join("rag.wasm"), b"").unwrap();
        let path = first.path().join("rag.wasm");
        assert_eq!(directories.find("rag").unwrap(), path);
        assert_eq!(directories.find(path.to_str().unwrap()).unwrap(), path);
    }

    #[test]
    fn a_plugin_in_wrappers_is_named_from_outside_to_inside() {
        let place = tempfile::tempdir().unwrap();
        let directories = PluginDirectories(vec![place.path().to_owned()]);
        for name in ["guard", "budget", "rag", "a+b", "c(d)"] {
            std::fs::write(place.path().join(format!("{name}.wasm")), b"").unwrap();
        }
        let path = place.path().join("a+b.wasm");
        let (path, rag) = (path.to_str().unwrap(), place.path().join("rag.wasm"));
        for (given, layers) in [
            ("rag", "rag"),
            ("guard(rag)", "guard(rag)"),
            ("guard+rag", "guard(rag)"),
            ("budget+guard+rag", "budget(guard(rag))"),
            ("budget(guard(rag))", "budget(guard(rag))"),
            ("budget(guard+rag)", "budget(guard(rag))"),
            ("budget+guard(rag)", "budget(guard(rag))"),
            ("guard(guard(rag))", "guard(guard(rag))"),
            ("a+b", "a+b"),
            ("guard+a+b", "guard(a+b)"),
            ("guard(c(d))", "guard(c(d))"),
            (path, "a+b"),
            (&format!("{path}+{}", rag.display()), "a+b(rag)"),
        ] {
            let found = directories.find_layers(given).unwrap();
            assert_eq!(found.to_string(), layers, "{given}");
        }
        for (given, told) in [
            ("guard(", "write `guard(rag)`"),
            ("guard()", "write `guard(rag)`"),
            ("+rag", "write `guard(rag)`"),
            ("rag)", "write `guard(rag)`"),
            (
                "guard(rga)",
                "no plugin is called `rga` (did you mean `rag`?)",
            ),
            (
                "gaurd+rag",
                "no plugin is called `gaurd` (did you mean `guard`?)",
            ),
        ] {
            let error = directories.find_layers(given).unwrap_err().to_string();
            assert!(error.contains(told), "{given}: {error}");
        }
    }

    #[test]
    fn an_unknown_name_says_where_it_looked_and_what_is_near() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("reasoningbank.wasm"), b"").unwrap();
        let directories = PluginDirectories(vec![directory.path().to_owned()]);
        let error = directories.find("resoningbank").unwrap_err().to_string();
        assert!(error.contains("(did you mean `reasoningbank`?)"), "{error}");
        assert!(
            error.contains(&directory.path().display().to_string()),
            "{error}"
        );
        let error = directories.find("nowhere/rag.wasm").unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no plugin file `nowhere/rag.wasm`"
        );
    }
}
