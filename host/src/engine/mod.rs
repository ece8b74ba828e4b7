//! The sandbox: compile, cache, instantiate and limit components.

use std::path::PathBuf;
use std::time::Duration;

use crate::contract::Fault;

/// What one call of a plugin may spend.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Instructions, as wasmtime counts fuel. Waiting for the host costs none.
    pub fuel: u64,
    /// From call to return, waiting for the host included.
    pub wall_clock: Duration,
    /// Bytes of linear memory over all instances.
    pub memory: usize,
    /// Core instances.
    pub instances: usize,
    /// Bytes that one crossing of the boundary may carry.
    pub hostcall_bytes: usize,
    /// Lines of log.
    pub log_lines: u32,
    /// Calls of imported functions.
    pub host_calls: u32,
    /// Language model requests.
    pub model_calls: u32,
}

/// Why a call of a plugin failed: the plugin, the call, and what happened.
#[derive(Debug, Clone, thiserror::Error)]
#[error("plugin `{plugin}`, call `{call}`: {reason}")]
pub struct CallError {
    /// The plugin's name.
    pub plugin: String,
    /// `retrieve`, `distill`, `update`, `evict`, `describe` or `plan-for`.
    pub call: &'static str,
    /// What happened.
    pub reason: CallFailure,
}

/// What happened to a call.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallFailure {
    /// The plugin answered with a fault of its own.
    #[error("{}", fault_text(.0))]
    Fault(Fault),
    /// A limit of [`Limits`] was reached; its field name, its value and where to raise it.
    #[error("{0}")]
    Limit(String),
    /// It trapped: a panic or a bug. With its backtrace.
    #[error("{0}")]
    Trap(String),
    /// It returned what breaks the contract.
    #[error("{0}")]
    Contract(String),
}

fn fault_text(fault: &Fault) -> String {
    match fault {
        Fault::Invalid(text) => format!("invalid input: {text}"),
        Fault::Exhausted(text) => format!("budget exhausted: {text}"),
        Fault::Unavailable(text) => format!("unavailable: {text}"),
        Fault::Failed(text) => format!("failed: {text}"),
    }
}

/// A wasmtime engine with its cache of compiled code. Cheap to clone.
#[derive(Clone)]
pub struct Engine {}

/// How an [`Engine`] is set up.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Where compiled code is kept between runs; `None` keeps none.
    pub cache: Option<PathBuf>,
    /// The largest file that is compiled, in bytes.
    pub largest_plugin: u64,
}

/// A strategy as a component: immutable, shared between calls. Implements [`crate::strategy::Strategy`].
pub struct Plugin {}
