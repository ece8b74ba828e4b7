//! What stands in a line, and what the rest of the host makes of it.

use std::collections::{BTreeMap, BTreeSet};

use memhost_contract::{
    Actor, Agent, Attempt, Authority, Document, Finding, Label, Outcome, Source, Step, Task, Tool,
    Verdict,
};
use serde::{Deserialize, Serialize};

use super::super::{
    AnswerCheck, Episode, HiddenProblem, Lane, Matching, Question, Slot, Stage, Stream, Suite,
    Timing, recorded,
};
use super::FORMAT;

/// Streams of more stages than this are a mistake in a number.
pub(super) const MOST_STAGES: usize = 64;
/// The latest moment that a strategy's clock can tell exactly, in milliseconds since 1970: 2^53.
const LATEST: f64 = 9_007_199_254_740_992.0;

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
type Wrong = (String, String);

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

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskRow {
    id: String,
    text: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    documents: Vec<DocumentRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tools: Vec<ToolRow>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ToolRow {
    name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<serde_json::Value>,
}

impl ToolRow {
    fn of(tool: &Tool) -> ToolRow {
        ToolRow {
            name: tool.name.clone(),
            description: tool.description.clone(),
            schema: serde_json::from_str(&tool.schema).ok(),
        }
    }

    fn into_tool(self) -> Tool {
        Tool {
            name: self.name,
            description: self.description,
            schema: self
                .schema
                .map_or_else(String::new, |schema| schema.to_string()),
        }
    }
}

/// A step of an attempt.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceRow {
    attempt: String,
    step: u32,
}

impl SourceRow {
    fn of(source: &Source) -> SourceRow {
        SourceRow {
            attempt: source.attempt.clone(),
            step: source.step.unwrap_or_default(),
        }
    }

    fn into_source(self) -> Source {
        Source::step(self.attempt, self.step)
    }
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
            time: task.time,
            tools: task.tools.iter().map(ToolRow::of).collect(),
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
            time: self.time,
            tools: self.tools.into_iter().map(ToolRow::into_tool).collect(),
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
    gold: Option<Vec<SourceRow>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pieces: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unanswerable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Vec<StepRow>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slots: Option<Vec<Slot>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    noise: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tries: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    needed: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outdated: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<BTreeMap<String, f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    happened: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    horizon: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    market: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problems: Option<Vec<HiddenProblem>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reports: Option<u32>,
}

impl QuestionRow {
    fn of(question: &Question) -> QuestionRow {
        let none = QuestionRow::default();
        match question.clone() {
            Question::Evidence {
                answers,
                matching,
                gold,
                pieces,
            } => QuestionRow {
                answers: Some(answers),
                matching: (matching != Matching::default()).then_some(matching),
                gold: Some(gold.iter().map(SourceRow::of).collect()),
                pieces: (!pieces.is_empty()).then_some(pieces),
                ..none
            },
            Question::Unanswerable => QuestionRow {
                unanswerable: Some(true),
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
            Question::NextTool { run, tool } => QuestionRow {
                run: Some(run.iter().map(StepRow::of).collect()),
                next: Some(tool),
                ..none
            },
            Question::Keep {
                run,
                needed,
                outdated,
            } => QuestionRow {
                run: Some(run.iter().map(StepRow::of).collect()),
                needed: Some(needed),
                outdated: (!outdated.is_empty()).then_some(outdated),
                ..none
            },
            Question::Assign {
                slots,
                noise,
                tries,
            } => QuestionRow {
                slots: Some(slots),
                noise: Some(noise),
                tries: Some(tries),
                ..none
            },
            Question::Route { values } => QuestionRow {
                values: Some(values),
                ..none
            },
            Question::Forecast {
                happened,
                source,
                horizon,
                market,
            } => QuestionRow {
                happened: Some(happened),
                source: Some(source),
                horizon: Some(horizon),
                market,
                ..none
            },
            Question::Discover { problems, reports } => QuestionRow {
                problems: Some(problems),
                reports: Some(reports),
                ..none
            },
        }
    }

    /// The one kind of question that the fields which are there belong to.
    fn into_question(self) -> Result<Question, Wrong> {
        let evidence = self.answers.is_some()
            || self.gold.is_some()
            || self.matching.is_some()
            || self.pieces.is_some();
        let unanswerable = self.unanswerable.unwrap_or_default();
        let forecast = self.happened.is_some()
            || self.source.is_some()
            || self.horizon.is_some()
            || self.market.is_some();
        let assigns = self.slots.is_some() || self.noise.is_some() || self.tries.is_some();
        let keeps = self.needed.is_some() || self.outdated.is_some();
        let within_a_run = self.next.is_some() || self.run.is_some() && !keeps;
        let discover = self.problems.is_some() || self.reports.is_some();
        let kinds = [
            evidence,
            unanswerable,
            self.kind.is_some(),
            self.tools.is_some(),
            within_a_run,
            keeps,
            assigns,
            self.values.is_some(),
            forecast,
            discover,
        ];
        if kinds.into_iter().filter(|is_there| *is_there).count() != 1 {
            return Err((
                "question".into(),
                "a question has either `answers` and `gold` (with `pieces` in lane `hops`), or `unanswerable`, or `kind`, or `tools`, or `run` and `next` or `needed`, or `slots`, `noise` and `tries`, or `values`, or `happened`, `source` and `horizon`, or `problems` and `reports`".into(),
            ));
        }
        if unanswerable {
            return Ok(Question::Unanswerable);
        }
        if let Some(kind) = self.kind {
            return Ok(Question::Kind { kind });
        }
        if let Some(tools) = self.tools {
            return Ok(Question::Tools {
                tools: distinct(tools),
            });
        }
        if within_a_run {
            let run = needed(self.run, "run")?;
            return Ok(Question::NextTool {
                run: run.into_iter().map(StepRow::into_step).collect(),
                tool: needed(self.next, "next")?,
            });
        }
        if keeps {
            let run = needed(self.run, "run")?;
            return Ok(Question::Keep {
                run: run.into_iter().map(StepRow::into_step).collect(),
                needed: needed(self.needed, "needed")?,
                outdated: self.outdated.unwrap_or_default(),
            });
        }
        if assigns {
            return Ok(Question::Assign {
                slots: needed(self.slots, "slots")?,
                noise: needed(self.noise, "noise")?,
                tries: needed(self.tries, "tries")?,
            });
        }
        if let Some(values) = self.values {
            return route(values);
        }
        if forecast {
            return Ok(Question::Forecast {
                happened: needed(self.happened, "happened")?,
                source: needed(self.source, "source")?,
                horizon: needed(self.horizon, "horizon")?,
                market: self
                    .market
                    .map(|price| within_unit(price, "question.market", "a price"))
                    .transpose()?,
            });
        }
        if discover {
            let reports = needed(self.reports, "reports")?;
            if reports == 0 {
                return Err((
                    "question.reports".into(),
                    "at least one finding may be reported".into(),
                ));
            }
            return Ok(Question::Discover {
                problems: needed(self.problems, "problems")?,
                reports,
            });
        }
        Ok(Question::Evidence {
            answers: self.answers.unwrap_or_default(),
            matching: self.matching.unwrap_or_default(),
            gold: self
                .gold
                .unwrap_or_default()
                .into_iter()
                .map(SourceRow::into_source)
                .collect(),
            pieces: self.pieces.unwrap_or_default(),
        })
    }
}

fn route(values: BTreeMap<String, f64>) -> Result<Question, Wrong> {
    for (agent, value) in &values {
        within_unit(*value, &format!("question.values.{agent}"), "a value")?;
    }
    Ok(Question::Route { values })
}

fn needed<T>(value: Option<T>, name: &str) -> Result<T, Wrong> {
    value.ok_or_else(|| {
        (
            format!("question.{name}"),
            format!("`{name}` is missing; this kind of question needs it"),
        )
    })
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
    #[serde(skip_serializing_if = "Option::is_none")]
    trial: Option<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    steps: Vec<StepRow>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    answer: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    findings: Vec<FindingRow>,
    #[serde(default, skip_serializing_if = "OutcomeRow::is_default")]
    outcome: OutcomeRow,
}

impl AttemptRow {
    /// `usual` is the trial that it would be if nothing were said: attempts of one agent are counted from 0.
    fn of(attempt: &Attempt, usual: usize) -> AttemptRow {
        let trial = attempt.trial;
        AttemptRow {
            id: Some(attempt.id.clone()),
            agent: AgentRow::of(attempt.agent.clone()),
            trial: (u32::try_from(usual) != Ok(trial)).then_some(trial),
            steps: attempt.steps.iter().map(StepRow::of).collect(),
            answer: attempt.answer.clone(),
            findings: attempt.findings.iter().map(FindingRow::of).collect(),
            outcome: OutcomeRow::of(&attempt.outcome),
        }
    }

