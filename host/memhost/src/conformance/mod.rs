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
//! `namespace-leak` hold the host to that, and catch a [`Strategy`](memhost_strategy::Strategy) that is not in the sandbox.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use memhost::conformance::{Subject, check};
//! use memhost::engine::{Engine, EngineOptions};
//! use memhost::limits::Limits;
//!
//! let engine = Engine::new(EngineOptions::default())?;
//! let subject = Subject::plugin(&engine, "target/plugins/rag.wasm".as_ref(), &[]).await?;
//! let conformance = check(&subject, &Limits::default()).await?;
//! for failed in conformance.failed() {
//!     println!("{}: {}, but {}", failed.check.name(), failed.expected, failed.came);
//! }
//! # Ok(())
//! # }
//! ```

pub mod cache;
mod cases;
mod checks;
mod fixture;
pub mod fresh_process;
mod session;
mod subject;

use std::collections::BTreeMap;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use memhost_engine::{EngineError, LoadError};
use memhost_contract::limits::Limits;
use memhost_contract::settings::{self, SettingError};
use memhost_store::StoreError;
use memhost_store::tables::Format;
use memhost_strategy::CallError;

pub use subject::{Origin, Subject};

/// The longest quotation in what a check says, in characters.
const LONGEST_QUOTE: usize = 300;

/// One promise of the contract; the module has the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// What is learnt can be retrieved.
    RoundTrip,
    /// A restart changes no answer.
    Restart,
    /// The same work gives the same bytes for the same fuel.
    Determinism,
    /// What one namespace learnt is not handed out in another.
    NamespaceLeak,
    /// No text is longer than its budget.
    Budget,
    /// What may go exists.
    Eviction,
    /// What is cited was used.
    Receipts,
    /// Nothing is no reason to fail.
    EmptyInputs,
    /// Text may hold anything.
    Unicode,
    /// Many memories are no reason to fail.
    TenThousand,
    /// What memories say is data.
    Poison,
    /// Who wants a language model says so.
    DegradedModes,
    /// Calls end within their limits.
    Limits,
}

impl Check {
    /// All, in the order in which they are made.
    pub const ALL: [Check; 13] = [
        Check::RoundTrip,
        Check::Restart,
        Check::Determinism,
        Check::NamespaceLeak,
        Check::Budget,
        Check::Eviction,
        Check::Receipts,
        Check::EmptyInputs,
        Check::Unicode,
        Check::TenThousand,
        Check::Poison,
        Check::DegradedModes,
        Check::Limits,
    ];

    /// As everything prints it.
    pub fn name(self) -> &'static str {
        match self {
            Check::RoundTrip => "round-trip",
            Check::Restart => "restart",
            Check::Determinism => "determinism",
            Check::NamespaceLeak => "namespace-leak",
            Check::Budget => "budget",
            Check::Eviction => "eviction",
            Check::Receipts => "receipts",
            Check::EmptyInputs => "empty-inputs",
            Check::Unicode => "unicode",
            Check::TenThousand => "ten-thousand",
            Check::Poison => "poison",
            Check::DegradedModes => "degraded-modes",
            Check::Limits => "limits",
        }
    }

    /// What must come.
    pub fn expected(self) -> &'static str {
        match self {
            Check::RoundTrip => "what was learnt is handed out when the same is asked",
            Check::Restart => "a restart changes no answer",
            Check::Determinism => "the same work gives the same bytes for the same fuel",
            Check::NamespaceLeak => "nothing of one namespace is handed out in another",
            Check::Budget => "no text is longer than its token budget",
            Check::Eviction => "what may go exists, and is enough",
            Check::Receipts => "what is cited exists and was used",
            Check::EmptyInputs => "empty inputs are answered",
            Check::Unicode => "text of any kind is answered",
            Check::TenThousand => "10,000 memories are worked with, within the limits",
            Check::Poison => "a memory that reads like an order changes nothing",
            Check::DegradedModes => "who wants a language model says so",
            Check::Limits => "every call ends within its limits",
        }
    }
}

/// What became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// What must come came.
    Passed,
    /// It did not.
    Failed,
    /// There is nothing to be checked.
    DoesNotApply,
}

/// One check, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checked {
    /// Which.
    pub check: Check,
    /// What became of it.
    pub outcome: Outcome,
    /// What must come.
    pub expected: String,
    /// What came; or why there is nothing to be checked. One line.
    pub came: String,
}

/// What the calls of one phase that were answered cost at most.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallCost {
    /// `retrieve`, `distill`, `update`, `evict`.
    pub call: String,
    /// How many were made.
    pub calls: u64,
    /// Instructions of the dearest, as wasmtime counts fuel.
    pub fuel: u64,
    /// Memory of the largest.
    pub memory_bytes: u64,
    /// Of the longest, from call to return.
    pub milliseconds: f64,
}

impl CallCost {
    fn none(call: &str) -> CallCost {
        CallCost {
            call: call.to_owned(),
            calls: 0,
            fuel: 0,
            memory_bytes: 0,
            milliseconds: 0.0,
        }
    }
}

/// What was found out about a plugin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conformance {
    /// The name that it gives itself, or goes by.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// Its code.
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
        checks.filter(|checked| checked.outcome == Outcome::Failed)
    }

    /// Whether it failed none.
    pub fn passed(&self) -> bool {
        self.failed().next().is_none()
    }
}

