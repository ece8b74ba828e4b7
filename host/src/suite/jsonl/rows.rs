//! What stands in a line, and what the rest of the host makes of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::super::{Episode, Lane, Matching, Question, Stream, Suite, Timing, recorded};
use super::FORMAT;
use crate::contract::{
    Actor, Agent, Attempt, Authority, Document, Label, Outcome, Step, Task, Verdict,
};

/// Streams of more stages than this are a mistake in a number.
pub(super) const MOST_STAGES: usize = 64;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeaderRow {
    pub(super) format: u32,
    name: String,
    lane: Lane,
    #[serde(default)]
    summary: String,
    budgets: Option<Vec<u32>>,
    primary: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) shuffled: BTreeSet<usize>,
}

impl HeaderRow {
    pub(super) fn of(suite: &Suite) -> HeaderRow {
        HeaderRow {
            format: FORMAT,
            name: suite.name.clone(),
            lane: suite.lane,
            summary: suite.summary.clone(),
            budgets: Some(suite.budgets.clone()),
            primary: Some(suite.primary.clone()),
            shuffled: suite
                .streams
                .iter()
                .flat_map(|stream| stream.stages.iter().enumerate())
                .filter(|(_, stage)| stage.shuffled)
                .map(|(number, _)| number)
                .collect(),
        }
    }

