//! `[embedder]`: which embedder is used, and the entries that name one.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{DEFAULT_ENDPOINT, EmbedderChoice};

/// `[embedder]`: what turns texts into vectors.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct EmbedderSection {
    /// The embedder in use.
    #[serde(rename = "use")]
    pub choice: EmbedderChoice,
    /// `[embedder.local.<name>]`: what `local:<name>` means.
    pub local: BTreeMap<String, LocalEntry>,
    /// `[embedder.openai.<name>]`: what `openai:<name>` means.
    pub openai: BTreeMap<String, EmbedderEntry>,
}

/// `[embedder.local.<name>]`: an embedding model in a folder of this machine.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct LocalEntry {
    /// The folder. Default: the entry's name.
    pub directory: Option<PathBuf>,
    /// Put before what is searched with: `query: `. Default: what the model's files say.
    pub query_prefix: Option<String>,
    /// Put before what is to be found: `passage: `. Default: what the model's files say.
    pub document_prefix: Option<String>,
}

/// `[embedder.openai.<name>]`: an embedding model at an endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct EmbedderEntry {
    /// The name of an `[endpoint.<name>]`. Default: [`DEFAULT_ENDPOINT`].
    pub endpoint: String,
    /// What the endpoint calls the model. Default: the entry's name.
    pub model: Option<String>,
    /// The length of the vectors; without it the endpoint is asked, once.
    pub dimension: Option<NonZeroUsize>,
    /// Whether the endpoint is asked for vectors of that length, which some models can shorten, and others refuse.
    pub request_dimension: bool,
    /// The most texts in one request. Default: that of
    /// [`EmbeddingOptions::batch`](memhost_models::embedding::EmbeddingOptions::batch).
    pub batch: Option<NonZeroUsize>,
    /// The most bytes of one text; longer ones are cut. Default: what the endpoint takes.
    pub longest_text: Option<NonZeroUsize>,
    /// Put before what is searched with, for models that want it: `query: `. Default: nothing.
    pub query_prefix: String,
    /// Put before what is to be found: `passage: `. Default: nothing.
    pub document_prefix: String,
}

impl Default for EmbedderEntry {
    fn default() -> Self {
        EmbedderEntry {
            endpoint: DEFAULT_ENDPOINT.to_owned(),
            model: None,
            dimension: None,
            request_dimension: false,
            batch: None,
            longest_text: None,
            query_prefix: String::new(),
            document_prefix: String::new(),
        }
    }
}
