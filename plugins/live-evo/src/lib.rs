#![doc = include_str!("../README.md")]

mod bank;
mod compile;
mod credit;
mod learn;
mod material;
mod outcome;
mod parameters;
mod query;
mod receipt;
mod reflect;
mod summarize;
#[cfg(test)]
mod tests;

use memhost_sdk::{
    Change, Declared, Description, ExpectedCalls, Fault, Feedback, Guidance, Labels, Plan, Query,
    Retrieve, Settings, Strategy, Update,
};

use parameters::{
    BAD_CASES, BINARY_STEP, FLOOR, GUARD, K, LEAST_WEIGHT, MARGIN, MOST_WEIGHT, REFLECTIONS,
    SIMILARITY_THRESHOLD, TEMPERATURE,
};

/// Calls of a retrieval: one writes the queries, one compiles the guideline.
const CALLS_PER_RETRIEVAL: f32 = 2.0;

/// Of the outcomes, how many are expected not to be better than without memory.
const NO_GAIN: f32 = 0.5;

/// Learns from how its own guidance changed the outcome.
pub struct LiveEvo;

impl Strategy for LiveEvo {
    const PARAMETERS: &'static [&'static dyn Declared] = &[
        &K,
        &FLOOR,
        &SIMILARITY_THRESHOLD,
        &LEAST_WEIGHT,
        &MOST_WEIGHT,
        &BINARY_STEP,
        &GUARD,
        &REFLECTIONS,
        &BAD_CASES,
        &MARGIN,
        &TEMPERATURE,
    ];

    fn describe() -> Description {
        Description::new(
            "live-evo",
            env!("CARGO_PKG_VERSION"),
            "Weights its experiences by what they gained over a run without memory, and compiles them into a guideline.",
        )
        .source("Live-Evo (https://arxiv.org/abs/2602.02369)")
        .requires("llm")
        .degraded(
            "With the `extractive` model nothing is reasoned: queries are sentences of the task, all of one kind; \
             lessons are sentences of the attempt, or of the task where no steps are known; the guideline is \
             sentences of the experiences, which no one has checked for applicability. Ranking, weights and the \
             trial of new experiences are the paper's.",
        )
    }

    fn plan(settings: &Settings) -> Result<Plan, Fault> {
        #[expect(clippy::cast_possible_truncation, reason = "an estimate")]
        let distilled = settings.get(&BAD_CASES)? as f32;
        let calls = ExpectedCalls {
            candidates: distilled,
            ..ExpectedCalls::per(CALLS_PER_RETRIEVAL, 0.0, NO_GAIN + distilled)
        };
        Ok(Plan::streaming()
            .labels(Labels::Graded)
            .with_baseline()
            .calls(calls))
    }
}

impl Retrieve for LiveEvo {
    fn retrieve(query: &Query, settings: &Settings) -> Result<Guidance, Fault> {
        let bar = bank::Bar::chosen(settings)?;
        let asks = !query.task.text.trim().is_empty();
        let candidate = query.candidate.as_deref();
        if !asks || !compile::has_room(query.token_budget) {
            return Ok(Guidance::none());
        }
        if candidate.is_none() && !bar.is_in_reach()? {
            return Ok(Guidance::none());
        }
        let temperature = settings.get(&TEMPERATURE)?;
        let queries = query::write(&query.task, temperature)?;
        let experiences = bank::experiences(&queries, &bar, candidate)?;
        if experiences.is_empty() {
            return Ok(Guidance::none());
        }
        let meta = bank::meta_guideline(&queries)?;
        let points = compile::compile(&query.task, &experiences, meta.as_ref(), temperature)?;
        compile::guidance(&points, &experiences, meta.as_ref(), query.token_budget)
    }
}

impl Update for LiveEvo {
    fn update(feedback: &[Feedback], settings: &Settings) -> Result<Vec<Change>, Fault> {
        let outcomes = outcome::read(feedback)?;
        let used = bank::used(&outcomes)?;
        let mut changes = credit::weights(&outcomes, &used, settings)?;

        // One batch: what is reflected on is not acquired yet, and the model is asked of both at once.
        let mut lessons = reflect::reflect(&outcomes, &used, settings)?;
        lessons.extend(summarize::acquire(&outcomes, settings)?);
        changes.extend(learn::from(lessons)?);
        Ok(changes)
    }
}

memhost_sdk::export!(LiveEvo: Retrieve, Update);
