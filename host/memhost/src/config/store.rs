//! `[store]` and `[cache]`: what is kept where.

use std::path::PathBuf;

use memhost_engine::EngineOptions;
use serde::{Deserialize, Serialize};

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
    /// The largest plugin that is compiled, in bytes of its file.
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
