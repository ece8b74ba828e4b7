//! Suites: tasks, recorded attempts and what a right answer looks like, from data sets and generators.
//!
//! A suite is data. What reads guidance and gives a score is its *frozen reader* ([`reader`]), the same for
//! every strategy.

use std::collections::BTreeMap;

use crate::contract::{Attempt, Task};

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
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// Whether a run shuffles its episodes by its seed.
    pub shuffled: bool,
    /// In the order of the data.
    pub episodes: Vec<Episode>,
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
}

/// What a right answer looks like. Strategies never see it.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// Lane A.
    Evidence {
        /// Any of these in the guidance counts. Empty: the answer cannot be checked, only the ranking.
        answers: Vec<String>,
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
}

/// Metric → value for one task. A metric that does not apply is absent.
pub type Scores = BTreeMap<String, f64>;

// ---- signatures of what the suites bring --------------------------------------------------------

#[allow(missing_docs)]
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    #[error("no suite is called `{name}`")]
    Unknown { name: String },
    #[error("broken")]
    Broken,
}
#[allow(missing_docs)]
#[derive(Debug, Clone, Copy)]
pub struct Format {
    pub name: &'static str,
    pub summary: &'static str,
    pub path: &'static str,
}
#[allow(missing_docs)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub enum Severity {
    Warning,
    Error,
}
#[allow(missing_docs)]
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    pub severity: Severity,
    pub place: String,
    pub message: String,
}
impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}
#[allow(missing_docs)]
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct SuiteSummary {
    pub name: String,
    pub lane: Lane,
    pub summary: String,
    pub budgets: Vec<u32>,
    pub metrics: Vec<String>,
    pub streams: Vec<StreamSummary>,
}
#[allow(missing_docs)]
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct StreamSummary {
    pub name: String,
    pub episodes: usize,
    pub questions: usize,
    pub groups: usize,
    pub attempts: usize,
    pub steps: usize,
    pub question_tokens: u64,
    pub attempt_tokens: u64,
}
#[allow(missing_docs)]
pub fn builtin() -> &'static [Format] {
    &[]
}
#[allow(missing_docs)]
pub fn formats() -> &'static [Format] {
    &[]
}
#[allow(missing_docs)]
pub fn check(suite: &Suite) -> Vec<Problem> {
    let _ = suite;
    todo!()
}
#[allow(missing_docs)]
pub fn floors(suite: &Suite) -> Vec<std::sync::Arc<dyn crate::strategy::Strategy>> {
    let _ = suite;
    Vec::new()
}
/// The mean.
pub fn aggregate(metric: &str, tasks: &[&Scores]) -> Option<f64> {
    let values: Vec<f64> = tasks
        .iter()
        .filter_map(|s| s.get(metric).copied())
        .collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
#[allow(missing_docs)]
impl Suite {
    pub fn load(name: &str) -> Result<Suite, SuiteError> {
        let _ = name;
        todo!()
    }
    pub fn read(name: &str) -> Result<Suite, SuiteError> {
        let _ = name;
        todo!()
    }
    pub fn summarize(&self) -> SuiteSummary {
        todo!()
    }
    pub fn write_jsonl(&self, path: &std::path::Path) -> Result<(), SuiteError> {
        let _ = path;
        todo!()
    }
    pub fn questions(&self) -> impl Iterator<Item = (&Episode, &Question)> {
        self.streams
            .iter()
            .flat_map(|s| &s.stages)
            .flat_map(|s| &s.episodes)
            .filter_map(|e| Some((e, e.question.as_ref()?)))
    }
    pub fn metrics(&self) -> Vec<String> {
        ["hit@1", "recall@5"].map(str::to_owned).to_vec()
    }
}
