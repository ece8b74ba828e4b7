//! A sentence embedder from a folder of this machine: BERT's family, with the weights, the tokenizer and the recipe that
//! its makers publish. No server and no key.
//!
//! | what | from |
//! |---|---|
//! | network | `config.json`, `model.safetensors` (or its parts, by `model.safetensors.index.json`) |
//! | tokens | `tokenizer.json` |
//! | the most tokens of a text | `sentence_bert_config.json`, else `tokenizer_config.json`, else the network's positions |
//! | pooling | `1_Pooling/config.json`, or what `modules.json` names in its place; else the mean, and reports say so |
//! | prefixes | `prompts` in `config_sentence_transformers.json`, unless the configuration has others |
//!
//! Vectors always have unit length, whether or not there is a `2_Normalize`: memories are compared by angle only.

mod error;
mod folder;
mod network;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use memhost_base::blocking;
use memhost_contract::Side;
use memhost_contract::embedder::{Embedded, Embedder, EmbedderIdentity, EmbeddingError};
use tokenizers::{Tokenizer, TruncationParams};

use super::unit;

pub use error::LocalModelError;
use folder::{Folder, Recipe};
use network::Network;

/// More of a text than any model reads, in bytes: a tokenizer keeps all that it cuts off.
const LONGEST_TEXT: usize = 1 << 20;

/// Most of these models are made for the mean, and not all.
const GUESSED: &str = "the embedder's folder does not say how tokens are pooled (it has no `1_Pooling/config.json`): the \
                       mean was taken";

/// Digits of the digest in the name: enough to tell models apart whose folders are called the same.
const DIGITS: usize = 8;

/// What stands above a model's own files.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LocalOptions {
    /// Put before what is searched with: `query: `. By default what the model's files say.
    pub query_prefix: Option<String>,
    /// Put before what is to be found: `passage: `. By default what the model's files say.
    pub document_prefix: Option<String>,
}

/// An embedder in a folder of this machine.
pub struct LocalEmbedder {
    identity: EmbedderIdentity,
    choice: String,
    digest: String,
    model: Arc<Model>,
}

struct Model {
    tokenizer: Tokenizer,
    network: Network,
    recipe: Recipe,
    dimension: usize,
}

impl LocalEmbedder {
    /// Reads the model in a folder, which takes a second or so.
    ///
    /// # Errors
    /// If the folder does not hold a model that can be run here.
    pub fn load(folder: &Path, options: LocalOptions) -> Result<LocalEmbedder, LocalModelError> {
        use sha2::Digest as _;
        let mut files = Folder::read(folder)?;
        let recipe = &mut files.recipe;
        if let Some(prefix) = options.query_prefix {
            recipe.query_prefix = prefix;
        }
        if let Some(prefix) = options.document_prefix {
            recipe.document_prefix = prefix;
        }
        let tokenizer = tokenizer(&files)?;
        let network = Network::load(&files)?;
        let dimension = files.network.hidden_size;
        // Prefixes are part of what vectors come from, wherever they were said.
        let recipe = files.recipe;
        let digest = files.digest.chain_update(format!("{recipe:?}"));
        let digest = hex::encode(digest.finalize());
        let name = name(folder);
        Ok(LocalEmbedder {
            identity: EmbedderIdentity {
                name: format!("local:{name}@{}", digest.get(..DIGITS).unwrap_or_default()),
                dimension,
            },
            choice: format!("local:{}", folder.display()),
            digest,
            model: Arc::new(Model {
                tokenizer,
                network,
                recipe,
                dimension,
            }),
        })
    }

    /// The same, chosen as the entry of a configuration.
    #[must_use]
    pub fn chosen_as(self, entry: &str) -> LocalEmbedder {
        LocalEmbedder {
            choice: format!("local:{entry}"),
            ..self
        }
    }
}

/// What the folder is called, however the path leads to it.
fn name(folder: &Path) -> String {
    let whole = folder
        .canonicalize()
        .unwrap_or_else(|_| PathBuf::from(folder));
    let name = whole.file_name().unwrap_or(whole.as_os_str());
    name.to_string_lossy().replace(char::is_control, "_")
}

/// The folder's tokenizer, cutting where the model does: its file says what it was trained with, which is often less.
fn tokenizer(files: &Folder) -> Result<Tokenizer, LocalModelError> {
    let (path, bytes) = &files.tokenizer;
    let unreadable = |reason: String| LocalModelError::Unreadable {
        path: path.clone(),
        reason,
    };
    let mut tokenizer =
        Tokenizer::from_bytes(bytes).map_err(|error| unreadable(error.to_string()))?;
    tokenizer.with_padding(None);
    let truncation = TruncationParams {
        max_length: files.recipe.longest,
        ..TruncationParams::default()
    };
    tokenizer
        .with_truncation(Some(truncation))
        .map_err(|error| unreadable(error.to_string()))?;
    let tokens = tokenizer.get_vocab_size(true);
    if tokens > files.network.vocab_size {
        return Err(unreadable(format!(
            "it has {tokens} tokens, and the model knows {}: it is another model's",
            files.network.vocab_size
        )));
    }
    Ok(tokenizer)
}

#[async_trait]
impl Embedder for LocalEmbedder {
    fn identity(&self) -> &EmbedderIdentity {
        &self.identity
    }

    fn choice(&self) -> &str {
        &self.choice
    }

    fn digest(&self) -> Option<&str> {
        Some(&self.digest)
    }

    fn caveat(&self) -> Option<&str> {
        self.model.recipe.is_guessed.then_some(GUESSED)
    }

    async fn embed(&self, texts: &[String], side: Side) -> Result<Embedded, EmbeddingError> {
        let model = self.model.clone();
        let texts = texts.to_vec();
        blocking::away(move || model.embed(&texts, side))
            .await
            .flatten()
            .map_err(|message| EmbeddingError {
                embedder: self.identity.name.clone(),
                message,
            })
    }
}

impl Model {
    fn embed(&self, texts: &[String], side: Side) -> Result<Embedded, String> {
        let prefix = match side {
            Side::Query => &self.recipe.query_prefix,
            Side::Document => &self.recipe.document_prefix,
        };
        let mut embedded = Embedded::default();
        for (place, text) in texts.iter().enumerate() {
            // The special tokens alone mean nothing.
            if text.trim().is_empty() {
                embedded.vectors.push(vec![0.0; self.dimension]);
                continue;
            }
            let (tokens, cut) = self.tokens(prefix, text)?;
            let vector = self.network.run(&tokens, self.recipe.pooling);
            let vector = vector.map_err(|error| format!("its network failed: {error}"))?;
            let vector = unit(vector).ok_or("its network gave numbers that are not finite")?;
            embedded.vectors.push(vector);
            if cut {
                embedded.cut.push(place);
            }
        }
        Ok(embedded)
    }

    /// A text's tokens, and whether there were more.
    fn tokens(&self, prefix: &str, text: &str) -> Result<(Vec<u32>, bool), String> {
        let beginning = &text[..text.floor_char_boundary(LONGEST_TEXT)];
        let mut told = format!("{prefix}{beginning}");
        if self.recipe.lower_case {
            told = told.to_lowercase();
        }
        let encoding = self.tokenizer.encode_fast(told, true);
        let encoding = encoding.map_err(|error| format!("its tokenizer failed: {error}"))?;
        let cut = beginning.len() < text.len() || !encoding.get_overflowing().is_empty();
        Ok((encoding.get_ids().to_vec(), cut))
    }
}
