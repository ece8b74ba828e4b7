//! Questions that are asked along the recorded runs, which may draw on the runs of all other tasks and on none of their
//! own.

use std::path::Path;

use memhost_contract::{Attempt, Task};

use super::super::super::{Episode, Question, Stream, SuiteError};
use super::super::opaque;
use super::super::tau2::{learnt, leave_one_out};
use super::{TaskRuns, Trajectories, trajectories};

/// What is asked along the runs of a file.
pub(super) struct Along {
    pub(super) model: String,
    pub(super) domain: String,
    pub(super) left_out: Vec<String>,
    pub(super) stream: Stream,
}

/// Reads a file of `historical_trajectories/`, and asks along each run what `questions` says, each with how many steps were
/// taken.
pub(super) fn along(
    path: &Path,
    questions: impl Fn(&Attempt) -> Vec<(usize, Question)>,
) -> Result<Along, SuiteError> {
    let Trajectories {
        model,
        domain,
        tasks,
        left_out,
    } = trajectories(path)?;
    let (mut attempts, mut asked) = (Vec::new(), Vec::new());
    for TaskRuns { task, runs, .. } in tasks {
        for run in &runs {
            let of_run = questions(run).into_iter();
            asked
                .extend(of_run.map(|(taken, question)| within(run, taken, &task, &runs, question)));
        }
        attempts.push(learnt(runs, task));
    }
    Ok(Along {
        stream: leave_one_out(&domain, attempts, asked),
        model,
        domain,
        left_out,
    })
}

/// A question that is asked after so many steps of a run, and may not draw on any run of its task.
fn within(
    run: &Attempt,
    taken: usize,
    task: &Task,
    runs: &[Attempt],
    question: Question,
) -> Episode {
    Episode {
        question: Some(question),
        withheld: runs.iter().map(|run| run.id.clone()).collect(),
        group: task.id.clone(),
        ..learnt(
            Vec::new(),
            Task {
                id: opaque(&run.id, &taken.to_string()),
                ..task.clone()
            },
        )
    }
}
