//! What a cell measured.

use std::collections::BTreeMap;
use std::time::Duration;

use memhost::capability::{ModelCall, Usage};
use memhost::contract::Arm;
use memhost::learning::{Event, Observer};
use memhost::model::Mended;
use memhost_suite::Scores;

use super::phases::{ACT, Broken, GivenUp, PhaseCalls, by_purpose};

/// Points that a report keeps of how memory grew: more than a plot can show.
pub const MOST_GROWTH: usize = 200;

/// Failures whose text is kept with its backtrace; of later ones it is the first line.
const QUOTED_WHOLE: usize = 100;
/// The longest text of one of these, in bytes.
const LONGEST_FAILURE: usize = 16 << 10;
/// The longest text of a later one, in bytes.
const LONGEST_REPEAT: usize = 300;

/// What a cell measured.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct CellReport {
    /// One per question, in the order of the suite (not of the shuffle).
    pub tasks: Vec<TaskReport>,
    /// Retrieve calls, from call to return, in microseconds, in the order of the run; empty if not measured.
    pub retrieve_micros: Vec<u64>,
    /// Model calls and tokens by purpose.
    pub model: BTreeMap<String, ModelCost>,
    /// Of these, what the strategy asked for in every phase but `retrieve`: what its memories cost to write.
    pub writing: ModelCost,
    /// Fuel by phase.
    pub fuel: BTreeMap<String, u64>,
    /// Active memories at the end, over all streams.
    pub memories: u64,
    /// How memory grew: questions asked so far, and active memories over all streams then, whenever something had been
    /// learnt; at most [`MOST_GROWTH`] points.
    pub growth: Vec<(u32, u64)>,
    /// Guidance that was longer than its budget, and was cut by the host.
    pub cut: u64,
    /// Texts that were longer than the embedder or the store takes, of which only the beginning was taken.
    #[serde(default)]
    pub cut_texts: u64,
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
    /// Calls by phase, and what became of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub phases: BTreeMap<String, PhaseCalls>,
}

impl CellReport {
    /// Where so much failed that this says nothing of the strategy; `None` where it does.
    pub fn broken(&self) -> Option<Broken> {
        match self.phases.is_empty() {
            true => Broken::of_all(&self.failures, self.calls),
            false => Broken::of(&self.phases),
        }
    }

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
    /// Its place among the questions of the run, from 0, in the order in which they were asked, those that are not
    /// scored among them.
    pub asked: u32,
    /// Whether the world had changed before it: it is of a stage that is marked so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub changed: bool,
    /// For clustering.
    pub group: String,
    /// Metric → value.
    #[serde(deserialize_with = "scores")]
    pub scores: Scores,
    /// Tokens handed over for it at the primary budget: before the first step, along its runs, before every further try.
    pub tokens: u32,
    /// What the same agent scores without memory, in 0..=1, where that arm was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<f64>,
    /// How often the task was solved on record, in 0..=1, where there is such a record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub solved: Option<f64>,
}

/// JSON knows no number that is none: it writes `null`, which must not cost the rest of a cell.
fn scores<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Scores, D::Error> {
    let scores = <BTreeMap<String, Option<f64>> as serde::Deserialize>::deserialize(deserializer)?;
    let number = |(metric, value): (String, Option<f64>)| (metric, value.unwrap_or(f64::NAN));
    Ok(scores.into_iter().map(number).collect())
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
    /// What was done to get the answers.
    #[serde(default, skip_serializing_if = "Mended::is_empty")]
    pub mended: Mended,
}

