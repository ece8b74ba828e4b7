//! What is learnt can be retrieved.

use crate::conformance::cases::{CASES, Case};
use crate::conformance::fixture::Fixture;
use crate::conformance::session::{ROOM, Session};
use crate::conformance::{Came, CheckResult, Stop, memories};

pub(super) async fn check(fixture: &Fixture<'_>) -> CheckResult {
    let phases = fixture.subject.strategy.phases();
    if !phases.retrieve && !phases.distill && !phases.update {
        let why = "it neither learns nor is asked for guidance".to_owned();
        return Ok(Came::Nothing(why));
    }
    let cases = Case::all();
    let mut ignorant = Session::open(fixture, "round-trip/empty").await?;
    let mut taught = Session::taught(fixture, "round-trip").await?;
    let kept = taught.count()? as usize;
    let mut answered = 0;
    for case in &cases {
        let task = case.again();
        let nothing = ignorant.ask(&task, ROOM).await?;
        let something = taught.ask(&task, ROOM).await?;
        let says = !something.text.is_empty() || !something.receipt.used.is_empty();
        let is_new =
            something.text != nothing.text || something.receipt.used != nothing.receipt.used;
        answered += usize::from(says && is_new);
    }
    let came = format!(
        "{answered} of {CASES} questions are answered, from {}",
        memories(kept)
    );
    match answered {
        0 => Err(Stop::Failed(came)),
        _ => Ok(Came::Right(came)),
    }
}
