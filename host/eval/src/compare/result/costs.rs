//! What runs cost: tokens, calls, time and room.

use crate::compare::statistics::{mean, nearest_rank};
use crate::driver::{CellReport, ModelCost, Runs};

/// What runs cost, as a mean over seeds. Times are `None` if they were not measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Costs {
    /// Tokens handed over per question at the primary budget.
    pub tokens_per_question: f64,
    /// Language model calls.
    pub model_calls: f64,
    /// Tokens that models read.
    pub model_input_tokens: f64,
    /// Tokens that models wrote.
    pub model_output_tokens: f64,
    /// Active memories at the end.
    pub memories: f64,
    /// Median of the retrieve calls, in milliseconds, over all seeds together.
    pub retrieve_p50_ms: Option<f64>,
    /// 95th percentile of the retrieve calls, in milliseconds, over all seeds together.
    pub retrieve_p95_ms: Option<f64>,
    /// Instructions, as wasmtime counts fuel.
    pub fuel: f64,
    /// Seconds from start to end.
    pub wall_seconds: Option<f64>,
    /// Runs of an agent per question: with memory, without, and with memories on trial.
    #[serde(default)]
    pub runs_per_task: f64,
    /// Runs that were handed to `distill`, per question: recorded ones, where no model acts.
    #[serde(default)]
    pub distilled_per_task: f64,
    /// Memories that were dropped because no task could try them.
    #[serde(default)]
    pub untried: f64,
    /// Tokens of models, read and written, that writing memories took.
    pub writing_tokens: f64,
    /// Guidance that the host cut to its budget.
    pub cut: f64,
    /// Texts that were longer than the embedder or the store takes, and were cut.
    #[serde(default)]
    pub cut_texts: f64,
    /// Memories that the host evicted.
    pub evicted_by_host: f64,
}

impl Costs {
    /// Mean over these runs of one strategy on one suite; `None` of none.
    pub fn of(reports: &[&CellReport]) -> Option<Costs> {
        let per_run = |value: fn(&CellReport) -> f64| mean(reports.iter().map(|r| value(r)));
        let per_question = |count: fn(&Runs) -> u64| {
            let runs = reports.iter().map(|report| &report.runs);
            mean(runs.map(|runs| match runs.asked {
                0 => 0.0,
                asked => count(runs) as f64 / asked as f64,
            }))
        };
        let retrievals: Vec<u64> = reports
            .iter()
            .flat_map(|report| report.retrieve_micros.iter().copied())
            .collect();
        let milliseconds = |percent| nearest_rank(&retrievals, percent).map(in_millis);
        Some(Costs {
            tokens_per_question: per_run(|r| {
                mean(r.tasks.iter().map(|task| f64::from(task.tokens))).unwrap_or(0.0)
            })?,
            model_calls: per_run(|r| total(r, |cost| cost.calls))?,
            model_input_tokens: per_run(|r| total(r, |cost| cost.input_tokens))?,
            model_output_tokens: per_run(|r| total(r, |cost| cost.output_tokens))?,
            memories: per_run(|r| r.memories as f64)?,
            retrieve_p50_ms: milliseconds(50.0),
            retrieve_p95_ms: milliseconds(95.0),
            fuel: per_run(|r| r.fuel.values().sum::<u64>() as f64)?,
            wall_seconds: mean(reports.iter().filter_map(|r| Some(r.wall?.as_secs_f64()))),
            runs_per_task: per_question(|runs| runs.total())?,
            distilled_per_task: per_question(|runs| runs.distilled)?,
            untried: per_run(|r| r.runs.untried as f64)?,
            writing_tokens: per_run(|r| (r.writing.input_tokens + r.writing.output_tokens) as f64)?,
            cut: per_run(|r| r.cut as f64)?,
            cut_texts: per_run(|r| r.cut_texts as f64)?,
            evicted_by_host: per_run(|r| r.evicted_by_host as f64)?,
        })
    }

    /// Every cost that was measured under its name.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let all = self.all().into_iter();
        all.filter_map(|(name, value)| Some((name, value?)))
    }

    /// The names of all costs.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let all = Costs::default().all().into_iter();
        all.map(|(name, _)| name)
    }

    fn all(&self) -> [(&'static str, Option<f64>); 16] {
        [
            ("tokens_per_question", Some(self.tokens_per_question)),
            ("model_calls", Some(self.model_calls)),
            ("model_input_tokens", Some(self.model_input_tokens)),
            ("model_output_tokens", Some(self.model_output_tokens)),
            ("memories", Some(self.memories)),
            ("retrieve_p50_ms", self.retrieve_p50_ms),
            ("retrieve_p95_ms", self.retrieve_p95_ms),
            ("fuel", Some(self.fuel)),
            ("wall_seconds", self.wall_seconds),
            ("runs_per_task", Some(self.runs_per_task)),
            ("distilled_per_task", Some(self.distilled_per_task)),
            ("untried", Some(self.untried)),
            ("cut", Some(self.cut)),
            ("cut_texts", Some(self.cut_texts)),
            ("evicted_by_host", Some(self.evicted_by_host)),
            ("writing_tokens", Some(self.writing_tokens)),
        ]
    }
}

pub(in crate::compare) fn in_millis(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}

fn total(report: &CellReport, count: fn(&ModelCost) -> u64) -> f64 {
    report.model.values().map(count).sum::<u64>() as f64
}
