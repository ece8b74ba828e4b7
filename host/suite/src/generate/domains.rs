//! Lane `domains`, made: the three sites of lane B in one stream, and every task may draw on the other two only.
//!
//! Tasks belong to families as there: what is done, with which object. What is done is done alike everywhere (an export
//! is filtered, then exported), and goes as well; the objects, and the ways to them, are each site's own. So what can be
//! known of a task from other sites are the steps that its procedure shares with theirs. What makes it hard: sites word
//! the same thing in different ways.

use super::super::pool::Pool;
use super::super::{Lane, Question, Suite};
use super::streams;
use super::transfer::{Making, sites::SITES, stream};

/// As `memhost suite list` says it.
pub const SUMMARY: &str =
    "Generated (domains): web tasks of three sites, each with nothing but the other two to draw on";

/// How often each site words a request the other way.
const REWORDED: [f64; 3] = [0.0, 0.5, 1.0];
/// Of each site.
const MAKING: Making = Making {
    families: 12,
    tasks: 4,
    poisoned: 4,
    reworded: 0.5,
    chance_of_verb: true,
    question: |family, _| Question::Tools {
        tools: family.tools(),
    },
};

/// The suite of a seed.
pub fn suite(seed: u64) -> Suite {
    let sites = SITES.iter().zip(REWORDED);
    let suite = Suite {
        name: "domains".into(),
        lane: Lane::Transfer,
        summary: SUMMARY.into(),
        left_out: Vec::new(),
        streams: streams(seed, sites, |(site, reworded), bits| {
            stream(site, &Making { reworded, ..MAKING }, bits)
        }),
        budgets: vec![256, 1024],
        primary: "ndcg@5".into(),
    };
    suite.pooled(Pool::CrossDomain).0
}
