//! Embedders: texts to unit-length vectors.

mod builtin;
mod cache;
mod local;
mod openai;

use async_trait::async_trait;
use tokio::sync::watch;

use memhost_contract::Side;
use memhost_contract::health::Health;

pub use builtin::{BUILTIN, Builtin};
pub use cache::Cached;
pub use local::{LocalEmbedder, LocalModelError, LocalOptions};
pub use openai::{EmbeddingOptions, OpenAiEmbedder};

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

/// The vector at unit length; zero stays zero. `None` if its numbers are not finite.
fn unit(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    // In f64, where no square of an f32 overflows.
    let squares = vector.iter().map(|x| f64::from(*x).powi(2));
    let length = squares.sum::<f64>().sqrt();
    if !length.is_finite() {
        return None;
    }
    if length > 0.0 {
        for x in &mut vector {
            *x = (f64::from(*x) / length) as f32;
        }
    }
    Some(vector)
}
