//! A wrapped strategy: a wrapper and what it wraps, linked by the host, as one strategy.
//!
//! They are not composed into one component, because the host could then not tell whose call is whose: here each layer has
//! its own sandbox, limits, settings, notes and costs. A phase that the wrapper lacks goes straight to what it wraps.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use memhost_contract::limits::{Limits, StoreLimits};
use memhost_contract::{
    Attempt, Change, Compacted, Context, Description, Feedback, Guidance, Parameter, Plan,
    Pressure, Query, Receipt, Setting,
};
use memhost_store::check_receipt;

use crate::capability::{CallContext, Inner, Usage};
use crate::notes::{self, Notes, Part, Receipts, part_of};
use crate::{Answer, CallError, CallFailure, Phases, Strategy};

/// How many strategies may stand in one another, the innermost included.
pub const MOST_LAYERS: usize = 4;

/// Before the name of each parameter of what is wrapped.
const INNER: &str = "inner.";

/// A wrapper and what it wraps.
pub struct Wrapped {
    outer: Arc<dyn Strategy>,
    inner: Arc<dyn Strategy>,
    description: Description,
    digest: String,
}

/// Why a wrapper cannot be put around a strategy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotWrapped {
    /// There are too many.
    #[error(
        "`{name}` has {layers} strategies in one another, and may have {MOST_LAYERS}, the innermost included; leave out a \
         wrapper"
    )]
    TooDeep {
        /// What it would be called.
        name: String,
        /// How many there would be.
        layers: usize,
    },
    /// There is no strategy at all.
    #[error("there is nothing to be wrapped; name a plugin")]
    Nothing,
    /// Settings could not be told apart.
    #[error(
        "the wrapper `{wrapper}` has the parameter `{parameter}`, which is a name for one of what it wraps; give it another \
         name"
    )]
    Parameter {
        /// Which wrapper.
        wrapper: String,
        /// Which of its parameters.
        parameter: String,
    },
}

impl Wrapped {
    /// Puts a wrapper around a strategy: a plugin, one of the host's own, another wrapper with what it wraps.
    ///
    /// # Errors
    /// They would be too many, or their parameters could not be told apart.
    pub fn new(outer: Arc<dyn Strategy>, inner: Arc<dyn Strategy>) -> Result<Wrapped, NotWrapped> {
        let description = describe(outer.description(), inner.description());
        let layers = outer.layers() + inner.layers();
        if layers > MOST_LAYERS {
            return Err(NotWrapped::TooDeep {
                name: description.name,
                layers,
            });
        }
        let mut own = outer.description().parameters.iter();
        if let Some(parameter) = own.find(|parameter| parameter.name.starts_with(INNER)) {
            return Err(NotWrapped::Parameter {
                wrapper: outer.description().name.clone(),
                parameter: parameter.name.clone(),
            });
        }
        Ok(Wrapped {
            digest: format!("{}({})", outer.digest(), inner.digest()),
            outer,
            inner,
            description,
        })
    }

    /// What one call of the wrapper reaches: its own surroundings, and what it wraps in its own.
    fn open(
        &self,
        context: CallContext,
        settings: &[Setting],
        told: &mut impl Receipts,
    ) -> Call<'_> {
        let mut notes = Notes::default();
        notes.take(told);
        let (own, theirs) = split(settings);
        let prefix = format!("{}:", self.outer.description().name);
        let with_kinds = |change: &dyn Fn(&mut BTreeSet<String>)| {
            let mut hidden = (*context.view.hidden_kinds).clone();
            change(&mut hidden);
            let mut view = context.view.clone();
            view.hidden_kinds = Arc::new(hidden);
            view
        };
        let attempts = |part| {
            let attempts = context.attempts.clone();
            attempts.map(|attempts| part_of(attempts, part))
        };
        let inside = CallContext {
            view: with_kinds(&|hidden| {
                hidden.insert(prefix.clone());
            }),
            attempts: attempts(Part::Inner),
            inner: None,
            within: None,
            ..context.clone()
        };
        let inner = Inner::new(self.inner.clone(), theirs, inside, notes);
        let outside = CallContext {
            // A wrapper around itself shares its memories with itself.
            view: with_kinds(&|hidden| {
                hidden.remove(&prefix);
            }),
            attempts: attempts(Part::Own),
            inner: Some(inner.clone()),
            ..context
        };
        Call {
            wrapped: self,
            context: outside,
            settings: own,
            inner,
        }
    }
}

/// One call of a wrapper.
struct Call<'a> {
    wrapped: &'a Wrapped,
    context: CallContext,
    settings: Vec<Setting>,
    inner: Arc<Inner>,
}

