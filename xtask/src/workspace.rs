//! What cargo knows of the workspace: where it builds to, and which packages are guests.

use std::path::{Path, PathBuf};

use crate::tools::{Failure, cargo, start_failure};

/// The workspace, as `cargo metadata` describes it.
pub struct Workspace {
    target: PathBuf,
    packages: Vec<Package>,
}

/// A package that is built for the sandbox.
pub struct Package {
    /// As in its `Cargo.toml`: `memhost-recency`.
    pub name: String,
    /// Its folder, from the top of the workspace: `plugins/recency`.
    folder: PathBuf,
}

impl Package {
    /// The plugin's name: the package's without `memhost-`.
    pub fn plugin_name(&self) -> &str {
        self.name.strip_prefix("memhost-").unwrap_or(&self.name)
    }

    /// The file that cargo makes of it.
    pub fn module(&self) -> String {
        format!("{}.wasm", self.name.replace('-', "_"))
    }
}

impl Workspace {
    /// Asks cargo.
    pub fn read() -> Result<Workspace, Failure> {
        let mut command = cargo();
        command.args(["metadata", "--no-deps", "--format-version", "1"]);
        let output = command
            .output()
            .map_err(|source| start_failure(&command, source))?;
        let metadata: serde_json::Value =
            serde_json::from_slice(&output.stdout).map_err(Failure::Metadata)?;
        let text = |value: &serde_json::Value| PathBuf::from(value.as_str().unwrap_or_default());
        let root = text(&metadata["workspace_root"]);
        let packages = metadata["packages"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|package| {
                let manifest = text(&package["manifest_path"]);
                let folder = manifest.parent()?.strip_prefix(&root).ok()?.to_owned();
                Some(Package {
                    name: package["name"].as_str()?.to_owned(),
                    folder,
                })
            });
        Ok(Workspace {
            packages: packages.collect(),
            target: text(&metadata["target_directory"]),
        })
    }

    /// The plugins that memhost brings.
    pub fn plugins(&self) -> Vec<&Package> {
        self.below("plugins")
    }

    /// Guests that only tests load, and the examples' plugins, which are tested too.
    pub fn test_guests(&self) -> Vec<&Package> {
        let mut guests = self.below("tests/guests");
        guests.extend(
            self.below("examples")
                .into_iter()
                .filter(|p| p.folder.ends_with("own-strategy")),
        );
        guests
    }

    fn below(&self, folder: &str) -> Vec<&Package> {
        self.packages
            .iter()
            .filter(|package| package.folder.parent() == Some(Path::new(folder)))
            .collect()
    }

    /// Where cargo builds to.
    pub fn target_directory(&self) -> &Path {
        &self.target
    }

    /// Where plugins are put.
    pub fn plugin_directory(&self) -> PathBuf {
        self.target.join("plugins")
    }

    /// Where guests of tests are put.
    pub fn guest_directory(&self) -> PathBuf {
        self.target.join("guests")
    }

    /// Where cargo puts programs.
    pub fn release_directory(&self) -> PathBuf {
        self.target.join("release")
    }

    /// Where cargo puts core modules.
    pub fn module_directory(&self) -> PathBuf {
        self.target.join("wasm32-unknown-unknown/plugin")
    }
}
