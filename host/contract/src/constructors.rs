//! Constructors of the contract's records, for what is the same whenever they are made.

use crate::*;

impl Plan {
    /// One run per task, in order, each with what the earlier ones taught, and told whatever outcome is known.
    pub fn streaming() -> Plan {
        Plan {
            arrangement: Arrangement::Streaming,
            labels: Labels::Any,
            trials: 1,
            build_trials: 0,
            retries: 0,
            batch: 0,
            agent_temperature: None,
            moments: Vec::new(),
            baseline_arm: false,
            all_agents: false,
            refinements: 0,
            rounds: 1,
            findings_per_round: 0,
            calls: ExpectedCalls {
                retrieve: 0.0,
                distill: 0.0,
                update: 0.0,
                candidates: 0.0,
            },
        }
    }
}

impl Guidance {
    /// What a strategy says that has nothing to say.
    pub fn nothing() -> Guidance {
        Guidance {
            text: String::new(),
            placement: Placement::System,
            replaces: false,
            offers: Vec::new(),
            receipt: Receipt::nothing(),
        }
    }
}

impl Compacted {
    /// The run as it is.
    pub fn unchanged(run: Context) -> Compacted {
        Compacted {
            text: run.summary,
            keep_last: u32::try_from(run.steps.len()).unwrap_or(u32::MAX),
            receipt: Receipt::nothing(),
        }
    }
}

impl Receipt {
    /// Of what was made from no memory.
    pub fn nothing() -> Receipt {
        Receipt {
            id: String::new(),
            used: Vec::new(),
            note: String::new(),
        }
    }
}

impl Task {
    /// A task that says no more than this.
    pub fn new(id: impl Into<String>, text: impl Into<String>) -> Task {
        Task {
            id: id.into(),
            text: text.into(),
            labels: Vec::new(),
            documents: Vec::new(),
            time: None,
            tools: Vec::new(),
        }
    }
}

impl Agent {
    /// An agent on this model, that no other is compared with.
    pub fn new(id: impl Into<String>, model: impl Into<String>) -> Agent {
        Agent {
            id: id.into(),
            model: model.into(),
            rank: 0,
            role: None,
        }
    }
}

impl Query {
    /// What an agent asks before it begins a task, with room for so many tokens.
    pub fn at_start(task: Task, agent: Agent, token_budget: u32) -> Query {
        Query {
            task,
            agent,
            moment: Moment::TaskStart,
            transcript: Vec::new(),
            found: Vec::new(),
            handed_out: Vec::new(),
            candidate: None,
            token_budget,
        }
    }
}

impl Step {
    /// A step of which no more is known than who took it and what it says.
    pub fn new(actor: Actor, text: impl Into<String>) -> Step {
        Step {
            actor,
            name: None,
            text: text.into(),
            reward: None,
            agent: None,
            failed: None,
        }
    }

    /// A call of a tool, with its arguments as JSON.
    pub fn action(tool: impl Into<String>, arguments: impl Into<String>) -> Step {
        Step {
            name: Some(tool.into()),
            ..Step::new(Actor::Action, arguments)
        }
    }
}

impl Outcome {
    /// Whether it succeeded, as somebody says of whom no more is known than that it is the truth; no score.
    pub fn known(success: bool) -> Outcome {
        Outcome {
            verdict: match success {
                true => Verdict::Success,
                false => Verdict::Failure,
            },
            score: None,
            baseline: None,
            reason: String::new(),
            authority: Authority::GroundTruth,
        }
    }
}

impl Attempt {
    /// An agent's first run of a task, with memory at hand, of which no step is told.
    pub fn new(id: impl Into<String>, task: Task, agent: Agent, outcome: Outcome) -> Attempt {
        Attempt {
            id: id.into(),
            task,
            agent,
            arm: Arm::Memory,
            trial: 0,
            steps: Vec::new(),
            answer: String::new(),
            findings: Vec::new(),
            outcome,
            receipts: Vec::new(),
        }
    }
}

impl Source {
    /// An attempt as a whole.
    pub fn attempt(attempt: impl Into<String>) -> Source {
        Source {
            attempt: attempt.into(),
            step: None,
        }
    }

    /// One step of an attempt, from 0.
    pub fn step(attempt: impl Into<String>, step: u32) -> Source {
        Source {
            attempt: attempt.into(),
            step: Some(step),
        }
    }
}

impl Eq for Source {}

impl std::hash::Hash for Source {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (&self.attempt, self.step).hash(state);
    }
}

impl Ord for Source {
    fn cmp(&self, other: &Source) -> std::cmp::Ordering {
        (&self.attempt, self.step).cmp(&(&other.attempt, other.step))
    }
}

impl PartialOrd for Source {
    fn partial_cmp(&self, other: &Source) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// For a person: `monday-0`, or `step 3 of monday-0`.
impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.step {
            Some(step) => write!(f, "step {step} of {}", self.attempt),
            None => f.write_str(&self.attempt),
        }
    }
}

impl Key {
    /// A text that is embedded, and indexed by its words.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Key {
        Key {
            name: name.into(),
            text: text.into(),
            embedded: true,
        }
    }
}

/// A stored memory, by its id.
impl From<String> for Target {
    fn from(id: String) -> Target {
        Target::Memory(id)
    }
}

/// A stored memory, by its id.
impl From<&str> for Target {
    fn from(id: &str) -> Target {
        Target::Memory(id.to_owned())
    }
}

/// For a person: `m7`, or `insert 2 of its answer`.
impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Target::Memory(id) => f.write_str(id),
            Target::Inserted(number) => write!(f, "insert {number} of its answer"),
        }
    }
}

impl Patch {
    /// Leaves all of a memory as it is.
    pub fn of(target: impl Into<Target>) -> Patch {
        Patch {
            target: target.into(),
            title: None,
            content: None,
            keys: None,
            labels: None,
            payload: None,
            state: None,
            more_sources: Vec::new(),
            expires: None,
        }
    }

    /// Leaves all of a memory as it is, but for its state.
    pub fn to_state(target: impl Into<Target>, state: State) -> Patch {
        Patch {
            state: Some(state),
            ..Patch::of(target)
        }
    }
}

impl Change {
    /// A change that waits for nothing.
    pub fn at_once(op: Op) -> Change {
        Change {
            op,
            commit: Commit::AtOnce,
        }
    }
}

impl NewMemory {
    /// A memory of this kind and content that nobody has used yet, and that nothing else is known of.
    pub fn new(kind: impl Into<String>, content: impl Into<String>) -> NewMemory {
        NewMemory {
            kind: kind.into(),
            title: String::new(),
            content: content.into(),
            keys: Vec::new(),
            labels: Vec::new(),
            payload: String::new(),
            counters: Counters {
                weight: 1.0,
                uses: 0,
                wins: 0,
                losses: 0,
                strength: 0.0,
            },
            sources: Vec::new(),
            expires: None,
        }
    }
}
