//! What may go exists, and is enough.

use std::collections::BTreeSet;

use crate::conformance::fixture::Fixture;
use crate::conformance::session::Session;
use crate::conformance::{Came, CheckResult, Stop, memories};

pub(super) async fn check(fixture: &Fixture<'_>) -> CheckResult {
    if !fixture.subject.strategy.phases().evict {
        return Ok(Came::Nothing(
            "it exports no `evict`: where memories are too many, the host lets the oldest go"
                .to_owned(),
        ));
    }
    let mut session = Session::taught(fixture, "eviction").await?;
    let kept = session.count()?;
    if kept == 0 {
        return Ok(Came::Nothing(
            "it keeps no memories that could go".to_owned(),
        ));
    }
    let mut offered = Vec::new();
    for most in [None, Some(kept), Some(kept - 1), Some(kept / 2), Some(1)] {
        let ids = session.evict(most).await?;
        let room = match most {
            Some(most) => format!("with {} and room for {most}", memories(kept as usize)),
            None => format!("with {} and no limit", memories(kept as usize)),
        };
        let failed = |how: String| Err(Stop::Failed(format!("{room}, {how}")));
        let found: BTreeSet<String> = session
            .memories(&ids)
            .into_iter()
            .map(|one| one.id)
            .collect();
        if let Some(id) = ids.iter().find(|id| !found.contains(*id)) {
            return failed(format!("it lets `{id}` go, which does not exist"));
        }
        if found.len() < ids.len() {
            return failed("it names a memory twice".to_owned());
        }
        let excess = kept.saturating_sub(most.unwrap_or(kept)) as usize;
        if !ids.is_empty() && ids.len() < excess {
            return failed(format!(
                "it lets {} go, and {excess} are too many",
                ids.len()
            ));
        }
        if excess == 0 && ids.len() == kept as usize {
            return failed("it lets all of them go".to_owned());
        }
        offered.push(ids.len().to_string());
    }
    Ok(Came::Right(format!(
        "of {}, it lets {} go with room for all, all, all but one, half and one",
        memories(kept as usize),
        offered.join(", ")
    )))
}
