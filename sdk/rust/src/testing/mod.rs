//! A host for unit tests: a strategy runs natively against memories, a scripted model, a clock and a seed.
//!
//! It keeps to the contract where a strategy could tell the difference: filters, counters that clamp, provisional, frozen
//! and expired memories, links, targets, moments, budgets, transactions that apply whole or not at all. **Scores differ from
//! memhost's**: semantic search is the cosine of word counts and knows no synonyms, lexical search is BM25
//! without a stop list and without stemming. A test that asserts an order by score should use texts for which
//! the order is beyond doubt.
//!
//! ```
//! use memhost_sdk::testing::TestHost;
//! use memhost_sdk::{Change, Guidance, NewMemory, Search, store};
//!
//! let host = TestHost::new();
//! host.apply(&[Change::insert(NewMemory::new("note", "Use the back door.").key("task", "enter the house"))])?;
//! let hits = host.run(|| store::search_memories(&Search::semantic("task", "enter the house")))?;
//! assert_eq!(host.memories()[0].id, hits[0].id);
//! # Ok::<(), memhost_sdk::Fault>(())
//! ```

mod filter;
mod fusion;
mod inside;
mod memories;
mod model;
pub mod promises;
#[cfg(test)]
mod tests;
mod words;

use std::cell::RefCell;
use std::rc::Rc;

use crate::native::{Host, Inner, with_host};
use crate::parameter::Settings;
use crate::strategy::{Compact, Distill, Evict, Maintain, Retrieve, Update};
use crate::types::{
    Actor, Attempt, Change, Compacted, Condition, Context, Fault, Feedback, Fusion, Guidance, Hit,
    Instant, Level, Link, Memory, ModelKind, Moment, Pressure, Query, Receipt, Reply, Request,
    Role, Row, Scan, Search, Side, State, Step, Trigger, Value,
};
pub use inside::Inside;
use memories::Memories;
use model::Script;
pub use promises::Taught;

/// A host in memory. Clones are handles to the same host.
#[derive(Clone, Default)]
pub struct TestHost(Rc<RefCell<Surroundings>>);

#[derive(Default)]
struct Surroundings {
    memories: Memories,
    attempts: Vec<Attempt>,
    script: Script,
    settings: Settings,
    task_number: u32,
    batch_number: u32,
    random: u32,
    receipts: u32,
    log: Vec<(Level, String)>,
    /// What the strategy that is called wraps.
    inner: Option<Rc<dyn Inner>>,
    /// Its name, if it wraps anything.
    wrapper: Option<String>,
}

impl TestHost {
    /// A host with an empty memory, at time 0, whose model answers nothing.
    pub fn new() -> Self {
        Self::default()
    }

    // ---- the surroundings -----------------------------------------------------------------------

    /// Chooses a parameter's value for the calls to come.
    pub fn set(&self, parameter: &str, value: impl Into<Value>) {
        let mut host = self.0.borrow_mut();
        host.settings = std::mem::take(&mut host.settings).with(parameter, value);
    }

    /// The next request with this purpose that no reply is waiting for gets this one.
    pub fn reply(&self, purpose: &str, text: impl Into<String>) {
        self.0.borrow_mut().script.queue(purpose, Ok(text.into()));
    }

    /// The same with a fault.
    pub fn reply_fault(&self, purpose: &str, fault: Fault) {
        self.0.borrow_mut().script.queue(purpose, Err(fault));
    }

    /// Answers every request for which no reply is waiting.
    pub fn answer_with(&self, answer: impl Fn(&Request) -> Result<String, Fault> + 'static) {
        self.0.borrow_mut().script.answer_with(answer);
    }

    /// What stands behind every role; a model unless given.
    pub fn set_model_kind(&self, kind: ModelKind) {
        self.0.borrow_mut().script.kind = kind;
    }

