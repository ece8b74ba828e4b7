//! Another process: what it is told, and what it answers.

use std::path::PathBuf;

use async_trait::async_trait;
use memhost_contract::Guidance;
use memhost_contract::limits::Limits;
use serde::{Deserialize, Serialize};

use super::ConformanceError;

/// A process that can be started, and asks a plugin.
#[async_trait]
pub trait Process: Send + Sync {
    /// What [`answer`](super::fresh_process::answer) returns there.
    ///
    /// # Errors
    /// If it cannot be started, or did not do its part.
    async fn ask(&self, errand: &Errand) -> Result<Answers, ConformanceError>;
}

/// What a process that has just begun has to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Errand {
    /// The plugin's code as it was loaded when it learnt.
    pub digest: String,
    /// Where it left what it learnt.
    pub store: PathBuf,
    /// What each of its calls may spend.
    pub limits: Limits,
}

/// What came of an [`Errand`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answers {
    /// An answer to every question, in order.
    Given(Vec<Guidance>),
    /// The plugin failed; in words.
    Failed(String),
}
