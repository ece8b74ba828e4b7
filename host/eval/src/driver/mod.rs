//! Runs a strategy's plan over the tasks of a suite: retrieve, act, outcome, distill, update, evict; one
//! call, one transaction.
//!
//! Where no language model acts, the suite's frozen reader does: what it makes of the guidance is the
//! attempt whose outcome `update` hears of. What `distill` learns from are the suite's recorded attempts.
//!
//! | of the plan | what happens |
//! |---|---|
//! | `streaming`, `build-then-freeze`, `build-then-stream` | `schedule` says which episodes are asked and which are learnt from |
//! | `trials`, `build-trials`, `all-agents` | `learning::grouping` says which runs of a task are distilled together |
//! | `baseline-arm` | the same agent acts without guidance too |
//! | `moments` | `stream/along` asks along a recorded run, `stream/model` while a model works |
//! | `retries` | `stream/retry` has a failed task tried again, once the failed try is learnt from |
//! | `batch` | outcomes are told so many at a time |
//! | `agent-temperature` | where a model acts |
//! | `rounds` | retrieve and act, told what was found, until nothing is |
//! | `refinements` | a model's finished run goes on with check messages |
//! | `labels` | `learning` leaves out what is not to be told |
//! | `if-trial-gains`, `if-next-attempt-succeeds` | `learning` keeps what waits, this module runs the trial |
//!
//! Calls, transactions and what waits are [`memhost::learning`]'s; here is what a suite adds to them.

mod agent;
mod calendar;
mod cell;
mod cost;
mod error;
mod model_agent;
mod order;
mod patience;
mod phases;
mod plan;
mod report;
mod run;
mod schedule;
mod stream;
mod testbed;
mod told;

pub use agent::{Acting, Actors};
pub use calendar::{Calendar, Guard, Leak};
pub use cell::Cell;
pub use cost::Cost;
pub use error::DriverError;
pub use order::{Repetition, TaskOrder, has_record};
pub use patience::IN_A_ROW;
pub use phases::{Broken, GivenUp, PhaseCalls, Requests, TOLERATED};
pub use plan::{deviations, is_retried, moment_text, obstacle};
pub use report::{CellReport, MOST_GROWTH, ModelCost, Runs, TaskReport};
pub use run::{Progress, run_cell};
pub use testbed::Testbed;
pub use told::Told;
