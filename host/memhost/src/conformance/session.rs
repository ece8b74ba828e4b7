//! A session: a plugin at work in a namespace of its own, one call at a time, with every answer kept.
//!
//! Calls and transactions are the learner's, as in a comparison. What a check adds is that the first call that fails
//! ends it, and that what is to be kept if a re-run gains, gains.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use memhost_contract::embedder::Embedder;
use memhost_contract::limits::Limits;
use memhost_contract::model::{Completion, LanguageModel, Models, NoModel};
use memhost_contract::{
    Arrangement, Attempt, Fault, Feedback, Guidance, Instant, Memory, Moment, Op, Query, Receipt,
    Request, Row, Scan, Task,
};
use memhost_models::model::Extractive;
use memhost_store::{Namespace, Transaction, View, Write};
use memhost_strategy::Phases;
use memhost_strategy::capability::RunState;

use super::cases::{self, Case};
use super::fixture::{Fixture, Meter};
use super::{ConformanceError, Stop, Subject};
use crate::learning::{
    Clock, Configured, Event, Failure, Grants, History, Learner, Learnt, Observer, grouping,
    moments, reduce_labels,
};

/// Midnight of 1 January 2026, UTC: when the clock of every check starts.
const CLOCK_START: f64 = 1_767_225_600_000.0;
/// How far it moves with each case: one minute.
const CLOCK_STEP: f64 = 60_000.0;
/// The seed of every check.
const SEED: u64 = 250_925_140;

/// Room for whatever a plugin has to say of a few cases.
pub(super) const ROOM: u32 = 4_000;

/// What answers a plugin that asks a language model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Model {
    Extractive,
    None,
}

/// A plugin at work in a namespace.
pub(super) struct Session {
    bearings: Bearings,
    pub learner: Learner<CheckClock>,
    books: Books,
}

/// What outlives a process, besides the memories.
#[derive(Clone)]
pub(super) struct Bearings {
    configured: Configured,
    embedder: Arc<dyn Embedder>,
    limits: Limits,
    meter: Arc<Meter>,
    model: Model,
    history: Arc<History>,
    /// On the clock.
    minutes: u32,
}

/// The clock of a check: one minute per case, and the same random bits in each.
pub(super) struct CheckClock {
    minutes: u32,
    /// Tasks that this process has finished.
    tasks_done: u32,
}

impl Clock for CheckClock {
    fn now(&self) -> Instant {
        CLOCK_START + f64::from(self.minutes) * CLOCK_STEP
    }

    fn next_call(&mut self) -> RunState {
        RunState {
            now: self.now(),
            task_number: self.tasks_done,
            batch_number: self.tasks_done,
            seed: SEED + u64::from(self.minutes),
        }
    }
}

/// What a session keeps of what happens.
struct Books {
    meter: Arc<Meter>,
    listener: Arc<Listener>,
    /// Everything that was written, to be written again elsewhere.
    written: Vec<Transaction>,
    /// Every call that was answered, in order.
    calls: Vec<Called>,
    /// Of an answer that JSON cannot hold.
    unprintable: Option<serde_json::Error>,
}

impl Observer for Books {
    fn observe(&mut self, event: Event<'_>) {
        match event {
            Event::Called {
                call,
                task,
                usage,
                said,
            } => {
                let asked = self.listener.take();
                // What failed says itself what it wanted.
                let Ok(said) = said else { return };
                self.meter.enter(call, usage);
                match serde_json::to_string(&said) {
                    Ok(answer) => self.calls.push(Called {
                        call,
                        about: task.unwrap_or_default().to_owned(),
                        answer,
                        asked,
                        fuel: usage.fuel,
                    }),
                    Err(error) => self.unprintable = Some(error),
                }
            }
            Event::Written { transaction } => self.written.push(transaction.clone()),
            _ => {}
        }
    }
}

/// A call that was answered.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Called {
    pub(super) call: &'static str,
    /// Which case it was about.
    pub(super) about: String,
    /// The answer as JSON.
    pub(super) answer: String,
    /// What it asked of language models, in order.
    pub(super) asked: Vec<String>,
    /// Instructions.
    pub(super) fuel: u64,
}

