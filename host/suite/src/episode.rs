//! Streams, stages and episodes: the order in which a suite's tasks are asked and learnt from.

use memhost_contract::{Attempt, Task};

use super::checker::AnswerCheck;
use super::question::Question;

/// The latest moment that a strategy's clock can tell exactly, in milliseconds since 1970: 2^53.
pub(crate) const LATEST: f64 = 9_007_199_254_740_992.0;

/// An independent history, from an empty memory to its last question.
#[derive(Debug, Clone, PartialEq)]
pub struct Stream {
    /// Unique within the suite.
    pub name: String,
    /// One after the other.
    pub stages: Vec<Stage>,
}

impl Stream {
    /// Every episode, in the order of the data.
    pub fn episodes(&self) -> impl Iterator<Item = &Episode> {
        self.stages.iter().flat_map(|stage| &stage.episodes)
    }
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
    /// Whether its questions are probes: asked and scored, and heard of by nobody. What a strategy learnt is measured, and
    /// measuring it teaches it nothing.
    pub probe: bool,
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
    pub check: Option<AnswerCheck>,
}

impl Episode {
    /// A task of which nothing is asked and nobody has done anything, in a group of its own.
    pub fn of(task: Task) -> Episode {
        Episode {
            question: None,
            attempts: Vec::new(),
            withheld: Vec::new(),
            timing: Timing::default(),
            check: None,
            group: task.id.clone(),
            task,
        }
    }

    /// Whether what a language model answers can be scored: by a check, or as findings.
    pub fn is_checkable(&self) -> bool {
        matches!(self.question, Some(Question::Discover { .. })) || self.check().is_some()
    }

    /// How an answer to this episode is checked; `None` if no program can.
    pub fn check(&self) -> Option<AnswerCheck> {
        let of_question = || match self.question.as_ref()? {
            Question::Evidence {
                answers, matching, ..
            } if !answers.is_empty() => Some(AnswerCheck::Contains {
                answers: answers.clone(),
                matching: *matching,
            }),
            Question::Forecast { happened, .. } => Some(AnswerCheck::Probability {
                happened: *happened,
            }),
            _ => None,
        };
        self.check.clone().or_else(of_question)
    }
}

/// When an episode takes place, in milliseconds since 1970 of the data's own time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Timing {
    /// When it is asked. `None`: one minute after the episode before.
    pub asked: Option<f64>,
    /// From when its outcome may be heard of. `None`: at once, or at the end of its batch.
    pub known: Option<f64>,
}
