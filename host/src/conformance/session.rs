//! A plugin at work in a namespace of its own: what the driver does around a strategy, one call at a time, with every
//! answer kept.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::ground::{Ground, Meter};
use super::lesson::{self, Lesson};
use super::{Candidate, ConformanceError, Stop};
use crate::capability::{CallContext, RunState};
use crate::contract::{
    Attempt, Change, Fault, Feedback, Finding, Guidance, Memory, Moment, Op, Plan, Pressure,
    Protocol, Receipt, Request, Row, Scan, Setting, Task,
};
use crate::driver::seen::SeenAttempts;
use crate::driver::{grouping, told};
use crate::embedding::Embedder;
use crate::engine::Limits;
use crate::model::{Completion, Extractive, LanguageModel, Models, NoModel};
use crate::store::{Namespace, Transaction, View, Write};
use crate::strategy::{Answer, Phases, Strategy};

/// Midnight of 1 January 2026, UTC: when the clock of every check starts.
const CLOCK_START: f64 = 1_767_225_600_000.0;
/// How far it moves with each lesson: one minute.
const CLOCK_STEP: f64 = 60_000.0;
/// The seed of every check.
const SEED: u64 = 250_925_140;

/// Room for whatever a plugin has to say of a few lessons.
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
    namespace: Namespace,
    listener: Arc<Listener>,
    /// Everything that was written, to be written again elsewhere.
    written: Vec<Transaction>,
    /// Every call, in order.
    calls: Vec<Called>,
    /// Tasks that this process has finished.
    tasks_done: u32,
    retrievals: u32,
}

/// What outlives a process, besides the memories.
#[derive(Clone)]
pub(super) struct Bearings {
    strategy: Arc<dyn Strategy>,
    settings: Vec<Setting>,
    plan: Plan,
    embedder: Arc<dyn Embedder>,
    limits: Limits,
    meter: Arc<Meter>,
    model: Model,
    past: Arc<SeenAttempts>,
    /// On the clock.
    minutes: u32,
}

