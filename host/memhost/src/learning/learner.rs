//! The learner: a strategy at work on its memories, one call and one transaction at a time.

use std::collections::HashSet;
use std::sync::Arc;

use memhost_contract::{
    Attempt, Change, Compacted, Context, Feedback, Guidance, Labels, Level, Query, Receipt, Verdict,
};
use memhost_store::{Memories, Namespace, StoreError, View, receipt_bytes};
use memhost_strategy::capability::{CallContext, LogLine};
use memhost_strategy::{Answer, CallError, Phases};

use super::observer::Answered;
use super::pending::{Sorted, score};
use super::receipts::OpenReceipts;
use super::waitlist::Waitlist;
use super::{
    Caller, Clock, Condition, Configured, Event, Grants, History, NoCredit, Observer, OpenReceipt,
    Pending, Progress, reduce_labels,
};

/// A strategy at work on one namespace.
pub struct Learner<C> {
    caller: Caller,
    pub(super) namespace: Namespace,
    /// At which moment calls are made; whoever runs the learner moves it on.
    pub clock: C,
    /// Writes that wait for the next attempt on their task.
    pub(super) waitlist: Arc<Waitlist>,
    /// Whether what is to be kept if a re-run gains waits for the next attempt too.
    holds_trials: bool,
    /// How far it is once the next transaction is made; `None` where that is not kept.
    pub(super) progress: Option<Progress>,
    open: OpenReceipts,
    /// What was handed out and goes into the next transaction.
    pub(super) due: Vec<Receipt>,
    retrievals: u32,
}

/// What came of a `retrieve`.
#[derive(Debug)]
#[non_exhaustive]
pub struct Retrieved {
    /// What the agent should know; nothing where the call failed. Its receipt has an id either way.
    pub guidance: Guidance,
    /// Why there is none.
    pub failure: Option<CallError>,
}

/// What came of a `compact`.
#[derive(Debug)]
#[non_exhaustive]
pub struct Shortened {
    /// What takes the run's place; the run itself where the call failed. Its receipt has an id either way.
    pub compacted: Compacted,
    /// Why the run stays.
    pub failure: Option<CallError>,
}

/// What came of a `distill`, an `update` or a `maintain`.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Learnt {
    /// What is to be kept if a re-run of its task gains. Whoever can re-run a task does, and says how it went
    /// ([`Learner::settle`]); until then these writes are not in force.
    pub on_trial: Vec<Pending>,
    /// Why nothing was written.
    pub failure: Option<Failure>,
}

impl Learnt {
    fn failed(failure: impl Into<Failure>) -> Learnt {
        Learnt {
            on_trial: Vec::new(),
            failure: Some(failure.into()),
        }
    }
}

/// Why a call came to nothing. It is the strategy's failure: whoever runs it may go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// What it returned cannot be written.
    #[error("what `{call}` returned cannot be written: {error}")]
    Refused {
        /// Which call.
        call: &'static str,
        /// Why.
        #[source]
        error: StoreError,
    },
}

impl<C: Clock> Learner<C> {
    /// A learner that has heard of nothing yet, on whatever the namespace holds.
    pub fn new(configured: Configured, namespace: Namespace, grants: Grants, clock: C) -> Self {
        let caller = Caller::new(configured, namespace.memories().clone(), grants);
        Learner {
            waitlist: caller.waitlist.clone(),
            caller,
            namespace,
            clock,
            holds_trials: false,
            progress: None,
            open: OpenReceipts::default(),
            due: Vec::new(),
            retrievals: 0,
        }
    }

    /// The same, to whom all this has happened.
    pub fn with_history(mut self, history: Arc<History>) -> Self {
        self.caller.history = history;
        self
    }

    /// The same, for work in which no task can be run again at will: what is to be kept if a re-run of its task gains waits
    /// for the next attempt on it, which decides.
    pub fn with_natural_trials(self) -> Self {
        Learner {
            holds_trials: true,
            ..self
        }
    }

    /// Makes calls that write nothing, while this learner writes.
    pub fn caller(&self) -> Caller {
        self.caller.clone()
    }