    /// Every request that was made of the model, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.0.borrow().script.requests().to_vec()
    }

    /// Every line that was logged, in order.
    pub fn log_lines(&self) -> Vec<(Level, String)> {
        self.0.borrow().log.clone()
    }

    /// Sets the run's clock, in milliseconds.
    pub fn set_now(&self, now: Instant) {
        self.0.borrow_mut().memories.now = now;
    }

    /// Sets how many tasks and batches are finished.
    pub fn set_progress(&self, tasks: u32, batches: u32) {
        let mut host = self.0.borrow_mut();
        (host.task_number, host.batch_number) = (tasks, batches);
    }

    /// Sets what [`crate::run::random`] starts from.
    pub fn set_seed(&self, seed: u32) {
        self.0.borrow_mut().random = seed;
    }

    // ---- the memories ---------------------------------------------------------------------------

    /// Applies changes in one transaction: all of them or, on a fault, none. The ids of new memories are
    /// returned in the order of the inserts.
    ///
    /// # Errors
    /// [`Fault::Invalid`] says which change cannot be, and why.
    pub fn apply(&self, changes: &[Change]) -> Result<Vec<String>, Fault> {
        self.0.borrow_mut().memories.apply(changes)
    }

    /// The condition of everything provisional is met: it takes effect.
    ///
    /// # Errors
    /// [`Fault::Invalid`] if a change that was held back cannot be any more.
    pub fn keep_provisional(&self) -> Result<(), Fault> {
        self.0.borrow_mut().memories.keep_provisional()
    }

    /// The condition of everything provisional is not met: it goes.
    pub fn drop_provisional(&self) {
        self.0.borrow_mut().memories.drop_provisional();
    }

    /// Every memory in every state, the oldest first.
    pub fn memories(&self) -> Vec<Memory> {
        self.0.borrow().memories.all().to_vec()
    }

    // ---- the calls ------------------------------------------------------------------------------

    /// Makes any call with this host in place of the imported interfaces.
    pub fn run<T>(&self, call: impl FnOnce() -> T) -> T {
        with_host(self.clone(), call)
    }

    /// What the strategy says to a query. As in memhost, a memory on trial is seen as active, the text is cut at the budget,
    /// the receipt gets an id, and the memories that it cites count as used now.
    ///
    /// # Errors
    /// The strategy's own, a setting that cannot be, a candidate that is not there, or a receipt that cites what is not.
    pub fn retrieve<S: Retrieve>(&self, query: &Query) -> Result<Guidance, Fault> {
        let show_as = |id: &str, state| self.0.borrow_mut().memories.show_as(id, state);
        let candidate = match &query.candidate {
            Some(id) => Some((id, show_as(id, State::Active)?)),
            None => None,
        };
        let said = self.call::<S, _>(|settings| S::retrieve(query, settings));
        if let Some((id, state)) = candidate {
            show_as(id, state)?;
        }
        let mut guidance = said?;
        guidance.text = memhost_words::cut(&guidance.text, query.token_budget).to_owned();
        self.hand_out(&mut guidance.receipt)?;
        Ok(guidance)
    }

    /// What the strategy says at each moment of a run of these steps at which its plan asks to be called: at the start, and
    /// then before every so many steps, after calls of a tool, and where a sub-task begins. Each query has the transcript
    /// so far, and the receipts of what was handed out before.
    ///
    /// # Errors
    /// As for [`TestHost::retrieve`].
    pub fn retrieve_along<S: Retrieve>(
        &self,
        query: &Query,
        steps: &[Step],
    ) -> Result<Vec<(Moment, Guidance)>, Fault> {
        let plan = self.call::<S, _>(crate::strategy::plan::<S>)?;
        let mut query = query.clone();
        let mut said = Vec::new();
        for (moment, told) in moments(steps, &plan.moments) {
            query = query.at(moment.clone()).after(told);
            let guidance = self.retrieve::<S>(&query)?;
            query.handed_out.push(guidance.receipt.clone());
            said.push((moment, guidance));
        }
        Ok(said)
    }

    /// Lets the strategy learn from these attempts, and applies its changes. The attempts are kept for
    /// [`crate::store::get_attempts`].
    ///
    /// # Errors
    /// The strategy's own, a setting that cannot be, or a change that cannot be.
    pub fn distill<S: Distill>(&self, attempts: &[Attempt]) -> Result<Vec<Change>, Fault> {
        self.0.borrow_mut().attempts.extend_from_slice(attempts);
        let changes = self.call::<S, _>(|settings| S::distill(attempts, settings))?;
        self.apply(&changes)?;
        Ok(changes)
    }

    /// Lets the strategy learn from outcomes, and applies its changes.
    ///
    /// # Errors
    /// The strategy's own, a setting that cannot be, or a change that cannot be.
    pub fn update<S: Update>(&self, feedback: &[Feedback]) -> Result<Vec<Change>, Fault> {
        let changes = self.call::<S, _>(|settings| S::update(feedback, settings))?;
        self.apply(&changes)?;
        Ok(changes)
    }

    /// Lets the strategy put its memories in order, and applies its changes.
    ///
    /// # Errors
    /// The strategy's own, a setting that cannot be, or a change that cannot be.
    pub fn maintain<S: Maintain>(&self) -> Result<Vec<Change>, Fault> {
        let changes = self.call::<S, _>(S::maintain)?;
        self.apply(&changes)?;
        Ok(changes)
    }

    /// What the strategy makes of a run that has become long. As in memhost, the receipt gets an id, and the memories that
    /// it cites count as used now.
    ///
    /// # Errors
    /// The strategy's own, a setting that cannot be, or a receipt that cites what is not there.
    pub fn compact<S: Compact>(&self, context: &Context) -> Result<Compacted, Fault> {
        let mut compacted = self.call::<S, _>(|settings| S::compact(context, settings))?;
        self.hand_out(&mut compacted.receipt)?;
        Ok(compacted)
    }

    /// What may go, in the strategy's opinion. Nothing is removed.
    ///
    /// # Errors
    /// The strategy's own, or a setting that cannot be.
    pub fn evict<S: Evict>(&self, pressure: &Pressure) -> Result<Vec<String>, Fault> {
        self.call::<S, _>(|settings| S::evict(pressure, settings))
    }

    /// The settings of a wrapper, and those of what it wraps.
    fn settings(&self) -> (Settings, Settings) {
        self.0.borrow().settings.clone().split("inner.")
    }

    /// Gives a receipt its id, and notes that its memories were used.
    fn hand_out(&self, receipt: &mut Receipt) -> Result<(), Fault> {
        let mut host = self.0.borrow_mut();
        host.memories.mark_used(&receipt.used)?;
        host.receipts += 1;
        receipt.id = format!("r{}", host.receipts);
        Ok(())
    }

    fn call<S: crate::Strategy, T>(
        &self,
        call: impl FnOnce(&Settings) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut settings = self.0.borrow().settings.clone();
        if self.0.borrow().inner.is_some() {
            settings = self.settings().0;
            self.0.borrow_mut().wrapper = Some(S::describe().name);
        }
        self.run(|| {
            crate::strategy::plan::<S>(&settings)?;
            call(&settings)
        })
    }
}