impl Call<'_> {
    /// What came of it, with what the wrapped strategy cost.
    fn close<T>(&self, answer: Answer<T>) -> Answer<T> {
        let result = answer.result.map_err(|error| self.name_layer(error));
        Answer {
            result,
            usage: answer.usage.with_inner(self.inner.take_usage()),
        }
    }

    /// The same of a phase that the wrapper lacks.
    fn close_straight<T>(&self, result: Result<T, CallError>) -> Answer<T> {
        self.close(Answer {
            result,
            usage: Usage::default(),
        })
    }

    /// An error in which the layer is named where it happened.
    fn name_layer(&self, error: CallError) -> CallError {
        let name = &self.wrapped.description.name;
        match self.inner.last_failure() {
            Some(inside) if is_same(&inside.reason, &error.reason) => CallError {
                plugin: format!("{name}: {}", inside.plugin),
                ..inside
            },
            _ => CallError {
                plugin: name.clone(),
                ..error
            },
        }
    }

    /// Adds to a receipt's note what the wrapped strategy noted.
    fn join_notes(
        &self,
        call: &'static str,
        receipt: &mut Receipt,
        limits: &StoreLimits,
    ) -> Result<(), CallError> {
        let own = std::mem::take(&mut receipt.note);
        receipt.note = notes::join(own, self.inner.last_note().unwrap_or_default());
        check_receipt(receipt, limits).map_err(|reached| CallError {
            plugin: self.wrapped.description.name.clone(),
            call,
            reason: CallFailure::Limit(reached),
        })
    }
}

/// Whether an error is what the wrapped strategy failed with, handed on.
fn is_same(inside: &CallFailure, outside: &CallFailure) -> bool {
    match (inside, outside) {
        (CallFailure::Fault(inside), CallFailure::Fault(outside)) => inside == outside,
        (CallFailure::Limit(inside), CallFailure::Limit(outside)) => inside.limit == outside.limit,
        (CallFailure::Trap(inside), CallFailure::Trap(outside))
        | (CallFailure::Contract(inside), CallFailure::Contract(outside)) => inside == outside,
        _ => false,
    }
}

/// Those of a wrapped strategy's settings that are of what is wrapped, under the names that they have there.
pub fn settings_inside(settings: &[Setting]) -> Vec<Setting> {
    split(settings).1
}

/// The settings of a wrapper, and those of what it wraps.
fn split(settings: &[Setting]) -> (Vec<Setting>, Vec<Setting>) {
    let (mut own, mut theirs) = (Vec::new(), Vec::new());
    for setting in settings {
        match setting.name.strip_prefix(INNER) {
            Some(name) => theirs.push(Setting {
                name: name.to_owned(),
                value: setting.value.clone(),
            }),
            None => own.push(setting.clone()),
        }
    }
    (own, theirs)
}

fn describe(outer: &Description, inner: &Description) -> Description {
    let mut requires = outer.requires.clone();
    let more = inner.requires.iter();
    requires.extend(more.filter(|one| !outer.requires.contains(one)).cloned());
    let sources = [&outer.source, &inner.source];
    let sources = sources.into_iter().filter(|source| !source.is_empty());
    let theirs = inner.parameters.iter().map(|parameter| Parameter {
        name: format!("{INNER}{}", parameter.name),
        ..parameter.clone()
    });
    let degraded = inner.degraded.iter();
    let degraded = degraded.map(|how| format!("{}: {how}", inner.name));
    Description {
        name: format!("{}({})", outer.name, inner.name),
        version: format!("{}({})", outer.version, inner.version),
        summary: format!("{} Around {}: {}", outer.summary, inner.name, inner.summary),
        source: sources.cloned().collect::<Vec<_>>().join("; "),
        parameters: outer.parameters.iter().cloned().chain(theirs).collect(),
        requires,
        degraded: outer.degraded.iter().cloned().chain(degraded).collect(),
    }
}

#[async_trait]
impl Strategy for Wrapped {
    fn description(&self) -> &Description {
        &self.description
    }

    fn phases(&self) -> Phases {
        let (outer, inner) = (self.outer.phases(), self.inner.phases());
        Phases {
            retrieve: outer.retrieve || inner.retrieve,
            distill: outer.distill || inner.distill,
            update: outer.update || inner.update,
            evict: outer.evict || inner.evict,
            maintain: outer.maintain || inner.maintain,
            compact: outer.compact || inner.compact,
        }
    }

    fn digest(&self) -> &str {
        &self.digest
    }

    fn layers(&self) -> usize {
        self.outer.layers() + self.inner.layers()
    }

    fn inner(&self) -> Option<&dyn Strategy> {
        Some(self.inner.as_ref())
    }