    /// What it has learnt.
    pub fn memories(&self) -> &Memories {
        self.namespace.memories()
    }

    /// Where it is kept.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// The attempts that it has heard of.
    pub fn history(&self) -> &History {
        &self.caller.history
    }

    /// The decisions that the strategy takes part in.
    pub fn phases(&self) -> Phases {
        self.configured().strategy.phases()
    }

    pub(super) fn configured(&self) -> &Configured {
        &self.caller.configured
    }

    /// Memories that take part now.
    ///
    /// # Errors
    /// As for [`Memories::count`].
    pub fn count(&self) -> Result<u32, StoreError> {
        self.namespace.count(&Vec::new(), &self.now())
    }

    /// All that has not expired.
    pub(super) fn now(&self) -> View {
        View {
            at: Some(self.clock.now()),
            ..View::default()
        }
    }

    /// An attempt has happened: the strategy may read of it, as much as its plan wants to be told.
    pub fn witness(&self, attempt: &Attempt) {
        self.caller
            .history
            .add(reduce_labels(attempt.clone(), self.labels()));
    }

    /// What the agent should know now. Writes nothing; a call that fails has nothing to say.
    pub async fn retrieve(
        &mut self,
        query: Query,
        view: &View,
        observer: &mut dyn Observer,
    ) -> Retrieved {
        let run = self.clock.next_call();
        let mut retrieved = self.caller.retrieve(run, query, view, observer).await;
        retrieved.guidance.receipt.id = self.next_receipt();
        retrieved
    }

    /// Guidance was used: its receipt waits until the outcome is known, and counts as stored meanwhile. Of one that there
    /// is no room for, nothing stays but the id.
    pub fn hand_out(&mut self, receipt: Receipt, observer: &mut dyn Observer) -> OpenReceipt {
        let handed_out = match self.namespace.reserve(receipt_bytes(&receipt)) {
            Ok(reserved) => OpenReceipt {
                receipt,
                _reserved: Some(reserved),
            },
            Err(error) => {
                observer.observe(Event::NotKept { error: &error });
                OpenReceipt {
                    receipt: Receipt {
                        id: receipt.id,
                        used: Vec::new(),
                        note: String::new(),
                    },
                    _reserved: None,
                }
            }
        };
        self.open.open(&handed_out.receipt);
        handed_out
    }

    /// The memories that something under way names: a receipt whose outcome is not known, or a write that waits.
    pub(super) fn under_way(&self) -> HashSet<String> {
        let mut under_way = self.waitlist.names();
        under_way.extend(self.open.memories().cloned());
        under_way
    }

    /// A receipt whose outcome is known is kept with the next transaction. For whoever keeps a ledger, which says itself
    /// what was handed out, and that its outcome came once; others [credit](Learner::credit) it.
    pub fn keep_receipt(&mut self, receipt: Receipt) {
        self.due.push(receipt);
    }

    /// The outcome of what was handed out is known, with these scores in 0..=1: the receipt is kept with the next
    /// transaction, and [`Learner::update`] may be told.
    ///
    /// # Errors
    /// The outcome is not to be told: it comes a second time, or a score is none.
    pub fn credit(
        &mut self,
        receipt: &OpenReceipt,
        scores: impl IntoIterator<Item = f64>,
    ) -> Result<(), NoCredit> {
        self.due.push(receipt.receipt.clone());
        self.open.settle(&receipt.receipt.id, scores)
    }

    /// A new attempt on a task decides over what waited for it: [`Condition::NextAttempt`]. One without a verdict decides
    /// nothing.
    ///
    /// # Errors
    /// The store failed.
    pub async fn decide(
        &mut self,
        attempt: &Attempt,
        observer: &mut dyn Observer,
    ) -> Result<(), StoreError> {
        if attempt.outcome.verdict == Verdict::Unknown {
            return Ok(());
        }
        while let Some(pending) = self.waitlist.take(&attempt.task.id) {
            let is_earned = pending.is_earned_by(attempt);
            self.settle(pending, is_earned, observer).await?;
        }
        Ok(())
    }

