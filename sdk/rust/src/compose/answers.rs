//! What a strategy says of itself and to the agent, and why it cannot.

use crate::types::{
    Arrangement, Citation, Compacted, Description, ExpectedCalls, Fault, Guidance, Labels,
    Placement, Plan, Receipt, Tool, Trigger,
};

impl Description {
    /// A strategy by its name, its version and one sentence.
    pub fn new(name: &str, version: &str, summary: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            summary: summary.to_owned(),
            source: String::new(),
            parameters: Vec::new(),
            requires: Vec::new(),
            degraded: Vec::new(),
        }
    }

    /// Where the algorithm comes from: a paper or a page.
    #[must_use]
    pub fn source(mut self, source: &str) -> Self {
        self.source = source.to_owned();
        self
    }

    /// A host interface that it cannot work without: `llm`, `embedder`.
    #[must_use]
    pub fn requires(mut self, interface: &str) -> Self {
        self.requires.push(interface.to_owned());
        self
    }

    /// How it runs when something that it wants is missing.
    #[must_use]
    pub fn degraded(mut self, how: &str) -> Self {
        self.degraded.push(how.to_owned());
        self
    }
}

impl Plan {
    /// One run per task, in order, each with what the earlier ones taught, and told whatever outcome is known.
    pub fn streaming() -> Self {
        Self {
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

/// The questions of a plan that a strategy may leave as they are.
impl Plan {
    /// All is learnt from the training tasks; then nothing changes.
    pub fn build_then_freeze() -> Self {
        Self {
            arrangement: Arrangement::BuildThenFreeze,
            ..Self::streaming()
        }
    }

    /// All is learnt from the training tasks; then the test tasks come one by one, and teach too.
    pub fn build_then_stream() -> Self {
        Self {
            arrangement: Arrangement::BuildThenStream,
            ..Self::streaming()
        }
    }

    /// What outcomes it is told; any, unless given.
    #[must_use]
    pub fn labels(mut self, labels: Labels) -> Self {
        self.labels = labels;
        self
    }

    /// Runs per task with memory; 1 unless given.
    #[must_use]
    pub fn trials(mut self, trials: u32) -> Self {
        self.trials = trials;
        self
    }

    /// The same for training tasks; as many as [`Plan::trials`], unless given.
    #[must_use]
    pub fn build_trials(mut self, trials: u32) -> Self {
        self.build_trials = trials;
        self
    }

    /// Further tries at a task after a failure, each learnt from before the next one is asked.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Outcomes are told in batches of this many, where the suite has no batches of its own.
    #[must_use]
    pub fn batch(mut self, outcomes: u32) -> Self {
        self.batch = outcomes;
        self
    }

    /// The temperature at which the agent should run, where it is a model.
    #[must_use]
    pub fn agent_temperature(mut self, temperature: f32) -> Self {
        self.agent_temperature = Some(temperature);
        self
    }

    /// It wants to be asked at this moment too, besides the start of a task and its rounds.
    #[must_use]
    pub fn asked(mut self, moment: Trigger) -> Self {
        self.moments.push(moment);
        self
    }

    /// Each task is also run without memory.
    #[must_use]
    pub fn with_baseline(mut self) -> Self {
        self.baseline_arm = true;
        self
    }

    /// The training tasks are run with every agent.
    #[must_use]
    pub fn with_all_agents(mut self) -> Self {
        self.all_agents = true;
        self
    }

    /// The answer is refined so often by showing it to the agent again.
    #[must_use]
    pub fn refinements(mut self, times: u32) -> Self {
        self.refinements = times;
        self
    }

    /// A task has at most so many rounds, and the agent reports at most so many findings in each; 0: no limit.
    #[must_use]
    pub fn rounds(mut self, rounds: u32, findings_per_round: u32) -> Self {
        self.rounds = rounds;
        self.findings_per_round = findings_per_round;
        self
    }

    /// How many model calls the operator should expect.
    #[must_use]
    pub fn calls(mut self, calls: ExpectedCalls) -> Self {
        self.calls = calls;
        self
    }
}

impl ExpectedCalls {
    /// This many calls per retrieval, per distilled attempt and per outcome that `update` hears of, on average.
    pub fn per(retrieve: f32, distill: f32, update: f32) -> Self {
        Self {
            retrieve,
            distill,
            update,
            candidates: 0.0,
        }
    }
}

impl Guidance {
    /// Nothing to say, which is a legal answer.
    pub fn none() -> Self {
        Self::placed(Placement::User, String::new())
    }

    /// Into the system message.
    pub fn system(text: impl Into<String>) -> Self {
        Self::placed(Placement::System, text.into())
    }

    /// In front of the task.
    pub fn user(text: impl Into<String>) -> Self {
        Self::placed(Placement::User, text.into())
    }

    /// Made from this memory too, which weighed this much. Best first.
    #[must_use]
    pub fn citing(mut self, memory: impl Into<String>, score: f64) -> Self {
        self.receipt.used.push(Citation {
            memory: memory.into(),
            score,
        });
        self
    }

    /// Made from these memories too, with their scores. Best first.
    #[must_use]
    pub fn citing_all(self, cited: impl IntoIterator<Item = (String, f64)>) -> Self {
        let cited = cited.into_iter();
        cited.fold(self, |guidance, (memory, score)| {
            guidance.citing(memory, score)
        })
    }

    /// It stands for what was said in the same place earlier in this attempt, rather than beside it.
    #[must_use]
    pub fn replacing(mut self) -> Self {
        self.replaces = true;
        self
    }

    /// The agent may call this from now on; a call comes back as `Moment::AfterTool`, and what is said then is its answer.
    #[must_use]
    pub fn offering(mut self, tool: Tool) -> Self {
        self.offers.push(tool);
        self
    }

    fn placed(placement: Placement, text: String) -> Self {
        Self {
            text,
            placement,
            replaces: false,
            offers: Vec::new(),
            receipt: Receipt::default(),
        }
    }
}

impl Default for Receipt {
    /// Of nothing.
    fn default() -> Self {
        Self {
            id: String::new(),
            used: Vec::new(),
            note: String::new(),
        }
    }
}

impl Compacted {
    /// This in place of all steps but the last few, which stay as they are.
    pub fn new(summary: impl Into<String>, keep_last: u32) -> Self {
        Self {
            text: summary.into(),
            keep_last,
            receipt: Receipt::default(),
        }
    }

    /// Made with this memory too, which weighed this much. Best first.
    #[must_use]
    pub fn citing(mut self, memory: impl Into<String>, score: f64) -> Self {
        self.receipt.used.push(Citation {
            memory: memory.into(),
            score,
        });
        self
    }
}

impl Fault {
    /// The same fault, saying first what was being done: `while judging attempt a7: no reply`.
    #[must_use]
    pub fn within(self, doing: &str) -> Self {
        let told = |text| format!("while {doing}: {text}");
        match self {
            Self::Invalid(text) => Self::Invalid(told(text)),
            Self::Exhausted(text) => Self::Exhausted(told(text)),
            Self::Unavailable(text) => Self::Unavailable(told(text)),
            Self::Failed(text) => Self::Failed(told(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_says_what_was_asked_for_and_the_rest_is_as_usual() {
        assert_eq!(
            Plan::build_then_freeze().arrangement,
            Arrangement::BuildThenFreeze
        );
        let plan = Plan::build_then_stream()
            .labels(Labels::Graded)
            .trials(3)
            .build_trials(5)
            .retries(2)
            .batch(50)
            .agent_temperature(0.7)
            .asked(Trigger::EverySteps(4))
            .asked(Trigger::Retry)
            .with_baseline()
            .with_all_agents()
            .refinements(1)
            .rounds(10, 1)
            .calls(ExpectedCalls::per(1.0, 2.0, 3.0));
        assert_eq!(
            plan,
            Plan {
                arrangement: Arrangement::BuildThenStream,
                labels: Labels::Graded,
                trials: 3,
                build_trials: 5,
                retries: 2,
                batch: 50,
                agent_temperature: Some(0.7),
                moments: vec![Trigger::EverySteps(4), Trigger::Retry],
                baseline_arm: true,
                all_agents: true,
                refinements: 1,
                rounds: 10,
                findings_per_round: 1,
                calls: ExpectedCalls::per(1.0, 2.0, 3.0),
            }
        );
        assert_eq!(Plan::streaming().trials(3).batch, 0);
    }

    #[test]
    fn guidance_can_replace_what_was_said_and_offer_tools() {
        let recall = Tool::new("recall", "Looks something up.", "{}");
        let guidance = Guidance::user("See above.")
            .replacing()
            .offering(recall.clone());
        assert_eq!((guidance.replaces, guidance.offers), (true, vec![recall]));
        let usual = Guidance::system("");
        assert_eq!((usual.replaces, usual.offers.len()), (false, 0));
    }
}
