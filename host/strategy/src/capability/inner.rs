//! The interface `inner`: what a wrapper wraps, as one call of the wrapper reaches it.
//!
//! A call of the wrapped strategy has a sandbox and limits of its own, but shares the wrapper's clocks and its number of model
//! calls. What it costs is booked apart from the wrapper's own, under `inner/`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use memhost_contract::generated::memhost::strategy::inner::Host;
use memhost_contract::{
    Attempt, Change, Compacted, Context, Description, ExpectedCalls, Fault, Feedback, Guidance,
    Plan, Pressure, Query, Setting, settings,
};

use super::{CallContext, Capabilities, Usage, Within, not_granted};
use crate::notes::Notes;
use crate::{Answer, CallError, CallFailure, Strategy};

/// What a wrapper wraps, during one call of the wrapper.
pub struct Inner {
    strategy: Arc<dyn Strategy>,
    /// As the operator chose them.
    settings: Vec<Setting>,
    /// What its calls may reach.
    context: CallContext,
    /// What it noted on the receipts that the wrapper's call was told of.
    notes: Notes,
    so_far: Mutex<SoFar>,
}

/// What its calls came to until now.
#[derive(Default)]
struct SoFar {
    usage: Usage,
    /// On the receipt that it gave last.
    note: Option<String>,
    /// Of the call that failed last.
    failure: Option<CallError>,
}

impl Inner {
    pub(crate) fn new(
        strategy: Arc<dyn Strategy>,
        settings: Vec<Setting>,
        context: CallContext,
        notes: Notes,
    ) -> Arc<Inner> {
        Arc::new(Inner {
            strategy,
            settings,
            context,
            notes,
            so_far: Mutex::default(),
        })
    }

    /// What it says of itself.
    pub fn description(&self) -> &Description {
        self.strategy.description()
    }

    /// Its plan, without the model calls that it expects.
    ///
    /// # Errors
    /// It refuses the settings, or fails.
    pub async fn plan(&self, chosen: Vec<Setting>) -> Result<Plan, CallError> {
        let settings = self.settings_with("plan-for", chosen)?;
        let plan = self.strategy.plan(&settings).await;
        let result = plan.map(|plan| Plan {
            calls: ExpectedCalls {
                retrieve: 0.0,
                distill: 0.0,
                update: 0.0,
                candidates: 0.0,
            },
            ..plan
        });
        self.hear(Answer {
            result,
            usage: Usage::default(),
        })
    }

    /// What it would say without the memories that are to be hidden.
    ///
    /// # Errors
    /// The call fails.
    pub async fn retrieve(
        &self,
        within: Option<Within>,
        mut query: Query,
        hide: Vec<String>,
        chosen: Vec<Setting>,
    ) -> Result<Guidance, CallError> {
        let settings = self.settings_with("retrieve", chosen)?;
        self.notes.give_back(&mut query);
        let context = self.context(within, hide);
        let seen = context.seen();
        let mut answer = self.strategy.retrieve(context, query, &settings).await;
        seen.leave_out_unseen(&mut answer, |guidance| &mut guidance.receipt);
        let guidance = self.hear(answer)?;
        self.so_far().note = Some(guidance.receipt.note.clone());
        Ok(guidance)
    }

    /// What it would write after these runs of one task.
    ///
    /// # Errors
    /// The call fails.
    pub async fn distill(
        &self,
        within: Option<Within>,
        mut attempts: Vec<Attempt>,
        chosen: Vec<Setting>,
    ) -> Result<Vec<Change>, CallError> {
        let settings = self.settings_with("distill", chosen)?;
        self.notes.give_back(&mut attempts);
        let context = self.context(within, Vec::new());
        let answer = self.strategy.distill(context, attempts, &settings).await;
        self.hear_changes("distill", answer)
    }

    /// What it would write now that outcomes are known.
    ///
    /// # Errors
    /// The call fails.
    pub async fn update(
        &self,
        within: Option<Within>,
        mut feedback: Vec<Feedback>,
        chosen: Vec<Setting>,
    ) -> Result<Vec<Change>, CallError> {
        let settings = self.settings_with("update", chosen)?;
        self.notes.give_back(&mut feedback);
        let context = self.context(within, Vec::new());
        let answer = self.strategy.update(context, feedback, &settings).await;
        self.hear_changes("update", answer)
    }

    /// What it would let go.
    ///
    /// # Errors
    /// The call fails.
    pub async fn evict(
        &self,
        within: Option<Within>,
        pressure: Pressure,
        chosen: Vec<Setting>,
    ) -> Result<Vec<String>, CallError> {
        let settings = self.settings_with("evict", chosen)?;
        let context = self.context(within, Vec::new());
        let answer = self.strategy.evict(context, pressure, &settings).await;
        let seen = self.context.seen();
        self.hear(self.within_its_own("evict", answer, |ids| {
            seen.trespass_by_ids(self.strategy.as_ref(), ids)
        }))
    }

