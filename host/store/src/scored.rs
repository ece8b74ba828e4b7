//! Scores of the latest queries: a question that is asked once per budget is scored once.

use std::sync::{Arc, Mutex, PoisonError};

use super::vectors::Best;
use super::working_set::Query;

/// How many queries are remembered: strategies that fuse two rankings ask both again and again.
const KEPT: usize = 2;

/// What every slot scores for a query, `NEG_INFINITY` where it is no hit.
#[derive(Debug)]
pub(crate) enum Scored {
    /// By the best key of each.
    Keys(Vec<Best>),
    /// By a field's text.
    Texts(Vec<f64>),
}

impl Scored {
    /// One per slot.
    pub(crate) fn scores(&self) -> impl Iterator<Item = f64> + '_ {
        let (keys, texts) = match self {
            Scored::Keys(keys) => (keys.as_slice(), [].as_slice()),
            Scored::Texts(texts) => ([].as_slice(), texts.as_slice()),
        };
        let of_keys = keys.iter().map(|best| best.score);
        of_keys.chain(texts.iter().copied())
    }

    /// Which of a slot's keys matched best, where keys were searched.
    pub(crate) fn key(&self, slot: usize) -> Option<usize> {
        match self {
            Scored::Keys(keys) => keys.get(slot).map(|best| best.position as usize),
            Scored::Texts(_) => None,
        }
    }
}

/// Scores that hold as long as nothing is written.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<Vec<(Query, Arc<Scored>)>>);

impl Recent {
    /// What is remembered of a query, or else what it comes to.
    pub(crate) fn or_else(&self, query: &Query, score: impl FnOnce() -> Scored) -> Arc<Scored> {
        // A panic elsewhere leaves whole entries behind, or none.
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, scored)) = lock().iter().find(|(known, _)| known == query) {
            return scored.clone();
        }
        let scored = Arc::new(score());
        let mut known = lock();
        if known.len() >= KEPT {
            known.remove(0);
        }
        known.push((query.clone(), scored.clone()));
        scored
    }

    /// Something was written.
    pub(crate) fn forget(&mut self) {
        let known = self.0.get_mut();
        known.unwrap_or_else(PoisonError::into_inner).clear();
    }
}