impl ModelCost {
    fn add(&mut self, call: &ModelCall) {
        self.calls += 1;
        self.input_tokens += u64::from(call.input_tokens);
        self.output_tokens += u64::from(call.output_tokens);
        self.mended.add(&call.mended);
    }
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
    fn call(&mut self, phase: &str, usage: &Usage) {
        self.report.calls += 1;
        self.cut_texts(usage.cut_texts);
        let calls = self.phase(phase);
        calls.calls += 1;
        calls.asked(&usage.model_calls);
        *self.report.fuel.entry(phase.to_owned()).or_default() += usage.fuel;
        if phase == "retrieve" {
            self.report
                .retrieve_micros
                .push(u64::try_from(usage.wall.as_micros()).unwrap_or(u64::MAX));
        }
        self.model_calls(&usage.model_calls);
        if phase != "retrieve" {
            for call in &usage.model_calls {
                self.report.writing.add(call);
            }
        }
    }

    fn phase(&mut self, phase: &str) -> &mut PhaseCalls {
        self.report.phases.entry(phase.to_owned()).or_default()
    }

    fn model_calls(&mut self, calls: &[ModelCall]) {
        for call in calls {
            by_purpose(&mut self.report.model, &call.purpose).add(call);
        }
    }

    /// What an agent on a model asked for, beside the strategy's own calls.
    pub(super) fn acted(&mut self, calls: &[ModelCall]) {
        self.report.calls += calls.len() as u64;
        let acts = self.phase(ACT);
        acts.calls += calls.len() as u64;
        acts.asked(calls);
        self.model_calls(calls);
    }

    /// The host begins work of its own on the strategy's behalf.
    fn began(&mut self, phase: &str) {
        self.phase(phase).calls += 1;
    }

    pub(super) fn runs(&mut self, arm: Arm, runs: usize) {
        let of_arm = match arm {
            Arm::Memory => &mut self.report.runs.memory,
            Arm::NoMemory => &mut self.report.runs.no_memory,
            Arm::Candidate => &mut self.report.runs.candidate,
        };
        *of_arm += runs as u64;
    }

    /// A question is asked; what is returned is its place among them.
    pub(super) fn asked(&mut self) -> u32 {
        let place = self.questions();
        self.report.runs.asked += 1;
        place
    }

    fn questions(&self) -> u32 {
        u32::try_from(self.report.runs.asked).unwrap_or(u32::MAX)
    }

