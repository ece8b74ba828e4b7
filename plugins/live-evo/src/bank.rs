//! The two banks: what a memory of each says, and how it is found.

use std::collections::HashMap;

use memhost_sdk::{
    Condition, Fault, NewMemory, Recalled, Rerank, Search, Settings, Task, distinct, fetch, merge,
    store,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::material::{self, TASK_BYTES};
use crate::outcome::Known;
use crate::parameters::{FLOOR, K, MOST_WEIGHT, SIMILARITY_THRESHOLD};
use crate::query::{Matches, Written};

const EXPERIENCE: &str = "experience";
const META_GUIDELINE: &str = "meta-guideline";

/// The label that names the task that a memory comes from.
const TASK_LABEL: &str = "task";
/// The label that names the kind of task.
const CATEGORY_LABEL: &str = "category";

/// Paper, figure 4: where every curve starts.
const INITIAL_WEIGHT: f64 = 1.0;

/// What was learnt from a task that went badly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Experience {
    pub(crate) question: String,
    pub(crate) failure_reason: String,
    pub(crate) improvement: String,
    pub(crate) missed_information: String,
    pub(crate) category: String,
}

impl Experience {
    /// Without the question and the category.
    pub(crate) fn lesson(&self) -> String {
        let parts = [
            ("What went wrong", &self.failure_reason),
            ("What to do better", &self.improvement),
            ("What was missing", &self.missed_information),
        ];
        let told = parts.iter().filter(|(_, text)| !text.is_empty());
        told.map(|(what, text)| format!("{what}: {text}"))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// As a memory of the bank.
    pub(crate) fn remembered(&self, task: &Task) -> Result<NewMemory, Fault> {
        let said = [
            &self.failure_reason,
            &self.improvement,
            &self.missed_information,
        ];
        let memory = NewMemory::new(EXPERIENCE, self.lesson())
            .title(&self.category)
            .weight(INITIAL_WEIGHT)
            .label(CATEGORY_LABEL, &self.category);
        found_by(memory, task, &said.map(String::as_str), self)
    }
}

/// What was learnt about putting experiences together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct MetaGuideline {
    /// Why an earlier guideline misled.
    pub(crate) failure_reason: String,
    /// How to combine experiences better.
    pub(crate) synthesis_instruction: String,
}

impl MetaGuideline {
    /// As a memory of the bank.
    pub(crate) fn remembered(&self, task: &Task) -> Result<NewMemory, Fault> {
        let MetaGuideline {
            failure_reason,
            synthesis_instruction,
        } = self;
        let memory = NewMemory::new(META_GUIDELINE, synthesis_instruction.as_str());
        found_by(memory, task, &[failure_reason, synthesis_instruction], self)
    }
}

/// Found by the task's text and by what it says, which are two keys: a query is compared with one of them.
fn found_by(
    memory: NewMemory,
    task: &Task,
    said: &[&str],
    payload: &impl Serialize,
) -> Result<NewMemory, Fault> {
    let keys = [
        (Matches::Question, question(task).to_owned()),
        (Matches::Experience, said.join(" ").trim().to_owned()),
    ];
    let memory = memory.label(TASK_LABEL, &task.id).holding(payload)?;
    Ok(keys
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .fold(memory, |memory, (matches, text)| {
            memory.key(matches.key(), text)
        }))
}

/// A task's text as it is kept.
pub(crate) fn question(task: &Task) -> &str {
    material::cut(task.text.trim(), TASK_BYTES)
}

/// A memory that was read, and how well it matched.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found<T> {
    pub(crate) id: String,
    pub(crate) score: f64,
    pub(crate) says: T,
}

impl<T: DeserializeOwned> Found<T> {
    fn read(recalled: Recalled) -> Result<Self, Fault> {
        let Recalled { memory, score } = recalled;
        let says = memory.holds("a lesson")?;
        Ok(Self {
            id: memory.id,
            score,
            says,
        })
    }
}

/// What an experience must reach to be used, and how many may.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bar {
    k: u32,
    floor: f64,
    similarity: f64,
    most_weight: f64,
}

impl Bar {
    pub(crate) fn chosen(settings: &Settings) -> Result<Self, Fault> {
        Ok(Self {
            k: settings.get(&K)?,
            floor: settings.get(&FLOOR)?,
            similarity: settings.get(&SIMILARITY_THRESHOLD)?,
            most_weight: settings.get(&MOST_WEIGHT)?,
        })
    }