/// The moments of a run at which a strategy is asked that wants these, with the steps before each.
fn moments<'a>(steps: &'a [Step], wanted: &[Trigger]) -> Vec<(Moment, &'a [Step])> {
    let mut moments = vec![(Moment::TaskStart, &steps[..0])];
    let mut subtasks = 0;
    for (number, end) in (1..).zip(1..=steps.len()) {
        let told = &steps[..end];
        if let [.., call, seen] = told
            && seen.actor == Actor::Observation
            && let (Actor::Action, Some(tool)) = (call.actor, &call.name)
        {
            moments.push((Moment::AfterTool(tool.clone()), told));
        }
        if told[end - 1].actor == Actor::Subtask {
            moments.push((Moment::Subtask(subtasks), told));
            subtasks += 1;
        }
        moments.push((Moment::Step(number), told));
    }
    moments.retain(|(moment, _)| is_wanted(moment, wanted));
    moments
}

/// Whether a strategy with these triggers is asked at this moment.
fn is_wanted(moment: &Moment, wanted: &[Trigger]) -> bool {
    wanted.iter().any(|trigger| match (trigger, moment) {
        (Trigger::EverySteps(every), Moment::Step(number)) => number % (*every).max(1) == 0,
        (Trigger::AfterTool(None), Moment::AfterTool(_))
        | (Trigger::Retry, Moment::Retry(_))
        | (Trigger::Subtask, Moment::Subtask(_)) => true,
        (Trigger::AfterTool(Some(one)), Moment::AfterTool(tool)) => one == tool,
        _ => false,
    }) || matches!(moment, Moment::TaskStart | Moment::Round(_))
}

