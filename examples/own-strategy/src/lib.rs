#![doc = include_str!("../README.md")]

#[cfg(test)]
mod tests;

use memhost_sdk::{
    Attempt, Change, Count, Counter, Declared, Description, Distill, Evict, Fault, Feedback,
    Guidance, NewMemory, Number, Pressure, Query, Retrieve, Scan, Search, Settings, Strategy,
    Update, Verdict, best_first, experience, fetch, pack, store, surplus,
};

const K: Count = Count::new("k", 3, 1, 50, "How many cases are handed out.");
const STEP: Number = Number::new("step", 0.02, 0.0, 0.2, "How much trust an outcome moves.");

/// Candidates that are weighed against each other.
const CANDIDATES: u32 = 50;

// Trust decides between cases that are about as similar: with wide bounds the trusted crowd out the similar.

/// Bounds of a case's weight, and what a case of a failure starts with; one of a success starts with 1.
const LEAST_TRUST: f64 = 0.8;
const MOST_TRUST: f64 = 1.2;
const TRUST_IN_FAILURES: f64 = 0.95;

/// Similar tasks, those first that have helped before.
pub struct TrustWhatHelped;

impl Strategy for TrustWhatHelped {
    const PARAMETERS: &'static [&'static dyn Declared] = &[&K, &STEP];

    fn describe() -> Description {
        Description::new(
            "trust-what-helped",
            env!("CARGO_PKG_VERSION"),
            "Hands out similar tasks, those first that have helped before.",
        )
    }
}

impl Retrieve for TrustWhatHelped {
    fn retrieve(query: &Query, settings: &Settings) -> Result<Guidance, Fault> {
        let similar = Search::semantic("task", &query.task.text).limit(CANDIDATES);
        let hits = store::search_memories(&similar)?.into_iter();
        let trusted = hits.map(|hit| (hit.id, hit.score * hit.counters.weight));
        let ranked = best_first(trusted, settings.get(&K)?);
        Ok(pack(
            "This worked before:",
            fetch(ranked)?,
            query.token_budget,
        ))
    }
}

impl Distill for TrustWhatHelped {
    fn distill(attempts: &[Attempt], _: &Settings) -> Result<Vec<Change>, Fault> {
        let case = |attempt: &Attempt| {
            let trust = match attempt.outcome.verdict {
                Verdict::Failure => TRUST_IN_FAILURES,
                Verdict::Success | Verdict::Unknown => 1.0,
            };
            NewMemory::new("case", experience::text(attempt))
                .key("task", &attempt.task.text)
                .weight(trust)
                .learnt_from(&attempt.id)
        };
        Ok(attempts.iter().map(case).map(Change::insert).collect())
    }
}

impl Update for TrustWhatHelped {
    fn update(feedback: &[Feedback], settings: &Settings) -> Result<Vec<Change>, Fault> {
        let step = settings.get(&STEP)?;
        let mut changes = Vec::new();
        for Feedback { attempt, receipt } in feedback {
            let delta = match attempt.outcome.verdict {
                Verdict::Success => step,
                Verdict::Failure => -step,
                Verdict::Unknown => continue,
            };
            for used in &receipt.used {
                let id = used.memory.as_str();
                let trust = Counter::Weight;
                changes.push(Change::adjust_within(
                    id,
                    trust,
                    delta,
                    LEAST_TRUST,
                    MOST_TRUST,
                ));
            }
        }
        Ok(changes)
    }
}

impl Evict for TrustWhatHelped {
    fn evict(pressure: &Pressure, _: &Settings) -> Result<Vec<String>, Fault> {
        surplus(pressure, &Scan::by("weight"))
    }
}

memhost_sdk::export!(TrustWhatHelped: Retrieve, Distill, Update, Evict);
