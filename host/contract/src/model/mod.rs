//! Language models: the host's side of the interface `llm`.

mod mended;
mod none;

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::health::Health;
use crate::{Fault, ModelKind, Reply, Request, Role};

pub use mended::{Mend, Mended};
pub use none::NoModel;

/// A reply, and what was done to get it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// What the strategy gets.
    #[serde(flatten)]
    pub reply: Reply,
    /// What reports tell.
    #[serde(default, skip_serializing_if = "Mended::is_empty")]
    pub mended: Mended,
}

impl From<Reply> for Completion {
    fn from(reply: Reply) -> Self {
        Completion {
            reply,
            mended: Mended::default(),
        }
    }
}

/// Answers completions.
#[async_trait]
pub trait LanguageModel: Send + Sync {
    /// For reports: `openai:gpt-4.1-mini`, `extractive`, `none`.
    fn name(&self) -> &str;

    /// What it is, for strategies that would not trust a stand-in's verdict.
    fn kind(&self) -> ModelKind {
        ModelKind::Model
    }

    /// What every report says of it, if it is not a language model.
    fn caveat(&self) -> Option<&str> {
        None
    }

    /// Whether it can be asked at all, found out before long work relies on it.
    async fn ready(&self) -> Result<(), Fault> {
        Ok(())
    }

    /// How the endpoint is that it relies on, if it relies on one.
    fn health(&self) -> Option<watch::Receiver<Health>> {
        None
    }

    /// Answers one request; a schema in it is satisfied by the reply.
    async fn complete(&self, request: &Request) -> Result<Completion, Fault>;
}

/// Whether two are one model at one endpoint; different endpoints may know different models by one name.
fn same(one: &Arc<dyn LanguageModel>, other: &Arc<dyn LanguageModel>) -> bool {
    let endpoints = match (one.health(), other.health()) {
        (Some(one), Some(other)) => one.same_channel(&other),
        (None, None) => true,
        _ => false,
    };
    endpoints && one.name() == other.name()
}

/// Which model answers which role.
pub struct Models {
    /// See [`Role::Agent`].
    pub agent: Arc<dyn LanguageModel>,
    /// See [`Role::Strongest`].
    pub strongest: Arc<dyn LanguageModel>,
    /// See [`Role::Judge`].
    pub judge: Arc<dyn LanguageModel>,
    /// See [`Role::Cheap`].
    pub cheap: Arc<dyn LanguageModel>,
}

impl Models {
    /// One model for every role.
    pub fn all(model: Arc<dyn LanguageModel>) -> Models {
        Models {
            agent: model.clone(),
            strongest: model.clone(),
            judge: model.clone(),
            cheap: model,
        }
    }

    /// Whether every one of them can be asked.
    ///
    /// # Errors
    /// What keeps the first from it that cannot.
    pub async fn ready(&self) -> Result<(), Fault> {
        let mut asked: Vec<&Arc<dyn LanguageModel>> = Vec::new();
        for model in [&self.agent, &self.strongest, &self.judge, &self.cheap] {
            if !asked.iter().any(|other| same(other, model)) {
                model.ready().await?;
                asked.push(model);
            }
        }
        Ok(())
    }

    /// How the endpoints are that they rely on, each once.
    pub fn health(&self) -> Vec<watch::Receiver<Health>> {
        let mut each: Vec<watch::Receiver<Health>> = Vec::new();
        for model in [&self.agent, &self.strongest, &self.judge, &self.cheap] {
            if let Some(health) = model.health()
                && !each.iter().any(|other| other.same_channel(&health))
            {
                each.push(health);
            }
        }
        each
    }

    /// The model that answers a role.
    pub fn role(&self, role: Role) -> &Arc<dyn LanguageModel> {
        match role {
            Role::Agent => &self.agent,
            Role::Strongest => &self.strongest,
            Role::Judge => &self.judge,
            Role::Cheap => &self.cheap,
        }
    }
}
