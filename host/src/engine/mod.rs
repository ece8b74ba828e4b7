//! The sandbox: compile, cache, instantiate and limit components.

use std::path::PathBuf;
use std::time::Duration;

use crate::contract::Fault;

/// What one call of a plugin may spend.
#[derive(Debug, Clone, PartialEq, Default)]
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

/// Why the sandbox cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The directory for compiled code cannot be made or is not safe.
    #[error("directory for compiled code `{}`: {problem}", path.display())]
    Cache {
        /// Which directory.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
}

/// Why a plugin cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
#[error("plugin `{plugin}` cannot be loaded")]
pub struct LoadError {
    /// Which plugin.
    pub plugin: String,
}

/// A wasmtime engine with its cache of compiled code. Cheap to clone.
#[derive(Clone)]
pub struct Engine {}

/// How an [`Engine`] is set up.
#[derive(Debug, Clone, Default)]
pub struct EngineOptions {
    /// Where compiled code is kept between runs; `None` keeps none.
    pub cache: Option<PathBuf>,
    /// The largest file that is compiled, in bytes.
    pub largest_plugin: u64,
    /// What `describe` and `plan-for` may spend. Every other call brings its own limits.
    pub limits: Limits,
}

impl Engine {
    /// Sets up the sandbox.
    pub fn new(options: EngineOptions) -> Result<Engine, EngineError> {
        let _ = options;
        todo!()
    }
}

/// Where a plugin's machine code came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compiled {
    /// Compiling it, or mapping what was compiled before.
    pub took: Duration,
    /// Whether it was compiled before.
    pub from_cache: bool,
}

/// A strategy as a component: immutable, shared between calls. Implements [`crate::strategy::Strategy`].
pub struct Plugin {}

#[allow(missing_docs)]
impl Plugin {
    pub async fn load(engine: &Engine, path: &std::path::Path) -> Result<Plugin, LoadError> {
        let _ = (engine, path);
        todo!()
    }
    pub fn imports(&self) -> &[String] {
        todo!()
    }
    pub fn exports(&self) -> &[String] {
        todo!()
    }
    pub fn contract_version(&self) -> &str {
        todo!()
    }
    pub fn size(&self) -> u64 {
        todo!()
    }
    pub fn is_core_module(&self) -> bool {
        todo!()
    }
    pub fn compiled(&self) -> Compiled {
        todo!()
    }
}

#[allow(unused_variables)]
#[async_trait::async_trait]
impl crate::strategy::Strategy for Plugin {
    fn description(&self) -> &crate::contract::Description {
        todo!()
    }
    fn phases(&self) -> crate::strategy::Phases {
        todo!()
    }
    fn digest(&self) -> &str {
        todo!()
    }
    async fn plan(
        &self,
        settings: &[crate::contract::Setting],
    ) -> Result<crate::contract::Plan, CallError> {
        todo!()
    }
    async fn retrieve(
        &self,
        context: crate::capability::CallContext,
        query: crate::contract::Query,
        settings: &[crate::contract::Setting],
    ) -> crate::strategy::Answer<crate::contract::Guidance> {
        todo!()
    }
    async fn distill(
        &self,
        context: crate::capability::CallContext,
        attempts: Vec<crate::contract::Attempt>,
        settings: &[crate::contract::Setting],
    ) -> crate::strategy::Answer<Vec<crate::contract::Change>> {
        todo!()
    }
    async fn update(
        &self,
        context: crate::capability::CallContext,
        feedback: Vec<crate::contract::Feedback>,
        settings: &[crate::contract::Setting],
    ) -> crate::strategy::Answer<Vec<crate::contract::Change>> {
        todo!()
    }
    async fn evict(
        &self,
        context: crate::capability::CallContext,
        pressure: crate::contract::Pressure,
        settings: &[crate::contract::Setting],
    ) -> crate::strategy::Answer<Vec<String>> {
        todo!()
    }
}