impl Session {
    /// Opens an empty namespace.
    pub(super) async fn open(fixture: &Fixture<'_>, name: &str) -> Result<Session, Stop> {
        Session::on(fixture, name, Model::Extractive).await
    }

    /// The same, with this model.
    pub(super) async fn on(
        fixture: &Fixture<'_>,
        name: &str,
        model: Model,
    ) -> Result<Session, Stop> {
        let namespace = fixture.store.namespace(name).await?;
        Ok(Session::with(fixture, namespace, model))
    }

    /// At work in this namespace.
    pub(super) fn with(fixture: &Fixture<'_>, namespace: Namespace, model: Model) -> Session {
        let embedder = fixture.embedder.clone();
        let bearings = Bearings::of(fixture.subject, embedder, fixture.limits, model);
        let meter = fixture.meter.clone();
        Bearings { meter, ..bearings }.begin(namespace)
    }

    /// One that has gone through all cases.
    pub(super) async fn taught(fixture: &Fixture<'_>, name: &str) -> Result<Session, Stop> {
        let mut session = Session::open(fixture, name).await?;
        for case in Case::all() {
            session.work(&case).await?;
        }
        Ok(session)
    }

    /// The same memories in another namespace, without one.
    pub(super) async fn without(
        &self,
        fixture: &Fixture<'_>,
        name: &str,
        memory: &str,
    ) -> Result<Session, Stop> {
        let namespace = fixture.store.namespace(name).await?;
        for transaction in &self.books.written {
            namespace.apply(transaction.clone()).await?;
        }
        let removal = Write::at_once(Op::Remove(memory.into()));
        namespace.apply(self.transaction(vec![removal])).await?;
        let mut session = self.bearings.clone().begin(namespace);
        session.learner.clock.tasks_done = self.learner.clock.tasks_done;
        Ok(session)
    }

    // ---- what the host does ---------------------------------------------------------------------------

    /// One case from its beginning to its end, as the plan has it.
    pub(super) async fn work(&mut self, case: &Case) -> Result<(), Stop> {
        let receipts = match self.bearings.configured.plan.arrangement {
            Arrangement::Streaming | Arrangement::BuildThenStream => self.guide(case).await?,
            Arrangement::BuildThenFreeze => Vec::new(),
        };
        self.learn(case, receipts).await
    }

    /// Every retrieval that the plan has for a task, of whose rounds the last one counts.
    async fn guide(&mut self, case: &Case) -> Result<Vec<Receipt>, Stop> {
        let plan = self.bearings.configured.plan.clone();
        let mut guidance = self.ask(&case.task, ROOM).await?;
        if plan.rounds > 1 {
            let query = Query {
                found: case.findings().to_vec(),
                ..cases::query(case.task.clone(), Moment::Round(1), ROOM)
            };
            guidance = self.ask_at(query).await?;
        }
        let mut receipts = vec![guidance.receipt];
        let steps = case.steps();
        for taken in 0..=steps.len() {
            for moment in moments::due(&plan.moments, steps, taken, taken < steps.len()) {
                let query = Query {
                    transcript: steps.get(..taken).unwrap_or_default().to_vec(),
                    handed_out: receipts.clone(),
                    ..cases::query(case.task.clone(), moment, ROOM)
                };
                receipts.push(self.ask_at(query).await?.receipt);
            }
        }
        self.compact(case).await?;
        Ok(receipts)
    }

    /// The run in half the room that it takes, where the plugin can do that.
    async fn compact(&mut self, case: &Case) -> Result<(), Stop> {
        if !self.learner.phases().compact {
            return Ok(());
        }
        let run = case.running();
        let view = View::default();
        let shortened = self.learner.compact(run, &view, &mut self.books).await;
        self.printable()?;
        match shortened.failure {
            Some(error) => Err(error.into()),
            None => Ok(()),
        }
    }

