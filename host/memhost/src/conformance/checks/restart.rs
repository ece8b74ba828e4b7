//! After a restart the answers are the same.

use memhost_contract::Guidance;

use crate::conformance::cases::Case;
use crate::conformance::fixture::Fixture;
use crate::conformance::fresh_process::{self, Answers, Errand, NAMESPACE};
use crate::conformance::session::{Model, Session};
use crate::conformance::{Came, CheckResult, Stop, quote};

/// Characters of an answer that are quoted.
const QUOTED: usize = 60;

pub(super) async fn check(fixture: &Fixture<'_>) -> CheckResult {
    let (errand, before) = left_behind(fixture).await?;
    let subject = fixture.subject;
    let (who, answers) = match &subject.process {
        Some(process) => ("a fresh process", process.ask(&errand).await?),
        None => (
            "a fresh engine, store and instance (no process was started)",
            fresh_process::answer(&subject.anew().await?, &errand, fixture.format).await?,
        ),
    };
    let after = match answers {
        Answers::Given(after) => after,
        Answers::Failed(came) => return Err(Stop::Failed(format!("in {who}: {came}"))),
    };
    if after.len() != before.len() {
        return Err(Stop::Failed(format!(
            "it gave {} answers before, and {} in {who}",
            before.len(),
            after.len()
        )));
    }
    for (case, (before, after)) in Case::all().iter().zip(before.iter().zip(&after)) {
        if told(after) != told(before) {
            return Err(Stop::Failed(format!(
                "asked about `{}`, it said {} before, and {} in {who}, whose counters begin at 0",
                case.task.id,
                shown(before),
                shown(after)
            )));
        }
    }
    Ok(Came::Right(format!(
        "{} answers are the same in {who}",
        after.len()
    )))
}

/// A store with all that was learnt, closed so that another process can have it, and the answers until then.
async fn left_behind(fixture: &Fixture<'_>) -> Result<(Errand, Vec<Guidance>), Stop> {
    let path = fixture.place("restarted");
    let store = fixture.store_at(&path).await?;
    let namespace = store.namespace(NAMESPACE).await?;
    let mut session = Session::with(fixture, namespace, Model::Extractive);
    for case in Case::all() {
        session.work(&case).await?;
    }
    let answers = fresh_process::answers(&mut session).await?;
    store.close().await?;
    let errand = Errand {
        digest: fixture.subject.strategy.digest().to_owned(),
        store: path,
        limits: fixture.limits.clone(),
    };
    Ok((errand, answers))
}

/// All but the receipt's id, which is the host's.
fn told(guidance: &Guidance) -> impl PartialEq + '_ {
    let receipt = &guidance.receipt;
    (
        &guidance.text,
        guidance.placement,
        &receipt.used,
        &receipt.note,
    )
}

fn shown(guidance: &Guidance) -> String {
    match guidance.text.as_str() {
        "" => "nothing".to_owned(),
        text => format!(
            "{:?} citing {}",
            quote(text, QUOTED),
            guidance.receipt.used.len()
        ),
    }
}
