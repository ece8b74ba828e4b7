//! Small made-up comparisons for tests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use memhost::capability::{CallContext, Usage};
use memhost::contract::{
    Attempt, Change, Description, Guidance, Labels, Plan, Query, Setting, Task, Value,
};
use memhost::embedding::EmbedderIdentity;
use memhost::strategy::{Answer, CallError, CallFailure, Phases, Strategy, Wrapped};
use memhost_suite::{Episode, Lane, Question, Stage, Stream, Suite, Timing};

use super::{CellKey, Comparison, Conditions, Contest, Contestant, Design, PlannedCell};
use crate::driver::{
    Acting, CellReport, ModelCost, PhaseCalls, Repetition, Runs, TaskOrder, TaskReport, Told,
};

/// A strategy that is only ever named and never called.
pub struct Named(Description);

impl Named {
    pub fn new(name: &str, degraded: &[&str]) -> Named {
        Named(Description {
            name: name.to_owned(),
            version: "0.1.0".to_owned(),
            summary: String::new(),
            source: String::new(),
            parameters: Vec::new(),
            requires: Vec::new(),
            degraded: degraded.iter().map(|&how| how.to_owned()).collect(),
        })
    }

    fn refuse<T>(&self) -> Answer<T> {
        Answer {
            result: Err(CallError {
                plugin: self.0.name.clone(),
                call: "retrieve",
                reason: CallFailure::Trap("it is only ever named".to_owned()),
            }),
            usage: Usage::default(),
        }
    }
}

#[async_trait]
impl Strategy for Named {
    fn description(&self) -> &Description {
        &self.0
    }

    fn phases(&self) -> Phases {
        Phases::default()
    }

    fn digest(&self) -> &str {
        "sha256:0"
    }

    async fn plan(&self, _: &[Setting]) -> Result<Plan, CallError> {
        Ok(plan(Labels::Any))
    }

    async fn retrieve(&self, _: CallContext, _: Query, _: &[Setting]) -> Answer<Guidance> {
        self.refuse()
    }

    async fn distill(&self, _: CallContext, _: Vec<Attempt>, _: &[Setting]) -> Answer<Vec<Change>> {
        self.refuse()
    }
}

pub fn plan(labels: Labels) -> Plan {
    Plan {
        labels,
        ..Plan::streaming()
    }
}

pub fn contestant(name: &str, floor: bool) -> Contestant {
    Contestant {
        name: name.to_owned(),
        strategy: Arc::new(Named::new(name, &[])),
        settings: Vec::new(),
        plan: plan(Labels::Any),
        floor,
    }
}

/// The same with a parameter `k` of this value.
pub fn with_k(contestant: Contestant, k: f64) -> Contestant {
    let k = Setting {
        name: "k".to_owned(),
        value: Value::Number(k),
    };
    Contestant {
        settings: vec![k],
        ..contestant
    }
}

/// The same in a wrapper, with the same settings.
pub fn in_pass(inner: Contestant) -> Contestant {
    let outer = Arc::new(Named::new("pass", &[]));
    let settings = inner.settings.iter().map(|setting| Setting {
        name: format!("inner.{}", setting.name),
        ..setting.clone()
    });
    Contestant {
        name: format!("pass({})", inner.name),
        settings: settings.collect(),
        strategy: Arc::new(Wrapped::new(outer, inner.strategy).unwrap()),
        ..inner
    }
}

/// A suite with this many questions, two of a group.
pub fn suite(questions: usize) -> Suite {
    let episode = |number: usize| Episode {
        task: Task::new(format!("t{number}"), format!("question {number}")),
        question: Some(Question::Kind {
            kind: "any".to_owned(),
        }),
        attempts: Vec::new(),
        withheld: Vec::new(),
        timing: Timing::default(),
        check: None,
        group: format!("g{}", number / 2),
    };
    Suite {
        name: "transfer".to_owned(),
        lane: Lane::Transfer,
        summary: "Made up.".to_owned(),
        left_out: Vec::new(),
        streams: vec![Stream {
            name: "s".to_owned(),
            stages: vec![Stage::shuffled((0..questions).map(episode).collect())],
        }],
        budgets: vec![256],
        primary: "hit@1".to_owned(),
    }
}