    /// What came of a case is told, and what the plugin makes of it is written. What is to be kept if it gains, gains.
    pub(super) async fn learn(&mut self, case: &Case, receipts: Vec<Receipt>) -> Result<(), Stop> {
        let attempts = self.bearings.witness(case);
        if !receipts.is_empty() {
            let attempt = case.guided(&receipts);
            self.learner.decide(&attempt, &mut self.books).await?;
            let feedback = receipts.into_iter().map(|receipt| Feedback {
                attempt: attempt.clone(),
                receipt,
            });
            self.update(feedback.collect()).await?;
        }
        for attempts in grouping::calls(&self.bearings.configured.plan, &attempts, None) {
            for attempt in &attempts {
                self.learner.decide(attempt, &mut self.books).await?;
            }
            self.distill(attempts.into_iter().cloned().collect())
                .await?;
        }
        let learnt = self.learner.maintain(&mut self.books).await?;
        self.take_in(learnt).await?;
        self.bearings.minutes += 1;
        self.learner.clock.minutes = self.bearings.minutes;
        self.learner.clock.tasks_done += 1;
        Ok(())
    }

    /// Guidance for a task, with this much room.
    pub(super) async fn ask(&mut self, task: &Task, budget: u32) -> Result<Guidance, Stop> {
        let moment = match self.bearings.configured.plan.rounds {
            0 | 1 => Moment::TaskStart,
            _ => Moment::Round(0),
        };
        self.ask_at(cases::query(task.clone(), moment, budget))
            .await
    }

    async fn ask_at(&mut self, query: Query) -> Result<Guidance, Stop> {
        let view = View::default();
        let retrieved = self.learner.retrieve(query, &view, &mut self.books).await;
        self.printable()?;
        match retrieved.failure {
            Some(error) => Err(error.into()),
            None => Ok(retrieved.guidance),
        }
    }

    /// Tells outcomes to who wants to hear of them, and writes what follows from them.
    pub(super) async fn update(&mut self, feedback: Vec<Feedback>) -> Result<(), Stop> {
        for Feedback { receipt, .. } in &feedback {
            let open = self.learner.hand_out(receipt.clone(), &mut self.books);
            let credited = self.learner.credit(&open, None);
            credited.map_err(|error| Stop::Failed(error.to_string()))?;
        }
        let learnt = self.learner.update(&feedback, &mut self.books).await?;
        self.take_in(learnt).await
    }

    /// Tells runs of a task to who wants to hear of them, and writes what is learnt from them.
    pub(super) async fn distill(&mut self, attempts: Vec<Attempt>) -> Result<(), Stop> {
        let learnt = self.learner.distill(attempts, &mut self.books).await?;
        self.take_in(learnt).await
    }

    /// What is to be kept if it gains, gains; what failed ends the check.
    async fn take_in(&mut self, learnt: Learnt) -> Result<(), Stop> {
        self.printable()?;
        match learnt.failure {
            Some(Failure::Call(error)) => return Err(error.into()),
            Some(refused) => return Err(Stop::Failed(refused.to_string())),
            None => {}
        }
        for pending in learnt.on_trial {
            self.learner.settle(pending, true, &mut self.books).await?;
        }
        Ok(())
    }

    /// What may go; nothing is removed.
    pub(super) async fn evict(&mut self, most: Option<u32>) -> Result<Vec<String>, Stop> {
        let ids = self.learner.ask_what_may_go(most, &mut self.books).await?;
        self.printable()?;
        Ok(ids?)
    }

    fn printable(&mut self) -> Result<(), Stop> {
        match self.books.unprintable.take() {
            Some(error) => Err(ConformanceError::Unprintable(error).into()),
            None => Ok(()),
        }
    }

    /// A transaction of the host's own.
    fn transaction(&self, writes: Vec<Write>) -> Transaction {
        Transaction {
            writes,
            at: self.learner.clock.now(),
            ..Transaction::default()
        }
    }

    // ---- what is there now ----------------------------------------------------------------------------

    /// Which decisions the plugin takes part in.
    pub(super) fn phases(&self) -> Phases {
        self.learner.phases()
    }

    /// Every call that was answered, in order.
    pub(super) fn calls(&self) -> &[Called] {
        &self.books.calls
    }

