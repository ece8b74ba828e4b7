//! A strategy as a component: how it is loaded, and how its phases are called.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use memhost_contract::limits::{LimitReached, StoreLimits};
use memhost_contract::{
    Attempt, Change, Compacted, Context, Description, Fault, Feedback, Guidance, Plan, Pressure,
    Query, Receipt, Setting,
};
use memhost_store as store;
use memhost_strategy::capability::{CallContext, Inner, Usage};
use memhost_strategy::{Answer, CallError, CallFailure, Phases, Strategy};
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use super::admission::LoadedAs;
use super::binary::Surface;
use super::call::{self, Sandbox};
use super::error::{LoadError, LoadFailure};
use super::load::{prepare, read};
use super::since_v0_2::Exports;
use super::{Compiled, Engine, check};

/// A strategy as a component: immutable, shared between calls. Implements [`Strategy`].
pub struct Plugin {
    description: Description,
    digest: String,
    size: u64,
    surface: Surface,
    contract_version: String,
    is_core_module: bool,
    compiled: Compiled,
    pre: InstancePre<Sandbox>,
    exports: Exports,
    engine: Engine,
}

impl Plugin {
    /// Loads a component, or a core module that was built against the contract, from a file. One that wraps another is
    /// loaded as [`Layers`](super::Layers).
    pub async fn load(engine: &Engine, path: &Path) -> Result<Plugin, LoadError> {
        let limit = engine.inner.options.largest_plugin;
        let admit = async {
            let bytes = read(path, limit).await?;
            Plugin::admit(engine, &path.display().to_string(), bytes, LoadedAs::Plugin).await
        };
        admit.await.map_err(|reason| LoadError {
            plugin: path.display().to_string(),
            reason,
        })
    }

    /// The same from memory; `name` is what errors call it until it has said its own.
    pub async fn from_bytes(
        engine: &Engine,
        name: &str,
        bytes: Vec<u8>,
    ) -> Result<Plugin, LoadError> {
        Plugin::admit(engine, name, bytes, LoadedAs::Plugin)
            .await
            .map_err(|reason| LoadError {
                plugin: name.to_owned(),
                reason,
            })
    }

    pub(super) async fn admit(
        engine: &Engine,
        name: &str,
        bytes: Vec<u8>,
        loaded_as: LoadedAs,
    ) -> Result<Plugin, LoadFailure> {
        let limit = engine.inner.options.largest_plugin;
        let size = bytes.len() as u64;
        if size > limit {
            return Err(LoadFailure::TooLarge { size, limit });
        }
        let prepared = prepare(engine, name, bytes, loaded_as).await?;
        let (described, _usage) = call::call(
            &prepared.pre,
            prepared.surface.core_instances,
            CallContext::nothing_granted(engine.describe_limits()),
            async |store: &mut Store<Sandbox>, instance: &Instance| match prepared
                .exports
                .check_types(store, instance)
            {
                Ok(strategy) => strategy.call_describe(store).await.map(Ok),
                Err(mismatch) => Ok(Err(mismatch)),
            },
        )
        .await;
        let description = match described {
            Ok(Ok(description)) => description,
            Ok(Err(mismatch)) => return Err(prepared.other_shape(&mismatch)),
            Err(reason) => {
                let reason = of_describing(reason);
                return Err(LoadFailure::Describe { reason });
            }
        };
        check::description(&description).map_err(|problem| LoadFailure::Describe {
            reason: CallFailure::Contract(problem),
        })?;
        Ok(Plugin {
            description,
            digest: prepared.digest,
            size,
            contract_version: prepared.contract_version,
            surface: prepared.surface,
            is_core_module: prepared.is_core_module,
            compiled: prepared.compiled,
            pre: prepared.pre,
            exports: prepared.exports,
            engine: engine.clone(),
        })
    }

    /// The name that it gives itself.
    pub fn name(&self) -> &str {
        &self.description.name
    }

    /// What it imports; for most toolchains, what it will use.
    pub fn imports(&self) -> &[String] {
        &self.surface.imports
    }

    /// What it exports.
    pub fn exports(&self) -> &[String] {
        &self.surface.exports
    }

    /// The version of the contract that it was built against.
    pub fn contract_version(&self) -> &str {
        &self.contract_version
    }

    /// Bytes of its file.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Core instances that it consists of; see [`memhost_contract::limits::Limits::instances`].
    pub fn core_instances(&self) -> usize {
        self.surface.core_instances
    }

    /// Whether its file is a core module, which was made into a component at load.
    pub fn is_core_module(&self) -> bool {
        self.is_core_module
    }

    /// Where its machine code came from.
    pub fn compiled(&self) -> Compiled {
        self.compiled
    }
}

/// Calls a function of an exported interface, and answers with nothing if there is no such phase.
macro_rules! phase {
    ($self:ident.$interface:ident($context:ident, $function:ident($($argument:expr),*), $check:expr) or $nothing:expr) => {{
        let Some(indices) = &$self.exports.$interface else {
            return Answer { result: Ok($nothing), usage: Usage::default() };
        };
        let (outcome, usage) = call::call(
            &$self.pre,
            $self.surface.core_instances,
            $context,
            async |store: &mut Store<Sandbox>, instance: &Instance| {
                let guest = indices.load(&mut *store, instance)?;
                guest.$function(store, $($argument),*).await
            },
        )
        .await;
        Answer { result: $self.accept(stringify!($interface), outcome, $check), usage }
    }};
}