/// A call that was answered.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Called {
    pub(super) call: &'static str,
    /// Which lesson it was about.
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
    pub(super) async fn open(ground: &Ground<'_>, name: &str) -> Result<Session, Stop> {
        Session::on(ground, name, Model::Extractive).await
    }

    /// The same, with this model.
    pub(super) async fn on(ground: &Ground<'_>, name: &str, model: Model) -> Result<Session, Stop> {
        let namespace = ground.store.namespace(name).await?;
        Ok(Session::with(ground, namespace, model))
    }

    /// At work in this namespace.
    pub(super) fn with(ground: &Ground<'_>, namespace: Namespace, model: Model) -> Session {
        let embedder = ground.embedder.clone();
        let bearings = Bearings::of(ground.candidate, embedder, ground.limits, model);
        let meter = ground.meter.clone();
        Bearings { meter, ..bearings }.begin(namespace)
    }

    /// One that has gone through all lessons.
    pub(super) async fn taught(ground: &Ground<'_>, name: &str) -> Result<Session, Stop> {
        let mut session = Session::open(ground, name).await?;
        for lesson in Lesson::all() {
            session.work(&lesson).await?;
        }
        Ok(session)
    }

    /// The same memories in another namespace, without one.
    pub(super) async fn without(
        &self,
        ground: &Ground<'_>,
        name: &str,
        memory: &str,
    ) -> Result<Session, Stop> {
        let namespace = ground.store.namespace(name).await?;
        for transaction in &self.written {
            namespace.apply(transaction.clone()).await?;
        }
        let removal = Write::at_once(Op::Remove(memory.to_owned()));
        namespace
            .apply(self.transaction(vec![removal], Vec::new()))
            .await?;
        Ok(Session {
            tasks_done: self.tasks_done,
            ..self.bearings.clone().begin(namespace)
        })
    }

    // ---- what the host does ---------------------------------------------------------------------------

    /// One lesson from its beginning to its end, as the plan has it.
    pub(super) async fn work(&mut self, lesson: &Lesson) -> Result<(), Stop> {
        let receipt = match self.bearings.plan.protocol {
            Protocol::Streaming => Some(self.guide(lesson).await?),
            Protocol::BuildThenFreeze => None,
        };
        self.learn(lesson, receipt).await
    }

    /// Every retrieval that the plan has for a task; the receipt of the last.
    async fn guide(&mut self, lesson: &Lesson) -> Result<Receipt, Stop> {
        let mut guidance = self.ask(&lesson.task, ROOM).await?;
        if self.bearings.plan.rounds > 1 {
            let found = lesson.findings();
            guidance = self
                .ask_at(&lesson.task, Moment::Round(1), found, ROOM)
                .await?;
        }
        Ok(guidance.receipt)
    }

    /// What came of a lesson is told, and what the plugin makes of it is written. What is to be kept if it gains, gains.
    pub(super) async fn learn(
        &mut self,
        lesson: &Lesson,
        receipt: Option<Receipt>,
    ) -> Result<(), Stop> {
        let attempts = self.bearings.witness(lesson);
        if let Some(receipt) = receipt {
            let feedback = vec![Feedback {
                attempt: lesson.guided(&receipt),
                receipt,
            }];
            self.update(&lesson.task.id, feedback).await?;
        }
        for attempts in grouping::calls(&self.bearings.plan, &attempts, None) {
            let attempts = attempts.into_iter().cloned().collect();
            self.distill(&lesson.task.id, attempts).await?;
        }
        self.bearings.minutes += 1;
        self.tasks_done += 1;
        Ok(())
    }

    /// Guidance for a task, with this much room.
    pub(super) async fn ask(&mut self, task: &Task, budget: u32) -> Result<Guidance, Stop> {
        let moment = match self.bearings.plan.rounds {
            0 | 1 => Moment::TaskStart,
            _ => Moment::Round(0),
        };
        self.ask_at(task, moment, &[], budget).await
    }

    async fn ask_at(
        &mut self,
        task: &Task,
        moment: Moment,
        found: &[Finding],
        budget: u32,
    ) -> Result<Guidance, Stop> {
        let query = lesson::query(task.clone(), moment, found, budget);
        let context = self.context();
        let answer = self
            .bearings
            .strategy
            .retrieve(context, query, &self.bearings.settings)
            .await;
        let mut guidance = self.heard("retrieve", &task.id, answer)?;
        self.retrievals += 1;
        guidance.receipt.id = format!("r{}", self.retrievals);
        Ok(guidance)
    }

    /// Tells outcomes to who wants to hear of them, and writes what follows from them.
    pub(super) async fn update(
        &mut self,
        about: &str,
        feedback: Vec<Feedback>,
    ) -> Result<(), Stop> {
        if !self.phases().update {
            return Ok(());
        }
        let receipts: Vec<Receipt> = feedback.iter().map(|one| one.receipt.clone()).collect();
        let feedback = feedback.into_iter().map(|one| Feedback {
            attempt: told(one.attempt, self.bearings.plan.labels),
            receipt: one.receipt,
        });
        let context = self.context();
        let answer = self
            .bearings
            .strategy
            .update(context, feedback.collect(), &self.bearings.settings)
            .await;
        let changes = self.heard("update", about, answer)?;
        self.write("update", changes, receipts).await
    }

    /// Tells runs of a task to who wants to hear of them, and writes what is learnt from them.
    pub(super) async fn distill(
        &mut self,
        about: &str,
        attempts: Vec<Attempt>,
    ) -> Result<(), Stop> {
        if !self.phases().distill {
            return Ok(());
        }
        let attempts = attempts
            .into_iter()
            .map(|one| told(one, self.bearings.plan.labels));
        let context = self.context();
        let answer = self
            .bearings
            .strategy
            .distill(context, attempts.collect(), &self.bearings.settings)
            .await;
        let changes = self.heard("distill", about, answer)?;
        self.write("distill", changes, Vec::new()).await
    }

    /// What may go; nothing is removed.
    pub(super) async fn evict(&mut self, most: Option<u32>) -> Result<Vec<String>, Stop> {
        let pressure = Pressure {
            memories: self.count()?,
            most_memories: most,
            most_tokens: None,
        };
        let context = self.context();
        let answer = self
            .bearings
            .strategy
            .evict(context, pressure, &self.bearings.settings)
            .await;
        self.heard("evict", "", answer)
    }

    async fn write(
        &mut self,
        call: &str,
        changes: Vec<Change>,
        receipts: Vec<Receipt>,
    ) -> Result<(), Stop> {
        let writes = changes.into_iter().map(|change| Write::at_once(change.op));
        let transaction = self.transaction(writes.collect(), receipts);
        match self.namespace.apply(transaction.clone()).await {
            Ok(_) => {
                self.written.push(transaction);
                Ok(())
            }
            Err(error) if error.is_refusal() => Err(Stop::Failed(format!(
                "what `{call}` returned cannot be written: {error}"
            ))),
            Err(error) => Err(error.into()),
        }
    }

    fn transaction(&self, writes: Vec<Write>, receipts: Vec<Receipt>) -> Transaction {
        Transaction {
            writes,
            receipts,
            at: self.bearings.now(),
        }
    }

    fn context(&self) -> CallContext {
        CallContext {
            namespace: Some(self.namespace.clone()),
            view: View::default(),
            models: Some(Arc::new(Models::all(self.listener.clone()))),
            embedder: Some(self.bearings.embedder.clone()),
            attempts: Some(self.bearings.past.clone()),
            run: RunState {
                now: self.bearings.now(),
                task_number: self.tasks_done,
                batch_number: self.tasks_done,
                seed: SEED + u64::from(self.bearings.minutes),
            },
            limits: self.bearings.limits.clone(),
        }
    }

    /// An answer's value, once it is entered into the books. What failed says itself what it wanted.
    fn heard<T: serde::Serialize>(
        &mut self,
        call: &'static str,
        about: &str,
        answer: Answer<T>,
    ) -> Result<T, Stop> {
        let Answer { result, usage } = answer;
        let asked = self.listener.take();
        let value = result?;
        self.bearings.meter.enter(call, &usage);
        self.calls.push(Called {
            call,
            about: about.to_owned(),
            answer: serde_json::to_string(&value).map_err(ConformanceError::Unprintable)?,
            asked,
            fuel: usage.fuel,
        });
        Ok(value)
    }

    // ---- what is there now ----------------------------------------------------------------------------

    /// Which decisions the plugin takes part in.
    pub(super) fn phases(&self) -> Phases {
        self.bearings.strategy.phases()
    }

    /// Every call that was answered, in order.
    pub(super) fn calls(&self) -> &[Called] {
        &self.calls
    }

    /// What was written, transaction by transaction.
    pub(super) fn written(&self) -> &[Transaction] {
        &self.written
    }

    /// Active memories.
    pub(super) fn count(&self) -> Result<u32, Stop> {
        Ok(self.namespace.count(&Vec::new(), &View::default())?)
    }

    /// Those of these ids that exist.
    pub(super) fn memories(&self, ids: &[String]) -> Vec<Memory> {
        self.namespace.get(ids, &View::default())
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
        Ok(self.namespace.scan(&scan, &View::default())?)
    }

    /// Writes as the host, with vectors that are known.
    pub(super) async fn fill(
        &self,
        writes: Vec<Write>,
        vectors: Vec<Vec<Vec<f32>>>,
    ) -> Result<(), Stop> {
        let transaction = self.transaction(writes, Vec::new());
        self.namespace
            .apply_with_vectors(transaction, vectors)
            .await?;
        Ok(())
    }
}

