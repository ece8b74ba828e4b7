#![doc = include_str!("../README.md")]

#[cfg(test)]
mod tests;

use memhost_sdk::experience::{self, UNIT};
use memhost_sdk::{
    Attempt, Change, Count, Declared, Description, Distill, Fault, Guidance, NewMemory, Query,
    Recalled, Retrieve, Scan, Settings, Strategy, pack, scan,
};

/// As many as the strategies of Evo-Memory hand out.
const K: Count = Count::new(
    "k",
    4,
    1,
    1000,
    "How many of the newest memories are handed out, if the token budget has room (Evo-Memory: 4).",
)
.by_ratios();

const HEADING: &str = "Recent experience:";

/// The newest k memories.
pub struct Recency;

impl Strategy for Recency {
    const PARAMETERS: &'static [&'static dyn Declared] = &[&K, &UNIT];

    fn describe() -> Description {
        Description::new(
            "recency",
            env!("CARGO_PKG_VERSION"),
            "Hands out the newest k experiences, whatever the task is.",
        )
        .source("ExpRecent in Evo-Memory (https://arxiv.org/abs/2511.20857)")
    }
}

impl Retrieve for Recency {
    fn retrieve(query: &Query, settings: &Settings) -> Result<Guidance, Fault> {
        let newest = scan(&Scan::newest_first().limit(settings.get(&K)?))?;
        let scores = (1..).map(|rank| 1.0 / f64::from(rank));
        let entries = newest.into_iter().zip(scores).map(Recalled::from);
        Ok(pack(HEADING, entries, query.token_budget))
    }
}

impl Distill for Recency {
    fn distill(attempts: &[Attempt], settings: &Settings) -> Result<Vec<Change>, Fault> {
        let unit = settings.get(&UNIT)?;
        let memories = attempts
            .iter()
            .flat_map(|attempt| experience::memories(attempt, unit));
        Ok(memories.map(without_keys).map(Change::insert).collect())
    }
}

/// Nothing is searched for here, so nothing need be embedded.
fn without_keys(memory: NewMemory) -> NewMemory {
    NewMemory {
        keys: Vec::new(),
        ..memory
    }
}

memhost_sdk::export!(Recency: Retrieve, Distill);