    /// The wrapper's, which is what it makes of the other's. An arm that either asks for is run, and expected calls add up.
    async fn plan(&self, settings: &[Setting]) -> Result<Plan, CallError> {
        let nothing = CallContext::nothing_granted(Limits::default());
        let call = self.open(nothing, settings, &mut Vec::<Attempt>::new());
        let (_, theirs) = split(settings);
        let inner = self.inner.plan(&theirs).await;
        let inner = inner.map_err(|error| CallError {
            plugin: format!("{}: {}", self.description.name, error.plugin),
            ..error
        })?;
        let plan = self.outer.plan_around(call.inner.clone(), &call.settings);
        let mut plan = plan.await.map_err(|error| call.name_layer(error))?;
        plan.baseline_arm |= inner.baseline_arm;
        plan.all_agents |= inner.all_agents;
        plan.calls.retrieve += inner.calls.retrieve;
        plan.calls.distill += inner.calls.distill;
        plan.calls.update += inner.calls.update;
        plan.calls.candidates += inner.calls.candidates;
        Ok(plan)
    }

    async fn retrieve(
        &self,
        context: CallContext,
        mut query: Query,
        settings: &[Setting],
    ) -> Answer<Guidance> {
        let within = context.within.clone();
        let limits = context.limits.store.clone();
        let call = self.open(context, settings, &mut query);
        if !self.outer.phases().retrieve {
            let (hide, chosen) = (Vec::new(), Vec::new());
            let result = call.inner.retrieve(within, query, hide, chosen).await;
            return call.close_straight(result);
        }
        let answer = self
            .outer
            .retrieve(call.context.clone(), query, &call.settings)
            .await;
        let mut answer = call.close(answer);
        answer.result = answer.result.and_then(|mut guidance| {
            call.join_notes("retrieve", &mut guidance.receipt, &limits)?;
            Ok(guidance)
        });
        answer
    }

    async fn distill(
        &self,
        context: CallContext,
        mut attempts: Vec<Attempt>,
        settings: &[Setting],
    ) -> Answer<Vec<Change>> {
        let within = context.within.clone();
        let call = self.open(context, settings, &mut attempts);
        if !self.outer.phases().distill {
            return call.close_straight(call.inner.distill(within, attempts, Vec::new()).await);
        }
        let context = call.context.clone();
        call.close(self.outer.distill(context, attempts, &call.settings).await)
    }

    async fn update(
        &self,
        context: CallContext,
        mut feedback: Vec<Feedback>,
        settings: &[Setting],
    ) -> Answer<Vec<Change>> {
        let within = context.within.clone();
        let call = self.open(context, settings, &mut feedback);
        if !self.outer.phases().update {
            return call.close_straight(call.inner.update(within, feedback, Vec::new()).await);
        }
        let context = call.context.clone();
        call.close(self.outer.update(context, feedback, &call.settings).await)
    }

    async fn evict(
        &self,
        context: CallContext,
        pressure: Pressure,
        settings: &[Setting],
    ) -> Answer<Vec<String>> {
        let within = context.within.clone();
        let call = self.open(context, settings, &mut Vec::<Attempt>::new());
        if !self.outer.phases().evict {
            return call.close_straight(call.inner.evict(within, pressure, Vec::new()).await);
        }
        let context = call.context.clone();
        call.close(self.outer.evict(context, pressure, &call.settings).await)
    }

    async fn maintain(&self, context: CallContext, settings: &[Setting]) -> Answer<Vec<Change>> {
        let within = context.within.clone();
        let call = self.open(context, settings, &mut Vec::<Attempt>::new());
        if !self.outer.phases().maintain {
            return call.close_straight(call.inner.maintain(within, Vec::new()).await);
        }
        let context = call.context.clone();
        call.close(self.outer.maintain(context, &call.settings).await)
    }

    async fn compact(
        &self,
        context: CallContext,
        run: Context,
        settings: &[Setting],
    ) -> Answer<Compacted> {
        let within = context.within.clone();
        let limits = context.limits.store.clone();
        let call = self.open(context, settings, &mut Vec::<Attempt>::new());
        if !self.outer.phases().compact {
            let (hide, chosen) = (Vec::new(), Vec::new());
            let result = call.inner.compact(within, run, hide, chosen).await;
            return call.close_straight(result);
        }
        let context = call.context.clone();
        let answer = self.outer.compact(context, run, &call.settings).await;
        let mut answer = call.close(answer);
        answer.result = answer.result.and_then(|mut compacted| {
            call.join_notes("compact", &mut compacted.receipt, &limits)?;
            Ok(compacted)
        });
        answer
    }
}
