//! The same work, under the same seed and clock, gives the same bytes for the same fuel.

use crate::conformance::cases::Case;
use crate::conformance::fixture::Fixture;
use crate::conformance::session::{Called, ROOM, Session};
use crate::conformance::{Came, CheckResult, Stop, millions};

pub(super) async fn check(fixture: &Fixture<'_>) -> CheckResult {
    let first = worked(fixture, "determinism/first").await?;
    let second = worked(fixture, "determinism/second").await?;
    for (number, (one, other)) in (1..).zip(first.calls().iter().zip(second.calls())) {
        let Called { call, about, .. } = one;
        let which = || format!("call {number}, `{call}` about `{about}`:");
        if one.asked != other.asked {
            return Err(Stop::Failed(format!(
                "{} it asks the model something else",
                which()
            )));
        }
        if one.answer != other.answer {
            return Err(Stop::Failed(format!(
                "{} {}",
                which(),
                difference(&one.answer, &other.answer)
            )));
        }
        if one.fuel != other.fuel {
            return Err(Stop::Failed(format!(
                "{} it used {} fuel, and then {}",
                which(),
                one.fuel,
                other.fuel
            )));
        }
    }
    let fuel: u64 = first.calls().iter().map(|one| one.fuel).sum();
    Ok(Came::Right(format!(
        "{} calls repeat to the byte, for {}",
        first.calls().len(),
        millions(fuel)
    )))
}

async fn worked(fixture: &Fixture<'_>, name: &str) -> Result<Session, Stop> {
    let mut session = Session::taught(fixture, name).await?;
    for case in Case::all() {
        session.ask(&case.again(), ROOM).await?;
    }
    if session.phases().evict {
        session.evict(Some(1)).await?;
    }
    Ok(session)
}

/// Where two answers part.
fn difference(one: &str, other: &str) -> String {
    const AROUND: usize = 30;
    let same = one
        .chars()
        .zip(other.chars())
        .take_while(|(one, other)| one == other)
        .count();
    let part = |text: &str| -> String {
        text.chars()
            .skip(same.saturating_sub(AROUND))
            .take(2 * AROUND)
            .collect()
    };
    format!(
        "it answered `…{}…`, and then `…{}…`",
        part(one),
        part(other)
    )
}
