//! Planned cells: those of a design, with the strategies and suites to run them.

use super::comparison::Comparison;
use super::design::{Design, ListedCell};
use super::key::CellKey;
use crate::driver::Cell;

/// A cell that is to be run.
#[derive(Clone)]
pub struct PlannedCell {
    /// Everything that determines its result.
    pub key: CellKey,
    /// What the driver runs.
    pub cell: Cell,
}

impl Comparison {
    /// The cells of its design, ready to be run. Their namespaces are called
    /// `<run>/<number>/<suite>/<strategy>/<repetition>/<stream>`.
    pub fn cells(&self, design: &Design) -> Vec<PlannedCell> {
        let cells = design.cells().into_iter().enumerate();
        let planned = cells.filter_map(
            |(
                number,
                ListedCell {
                    key,
                    suite,
                    strategy,
                },
            )| {
                let contest = self.contests.get(suite)?;
                let contestant = contest.contestants.get(strategy)?;
                let cell = Cell {
                    strategy: contestant.strategy.clone(),
                    settings: contestant.settings.clone(),
                    suite: contest.suite.clone(),
                    repetition: key.repetition,
                    id: format!("{}/{number}/{}", self.run, key.place()),
                    most_memories: self.most_memories,
                };
                Some(PlannedCell { key, cell })
            },
        );
        planned.collect()
    }
}
