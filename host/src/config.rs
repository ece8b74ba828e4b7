//! Signatures of the configuration.
#![allow(missing_docs)]

use std::path::Path;
use std::sync::Arc;

use crate::embedding::Embedder;
use crate::engine::Limits;
use crate::model::Models;

#[derive(Debug, thiserror::Error)]
#[error("broken")]
pub struct ConfigError;

#[derive(Debug)]
pub struct Config {
    pub limits: Limits,
    pub store: StoreSection,
}

#[derive(Debug)]
pub struct StoreSection {
    pub uri: Option<String>,
}

impl Config {
    pub fn load(path: Option<&Path>) -> Result<Config, ConfigError> {
        let _ = path;
        todo!()
    }
    pub fn set_model(&mut self, model: &str) -> Result<(), ConfigError> {
        let _ = model;
        todo!()
    }
    pub fn set_embedder(&mut self, embedder: &str) -> Result<(), ConfigError> {
        let _ = embedder;
        todo!()
    }
    pub fn set_store(&mut self, uri: impl Into<String>) {
        self.store.uri = Some(uri.into());
    }
    pub fn cache_directory(&self) -> Option<std::path::PathBuf> {
        todo!()
    }
    pub fn models(&self) -> Result<Models, ConfigError> {
        todo!()
    }
    pub async fn embedder(&self) -> Result<Arc<dyn Embedder>, ConfigError> {
        todo!()
    }
}
