//! What a cell measured.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::capability::{ModelCall, Usage};
use crate::contract::Arm;
use crate::suite::Scores;

/// What a cell measured.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct CellReport {
    /// One per question, in the order of the suite (not of the shuffle).
    pub tasks: Vec<TaskReport>,
    /// Retrieve calls, from call to return, in microseconds, in the order of the run; empty if not measured.
    pub retrieve_micros: Vec<u64>,
    /// Model calls and tokens by purpose.
    pub model: BTreeMap<String, ModelCost>,
    /// Fuel by phase.
    pub fuel: BTreeMap<String, u64>,
    /// Active memories at the end, over all streams.
    pub memories: u64,
    /// Guidance that was longer than its budget, and was cut by the host.
    pub cut: u64,
    /// Memories that the host evicted because the strategy did not.
    pub evicted_by_host: u64,
    /// Runs of agents that the plan took.
    #[serde(default)]
    pub runs: Runs,
    /// Calls that failed, as text; the cell goes on without them.
    pub failures: Vec<String>,
    /// How many calls were made.
    pub calls: u64,
    /// From start to end; `None` if it was not measured.
    pub wall: Option<Duration>,
}

impl CellReport {
    /// The same without what a clock measured: a replay waits for no model, and its times say nothing of the run.
    pub fn without_times(self) -> CellReport {
        CellReport {
            retrieve_micros: Vec::new(),
            wall: None,
            ..self
        }
    }
}

/// What one question measured.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct TaskReport {
    /// `<stream>/<task>`.
    pub task: String,
    /// For clustering.
    pub group: String,
    /// Metric → value.
    pub scores: Scores,
    /// Tokens handed over at the primary budget.
    pub tokens: u32,
    /// What the same agent scores without memory, in 0..=1, where that arm was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<f64>,
}

/// Runs of agents, by arm: what a plan costs besides its model calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Runs {
    /// Questions that were asked, whether or not they are scored.
    pub asked: u64,
    /// With guidance.
    pub memory: u64,
    /// Without.
    pub no_memory: u64,
    /// With memories on trial, and without them where nobody knew.
    pub candidate: u64,
    /// Of rounds, over all runs.
    pub rounds: u64,
    /// Recorded or made by a model, and handed to `distill`.
    pub distilled: u64,
    /// Memories that were dropped because no task could try them.
    pub untried: u64,
}

impl Runs {
    /// Runs of agents, of whichever arm.
    pub fn total(&self) -> u64 {
        self.memory + self.no_memory + self.candidate
    }
}

/// Cost of model calls for one purpose.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ModelCost {
    /// Calls.
    pub calls: u64,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
}

/// Where an episode stands in its suite: stream, stage, place.
pub(super) type Position = (usize, usize, usize);

/// Gathers a report while a cell runs.
#[derive(Default)]
pub(super) struct Recorder {
    report: CellReport,
    tasks: BTreeMap<Position, TaskReport>,
}

impl Recorder {
    pub(super) fn call(&mut self, phase: &str, usage: &Usage) {
        self.report.calls += 1;
        *self.report.fuel.entry(phase.to_owned()).or_default() += usage.fuel;
        if phase == "retrieve" {
            self.report
                .retrieve_micros
                .push(u64::try_from(usage.wall.as_micros()).unwrap_or(u64::MAX));
        }
        self.model_calls(&usage.model_calls);
    }

    pub(super) fn model_calls(&mut self, calls: &[ModelCall]) {
        for call in calls {
            let cost = self.report.model.entry(call.purpose.clone()).or_default();
            cost.calls += 1;
            cost.input_tokens += u64::from(call.input_tokens);
            cost.output_tokens += u64::from(call.output_tokens);
        }
    }

    pub(super) fn runs(&mut self, arm: Arm, runs: usize) {
        let of_arm = match arm {
            Arm::Memory => &mut self.report.runs.memory,
            Arm::NoMemory => &mut self.report.runs.no_memory,
            Arm::Candidate => &mut self.report.runs.candidate,
        };
        *of_arm += runs as u64;
    }

    pub(super) fn asked(&mut self) {
        self.report.runs.asked += 1;
    }

    pub(super) fn untried(&mut self, memories: usize) {
        self.report.runs.untried += memories as u64;
    }

    pub(super) fn round(&mut self) {
        self.report.runs.rounds += 1;
    }

    pub(super) fn distilled(&mut self, attempts: usize) {
        self.report.runs.distilled += attempts as u64;
    }

    pub(super) fn failure(&mut self, text: String) {
        self.report.failures.push(text);
    }

    pub(super) fn cut(&mut self) {
        self.report.cut += 1;
    }

    pub(super) fn evicted_by_host(&mut self, memories: usize) {
        self.report.evicted_by_host += memories as u64;
    }

    pub(super) fn memories(&mut self, memories: u32) {
        self.report.memories += u64::from(memories);
    }

    pub(super) fn task(&mut self, position: Position, task: TaskReport) {
        self.tasks.insert(position, task);
    }

    pub(super) fn finish(mut self, wall: Duration) -> CellReport {
        self.report.tasks = self.tasks.into_values().collect();
        self.report.wall = Some(wall);
        self.report
    }
}
