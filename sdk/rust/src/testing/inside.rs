//! What a wrapper under test wraps: any strategy, with the phases that it is said to have.

use std::marker::PhantomData;
use std::rc::Rc;

use super::TestHost;
use crate::native::Inner;
use crate::parameter::Settings;
use crate::strategy::{Compact, Distill, Evict, Maintain, Retrieve, Strategy, Update};
use crate::types::{
    Attempt, Change, Compacted, Context, Description, ExpectedCalls, Fault, Feedback, Guidance,
    Plan, Pressure, Query, Setting,
};

/// A strategy to be wrapped, with none of its phases until they are named.
///
/// ```
/// use memhost_sdk::testing::{Inside, TestHost};
/// # use memhost_sdk::{Attempt, Change, Description, Distill, Fault, Guidance, Query, Retrieve, Settings, Strategy};
/// # struct Notes;
/// # impl Strategy for Notes {
/// #     fn describe() -> Description { Description::new("notes", "1", "Notes.") }
/// # }
/// # impl Retrieve for Notes {
/// #     fn retrieve(_: &Query, _: &Settings) -> Result<Guidance, Fault> { Ok(Guidance::none()) }
/// # }
///
/// let host = TestHost::new();
/// host.wrap(Inside::<Notes>::new().retrieves());
/// ```
pub struct Inside<S> {
    retrieve: Option<Phase<Query, Guidance>>,
    distill: Option<Phase<[Attempt], Vec<Change>>>,
    update: Option<Phase<[Feedback], Vec<Change>>>,
    evict: Option<Phase<Pressure, Vec<String>>>,
    maintain: Option<Upkeep>,
    compact: Option<Phase<Context, Compacted>>,
    strategy: PhantomData<S>,
}

/// A phase: what it is asked, under which settings.
type Phase<Asked, Said> = fn(&Asked, &Settings) -> Result<Said, Fault>;

/// The phase that is asked about nothing.
type Upkeep = fn(&Settings) -> Result<Vec<Change>, Fault>;

macro_rules! has {
    ($($(#[$doc:meta])* $method:ident: $phase:ident as $field:ident;)*) => { $(
        $(#[$doc])*
        #[must_use]
        pub fn $method(self) -> Self
        where
            S: $phase,
        {
            Self { $field: Some(S::$field), ..self }
        }
    )* };
}

impl<S: Strategy> Inside<S> {
    /// The strategy, with no phase yet.
    pub fn new() -> Self {
        Self {
            retrieve: None,
            distill: None,
            update: None,
            evict: None,
            maintain: None,
            compact: None,
            strategy: PhantomData,
        }
    }

    has! {
        /// It says what an agent should know.
        retrieves: Retrieve as retrieve;
        /// It learns from attempts.
        distills: Distill as distill;
        /// It learns from outcomes.
        updates: Update as update;
        /// It says what may go.
        evicts: Evict as evict;
        /// It puts its memories in order.
        maintains: Maintain as maintain;
        /// It shortens runs.
        compacts: Compact as compact;
    }
}

impl<S: Strategy> Default for Inside<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl TestHost {
    /// Puts a strategy inside of the wrapper that is tested. Its parameters are set as `inner.<name>`. As in memhost, it does
    /// not see the wrapper's own memories, nor what the wrapper hides from it.
    pub fn wrap<S: Strategy + 'static>(&self, inside: Inside<S>) {
        let linked = Linked {
            host: self.clone(),
            inside,
        };
        self.0.borrow_mut().inner = Some(Rc::new(linked));
    }
}

/// A wrapped strategy with the host whose memories it reads.
struct Linked<S> {
    host: TestHost,
    inside: Inside<S>,
}

impl<S: Strategy> Linked<S> {
    /// Makes a call of it while these memories are hidden, and those of the wrapper.
    fn call<T>(
        &self,
        hide: &[String],
        chosen: &[Setting],
        call: impl FnOnce(&Settings) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let chosen = chosen.iter().cloned();
        let settings = chosen.fold(self.host.settings().1, |settings, one| {
            settings.with(&one.name, one.value)
        });
        crate::strategy::plan::<S>(&settings)?;
        let before = {
            let mut host = self.host.0.borrow_mut();
            let own = host.wrapper.clone();
            std::mem::replace(&mut host.memories.hidden, (hide.to_vec(), own))
        };
        let answer = call(&settings);
        self.host.0.borrow_mut().memories.hidden = before;
        answer
    }

    fn changes(
        &self,
        chosen: &[Setting],
        call: Option<impl FnOnce(&Settings) -> Result<Vec<Change>, Fault>>,
    ) -> Result<Vec<Change>, Fault> {
        call.map_or_else(|| Ok(Vec::new()), |call| self.call(&[], chosen, call))
    }
}

impl<S: Strategy> Inner for Linked<S> {
    fn describe(&self) -> Result<Description, Fault> {
        Ok(crate::strategy::describe::<S>())
    }

    fn plan_for(&self, chosen: &[Setting]) -> Result<Plan, Fault> {
        let plan = self.call(&[], chosen, |settings| S::plan(settings))?;
        let calls = ExpectedCalls {
            retrieve: 0.0,
            distill: 0.0,
            update: 0.0,
            candidates: 0.0,
        };
        Ok(Plan { calls, ..plan })
    }

    fn retrieve(
        &self,
        query: &Query,
        hide: &[String],
        chosen: &[Setting],
    ) -> Result<Guidance, Fault> {
        match self.inside.retrieve {
            Some(retrieve) => self.call(hide, chosen, |settings| retrieve(query, settings)),
            None => Ok(Guidance::none()),
        }
    }

    fn distill(&self, attempts: &[Attempt], chosen: &[Setting]) -> Result<Vec<Change>, Fault> {
        let distill = self.inside.distill;
        let distill = distill.map(|distill| move |settings: &_| distill(attempts, settings));
        self.changes(chosen, distill)
    }

    fn update(&self, feedback: &[Feedback], chosen: &[Setting]) -> Result<Vec<Change>, Fault> {
        let update = self.inside.update;
        let update = update.map(|update| move |settings: &_| update(feedback, settings));
        self.changes(chosen, update)
    }

    fn maintain(&self, chosen: &[Setting]) -> Result<Vec<Change>, Fault> {
        self.changes(chosen, self.inside.maintain)
    }

    fn compact(
        &self,
        context: &Context,
        hide: &[String],
        chosen: &[Setting],
    ) -> Result<Compacted, Fault> {
        match self.inside.compact {
            Some(compact) => self.call(hide, chosen, |settings| compact(context, settings)),
            None => {
                let all = u32::try_from(context.steps.len()).unwrap_or(u32::MAX);
                Ok(Compacted::new(&context.summary, all))
            }
        }
    }

    fn evict(&self, pressure: Pressure, chosen: &[Setting]) -> Result<Vec<String>, Fault> {
        match self.inside.evict {
            Some(evict) => self.call(&[], chosen, |settings| evict(&pressure, settings)),
            None => Ok(Vec::new()),
        }
    }
}
