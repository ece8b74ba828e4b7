//! Runs cells side by side, keeps each one that finishes, and stops cleanly when asked.

use std::any::Any;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_trait::async_trait;
use futures::FutureExt as _;
use memhost::contract::Attempt;
use memhost::model::Cassette;
use memhost::store::StoreError;
use memhost_base::error_chain::chain;
use memhost_suite::Suite;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::files::{CellFileError, CellFiles, Kept};
use super::{CellKey, PlannedCell};
use crate::driver::{self, Broken, CellReport, DriverError, Progress, Testbed};

/// Runs a cell.
#[async_trait]
pub trait Runner: Send + Sync {
    /// From an empty memory to the last question.
    async fn run(
        &self,
        cell: &PlannedCell,
        progress: &dyn Progress,
    ) -> Result<CellReport, DriverError>;
}

/// Hears what becomes of cells.
pub trait Watcher: Send + Sync {
    /// A cell was finished by an earlier run.
    fn restored(&self, key: &CellKey);
    /// A cell's file cannot be used, for this reason; the cell is run again.
    fn damaged(&self, reason: &str);
    /// A cell starts; what is returned hears of its progress and is dropped at its end.
    fn started(&self, key: &CellKey) -> Box<dyn Progress>;
    /// A cell is finished.
    fn finished(&self, key: &CellKey, report: &CellReport);
    /// A cell ran, and too much of it failed for a result.
    fn broken(&self, key: &CellKey, broken: &Broken);
    /// A cell cannot be run, for this reason.
    fn failed(&self, key: &CellKey, reason: &str);
    /// What cells need does not answer just now; what it is, and since when.
    fn failing(&self, what: &str);
}

/// What became of a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum CellOutcome {
    /// It ran, now or earlier.
    Finished(Box<CellReport>),
    /// It ran, and so much of it failed that it is no result: it is kept as evidence, and run again.
    Broken(Box<CellReport>),
    /// It could not be run; why.
    Failed(String),
    /// The comparison was stopped before its end.
    NotRun,
}

/// What became of all cells, in their order.
#[derive(Debug, PartialEq)]
pub struct Finish {
    /// One per cell.
    pub outcomes: Vec<CellOutcome>,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
    /// Why, where nobody asked for it: what cells need is gone.
    pub outage: Option<String>,
}

/// Why a comparison stops before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// Somebody wants it to.
    Asked,
    /// What cells need is gone: every further one would fail for this reason.
    Outage(String),
}

impl Finish {
    /// How many cells have a result.
    pub fn finished(&self) -> usize {
        self.outcomes
            .iter()
            .filter(|outcome| matches!(outcome, CellOutcome::Finished(_)))
            .count()
    }

    /// How many cells came to their end, with a result or without.
    pub fn ran(&self) -> usize {
        self.finished() + self.broken().count()
    }

    /// The same without what a clock measured; see [`CellReport::without_times`].
    pub fn without_times(self) -> Finish {
        let timeless = |outcome| match outcome {
            CellOutcome::Finished(report) => {
                CellOutcome::Finished(Box::new(report.without_times()))
            }
            CellOutcome::Broken(report) => CellOutcome::Broken(Box::new(report.without_times())),
            CellOutcome::Failed(_) | CellOutcome::NotRun => outcome,
        };
        Finish {
            outcomes: self.outcomes.into_iter().map(timeless).collect(),
            ..self
        }
    }

    /// How many cells could not be run.
    pub fn failed(&self) -> usize {
        self.outcomes
            .iter()
            .filter(|outcome| matches!(outcome, CellOutcome::Failed(_)))
            .count()
    }

    /// Why cells are broken, one by one.
    pub fn broken(&self) -> impl Iterator<Item = Broken> {
        self.outcomes.iter().filter_map(|outcome| match outcome {
            CellOutcome::Broken(report) => report.broken(),
            CellOutcome::Finished(_) | CellOutcome::Failed(_) | CellOutcome::NotRun => None,
        })
    }
}

