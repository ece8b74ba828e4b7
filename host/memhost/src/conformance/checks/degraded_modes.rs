//! Who wants a language model says so.

use std::collections::BTreeSet;

use memhost_contract::Fault;
use memhost_strategy::{CallError, CallFailure};

use crate::conformance::cases::Case;
use crate::conformance::fixture::Fixture;
use crate::conformance::session::{Model, ROOM, Session};
use crate::conformance::{Came, CheckResult, Stop, failed_call};

/// How many cases are gone through without a model.
const WITHOUT: usize = 2;

pub(super) async fn check(fixture: &Fixture<'_>) -> CheckResult {
    let description = fixture.subject.strategy.description();
    let requires = description.requires.iter().any(|wanted| wanted == "llm");
    let says_how = !description.degraded.is_empty();
    let mut with = Session::taught(fixture, "degraded-modes/extractive").await?;
    for case in Case::all() {
        with.ask(&case.again(), ROOM).await?;
    }
    let purposes = purposes(&with);
    if !purposes.is_empty() && !requires && !says_how {
        return Err(Stop::Failed(format!(
            "it asks a model for {}; `describe` neither requires `llm` nor says how it runs without",
            purposes.join(", ")
        )));
    }

    let mut session = Session::on(fixture, "degraded-modes/none", Model::None).await?;
    match worked(&mut session).await {
        Ok(()) if purposes.is_empty() => Ok(Came::Right("it asks no model".to_owned())),
        Ok(()) => Ok(Came::Right(format!(
            "it asks a model for {}, says so, and works without one",
            purposes.join(", ")
        ))),
        Err(Stop::Call(CallError {
            reason: CallFailure::Fault(Fault::Unavailable(_)),
            call,
            ..
        })) if requires => Ok(Came::Right(format!(
            "it requires `llm`, and without one `{call}` says that there is none"
        ))),
        Err(Stop::Call(
            error @ CallError {
                reason: CallFailure::Fault(_),
                ..
            },
        )) if requires => Ok(Came::Right(format!(
            "it requires `llm`, and without one {}",
            failed_call(&error)
        ))),
        Err(Stop::Call(error)) => Err(Stop::Failed(format!(
            "without a model, {}",
            failed_call(&error)
        ))),
        Err(stop) => Err(stop),
    }
}

async fn worked(session: &mut Session) -> Result<(), Stop> {
    for case in Case::all().iter().take(WITHOUT) {
        session.work(case).await?;
        session.ask(&case.again(), ROOM).await?;
    }
    Ok(())
}

/// What a model was asked for.
fn purposes(session: &Session) -> Vec<String> {
    let asked = session.calls().iter().flat_map(|call| &call.asked);
    let purposes: BTreeSet<&str> = asked
        .filter_map(|asked| Some(asked.split_once(':')?.0))
        .collect();
    purposes
        .into_iter()
        .map(|purpose| format!("`{purpose}`"))
        .collect()
}