    fn into_attempt(self, task: &Task, number: usize, usual: usize) -> Result<Attempt, Wrong> {
        let field = |name: &str| format!("attempts[{number}].{name}");
        if let Some(score) = self.outcome.score {
            within_unit(score, &field("outcome.score"), "a score")?;
        }
        let id = self.id.unwrap_or_else(|| format!("{}-{number}", task.id));
        if id.is_empty() {
            return Err((field("id"), "it must not be empty".into()));
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
            agent: self.agent.into_agent(),
            trial: self
                .trial
                .unwrap_or_else(|| u32::try_from(usual).unwrap_or(u32::MAX)),
            answer: self.answer,
            findings: self
                .findings
                .into_iter()
                .map(FindingRow::into_finding)
                .collect(),
            ..recorded::attempt(id, task, number, steps, outcome)
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FindingRow {
    problem: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    action: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<String>,
}

impl FindingRow {
    fn of(finding: &Finding) -> FindingRow {
        FindingRow {
            problem: finding.problem.clone(),
            evidence: finding.evidence.clone(),
            action: finding.action.clone(),
            template: finding.template.clone(),
        }
    }

    fn into_finding(self) -> Finding {
        Finding {
            problem: self.problem,
            evidence: self.evidence,
            action: self.action,
            template: self.template,
        }
    }
}

#[derive(PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct AgentRow {
    id: String,
    model: String,
    rank: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
}

impl Default for AgentRow {
    fn default() -> Self {
        AgentRow::of(recorded::agent("recorded"))
    }
}

impl AgentRow {
    fn of(agent: Agent) -> AgentRow {
        let Agent {
            id,
            model,
            rank,
            role,
        } = agent;
        AgentRow {
            id,
            model,
            rank,
            role,
        }
    }

    fn into_agent(self) -> Agent {
        Agent {
            id: self.id,
            model: self.model,
            rank: self.rank,
            role: self.role,
        }
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
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<bool>,
}

impl StepRow {
    fn of(step: &Step) -> StepRow {
        StepRow {
            actor: step.actor,
            name: step.name.clone(),
            text: step.text.clone(),
            reward: step.reward,
            agent: step.agent.clone(),
            failed: step.failed,
        }
    }

    fn into_step(self) -> Step {
        Step {
            actor: self.actor,
            name: self.name,
            text: self.text,
            reward: self.reward,
            agent: self.agent,
            failed: self.failed,
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
    Subtask,
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
