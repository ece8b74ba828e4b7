//! The run of a cell: every stream of its suite, one after the other.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use memhost_suite::Reader;

use super::patience::Patience;
use super::report::{self, CellReport};
use super::stream::StreamRun;
use super::{Actors, Cell, DriverError, Guard, Testbed, obstacle};

/// Hears of a cell's progress.
pub trait Progress: Send + Sync {
    /// `done` of `total` episodes are finished.
    fn advance(&self, done: usize, total: usize);
}

/// Runs one cell from an empty memory.
///
/// A call that fails costs that call: it is listed in the report, and the cell goes on as if the strategy
/// had said nothing; whether that is so often the case that the cell says nothing, [`CellReport::broken`] knows. A
/// strategy whose calls use up their limits [one after the other](super::IN_A_ROW) is given up, and the cell ends there. An
/// error means that the cell has no result.
pub async fn run_cell(
    cell: &Cell,
    testbed: &Testbed,
    progress: &dyn Progress,
) -> Result<CellReport, DriverError> {
    let start = Instant::now();
    let plan = cell.strategy.plan(&cell.settings).await?;
    let phases = cell.strategy.phases();
    let actors = Actors::of(testbed.acting, &testbed.models);
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
        StreamRun::open(cell, testbed, &plan, heard, index, stream, &mut report)
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
