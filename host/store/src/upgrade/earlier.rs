//! What schema version 3 held otherwise: memories whose sources are texts, keys that are all embedded, attempts of fewer
//! parts. As its journals have it, whose records name no fields, in the same order.

use memhost_contract as now;
use memhost_contract::{
    Actor, Arm, Blob, Counters, Document, Finding, Instant, Label, Link, Outcome, Receipt, Source,
    State,
};

use crate::effect::{self, LinkKey};

/// What was committed at once.
#[derive(serde::Deserialize)]
pub(crate) struct Group {
    pub namespace: String,
    pub records: Vec<Record>,
}

#[derive(serde::Deserialize)]
pub(crate) enum Record {
    Transaction(Vec<Effect>),
    Attempts {
        run: String,
        attempts: Vec<Attempt>,
    },
    /// Measured cells, which a comparison's `results.json` holds: run, strategy, its digest, suite, seed, order, metric,
    /// value, how many tasks. They are decoded for the records behind them.
    Results(#[expect(dead_code, reason = "what stands there has to be decoded")] Vec<Cell>),
}

type Cell = (String, String, String, String, u64, u32, String, f64, u32);

#[derive(serde::Deserialize)]
pub(crate) enum Effect {
    Put(Memory),
    Vectors { id: String, vectors: Vec<Vec<f32>> },
    Remove(String),
    Connect(Link),
    Disconnect(LinkKey),
    Save(Blob),
    Receipt { receipt: Receipt, at: f64 },
    Next(u64),
}

#[derive(serde::Deserialize)]
pub(crate) struct Memory {
    id: String,
    kind: String,
    title: String,
    content: String,
    keys: Vec<Key>,
    labels: Vec<Label>,
    payload: String,
    state: State,
    counters: Counters,
    sources: Vec<String>,
    created: Instant,
    updated: Instant,
    last_used: Instant,
}

#[derive(serde::Deserialize)]
struct Key {
    name: String,
    text: String,
}

#[derive(serde::Deserialize)]
pub(crate) struct Attempt {
    id: String,
    task: Task,
    agent: Agent,
    arm: Arm,
    trial: u32,
    steps: Vec<Step>,
    answer: String,
    findings: Vec<Finding>,
    outcome: Outcome,
    receipt: Option<Receipt>,
}

#[derive(serde::Deserialize)]
struct Task {
    id: String,
    text: String,
    labels: Vec<Label>,
    documents: Vec<Document>,
}

#[derive(serde::Deserialize)]
struct Agent {
    id: String,
    model: String,
    rank: u32,
}

#[derive(serde::Deserialize)]
struct Step {
    actor: Actor,
    name: Option<String>,
    text: String,
    reward: Option<f64>,
}

impl Effect {
    /// The same as it is written now; a source is an attempt that is called as the text says.
    pub(crate) fn now(self) -> effect::Effect {
        match self {
            Effect::Put(memory) => effect::Effect::Put(memory.now()),
            Effect::Vectors { id, vectors } => effect::Effect::Vectors { id, vectors },
            Effect::Remove(id) => effect::Effect::Remove(id),
            Effect::Connect(link) => effect::Effect::Connect(link),
            Effect::Disconnect(key) => effect::Effect::Disconnect(key),
            Effect::Save(blob) => effect::Effect::Save(blob),
            Effect::Receipt { receipt, at } => effect::Effect::Receipt { receipt, at },
            Effect::Next(next) => effect::Effect::Next(next),
        }
    }
}

impl Memory {
    fn now(self) -> now::Memory {
        let keys = self.keys.into_iter();
        now::Memory {
            id: self.id,
            kind: self.kind,
            title: self.title,
            content: self.content,
            keys: keys.map(|key| now::Key::new(key.name, key.text)).collect(),
            labels: self.labels,
            payload: self.payload,
            state: self.state,
            counters: self.counters,
            sources: self.sources.into_iter().map(Source::attempt).collect(),
            expires: None,
            created: self.created,
            updated: self.updated,
            last_used: self.last_used,
        }
    }
}

impl Attempt {
    /// The same as it is written now.
    pub(crate) fn now(self) -> now::Attempt {
        let Task {
            id,
            text,
            labels,
            documents,
        } = self.task;
        let task = now::Task {
            labels,
            documents,
            ..now::Task::new(id, text)
        };
        let agent = now::Agent {
            rank: self.agent.rank,
            ..now::Agent::new(self.agent.id, self.agent.model)
        };
        let step = |step: Step| now::Step {
            name: step.name,
            reward: step.reward,
            ..now::Step::new(step.actor, step.text)
        };
        now::Attempt {
            arm: self.arm,
            trial: self.trial,
            steps: self.steps.into_iter().map(step).collect(),
            answer: self.answer,
            findings: self.findings,
            receipts: Vec::from_iter(self.receipt),
            ..now::Attempt::new(self.id, task, agent, self.outcome)
        }
    }
}
