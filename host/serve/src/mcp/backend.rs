//! What the tools stand on: a seat in this process, or a server that is called over HTTP.
//!
//! Answers hold what a tool says of them and no more. They are read from JSON where a server gives them, which is why they
//! have the names of its answers.

use memhost::contract::{Memory, Outcome, Verdict};
use memhost::live::{Ask, Explanation, Handout, Kept, LiveError, Record, Seat};
use serde::Deserialize;

/// A memory that can be asked and told.
pub(super) trait Backend: Clone + Send + Sync + 'static {
    /// Why it did not do what it was asked.
    type Refusal: Refusal;

    /// What the agent should know now.
    fn retrieve(&self, ask: Ask) -> impl Future<Output = Result<Told, Self::Refusal>> + Send;

    /// What the agent did.
    fn record(&self, record: Record) -> impl Future<Output = Result<Noted, Self::Refusal>> + Send;

    /// How an attempt went.
    fn feedback(
        &self,
        attempt: &str,
        outcome: Outcome,
        revise: bool,
    ) -> impl Future<Output = Result<Noted, Self::Refusal>> + Send;

    /// Why the agent was told what it was told.
    fn explain(&self, attempt: &str) -> impl Future<Output = Result<Why, Self::Refusal>> + Send;
}

/// Why a backend did not do what it was asked.
pub(super) trait Refusal: std::error::Error + Send {
    /// What callers tell apart, in lower case with hyphens.
    fn code(&self) -> &str;
}

impl Refusal for LiveError {
    fn code(&self) -> &str {
        LiveError::code(self)
    }
}

/// What an agent is told.
#[derive(Debug, Deserialize)]
pub(super) struct Told {
    pub attempt: String,
    pub text: String,
    /// Whether it stands for what was said earlier in this attempt.
    #[serde(default)]
    pub replaces: bool,
    /// Why there is no guidance, where the strategy failed.
    pub degraded: Option<String>,
    /// Whether guidance is held back, to see what the task comes to without.
    #[serde(default)]
    pub held_back: bool,
}

/// What an agent told is on the disk.
#[derive(Debug, Deserialize)]
pub(super) struct Noted {
    /// What is asked next can wait for.
    pub sequence: u64,
    /// Whether guidance had been handed out for the attempt, which its outcome credits.
    pub credited: bool,
}

/// Why an agent was told what it was told.
#[derive(Debug, Deserialize)]
pub(super) struct Why {
    pub attempt: String,
    pub task: WhyTask,
    pub outcome: Option<WhyOutcome>,
    pub handed_out: Vec<WhyHandout>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WhyTask {
    pub text: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct WhyOutcome {
    pub verdict: String,
    pub score: Option<f64>,
    #[serde(default)]
    pub reason: String,
}

/// What stood behind one handout.
#[derive(Debug, Deserialize)]
pub(super) struct WhyHandout {
    pub generation: u32,
    pub cited: Vec<WhyCited>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WhyCited {
    pub memory: String,
    pub score: f64,
    /// The memory as it is now, if it is there still.
    pub now: Option<WhyMemory>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WhyMemory {
    pub kind: String,
    #[serde(default)]
    pub title: String,
    pub content: String,
}

/// The same question, asked of what is learnt from all that was told: a client of MCP carries no sequence along.
pub(super) async fn knowing_all(seat: &Seat, ask: Ask) -> Result<Ask, LiveError> {
    Ok(Ask {
        after: Some(seat.sequence().await?),
        ..ask
    })
}

impl Backend for Seat {
    type Refusal = LiveError;

    async fn retrieve(&self, ask: Ask) -> Result<Told, LiveError> {
        let ask = knowing_all(self, ask).await?;
        Seat::retrieve(self, ask).await.map(Told::from)
    }

    async fn record(&self, record: Record) -> Result<Noted, LiveError> {
        Seat::record(self, record).await.map(Noted::from)
    }

    async fn feedback(
        &self,
        attempt: &str,
        outcome: Outcome,
        revise: bool,
    ) -> Result<Noted, LiveError> {
        let kept = Seat::feedback(self, attempt, outcome, revise).await;
        kept.map(Noted::from)
    }

    async fn explain(&self, attempt: &str) -> Result<Why, LiveError> {
        Seat::explain(self, attempt).await.map(Why::from)
    }
}

impl From<Handout> for Told {
    fn from(handout: Handout) -> Told {
        Told {
            attempt: handout.attempt,
            text: handout.text,
            replaces: handout.replaces,
            degraded: handout.degraded,
            held_back: handout.is_held_back,
        }
    }
}

impl From<Kept> for Noted {
    fn from(kept: Kept) -> Noted {
        Noted {
            sequence: kept.sequence,
            credited: kept.credited,
        }
    }
}

impl From<Explanation> for Why {
    fn from(explanation: Explanation) -> Why {
        let handed_out = explanation.handed_out.into_iter().map(|handout| {
            let cited = handout.cited.into_iter().map(|(citation, now)| WhyCited {
                memory: citation.memory,
                score: citation.score,
                now: now.map(WhyMemory::from),
            });
            WhyHandout {
                generation: handout.generation,
                cited: cited.collect(),
            }
        });
        Why {
            attempt: explanation.attempt,
            task: WhyTask {
                text: explanation.task.text,
            },
            outcome: explanation.outcome.map(WhyOutcome::from),
            handed_out: handed_out.collect(),
        }
    }
}

impl From<Outcome> for WhyOutcome {
    fn from(outcome: Outcome) -> WhyOutcome {
        let verdict = match outcome.verdict {
            Verdict::Success => "success",
            Verdict::Failure => "failure",
            Verdict::Unknown => "unknown",
        };
        WhyOutcome {
            verdict: verdict.to_owned(),
            score: outcome.score,
            reason: outcome.reason,
        }
    }
}

impl From<Memory> for WhyMemory {
    fn from(memory: Memory) -> WhyMemory {
        WhyMemory {
            kind: memory.kind,
            title: memory.title,
            content: memory.content,
        }
    }
}
