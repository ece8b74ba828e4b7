//! One stream of a suite, from an empty memory to its last question.
//!
//! [`ask`] retrieves and acts, [`learn`] tells the strategy what came of it, [`trial`] puts memories on trial; calls
//! and transactions are the [`Learner`]'s. This module holds the order of events: what is asked when, and from when an
//! outcome may be heard of.

mod along;
mod ask;
mod clock;
mod learn;
mod model;
mod retry;
mod trial;

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use memhost::contract::{Arrangement, Attempt, Plan};
use memhost::learning::{Clock, Configured, Grants, Learner};
use memhost_suite::{Episode, KnownOutcomes, LearntAttempts, Reader, Stage, Stream};

use super::model_agent::ModelAgent;
use super::order::CallSeeds;
use super::report::{Position, Recorder};
use super::schedule::{self, Use};
use super::{Acting, Calendar, Cell, DriverError, Guard, Testbed};

use ask::Asked;
use clock::StreamClock;
use trial::Past;

/// Where outcomes come one by one, memories are put in order after every so many tasks.
const MAINTAIN_EVERY: u32 = 32;

/// A stream while it is run.
pub(super) struct StreamRun<'a> {
    cell: &'a Cell,
    testbed: &'a Testbed,
    plan: &'a Plan,
    reader: &'a Reader,
    guard: &'a Guard,
    model: Option<ModelAgent>,
    stream_index: usize,
    stream: &'a Stream,
    learner: Learner<StreamClock>,
    /// What may be cited.
    learnt: LearntAttempts,
    /// The recorded runs that the reader's attempts stand for, by the id of the attempt.
    stands_for: HashMap<String, Vec<String>>,
    record: KnownOutcomes,
    calendar: Calendar<Waiting<'a>>,
    /// Episodes whose outcomes are known, for trials on a sibling.
    past: Past<'a>,
    /// Questions are asked and nothing is learnt any more.
    frozen: bool,
    /// Questions whose outcomes the plan's batch still waits for.
    unheard: u32,
    /// Tries of these questions that were learnt from before the next try: for other tasks they have not happened yet.
    held_back: HashSet<String>,
    report: &'a mut Recorder,
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
        testbed: &'a Testbed,
        plan: &'a Plan,
        (reader, guard): (&'a Reader, &'a Guard),
        stream_index: usize,
        stream: &'a Stream,
        report: &'a mut Recorder,
    ) -> Result<StreamRun<'a>, DriverError> {
        let namespace = testbed
            .store
            .clone()
            .with_limits(testbed.limits.store.clone())
            .namespace(&format!("{}/{}", cell.id, stream.name))
            .await?;
        let configured = Configured {
            strategy: cell.strategy.clone(),
            settings: cell.settings.clone(),
            plan: plan.clone(),
        };
        let grants = Grants {
            models: Some(testbed.models.clone()),
            embedder: Some(testbed.embedder.clone()),
            limits: testbed.limits.clone(),
        };
        let clock = StreamClock::new(CallSeeds::new(cell.repetition.seed, stream_index));
        let model = (testbed.acting == Acting::Model).then(|| {
            ModelAgent::new(testbed.models.clone()).at_temperature(plan.agent_temperature)
        });
        Ok(StreamRun {
            cell,
            testbed,
            plan,
            reader,
            guard,
            model,
            stream_index,
            stream,
            learner: Learner::new(configured, namespace, grants, clock),
            learnt: LearntAttempts::default(),
            stands_for: HashMap::new(),
            record: KnownOutcomes::default(),
            calendar: Calendar::default(),
            past: Past::default(),
            frozen: false,
            unheard: 0,
            held_back: HashSet::new(),
            report,
        })
    }

    /// Every episode in its turn. `advance` is called after each, and says whether there shall be another.
    pub(super) async fn run(
        mut self,
        advance: &mut (dyn FnMut() -> ControlFlow<()> + Send),
    ) -> Result<(), DriverError> {
        for stretch in schedule::schedule(
            self.stream,
            self.plan,
            self.cell.repetition,
            self.stream_index,
            self.testbed.order,
        ) {
            let Some(stage) = self.stream.stages.get(stretch.stage) else {
                continue;
            };
            for (place, purpose) in stretch.episodes {
                let Some(episode) = stage.episodes.get(place) else {
                    continue;
                };
                let position = (self.stream_index, stretch.stage, place);
                self.episode(stage, episode, position, purpose).await?;
                if advance().is_break() {
                    return Ok(());
                }
                // A strategy that never waits for anything would not be stopped before its last question.
                tokio::task::yield_now().await;
            }
            if stage.batched || self.unheard > 0 {
                self.end_batch().await?;
            }
            self.learner.clock.batches += 1;
        }
        self.learner.keep_receipts(self.report).await?;
        self.report.memories(self.learner.count()?);
        self.report.cut_texts(self.learner.memories().cut_texts());
        Ok(())
    }

    /// Hears of what has become known, asks, and learns what may be learnt at once.
    async fn episode(
        &mut self,
        stage: &Stage,
        episode: &'a Episode,
        position: Position,
        purpose: Use,
    ) -> Result<(), DriverError> {
        self.learner.clock.begin(episode.timing.asked);
        self.release(ReleasePoint::Before).await?;
        self.frozen |= self.plan.arrangement == Arrangement::BuildThenFreeze && !purpose.learnt;
        let asked = match purpose.asked {
            true => Some(self.ask(stage, episode, position).await?),
            false => None,
        };
        let trains = !purpose.asked && purpose.learnt && self.plan.all_agents;
        let trained = match self.model.is_some() && trains && episode.is_checkable() {
            true => Some(self.train(episode).await),
            false => None,
        };
        let sent = match &asked {
            Some(asked) => asked.sent().map(str::to_owned),
            None => self.sent_without_memory(episode, position),
        };
        if stage.probe {
            self.learner.clock.end();
            return Ok(());
        }
        let waiting = Waiting {
            episode,
            purpose,
            asked,
            trained,
            sent,
        };
        self.calendar.wait(episode.timing.known, waiting);
        if !stage.batched {
            self.hear(purpose).await?;
        }
        self.learner.clock.end();
        if !stage.batched && self.learner.clock.episodes().is_multiple_of(MAINTAIN_EVERY) {
            self.maintain().await?;
        }
        Ok(())
    }

    /// What has just been done may be heard of: at once, or when as many questions were asked as the plan's batch has.
    async fn hear(&mut self, purpose: Use) -> Result<(), DriverError> {
        if self.plan.batch > 1 && purpose.asked {
            self.unheard += 1;
        }
        match self.unheard {
            0 => self.release(ReleasePoint::EndOfBatch).await,
            unheard if unheard < self.plan.batch => Ok(()),
            _ => {
                self.end_batch().await?;
                self.learner.clock.batches += 1;
                Ok(())
            }
        }
    }

    async fn end_batch(&mut self) -> Result<(), DriverError> {
        self.unheard = 0;
        self.held_back.clear();
        self.release(ReleasePoint::EndOfBatch).await?;
        self.maintain().await
    }

    /// Lets the strategy put its memories in order, apart from any task.
    async fn maintain(&mut self) -> Result<(), DriverError> {
        if !self.frozen {
            self.learner.maintain(self.report).await?;
        }
        Ok(())
    }

    /// Lets everything be heard of that is known by now.
    async fn release(&mut self, point: ReleasePoint) -> Result<(), DriverError> {
        let mut known = self.calendar.due(self.learner.clock.now());
        if point == ReleasePoint::EndOfBatch {
            known.extend(self.calendar.undated());
        }
        if known.is_empty() {
            return Ok(());
        }
        self.learn(known).await
    }

    /// A task never draws on its own attempts, nor on what its suite or the plan's batch withholds.
    fn withheld(&self, episode: &Episode) -> HashSet<String> {
        let mut withheld = self.learner.history().ids_of(&episode.task.id);
        withheld.extend(episode.withheld.iter().cloned());
        withheld.extend(self.held_back.iter().cloned());
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
