//! The embedder that is compiled in: a static table of 30,522 tokens and 256 dimensions, microseconds a sentence.
//!
//! Its files, how they were made and how good they are: `host/models/assets/static-minilm-256/README.md`.

use std::sync::LazyLock;

use async_trait::async_trait;
use memhost_base::blocking;
use memhost_contract::Side;
use memhost_contract::embedder::{Embedded, Embedder, EmbedderIdentity, EmbeddingError};
use model2vec_rs::model::StaticModel;
use sha2::{Digest as _, Sha256};

/// The built-in embedder's name.
pub const BUILTIN: &str = "builtin:static-minilm-256";

/// How good it is: README of its files.
const CAVEAT: &str = "`dense` and whoever else searches by meaning rest on the built-in embedder, a table of words: it fails \
                      where question and memory use different words, and a sentence embedder finds more";

/// The length of its vectors.
const DIMENSION: usize = 256;

macro_rules! asset {
    ($file:literal) => {
        include_bytes!(concat!("../../assets/static-minilm-256/", $file)).as_slice()
    };
}

const TOKENIZER: &[u8] = asset!("tokenizer.json");
const TABLE: &[u8] = asset!("model.safetensors");
const CONFIG: &[u8] = asset!("config.json");

/// Read once, when first wanted: it takes some 70 ms.
static MODEL: LazyLock<Result<StaticModel, String>> = LazyLock::new(|| {
    StaticModel::from_bytes(TOKENIZER, TABLE, CONFIG, Some(true)).map_err(|error| {
        format!("its table cannot be read: {error:#}; this build is damaged, build it anew")
    })
});

/// Of the digests of the three files, so that none can grow at another's expense.
static DIGEST: LazyLock<String> = LazyLock::new(|| {
    let digests = [TOKENIZER, TABLE, CONFIG].map(Sha256::digest);
    format!("{:x}", Sha256::digest(digests.concat()))
});

/// Embeds by a table that is part of the program. Every copy shares it.
#[derive(Debug, Clone)]
pub struct Builtin {
    identity: EmbedderIdentity,
}

impl Default for Builtin {
    fn default() -> Self {
        Builtin {
            identity: EmbedderIdentity {
                name: BUILTIN.to_owned(),
                dimension: DIMENSION,
            },
        }
    }
}

#[async_trait]
impl Embedder for Builtin {
    fn identity(&self) -> &EmbedderIdentity {
        &self.identity
    }

    fn choice(&self) -> &str {
        "builtin"
    }

    fn digest(&self) -> Option<&str> {
        Some(&DIGEST)
    }

    fn caveat(&self) -> Option<&str> {
        Some(CAVEAT)
    }

    /// The whole of a text counts, however long. Both sides are embedded alike.
    async fn embed(&self, texts: &[String], _: Side) -> Result<Embedded, EmbeddingError> {
        let bytes = texts.iter().map(String::len).sum();
        let texts = texts.to_vec();
        blocking::run(bytes, move || {
            let model = MODEL.as_ref().map_err(String::clone)?;
            Ok(model
                .encode_with_args(&texts, None, texts.len().max(1))
                .into())
        })
        .await
        .flatten()
        .map_err(|message| EmbeddingError {
            embedder: BUILTIN.to_owned(),
            message,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    async fn embed(texts: &[&str]) -> Vec<Vec<f32>> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        Builtin::default()
            .embed(&texts, Side::Document)
            .await
            .unwrap()
            .vectors
    }

    fn dot(one: &[f32], other: &[f32]) -> f32 {
        one.iter().zip(other).map(|(x, y)| x * y).sum()
    }

    #[tokio::test]
    async fn what_means_the_same_lies_close() {
        let vectors = embed(&[
            "How do I cancel my flight?",
            "The traveller wants to cancel a booked flight.",
            "Bake the bread for forty minutes.",
        ])
        .await;
        assert!(vectors.iter().all(|vector| vector.len() == DIMENSION));
        let (near, far) = (dot(&vectors[0], &vectors[1]), dot(&vectors[0], &vectors[2]));
        assert!(near > far + 0.2, "{near} {far}");
    }

    #[test]
    fn its_digest_is_of_what_is_built_in() {
        // sha256 of the digests of tokenizer.json, model.safetensors and config.json, as bytes one after the other.
        assert_eq!(
            Builtin::default().digest(),
            Some("b8b3326d647ad1fd1fc9e01b1f294a80a2f5ef4e585f252adcc17297c2f8d6d6")
        );
    }

    #[tokio::test]
    async fn a_text_without_any_known_token_gives_zero() {
        for vector in embed(&["", " ", "\u{0}", "🦀🦀"]).await {
            assert!(vector.iter().all(|x| *x == 0.0));
        }
    }

    #[tokio::test]
    async fn the_end_of_a_long_text_counts() {
        let long = "bread ".repeat(10_000);
        let vectors = embed(&[&long, &format!("{long}{}", "flight ".repeat(10_000))]).await;
        assert!(dot(&vectors[0], &vectors[1]) < 0.95);
    }

    #[tokio::test]
    async fn fifty_megabytes_are_embedded() {
        let vector = &embed(&[&"The agent opens the page. ".repeat(2_000_000)]).await[0];
        assert!((dot(vector, vector) - 1.0).abs() < 1e-3);
    }

    proptest! {
        #[test]
        fn any_text_gives_one_unit_or_zero_vector_always_the_same(texts in proptest::collection::vec(any::<String>(), 0..4)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let embedder = Builtin::default();
            let vectors = runtime.block_on(embedder.embed(&texts, Side::Query)).unwrap().vectors;
            prop_assert_eq!(vectors.len(), texts.len());
            for vector in &vectors {
                let length = dot(vector, vector);
                prop_assert!(length == 0.0 || (length - 1.0).abs() < 1e-4, "{}", length);
            }
            let again = runtime.block_on(embedder.embed(&texts, Side::Document)).unwrap().vectors;
            prop_assert_eq!(vectors, again);
        }
    }
}