    pub(super) fn into_suite(self, streams: Vec<Stream>) -> Suite {
        let budgets = self.budgets.unwrap_or_else(|| match self.lane {
            Lane::Evidence => vec![128, 256, 512, 4096],
            _ => vec![4096],
        });
        let asks_for_tools = streams
            .iter()
            .flat_map(Stream::episodes)
            .any(|episode| matches!(episode.question, Some(Question::Tools { .. })));
        let primary = self.primary.unwrap_or_else(|| match self.lane {
            Lane::Evidence if budgets.contains(&256) => "answer@256".into(),
            Lane::Evidence => format!("answer@{}", budgets.first().copied().unwrap_or_default()),
            Lane::Transfer if asks_for_tools => "ndcg@5".into(),
            Lane::Transfer => "hit@1".into(),
            Lane::Routing => "success".into(),
            Lane::Forecast => "brier".into(),
            Lane::Discovery => "coverage@10".into(),
            Lane::Attempts => String::new(),
        });
        Suite {
            name: self.name,
            lane: self.lane,
            summary: self.summary,
            streams,
            budgets,
            primary,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EpisodeRow {
    #[serde(default = "main_stream")]
    pub(super) stream: String,
    #[serde(default)]
    pub(super) stage: usize,
    task: TaskRow,
    #[serde(skip_serializing_if = "Option::is_none")]
    question: Option<QuestionRow>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    attempts: Vec<AttemptRow>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    withheld: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
}

fn main_stream() -> String {
    "main".into()
}

/// Where in a line, and what is wrong there.
type Wrong = (String, String);

impl EpisodeRow {
    pub(super) fn of(stream: &str, stage: usize, episode: &Episode) -> EpisodeRow {
        EpisodeRow {
            stream: stream.to_owned(),
            stage,
            task: TaskRow::of(&episode.task),
            question: episode.question.as_ref().map(QuestionRow::of),
            attempts: episode.attempts.iter().map(AttemptRow::of).collect(),
            withheld: episode.withheld.clone(),
            group: (episode.group != episode.task.id).then(|| episode.group.clone()),
        }
    }

    pub(super) fn into_episode(self) -> Result<Episode, Wrong> {
        let task = self.task.into_task();
        let attempts = self
            .attempts
            .into_iter()
            .enumerate()
            .map(|(number, attempt)| attempt.into_attempt(&task, number))
            .collect::<Result<_, _>>()?;
        Ok(Episode {
            question: self.question.map(QuestionRow::into_question).transpose()?,
            attempts,
            withheld: self.withheld,
            timing: Timing::default(),
            check: None,
            group: self.group.unwrap_or_else(|| task.id.clone()),
            task,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskRow {
    id: String,
    text: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    documents: Vec<DocumentRow>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentRow {
    id: String,
    text: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
}

impl TaskRow {
    fn of(task: &Task) -> TaskRow {
        TaskRow {
            id: task.id.clone(),
            text: task.text.clone(),
            labels: label_map(&task.labels),
            documents: task
                .documents
                .iter()
                .map(|document| DocumentRow {
                    id: document.id.clone(),
                    text: document.text.clone(),
                    labels: label_map(&document.labels),
                })
                .collect(),
        }
    }

    fn into_task(self) -> Task {
        Task {
            id: self.id,
            text: self.text,
            labels: label_list(self.labels),
            documents: self
                .documents
                .into_iter()
                .map(|row| Document {
                    id: row.id,
                    text: row.text,
                    labels: label_list(row.labels),
                })
                .collect(),
        }
    }
}

fn label_map(labels: &[Label]) -> BTreeMap<String, String> {
    labels
        .iter()
        .map(|label| (label.name.clone(), label.value.clone()))
        .collect()
}

fn label_list(labels: BTreeMap<String, String>) -> Vec<Label> {
    labels
        .into_iter()
        .map(|(name, value)| Label { name, value })
        .collect()
}

/// All kinds of question in one row: an untagged choice would only say that "no variant matched".
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct QuestionRow {
    #[serde(skip_serializing_if = "Option::is_none")]
    answers: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    matching: Option<Matching>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gold: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<Vec<String>>,
}

impl QuestionRow {
    fn of(question: &Question) -> QuestionRow {
        let none = QuestionRow::default();
        match question.clone() {
            Question::Evidence {
                answers,
                matching,
                gold,
            } => QuestionRow {
                answers: Some(answers),
                matching: (matching != Matching::default()).then_some(matching),
                gold: Some(gold),
                ..none
            },
            Question::Kind { kind } => QuestionRow {
                kind: Some(kind),
                ..none
            },
            Question::Tools { tools } => QuestionRow {
                tools: Some(tools),
                ..none
            },
            _ => none,
        }
    }

    fn into_question(self) -> Result<Question, Wrong> {
        let evidence = self.answers.is_some() || self.gold.is_some();
        match (evidence, self.kind, self.tools) {
            (true, None, None) => Ok(Question::Evidence {
                answers: self.answers.unwrap_or_default(),
                matching: self.matching.unwrap_or_default(),
                gold: self.gold.unwrap_or_default(),
            }),
            (false, Some(kind), None) => Ok(Question::Kind { kind }),
            (false, None, Some(tools)) => Ok(Question::Tools {
                tools: distinct(tools),
            }),
            _ => Err((
                "question".into(),
                "a question has either `answers` and `gold`, or `kind`, or `tools`".into(),
            )),
        }
    }
}

fn distinct(names: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names
        .into_iter()
        .filter(|name| seen.insert(name.clone()))
        .collect()
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AttemptRow {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(default, skip_serializing_if = "AgentRow::is_default")]
    agent: AgentRow,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    steps: Vec<StepRow>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    answer: String,
    #[serde(default, skip_serializing_if = "OutcomeRow::is_default")]
    outcome: OutcomeRow,
}

impl AttemptRow {
    fn of(attempt: &Attempt) -> AttemptRow {
        AttemptRow {
            id: Some(attempt.id.clone()),
            agent: AgentRow::of(attempt.agent.clone()),
            steps: attempt.steps.iter().map(StepRow::of).collect(),
            answer: attempt.answer.clone(),
            outcome: OutcomeRow::of(&attempt.outcome),
        }
    }

    fn into_attempt(self, task: &Task, number: usize) -> Result<Attempt, Wrong> {
        let field = |name: &str| format!("attempts[{number}].{name}");
        if self
            .outcome
            .score
            .is_some_and(|score| !(0.0..=1.0).contains(&score))
        {
            return Err((
                field("outcome.score"),
                "a score lies in 0..=1, and higher is better".into(),
            ));
        }
        let id = self.id.unwrap_or_else(|| format!("{}-{number}", task.id));
        if id.is_empty() || id.contains('#') {
            return Err((
                field("id"),
                format!("`{id}` must not be empty or hold a `#`, which separates a step"),
            ));
        }
        let steps = self.steps.into_iter().map(StepRow::into_step).collect();
        let outcome = Outcome {
            verdict: self.outcome.verdict,
            score: self.outcome.score,
            reason: self.outcome.reason,
            authority: self.outcome.authority,
            ..recorded::unknown()
        };
        Ok(Attempt {
            agent: Agent {
                id: self.agent.id,
                model: self.agent.model,
                rank: self.agent.rank,
            },
            answer: self.answer,
            ..recorded::attempt(id, task, number, steps, outcome)
        })
    }
}

#[derive(PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct AgentRow {
    id: String,
    model: String,
    rank: u32,
}

impl Default for AgentRow {
    fn default() -> Self {
        AgentRow::of(recorded::agent("recorded"))
    }
}

impl AgentRow {
    fn of(Agent { id, model, rank }: Agent) -> AgentRow {
        AgentRow { id, model, rank }
    }

    fn is_default(&self) -> bool {
        *self == AgentRow::default()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepRow {
    #[serde(with = "ActorRow")]
    actor: Actor,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reward: Option<f64>,
}

impl StepRow {
    fn of(step: &Step) -> StepRow {
        StepRow {
            actor: step.actor,
            name: step.name.clone(),
            text: step.text.clone(),
            reward: step.reward,
        }
    }

    fn into_step(self) -> Step {
        Step {
            actor: self.actor,
            name: self.name,
            text: self.text,
            reward: self.reward,
        }
    }
}

#[derive(PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct OutcomeRow {
    #[serde(with = "VerdictRow")]
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
    #[serde(with = "AuthorityRow")]
    authority: Authority,
}

impl Default for OutcomeRow {
    fn default() -> Self {
        OutcomeRow::of(&recorded::unknown())
    }
}

impl OutcomeRow {
    fn of(outcome: &Outcome) -> OutcomeRow {
        OutcomeRow {
            verdict: outcome.verdict,
            score: outcome.score,
            reason: outcome.reason.clone(),
            authority: outcome.authority,
        }
    }

    fn is_default(&self) -> bool {
        *self == OutcomeRow::default()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Actor", rename_all = "kebab-case")]
enum ActorRow {
    User,
    Thought,
    Action,
    Observation,
    Answer,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Verdict", rename_all = "kebab-case")]
enum VerdictRow {
    Success,
    Failure,
    Unknown,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Authority", rename_all = "kebab-case")]
enum AuthorityRow {
    GroundTruth,
    Judge,
    Agent,
}
