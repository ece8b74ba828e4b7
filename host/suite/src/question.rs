//! Questions: what a right answer looks like, lane by lane.

use std::collections::BTreeMap;

use memhost_contract::{Source, Step};

/// The most tries of a task of lane `retry`: each has a metric of its own.
pub(crate) const MOST_TRIES: u32 = 100;

/// What a right answer looks like. Strategies never see it.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// Lanes A and `hops`.
    Evidence {
        /// Any of these in the guidance counts. Empty: the answer cannot be checked, only the ranking.
        answers: Vec<String>,
        /// How an answer is looked for.
        matching: Matching,
        /// The steps in which the answer stands. Empty: unknown.
        gold: Vec<Source>,
        /// What the answer follows from, each piece in a text of its own, of which all are needed: lane `hops`. Empty:
        /// one place is enough.
        pieces: Vec<String>,
    },
    /// Lane `hops`: nothing that was ever learnt answers it, so that the right guidance is none.
    Unanswerable,
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
    /// Lane `steps`: in the middle of a recorded run, after a tool: which tool comes next?
    NextTool {
        /// The run so far, which strategies see: up to the answer of a call.
        run: Vec<Step>,
        /// The tool that was called next.
        tool: String,
    },
    /// Lane `compaction`: a recorded run is to be shortened; what must still stand?
    Keep {
        /// The run so far, which strategies see.
        run: Vec<Step>,
        /// Values that later calls take, each of which stands in the run so far.
        needed: Vec<String>,
        /// Values that stand there too and hold no more: each has been replaced by one that is needed.
        outdated: Vec<String>,
    },
    /// Lane `retry`: every slot has one right value, which several tries are to find.
    Assign {
        /// What is to be assigned.
        slots: Vec<Slot>,
        /// How often a try is told of a slot that it is right where it is wrong, or the other way round, in 0..=0.5.
        noise: f64,
        /// The most tries, the first one among them: 2 to 100.
        tries: u32,
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
        /// Series whose questions resemble each other: `yfinance`, `wikipedia`. With the horizon it gives the base
        /// rate.
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

impl Question {
    /// The run in the middle of which it is asked; empty where it is asked before one.
    pub(crate) fn run(&self) -> &[Step] {
        match self {
            Question::NextTool { run, .. } | Question::Keep { run, .. } => run,
            _ => &[],
        }
    }
}

/// Something that takes one of several values.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// What it is called: `region`.
    pub name: String,
    /// What it may be.
    pub values: Vec<String>,
    /// What is right.
    pub right: String,
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