    /// What it would write to put its memories in order.
    ///
    /// # Errors
    /// The call fails.
    pub async fn maintain(
        &self,
        within: Option<Within>,
        chosen: Vec<Setting>,
    ) -> Result<Vec<Change>, CallError> {
        let settings = self.settings_with("maintain", chosen)?;
        let context = self.context(within, Vec::new());
        let answer = self.strategy.maintain(context, &settings).await;
        self.hear_changes("maintain", answer)
    }

    /// What it would make of a run without the memories that are to be hidden.
    ///
    /// # Errors
    /// The call fails.
    pub async fn compact(
        &self,
        within: Option<Within>,
        run: Context,
        hide: Vec<String>,
        chosen: Vec<Setting>,
    ) -> Result<Compacted, CallError> {
        let settings = self.settings_with("compact", chosen)?;
        let context = self.context(within, hide);
        let seen = context.seen();
        let mut answer = self.strategy.compact(context, run, &settings).await;
        seen.leave_out_unseen(&mut answer, |compacted| &mut compacted.receipt);
        let compacted = self.hear(answer)?;
        self.so_far().note = Some(compacted.receipt.note.clone());
        Ok(compacted)
    }

    /// Model calls that it made until now.
    pub(super) fn model_calls(&self) -> usize {
        self.so_far().usage.model_calls.len()
    }

    /// What its calls cost.
    pub(crate) fn take_usage(&self) -> Usage {
        std::mem::take(&mut self.so_far().usage)
    }

    /// What it noted on the receipt that it gave last, if it gave any.
    pub(crate) fn last_note(&self) -> Option<String> {
        self.so_far().note.clone()
    }

    /// Why it failed last, if it did.
    pub(crate) fn last_failure(&self) -> Option<CallError> {
        self.so_far().failure.clone()
    }

    /// The settings of a call: what the operator chose, and what the wrapper chooses instead.
    fn settings_with(
        &self,
        call: &'static str,
        chosen: Vec<Setting>,
    ) -> Result<Vec<Setting>, CallError> {
        let mut all = self.settings.clone();
        for one in chosen {
            let parameters = self.description().parameters.iter();
            let declared = parameters.zip(&mut all).find(|(p, _)| p.name == one.name);
            let fits = declared.is_some_and(|(parameter, setting)| {
                let is_of_type = std::mem::discriminant(&parameter.default)
                    == std::mem::discriminant(&one.value);
                let range = parameter.range.as_ref();
                let fits =
                    is_of_type && range.is_none_or(|range| settings::is_within(&one.value, range));
                if fits {
                    setting.value = one.value.clone();
                }
                fits
            });
            if !fits {
                let name = &self.description().name;
                let value = settings::display(&one.value);
                return Err(CallError {
                    plugin: name.clone(),
                    call,
                    reason: CallFailure::Fault(Fault::Invalid(format!(
                        "`{name}` has no parameter `{}` that can be `{value}`",
                        one.name
                    ))),
                });
            }
        }
        Ok(all)
    }

    fn context(&self, within: Option<Within>, hide: Vec<String>) -> CallContext {
        let mut context = CallContext {
            within,
            ..self.context.clone()
        };
        if !hide.is_empty() {
            let mut hidden = (*context.view.hidden).clone();
            hidden.extend(hide);
            context.view.hidden = Arc::new(hidden);
        }
        context
    }

    fn hear_changes(
        &self,
        call: &'static str,
        answer: Answer<Vec<Change>>,
    ) -> Result<Vec<Change>, CallError> {
        let seen = self.context.seen();
        self.hear(self.within_its_own(call, answer, |changes| {
            seen.trespass(self.strategy.as_ref(), changes)
        }))
    }

    /// An answer, refused where it would change what is the wrapper's own.
    fn within_its_own<T>(
        &self,
        call: &'static str,
        answer: Answer<T>,
        trespass: impl FnOnce(&T) -> Option<String>,
    ) -> Answer<T> {
        let Answer { result, usage } = answer;
        let result = result.and_then(|said| match trespass(&said) {
            None => Ok(said),
            Some(problem) => Err(CallError {
                plugin: self.description().name.clone(),
                call,
                reason: CallFailure::Contract(problem),
            }),
        });
        Answer { result, usage }
    }

    fn hear<T>(&self, answer: Answer<T>) -> Result<T, CallError> {
        let mut so_far = self.so_far();
        so_far.usage.add_in_turn(answer.usage.booked_as_inner());
        // It may be called as often as there is time, and may each time log what one call may.
        let lines = self.context.limits.log_lines as usize;
        so_far.usage.log.truncate(lines);
        if let Err(error) = &answer.result {
            so_far.failure = Some(error.clone());
        }
        answer.result
    }

