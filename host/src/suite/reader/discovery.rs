//! Lane E: which of the task's documents resemble documents in which a problem was found?

use super::super::{HiddenProblem, Scores};
use super::{Act, Reader, Reading};
use crate::contract::{Finding, Task};

impl Reader {
    /// The best findings that have not been made yet, at most this many.
    pub fn discover(
        &self,
        task: &Task,
        reading: &Reading<'_>,
        found: &[Finding],
        most: u32,
    ) -> Vec<Finding> {
        let _ = (task, reading, found, most);
        Vec::new()
    }

    /// Everything at once, without looking at what has been reported already.
    pub(super) fn discover_at_once(
        &self,
        task: &Task,
        problems: &[HiddenProblem],
        reports: u32,
        reading: &Reading<'_>,
    ) -> Act {
        let _ = (task, reports, reading);
        judged(task, problems, Vec::new())
    }
}

/// What these findings are worth.
pub(super) fn judged(task: &Task, problems: &[HiddenProblem], findings: Vec<Finding>) -> Act {
    let _ = (task, problems);
    Act {
        scores: Scores::new(),
        reward: None,
        agent: None,
        answer: String::new(),
        findings,
    }
}
