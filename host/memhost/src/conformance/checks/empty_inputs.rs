//! Nothing is no reason to fail, and neither is white space.

use memhost_contract::Receipt;

use crate::conformance::cases::Case;
use crate::conformance::fixture::Fixture;
use crate::conformance::session::{ROOM, Session};
use crate::conformance::{Came, CheckResult, Stop};

pub(super) async fn check(fixture: &Fixture<'_>) -> CheckResult {
    let phases = fixture.subject.strategy.phases();
    let nothing = Case::empty();
    let blank = Case::saying("blank", " \t\n\u{a0}\u{3000}");
    let cases = Case::all();
    let mut session = Session::open(fixture, "empty-inputs").await?;
    let told = |what: &'static str| move |stop: Stop| stop.about(what);

    // Without any memory.
    session
        .ask(&nothing.task, ROOM)
        .await
        .map_err(told("asked nothing with no memory"))?;
    if let Some(case) = cases.first() {
        session
            .ask(&case.task, ROOM)
            .await
            .map_err(told("asked with no memory"))?;
    }
    if phases.evict {
        session
            .evict(Some(0))
            .await
            .map_err(told("to let go of nothing"))?;
    }
    session
        .distill(Vec::new())
        .await
        .map_err(told("told of no attempt"))?;
    session
        .update(Vec::new())
        .await
        .map_err(told("told of no outcome"))?;
    session
        .work(&nothing)
        .await
        .map_err(told("told of an attempt without text, steps and answer"))?;

    // With some.
    for case in &cases {
        session.work(case).await?;
    }
    session
        .work(&blank)
        .await
        .map_err(told("told of an attempt that is white space alone"))?;
    session
        .ask(&blank.again(), ROOM)
        .await
        .map_err(told("asked white space alone"))?;
    session
        .ask(&nothing.task, ROOM)
        .await
        .map_err(told("asked nothing"))?;
    session
        .work(&nothing)
        .await
        .map_err(told("told of an attempt without text, steps and answer"))?;
    let receipt = Receipt {
        id: "r".to_owned(),
        used: Vec::new(),
        note: String::new(),
    };
    session
        .learn(&nothing, vec![receipt])
        .await
        .map_err(told("told of an outcome without receipt"))?;
    Ok(Came::Right(format!(
        "{} calls are answered",
        session.calls().len()
    )))
}
