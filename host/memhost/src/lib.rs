//! memhost runs memory strategies for LLM agents as sandboxed WebAssembly components, over one shared store.
//!
//! Strategies decide, the host acts: a strategy reads through the interfaces of the [`contract`] and *returns* its writes;
//! [`learning`] applies them to the [`store`] in one transaction per call.

pub mod config;
pub mod conformance;
pub mod learning;

pub use memhost_base::{clock, visible};
pub use memhost_contract as contract;
pub use memhost_contract::{limits, settings};
pub use memhost_engine as engine;
#[cfg(feature = "lance")]
pub use memhost_lance::Lance;
pub use memhost_models::endpoint;
pub use memhost_store as store;
pub use memhost_strategy as strategy;
pub use memhost_strategy::capability;

/// Embedders: texts to unit-length vectors.
pub mod embedding {
    pub use memhost_contract::embedder::*;
    pub use memhost_models::embedding::*;
}

/// Language models behind the `llm` interface.
pub mod model {
    pub use memhost_contract::model::*;
    pub use memhost_models::model::*;
}
