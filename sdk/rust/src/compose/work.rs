//! Tasks, attempts and queries made in one expression, mostly for tests.

use crate::types::{
    Actor, Agent, Arm, Attempt, Authority, Context, Document, Feedback, Instant, Label, Moment,
    Outcome, Query, Receipt, Step, Task, Tool, Verdict,
};

impl Task {
    /// A task without labels and documents.
    pub fn new(id: &str, text: impl Into<String>) -> Self {
        Self {
            id: id.to_owned(),
            text: text.into(),
            labels: Vec::new(),
            documents: Vec::new(),
            time: None,
            tools: Vec::new(),
        }
    }

    /// Something known of it before it is tried.
    #[must_use]
    pub fn label(mut self, name: &str, value: impl Into<String>) -> Self {
        self.labels.push(Label::new(name, value));
        self
    }

    /// A piece of its context.
    #[must_use]
    pub fn document(mut self, id: &str, text: impl Into<String>) -> Self {
        self.documents.push(Document {
            id: id.to_owned(),
            text: text.into(),
            labels: Vec::new(),
        });
        self
    }

    /// When it happened, on the clock of the world that it is about.
    #[must_use]
    pub fn happened(mut self, at: Instant) -> Self {
        self.time = Some(at);
        self
    }

    /// Something that the agent can call.
    #[must_use]
    pub fn tool(mut self, tool: Tool) -> Self {
        self.tools.push(tool);
        self
    }
}

impl Tool {
    /// Something that an agent can call with arguments of this JSON Schema.
    pub fn new(name: &str, description: impl Into<String>, schema: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            description: description.into(),
            schema: schema.into(),
        }
    }
}

impl Agent {
    /// The weakest agent, on a model of this name.
    pub fn new(id: &str, model: &str) -> Self {
        Self {
            id: id.to_owned(),
            model: model.to_owned(),
            rank: 0,
            role: None,
        }
    }

    /// What it does in a team.
    #[must_use]
    pub fn role(mut self, role: &str) -> Self {
        self.role = Some(role.to_owned());
        self
    }
}

impl Step {
    /// The user's turn.
    pub fn user(text: impl Into<String>) -> Self {
        Self::by(Actor::User, None, text.into())
    }

    /// Reasoning.
    pub fn thought(text: impl Into<String>) -> Self {
        Self::by(Actor::Thought, None, text.into())
    }

    /// A call of a tool, with its arguments.
    pub fn action(name: &str, arguments: impl Into<String>) -> Self {
        Self::by(Actor::Action, Some(name.to_owned()), arguments.into())
    }

    /// What came back.
    pub fn observation(text: impl Into<String>) -> Self {
        Self::by(Actor::Observation, None, text.into())
    }

    /// A reply to the user.
    pub fn answer(text: impl Into<String>) -> Self {
        Self::by(Actor::Answer, None, text.into())
    }

    /// Where a sub-task begins, and what is to be done in it.
    pub fn subtask(text: impl Into<String>) -> Self {
        Self::by(Actor::Subtask, None, text.into())
    }

    /// Taken by this agent of a team.
    #[must_use]
    pub fn agent(mut self, id: &str) -> Self {
        self.agent = Some(id.to_owned());
        self
    }

    /// Somebody says whether it went wrong.
    #[must_use]
    pub fn failed(mut self, failed: bool) -> Self {
        self.failed = Some(failed);
        self
    }

    fn by(actor: Actor, name: Option<String>, text: String) -> Self {
        Self {
            actor,
            name,
            text,
            reward: None,
            agent: None,
            failed: None,
        }
    }
}

impl Attempt {
    /// The first run of a task with memory, without steps, of which nobody has said how it ended.
    pub fn new(id: &str, task: Task) -> Self {
        Self {
            id: id.to_owned(),
            task,
            agent: Agent::new("agent", "model"),
            arm: Arm::Memory,
            trial: 0,
            steps: Vec::new(),
            answer: String::new(),
            findings: Vec::new(),
            outcome: Outcome {
                verdict: Verdict::Unknown,
                score: None,
                baseline: None,
                reason: String::new(),
                authority: Authority::GroundTruth,
            },
            receipts: Vec::new(),
        }
    }

    /// One step more.
    #[must_use]
    pub fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// What the agent handed in.
    #[must_use]
    pub fn answer(mut self, answer: impl Into<String>) -> Self {
        self.answer = answer.into();
        self
    }

