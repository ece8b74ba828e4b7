//! A fresh process and a fresh instance give the same answers.

use crate::conformance::ground::Ground;
use crate::conformance::lesson::Lesson;
use crate::conformance::session::{Model, ROOM, Session};
use crate::conformance::{Came, Stop, Verdict, quote};
use crate::contract::Guidance;

const NAMESPACE: &str = "restart";

/// Characters of an answer that are quoted.
const QUOTED: usize = 60;

pub(super) async fn check(ground: &Ground<'_>) -> Verdict {
    let store = ground.store_called("restarted").await?;
    let mut before = Session::with(ground, store.namespace(NAMESPACE).await?, Model::Extractive);
    for lesson in Lesson::all() {
        before.work(&lesson).await?;
    }
    let answers = answers(&mut before).await?;
    store.close().await?;

    // As long as this process has a namespace open, no other can have it.
    let bearings = before.end();
    drop(store);
    let store = ground.store_called("restarted").await?;
    let bearings = bearings.with(ground.candidate.anew().await?);
    let mut after = bearings.begin(store.namespace(NAMESPACE).await?);
    for (lesson, before) in Lesson::all().iter().zip(&answers) {
        let after = after.ask(&lesson.again(), ROOM).await?;
        if told(&after) != told(before) {
            return Err(Stop::Failed(format!(
                "asked about `{}`, it said {} before, and {} in a fresh process whose counters begin at 0",
                lesson.task.id,
                shown(before),
                shown(&after)
            )));
        }
    }
    Ok(Came::Right(format!(
        "{} answers are the same",
        answers.len()
    )))
}

async fn answers(session: &mut Session) -> Result<Vec<Guidance>, Stop> {
    let mut answers = Vec::new();
    for lesson in Lesson::all() {
        answers.push(session.ask(&lesson.again(), ROOM).await?);
    }
    Ok(answers)
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
