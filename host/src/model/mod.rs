//! Language models behind the `llm` interface.

pub mod cassette;
mod extractive;
mod none;
mod openai;
mod schema;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;

use crate::contract::{Fault, Reply, Request, Role};

pub use cassette::{Cassette, CassetteError};
pub use extractive::Extractive;
pub use none::NoModel;
pub use openai::{OpenAiModel, TokenLimitField};

/// Answers completions.
#[async_trait]
pub trait LanguageModel: Send + Sync {
    /// For reports: `openai:gpt-4.1-mini`, `extractive`, `none`.
    fn name(&self) -> &str;

    /// What every report says of it, if it is not a language model.
    fn caveat(&self) -> Option<&str> {
        None
    }

    /// Whether it can be asked at all, found out before long work relies on it.
    async fn ready(&self) -> Result<(), Fault> {
        Ok(())
    }

    /// Answers one request; a schema in it is satisfied by the reply.
    async fn complete(&self, request: &Request) -> Result<Reply, Fault>;
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
        let mut asked: Vec<&str> = Vec::new();
        for model in [&self.agent, &self.strongest, &self.judge, &self.cheap] {
            if !asked.contains(&model.name()) {
                model.ready().await?;
                asked.push(model.name());
            }
        }
        Ok(())
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