    /// The provisional memories that wait for the next attempt on a task.
    pub fn waiting_for(&self, task: &str) -> HashSet<String> {
        self.waitlist.memories(task)
    }

    /// Tells the strategy outcomes of what it handed out, together, and writes what follows from them. Nothing happens
    /// where the strategy wants none.
    ///
    /// # Errors
    /// The store failed. What the strategy is to blame for is in [`Learnt::failure`].
    pub async fn update(
        &mut self,
        feedback: &[Feedback],
        observer: &mut dyn Observer,
    ) -> Result<Learnt, StoreError> {
        if !self.phases().update {
            return Ok(Learnt::default());
        }
        let told = feedback.iter().map(|feedback| Feedback {
            attempt: reduce_labels(feedback.attempt.clone(), self.labels()),
            receipt: feedback.receipt.clone(),
        });
        let told: Vec<Feedback> = told.collect();
        let about: Vec<&Attempt> = feedback.iter().map(|feedback| &feedback.attempt).collect();
        let context = self.context(View::default());
        let Configured {
            strategy, settings, ..
        } = self.configured();
        let answer = strategy.update(context, told, settings).await;
        self.take_in(answer, "update", &about, observer).await
    }

    /// Tells the strategy runs of one task, together, and writes what it learns from them.
    ///
    /// # Errors
    /// As for [`Learner::update`].
    pub async fn distill(
        &mut self,
        attempts: Vec<Attempt>,
        observer: &mut dyn Observer,
    ) -> Result<Learnt, StoreError> {
        if !self.phases().distill {
            return Ok(Learnt::default());
        }
        let told = attempts.iter().cloned();
        let told = told.map(|attempt| reduce_labels(attempt, self.labels()));
        let told: Vec<Attempt> = told.collect();
        let about: Vec<&Attempt> = attempts.iter().collect();
        let context = self.context(View::default());
        let Configured {
            strategy, settings, ..
        } = self.configured();
        let answer = strategy.distill(context, told, settings).await;
        self.take_in(answer, "distill", &about, observer).await
    }

    /// Has the strategy put its memories in order, and writes what it asks for. Nothing happens where it has nothing to put
    /// in order.
    ///
    /// # Errors
    /// As for [`Learner::update`].
    pub async fn maintain(&mut self, observer: &mut dyn Observer) -> Result<Learnt, StoreError> {
        if !self.phases().maintain {
            return Ok(Learnt::default());
        }
        let context = self.context(View::default());
        let Configured {
            strategy, settings, ..
        } = self.configured();
        let answer = strategy.maintain(context, settings).await;
        self.take_in(answer, "maintain", &[], observer).await
    }

    /// What the agent is to keep of its run. Writes nothing; after a call that fails, the run stays as it is.
    pub async fn compact(
        &mut self,
        run: Context,
        view: &View,
        observer: &mut dyn Observer,
    ) -> Shortened {
        let task = run.task.id.clone();
        let unchanged = Compacted::unchanged(run.clone());
        let context = self.context(view.clone());
        let Configured {
            strategy, settings, ..
        } = self.configured();
        let seen = context.seen();
        let mut answer = strategy.compact(context, run, settings).await;
        seen.leave_out_unseen(&mut answer, |compacted| &mut compacted.receipt);
        let (mut compacted, failure) = match hear(answer, "compact", Some(&task), observer) {
            Ok(compacted) => (compacted, None),
            Err(error) => (unchanged, Some(error)),
        };
        compacted.receipt.id = self.next_receipt();
        Shortened { compacted, failure }
    }

    fn next_receipt(&mut self) -> String {
        self.retrievals += 1;
        format!("r{}", self.retrievals)
    }