pub fn conditions() -> Conditions {
    Conditions {
        memhost: "0.1.0".to_owned(),
        embedder: EmbedderIdentity {
            name: "builtin:static-minilm-256".to_owned(),
            dimension: 256,
        },
        embedder_digest: Some("0".to_owned()),
        models: BTreeMap::from([("agent".to_owned(), "extractive".to_owned())]),
        limits: "the usual".to_owned(),
        acting: Acting::Reader,
        order: TaskOrder::default(),
        told: Told::default(),
    }
}

pub fn key(strategy: &str, seed: u64) -> CellKey {
    CellKey {
        strategy: strategy.to_owned(),
        floor: false,
        digest: "sha256:0".to_owned(),
        settings: BTreeMap::from([("k".to_owned(), "1".to_owned())]),
        suite: "evidence".to_owned(),
        suite_digest: "0".to_owned(),
        repetition: Repetition { seed, order: 0 },
        most_memories: None,
        conditions: conditions(),
    }
}

/// A report of a suite's first questions with these scores for `hit@1`, and half of them for `recall@5`.
pub fn report(scores: &[f64]) -> CellReport {
    let task = |(number, score): (usize, &f64)| TaskReport {
        task: format!("s/t{number}"),
        asked: number as u32,
        changed: false,
        group: format!("g{}", number / 2),
        scores: BTreeMap::from([
            ("hit@1".to_owned(), *score),
            ("recall@5".to_owned(), score / 2.0),
        ]),
        tokens: 100 + number as u32,
        baseline: None,
        solved: None,
    };
    CellReport {
        tasks: scores.iter().enumerate().map(task).collect(),
        retrieve_micros: (1..=100).map(|rank| rank * 25).collect(),
        model: BTreeMap::new(),
        writing: ModelCost::default(),
        fuel: BTreeMap::from([("retrieve".to_owned(), 1_000_000)]),
        memories: 40,
        growth: (1..=scores.len() as u32)
            .map(|asked| (asked, u64::from(asked) * 40 / scores.len() as u64))
            .collect(),
        cut: 0,
        cut_texts: 0,
        evicted_by_host: 0,
        runs: Runs {
            memory: 24,
            ..Runs::default()
        },
        failures: Vec::new(),
        calls: 200,
        wall: Some(Duration::from_millis(1_500)),
        phases: BTreeMap::new(),
    }
}

/// The same, and every lesson was lost.
pub fn broken(scores: &[f64]) -> CellReport {
    let first = "task `t0`: no reply".to_owned();
    let lost = PhaseCalls {
        calls: 3,
        failed: 3,
        first: Some(first.clone()),
        ..PhaseCalls::default()
    };
    CellReport {
        failures: vec![first; 3],
        phases: BTreeMap::from([("distill".to_owned(), lost)]),
        ..report(scores)
    }
}

/// Two plugins and a floor on one suite of 24 questions in 12 groups.
pub fn comparison(seeds: u64) -> Comparison {
    Comparison {
        run: "run".to_owned(),
        contests: vec![Contest {
            suite: Arc::new(suite(24)),
            contestants: vec![
                contestant("rag", false),
                contestant("reasoningbank", false),
                contestant("random", true),
            ],
            inapplicable: Vec::new(),
        }],
        seeds,
        orders: 1,
        most_memories: None,
        unfit: Vec::new(),
    }
}

pub fn design(comparison: &Comparison) -> Design {
    let caveat = "extractive: is not a language model".to_owned();
    Design::of(comparison, &conditions(), vec![caveat])
}

pub fn cells(comparison: &Comparison) -> Vec<PlannedCell> {
    comparison.cells(&design(comparison))
}
