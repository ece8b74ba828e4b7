//! Embedders: the host's side of the interface `embedder`. Texts become vectors of unit length.

use async_trait::async_trait;
use tokio::sync::watch;

use crate::Side;
use crate::health::Health;

/// Which embedder made a vector. Vectors of different embedders are never compared.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct EmbedderIdentity {
    /// `builtin:static-minilm-256`, `local:bge-small-en-v1.5@0f3c2a91`, `openai:text-embedding-3-small`.
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

/// What became of texts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Embedded {
    /// One unit-length vector per text, in order. A text without any known token has the zero vector.
    pub vectors: Vec<Vec<f32>>,
    /// The places of texts that are longer than the embedder takes, so that only their beginning counts, ascending.
    pub cut: Vec<usize>,
}

/// Nothing was cut.
impl From<Vec<Vec<f32>>> for Embedded {
    fn from(vectors: Vec<Vec<f32>>) -> Embedded {
        Embedded {
            vectors,
            cut: Vec::new(),
        }
    }
}

/// Turns texts into vectors.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// Name and dimension.
    fn identity(&self) -> &EmbedderIdentity;

    /// What chooses it in a configuration, if anything does: `builtin`, `local:DIR`, `openai:small`.
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

    /// What a reader of results that rest on it must know.
    fn caveat(&self) -> Option<&str> {
        None
    }

    /// One vector per text. A text that is too long is cut; it is never an error, which would cost the others.
    async fn embed(&self, texts: &[String], side: Side) -> Result<Embedded, EmbeddingError>;
}
