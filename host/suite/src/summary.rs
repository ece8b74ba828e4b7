//! Summaries: a suite in figures.

use memhost_contract::{Attempt, Verdict};

use super::{Lane, Stage, Stream, Suite};

/// A suite in figures.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct SuiteSummary {
    /// The suite's name, or the one that it was given.
    pub name: String,
    /// What it tests.
    pub lane: Lane,
    /// One sentence: what it is and where it comes from.
    pub summary: String,
    /// What its source holds and it does not, each with how much and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// The token budgets under which each question is asked, ascending.
    pub budgets: Vec<u32>,
    /// What it is reported by, the primary one first; nothing where nothing is asked.
    pub metrics: Vec<String>,
    /// One per stream.
    pub streams: Vec<StreamSummary>,
}

/// A stream in figures.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct StreamSummary {
    /// Its name, unique within the suite.
    pub name: String,
    /// Episodes, with a question or without.
    pub episodes: usize,
    /// Questions.
    pub questions: usize,
    /// Groups of questions that are not independent of each other.
    pub groups: usize,
    /// Recorded attempts.
    pub attempts: usize,
    /// Their steps.
    pub steps: usize,
    /// Tokens of the questions.
    pub question_tokens: u64,
    /// Tokens of what can be learnt from: task texts and steps of the attempts.
    pub attempt_tokens: u64,
    /// In lane [`Lane::Attempts`], the learning curve: how many tasks were solved in each stage, which is one trial.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<usize>,
}

impl Suite {
    /// The suite in figures.
    pub fn summarize(&self) -> SuiteSummary {
        SuiteSummary {
            name: self.name.clone(),
            lane: self.lane,
            summary: self.summary.clone(),
            left_out: self.left_out.clone(),
            budgets: self.budgets.clone(),
            metrics: match self.lane {
                Lane::Attempts => Vec::new(),
                _ => self.metrics(),
            },
            streams: self
                .streams
                .iter()
                .map(|stream| stream.summarize(self.lane))
                .collect(),
        }
    }
}

impl Stream {
    fn summarize(&self, lane: Lane) -> StreamSummary {
        let mut summary = StreamSummary {
            name: self.name.clone(),
            curve: match lane {
                Lane::Attempts => self.stages.iter().map(Stage::solved).collect(),
                _ => Vec::new(),
            },
            ..StreamSummary::default()
        };
        let mut groups = std::collections::HashSet::new();
        for episode in self.episodes() {
            summary.episodes += 1;
            if episode.question.is_some() {
                summary.questions += 1;
                summary.question_tokens += u64::from(memhost_words::count(&episode.task.text));
                groups.insert(&episode.group);
            }
            for attempt in &episode.attempts {
                summary.attempts += 1;
                summary.steps += attempt.steps.len();
                let steps = attempt
                    .steps
                    .iter()
                    .map(|step| memhost_words::count(&step.text));
                summary.attempt_tokens += steps.map(u64::from).sum::<u64>();
                summary.attempt_tokens += u64::from(memhost_words::count(&attempt.task.text));
            }
        }
        summary.groups = groups.len();
        summary
    }
}

impl Stage {
    /// How many of its tasks were solved by some attempt.
    fn solved(&self) -> usize {
        let is_solved = |attempt: &Attempt| attempt.outcome.verdict == Verdict::Success;
        let episodes = self.episodes.iter();
        episodes
            .filter(|episode| episode.attempts.iter().any(is_solved))
            .count()
    }
}
