//! What can be wrong with a model's folder, in words that say what it must hold.

use std::path::PathBuf;

/// Why a folder's model cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalModelError {
    /// There is no such folder.
    #[error(
        "embedder: there is no folder `{}`, and no [embedder.local] entry of that name; name a folder as sentence-transformers \
         saves a model, with config.json, tokenizer.json and model.safetensors",
        .0.display()
    )]
    NoFolder(PathBuf),
    /// The folder lacks a file.
    #[error(
        "embedder: the folder `{}` has no `{file}`; it must hold config.json, tokenizer.json and model.safetensors (or \
         model.safetensors.index.json with its parts), as sentence-transformers saves a model",
        .folder.display()
    )]
    Missing {
        /// Which folder.
        folder: PathBuf,
        /// The file that is not there.
        file: String,
    },
    /// The weights are there in a format that is not read.
    #[error(
        "embedder: the folder `{}` has its weights in `{file}`, and only safetensors are read; save it anew with \
         Python: `SentenceTransformer(DIR).save(NEW, safe_serialization=True)`",
        .folder.display()
    )]
    OtherWeights {
        /// Which folder.
        folder: PathBuf,
        /// The file.
        file: &'static str,
    },
    /// A file cannot be read.
    #[error("embedder: `{}` cannot be read: {reason}; download or save the model anew", .path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The model is of a kind that cannot be run here.
    #[error("embedder: `{}`: {what}; {known}, as MiniLM, BGE, E5 and GTE need it", .path.display())]
    Unsupported {
        /// Which file says so.
        path: PathBuf,
        /// What it says.
        what: String,
        /// What there is instead.
        known: &'static str,
    },
}
