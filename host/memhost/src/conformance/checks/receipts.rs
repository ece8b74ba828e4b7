//! What is cited exists and was used; and what was used is cited.

use std::collections::BTreeSet;

use memhost_contract::{Guidance, State, Task};

use crate::conformance::cases::Case;
use crate::conformance::fixture::Fixture;
use crate::conformance::session::{ROOM, Session};
use crate::conformance::{Came, CheckResult, Stop, memories};

/// Little room, so that not all that is found can be handed out; and much.
const BUDGETS: [u32; 4] = [0, 60, 200, ROOM];

pub(super) async fn check(fixture: &Fixture<'_>) -> CheckResult {
    let mut ignorant = Session::open(fixture, "receipts/empty").await?;
    let mut session = Session::taught(fixture, "receipts").await?;
    let kept = session.count()?;
    let mut cited = BTreeSet::new();
    for case in Case::all() {
        let task = case.again();
        let nothing = ignorant.ask(&task, ROOM).await?;
        for budget in BUDGETS {
            let guidance = session.ask(&task, budget).await?;
            looked_up(&session, &guidance)
                .and_then(|()| fits(&guidance, &nothing, kept))
                .map_err(|problem| {
                    Stop::Failed(format!(
                        "asked about `{}` with room for {budget} tokens, {problem}",
                        case.task.id
                    ))
                })?;
            cited.extend(guidance.receipt.used.into_iter().map(|one| one.memory));
        }
    }
    if let Some(last) = Case::all().last() {
        used(fixture, &mut session, &last.again()).await?;
    }
    Ok(Came::Right(match kept {
        0 => "it keeps no memories that could be cited".to_owned(),
        _ => format!(
            "{} of {} are cited, each with reason",
            cited.len(),
            memories(kept as usize)
        ),
    }))
}

/// Whether what is cited is there, once, and best first.
fn looked_up(session: &Session, guidance: &Guidance) -> Result<(), String> {
    let used = &guidance.receipt.used;
    let ids: Vec<String> = used.iter().map(|one| one.memory.clone()).collect();
    let found = session.memories(&ids);
    let mut seen = BTreeSet::new();
    for citation in used {
        let id = &citation.memory;
        match found.iter().find(|memory| memory.id == *id) {
            None => return Err(format!("it cites `{id}`, which does not exist")),
            Some(memory) if memory.state != State::Active => {
                return Err(format!("it cites `{id}`, which is not active"));
            }
            Some(_) => {}
        }
        if !seen.insert(id) {
            return Err(format!("it cites `{id}` twice"));
        }
        if !citation.score.is_finite() {
            return Err(format!("it cites `{id}` with the score {}", citation.score));
        }
    }
    match used.is_sorted_by(|one, next| one.score >= next.score) {
        true => Ok(()),
        false => Err("what it cites is not in the order of its scores, best first".to_owned()),
    }
}

/// Whether a text has a receipt, and a receipt a text.
fn fits(guidance: &Guidance, nothing: &Guidance, kept: u32) -> Result<(), String> {
    let cited = guidance.receipt.used.len();
    if guidance.text.is_empty() && cited > 0 {
        return Err(format!(
            "it hands out nothing and cites {}",
            memories(cited)
        ));
    }
    if cited == 0 && kept > 0 && !guidance.text.is_empty() && guidance.text != nothing.text {
        return Err("it hands out what it learnt and cites nothing".to_owned());
    }
    Ok(())
}

/// Whether each memory that is cited made a difference, to what was said or to what a model was asked.
async fn used(fixture: &Fixture<'_>, session: &mut Session, task: &Task) -> Result<(), Stop> {
    let guidance = session.ask(task, ROOM).await?;
    let asked = session.calls().last().map(|call| call.asked.clone());
    for (number, citation) in guidance.receipt.used.iter().enumerate() {
        let id = &citation.memory;
        let mut without = session
            .without(fixture, &format!("receipts/{number}"), id)
            .await?;
        let other = without.ask(task, ROOM).await?;
        let other_asked = without.calls().last().map(|call| call.asked.clone());
        if other.text == guidance.text && other_asked == asked {
            return Err(Stop::Failed(format!(
                "it cites `{id}`, without which it says the same: it was not used"
            )));
        }
    }
    Ok(())
}