impl Host for TestHost {
    fn kind(&self, _: Role) -> ModelKind {
        self.0.borrow().script.kind
    }

    fn complete(&self, requests: &[Request]) -> Vec<Result<Reply, Fault>> {
        requests
            .iter()
            .map(|request| {
                let answer = self.0.borrow_mut().script.answer(request);
                // The closure may look at this host, so it runs while nothing of it is borrowed.
                let text = answer(request)?;
                let input = request
                    .messages
                    .iter()
                    .map(|one| memhost_words::count(&one.text));
                Ok(Reply {
                    input_tokens: input.sum(),
                    output_tokens: memhost_words::count(&text),
                    text,
                })
            })
            .collect()
    }

    fn count_tokens(&self, text: &str) -> u32 {
        memhost_words::count(text)
    }

    fn embed(&self, texts: &[String], _: Side) -> Result<Vec<Vec<f32>>, Fault> {
        Ok(texts.iter().map(|text| words::vector(text)).collect())
    }

    fn dimension(&self) -> u32 {
        words::DIMENSION as u32
    }

    fn search_memories(&self, query: &Search) -> Result<Vec<Hit>, Fault> {
        self.0.borrow().memories.search(query)
    }

    fn fuse_memories(&self, query: &Fusion) -> Result<Vec<Hit>, Fault> {
        let rankings = query.shares.iter().map(|share| {
            if !share.weight.is_finite() {
                return Err(Fault::Invalid(format!(
                    "a ranking cannot weigh {}",
                    share.weight
                )));
            }
            Ok((self.search_memories(&share.search)?, share.weight))
        });
        let rankings = rankings.collect::<Result<Vec<_>, Fault>>()?;
        let mut fused = fusion::fuse(rankings);
        fused.truncate(query.limit as usize);
        Ok(fused)
    }

    fn scan_memories(&self, query: &Scan) -> Result<Vec<Row>, Fault> {
        self.0.borrow().memories.scan(query)
    }

    fn get_memories(&self, ids: &[String]) -> Result<Vec<Memory>, Fault> {
        let host = self.0.borrow();
        Ok(ids
            .iter()
            .filter_map(|id| host.memories.get(id).cloned())
            .collect())
    }

    fn count_memories(&self, filter: &[Condition]) -> Result<u32, Fault> {
        let rows = self.0.borrow().memories.matching(filter)?.len();
        Ok(u32::try_from(rows).unwrap_or(u32::MAX))
    }

    fn links(&self, ids: &[String], kind: Option<&str>) -> Result<Vec<Link>, Fault> {
        Ok(self.0.borrow().memories.links(ids, kind))
    }

    fn get_attempts(&self, ids: &[String]) -> Result<Vec<Attempt>, Fault> {
        let host = self.0.borrow();
        Ok(ids
            .iter()
            .filter_map(|id| host.attempts.iter().find(|one| one.id == *id).cloned())
            .collect())
    }

    fn get_blob(&self, name: &str) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.0.borrow().memories.blob(name))
    }

    fn now(&self) -> Instant {
        self.0.borrow().memories.now
    }

    fn task_number(&self) -> u32 {
        self.0.borrow().task_number
    }

    fn batch_number(&self) -> u32 {
        self.0.borrow().batch_number
    }

    fn random(&self) -> u32 {
        let mut host = self.0.borrow_mut();
        host.random = words::scrambled(host.random);
        host.random
    }

    fn log(&self, level: Level, message: &str) {
        self.0.borrow_mut().log.push((level, message.to_owned()));
    }

    fn inner(&self) -> Option<Rc<dyn Inner>> {
        self.0.borrow().inner.clone()
    }
}