    /// Whether there is an experience that could pass: nothing is more similar than 1.
    pub(crate) fn is_in_reach(&self) -> Result<bool, Fault> {
        let heavy_enough = [
            Condition::eq("kind", EXPERIENCE),
            Condition::ge("weight", self.floor),
        ];
        Ok(store::count_memories(&heavy_enough)? > 0)
    }
}

/// The best experiences by weight x similarity, each by the query that suits it best. One on trial is among them in any
/// case: a new experience weighs less than those that have helped, which would else keep it from ever being tried.
pub(crate) fn experiences(
    queries: &[Written],
    bar: &Bar,
    candidate: Option<&str>,
) -> Result<Vec<Found<Experience>>, Fault> {
    let mut ranked = Vec::new();
    for query in queries {
        // Two classes, because the few that have gained weight would keep the bound for all others high.
        let as_new = Condition::le("weight", INITIAL_WEIGHT);
        let heavier = Condition::gt("weight", INITIAL_WEIGHT);
        ranked.extend(weighted(query, bar, as_new, INITIAL_WEIGHT)?);
        ranked.extend(weighted(query, bar, heavier, bar.most_weight)?);
    }
    let mut best = merge(ranked, bar.k);
    if let Some(id) = candidate
        && best.iter().all(|(one, _)| one != id)
        && let Some(candidate) = on_trial(id, queries)?
    {
        best.truncate(bar.k.saturating_sub(1) as usize);
        best.push(candidate);
    }
    fetch(best)?.into_iter().map(Found::read).collect()
}

/// An experience with its weight x similarity, whether or not that is enough.
fn on_trial(id: &str, queries: &[Written]) -> Result<Option<(String, f64)>, Fault> {
    let memories = store::get_memories(&[id.to_owned()])?;
    if memories.iter().all(|memory| memory.kind != EXPERIENCE) {
        return Ok(None);
    }
    let mut ranked = vec![(id.to_owned(), 0.0)];
    for query in queries {
        let search = Search::semantic(query.matches.key(), &query.text)
            .only(Condition::eq("id", id))
            .limit(1);
        let hits = store::search_memories(&search)?.into_iter();
        ranked.extend(hits.map(|hit| (hit.id, hit.score * hit.counters.weight)));
    }
    Ok(merge(ranked, 1).pop())
}

/// The best `k` for one query of a class in which nothing is heavier than `heaviest`.
fn weighted(
    query: &Written,
    bar: &Bar,
    class: Condition,
    heaviest: f64,
) -> Result<Vec<(String, f64)>, Fault> {
    Rerank {
        search: Search::semantic(query.matches.key(), &query.text)
            .only(Condition::eq("kind", EXPERIENCE))
            .only(class)
            .min_score(bar.similarity.max(bar.floor / heaviest)),
        most: bar.k,
        floor: bar.floor,
        score: &|hit| hit.score * hit.counters.weight,
        bound: &|similarity| similarity * heaviest,
    }
    .hits()
}

/// The meta-guideline that suits one of the queries best. It has no floor: there is at most one.
pub(crate) fn meta_guideline(queries: &[Written]) -> Result<Option<Found<MetaGuideline>>, Fault> {
    let mut ranked = Vec::new();
    for query in queries {
        let search = Search::semantic(query.matches.key(), &query.text)
            .only(Condition::eq("kind", META_GUIDELINE))
            .limit(1);
        let hits = store::search_memories(&search)?;
        ranked.extend(hits.into_iter().map(|hit| (hit.id, hit.score)));
    }
    let best = fetch(merge(ranked, 1))?;
    best.into_iter().next().map(Found::read).transpose()
}

/// The experiences that these outcomes are to be credited to, by id, as far as they are still there.
pub(crate) fn used(outcomes: &[Known<'_>]) -> Result<HashMap<String, Experience>, Fault> {
    let cited = distinct(outcomes.iter().flat_map(Known::cited)).into_iter();
    let ids: Vec<String> = cited.map(str::to_owned).collect();
    let memories = store::get_memories(&ids)?.into_iter();
    memories
        .filter(|memory| memory.kind == EXPERIENCE)
        .map(|memory| Ok((memory.id.clone(), memory.holds("a lesson")?)))
        .collect()
}
