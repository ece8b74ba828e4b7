//! Suites: tasks, recorded attempts and what a right answer looks like, from data sets and generators.
//!
//! A suite is data. What reads guidance and gives a score is its *frozen reader* ([`Reader`]), the same for
//! every strategy; what anybody must beat are its the floors ([`memhost_eval::floors`]). Suites come from three places:
//!
//! | name | made by |
//! |---|---|
//! | `evidence`, `transfer` | the [`generate`] module, seeded and always at hand |
//! | `<format>:<path>` | the [`import`] module, from files as their authors publish them |
//! | `<file>.jsonl` | anybody, in the format that [`jsonl`] documents |
//!
//! With `NAME=` before it, a suite takes part under a name of one's own.

use std::collections::BTreeMap;

use memhost_contract::{Attempt, Task};

mod checker;
mod error;
mod files;
pub mod generate;
pub mod import;
mod json;
pub mod jsonl;
mod load;
pub(crate) mod metric;
mod problems;
pub(crate) mod reader;
pub(crate) mod recorded;
pub(crate) mod said;
mod source;
mod spec;
mod success;
mod summary;
pub(crate) mod text;

pub use checker::Check;
pub(crate) use checker::{Apart, apart};
pub use error::SuiteError;
pub use load::{Format, builtin, formats};
pub use metric::{aggregate, is_hidden, is_per_question, is_solved, lower_is_better, why_left_out};
pub use problems::{Problem, Severity, check};
pub(crate) use reader::attempt_of;
pub use reader::{Act, Cited, Learnt, Reader, Reading, Record, Visible};
pub use spec::split;
pub use summary::{StreamSummary, SuiteSummary};

/// What a suite tests. No score is ever averaged over lanes.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Lane {
    /// A. Does the guidance contain what the question needs?
    Evidence,
    /// B. Is what comes back about the same kind of task?
    Transfer,
    /// C. Does experience tell which agent to send?
    Routing,
    /// D. Is memory worth anything when the world drifts and feedback is late?
    Forecast,
    /// E. Several hidden problems in one task, their number unknown.
    Discovery,
    /// F. Recorded attempts over several trials: learning curves, and nothing that a frozen reader could ask.
    Attempts,
}

impl Lane {
    /// The letter that reports call it by.
    pub fn letter(self) -> char {
        match self {
            Lane::Evidence => 'A',
            Lane::Transfer => 'B',
            Lane::Routing => 'C',
            Lane::Forecast => 'D',
            Lane::Discovery => 'E',
            Lane::Attempts => 'F',
        }
    }

    /// The name that suites call it by.
    pub fn name(self) -> &'static str {
        match self {
            Lane::Evidence => "evidence",
            Lane::Transfer => "transfer",
            Lane::Routing => "routing",
            Lane::Forecast => "forecast",
            Lane::Discovery => "discovery",
            Lane::Attempts => "attempts",
        }
    }
}

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

/// An independent history, from an empty memory to its last question.
#[derive(Debug, Clone, PartialEq)]
pub struct Stream {
    /// Unique within the suite.
    pub name: String,
    /// One after the other.
    pub stages: Vec<Stage>,
}

/// A part of a stream whose order means something as a whole.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stage {
    /// Whether a run shuffles its episodes by its seed.
    pub shuffled: bool,
    /// Whether all its questions are asked before anything of it is learnt: a week of forecasts.
    pub batched: bool,
    /// Whether its questions are asked, and their outcomes heard of, but not scored.
    pub warm_up: bool,
    /// Whether the world has changed when it begins, so that what was learnt before may mislead. How long a strategy
    /// takes to recover is counted from its first question.
    pub changed: bool,
    /// In the order of the data.
    pub episodes: Vec<Episode>,
}

impl Stage {
    /// These episodes in the order of the data, whatever the seed.
    pub fn in_order(episodes: Vec<Episode>) -> Stage {
        Stage {
            episodes,
            ..Stage::default()
        }
    }

    /// These episodes in an order that each run's seed decides.
    pub fn shuffled(episodes: Vec<Episode>) -> Stage {
        Stage {
            shuffled: true,
            ..Stage::in_order(episodes)
        }
    }
}

