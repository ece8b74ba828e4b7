//! What can go wrong with a call of a strategy.

use memhost_contract::Fault;
use memhost_contract::limits::{Limit, LimitReached};

/// Why a call of a plugin failed: the plugin, the call, and what happened.
#[derive(Debug, Clone, thiserror::Error)]
#[error("plugin `{plugin}`, call `{call}`: {reason}")]
pub struct CallError {
    /// The plugin's name; of a strategy inside of a wrapper, with the wrapper's before it: `guard(rag): rag`.
    pub plugin: String,
    /// `retrieve` or another phase, `describe` or `plan-for`.
    pub call: &'static str,
    /// What happened.
    pub reason: CallFailure,
}

impl CallError {
    /// The limit that ended the call, if one did.
    pub fn limit(&self) -> Option<Limit> {
        match &self.reason {
            CallFailure::Limit(reached) => Some(reached.limit),
            _ => None,
        }
    }
}

/// What happened to a call.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CallFailure {
    /// The plugin answered with a fault of its own.
    #[error("{}", fault_text(.0))]
    Fault(Fault),
    /// A limit was reached.
    #[error(transparent)]
    Limit(LimitReached),
    /// It trapped: a panic or a bug. With its last words and its backtrace.
    #[error("{0}")]
    Trap(String),
    /// It returned what breaks the contract.
    #[error("it breaks the contract: {0}")]
    Contract(String),
}

/// What a fault says to a person.
pub fn fault_text(fault: &Fault) -> String {
    match fault {
        Fault::Invalid(text) => format!("invalid input: {text}"),
        Fault::Exhausted(text) => format!("budget exhausted: {text}"),
        Fault::Unavailable(text) => format!("unavailable: {text}"),
        Fault::Failed(text) => format!("failed: {text}"),
    }
}
