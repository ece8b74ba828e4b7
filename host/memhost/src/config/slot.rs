//! `[slot.<name>]`: what answers at a slot of a live host.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::live::{Mode, Wish};

/// `[slot.<name>]`: what answers at a slot of a live host. It makes the slot; afterwards, what was swapped since counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub struct SlotSection {
    /// A plugin's name or path, or a plugin in wrappers: `guard(rag)`.
    pub plugin: String,
    /// Parameters that are not to be at their defaults.
    #[serde(default)]
    pub settings: BTreeMap<String, toml::Value>,
    /// What becomes of the memories where the server is told to follow this file and another strategy answers.
    #[serde(default)]
    pub mode: SlotMode,
    /// Whether each new build of the plugin's file is checked, and answers.
    #[serde(default)]
    pub watch: bool,
}

/// What becomes of the memories of a slot when another strategy takes over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SlotMode {
    /// It begins with none.
    Fresh,
    /// It goes on with those that are there.
    #[default]
    Inherit,
}

impl From<SlotMode> for Mode {
    fn from(mode: SlotMode) -> Mode {
        match mode {
            SlotMode::Fresh => Mode::Fresh,
            SlotMode::Inherit => Mode::Inherit,
        }
    }
}

impl SlotSection {
    /// What it asks for.
    pub fn wish(&self) -> Wish {
        let text = |value: &toml::Value| match value {
            toml::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let settings = self.settings.iter();
        let settings = settings.map(|(name, value)| (name.clone(), text(value)));
        Wish {
            plugin: self.plugin.clone(),
            settings: settings.collect(),
        }
    }
}
