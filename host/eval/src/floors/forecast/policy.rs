//! Ways to choose memories. A policy's forecast is what the reader makes of its choice.

use std::collections::HashMap;

use memhost::capability::CallContext;
use memhost::contract::{Fault, Filter, Hit, Probe, Ranking, Search};
use memhost_suite::reader::OTHER_HORIZON;

use super::past::{Asked, Past, key_field, newest};

/// How many memories a policy cites at most.
pub(super) const MOST: u32 = 20;

/// A way to choose memories for a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Policy {
    /// By the words that they share with it.
    Lexical,
    /// By cosine similarity with it.
    Semantic,
    /// The same question.
    Series,
}

impl Policy {
    /// Best first: a hit at another horizon counts less already in the ranking.
    pub(super) async fn choose(
        self,
        context: &CallContext,
        asked: &Asked,
    ) -> Result<Vec<Past>, Fault> {
        let text = asked.text.clone();
        let ranking = match self {
            Policy::Lexical => Ranking::Lexical(Probe {
                text,
                field: key_field(),
            }),
            Policy::Semantic => Ranking::Semantic(Probe {
                text,
                field: String::new(),
            }),
            Policy::Series => return of_series(context, asked),
        };
        let same = search(context, &ranking, asked.at_horizon(true)).await?;
        let others = search(context, &ranking, asked.at_horizon(false)).await?;
        let others = others
            .into_iter()
            .map(|hit| (hit.score * OTHER_HORIZON, hit));
        let mut hits: Vec<(f64, Hit)> = same.into_iter().map(|hit| (hit.score, hit)).collect();
        hits.extend(others);
        // Stable: of equal ones, first those of the same horizon, then the older.
        hits.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        hits.truncate(MOST as usize);
        cited(context, hits.into_iter().map(|(_, hit)| hit))
    }
}

async fn search(
    context: &CallContext,
    ranking: &Ranking,
    filter: Filter,
) -> Result<Vec<Hit>, Fault> {
    let search = Search {
        ranking: ranking.clone(),
        filter,
        limit: MOST,
        min_score: None,
    };
    Ok(context.memories()?.search(&search, &context.view).await?)
}

/// The memories of these hits, in their order, with their raw scores.
fn cited(context: &CallContext, hits: impl Iterator<Item = Hit>) -> Result<Vec<Past>, Fault> {
    let (ids, scores): (Vec<String>, HashMap<String, f64>) = hits
        .map(|hit| (hit.id.clone(), (hit.id, hit.score)))
        .unzip();
    let memories = context.memories()?.get(&ids, &context.view);
    Ok(memories
        .into_iter()
        .map(|memory| {
            let score = scores.get(&memory.id).copied().unwrap_or_default();
            Past::of(memory, score)
        })
        .collect())
}

fn of_series(context: &CallContext, asked: &Asked) -> Result<Vec<Past>, Fault> {
    Ok(nearest(
        asked,
        newest(context, asked.of_series(), u32::MAX)?,
    ))
}

/// As many as are cited: those of the same horizon first, else in their order.
fn nearest(asked: &Asked, mut past: Vec<Past>) -> Vec<Past> {
    past.sort_by_key(|past| !past.is_at(asked));
    past.truncate(MOST as usize);
    past
}
