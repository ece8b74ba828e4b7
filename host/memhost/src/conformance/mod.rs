//! Whether a plugin keeps the contract, found out before anything is measured with it.
//!
//! A number says nothing of a plugin that loses what it was told, hands out what another namespace learnt, or takes
//! more room than it was given. So every plugin is put through the same made-up work, with the stand-in for a language
//! model, the built-in embedder, a store that is thrown away, one seed and one clock; `memhost compare` ranks none that
//! fails.
//!
//! | check | what is done | what must come |
//! |---|---|---|
//! | `round-trip` | six tasks are worked on and learnt from, as the plan has it; each is asked again in the same words | an answer that an empty memory does not give |
//! | `restart` | a fresh process opens store and plugin, and the run's counters begin at 0; without a program to start, this one opens them anew | the same answers |
//! | `determinism` | the same work is done twice | the same bytes, for the same fuel, call by call |
//! | `namespace-leak` | two namespaces learn different things, in turns; a third learns what one of them did, alone | nothing that the other was told, and the answers that it gives alone |
//! | `budget` | token budgets from 0 up | no text that is longer |
//! | `eviction` | memories are one, or half, too many; or as many as may be | ids that exist, each once, and enough of them or none; not all without need |
//! | `receipts` | what is cited is looked up, and taken away in turn | memories that exist, each once, best first, without which the plugin would have said or asked something else; nothing is cited for an empty text, nor a text made from nothing |
//! | `empty-inputs` | no memory, no text or white space alone, no step, no document, no attempt, no outcome | an answer |
//! | `unicode` | emoji, right to left, combining marks, NUL, a line of 20,000 characters, as all that is said | an answer, which the store can keep |
//! | `ten-thousand` | its own memories, multiplied | an answer to everything, within the limits |
//! | `poison` | a memory that reads like an order to the host or like its formats, and a harmless one in its place | the same is done to other memories, and no fewer are handed out than before |
//! | `degraded-modes` | there is no language model | it works; or `describe` says that it wants one |
//! | `limits` | runs of 4,000 steps are told; and everything above was measured | an answer, within the limits |
//!
//! What cannot be checked of a plugin does not apply to it, with the reason: who has no `evict` invents no ids.
//!
//! Some faults the sandbox makes impossible: every call is a fresh instance, and sees one namespace, one clock and one
//! seed, so that a plugin can neither remember in a variable nor throw dice of its own. `determinism` and
//! `namespace-leak` hold the host to that, and catch a [`Strategy`](memhost_strategy::Strategy) that is not in the
//! sandbox.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::path::Path;
//!
//! use memhost::conformance::{Subject, check};
//! use memhost::engine::{Engine, EngineOptions};
//! use memhost::limits::Limits;
//! use memhost::store::InMemory;
//!
//! let engine = Engine::new(EngineOptions::default())?;
//! let subject = Subject::plugin(&engine, Path::new("target/plugins/rag.wasm"), &[]).await?;
//! let conformance = check(&subject, &Limits::default(), &InMemory::default()).await?;
//! for failed in conformance.failed() {
//!     println!("{}: {}, but {}", failed.check.name(), failed.expected, failed.came);
//! }
//! # Ok(())
//! # }
//! ```

pub mod cache;
mod cases;
mod check;
mod checked;
mod checks;
mod error;
mod fixture;
pub mod fresh_process;
#[doc(hidden)]
pub mod parity;
mod process;
mod result;
mod run;
mod session;
mod subject;
mod wording;

use std::collections::BTreeMap;

use memhost_contract::limits::Limits;
use serde::{Deserialize, Serialize};

pub use check::Check;
pub use checked::{CallCost, CheckOutcome, Checked};
pub use error::ConformanceError;
pub use run::check;
pub use subject::{Origin, Subject};

use result::{Came, CheckResult, Stop, failed_call};
use wording::{memories, millions, quote};

/// What was found out about a plugin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conformance {
    /// The name that it gives itself, or goes by.
    pub plugin: String,
    /// The version that it gives itself.
    pub version: String,
    /// Its code: `sha256:…`.
    pub digest: String,
    /// Every parameter, as text.
    pub settings: BTreeMap<String, String>,
    /// One per check, in their order.
    pub checks: Vec<Checked>,
    /// What its calls cost.
    pub calls: Vec<CallCost>,
    /// What each call might have cost.
    pub limits: Limits,
    /// How long the checks took.
    pub seconds: f64,
}

impl Conformance {
    /// The checks that it failed.
    pub fn failed(&self) -> impl Iterator<Item = &Checked> {
        let checks = self.checks.iter();
        checks.filter(|checked| checked.outcome == CheckOutcome::Failed)
    }

    /// Whether it failed none.
    pub fn passed(&self) -> bool {
        self.failed().next().is_none()
    }
}
