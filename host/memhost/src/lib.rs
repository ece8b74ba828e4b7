//! memhost runs memory strategies for LLM agents as sandboxed WebAssembly components, over one shared
//! store, and compares them on the same work.
//!
//! Strategies decide, the host acts: a strategy reads through the interfaces of [`contract`] and *returns*
//! its writes; [`learning`] applies them to [`store`] in one transaction per call.
//!
//! Dependencies point one way: [`cli`] → [`compare`] → [`conformance`] → [`driver`] → [`floors`] → [`suite`];
//! [`conformance`], [`driver`] → [`learning`] → [`strategy`] → [`capability`] → [`store`], [`model`], [`embedding`] →
//! [`endpoint`]. [`engine`] makes strategies of plugins, `lance` keeps the store's tables, [`config`] says how all are
//! set up. Nothing below [`driver`] knows what a benchmark is, nothing but `lance` sees a Lance type, nothing above
//! [`engine`] sees a wasmtime type.

mod blocking;
pub mod capability;
pub mod cli;
pub mod clock;
pub mod compare;
pub mod config;
pub mod conformance;
pub mod contract;
mod disk;
pub mod driver;
pub mod embedding;
pub mod endpoint;
pub mod engine;
mod error_chain;
pub mod floors;
mod home;
mod lance;
pub mod learning;
pub mod limits;
mod lock;
pub mod model;
pub mod settings;
pub mod store;
pub mod strategy;
mod suggest;
pub mod suite;
pub mod visible;
