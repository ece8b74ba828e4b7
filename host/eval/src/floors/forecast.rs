//! The floors of lane D. All of them but `none` remember how each question was resolved, and cite up to twenty such
//! memories; a memory that was asked about at another horizon counts for less, as it does to the reader. Questions with
//! a market are answered from other questions with one, all others from those without.
//!
//! - `none`: nothing at all, so that the reader says its base rate.
//! - `random`, `recency`, `bm25`, `dense`: as everywhere.
//! - `same-series`: what became of the very same question before.
//! - `feedback`: all of these by how well each has forecast so far; see [`feedback`].
//! - `oracle`: memories that ended as this question will.

mod feedback;
mod past;
mod policy;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use memhost::capability::CallContext;
use memhost::contract::{
    Attempt, Change, Comparison, Fault, Feedback, Guidance, Memory, Op, Query,
};
use memhost::strategy::Strategy;
use memhost_suite::{Question, Suite};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::floor::{Floor, floor};
use super::packing::Packing;

use past::{Asked, Past, Resolved, number, remember};
use policy::{MOST, Policy};

/// In the order in which reports show them.
pub(super) fn floors(suite: &Suite) -> Vec<Arc<dyn Strategy>> {
    let floor = |name, summary, way| floor(name, summary, Forecaster(way));
    let known = suite
        .questions()
        .filter_map(|(episode, question)| match question {
            Question::Forecast { happened, .. } => Some((episode.task.id.clone(), *happened)),
            _ => None,
        });
    vec![
        floor("none", "The reader's base rate alone.", Way::Silent),
        floor("random", "Any questions, by the run's seed.", Way::Random),
        floor(
            "recency",
            "The questions that were resolved last.",
            Way::Newest,
        ),
        floor(
            "bm25",
            "Questions by the words they share with this one.",
            Way::By(Policy::Lexical),
        ),
        floor(
            "dense",
            "Questions by cosine similarity with this one.",
            Way::By(Policy::Semantic),
        ),
        floor(
            "same-series",
            "The same question, as it was resolved before.",
            Way::By(Policy::Series),
        ),
        floor(
            "feedback",
            "All of these, each weighted by how well it has forecast so far.",
            Way::Feedback,
        ),
        floor(
            "oracle",
            "Questions that ended as this one will.",
            Way::Gold(known.collect()),
        ),
    ]
}

/// A floor that chooses what to cite in this way.
struct Forecaster(Way);

/// How it chooses what to cite.
enum Way {
    Silent,
    Random,
    Newest,
    By(Policy),
    Feedback,
    /// Whether each task's question comes true.
    Gold(HashMap<String, bool>),
}

#[async_trait]
impl Floor for Forecaster {
    fn distills(&self) -> bool {
        !matches!(self.0, Way::Silent)
    }

    fn updates(&self) -> bool {
        matches!(self.0, Way::Feedback)
    }

    fn distill(&self, context: &CallContext, attempts: &[Attempt]) -> Vec<Change> {
        let mut bits = ChaCha8Rng::seed_from_u64(context.run.seed);
        let memories = attempts.iter().filter_map(|attempt| {
            let lot = bits.random();
            Some(Change::at_once(Op::Insert(remember(attempt, lot)?)))
        });
        memories.collect()
    }

    fn update(&self, context: &CallContext, feedback: &[Feedback]) -> Result<Vec<Change>, Fault> {
        let notebook = feedback::learn(context, feedback)?;
        Ok(vec![Change::at_once(Op::Save(notebook))])
    }

    async fn retrieve(&self, context: &CallContext, query: &Query) -> Result<Guidance, Fault> {
        let asked = Asked::of(&query.task);
        let past = match &self.0 {
            Way::Silent => Vec::new(),
            Way::Random => any(context, &asked)?,
            Way::Newest => past::newest(context, asked.comparable(), MOST)?,
            Way::By(policy) => policy.choose(context, &asked).await?,
            Way::Feedback => return feedback::guidance(context, &asked).await,
            Way::Gold(known) => match known.get(&query.task.id) {
                Some(&happens) => ending_alike(context, &asked, happens)?,
                None => Vec::new(),
            },
        };
        Ok(packed(past, query.token_budget))
    }
}

/// As many of these as fit.
fn packed(past: Vec<Past>, budget: u32) -> Guidance {
    let mut packing = Packing::new(budget);
    for past in past {
        packing.offer(&past.id, past.score, past.text);
        if packing.is_full() {
            break;
        }
    }
    packing.finish()
}

/// Some memories, each as probable as any other. Each drew a lot in 0..1 when it was made: those in a narrow window
/// are taken.
fn any(context: &CallContext, asked: &Asked) -> Result<Vec<Past>, Fault> {
    let all = context
        .memories()?
        .count(&asked.comparable(), &context.view)?;
    let width = (2.0 * f64::from(MOST) / f64::from(all.max(1))).min(1.0);
    let mut bits = ChaCha8Rng::seed_from_u64(context.run.seed);
    let start = bits.random_range(0.0..=1.0 - width);
    let mut filter = asked.comparable();
    filter.push(number("strength", Comparison::Ge, start));
    filter.push(number("strength", Comparison::Lt, start + width));
    let mut some = past::newest(context, filter, u32::MAX)?;
    some.shuffle(&mut bits);
    some.truncate(MOST as usize);
    Ok(some)
}

/// Memories that pull the reader to where it should be: those of the same horizon first, and of them those that do so
/// most.
fn ending_alike(context: &CallContext, asked: &Asked, happens: bool) -> Result<Vec<Past>, Fault> {
    let memories = context.memories()?;
    Ok(memories.look(&context.view, |look| {
        let mut alike: Vec<(bool, f64, &Memory)> = past::of_all(look, asked.has_market)
            .map(|memory| (Resolved::of(memory), memory))
            .filter(|(past, _)| past.happened == happens)
            .map(|(past, memory)| (past.horizon != asked.horizon, past.surprise().abs(), memory))
            .collect();
        // Stable: of equals, the newest stays first.
        alike.sort_by(|one, other| one.0.cmp(&other.0).then(other.1.total_cmp(&one.1)));
        alike.truncate(MOST as usize);
        let alike = alike.into_iter();
        alike
            .map(|(_, _, memory)| Past::of(memory.clone(), 1.0))
            .collect()
    }))
}
