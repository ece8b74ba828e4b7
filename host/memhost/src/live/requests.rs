//! What agents ask and tell, and what they are answered.

use memhost_contract::{
    Agent, Authority, Citation, Finding, Memory, Moment, Outcome, Placement, Plan, Step, Task, Tool,
};

use super::timeline::wanted_authority;

/// Tokens of guidance, where nobody says how many.
pub(super) const TOKEN_BUDGET: u32 = 1_024;

/// What an agent asks before or in the middle of its work.
#[derive(Debug, Clone)]
pub struct Ask {
    /// What it is about to do. One without an id gets one from its text.
    pub task: Task,
    /// Who does it.
    pub agent: Agent,
    /// The attempt that this belongs to, where the agent has asked before; `None` begins a new one.
    pub attempt: Option<String>,
    /// Where in its work.
    pub moment: Moment,
    /// The run so far.
    pub transcript: Vec<Step>,
    /// Findings of earlier rounds.
    pub found: Vec<Finding>,
    /// The most tokens of guidance.
    pub token_budget: u32,
    /// What must have been learnt before: the sequence that a `record` or `feedback` answered with.
    pub after: Option<u64>,
}

impl Ask {
    /// What is asked before the first step of a task.
    pub fn at_start(text: impl Into<String>) -> Ask {
        Ask {
            task: Task::new("", text),
            agent: Agent::new("agent", "any"),
            attempt: None,
            moment: Moment::TaskStart,
            transcript: Vec::new(),
            found: Vec::new(),
            token_budget: TOKEN_BUDGET,
            after: None,
        }
    }
}

/// What an agent is told.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Handout {
    /// The attempt: what `record` and `feedback` are to name.
    pub attempt: String,
    /// Empty: there is nothing to say.
    pub text: String,
    /// Where it goes.
    pub placement: Placement,
    /// Whether it stands for what was said earlier in this attempt.
    pub replaces: bool,
    /// Tools that the strategy offers.
    pub offers: Vec<Tool>,
    /// The memories that it was made from.
    pub cited: Vec<Citation>,
    /// Which generation of the slot answered.
    pub generation: u32,
    /// Why there is no guidance, where the strategy failed.
    pub degraded: Option<String>,
    /// Whether guidance is held back, to see what the task comes to without.
    pub is_held_back: bool,
    /// How the strategy would have the task worked on.
    pub wanted: Wanted,
}

impl Handout {
    /// Nothing to say.
    pub(super) fn nothing(attempt: String, generation: u32, plan: &Plan) -> Handout {
        Handout {
            attempt,
            text: String::new(),
            placement: Placement::User,
            replaces: false,
            offers: Vec::new(),
            cited: Vec::new(),
            generation,
            degraded: None,
            is_held_back: false,
            wanted: Wanted::of(plan),
        }
    }
}

/// How a strategy would have a task worked on. The host cannot run somebody's agent: it says so, and takes what comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wanted {
    /// Runs of the task, which are learnt from together.
    pub trials: u32,
    /// Further tries after a failure, each of which asks again.
    pub refinements: u32,
    /// Rounds of looking for problems, each of which asks again with what was found.
    pub rounds: u32,
    /// Problems to report in each round.
    pub findings_per_round: u32,
    /// Who should say how it went: outcomes of less authority count as unknown.
    pub authority: Authority,
}

impl Wanted {
    /// What a plan asks for.
    pub(super) fn of(plan: &Plan) -> Wanted {
        Wanted {
            trials: plan.trials,
            refinements: plan.refinements,
            rounds: plan.rounds,
            findings_per_round: plan.findings_per_round,
            authority: wanted_authority(plan.labels),
        }
    }
}

/// What an agent did.
#[derive(Debug, Clone)]
pub struct Record {
    /// The attempt; `None` for one that began without asking.
    pub attempt: Option<String>,
    /// What was to be done; `None` where guidance was handed out for it.
    pub task: Option<Task>,
    /// Who did it; `None` where guidance was handed out to it.
    pub agent: Option<Agent>,
    /// The trajectory, in order.
    pub steps: Vec<Step>,
    /// What the agent handed in.
    pub answer: String,
    /// The problems that it reported.
    pub findings: Vec<Finding>,
    /// What became of it, if that is known.
    pub outcome: Option<Outcome>,
    /// Which of several runs.
    pub trial: u32,
}

impl Record {
    /// What was done in an attempt that began with a `retrieve`.
    pub fn of(attempt: impl Into<String>) -> Record {
        Record {
            attempt: Some(attempt.into()),
            task: None,
            agent: None,
            steps: Vec::new(),
            answer: String::new(),
            findings: Vec::new(),
            outcome: None,
            trial: 0,
        }
    }

    /// What was done about a task without asking.
    pub fn without_asking(task: Task, agent: Agent) -> Record {
        Record {
            attempt: None,
            task: Some(task),
            agent: Some(agent),
            ..Record::of("")
        }
    }
}

/// What was told is on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Kept {
    /// The attempt.
    pub attempt: String,
    /// Where in the ledger it stands: what `retrieve` can wait for.
    pub sequence: u64,
    /// Whether guidance had been handed out for it, which its outcome credits.
    pub credited: bool,
}

/// Why an agent was told what it was told.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Explanation {
    /// The attempt.
    pub attempt: String,
    /// What was to be done.
    pub task: Task,
    /// What became of it, if anybody has said.
    pub outcome: Option<Outcome>,
    /// Each time that guidance was handed out, in order.
    pub handed_out: Vec<ExplainedHandout>,
}

/// What stood behind one handout.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ExplainedHandout {
    /// Which generation answered.
    pub generation: u32,
    /// Each memory that was cited with its score; the memory as it is now, if it is there still.
    pub cited: Vec<(Citation, Option<Memory>)>,
}
