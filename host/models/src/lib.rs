//! Language models and embedders: what stands behind the contract's interfaces `llm` and `embedder`.
//!
//! [`memhost_contract`] has the traits, which is all that strategies, stores and sandboxes need; here are the ones that
//! memhost brings: over OpenAI-compatible endpoints, from a recording, in this process.

pub mod embedding;
pub mod endpoint;
pub mod model;
