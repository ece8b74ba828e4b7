//! Arguments of the tools, as the models that call them are told and as they are read.
//!
//! Their schemas are flat: several hosts of agents refuse a `$ref`, and models fill in `null` where they see that they may.
//! One that comes anyway counts as absent.

use memhost::contract::{Actor, Authority, Moment, Outcome, Step, Task, Verdict};
use memhost::live::{Ask, Record};
use rmcp::model::JsonObject;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Reads the arguments of a call; what is wrong is said for the model that made it, which can then make a better one.
pub(super) fn read<T: DeserializeOwned>(arguments: JsonObject) -> Result<T, String> {
    let arguments = serde_json::Value::Object(arguments);
    serde_path_to_error::deserialize(arguments).map_err(|error| {
        let place = error.path().to_string();
        match place.as_str() {
            "." => format!("malformed: {}", error.inner()),
            _ => format!("malformed: {place}: {}", error.inner()),
        }
    })
}

/// Arguments of `recall`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Recall {
    /// What you are about to do, in words. Memories are found by it.
    task: String,
    /// Where in the work you are: `start` (the default), `step 4` before your fourth step, `after search` after a call of
    /// the tool `search`, `retry 1` before another try, `subtask 0`, `round 0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    moment: Option<String>,
    /// The attempt that this belongs to, if you have asked before: the id that the first answer gave. Leave it out to
    /// begin a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    attempt: Option<String>,
}

impl Recall {
    pub(super) fn ask(self) -> Result<Ask, String> {
        let moment = self.moment.as_deref().unwrap_or("start");
        Ok(Ask {
            task: Task::new("", self.task),
            moment: moment_named(moment)?,
            attempt: self.attempt,
            ..Ask::at_start("")
        })
    }
}

/// A moment as it is written: `after search`, `step 4`.
fn moment_named(text: &str) -> Result<Moment, String> {
    let (word, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let rest = rest.trim();
    let number = rest.parse();
    let moment = match (word, rest, number) {
        ("start", "", _) => Some(Moment::TaskStart),
        ("after", tool, _) if !tool.is_empty() => Some(Moment::AfterTool(tool.to_owned())),
        ("step", _, Ok(number)) => Some(Moment::Step(number)),
        ("retry", _, Ok(number)) => Some(Moment::Retry(number)),
        ("subtask", _, Ok(number)) => Some(Moment::Subtask(number)),
        ("round", _, Ok(number)) => Some(Moment::Round(number)),
        _ => None,
    };
    moment.ok_or_else(|| {
        format!(
            "malformed: moment: {text:?} is none: `start`, `step 4`, `after search`, `retry 1`, `subtask 0` or `round 0`"
        )
    })
}

/// Arguments of `record`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Recorded {
    /// The attempt: the id that `recall` gave.
    attempt: String,
    /// How it went, if you can tell. Leave it out if you cannot, and call `feedback` when it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Known")]
    outcome: Option<Known>,
    /// Your final answer or result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    answer: Option<String>,
    /// What you did, in order: thoughts that mattered, tool calls and what came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<Taken>")]
    steps: Option<Vec<Taken>>,
}

impl Recorded {
    pub(super) fn record(self) -> Record {
        let steps = self.steps.unwrap_or_default();
        Record {
            outcome: self.outcome.map(|known| said_by_agent(known, None, None)),
            answer: self.answer.unwrap_or_default(),
            steps: steps.into_iter().map(Taken::step).collect(),
            ..Record::of(self.attempt)
        }
    }
}

/// Arguments of `feedback`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Judged {
    /// The attempt: the id that `recall` gave.
    pub(super) attempt: String,
    /// Whether the task was solved.
    verdict: Known,
    /// How well, from 0 to 1, if that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "f64", range(min = 0.0, max = 1.0))]
    score: Option<f64>,
    /// Why, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    reason: Option<String>,
    /// Set it to replace an outcome that was told before and was wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    revise: Option<bool>,
}

impl Judged {
    pub(super) fn outcome(&self) -> Outcome {
        said_by_agent(self.verdict, self.score, self.reason.clone())
    }

    pub(super) fn revises(&self) -> bool {
        self.revise == Some(true)
    }
}

/// Arguments of `explain`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Explain {
    /// The attempt: the id that `recall` gave.
    pub(super) attempt: String,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Known {
    Success,
    Failure,
}

/// What comes through a tool was said by a model, whatever it says of itself.
fn said_by_agent(known: Known, score: Option<f64>, reason: Option<String>) -> Outcome {
    Outcome {
        verdict: match known {
            Known::Success => Verdict::Success,
            Known::Failure => Verdict::Failure,
        },
        score,
        baseline: None,
        reason: reason.unwrap_or_default(),
        authority: Authority::Agent,
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct Taken {
    /// Whose turn it was: `thought` is reasoning, `action` a tool call, `observation` what came back, `answer` a reply to
    /// the user, `subtask` opens a part of the work.
    actor: Turn,
    /// What was thought, done, seen or said; the arguments of a tool call.
    text: String,
    /// The tool, where one was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    name: Option<String>,
    /// Whether it went wrong, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    failed: Option<bool>,
}

impl Taken {
    fn step(self) -> Step {
        let actor = match self.actor {
            Turn::User => Actor::User,
            Turn::Thought => Actor::Thought,
            Turn::Action => Actor::Action,
            Turn::Observation => Actor::Observation,
            Turn::Answer => Actor::Answer,
            Turn::Subtask => Actor::Subtask,
        };
        Step {
            name: self.name,
            failed: self.failed,
            ..Step::new(actor, self.text)
        }
    }
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Turn {
    User,
    Thought,
    Action,
    Observation,
    Answer,
    Subtask,
}