impl Plugin {
    /// Its plan, where nothing but what it wraps can be reached.
    async fn plan_with(
        &self,
        inner: Option<Arc<Inner>>,
        settings: &[Setting],
    ) -> Result<Plan, CallError> {
        let (outcome, _usage) = call::call(
            &self.pre,
            self.surface.core_instances,
            CallContext {
                inner,
                ..CallContext::nothing_granted(self.engine.describe_limits())
            },
            async |store: &mut Store<Sandbox>, instance: &Instance| {
                let strategy = self.exports.strategy.load(&mut *store, instance)?;
                strategy.call_plan_for(store, settings).await
            },
        )
        .await;
        let outcome = outcome.map_err(of_describing);
        self.accept("plan-for", outcome, check::plan)
    }

    /// Whether a receipt is of bounded length.
    fn fits(
        &self,
        call: &'static str,
        receipt: &Receipt,
        limits: &StoreLimits,
    ) -> Result<(), CallError> {
        store::check_receipt(receipt, limits).map_err(|reached| CallError {
            plugin: self.description.name.clone(),
            call,
            reason: CallFailure::Limit(reached),
        })
    }

    /// What a call returned, once it is checked.
    fn accept<T>(
        &self,
        call: &'static str,
        outcome: Result<Result<T, Fault>, CallFailure>,
        check: impl FnOnce(&T) -> Result<(), String>,
    ) -> Result<T, CallError> {
        let reason = match outcome {
            Ok(Ok(value)) => match check(&value) {
                Ok(()) => return Ok(value),
                Err(problem) => CallFailure::Contract(problem),
            },
            Ok(Err(fault)) => CallFailure::Fault(check::bounded(fault)),
            Err(failure) => failure,
        };
        Err(CallError {
            plugin: self.description.name.clone(),
            call,
            reason,
        })
    }
}

#[async_trait]
impl Strategy for Plugin {
    fn description(&self) -> &Description {
        &self.description
    }

    fn phases(&self) -> Phases {
        Phases {
            retrieve: self.exports.retrieve.is_some(),
            distill: self.exports.distill.is_some(),
            update: self.exports.update.is_some(),
            evict: self.exports.evict.is_some(),
            maintain: self.exports.maintain.is_some(),
            compact: self.exports.compact.is_some(),
        }
    }

    fn digest(&self) -> &str {
        &self.digest
    }

    async fn plan(&self, settings: &[Setting]) -> Result<Plan, CallError> {
        self.plan_with(None, settings).await
    }

    async fn plan_around(
        &self,
        inner: Arc<Inner>,
        settings: &[Setting],
    ) -> Result<Plan, CallError> {
        self.plan_with(Some(inner), settings).await
    }

    async fn retrieve(
        &self,
        context: CallContext,
        query: Query,
        settings: &[Setting],
    ) -> Answer<Guidance> {
        let limits = context.limits.store.clone();
        let answer = phase!(self.retrieve(context, call_retrieve(&query, settings), check::guidance) or Guidance::nothing());
        let result = answer.result.and_then(|guidance| {
            self.fits("retrieve", &guidance.receipt, &limits)?;
            Ok(guidance)
        });
        Answer { result, ..answer }
    }

    async fn distill(
        &self,
        context: CallContext,
        attempts: Vec<Attempt>,
        settings: &[Setting],
    ) -> Answer<Vec<Change>> {
        let now = context.run.now;
        phase!(self.distill(context, call_distill(&attempts, settings), |changes| check::changes(changes, now)) or Vec::new())
    }

    async fn update(
        &self,
        context: CallContext,
        feedback: Vec<Feedback>,
        settings: &[Setting],
    ) -> Answer<Vec<Change>> {
        let now = context.run.now;
        phase!(self.update(context, call_update(&feedback, settings), |changes| check::changes(changes, now)) or Vec::new())
    }

    async fn evict(
        &self,
        context: CallContext,
        pressure: Pressure,
        settings: &[Setting],
    ) -> Answer<Vec<String>> {
        phase!(self.evict(context, call_evict(pressure, settings), |ids| check::ids(ids)) or Vec::new())
    }

    async fn maintain(&self, context: CallContext, settings: &[Setting]) -> Answer<Vec<Change>> {
        let now = context.run.now;
        phase!(self.maintain(context, call_maintain(settings), |changes| check::maintained(changes, now)) or Vec::new())
    }

    async fn compact(
        &self,
        context: CallContext,
        run: Context,
        settings: &[Setting],
    ) -> Answer<Compacted> {
        let limits = context.limits.store.clone();
        let answer = phase!(self.compact(context, call_compact(&run, settings), |compacted| check::compacted(compacted, &run)) or Compacted::unchanged(run));
        let result = answer.result.and_then(|compacted| {
            self.fits("compact", &compacted.receipt, &limits)?;
            Ok(compacted)
        });
        Answer { result, ..answer }
    }
}

/// A failure of a call that only says what a plugin is, which has limits of its own.
fn of_describing(failure: CallFailure) -> CallFailure {
    match failure {
        CallFailure::Limit(reached) => CallFailure::Limit(LimitReached {
            limit: reached.limit.of_describing(),
            ..reached
        }),
        other => other,
    }
}