    /// Writes the changes of one call, but for what waits. `about` are the attempts that the call was told of.
    async fn take_in(
        &mut self,
        answer: Answer<Vec<Change>>,
        call: &'static str,
        about: &[&Attempt],
        observer: &mut dyn Observer,
    ) -> Result<Learnt, StoreError> {
        let task = about.first().map(|attempt| attempt.task.id.as_str());
        let changes = match hear(answer, call, task, observer) {
            Ok(changes) => changes,
            Err(error) => return Ok(Learnt::failed(error)),
        };
        let first = task.unwrap_or_default();
        if changes.is_empty() {
            return Ok(Learnt::default());
        }
        let mut sorted = Sorted::from(changes);
        if let Err(error) = sorted.check_targets() {
            observer.observe(Event::Refused {
                call,
                error: &error,
            });
            return Ok(Learnt::failed(Failure::Refused { call, error }));
        }
        let writes = std::mem::take(&mut sorted.writes);
        let inserts = sorted.inserts();
        let waiting = sorted.waiting(first, |attempt| self.task_of(attempt, about));
        let reserved = match self.namespace.reserve(waiting.bytes()) {
            Ok(reserved) => Arc::new(reserved),
            Err(error) => {
                observer.observe(Event::Refused {
                    call,
                    error: &error,
                });
                return Ok(Learnt::failed(Failure::Refused { call, error }));
            }
        };
        let holds_trials = self.holds_trials;
        let named = |inserted: &[String]| -> (Vec<Pending>, Vec<Pending>) {
            let mut all = waiting.clone().with(inserted);
            for pending in &mut all {
                let source = about.iter().find(|told| told.task.id == pending.task);
                pending.before = source.and_then(|told| score(&told.outcome));
                pending.reserved = Some(reserved.clone());
            }
            let waits = |pending: &Pending| pending.condition == Condition::NextAttempt;
            all.into_iter()
                .partition(|pending| holds_trials || waits(pending))
        };
        // What waits is kept with the transaction, so it is there before; nobody else writes here, so the ids are known.
        let expected = self.namespace.next_ids(inserts);
        let (held, on_trial) = named(&expected);
        self.wait_for(&held);
        let written = self.write(writes, call, observer).await;
        if !matches!(&written, Ok(Ok(inserted)) if *inserted == expected) {
            self.waitlist.take_back(&held);
        }
        let inserted = match written? {
            Ok(inserted) => inserted,
            Err(failure) => return Ok(Learnt::failed(failure)),
        };
        let on_trial = match inserted == expected {
            true => on_trial,
            false => {
                let (held, on_trial) = named(&inserted);
                self.wait_for(&held);
                on_trial
            }
        };
        Ok(Learnt {
            on_trial,
            failure: None,
        })
    }

    fn wait_for(&self, held: &[Pending]) {
        held.iter()
            .for_each(|pending| self.waitlist.add(pending.clone()));
    }

    /// The task of an attempt that a memory was learnt from, if the call was about it.
    fn task_of(&self, attempt: &str, about: &[&Attempt]) -> Option<String> {
        let own = about.iter().find(|told| told.id == attempt);
        let own = own.map(|told| told.task.id.clone());
        let task = own.or_else(|| self.caller.history.task_of(attempt))?;
        let is_of_the_call = about.iter().any(|told| told.task.id == task);
        is_of_the_call.then_some(task)
    }

    pub(super) fn context(&mut self, view: View) -> CallContext {
        let run = self.clock.next_call();
        self.caller.context(run, view)
    }

    fn labels(&self) -> Labels {
        self.configured().plan.labels
    }
}

/// What a strategy logs goes into this process's log, which says whose it is.
fn log(LogLine { level, message }: &LogLine, call: &str, task: Option<&str>) {
    match level {
        Level::Debug => tracing::debug!(target: "memhost::plugin", call, task, "{message}"),
        Level::Info => tracing::info!(target: "memhost::plugin", call, task, "{message}"),
        Level::Warn => tracing::warn!(target: "memhost::plugin", call, task, "{message}"),
    }
}

/// An answer's value, once everybody has heard of it.
pub(super) fn hear<T: Answered>(
    answer: Answer<T>,
    call: &'static str,
    task: Option<&str>,
    observer: &mut dyn Observer,
) -> Result<T, CallError> {
    let Answer { result, usage } = answer;
    usage.log.iter().for_each(|line| log(line, call, task));
    observer.observe(Event::Called {
        call,
        task,
        usage: &usage,
        said: result.as_ref().map(Answered::said),
    });
    result
}