impl Bearings {
    /// Of a candidate to whom nothing has happened, in books of its own.
    pub(super) fn of(
        candidate: &Candidate,
        embedder: Arc<dyn Embedder>,
        limits: &Limits,
        model: Model,
    ) -> Bearings {
        Bearings {
            strategy: candidate.strategy.clone(),
            settings: candidate.settings.clone(),
            plan: candidate.plan,
            embedder,
            limits: limits.clone(),
            meter: Arc::default(),
            model,
            past: Arc::default(),
            minutes: 0,
        }
    }

    /// These lessons were learnt from, in another process.
    pub(super) fn pass(&mut self, lessons: &[Lesson]) {
        for lesson in lessons {
            self.witness(lesson);
            self.minutes += 1;
        }
    }

    /// The runs of a lesson, which have happened from now on.
    fn witness(&self, lesson: &Lesson) -> Vec<Attempt> {
        let attempts = lesson.attempts(&self.plan);
        for attempt in &attempts {
            self.past.add(told(attempt.clone(), self.plan.labels));
        }
        attempts
    }

    /// A process that finds these memories: its counters begin at 0.
    pub(super) fn begin(self, namespace: Namespace) -> Session {
        Session {
            listener: Arc::new(Listener::new(self.model)),
            bearings: self,
            namespace,
            written: Vec::new(),
            calls: Vec::new(),
            tasks_done: 0,
            retrievals: 0,
        }
    }

    fn now(&self) -> f64 {
        CLOCK_START + f64::from(self.minutes) * CLOCK_STEP
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
