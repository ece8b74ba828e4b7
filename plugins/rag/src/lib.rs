#![doc = include_str!("../README.md")]

#[cfg(test)]
mod tests;

use memhost_sdk::experience::{self, KEY, UNIT, found_by_sentences_too};
use memhost_sdk::{
    Attempt, Change, Choice, Count, Declared, Description, Distill, Fault, Flag, Fusion, Guidance,
    NewMemory, Query, Retrieve, Search, Settings, Strategy, fetch, pack, store,
};

const K: Count = Count::new(
    "k",
    4,
    1,
    1000,
    "How many similar memories are handed out, if the token budget has room (Evo-Memory: 4).",
)
.by_ratios();

const MODE: Choice<Mode> = Choice::new(
    "mode",
    &[
        ("dense", Mode::Dense),
        ("lexical", Mode::Lexical),
        ("hybrid", Mode::Hybrid),
    ],
    "What similar means: cosine of embeddings (Evo-Memory), BM25, or the sum of both, half and half.",
);

const SENTENCE_KEYS: Flag = Flag::new(
    "sentence-keys",
    true,
    "Whether a memory is found by each sentence of its text too, which embedders that average over words \
     need (Evo-Memory: false, with a transformer).",
);

/// Any of a memory's keys: the whole text, or a sentence of it.
const ANY_KEY: &str = "";

/// Candidates of each kind of search that hybrid mode looks at. Half and half beats both of its parts on LoCoMo, and
/// reciprocal rank fusion too, which throws the margins away.
const CANDIDATES: u32 = 1000;

const HEADING: &str = "Similar past experience:";

/// What similar means.
#[derive(Clone, Copy)]
enum Mode {
    Dense,
    Lexical,
    Hybrid,
}

/// Similar past experience.
pub struct Rag;

impl Strategy for Rag {
    const PARAMETERS: &'static [&'static dyn Declared] = &[&K, &MODE, &UNIT, &SENTENCE_KEYS];

    fn describe() -> Description {
        Description::new(
            "rag",
            env!("CARGO_PKG_VERSION"),
            "Hands out the k past experiences that are most similar to the task.",
        )
        .source("ExpRAG in Evo-Memory (https://arxiv.org/abs/2511.20857)")
    }
}

impl Retrieve for Rag {
    fn retrieve(query: &Query, settings: &Settings) -> Result<Guidance, Fault> {
        let k = settings.get(&K)?;
        let text = &query.task.text;
        let hits = match settings.get(&MODE)? {
            Mode::Dense => store::search_memories(&dense(text).limit(k))?,
            Mode::Lexical => store::search_memories(&lexical(text).limit(k))?,
            Mode::Hybrid => {
                let both = [dense(text), lexical(text)].map(|search| search.limit(CANDIDATES));
                store::fuse_memories(&Fusion::evenly(both).limit(k))?
            }
        };
        let ranked = hits.into_iter().map(|hit| (hit.id, hit.score));
        Ok(pack(HEADING, fetch(ranked)?, query.token_budget))
    }
}

impl Distill for Rag {
    fn distill(attempts: &[Attempt], settings: &Settings) -> Result<Vec<Change>, Fault> {
        let unit = settings.get(&UNIT)?;
        let found_by = match settings.get(&SENTENCE_KEYS)? {
            true => found_by_sentences_too,
            false => |memory: NewMemory| memory,
        };
        let memories = attempts
            .iter()
            .flat_map(|attempt| experience::memories(attempt, unit));
        Ok(memories.map(found_by).map(Change::insert).collect())
    }
}

fn dense(text: &str) -> Search {
    Search::semantic(ANY_KEY, text)
}

fn lexical(text: &str) -> Search {
    Search::lexical(&format!("key.{KEY}"), text)
}

memhost_sdk::export!(Rag: Retrieve, Distill);
