//! What stands in a line, and what the rest of the host makes of it.

mod attempt;
mod question;
mod task;

use std::collections::{BTreeMap, BTreeSet};

use memhost_contract::Attempt;
use serde::{Deserialize, Serialize};

use super::super::episode::LATEST;
use super::super::{AnswerCheck, Episode, Lane, Question, Stage, Stream, Suite, Timing};
use super::FORMAT;

use attempt::AttemptRow;
use question::QuestionRow;
use task::TaskRow;

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
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<String>,
    budgets: Option<Vec<u32>>,
    primary: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    shuffled: BTreeSet<usize>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    batched: BTreeSet<usize>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    warm_up: BTreeSet<usize>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    changed: BTreeSet<usize>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    probe: BTreeSet<usize>,
}

impl HeaderRow {
    pub(super) fn of(suite: &Suite) -> HeaderRow {
        let stages = |is: fn(&Stage) -> bool| {
            let all = suite.streams.iter();
            all.flat_map(|stream| stream.stages.iter().enumerate())
                .filter(|(_, stage)| is(stage))
                .map(|(number, _)| number)
                .collect()
        };
        HeaderRow {
            format: FORMAT,
            name: suite.name.clone(),
            lane: suite.lane,
            summary: suite.summary.clone(),
            left_out: suite.left_out.clone(),
            budgets: Some(suite.budgets.clone()),
            primary: Some(suite.primary.clone()),
            shuffled: stages(|stage| stage.shuffled),
            batched: stages(|stage| stage.batched),
            warm_up: stages(|stage| stage.warm_up),
            changed: stages(|stage| stage.changed),
            probe: stages(|stage| stage.probe),
        }
    }

    /// The stage of this number, before anything is in it.
    pub(super) fn stage(&self, number: usize) -> Stage {
        Stage {
            shuffled: self.shuffled.contains(&number),
            batched: self.batched.contains(&number),
            warm_up: self.warm_up.contains(&number),
            changed: self.changed.contains(&number),
            probe: self.probe.contains(&number),
            episodes: Vec::new(),
        }
    }