    fn so_far(&self) -> MutexGuard<'_, SoFar> {
        self.so_far.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The prefix of what a wrapped strategy asks of models and logs.
const BOOKED: &str = "inner/";

impl Usage {
    fn booked_as_inner(mut self) -> Usage {
        for call in &mut self.model_calls {
            call.purpose.insert_str(0, BOOKED);
        }
        for line in &mut self.log {
            line.message.insert_str(0, BOOKED);
        }
        self
    }

    /// Of two calls, one after the other.
    fn add_in_turn(&mut self, next: Usage) {
        self.fuel += next.fuel;
        self.memory = self.memory.max(next.memory);
        self.wall += next.wall;
        self.host_calls = self.host_calls.saturating_add(next.host_calls);
        self.model_calls.extend(next.model_calls);
        self.log.extend(next.log);
        self.cut_texts += next.cut_texts;
    }

    /// Of a call and those that it made within its own time.
    pub(crate) fn with_inner(self, inner: Usage) -> Usage {
        let (memory, wall) = (self.memory + inner.memory, self.wall.max(inner.wall));
        let mut both = self;
        both.add_in_turn(inner);
        Usage {
            memory,
            wall,
            ..both
        }
    }
}

impl Host for Capabilities {
    async fn describe(&mut self) -> wasmtime::Result<Result<Description, Fault>> {
        Ok(self.inner().await?.map(|inner| inner.description().clone()))
    }

    async fn plan_for(&mut self, settings: Vec<Setting>) -> wasmtime::Result<Result<Plan, Fault>> {
        match self.inner().await? {
            Ok(inner) => handed_on(inner.plan(settings).await),
            Err(fault) => Ok(Err(fault)),
        }
    }

    async fn retrieve(
        &mut self,
        query: Query,
        hide: Vec<String>,
        settings: Vec<Setting>,
    ) -> wasmtime::Result<Result<Guidance, Fault>> {
        let within = Some(self.within());
        match self.inner().await? {
            Ok(inner) => handed_on(inner.retrieve(within, query, hide, settings).await),
            Err(fault) => Ok(Err(fault)),
        }
    }

    async fn distill(
        &mut self,
        attempts: Vec<Attempt>,
        settings: Vec<Setting>,
    ) -> wasmtime::Result<Result<Vec<Change>, Fault>> {
        let within = Some(self.within());
        match self.inner().await? {
            Ok(inner) => handed_on(inner.distill(within, attempts, settings).await),
            Err(fault) => Ok(Err(fault)),
        }
    }

    async fn update(
        &mut self,
        feedback: Vec<Feedback>,
        settings: Vec<Setting>,
    ) -> wasmtime::Result<Result<Vec<Change>, Fault>> {
        let within = Some(self.within());
        match self.inner().await? {
            Ok(inner) => handed_on(inner.update(within, feedback, settings).await),
            Err(fault) => Ok(Err(fault)),
        }
    }

    async fn maintain(
        &mut self,
        settings: Vec<Setting>,
    ) -> wasmtime::Result<Result<Vec<Change>, Fault>> {
        let within = Some(self.within());
        match self.inner().await? {
            Ok(inner) => handed_on(inner.maintain(within, settings).await),
            Err(fault) => Ok(Err(fault)),
        }
    }

    async fn compact(
        &mut self,
        context: Context,
        hide: Vec<String>,
        settings: Vec<Setting>,
    ) -> wasmtime::Result<Result<Compacted, Fault>> {
        let within = Some(self.within());
        match self.inner().await? {
            Ok(inner) => handed_on(inner.compact(within, context, hide, settings).await),
            Err(fault) => Ok(Err(fault)),
        }
    }

    async fn evict(
        &mut self,
        pressure: Pressure,
        settings: Vec<Setting>,
    ) -> wasmtime::Result<Result<Vec<String>, Fault>> {
        let within = Some(self.within());
        match self.inner().await? {
            Ok(inner) => handed_on(inner.evict(within, pressure, settings).await),
            Err(fault) => Ok(Err(fault)),
        }
    }
}

impl Capabilities {
    async fn inner(&mut self) -> wasmtime::Result<Result<Arc<Inner>, Fault>> {
        self.begin().await?;
        let inner = self.context.inner.clone();
        Ok(inner.ok_or_else(|| not_granted("inner")))
    }
}

/// A fault is the wrapper's to judge; any other failure ends the wrapper's call too.
fn handed_on<T>(result: Result<T, CallError>) -> wasmtime::Result<Result<T, Fault>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(CallError {
            reason: CallFailure::Fault(fault),
            ..
        }) => Ok(Err(fault)),
        Err(error) => Err(wasmtime::Error::new(error)),
    }
}
