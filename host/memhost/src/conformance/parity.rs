//! Parity of `check` with a comparison: what a subject remembers after cases that a comparison can be made of too. For
//! memhost's own tests, that a condition means the same to both; it promises nothing to others.

use memhost_contract::limits::Limits;
use memhost_contract::{Attempt, Plan, Task};
use memhost_store::Memories;
use memhost_store::tables::Format;

use super::Subject;
use super::cases::Case;
use super::fixture::Fixture;
use super::result::Stop;
use super::session::Session;

/// The task of a case and the runs of it that a plan wants.
pub fn task(case: usize, plan: &Plan) -> (Task, Vec<Attempt>) {
    let case = numbered(case);
    (case.task.clone(), case.attempts(plan))
}

/// What a subject remembers after these cases.
///
/// # Errors
/// If the host could not do its part, or the subject failed in one of them; in words.
pub async fn run_cases(
    subject: &Subject,
    limits: &Limits,
    format: &dyn Format,
    cases: &[usize],
) -> Result<Memories, String> {
    let fixture = Fixture::prepare(subject, limits, format).await;
    let fixture = fixture.map_err(|error| error.to_string())?;
    match work(&fixture, cases).await {
        Ok(session) => Ok(session.learner.memories().clone()),
        Err(Stop::Host(error)) => Err(error.to_string()),
        Err(Stop::Call(error)) => Err(error.to_string()),
        Err(Stop::Failed(came)) => Err(came),
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
    Case::all().swap_remove(case)
}
