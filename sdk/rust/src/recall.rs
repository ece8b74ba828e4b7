//! Search, then fetch: hits are light, and only the memories that are handed out cross the boundary whole.

use std::collections::HashMap;

use crate::store;
use crate::types::{Fault, Memory, Scan, Search};

/// A memory, and how well it matched.
#[derive(Debug, Clone, PartialEq)]
pub struct Recalled {
    /// The memory.
    pub memory: Memory,
    /// The score that it was chosen by.
    pub score: f64,
}

impl From<(Memory, f64)> for Recalled {
    fn from((memory, score): (Memory, f64)) -> Self {
        Self { memory, score }
    }
}

/// The memories of a scan, in its order.
///
/// # Errors
/// See [`store::scan_memories`].
pub fn scan(scan: &Scan) -> Result<Vec<Memory>, Fault> {
    let rows = store::scan_memories(scan)?;
    Ok(rows.into_iter().map(|row| row.memory).collect())
}

/// The memories that a search finds, best first.
///
/// # Errors
/// See [`store::search_memories`].
pub fn recall(search: &Search) -> Result<Vec<Recalled>, Fault> {
    let hits = store::search_memories(search)?;
    fetch(hits.into_iter().map(|hit| (hit.id, hit.score)))
}

/// The memories with these ids and scores, in this order; those that do not exist are left out.
///
/// # Errors
/// See [`store::get_memories`].
pub fn fetch(ranked: impl IntoIterator<Item = (String, f64)>) -> Result<Vec<Recalled>, Fault> {
    let (ids, scores): (Vec<String>, Vec<f64>) = ranked.into_iter().unzip();
    let memories = store::get_memories(&ids)?;
    let scores: HashMap<String, f64> = ids.into_iter().zip(scores).collect();
    Ok(memories
        .into_iter()
        .filter_map(|memory| {
            let score = *scores.get(&memory.id)?;
            Some(Recalled { memory, score })
        })
        .collect())
}
