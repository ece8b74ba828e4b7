//! Embedders: texts to unit-length vectors.

mod builtin;
mod openai;

use async_trait::async_trait;
use tokio::sync::watch;

use crate::contract::Side;
use crate::endpoint::Health;

pub use builtin::{BUILTIN, Builtin};
pub use openai::{EmbeddingOptions, OpenAiEmbedder};

/// Which embedder made a vector. Vectors of different embedders are never compared.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct EmbedderIdentity {
    /// `builtin:static-minilm-256`, `openai:text-embedding-3-small`.
    pub name: String,
    /// Length of every vector.
    pub dimension: usize,
}

/// Why texts could not be embedded.
#[derive(Debug, Clone, thiserror::Error)]
#[error("embedder `{embedder}`: {message}")]
pub struct EmbeddingError {
    /// The embedder's name.
    pub embedder: String,
    /// What went wrong and what to do.
    pub message: String,
}

/// Turns texts into vectors.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// Name and dimension.
    fn identity(&self) -> &EmbedderIdentity;

    /// What chooses it in a configuration, if anything does: `builtin`, `openai:small`.
    fn choice(&self) -> &str {
        &self.identity().name
    }

    /// The SHA-256 of all that its vectors come from, in hexadecimal; `None` where nobody here can know that, as behind an
    /// endpoint.
    fn digest(&self) -> Option<&str> {
        None
    }

    /// How the endpoint is that it relies on, if it relies on one.
    fn health(&self) -> Option<watch::Receiver<Health>> {
        None
    }

    /// One unit-length vector per text, in order. A text without any known token gives the zero vector.
    async fn embed(&self, texts: &[String], side: Side) -> Result<Vec<Vec<f32>>, EmbeddingError>;
}