    /// What was written, transaction by transaction.
    pub(super) fn written(&self) -> &[Transaction] {
        &self.books.written
    }

    /// Active memories.
    pub(super) fn count(&self) -> Result<u32, Stop> {
        Ok(self.learner.count()?)
    }

    /// Those of these ids that exist.
    pub(super) fn memories(&self, ids: &[String]) -> Vec<Memory> {
        self.learner.memories().get(ids, &View::default())
    }

    /// All active memories with their vectors, the oldest first.
    pub(super) fn everything(&self) -> Result<Vec<Row>, Stop> {
        let scan = Scan {
            filter: Vec::new(),
            order_by: None,
            descending: false,
            offset: 0,
            limit: u32::MAX,
            with_vectors: true,
        };
        Ok(self.learner.memories().scan(&scan, &View::default())?)
    }

    /// Writes as the host, with vectors that are known.
    pub(super) async fn fill(
        &self,
        writes: Vec<Write>,
        vectors: Vec<Vec<Vec<f32>>>,
    ) -> Result<(), Stop> {
        let transaction = self.transaction(writes);
        self.learner
            .namespace()
            .apply_with_vectors(transaction, vectors)
            .await?;
        Ok(())
    }
}

impl Bearings {
    /// Of a subject to whom nothing has happened, in books of its own.
    pub(super) fn of(
        subject: &Subject,
        embedder: Arc<dyn Embedder>,
        limits: &Limits,
        model: Model,
    ) -> Bearings {
        Bearings {
            configured: Configured {
                strategy: subject.strategy.clone(),
                settings: subject.settings.clone(),
                plan: subject.plan.clone(),
            },
            embedder,
            limits: limits.clone(),
            meter: Arc::default(),
            model,
            history: Arc::default(),
            minutes: 0,
        }
    }

    /// These cases were learnt from, in another process.
    pub(super) fn pass(&mut self, cases: &[Case]) {
        for case in cases {
            self.witness(case);
            self.minutes += 1;
        }
    }

    /// The runs of a case, which have happened from now on.
    fn witness(&self, case: &Case) -> Vec<Attempt> {
        let plan = &self.configured.plan;
        let attempts = case.attempts(plan);
        for attempt in &attempts {
            self.history
                .add(reduce_labels(attempt.clone(), plan.labels));
        }
        attempts
    }

    /// A process that finds these memories: its counters begin at 0.
    pub(super) fn begin(self, namespace: Namespace) -> Session {
        let listener = Arc::new(Listener::new(self.model));
        let grants = Grants {
            models: Some(Arc::new(Models::all(listener.clone()))),
            embedder: Some(self.embedder.clone()),
            limits: self.limits.clone(),
        };
        let clock = CheckClock {
            minutes: self.minutes,
            tasks_done: 0,
        };
        Session {
            learner: Learner::new(self.configured.clone(), namespace, grants, clock)
                .with_history(self.history.clone()),
            books: Books {
                meter: self.meter.clone(),
                listener,
                written: Vec::new(),
                calls: Vec::new(),
                unprintable: None,
            },
            bearings: self,
        }
    }
}

/// A model that remembers what it was asked.
struct Listener {
    model: Box<dyn LanguageModel>,
    asked: Mutex<Vec<String>>,
}

impl Listener {
    fn new(model: Model) -> Listener {
        Listener {
            model: match model {
                Model::Extractive => Box::new(Extractive),
                Model::None => Box::new(NoModel),
            },
            asked: Mutex::default(),
        }
    }

    /// What it was asked since the last time.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl LanguageModel for Listener {
    fn name(&self) -> &str {
        self.model.name()
    }

    fn caveat(&self) -> Option<&str> {
        self.model.caveat()
    }

    async fn complete(&self, request: &Request) -> Result<Completion, Fault> {
        let said: Vec<&str> = request
            .messages
            .iter()
            .map(|one| one.text.as_str())
            .collect();
        let asked = format!("{}: {}", request.purpose, said.join("\n"));
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(asked);
        self.model.complete(request).await
    }
}
