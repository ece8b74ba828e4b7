//! What a strategy says of itself and to the agent, and why it cannot.

use crate::types::{
    Citation, Description, ExpectedCalls, Fault, Guidance, Labels, Placement, Plan, Protocol,
    Receipt,
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
            protocol: Protocol::Streaming,
            labels: Labels::Any,
            trials: 1,
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

    fn placed(placement: Placement, text: String) -> Self {
        Self {
            text,
            placement,
            receipt: Receipt {
                id: String::new(),
                used: Vec::new(),
                note: String::new(),
            },
        }
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
