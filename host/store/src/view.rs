//! Visibility: which memories of a namespace a call sees.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use memhost_contract::Instant;

/// What of a namespace a call sees.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// Memories learnt from any of these attempts are invisible.
    pub withheld: Arc<HashSet<String>>,
    /// These provisional memories are visible as if they were active (candidates on trial), also where the attempt
    /// that they were learnt from is withheld: they are tried on the task that they come from.
    pub on_trial: Arc<HashSet<String>>,
    /// When the call is, on the run's clock: memories that have expired by then are invisible, on trial or not. Without it
    /// nothing has expired.
    pub at: Option<Instant>,
    /// Memories with these ids are invisible, on trial or not: a wrapper asks what would be said without them.
    pub hidden: Arc<HashSet<String>>,
    /// Memories of a kind that begins with one of these are invisible, and so are blobs so named: they are a wrapper's own.
    pub hidden_kinds: Arc<BTreeSet<String>>,
}

impl View {
    /// Whether memories of a kind, or a blob of this name, are another's.
    pub fn hides_kind(&self, kind: &str) -> bool {
        self.hidden_kinds
            .iter()
            .any(|prefix| kind.starts_with(prefix.as_str()))
    }
}