/// Why a plugin could not be checked, which says nothing of it.
#[derive(Debug, thiserror::Error)]
pub enum ConformanceError {
    /// There is no place for a store.
    #[error(
        "cannot make a temporary directory for the checks: {0}; set TMPDIR to one that can be written to"
    )]
    Directory(std::io::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no sandbox.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The plugin cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A parameter cannot be.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// It refuses its parameters.
    #[error(transparent)]
    Plan(CallError),
    /// The file became another one while it was checked.
    #[error(
        "plugin `{plugin}` was changed while it was checked (it was {was} and is {is}); check it again"
    )]
    Changed {
        /// Its name.
        plugin: String,
        /// Its digest at first.
        was: String,
        /// Its digest later.
        is: String,
    },
    /// No fresh process answered.
    #[error(
        "a fresh process, `{program}`, could not be asked: {reason}; what it printed is above, and memhost has to stand where it \
         was started from"
    )]
    Process {
        /// What was started.
        program: String,
        /// What happened instead.
        reason: String,
    },
    /// What it answered cannot be written down.
    #[error("an answer cannot be written down: {0}")]
    Unprintable(serde_json::Error),
}

/// Makes every check of a subject whose calls may spend this much, over stores with tables of this format.
///
/// # Errors
/// If the host could not do its part; what the plugin does wrong is in the result.
pub async fn check(
    subject: &Subject,
    limits: &Limits,
    format: &dyn Format,
) -> Result<Conformance, ConformanceError> {
    let start = Instant::now();
    let fixture = fixture::Fixture::prepare(subject, limits, format).await?;
    let mut made = Vec::new();
    for check in Check::ALL {
        let (outcome, came) = match checks::make(check, &fixture).await {
            Ok(Came::Right(came)) => (Outcome::Passed, came),
            Ok(Came::Nothing(reason)) => (Outcome::DoesNotApply, reason),
            Err(Stop::Failed(came)) => (Outcome::Failed, came),
            Err(Stop::Call(error)) => (Outcome::Failed, failed_call(&error)),
            Err(Stop::Host(error)) => return Err(error),
        };
        made.push(Checked {
            check,
            outcome,
            expected: check.expected().to_owned(),
            came: in_one_line(&came),
        });
    }
    let description = subject.strategy.description();
    Ok(Conformance {
        plugin: description.name.clone(),
        version: description.version.clone(),
        digest: subject.strategy.digest().to_owned(),
        settings: settings::as_text(&subject.settings),
        checks: made,
        calls: fixture.meter.costs(),
        limits: limits.clone(),
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// What a check that was not failed found.
enum Came {
    /// What must come; in words.
    Right(String),
    /// There was nothing to be checked; why.
    Nothing(String),
}

/// What ends a check.
enum Stop {
    /// Something else came than must; in words.
    Failed(String),
    /// A call failed.
    Call(CallError),
    /// The host could not do its part.
    Host(ConformanceError),
}

impl Stop {
    /// The same, said of a part of the check.
    fn about(self, what: &str) -> Stop {
        match self {
            Stop::Failed(came) => Stop::Failed(format!("{what}: {came}")),
            Stop::Call(error) => Stop::Failed(format!("{what}: {}", failed_call(&error))),
            Stop::Host(error) => Stop::Host(error),
        }
    }
}

/// What a check comes to.
type Verdict = Result<Came, Stop>;

impl From<CallError> for Stop {
    fn from(error: CallError) -> Stop {
        Stop::Call(error)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Stop {
        Stop::Host(error.into())
    }
}

impl From<ConformanceError> for Stop {
    fn from(error: ConformanceError) -> Stop {
        Stop::Host(error)
    }
}

fn failed_call(error: &CallError) -> String {
    format!("`{}` fails: {}", error.call, error.reason)
}

/// A text without its line breaks, cut to a length that can be printed. Of a trap, the frames are left out.
fn in_one_line(text: &str) -> String {
    let said = text.lines().take_while(|line| {
        !line.starts_with("wasm backtrace") && !line.starts_with("error while executing")
    });
    let line = said
        .flat_map(str::split_whitespace)
        .collect::<Vec<_>>()
        .join(" ");
    quote(&line, LONGEST_QUOTE)
}

/// The first so many characters of a text, with a mark if there were more. What would move a terminal's cursor or turn
/// its direction around is a space: the text may be a plugin's.
fn quote(text: &str, most: usize) -> String {
    let moves = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let plain = text.replace(moves, " ");
    match plain.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", plain.get(..end).unwrap_or_default()),
        None => plain,
    }
}

/// Instructions in a unit that can be read: `1.2 million fuel`.
fn millions(fuel: u64) -> String {
    format!("{:.1} million fuel", fuel as f64 / 1e6)
}

/// `1 memory`, `2 memories`.
fn memories(count: usize) -> String {
    match count {
        1 => "1 memory".to_owned(),
        count => format!("{count} memories"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_one_line_without_frames_and_moves_no_cursor() {
        let trap = "it panicked\n  at src/lib.rs:1\n\nwasm backtrace:\n  0: main";
        assert_eq!(in_one_line(trap), "it panicked at src/lib.rs:1");
        assert_eq!(quote("a\u{1b}[31mb\u{202e}c\u{0}", 20), "a [31mb c ");
        assert_eq!(quote("日本語", 2), "日本…");
    }

    #[test]
    fn every_check_is_made_once_and_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<&str> =
            Check::ALL.iter().map(|check| check.name()).collect();
        assert_eq!(names.len(), Check::ALL.len());
        for check in Check::ALL {
            let json = serde_json::to_value(check).unwrap();
            assert_eq!(json, check.name(), "JSON and text call it the same");
        }
    }
}