    pub(super) fn into_suite(self, streams: Vec<Stream>) -> Suite {
        let budgets = self.budgets.unwrap_or_else(|| match self.lane {
            Lane::Evidence | Lane::Hops => vec![128, 256, 512, 4096],
            Lane::Transfer | Lane::Routing | Lane::Forecast | Lane::Discovery | Lane::Domains => {
                vec![4096]
            }
            Lane::Steps => vec![256],
            Lane::Compaction => vec![512],
            Lane::Retry => vec![1024],
            Lane::Attempts => Vec::new(),
        });
        let asks = |kind: fn(&Question) -> bool| {
            let mut episodes = streams.iter().flat_map(Stream::episodes);
            episodes.any(|episode| episode.question.as_ref().is_some_and(kind))
        };
        let asks_for_tools = asks(|question| matches!(question, Question::Tools { .. }));
        let asks_without_market =
            asks(|question| matches!(question, Question::Forecast { market: None, .. }));
        let tries = |episode: &Episode| match episode.question {
            Some(Question::Assign { tries, .. }) => Some(tries),
            _ => None,
        };
        let episodes = streams.iter().flat_map(Stream::episodes);
        let tries = episodes.filter_map(tries).max();
        let usual = match budgets.first() {
            Some(first) if !budgets.contains(&256) => *first,
            _ => 256,
        };
        let primary = self.primary.unwrap_or_else(|| match self.lane {
            Lane::Evidence => format!("answer@{usual}"),
            Lane::Hops => format!("pieces@{usual}"),
            Lane::Transfer | Lane::Domains if asks_for_tools => "ndcg@5".into(),
            Lane::Transfer | Lane::Domains => "hit@1".into(),
            Lane::Steps => "next@1".into(),
            Lane::Compaction => "kept".into(),
            Lane::Retry => format!("solved@{}", tries.unwrap_or_default()),
            Lane::Routing => "success".into(),
            Lane::Forecast if asks_without_market => "brier".into(),
            Lane::Forecast => "market-brier".into(),
            Lane::Discovery => "coverage@10".into(),
            Lane::Attempts => String::new(),
        });
        Suite {
            name: self.name,
            lane: self.lane,
            summary: self.summary,
            left_out: self.left_out,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    known: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<AnswerCheck>,
}

fn main_stream() -> String {
    "main".into()
}

/// Where in a line, and what is wrong there.
pub(super) type Wrong = (String, String);

impl EpisodeRow {
    pub(super) fn of(stream: &str, stage: usize, episode: &Episode) -> EpisodeRow {
        EpisodeRow {
            stream: stream.to_owned(),
            stage,
            task: TaskRow::of(&episode.task),
            question: episode.question.as_ref().map(QuestionRow::of),
            attempts: episode
                .attempts
                .iter()
                .enumerate()
                .map(|(number, attempt)| {
                    let before = episode.attempts.iter().take(number);
                    let same_agent = before.filter(|other| other.agent.id == attempt.agent.id);
                    AttemptRow::of(attempt, same_agent.count())
                })
                .collect(),
            withheld: episode.withheld.clone(),
            group: (episode.group != episode.task.id).then(|| episode.group.clone()),
            asked: episode.timing.asked,
            known: episode.timing.known,
            check: episode.check.clone(),
        }
    }

    /// What the question names as a text, and where among its `gold`: known once the whole suite is.
    pub(super) fn named(&self) -> Vec<(usize, String)> {
        self.question
            .as_ref()
            .map(QuestionRow::named)
            .unwrap_or_default()
    }

    pub(super) fn into_episode(self) -> Result<Episode, Wrong> {
        let task = self.task.into_task();
        let mut trials: BTreeMap<String, usize> = BTreeMap::new();
        let attempts = self
            .attempts
            .into_iter()
            .enumerate()
            .map(|(number, attempt)| {
                let trial = trials.entry(attempt.agent.id.clone()).or_default();
                *trial += 1;
                attempt.into_attempt(&task, number, *trial - 1)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let question = self.question.map(QuestionRow::into_question).transpose()?;
        if let Some(Question::Route { values }) = &question {
            agents_are_known(values, &attempts)?;
        }
        Ok(Episode {
            question,
            attempts,
            withheld: self.withheld,
            timing: timing(self.asked, self.known)?,
            check: self.check,
            group: self.group.unwrap_or_else(|| task.id.clone()),
            task,
        })
    }
}

/// Whoever a value is given for has an attempt in the episode.
fn agents_are_known(values: &BTreeMap<String, f64>, attempts: &[Attempt]) -> Result<(), Wrong> {
    let unknown = values
        .keys()
        .find(|agent| !attempts.iter().any(|attempt| attempt.agent.id == **agent));
    match unknown {
        None => Ok(()),
        Some(agent) => Err((
            format!("question.values.{agent}"),
            format!("no attempt of this line is by an agent with the id `{agent}`"),
        )),
    }
}

fn timing(asked: Option<f64>, known: Option<f64>) -> Result<Timing, Wrong> {
    for (field, moment) in [("asked", asked), ("known", known)] {
        if moment.is_some_and(|moment| !(0.0..=LATEST).contains(&moment)) {
            return Err((
                field.into(),
                "a moment is given in milliseconds since 1970, from 0 to 2^53".into(),
            ));
        }
    }
    if let (Some(asked), Some(known)) = (asked, known)
        && known < asked
    {
        return Err((
            "known".into(),
            format!("the outcome is known at {known}, before the question is asked at {asked}"),
        ));
    }
    Ok(Timing { asked, known })
}

fn within_unit(value: f64, field: &str, what: &str) -> Result<f64, Wrong> {
    if (0.0..=1.0).contains(&value) {
        Ok(value)
    } else {
        Err((
            field.into(),
            format!("{value} is out of range; {what} lies in 0..=1"),
        ))
    }
}