/// Why a comparison cannot go on: what every further cell would meet too.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The store failed.
    #[error("the store failed while {cell} was running")]
    Store {
        /// Which cell met it.
        cell: String,
        /// What it says.
        source: StoreError,
    },
    /// A finished cell could not be kept.
    #[error(transparent)]
    CellFile(#[from] CellFileError),
}

/// Runs every cell that is not finished yet, `jobs` at a time, until all are done or `stop` is.
///
/// What was finished when it stops stays finished: in `files`, if there are any, and in the result. What was running is
/// given up: it has not been run. Broken cells are kept too, and run again by whoever goes on.
///
/// # Errors
/// If the store fails, or finished cells cannot be kept. A cell that fails for another reason is an
/// [`CellOutcome`], and the others go on.
pub async fn run(
    cells: &[PlannedCell],
    runner: Arc<dyn Runner>,
    files: Option<&CellFiles>,
    jobs: NonZeroUsize,
    watcher: &dyn Watcher,
    stop: impl Future<Output = Stop>,
) -> Result<Finish, RunError> {
    let mut outcomes: Vec<CellOutcome> = cells
        .iter()
        .map(|cell| restore(cell, files, watcher))
        .collect();
    let mut waiting = cells
        .iter()
        .enumerate()
        .filter(|(index, _)| outcomes.get(*index) == Some(&CellOutcome::NotRun))
        .collect::<Vec<_>>()
        .into_iter();
    let mut running = JoinSet::new();
    let mut stopped = None;
    tokio::pin!(stop);
    loop {
        while stopped.is_none() && running.len() < jobs.get() {
            let Some((index, cell)) = waiting.next() else {
                break;
            };
            let progress = watcher.started(&cell.key);
            running.spawn(run_one(index, cell.clone(), runner.clone(), progress));
        }
        let ended = tokio::select! {
            // Cells that end at once, as they do where nothing answers, must not keep it from stopping. One that has
            // ended is heard of all the same.
            biased;
            why = &mut stop, if stopped.is_none() => {
                stopped = Some(why);
                running.abort_all();
                continue;
            }
            ended = running.join_next() => ended,
        };
        let (index, result) = match ended {
            None => break,
            Some(Ok(ended)) => ended,
            Some(Err(_aborted)) => continue,
        };
        if let Err(CellError::Driver(DriverError::Store(StoreError::Embedding(error)))) = &result {
            // The store is sound; no cell can write to it as long as nothing embeds.
            stopped.get_or_insert_with(|| Stop::Outage(chain(error)));
            running.abort_all();
            continue;
        }
        if let (Some(cell), Some(outcome)) = (cells.get(index), outcomes.get_mut(index)) {
            *outcome = settle(cell, result, files, watcher)?;
        }
    }
    let stopped = stopped.filter(|_| outcomes.contains(&CellOutcome::NotRun));
    Ok(Finish {
        outcomes,
        interrupted: stopped.is_some(),
        outage: match stopped {
            Some(Stop::Outage(reason)) => Some(reason),
            Some(Stop::Asked) | None => None,
        },
    })
}

fn restore(cell: &PlannedCell, files: Option<&CellFiles>, watcher: &dyn Watcher) -> CellOutcome {
    match files.map(|files| files.load(&cell.key)) {
        Some(Kept::Finished(report)) => {
            watcher.restored(&cell.key);
            CellOutcome::Finished(report)
        }
        Some(Kept::Damaged(reason) | Kept::Broken { reason, .. }) => {
            watcher.damaged(&reason);
            CellOutcome::NotRun
        }
        Some(Kept::Missing) | None => CellOutcome::NotRun,
    }
}

/// Why a cell has no result.
enum CellError {
    Driver(DriverError),
    /// A bug of the host's, which costs this cell only.
    Panic(String),
}

