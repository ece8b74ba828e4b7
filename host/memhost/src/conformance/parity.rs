//! Parity of `check` with other hosts: what a subject remembers after cases that somebody else can work through too.
//! Whoever runs strategies in another way tests with it that a condition means the same to both.

use super::cases::Case;
use super::fixture::Fixture;
use super::result::Stop;
use super::session::Session;
use super::{ConformanceError, Subject};
use memhost_contract::limits::Limits;
use memhost_contract::{Attempt, Plan, Task};
use memhost_store::Memories;
use memhost_store::tables::Format;

/// The task of a case and the runs of it that a plan wants; numbers beyond the last begin anew.
pub fn task(case: usize, plan: &Plan) -> (Task, Vec<Attempt>) {
    let case = numbered(case);
    (case.task.clone(), case.attempts(plan))
}

/// What a subject remembers after these cases; nothing, if it fails in one.
///
/// # Errors
/// If the host could not do its part.
pub async fn memories(
    subject: &Subject,
    limits: &Limits,
    format: &dyn Format,
    cases: &[usize],
) -> Result<Option<Memories>, ConformanceError> {
    let fixture = Fixture::prepare(subject, limits, format).await?;
    match work(&fixture, cases).await {
        Ok(session) => Ok(Some(session.learner.memories().clone())),
        Err(Stop::Host(error)) => Err(error),
        Err(Stop::Failed(_) | Stop::Call(_)) => Ok(None),
    }
}

async fn work(fixture: &Fixture<'_>, cases: &[usize]) -> Result<Session, Stop> {
    let mut session = Session::open(fixture, "parity").await?;
    for case in cases {
        session.work(&numbered(*case)).await?;
    }
    Ok(session)
}

fn numbered(case: usize) -> Case {
    let mut cases = Case::all();
    let place = case % cases.len();
    cases.swap_remove(place)
}
