//! One stream of a suite, from an empty memory to its last question.
//!
//! [`ask`] retrieves and acts, [`learn`] tells the strategy what came of it, [`trial`] puts memories on trial, [`forget`]
//! evicts, [`calls`] makes the calls and the transactions. This module holds the order of events: what is asked when,
//! and from when an outcome may be heard of.

mod ask;
mod calls;
mod forget;
mod learn;
mod model;
mod trial;

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::contract::{Attempt, Plan, Protocol, Receipt};
use crate::store::{Namespace, StoreError};
use crate::suite::{Episode, Learnt, Reader, Record, Stage, Stream};

use super::course::{self, Use};
use super::ledger::Pending;
use super::model_agent::ModelAgent;
use super::order::CallSeeds;
use super::receipts::OpenReceipts;
use super::report::{Position, Recorder};
use super::seen::SeenAttempts;
use super::{Acting, Calendar, Cell, DriverError, Guard, Surroundings};

use ask::Asked;
use trial::Past;

/// Midnight of 1 January 2026, UTC: when every run's clock starts unless its suite says, so that runs repeat to the byte.
const CLOCK_START: f64 = 1_767_225_600_000.0;
/// How far the clock moves per episode: one minute.
const CLOCK_STEP: f64 = 60_000.0;

/// A stream while it is run.
pub(super) struct StreamRun<'a> {
    cell: &'a Cell,
    surroundings: &'a Surroundings,
    plan: &'a Plan,
    reader: &'a Reader,
    guard: &'a Guard,
    model: Option<ModelAgent>,
    stream_index: usize,
    stream: &'a Stream,
    namespace: Namespace,
    /// What has become known, for the strategy's `get-attempts` and for what may be cited.
    attempts: Arc<SeenAttempts>,
    learnt: Learnt,
    /// The recorded runs that the reader's attempts stand for, by the id of the attempt.
    stands_for: HashMap<String, Vec<String>>,
    record: Record,
    seeds: CallSeeds,
    calendar: Calendar<Waiting<'a>>,
    /// Episodes whose outcomes are known, for trials on a sibling.
    past: Past<'a>,
    /// Writes that wait, by the task whose next attempt decides over them.
    pending: HashMap<String, Vec<Pending>>,
    open: OpenReceipts,
    receipts: Vec<Receipt>,
    now: f64,
    episodes_done: u32,
    batches_done: u32,
    retrievals: u32,
    /// Questions are asked and nothing is learnt any more.
    frozen: bool,
}

/// An episode whose outcome is not known yet.
struct Waiting<'a> {
    episode: &'a Episode,
    purpose: Use,
    /// What was done, if it was asked.
    asked: Option<Asked>,
    /// What every agent did in training, where the plan wants that and models act.
    trained: Option<Vec<Attempt>>,
    /// The agent that was sent, in lane C: for the question, or else by the reader's own record.
    sent: Option<String>,
}