    /// This retrieval guided it too.
    #[must_use]
    pub fn guided_by(mut self, receipt: Receipt) -> Self {
        self.receipts.push(receipt);
        self
    }

    /// What `update` hears of it: one feedback per retrieval that guided it.
    pub fn feedback(&self) -> Vec<Feedback> {
        let receipts = self.receipts.iter().cloned();
        let heard = receipts.map(|receipt| Feedback {
            attempt: self.clone(),
            receipt,
        });
        heard.collect()
    }

    /// By ground truth, the task was solved.
    #[must_use]
    pub fn succeeded(self) -> Self {
        self.ended(Verdict::Success, 1.0)
    }

    /// By ground truth, the task was not solved.
    #[must_use]
    pub fn failed(self) -> Self {
        self.ended(Verdict::Failure, 0.0)
    }

    fn ended(mut self, verdict: Verdict, score: f64) -> Self {
        self.outcome.verdict = verdict;
        self.outcome.score = Some(score);
        self
    }
}

impl Outcome {
    /// Whether the task was solved, as far as ground truth says it.
    pub fn solved(&self) -> Option<bool> {
        match (self.verdict, self.authority) {
            (Verdict::Success, Authority::GroundTruth) => Some(true),
            (Verdict::Failure, Authority::GroundTruth) => Some(false),
            _ => None,
        }
    }

    /// How well the task was solved, from 0 to 1, as far as ground truth says it: its score, or else its verdict.
    pub fn grade(&self) -> Option<f64> {
        let verdict = || {
            self.solved()
                .map(|is_solved| f64::from(u8::from(is_solved)))
        };
        let grade = match self.authority {
            Authority::GroundTruth => self.score.or_else(verdict),
            _ => None,
        };
        grade.filter(|grade| (0.0..=1.0).contains(grade))
    }
}

impl Query {
    /// Before the first step of a task, with room for 1,000 tokens.
    pub fn new(task: Task) -> Self {
        Self {
            task,
            agent: Agent::new("agent", "model"),
            moment: Moment::TaskStart,
            transcript: Vec::new(),
            found: Vec::new(),
            handed_out: Vec::new(),
            candidate: None,
            token_budget: 1000,
        }
    }

    /// At this moment of a task that has begun.
    #[must_use]
    pub fn at(mut self, moment: Moment) -> Self {
        self.moment = moment;
        self
    }

    /// After these steps.
    #[must_use]
    pub fn after(mut self, steps: &[Step]) -> Self {
        self.transcript = steps.to_vec();
        self
    }

    /// In the trial of this memory, which is seen as active: guidance must be made with it.
    #[must_use]
    pub fn on_trial(mut self, memory: impl Into<String>) -> Self {
        self.candidate = Some(memory.into());
        self
    }

    /// With room for this many tokens.
    #[must_use]
    pub fn budget(mut self, tokens: u32) -> Self {
        self.token_budget = tokens;
        self
    }
}

impl Context {
    /// A run of these steps that was not shortened before, to be brought to so many tokens.
    pub fn new(task: Task, steps: Vec<Step>, token_budget: u32) -> Self {
        Self {
            task,
            agent: Agent::new("agent", "model"),
            steps,
            summary: String::new(),
            token_budget,
        }
    }

    /// A run that was shortened before: what this says stands for the steps before these.
    #[must_use]
    pub fn after(mut self, summary: impl Into<String>) -> Self {
        self.summary = summary.into();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grade_is_the_score_or_else_the_verdict_and_only_ground_truth_gives_one() {
        let attempt = || Attempt::new("a", Task::new("t", "?"));
        let unknown = attempt().outcome;
        assert_eq!((unknown.solved(), unknown.grade()), (None, None));
        let mut failed = attempt().failed().outcome;
        failed.score = Some(0.4);
        assert_eq!((failed.solved(), failed.grade()), (Some(false), Some(0.4)));
        failed.score = Some(1.5);
        assert_eq!(failed.grade(), None);
        let mut solved = attempt().succeeded().outcome;
        solved.score = None;
        assert_eq!((solved.solved(), solved.grade()), (Some(true), Some(1.0)));
        solved.authority = Authority::Judge;
        assert_eq!((solved.solved(), solved.grade()), (None, None));
    }
}
