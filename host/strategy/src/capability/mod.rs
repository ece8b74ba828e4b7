//! What the host grants a call: one file per imported interface.
//!
//! A capability that is `None` in the [`CallContext`] is not granted: the plugin gets the fault `unavailable`, and
//! may go on without it. What is granted is metered into [`Usage`].

mod embedder;
mod inner;
mod llm;
mod log;
mod meter;
mod own;
mod run;
mod store;
mod wait;

use std::sync::Arc;
use std::time::Duration;

use memhost_contract::embedder::Embedder;
use memhost_contract::limits::Limits;
use memhost_contract::model::{Mended, Models};
use memhost_contract::{Attempt, Fault, Level};
use memhost_store::{Memories, View};

pub use inner::Inner;
#[doc(hidden)]
pub use log::Log;
#[doc(hidden)]
pub use meter::Capabilities;
pub use own::Seen;
pub use wait::ModelWait;

/// Everything one call may reach. The strategy sees it only through the interfaces of the contract.
#[derive(Clone)]
pub struct CallContext {
    /// The memories that it may read; no call can write.
    pub memories: Option<Memories>,
    /// What of them is visible to this call.
    pub view: View,
    /// The language models, by role.
    pub models: Option<Arc<Models>>,
    /// The embedder that the store uses too.
    pub embedder: Option<Arc<dyn Embedder>>,
    /// Past attempts of the run.
    pub attempts: Option<Arc<dyn Attempts>>,
    /// Clock, counters and seed.
    pub run: RunState,
    /// What the call may spend.
    pub limits: Limits,
    /// The strategy that is wrapped, where a wrapper is called.
    pub inner: Option<Arc<Inner>>,
    /// The call in which this one is made, where it is one of what a wrapper wraps.
    pub within: Option<Within>,
}

/// What a call of a wrapped strategy shares with the wrapper's, in which it is made.
#[derive(Clone)]
pub struct Within {
    /// The wrapper's clocks: both calls end at the same time.
    pub clock: ModelWait,
    /// The model calls that were made until now: together they may make as many as one call may.
    pub model_calls: usize,
}

impl CallContext {
    /// Grants nothing, as for `describe`.
    pub fn nothing_granted(limits: Limits) -> CallContext {
        CallContext {
            memories: None,
            view: View::default(),
            models: None,
            embedder: None,
            attempts: None,
            run: RunState::default(),
            limits,
            inner: None,
            within: None,
        }
    }

    /// What a call of what is wrapped shares with this one, of a wrapper that runs in this process and asks no model itself.
    pub fn within(&self) -> Within {
        let (clock, before) = match &self.within {
            Some(within) => (within.clock.clone(), within.model_calls),
            None => (ModelWait::new(), 0),
        };
        let inside = self.inner.as_ref();
        Within {
            clock,
            model_calls: before + inside.map_or(0, |inner| inner.model_calls()),
        }
    }

    /// The memories, or the fault that a strategy gets which may not read them.
    pub fn memories(&self) -> Result<&Memories, Fault> {
        self.memories.as_ref().ok_or_else(|| not_granted("store"))
    }

    /// The language models, or the fault of not having them.
    pub fn models(&self) -> Result<&Models, Fault> {
        self.models.as_deref().ok_or_else(|| not_granted("llm"))
    }

    /// The embedder, or the fault of not having it.
    pub fn embedder(&self) -> Result<&dyn Embedder, Fault> {
        self.embedder
            .as_deref()
            .ok_or_else(|| not_granted("embedder"))
    }

    /// Past attempts, or the fault of not having them.
    pub fn attempts(&self) -> Result<&dyn Attempts, Fault> {
        self.attempts.as_deref().ok_or_else(|| not_granted("store"))
    }
}

fn not_granted(interface: &str) -> Fault {
    Fault::Unavailable(format!("`{interface}` is not granted to this call"))
}

/// Past attempts of a run, which the host keeps once for all strategies.
pub trait Attempts: Send + Sync {
    /// In the order asked; ids that do not exist are left out.
    fn get(&self, ids: &[String]) -> Vec<Attempt>;
}

/// The run as a strategy may see it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RunState {
    /// Milliseconds on the run's clock.
    pub now: f64,
    /// Tasks finished so far.
    pub task_number: u32,
    /// Batches finished so far.
    pub batch_number: u32,
    /// Seeds this call's random bits: derived by the driver from the run's seed and the call's place in it.
    pub seed: u64,
}

/// What a call cost.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Usage {
    /// Instructions, as wasmtime counts fuel: the same on every run. 0 for the host's own strategies.
    pub fuel: u64,
    /// Bytes of linear memory and tables that it held at its end, which is the most that it ever held: they only grow.
    /// 0 for the host's own strategies.
    pub memory: u64,
    /// From call to return.
    pub wall: Duration,
    /// Calls of imported functions.
    pub host_calls: u32,
    /// One entry per model call, in order.
    pub model_calls: Vec<ModelCall>,
    /// What it logged.
    pub log: Vec<LogLine>,
    /// Texts of which one of the host's own strategies took the beginning only. 0 for plugins.
    pub cut_texts: u64,
}

/// One language model call.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ModelCall {
    /// What it was for: `judge`, `extract`.
    pub purpose: String,
    /// Tokens read.
    pub input_tokens: u32,
    /// Tokens written.
    pub output_tokens: u32,
    /// Whether it was answered.
    pub answered: bool,
    /// What came instead of an answer, where anything did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// What was done to get the answer.
    #[serde(default, skip_serializing_if = "Mended::is_empty")]
    pub mended: Mended,
}

/// One line that a strategy wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLine {
    /// How much it matters.
    pub level: Level,
    /// What it says.
    pub message: String,
}
