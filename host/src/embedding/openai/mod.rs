//! Any OpenAI-compatible `/v1/embeddings`.

use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{Embedder, EmbedderIdentity, EmbeddingError};
use crate::contract::Side;
use crate::endpoint::{Endpoint, Health};

/// How texts are sent to an endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddingOptions {
    /// The length of the vectors; without it the endpoint is asked, once.
    pub dimension: Option<NonZeroUsize>,
    /// Whether to ask the endpoint for vectors of that length, which some models can shorten. Off by default,
    /// because other endpoints refuse to be asked.
    pub request_dimension: bool,
    /// The most texts in one request. Default: 64.
    pub batch: NonZeroUsize,
    /// Put before what is searched with, for models that want it: `query: `.
    pub query_prefix: String,
    /// Put before what is to be found: `passage: `.
    pub document_prefix: String,
}

impl Default for EmbeddingOptions {
    fn default() -> Self {
        EmbeddingOptions {
            dimension: None,
            request_dimension: false,
            batch: const { NonZeroUsize::new(64).unwrap() },
            query_prefix: String::new(),
            document_prefix: String::new(),
        }
    }
}

/// An embedder behind an OpenAI-compatible endpoint.
pub struct OpenAiEmbedder {
    identity: EmbedderIdentity,
    choice: String,
    model: String,
    endpoint: Arc<Endpoint>,
    options: EmbeddingOptions,
}

impl OpenAiEmbedder {
    /// An embedding model at an endpoint, by the name that the endpoint knows it by. Unless the options say
    /// the dimension, the endpoint is asked to embed one word.
    ///
    /// # Errors
    /// If it was asked and did not answer well.
    pub async fn connect(
        endpoint: Arc<Endpoint>,
        model: &str,
        options: EmbeddingOptions,
    ) -> Result<OpenAiEmbedder, EmbeddingError> {
        let mut embedder = OpenAiEmbedder {
            identity: EmbedderIdentity {
                name: format!("openai:{model}"),
                dimension: options.dimension.map_or(0, NonZeroUsize::get),
            },
            choice: format!("openai:{model}"),
            model: model.to_owned(),
            endpoint,
            options,
        };
        if embedder.options.dimension.is_none() {
            let answer = embedder.ask(&["dimension".to_owned()]).await?;
            embedder.identity.dimension = answer.first().map_or(0, Vec::len);
        }
        Ok(embedder)
    }

    /// The same, chosen as the entry of a configuration.
    #[must_use]
    pub fn chosen_as(self, entry: &str) -> OpenAiEmbedder {
        OpenAiEmbedder {
            choice: format!("openai:{entry}"),
            ..self
        }
    }

    /// One vector per text, in order, as the endpoint gives them.
    async fn ask(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbeddingError> {
        let body = EmbeddingRequest {
            model: &self.model,
            input: texts,
            encoding_format: "float",
            dimensions: self
                .options
                .dimension
                .filter(|_| self.options.request_dimension),
        };
        let reply: EmbeddingReply = self
            .endpoint
            .post("embeddings", &body)
            .await
            .map_err(|error| self.error(error.to_string()))?;
        let mut data = reply.data;
        if data.len() != texts.len() {
            return Err(self.unusable(&format!(
                "it gave {} vectors for {} texts; lower `batch`, or try another model",
                data.len(),
                texts.len()
            )));
        }
        data.sort_by_key(|vector| vector.index);
        Ok(data.into_iter().map(|vector| vector.embedding).collect())
    }

    async fn batch(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbeddingError> {
        self.ask(&texts)
            .await?
            .into_iter()
            .map(|vector| self.checked(vector))
            .collect()
    }

    /// The vector at unit length, if it can be one.
    fn checked(&self, mut vector: Vec<f32>) -> Result<Vec<f32>, EmbeddingError> {
        let expected = self.identity.dimension;
        if vector.len() != expected {
            return Err(self.unusable(&format!(
                "it gave a vector of dimension {}, and {expected} was expected; correct or remove `dimension`, or set \
                 `request_dimension = true` if the model can shorten its vectors",
                vector.len()
            )));
        }
        // In f64, where no square of an f32 overflows.
        let length = vector
            .iter()
            .map(|x| f64::from(*x).powi(2))
            .sum::<f64>()
            .sqrt();
        if !length.is_finite() {
            return Err(self
                .unusable("it gave a vector with numbers that are not finite; try another model"));
        }
        if length > 0.0 {
            for x in &mut vector {
                *x = (f64::from(*x) / length) as f32;
            }
        }
        Ok(vector)
    }

    fn unusable(&self, problem: &str) -> EmbeddingError {
        self.error(format!("endpoint `{}`: {problem}", self.endpoint.url()))
    }

    fn error(&self, message: String) -> EmbeddingError {
        EmbeddingError {
            embedder: self.identity.name.clone(),
            message,
        }
    }
}

#[async_trait]
impl Embedder for OpenAiEmbedder {
    fn identity(&self) -> &EmbedderIdentity {
        &self.identity
    }

    fn choice(&self) -> &str {
        &self.choice
    }

    fn health(&self) -> Option<watch::Receiver<Health>> {
        Some(self.endpoint.health())
    }

    async fn embed(&self, texts: &[String], side: Side) -> Result<Vec<Vec<f32>>, EmbeddingError> {
        let prefix = match side {
            Side::Query => &self.options.query_prefix,
            Side::Document => &self.options.document_prefix,
        };
        // Endpoints refuse blank texts, which have no meaning to embed: they get the zero vector.
        let (places, told): (Vec<usize>, Vec<String>) = texts
            .iter()
            .enumerate()
            .filter(|(_, text)| !text.trim().is_empty())
            .map(|(place, text)| (place, format!("{prefix}{text}")))
            .unzip();
        let batches = told
            .chunks(self.options.batch.get())
            .map(<[String]>::to_vec);
        let vectors: Vec<Vec<Vec<f32>>> = stream::iter(batches.collect::<Vec<_>>())
            .map(|batch| self.batch(batch))
            .buffered(self.endpoint.concurrency())
            .try_collect()
            .await?;

        let mut all = vec![vec![0.0; self.identity.dimension]; texts.len()];
        for (place, vector) in places.into_iter().zip(vectors.into_iter().flatten()) {
            if let Some(slot) = all.get_mut(place) {
                *slot = vector;
            }
        }
        Ok(all)
    }
}

#[derive(Serialize)]
struct EmbeddingRequest<'a> {
    model: &'a str,
    input: &'a [String],
    encoding_format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<NonZeroUsize>,
}

#[derive(Deserialize)]
struct EmbeddingReply {
    data: Vec<IndexedVector>,
}

#[derive(Deserialize)]
struct IndexedVector {
    #[serde(default)]
    index: usize,
    embedding: Vec<f32>,
}

#[cfg(test)]
mod tests;