impl<'a> StreamRun<'a> {
    pub(super) async fn open(
        cell: &'a Cell,
        surroundings: &'a Surroundings,
        plan: &'a Plan,
        (reader, guard): (&'a Reader, &'a Guard),
        stream_index: usize,
        stream: &'a Stream,
    ) -> Result<StreamRun<'a>, DriverError> {
        let namespace = surroundings
            .store
            .clone()
            .with_limits(surroundings.limits.store.clone())
            .namespace(&format!("{}/{}", cell.id, stream.name))
            .await?;
        let model = (surroundings.acting == Acting::Model)
            .then(|| ModelAgent::new(surroundings.models.clone()));
        Ok(StreamRun {
            cell,
            surroundings,
            plan,
            reader,
            guard,
            model,
            stream_index,
            stream,
            namespace,
            attempts: Arc::default(),
            learnt: Learnt::default(),
            stands_for: HashMap::new(),
            record: Record::default(),
            seeds: CallSeeds::new(cell.repetition.seed, stream_index),
            calendar: Calendar::default(),
            past: Past::default(),
            pending: HashMap::new(),
            open: OpenReceipts::default(),
            receipts: Vec::new(),
            now: CLOCK_START,
            episodes_done: 0,
            batches_done: 0,
            retrievals: 0,
            frozen: false,
        })
    }

    /// Every episode in its turn. `advance` is called after each, and says whether there shall be another.
    pub(super) async fn run(
        mut self,
        report: &mut Recorder,
        advance: &mut (dyn FnMut() -> ControlFlow<()> + Send),
    ) -> Result<(), DriverError> {
        for stretch in course::course(
            self.stream,
            self.plan,
            self.cell.repetition,
            self.stream_index,
        ) {
            let Some(stage) = self.stream.stages.get(stretch.stage) else {
                continue;
            };
            for (place, purpose) in stretch.episodes {
                let Some(episode) = stage.episodes.get(place) else {
                    continue;
                };
                let position = (self.stream_index, stretch.stage, place);
                self.episode(stage, episode, position, purpose, report)
                    .await?;
                if advance().is_break() {
                    return Ok(());
                }
                // A strategy that never waits for anything would not be stopped before its last question.
                tokio::task::yield_now().await;
            }
            if stage.batched {
                self.release(ReleasePoint::EndOfBatch, report).await?;
            }
            self.batches_done += 1;
        }
        self.write(Vec::new(), calls::RECEIPTS, report).await?;
        report.memories(self.active_memories()?);
        report.cut_texts(self.namespace.cut_texts());
        Ok(())
    }

    /// Hears of what has become known, asks, and learns what may be learnt at once.
    async fn episode(
        &mut self,
        stage: &Stage,
        episode: &'a Episode,
        position: Position,
        purpose: Use,
        report: &mut Recorder,
    ) -> Result<(), DriverError> {
        self.now = match episode.timing.asked {
            Some(asked) => asked,
            None => CLOCK_START + f64::from(self.episodes_done) * CLOCK_STEP,
        };
        self.release(ReleasePoint::Before, report).await?;
        self.frozen |= self.plan.protocol == Protocol::BuildThenFreeze && !purpose.learnt;
        let asked = match purpose.asked {
            true => Some(self.ask(stage, episode, position, report).await?),
            false => None,
        };
        let trains = !purpose.asked && purpose.learnt && self.plan.all_agents;
        let trained = match self.model.is_some() && trains && episode.is_checkable() {
            true => Some(self.train(episode, report).await),
            false => None,
        };
        let sent = match &asked {
            Some(asked) => asked.sent().map(str::to_owned),
            None => self.sent_without_memory(episode, position),
        };
        let waiting = Waiting {
            episode,
            purpose,
            asked,
            trained,
            sent,
        };
        self.calendar.wait(episode.timing.known, waiting);
        if !stage.batched {
            self.release(ReleasePoint::EndOfBatch, report).await?;
        }
        self.episodes_done += 1;
        Ok(())
    }

    /// Lets everything be heard of that is known by now.
    async fn release(
        &mut self,
        point: ReleasePoint,
        report: &mut Recorder,
    ) -> Result<(), DriverError> {
        let mut known = self.calendar.due(self.now);
        if point == ReleasePoint::EndOfBatch {
            known.extend(self.calendar.undated());
        }
        if known.is_empty() {
            return Ok(());
        }
        self.learn(known, report).await
    }

    fn active_memories(&self) -> Result<u32, StoreError> {
        self.namespace
            .count(&Vec::new(), &crate::store::View::default())
    }

    /// A task never draws on its own attempts, nor on what its suite withholds.
    fn withheld(&self, episode: &Episode) -> HashSet<String> {
        let mut withheld = self.attempts.ids_of(&episode.task.id);
        withheld.extend(episode.withheld.iter().cloned());
        withheld
    }
}

/// When outcomes are heard of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ReleasePoint {
    /// Before a question: what has a date that has passed.
    Before,
    /// After a question, or after the batch that it belongs to: what has no date, too.
    EndOfBatch,
}
