//! Many memories are no reason to fail.

use memhost_contract::{Key, NewMemory, Op, Row};
use memhost_store::Write;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::conformance::cases::Case;
use crate::conformance::fixture::Fixture;
use crate::conformance::session::{ROOM, Session};
use crate::conformance::{Came, CheckResult, Stop, millions};

const MEMORIES: usize = 10_000;

/// How far copies of a vector lie from it, per dimension: further from each other than from another case's.
const SCATTER: f32 = 0.02;

pub(super) async fn check(fixture: &Fixture<'_>) -> CheckResult {
    let mut session = Session::taught(fixture, "ten-thousand").await?;
    let own = session.everything()?;
    if own.is_empty() {
        return Ok(Came::Nothing(
            "it keeps no memories that could be multiplied".to_owned(),
        ));
    }
    let mut random = ChaCha8Rng::seed_from_u64(MEMORIES as u64);
    let copies = own
        .iter()
        .cycle()
        .take(MEMORIES.saturating_sub(own.len()))
        .zip(1..);
    let (writes, vectors) = copies
        .map(|(row, number)| copy(row, number, &mut random))
        .unzip();
    session.fill(writes, vectors).await?;

    let before = session.calls().len();
    for case in Case::all().into_iter().take(2) {
        session.ask(&case.again(), ROOM).await?;
        session.work(&case).await?;
    }
    let kept = session.count()?;
    if session.phases().evict {
        session.evict(Some(kept / 2)).await?;
    }
    let made = session.calls().get(before..).unwrap_or_default();
    let fuel = made.iter().map(|call| call.fuel).max().unwrap_or(0);
    if kept as usize == own.len() {
        return Err(Stop::Failed(
            "its memories could not be multiplied".to_owned(),
        ));
    }
    Ok(Came::Right(format!(
        "{} calls are answered, the dearest for {}",
        made.len(),
        millions(fuel)
    )))
}

/// Another memory of the same kind: the plugin's own in everything, with a number in its texts and a vector nearby.
fn copy(row: &Row, number: usize, random: &mut ChaCha8Rng) -> (Write, Vec<Vec<f32>>) {
    let memory = row.memory.clone();
    let numbered = |text: &str| format!("{text} ({number})");
    let keys = memory.keys.iter().map(|key| Key {
        text: numbered(&key.text),
        ..key.clone()
    });
    let op = Op::Insert(NewMemory {
        content: numbered(&memory.content),
        keys: keys.collect(),
        kind: memory.kind,
        title: memory.title,
        labels: memory.labels,
        payload: memory.payload,
        counters: memory.counters,
        sources: memory.sources,
        expires: memory.expires,
    });
    let vectors = row.vectors.iter().map(|vector| {
        let moved = vector
            .iter()
            .map(|x| x + random.random_range(-SCATTER..SCATTER));
        moved.collect()
    });
    (Write::at_once(op), vectors.collect())
}
