//! An attempt as it stands in a line.

use memhost_contract::{Actor, Agent, Attempt, Authority, Finding, Outcome, Step, Task, Verdict};
use serde::{Deserialize, Serialize};

use super::super::super::recorded;
use super::{Wrong, within_unit};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AttemptRow {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(default, skip_serializing_if = "AgentRow::is_default")]
    pub(super) agent: AgentRow,
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
    pub(super) fn of(attempt: &Attempt, usual: usize) -> AttemptRow {
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

    pub(super) fn into_attempt(
        self,
        task: &Task,
        number: usize,
        usual: usize,
    ) -> Result<Attempt, Wrong> {
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
pub(super) struct AgentRow {
    pub(super) id: String,
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
    pub(super) fn of(agent: Agent) -> AgentRow {
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

    pub(super) fn into_agent(self) -> Agent {
        Agent {
            id: self.id,
            model: self.model,
            rank: self.rank,
            role: self.role,
        }
    }

    pub(super) fn is_default(&self) -> bool {
        *self == AgentRow::default()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepRow {
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
    pub(super) fn of(step: &Step) -> StepRow {
        StepRow {
            actor: step.actor,
            name: step.name.clone(),
            text: step.text.clone(),
            reward: step.reward,
            agent: step.agent.clone(),
            failed: step.failed,
        }
    }

    pub(super) fn into_step(self) -> Step {
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