async fn run_one(
    index: usize,
    cell: PlannedCell,
    runner: Arc<dyn Runner>,
    progress: Box<dyn Progress>,
) -> (usize, Result<CellReport, CellError>) {
    let result = AssertUnwindSafe(runner.run(&cell, progress.as_ref()))
        .catch_unwind()
        .await;
    let result = match result {
        Ok(result) => result.map_err(CellError::Driver),
        Err(panic) => Err(CellError::Panic(panic_text(panic.as_ref()))),
    };
    (index, result)
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!(
        "the host panicked, which is a bug of memhost: {}",
        text.unwrap_or("(no message)")
    )
}

/// Keeps and announces what became of a cell.
fn settle(
    cell: &PlannedCell,
    result: Result<CellReport, CellError>,
    files: Option<&CellFiles>,
    watcher: &dyn Watcher,
) -> Result<CellOutcome, RunError> {
    let reason = match result {
        Ok(report) => {
            if let Some(files) = files {
                files.save(&cell.key, &report)?;
            }
            if let Some(broken) = report.broken() {
                watcher.broken(&cell.key, &broken);
                return Ok(CellOutcome::Broken(Box::new(report)));
            }
            watcher.finished(&cell.key, &report);
            return Ok(CellOutcome::Finished(Box::new(report)));
        }
        Err(CellError::Driver(DriverError::Store(source))) => {
            return Err(RunError::Store {
                cell: cell.key.label(),
                source,
            });
        }
        Err(CellError::Driver(error)) => chain(&error),
        Err(CellError::Panic(text)) => text,
    };
    watcher.failed(&cell.key, &reason);
    Ok(CellOutcome::Failed(reason))
}

/// Runs cells for real, and adds what happened in their suites to the store's `attempts`.
pub struct HostRunner {
    /// What cells run on.
    pub testbed: Testbed,
    /// Records or replays what models answer, each cell for itself.
    pub cassette: Option<Cassette>,
    /// Names the comparison in the store.
    pub run: String,
    /// The suites whose attempts are in the store.
    pub kept: Mutex<BTreeSet<String>>,
}

#[async_trait]
impl Runner for HostRunner {
    async fn run(
        &self,
        cell: &PlannedCell,
        progress: &dyn Progress,
    ) -> Result<CellReport, DriverError> {
        self.keep_attempts(&cell.cell.suite).await?;
        match &self.cassette {
            None => driver::run_cell(&cell.cell, &self.testbed, progress).await,
            Some(cassette) => self.run_on(cassette, cell, progress).await,
        }
    }
}

impl HostRunner {
    /// What happened is kept once per suite, for whoever reads the store later.
    async fn keep_attempts(&self, suite: &Suite) -> Result<(), DriverError> {
        let mut kept = self.kept.lock().await;
        if kept.contains(&suite.name) {
            return Ok(());
        }
        let attempts = suite
            .episodes()
            .flat_map(|(_, episode)| episode.attempts.iter().cloned());
        let attempts: Vec<Attempt> = attempts.collect();
        let run = format!("{}/{}", self.run, suite.name);
        let store = &self.testbed.store;
        store.append_attempts(&run, &attempts).await?;
        kept.insert(suite.name.clone());
        Ok(())
    }

    async fn run_on(
        &self,
        cassette: &Cassette,
        cell: &PlannedCell,
        progress: &dyn Progress,
    ) -> Result<CellReport, DriverError> {
        let scope = cell.key.scope();
        let testbed = Testbed {
            models: cassette.models(&self.testbed.models, &scope),
            ..self.testbed.clone()
        };
        let report = driver::run_cell(&cell.cell, &testbed, progress).await?;
        cassette.finish(&scope)?;
        Ok(if cassette.is_replay() {
            report.without_times()
        } else {
            report
        })
    }
}

#[cfg(test)]
mod tests;
