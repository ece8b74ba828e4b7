//! Any OpenAI-compatible `/v1/embeddings`.
//!
//! Endpoints limit the texts of a request, their length together, and the length of each, and say so in words of their
//! own. A request that is refused is halved; a text that is refused by itself is cut until it is taken. What is learnt
//! holds for what comes later, so that few texts are asked for twice.

mod limits;
mod reply;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use memhost_contract::Side;
use memhost_contract::embedder::{Embedded, Embedder, EmbedderIdentity, EmbeddingError};
use memhost_contract::health::Health;
use serde::Serialize;
use tokio::sync::watch;

use super::unit;
use crate::endpoint::Endpoint;

use limits::Limits;
use reply::{EmbeddingReply, Objection, objection};

/// A text of so few bytes, prefix included, is too long for nobody: it is refused for another reason.
const SHORT: usize = 16;

/// How texts are sent to an endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddingOptions {
    /// The length of the vectors; without it the endpoint is asked, once.
    pub dimension: Option<NonZeroUsize>,
    /// Whether to ask the endpoint for vectors of that length, which some models can shorten. Off by default,
    /// because other endpoints refuse to be asked.
    pub request_dimension: bool,
    /// The most texts in one request. Default: 64. An endpoint that takes fewer is sent fewer once it has refused so many.
    pub batch: NonZeroUsize,
    /// The most bytes of one text; longer ones are cut. By default they are cut where the endpoint refuses them.
    pub longest_text: Option<NonZeroUsize>,
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
            longest_text: None,
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
    limits: Mutex<Limits>,
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
            limits: Mutex::default(),
        };
        if embedder.options.dimension.is_none() {
            let word = ["dimension".to_owned()];
            let answer = embedder.ask(&word).await;
            let answer = answer.map_err(|refusal| refusal.error)?;
            embedder.limits().accept(&word);
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

    fn limits(&self) -> MutexGuard<'_, Limits> {
        // Numbers are sound whatever happened to whoever held them.
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One vector per text, in order.
    async fn ask(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, Refusal> {
        let limits = *self.limits();
        match self.ask_once(texts, limits.takes_encoding).await {
            Err(refusal) if limits.takes_encoding && refusal.may_be_of_encoding(&limits) => {
                let answer = self.ask_once(texts, false).await.map_err(|_| refusal)?;
                self.limits().takes_encoding = false;
                Ok(answer)
            }
            answer => answer,
        }
    }

    async fn ask_once(
        &self,
        texts: &[String],
        with_encoding: bool,
    ) -> Result<Vec<Vec<f32>>, Refusal> {
        let body = EmbeddingRequest {
            model: &self.model,
            input: texts,
            encoding_format: with_encoding.then_some("float"),
            dimensions: self
                .options
                .dimension
                .filter(|_| self.options.request_dimension),
        };
        let reply: EmbeddingReply =
            self.endpoint
                .post("embeddings", &body)
                .await
                .map_err(|error| Refusal {
                    objection: objection(&error),
                    error: self.error(error.to_string()),
                })?;
        let mut data = reply.data;
        if data.len() != texts.len() {
            let problem = format!(
                "it gave {} vectors for {} texts; lower `batch`, or try another model",
                data.len(),
                texts.len()
            );
            // Some servers leave out what is too much, without a word.
            return Err(Refusal {
                objection: (texts.len() > 1).then_some(Objection::Size),
                error: self.unusable(&problem),
            });
        }
        data.sort_by_key(|vector| vector.index);
        let vectors = data
            .into_iter()
            .map(|vector| self.checked(vector.embedding));
        let vectors: Result<_, _> = vectors.collect();
        vectors.map_err(Refusal::of_nothing)
    }

    /// Vectors of texts that go in one request if the endpoint lets them, and in smaller ones if not.
    fn part<'a>(&'a self, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded, EmbeddingError>> {
        async move {
            let (texts, mut cut) = self.shortened(texts);
            let embedded = self.request(&texts).await?;
            cut.extend(embedded.cut);
            cut.sort_unstable();
            cut.dedup();
            Ok(Embedded {
                vectors: embedded.vectors,
                cut,
            })
        }
        .boxed()
    }

    /// The texts as far as they are known to be taken, and the places of those that are longer.
    fn shortened<'a>(&self, texts: &'a [String]) -> (Cow<'a, [String]>, Vec<usize>) {
        let most = self.limits().text.most();
        let most = most.min(self.options.longest_text.map_or(most, NonZeroUsize::get));
        let is_longer = |place: &usize| texts.get(*place).is_some_and(|text| text.len() > most);
        let cut: Vec<usize> = (0..texts.len()).filter(is_longer).collect();
        if cut.is_empty() {
            return (Cow::Borrowed(texts), cut);
        }
        let texts = texts.iter().map(|text| beginning(text, most).to_owned());
        (texts.collect(), cut)
    }

    async fn request(&self, texts: &[String]) -> Result<Embedded, EmbeddingError> {
        if !self.limits().admit(texts) {
            return self.halves(texts).await;
        }
        let refusal = match self.ask(texts).await {
            Ok(vectors) => {
                self.limits().accept(texts);
                return Ok(vectors.into());
            }
            Err(refusal) => refusal,
        };
        if refusal.objection != Some(Objection::Size) {
            return Err(refusal.error);
        }
        if let [text] = texts {
            return self.cut(text, refusal.error).await;
        }
        let embedded = self.halves(texts).await?;
        // Else it was refused for the text that had to be cut, as far as anybody can know.
        if embedded.cut.is_empty() {
            self.limits().refuse(texts);
        }
        Ok(embedded)
    }

    /// One half after the other: what is learnt from the first spares requests for the second.
    async fn halves(&self, texts: &[String]) -> Result<Embedded, EmbeddingError> {
        let (first, second) = texts.split_at(texts.len() / 2);
        let mut embedded = self.part(first).await?;
        let rest = self.part(second).await?;
        embedded.vectors.extend(rest.vectors);
        let places = rest.cut.into_iter().map(|place| first.len() + place);
        embedded.cut.extend(places);
        Ok(embedded)
    }

    /// As much of a text as the endpoint takes, after it has refused the whole.
    async fn cut(&self, text: &str, refusal: EmbeddingError) -> Result<Embedded, EmbeddingError> {
        // What holds for other texts is where to begin. This one may have more tokens for its length, which is no news of
        // the others; so what is refused is learnt only once it is known what is taken.
        let mut limit = self.limits().text;
        let mut refused = text.len();
        while refused > SHORT {
            limit.refuse(refused);
            let most = match limit.most() {
                most if most > 0 && most < refused => most,
                _ => refused / 2,
            };
            let beginning = beginning(text, most);
            if beginning.is_empty() {
                break;
            }
            match self.ask(&[beginning.to_owned()]).await {
                Ok(vectors) => {
                    let mut limits = self.limits();
                    limits.text.refuse(refused);
                    limits.text.accept(beginning.len());
                    return Ok(Embedded {
                        vectors,
                        cut: vec![0],
                    });
                }
                Err(refusal) if refusal.objection == Some(Objection::Size) => {
                    refused = beginning.len();
                }
                Err(refusal) => return Err(refusal.error),
            }
        }
        Err(refusal)
    }

    /// The vector at unit length, if it can be one.
    fn checked(&self, vector: Vec<f32>) -> Result<Vec<f32>, EmbeddingError> {
        let expected = self.identity.dimension;
        // 0 as long as it is being asked for.
        if expected > 0 && vector.len() != expected {
            return Err(self.unusable(&format!(
                "it gave a vector of dimension {}, and {expected} was expected; correct or remove `dimension`, or set \
                 `request_dimension = true` if the model can shorten its vectors",
                vector.len()
            )));
        }
        unit(vector).ok_or_else(|| {
            self.unusable("it gave a vector with numbers that are not finite; try another model")
        })
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

    async fn embed(&self, texts: &[String], side: Side) -> Result<Embedded, EmbeddingError> {
        let prefix = match side {
            Side::Query => &self.options.query_prefix,
            Side::Document => &self.options.document_prefix,
        };
        let mut embedded = Embedded::from(vec![vec![0.0; self.identity.dimension]; texts.len()]);
        // Endpoints refuse blank texts, which have no meaning to embed: they keep the zero vector.
        let (places, told): (Vec<usize>, Vec<String>) = texts
            .iter()
            .enumerate()
            .filter(|(_, text)| !text.trim().is_empty())
            .map(|(place, text)| (place, format!("{prefix}{text}")))
            .unzip();
        let batch = self.options.batch.get().min(self.limits().texts.most());
        let parts: Vec<_> = told.chunks(batch).map(|texts| self.part(texts)).collect();
        let parts: Vec<Embedded> = stream::iter(parts)
            .buffered(self.endpoint.concurrency())
            .try_collect()
            .await?;

        let mut places = places.into_iter();
        for part in parts {
            let mut cut = part.cut.into_iter().peekable();
            for (index, (vector, place)) in part.vectors.into_iter().zip(&mut places).enumerate() {
                if cut.next_if_eq(&index).is_some() {
                    embedded.cut.push(place);
                }
                if let Some(slot) = embedded.vectors.get_mut(place) {
                    *slot = vector;
                }
            }
        }
        Ok(embedded)
    }
}

/// So much of a text, if it is longer: blanks at its front, which endpoints refuse by themselves, do not count.
fn beginning(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let text = text.trim_start();
    &text[..text.floor_char_boundary(most)]
}

/// Why a request failed, and whether it could be put otherwise.
struct Refusal {
    objection: Option<Objection>,
    error: EmbeddingError,
}

impl Refusal {
    fn of_nothing(error: EmbeddingError) -> Refusal {
        Refusal {
            objection: None,
            error,
        }
    }

    /// A refusal that names no field may be of this one, too, as long as nothing has been taken.
    fn may_be_of_encoding(&self, limits: &Limits) -> bool {
        match self.objection {
            Some(Objection::Encoding) => true,
            Some(Objection::Size) => limits.is_untried(),
            None => false,
        }
    }
}

#[derive(Serialize)]
struct EmbeddingRequest<'a> {
    model: &'a str,
    input: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding_format: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<NonZeroUsize>,
}
