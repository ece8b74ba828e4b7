//! Signatures of the configuration.
#![allow(missing_docs)]

use std::path::Path;
use std::sync::Arc;

use crate::embedding::Embedder;
use crate::engine::{EngineOptions, Limits};
use crate::model::Models;

#[derive(Debug, thiserror::Error)]
#[error("broken")]
pub struct ConfigError;

#[derive(Debug)]
pub struct Config {
    pub limits: Limits,
    pub engine: EngineOptions,
    store: Option<String>,
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
    pub fn set_store(&mut self, store: &str) {
        self.store = Some(store.to_owned());
    }
    pub fn store(&self) -> Option<&str> {
        self.store.as_deref()
    }
    pub fn models(&self) -> Result<Models, ConfigError> {
        todo!()
    }
    pub fn embedder(&self) -> Result<Arc<dyn Embedder>, ConfigError> {
        todo!()
    }
}
