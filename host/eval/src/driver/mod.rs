//! Runs a strategy's plan over the tasks of a suite: retrieve, act, outcome, distill, update, evict; one
//! call, one transaction.
//!
//! Where no language model acts, the suite's frozen reader does: what it makes of the guidance is the
//! attempt whose outcome `update` hears of. What `distill` learns from are the suite's recorded attempts.
//!
//! | of the plan | what happens |
//! |---|---|
//! | `streaming`, `build-then-freeze` | `schedule` says which episodes are asked and which are learnt from |
//! | `trials`, `all-agents` | `learning::grouping` says which runs of a task are distilled together |
//! | `baseline-arm` | the same agent acts without guidance too |
//! | `rounds` | retrieve and act, told what was found, until nothing is |
//! | `refinements` | a model's finished run goes on with check messages |
//! | `labels` | `learning` leaves out what is not to be told |
//! | `if-trial-gains`, `if-next-attempt-succeeds` | `learning` keeps what waits, this room runs the trial |
//!
//! Calls, transactions and what waits are [`memhost::learning`]'s; here is what a suite adds to them.

mod agent;
mod calendar;
mod cost;
mod model_agent;
mod order;
mod patience;
mod phases;
mod plan;
mod report;
mod schedule;
mod stream;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use memhost::contract::Setting;
use memhost::embedding::Embedder;
use memhost::limits::Limits;
use memhost::model::{CassetteError, Models};
use memhost::store::{Store, StoreError};
use memhost::strategy::{CallError, Strategy};
use memhost_suite::{Reader, Suite};

use patience::Patience;

pub use agent::{Acting, Actors};
pub use calendar::{Calendar, Guard, Leak};
pub use cost::Cost;
pub use order::Repetition;
pub use patience::IN_A_ROW;
pub use phases::{Broken, PhaseCalls, Requests, TOLERATED, Unfit};
pub use plan::{deviations, obstacle};
pub use report::{CellReport, MOST_GROWTH, ModelCost, Runs, TaskReport};

/// One cell: a strategy on a suite, once.
#[derive(Clone)]
pub struct Cell {
    /// The strategy.
    pub strategy: Arc<dyn Strategy>,
    /// Every parameter's value.
    pub settings: Vec<Setting>,
    /// The suite.
    pub suite: Arc<Suite>,
    /// What decides whatever is left to chance.
    pub repetition: Repetition,
    /// Names the cell's namespaces in the store; unique per cell.
    pub id: String,
    /// The most memories per stream; `None` is unlimited.
    pub most_memories: Option<u32>,
}

/// What a cell runs on.
#[derive(Clone)]
pub struct Surroundings {
    /// Where memories are kept.
    pub store: Store,
    /// Answers the `llm` interface.
    pub models: Arc<Models>,
    /// Embeds keys and queries.
    pub embedder: Arc<dyn Embedder>,
    /// What each call may spend.
    pub limits: Limits,
    /// Who acts on the guidance.
    pub acting: Acting,
}

/// Hears of a cell's progress.
pub trait Progress: Send + Sync {
    /// `done` of `total` episodes are finished.
    fn advance(&self, done: usize, total: usize);
}

/// Why a cell could not be run at all.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The strategy refused its plan.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The host itself would have shown an outcome before its day.
    #[error(transparent)]
    Leak(#[from] Leak),
    /// A model call could not be recorded, or is not on the cassette that is replayed.
    #[error(transparent)]
    Cassette(#[from] CassetteError),
    /// The suite or the host cannot give what the plan wants.
    #[error("strategy `{strategy}` cannot run on suite `{suite}`: {reason}")]
    Plan {
        /// Which strategy.
        strategy: String,
        /// Which suite.
        suite: String,
        /// What is missing.
        reason: String,
    },
}

/// Runs one cell from an empty memory.
///
/// A call that fails costs that call: it is listed in the report, and the cell goes on as if the strategy
/// had said nothing; whether that is so often the case that the cell says nothing, [`CellReport::broken`] knows. A strategy
/// whose calls use up their limits [one after the other](IN_A_ROW) is given up, and the cell ends there. An error means
/// that the cell has no result.
pub async fn run_cell(
    cell: &Cell,
    surroundings: &Surroundings,
    progress: &dyn Progress,
) -> Result<CellReport, DriverError> {
    let start = Instant::now();
    let plan = cell.strategy.plan(&cell.settings).await?;
    let phases = cell.strategy.phases();
    let actors = Actors::of(surroundings.acting, &surroundings.models);
    if let Some(reason) = obstacle(&plan, phases, &cell.suite, actors) {
        return Err(DriverError::Plan {
            strategy: cell.strategy.description().name.clone(),
            suite: cell.suite.name.clone(),
            reason,
        });
    }

    let reader = Reader::new(&cell.suite);
    let guard = Guard::new(&cell.suite);
    let total = cell.suite.episodes().count();
    let mut done = 0;
    let patience = Arc::new(Patience::with(cell.strategy.clone()));
    let cell = &Cell {
        strategy: patience.clone(),
        ..cell.clone()
    };
    let mut advance = || {
        done += 1;
        progress.advance(done, total);
        match patience.given_up() {
            Some(_) => ControlFlow::Break(()),
            None => ControlFlow::Continue(()),
        }
    };
    let mut report = report::Recorder::default();
    for (index, stream) in cell.suite.streams.iter().enumerate() {
        let heard = (&reader, &guard);
        stream::StreamRun::open(cell, surroundings, &plan, heard, index, stream, &mut report)
            .await?
            .run(&mut advance)
            .await?;
        if let Some((phase, unfit)) = patience.given_up() {
            report.unfit(phase, unfit);
            break;
        }
    }
    Ok(report.finish(start.elapsed()))
}
