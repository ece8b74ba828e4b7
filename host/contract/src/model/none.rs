//! No language model: strategies that want one are told how the operator can give them one.

use async_trait::async_trait;

use super::{Completion, LanguageModel};
use crate::{Fault, ModelKind, Request};

/// Answers every call with [`Fault::Unavailable`].
#[derive(Debug, Clone, Copy, Default)]
pub struct NoModel;

#[async_trait]
impl LanguageModel for NoModel {
    fn name(&self) -> &str {
        "none"
    }

    fn kind(&self) -> ModelKind {
        ModelKind::None
    }

    fn caveat(&self) -> Option<&str> {
        Some("no language model: every request for one is answered `unavailable`")
    }

    async fn complete(&self, _: &Request) -> Result<Completion, Fault> {
        Err(Fault::Unavailable(
            "no language model is configured; give one with `--model openai:NAME`, with the environment variable \
             MEMHOST_MODEL, or with `use` under [model] in memhost.toml; `extractive` needs no endpoint"
                .to_owned(),
        ))
    }
}
