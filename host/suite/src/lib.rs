//! Suites: tasks, recorded attempts and what a right answer looks like, from data sets and generators.
//!
//! A suite is data. What reads guidance and gives a score is its *frozen reader* ([`Reader`]), the same for
//! every strategy; what anybody must beat are the floors (`floors` of the crate `memhost-eval`). Suites come from three places:
//!
//! | name | made by |
//! |---|---|
//! | `evidence`, `transfer`, … | the [`generate`] module, seeded and always at hand |
//! | `<format>:<path>` | the [`import`] module, from files as their authors publish them |
//! | `<file>.jsonl` | anybody, in the format that [`jsonl`] documents |
//!
//! With `NAME=` before it, a suite takes part under a name of one's own.

mod advice;
mod catalogue;
mod checker;
mod episode;
mod error;
mod facts;
mod files;
pub mod generate;
pub mod import;
mod json;
pub mod jsonl;
mod lane;
mod load;
mod metric;
mod pool;
mod problems;
mod question;
pub mod reader;
pub mod recorded;
pub mod said;
mod source;
mod spec;
mod success;
mod summary;
pub mod text;

use memhost_contract::Attempt;

pub use advice::{Advice, Topic};
pub use catalogue::{Format, builtin, formats};
pub use checker::AnswerCheck;
pub use checker::{Apart, apart};
pub use episode::{Episode, Stage, Stream, Timing};
pub use error::SuiteError;
pub use facts::{AttemptFacts, Resolution};
pub use lane::Lane;
pub use metric::{
    AFTER_RETRIES, BEST_OF_N, SCORE, Scores, aggregate, is_per_question, is_solved,
    lower_is_better, mean, why_left_out,
};
pub use pool::Pool;
pub use problems::{Diagnostic, Severity, check};
pub use question::{HiddenProblem, Matching, Question, Slot};
pub use reader::{Act, Cited, KnownOutcomes, LearntAttempts, Reader, Reading, Visible};
pub use spec::split;
pub use success::success;
pub use summary::{StreamSummary, SuiteSummary};

/// A set of work on which strategies are compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Suite {
    /// Lower case with hyphens: `bfcl-memory`, `evidence`.
    pub name: String,
    /// What it tests.
    pub lane: Lane,
    /// One sentence: what it is and where it comes from.
    pub summary: String,
    /// What its source holds and it does not, each with how much and why: `10 questions of 2031-03-02-llm.json: no
    /// outcomes yet`. Every report says so.
    pub left_out: Vec<String>,
    /// Independent histories: each has a namespace of its own (a scenario of BFCL, a site of WebArena).
    pub streams: Vec<Stream>,
    /// A question is asked once per budget, in tokens, ascending. Rankings are read off the receipt of the
    /// last, so that it can be generous.
    pub budgets: Vec<u32>,
    /// The metric that the suite is reported by: `answer@256`, `hit@1`.
    pub primary: String,
}

impl Suite {
    /// Every episode with its stream, in the order of the data.
    pub fn episodes(&self) -> impl Iterator<Item = (&Stream, &Episode)> {
        self.streams
            .iter()
            .flat_map(|stream| stream.episodes().map(move |episode| (stream, episode)))
    }

    /// Every recorded attempt, in the order of the data.
    pub fn attempts(&self) -> impl Iterator<Item = &Attempt> {
        self.episodes().flat_map(|(_, episode)| &episode.attempts)
    }

    /// Every question with the episode that asks it.
    pub fn questions(&self) -> impl Iterator<Item = (&Episode, &Question)> {
        self.episodes()
            .filter_map(|(_, episode)| Some((episode, episode.question.as_ref()?)))
    }
}
