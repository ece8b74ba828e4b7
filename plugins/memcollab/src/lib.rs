#![doc = include_str!("../README.md")]

mod classify;
mod contrast;
mod summarise;
mod taxonomy;
#[cfg(test)]
mod tests;
mod tfidf;

use memhost_sdk::{
    Attempt, Change, Choice, Condition, Count, Declared, Description, Distill, ExpectedCalls,
    Fault, Guidance, Labels, NewMemory, Plan, Query, Recalled, Retrieve, Role, Scan, Search,
    Settings, Strategy, ask_both, best_first, distinct, pack, recall, scan,
};

use contrast::Contrast;
use taxonomy::{Bucket, DOMAIN, TAXONOMY, Taxonomy};

/// Paper: K = 3.
const K: Count = Count::new(
    "k",
    3,
    1,
    10,
    "How many constraints a task teaches at most (paper: 3).",
);

/// Paper: p = 3 is best on all of its benchmarks, and more is worse.
const P: Count = Count::new(
    "p",
    3,
    1,
    100,
    "How many constraints are handed out, if the token budget has room (paper: 3).",
)
.by_ratios();

const VERSION: Choice<Version> = Choice::new(
    "version",
    &[("v1", Version::First), ("v2", Version::Second)],
    "The paper's version: `v1` ranks the constraints of a task's kind by TF-IDF; `v2` by embedding, and only those \
     that were learnt from runs of the agent's own model too.",
);

/// The papers' temperatures are not known. Neither classifying nor contrasting is helped by chance.
const TEMPERATURE: f32 = 0.0;

/// A task is contrasted and classified once; per attempt, with the two agents of the paper's first version, that is
/// one call, and less with more agents.
const CALLS_PER_ATTEMPT: f32 = 1.0;
/// The query is classified.
const CALLS_PER_RETRIEVAL: f32 = 1.0;

/// The kind of every memory, and the key that it is found by in version 2: its own text.
const CONSTRAINT: &str = "constraint";
/// Labels of a memory. Of the last, one per model that took part in its making.
const CATEGORY: &str = "category";
const SUBCATEGORY: &str = "subcategory";
const MODEL: &str = "model";

const USE: &str = include_str!("../prompts/use.md");

/// Which version of the paper's retrieval.
#[derive(Clone, Copy)]
enum Version {
    First,
    Second,
}

/// Constraints learnt by holding the runs of different agents against each other.
pub struct MemCollab;

impl Strategy for MemCollab {
    const PARAMETERS: &'static [&'static dyn Declared] = &[&K, &P, &VERSION, &DOMAIN, &TAXONOMY];

    fn describe() -> Description {
        Description::new(
            "memcollab",
            env!("CARGO_PKG_VERSION"),
            "Learns constraints by contrasting runs of different agents, and hands out those of the task's kind.",
        )
        .source("MemCollab (https://arxiv.org/abs/2603.23234)")
        .requires("llm")
        .degraded(
            "With the `extractive` model nothing is contrasted or classified: a constraint is three sentences of the \
             runs, and a task's kind is whichever the taxonomy names that its text says most often. Only the \
             preference, the gate and the ranking are then the paper's.",
        )
    }

    fn plan(settings: &Settings) -> Result<Plan, Fault> {
        Taxonomy::chosen(settings)?;
        let calls = ExpectedCalls::per(CALLS_PER_RETRIEVAL, CALLS_PER_ATTEMPT, 0.0);
        Ok(Plan::build_then_freeze()
            .labels(Labels::Verified)
            .with_all_agents()
            .calls(calls))
    }
}

impl Distill for MemCollab {
    fn distill(attempts: &[Attempt], settings: &Settings) -> Result<Vec<Change>, Fault> {
        let Some(contrast) = Contrast::of(attempts) else {
            return Ok(Vec::new());
        };
        let task = &contrast.preferred.task;
        let taxonomy = Taxonomy::of(task, settings)?;
        let most = settings.get(&K)? as usize;
        let summary = summarise::question(&contrast, most);
        let class = classify::question(Role::Strongest, &task.text, &taxonomy);
        let (constraints, bucket) = ask_both(summary, class);
        let (constraints, bucket) = (constraints?, bucket?);
        let learnt = constraints.iter();
        Ok(learnt
            .map(|constraint| Change::insert(memory(constraint, &bucket, &contrast)))
            .collect())
    }
}

impl Retrieve for MemCollab {
    fn retrieve(query: &Query, settings: &Settings) -> Result<Guidance, Fault> {
        let task = &query.task;
        let taxonomy = Taxonomy::of(task, settings)?;
        // The one who is to understand the constraints says what kind of task it is: the agent's own model.
        let bucket = classify::question(Role::Agent, &task.text, &taxonomy).ask()?;
        let p = settings.get(&P)?;
        let found = match settings.get(&VERSION)? {
            Version::First => by_words(&task.text, &bucket, p)?,
            Version::Second => by_meaning(&task.text, &bucket, &query.agent.model, p)?,
        };
        Ok(pack(USE.trim_end(), found, query.token_budget))
    }
}

/// The constraint with what the gates ask for, learnt from all runs that were contrasted.
fn memory(constraint: &str, bucket: &Bucket, contrast: &Contrast) -> NewMemory {
    let memory = NewMemory::new(CONSTRAINT, constraint)
        .key(CONSTRAINT, constraint)
        .label(CATEGORY, &bucket.category)
        .label(SUBCATEGORY, &bucket.subcategory)
        .learnt_from_all(contrast.runs().map(|run| &run.id));
    let models = distinct(contrast.runs().map(|run| run.agent.model.as_str())).into_iter();
    models.fold(memory, |memory, model| memory.label(MODEL, model))
}

/// The p constraints of the bucket that are most similar to the task by TF-IDF, the older first where they are equally
/// similar.
fn by_words(task: &str, bucket: &Bucket, p: u32) -> Result<Vec<Recalled>, Fault> {
    let [category, subcategory] = gate(bucket);
    let memories = scan(&Scan::oldest_first().only(category).only(subcategory))?;
    let texts: Vec<&str> = memories.iter().map(|one| one.content.as_str()).collect();
    let scores = tfidf::similarities(task, &texts);
    let ranked = best_first(memories.into_iter().zip(scores), p).into_iter();
    Ok(ranked.map(Recalled::from).collect())
}

/// The p constraints of the bucket that are nearest to the task by embedding, of those in whose making this model
/// took part.
fn by_meaning(task: &str, bucket: &Bucket, model: &str, p: u32) -> Result<Vec<Recalled>, Fault> {
    let [category, subcategory] = gate(bucket);
    let nearest = Search::semantic(CONSTRAINT, task)
        .only(category)
        .only(subcategory)
        .only(Condition::labelled(MODEL, model))
        .limit(p);
    recall(&nearest)
}

/// Both must be met, however similar a constraint is. Where nothing meets them, nothing is handed out.
fn gate(bucket: &Bucket) -> [Condition; 2] {
    [
        Condition::labelled(CATEGORY, &*bucket.category),
        Condition::labelled(SUBCATEGORY, &*bucket.subcategory),
    ]
}

memhost_sdk::export!(MemCollab: Retrieve, Distill);
