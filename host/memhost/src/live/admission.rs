//! Admission: how a strategy that somebody names becomes one that a host can run.
//!
//! A host swaps strategies that are loaded, configured and checked; where they are found, and in which process they are
//! compiled and checked, is for whoever runs the host to say.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{Generation, LiveError};
use crate::learning::Configured;

/// A strategy, as somebody asks for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// A plugin's name or path, or a plugin in wrappers: `guard(rag)`.
    pub plugin: String,
    /// Parameters that are not to be at their defaults, as text.
    pub settings: BTreeMap<String, String>,
}

impl Wish {
    /// A plugin, with every parameter at its default.
    pub fn of(plugin: impl Into<String>) -> Wish {
        Wish {
            plugin: plugin.into(),
            settings: BTreeMap::new(),
        }
    }
}

/// Finds, loads and checks strategies.
#[async_trait]
pub trait Admission: Send + Sync {
    /// The strategy that is asked for, loaded and checked.
    ///
    /// # Errors
    /// There is none, it may not be taken from there, or it fails its checks.
    async fn admit(&self, wish: &Wish) -> Result<Configured, LiveError>;

    /// The strategy of a generation, which was admitted before. It depends on nobody's path: what was admitted is kept.
    ///
    /// # Errors
    /// It is not there any more, or is another one.
    async fn readmit(&self, generation: &Generation) -> Result<Configured, LiveError>;
}