/// One task: first what is asked of the guidance, then what is learnt from its attempts.
#[derive(Debug, Clone, PartialEq)]
pub struct Episode {
    /// The task, as strategies see it.
    pub task: Task,
    /// What the reader looks for in the guidance; `None` if the episode is only learnt from.
    pub question: Option<Question>,
    /// Recorded runs of the task, handed to `distill` together, after the question.
    pub attempts: Vec<Attempt>,
    /// Attempts of other tasks that this one's retrieval may not draw on. Its own never may.
    pub withheld: Vec<String>,
    /// Tasks of one group are not independent: the statistics resample groups.
    pub group: String,
    /// When it is asked, and when its outcome is known.
    pub timing: Timing,
    /// How an answer that a language model gives is scored; `None`: as [`Episode::check`] follows from the question.
    pub check: Option<Check>,
}

/// When an episode takes place, in milliseconds since 1970 of the data's own time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Timing {
    /// When it is asked. `None`: one minute after the episode before.
    pub asked: Option<f64>,
    /// From when its outcome may be heard of. `None`: at once, or at the end of its batch.
    pub known: Option<f64>,
}

/// What a right answer looks like. Strategies never see it.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// Lane A.
    Evidence {
        /// Any of these in the guidance counts. Empty: the answer cannot be checked, only the ranking.
        answers: Vec<String>,
        /// How an answer is looked for.
        matching: Matching,
        /// Where the answer stands: `<attempt>#<step>`. Empty: unknown.
        gold: Vec<String>,
    },
    /// Lane B, tasks made from templates: which other attempts are of the same kind.
    Kind {
        /// The kind of this task.
        kind: String,
    },
    /// Lane B, tasks with a gold set of tool calls.
    Tools {
        /// Names of the tools, without repeats.
        tools: Vec<String>,
    },
    /// Lane C: which of the agents that have recorded attempts in this episode is sent?
    Route {
        /// What each agent scores on this task on average, in 0..=1, by agent id. The true regret follows from it.
        values: BTreeMap<String, f64>,
    },
    /// Lane D: how probable is it?
    Forecast {
        /// Whether it came true.
        happened: bool,
        /// Series whose questions resemble each other: `yfinance`, `wikipedia`. With the horizon it gives the base rate.
        source: String,
        /// How far ahead, in days, as a class: `7`, `30`, `90`, `180`.
        horizon: String,
        /// What a market says, where there is one: then forecasts start from it, and not from a base rate.
        market: Option<f64>,
    },
    /// Lane E: which problems do the task's documents hide?
    Discover {
        /// What is hidden. Strategies do not know how many.
        problems: Vec<HiddenProblem>,
        /// The most findings that may be reported.
        reports: u32,
    },
}

/// A problem to be found: its class in this place counts once, however often it occurs there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HiddenProblem {
    /// Its class: `needless_return`.
    pub problem: String,
    /// Where it is to be reported: the label `file` of the documents that show it.
    pub place: String,
    /// Ids of the documents that show it.
    pub evidence: Vec<String>,
}

/// How an accepted answer is looked for in a text. Case and punctuation never matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Matching {
    /// Its words stand there one after the other: for short answers, such as a name or a number.
    #[default]
    Phrase,
    /// All its words but stop words stand there somewhere: for answers in somebody's own words.
    Words,
}

/// What a reader knows of a recorded attempt that strategies do not.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AttemptFacts {
    /// The kind of its task, for [`Question::Kind`].
    pub kind: Option<String>,
    /// Graded success in 0..=1, where it is known.
    pub success: Option<f64>,
    /// The tools of its task, for [`Question::Tools`].
    pub tools: Vec<String>,
    /// Who made it, for [`Question::Route`].
    pub agent: String,
    /// What its task asked of the future, for [`Question::Forecast`].
    pub forecast: Option<Resolution>,
}

/// How a question about the future was resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolution {
    /// As in [`Question::Forecast`].
    pub source: String,
    /// As in [`Question::Forecast`].
    pub horizon: String,
    /// As in [`Question::Forecast`].
    pub market: Option<f64>,
    /// Whether it came true.
    pub happened: bool,
}

/// Metric → value for one task. A metric that does not apply is absent.
pub type Scores = BTreeMap<String, f64>;

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

impl Stream {
    /// Every episode, in the order of the data.
    pub fn episodes(&self) -> impl Iterator<Item = &Episode> {
        self.stages.iter().flat_map(|stage| &stage.episodes)
    }
}
