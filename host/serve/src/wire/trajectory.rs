//! What an agent did, step by step, and what it found.

use memhost::contract;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One step of a trajectory.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// Whose turn it is.
    pub actor: Actor,
    /// The tool or action, where there is one.
    pub name: Option<String>,
    /// What was thought, done, seen or said.
    pub text: String,
    /// What the environment gave for it, where it says so.
    pub reward: Option<f64>,
    /// Which agent of a team took it.
    pub agent: Option<String>,
    /// Whether it went wrong, where somebody says so.
    pub failed: Option<bool>,
}

/// Whose turn a step is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Actor {
    /// The person, or the environment in the person's name.
    User,
    /// Reasoning that changes nothing outside the agent.
    Thought,
    /// A tool call or another act.
    Action,
    /// What came back from an action.
    Observation,
    /// A reply to the user.
    Answer,
    /// Opens a sub-task, which lasts until the next one.
    Subtask,
}

/// One problem that an agent reports in a task that hides several.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Finding {
    /// What is wrong.
    pub problem: String,
    /// Ids of the documents that show it.
    #[serde(default)]
    pub evidence: Vec<String>,
    /// What to do about it.
    #[serde(default)]
    pub action: String,
    /// The memory that it was recognised by.
    pub template: Option<String>,
}

impl From<Step> for contract::Step {
    fn from(step: Step) -> Self {
        contract::Step {
            actor: step.actor.into(),
            name: step.name,
            text: step.text,
            reward: step.reward,
            agent: step.agent,
            failed: step.failed,
        }
    }
}

impl From<Actor> for contract::Actor {
    fn from(actor: Actor) -> Self {
        match actor {
            Actor::User => contract::Actor::User,
            Actor::Thought => contract::Actor::Thought,
            Actor::Action => contract::Actor::Action,
            Actor::Observation => contract::Actor::Observation,
            Actor::Answer => contract::Actor::Answer,
            Actor::Subtask => contract::Actor::Subtask,
        }
    }
}

impl From<Finding> for contract::Finding {
    fn from(finding: Finding) -> Self {
        contract::Finding {
            problem: finding.problem,
            evidence: finding.evidence,
            action: finding.action,
            template: finding.template,
        }
    }
}