    /// Something was learnt, and the stream that is running now has this many active memories.
    pub(super) fn growth(&mut self, memories: u32) {
        let point = (self.questions(), self.report.memories + u64::from(memories));
        match self.report.growth.last_mut() {
            Some(last) if last.0 == point.0 => *last = point,
            _ => self.report.growth.push(point),
        }
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

    /// How many calls have failed so far.
    pub(super) fn failures(&self) -> usize {
        self.report.failures.len()
    }

    /// A call of this phase came to nothing.
    pub(super) fn failed(&mut self, phase: &str, text: String) {
        self.phase(phase).failed(&text);
        self.failure(text);
    }

    /// Something that was to be did not come to pass, and no call is to blame.
    pub(super) fn failure(&mut self, text: String) {
        let (longest, text) = match self.report.failures.len() < QUOTED_WHOLE {
            true => (LONGEST_FAILURE, text.as_str()),
            // As many may follow as there are calls, and they will say the same.
            false => (LONGEST_REPEAT, text.lines().next().unwrap_or_default()),
        };
        let text = &text[..text.floor_char_boundary(longest)];
        self.report.failures.push(text.to_owned());
    }

    /// The strategy was given up in this phase.
    pub(super) fn unfit(&mut self, phase: &str, unfit: GivenUp) {
        self.phase(phase).unfit = Some(unfit);
    }

    pub(super) fn cut(&mut self) {
        self.report.cut += 1;
    }

    pub(super) fn cut_texts(&mut self, texts: u64) {
        self.report.cut_texts += texts;
    }

    pub(super) fn memories(&mut self, memories: u32) {
        self.report.memories += u64::from(memories);
    }

    pub(super) fn task(&mut self, position: Position, task: TaskReport) {
        self.tasks.insert(position, task);
    }

    pub(super) fn finish(mut self, wall: Duration) -> CellReport {
        self.report.tasks = self.tasks.into_values().collect();
        self.report.growth = thinned(&self.report.growth, MOST_GROWTH);
        self.report.wall = Some(wall);
        self.report
    }
}

impl Observer for Recorder {
    fn observe(&mut self, event: Event<'_>) {
        match event {
            Event::Called {
                call,
                task,
                usage,
                said,
            } => {
                self.call(call, usage);
                if let Err(error) = said {
                    let text = match task {
                        Some(task) => format!("task `{task}`: {error}"),
                        None => error.to_string(),
                    };
                    self.failed(call, text);
                }
            }
            Event::Writing { call } => self.began(call),
            Event::Refused { call, error } => self.failed(
                call,
                format!("what `{call}` returned was not written: {error}"),
            ),
            Event::NotKept { error } => self.failed(
                "retrieve",
                format!("what `retrieve` handed out was not kept: {error}"),
            ),
            Event::EvictedByHost { memories } => {
                self.report.evicted_by_host += memories as u64;
            }
            // That it was written costs nothing, and what else may come to be told is not in the report.
            _ => {}
        }
    }
}

/// At most `most` of these, evenly spread, the first and the last among them.
fn thinned<T: Copy>(all: &[T], most: usize) -> Vec<T> {
    if all.len() <= most {
        return all.to_vec();
    }
    let last = all.len() - 1;
    let steps = most.saturating_sub(1).max(1);
    (0..most)
        .filter_map(|step| all.get(step * last / steps).copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_without_end_take_little_room() {
        let mut recorder = Recorder::default();
        let text = format!("it fell over: {}\nat line 3\n", "ö".repeat(100_000));
        for _ in 0..1_000 {
            recorder.failed("distill", text.clone());
        }
        let report = recorder.finish(Duration::ZERO);
        assert_eq!(report.failures.len(), 1_000);
        assert!(
            report
                .failures
                .iter()
                .all(|kept| text.starts_with(kept.as_str()))
        );
        let bytes: usize = report.failures.iter().map(String::len).sum();
        assert!(bytes < 2_000_000, "{bytes}");
    }

    #[test]
    fn purposes_without_end_are_booked_together() {
        let mut recorder = Recorder::default();
        for number in 0..1_000 {
            let usage = Usage {
                model_calls: vec![ModelCall {
                    purpose: format!("purpose {number}"),
                    input_tokens: 1,
                    output_tokens: 1,
                    answered: true,
                    fault: None,
                    mended: Mended::default(),
                }],
                ..Usage::default()
            };
            recorder.call("update", &usage);
        }
        let report = recorder.finish(Duration::ZERO);
        let calls: u64 = report.model.values().map(|cost| cost.calls).sum();
        assert_eq!(calls, 1_000, "none is lost");
        assert!(report.model.len() <= 101, "{}", report.model.len());
        assert!(report.phases["update"].requests.len() <= 101);
    }

    #[test]
    fn a_question_has_the_place_at_which_it_was_asked() {
        let mut recorder = Recorder::default();
        assert_eq!(
            [recorder.asked(), recorder.asked(), recorder.asked()],
            [0, 1, 2]
        );
    }

    #[test]
    fn growth_is_over_all_streams_with_one_point_per_number_of_questions() {
        let mut recorder = Recorder::default();
        recorder.growth(3);
        recorder.growth(5);
        recorder.asked();
        recorder.growth(6);
        recorder.memories(6);
        recorder.asked();
        recorder.growth(1);
        let report = recorder.finish(Duration::ZERO);
        assert_eq!(report.growth, [(0, 5), (1, 6), (2, 7)]);
    }

    #[test]
    fn thinning_keeps_both_ends() {
        let all: Vec<usize> = (0..1_000).collect();
        let few = thinned(&all, 200);
        assert_eq!(few.len(), 200);
        assert_eq!((few.first(), few.last()), (Some(&0), Some(&999)));
        assert_eq!(thinned(&all, 1), [0]);
        assert_eq!(thinned(&[1, 2], 200), [1, 2]);
    }
}
