//! Searches: what every slot scores, and the best of it, of one ranking or of several together.

use std::sync::Arc;

use memhost_contract::{Hit, Memory};

use super::super::fusion::{Fused, Sum};
use super::super::rank::best_slots;
use super::super::scored::Scored;
use super::{Predicate, StoreError, View, WorkingSet, is_wanted};

/// A field that BM25 ranks by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum LexicalField {
    Content,
    Title,
    Key(String),
}

/// What a search ranks by, with its text embedded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Query {
    /// Cosine with the keys of this name, or with all.
    Vector {
        vector: Vec<f32>,
        name: Option<String>,
    },
    /// BM25 over the texts of a field.
    Lexical { field: LexicalField, text: String },
}

/// Which hits a search wants.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub predicate: Predicate,
    pub limit: usize,
    pub least: Option<f64>,
}

impl Query {
    /// The field that must be indexed first.
    pub(crate) fn field(&self) -> Option<&LexicalField> {
        match self {
            Query::Vector { .. } => None,
            Query::Lexical { field, .. } => Some(field),
        }
    }
}

impl LexicalField {
    pub(crate) fn parse(name: &str) -> Result<Self, StoreError> {
        match name {
            "content" => Ok(LexicalField::Content),
            "title" => Ok(LexicalField::Title),
            _ => match name.strip_prefix("key.") {
                Some(key) => Ok(LexicalField::Key(key.to_owned())),
                None => Err(StoreError::Query(format!(
                    "`{name}` is no field that lexical search ranks by; those are content, title and key.<name>"
                ))),
            },
        }
    }

    pub(crate) fn texts<'a>(&'a self, memory: &'a Memory) -> impl Iterator<Item = &'a str> + 'a {
        let field = match self {
            LexicalField::Content => Some(memory.content.as_str()),
            LexicalField::Title => Some(memory.title.as_str()),
            LexicalField::Key(_) => None,
        };
        let keys = memory
            .keys
            .iter()
            .filter(move |key| matches!(self, LexicalField::Key(name) if *name == key.name));
        field.into_iter().chain(keys.map(|key| key.text.as_str()))
    }
}

impl WorkingSet {
    /// The best hits, best first; of equal ones, the older first.
    pub(crate) fn search(&self, query: &Query, wanted: &Wanted, view: &View) -> Vec<Hit> {
        let scored = self.scored(query);
        let hit = |(slot, score): (usize, f64)| {
            let memory = self.slots.get(slot)?.as_ref()?;
            let key = scored.key(slot).and_then(|key| memory.keys.get(key));
            Some(hit(memory, score, key.map_or("", |key| &key.name)))
        };
        let best = self.best(&scored, wanted, view);
        best.into_iter().filter_map(hit).collect()
    }

    /// The places of the best hits and their scores, in the order of [`WorkingSet::search`].
    pub(crate) fn ranked(&self, query: &Query, wanted: &Wanted, view: &View) -> Vec<(usize, f64)> {
        let best = self.best(&self.scored(query), wanted, view).into_iter();
        best.map(|(slot, score)| (self.places.of(slot), score))
            .collect()
    }

    /// The best hits of several rankings with their weights together.
    pub(crate) fn fuse(
        &self,
        shares: &[(Query, Wanted, f64)],
        limit: usize,
        view: &View,
    ) -> Vec<Hit> {
        let mut sum = Sum::new(self.slots.len());
        let mut rankings = Vec::new();
        for (query, wanted, weight) in shares {
            let scored = self.scored(query);
            let of_it = (wanted.limit, wanted.least);
            sum.add(scored.scores(), of_it, *weight, self.visible(wanted, view));
            rankings.push(scored);
        }
        let hit = |fused: Fused| {
            let memory = self.slots.get(fused.slot)?.as_ref()?;
            let key = rankings.get(fused.named_by)?.key(fused.slot);
            let key = key.and_then(|key| memory.keys.get(key));
            Some(hit(memory, fused.score, key.map_or("", |key| &key.name)))
        };
        sum.best(limit).into_iter().filter_map(hit).collect()
    }

    fn best(&self, scored: &Scored, wanted: &Wanted, view: &View) -> Vec<(usize, f64)> {
        let visible = self.visible(wanted, view);
        best_slots(scored.scores(), wanted.limit, wanted.least, visible)
    }

    /// Whether a search wants the memory in a slot.
    fn visible<'s>(&'s self, wanted: &'s Wanted, view: &'s View) -> impl Fn(usize) -> bool + 's {
        let any = wanted.predicate.is_empty() && self.shows_all(view);
        move |slot| match any {
            true => self.has_part(slot),
            false => {
                let memory = self.slots.get(slot).and_then(Option::as_ref);
                memory.is_some_and(|memory| is_wanted(memory, &wanted.predicate, view))
            }
        }
    }

    /// What every slot scores.
    fn scored(&self, query: &Query) -> Arc<Scored> {
        let slots = self.slots.len();
        self.recent.or_else(query, || match query {
            Query::Vector { vector, name } => {
                Scored::Keys(self.vectors.best(vector, name.as_deref(), slots))
            }
            Query::Lexical { field, text } => Scored::Texts(match self.lexical.get(field) {
                Some(index) => index.scores(text, slots),
                None => Vec::new(),
            }),
        })
    }

    /// What a text would score by itself; `None` before its field was ever searched.
    pub(crate) fn own_score(&self, field: &LexicalField, text: &str) -> Option<f64> {
        Some(self.lexical.get(field)?.own_score(text))
    }
}

fn hit(memory: &Memory, score: f64, key: &str) -> Hit {
    Hit {
        id: memory.id.clone(),
        score,
        key: key.to_owned(),
        counters: memory.counters,
    }
}
