//! The floors of lane C. They remember every attempt that they hear of, and cite it with a score in 0..=1, because the
//! reader believes a memory by the sixth power of its score.
//!
//! There is no floor that always sends the best agent: guidance cannot name an agent, it can only be evidence for one.
//! Counting successes, as the reader does when nothing is handed out (`none`), comes close to it.

use std::sync::Arc;

use memhost::strategy::Strategy;
use memhost_suite::Suite;

use super::oracle::Oracle;
use super::ordered::{Order, Scale, ordered};

/// In the order in which reports show them.
pub(super) fn floors(suite: &Suite) -> Vec<Arc<dyn Strategy>> {
    vec![
        ordered(
            "none",
            "Nothing at all: the reader counts each agent's successes.",
            Order::Silent,
        ),
        ordered("random", "Any attempts, by the run's seed.", Order::Random),
        ordered("recency", "The newest attempts.", Order::Newest),
        ordered(
            "bm25",
            "Attempts at tasks that share words with this one.",
            Order::Lexical(Scale::OfItself),
        ),
        ordered(
            "dense",
            "Attempts at tasks by cosine similarity with this one.",
            Order::Semantic,
        ),
        ordered(
            "oracle",
            "Successes of the agent that is best here, and failures of the others.",
            Order::Gold(Box::new(Oracle::new(suite))),
        ),
    ]
}
