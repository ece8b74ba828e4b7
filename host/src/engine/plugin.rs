//! A strategy as a component: how it is loaded, and how its phases are called.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use wasmtime::Store;
use wasmtime::component::{Component, Instance, InstancePre};

use super::binary::{self, Surface};
use super::call::{self, Sandbox};
use super::error::{CallError, CallFailure, LoadError, LoadFailure};
use super::{Engine, Inner, admission, check, shape};
use crate::capability::{CallContext, Usage};
use crate::contract::generated::exports::memhost::strategy as exports;
use crate::contract::{
    Attempt, Change, Description, Fault, Feedback, Guidance, Placement, Plan, Pressure, Query,
    Receipt, Setting,
};
use crate::strategy::{Answer, Phases, Strategy};

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

/// Where a plugin's machine code came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compiled {
    /// Compiling it, or mapping what was compiled before.
    pub took: Duration,
    /// Whether it was compiled before.
    pub from_cache: bool,
}

/// Where the functions of each phase are found.
struct Exports {
    strategy: exports::strategy::GuestIndices,
    retrieve: Option<exports::retrieve::GuestIndices>,
    distill: Option<exports::distill::GuestIndices>,
    update: Option<exports::update::GuestIndices>,
    evict: Option<exports::evict::GuestIndices>,
}

impl Plugin {
    /// Loads a component, or a core module that was built against the contract, from a file.
    pub async fn load(engine: &Engine, path: &Path) -> Result<Plugin, LoadError> {
        let name = path.display().to_string();
        let limit = engine.inner.options.largest_plugin;
        let bytes = read(path, limit).await.map_err(|reason| LoadError {
            plugin: name.clone(),
            reason,
        })?;
        Plugin::from_bytes(engine, &name, bytes).await
    }

    /// The same from memory; `name` is what errors call it until it has said its own.
    pub async fn from_bytes(
        engine: &Engine,
        name: &str,
        bytes: Vec<u8>,
    ) -> Result<Plugin, LoadError> {
        Plugin::admit(engine, bytes)
            .await
            .map_err(|reason| LoadError {
                plugin: name.to_owned(),
                reason,
            })
    }

    async fn admit(engine: &Engine, bytes: Vec<u8>) -> Result<Plugin, LoadFailure> {
        let limit = engine.inner.options.largest_plugin;
        let size = bytes.len() as u64;
        if size > limit {
            return Err(LoadFailure::TooLarge { size, limit });
        }
        let prepared = prepare(engine, bytes).await?;
        let limits = engine.inner.options.limits.clone();
        let (described, _usage) = call::call(
            &prepared.pre,
            prepared.surface.core_instances,
            CallContext::nothing_granted(limits),
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
            Err(reason) => return Err(LoadFailure::Describe { reason }),
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

    /// Core instances that it consists of; see [`super::Limits::instances`].
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

async fn read(path: &Path, limit: u64) -> Result<Vec<u8>, LoadFailure> {
    let unreadable = |error: std::io::Error| LoadFailure::Unreadable {
        error: error.to_string(),
    };
    let about = tokio::fs::metadata(path).await.map_err(unreadable)?;
    if !about.is_file() {
        return Err(LoadFailure::Unreadable {
            error: "it is not a file".to_owned(),
        });
    }
    if about.len() > limit {
        return Err(LoadFailure::TooLarge {
            size: about.len(),
            limit,
        });
    }
    tokio::fs::read(path).await.map_err(unreadable)
}

/// A component that is compiled and linked, and has not run yet.
struct Prepared {
    digest: String,
    surface: Surface,
    contract_version: String,
    is_core_module: bool,
    compiled: Compiled,
    pre: InstancePre<Sandbox>,
    exports: Exports,
    /// For the comparison with the contract when it does not fit.
    component: Arc<[u8]>,
}

impl Prepared {
    fn other_shape(&self, error: &wasmtime::Error) -> LoadFailure {
        other_shape(&self.component, &self.contract_version, error)
    }
}

/// Everything up to the first instruction, off the async threads.
async fn prepare(engine: &Engine, bytes: Vec<u8>) -> Result<Prepared, LoadFailure> {
    // The semaphore is never closed.
    let _turn = engine.inner.compiling.acquire().await.ok();
    let inner = engine.inner.clone();
    let prepared = tokio::task::spawn_blocking(move || prepare_blocking(&inner, &bytes)).await;
    prepared.unwrap_or_else(|panic| {
        Err(LoadFailure::NotCompilable {
            detail: binary::one_line(&format!("the compiler failed: {panic}")),
        })
    })
}

fn prepare_blocking(engine: &Inner, bytes: &[u8]) -> Result<Prepared, LoadFailure> {
    let component = binary::component(bytes)?;
    let surface = binary::surface(&component)?;
    admission::check(&surface)?;
    let contract_version = admission::contract_version(&surface)
        .unwrap_or_default()
        .to_owned();
    let digest = Sha256::digest(bytes);
    let is_core_module = matches!(component, Cow::Owned(_));
    let content = match is_core_module {
        true => Sha256::digest(&component),
        false => digest,
    };
    let (compiled, code) = compile(engine, &component, &content.into())?;
    let linked = engine
        .linker
        .instantiate_pre(&code)
        .and_then(|pre| Ok((Exports::find(&pre, &surface)?, pre)));
    let (exports, pre) =
        linked.map_err(|error| other_shape(&component, &contract_version, &error))?;
    Ok(Prepared {
        digest: format!("sha256:{digest:x}"),
        surface,
        contract_version,
        is_core_module,
        compiled,
        pre,
        exports,
        component: component.into(),
    })
}

fn compile(
    engine: &Inner,
    component: &[u8],
    digest: &[u8; 32],
) -> Result<(Compiled, Component), LoadFailure> {
    let start = Instant::now();
    let compiled = |from_cache| Compiled {
        took: start.elapsed(),
        from_cache,
    };
    let cache = engine.cache.as_ref();
    if let Some(code) = cache.and_then(|cache| cache.load(&engine.wasmtime, digest)) {
        return Ok((compiled(true), code));
    }
    let code = Component::from_binary(&engine.wasmtime, component).map_err(|error| {
        LoadFailure::NotCompilable {
            detail: binary::one_line(&format!("{error:#}")),
        }
    })?;
    let compiled = compiled(false);
    if let Some(cache) = cache {
        cache.store(&engine.wasmtime, digest, &code);
    }
    Ok((compiled, code))
}

/// Why a component did not link, in terms of the contract; in wasmtime's, if the contract explains nothing.
fn other_shape(component: &[u8], built_for: &str, error: &wasmtime::Error) -> LoadFailure {
    let built_for = built_for.to_owned();
    match shape::difference(component) {
        Some(difference) => LoadFailure::OtherShape {
            interface: difference.interface,
            built_for,
            detail: difference.detail,
        },
        None => LoadFailure::OtherShape {
            interface: crate::contract::PACKAGE.to_owned(),
            built_for,
            detail: binary::one_line(&format!("{error:#}")),
        },
    }
}

impl Exports {
    fn find(pre: &InstancePre<Sandbox>, surface: &Surface) -> wasmtime::Result<Exports> {
        let exported = |interface: &str| {
            let prefix = format!("{}/{interface}@", crate::contract::PACKAGE);
            surface.exports.iter().any(|name| name.starts_with(&prefix))
        };
        Ok(Exports {
            strategy: exports::strategy::GuestIndices::new(pre)?,
            retrieve: exported("retrieve")
                .then(|| exports::retrieve::GuestIndices::new(pre))
                .transpose()?,
            distill: exported("distill")
                .then(|| exports::distill::GuestIndices::new(pre))
                .transpose()?,
            update: exported("update")
                .then(|| exports::update::GuestIndices::new(pre))
                .transpose()?,
            evict: exported("evict")
                .then(|| exports::evict::GuestIndices::new(pre))
                .transpose()?,
        })
    }

    /// Whether every function has the type that the contract gives it.
    fn check_types(
        &self,
        store: &mut Store<Sandbox>,
        instance: &Instance,
    ) -> wasmtime::Result<exports::strategy::Guest> {
        if let Some(retrieve) = &self.retrieve {
            retrieve.load(&mut *store, instance)?;
        }
        if let Some(distill) = &self.distill {
            distill.load(&mut *store, instance)?;
        }
        if let Some(update) = &self.update {
            update.load(&mut *store, instance)?;
        }
        if let Some(evict) = &self.evict {
            evict.load(&mut *store, instance)?;
        }
        self.strategy.load(store, instance)
    }
}

/// Calls a function of an exported interface, and answers with nothing if there is no such phase.
macro_rules! phase {
    ($self:ident.$interface:ident($context:ident, $function:ident($($argument:expr),*), $check:path) or $nothing:expr) => {{
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
        }
    }

    fn digest(&self) -> &str {
        &self.digest
    }

    async fn plan(&self, settings: &[Setting]) -> Result<Plan, CallError> {
        let limits = self.engine.inner.options.limits.clone();
        let (outcome, _usage) = call::call(
            &self.pre,
            self.surface.core_instances,
            CallContext::nothing_granted(limits),
            async |store: &mut Store<Sandbox>, instance: &Instance| {
                let strategy = self.exports.strategy.load(&mut *store, instance)?;
                strategy.call_plan_for(store, settings).await
            },
        )
        .await;
        self.accept("plan-for", outcome, check::plan)
    }

    async fn retrieve(
        &self,
        context: CallContext,
        query: Query,
        settings: &[Setting],
    ) -> Answer<Guidance> {
        phase!(self.retrieve(context, call_retrieve(&query, settings), check::guidance) or no_guidance())
    }

    async fn distill(
        &self,
        context: CallContext,
        attempts: Vec<Attempt>,
        settings: &[Setting],
    ) -> Answer<Vec<Change>> {
        phase!(self.distill(context, call_distill(&attempts, settings), changes) or Vec::new())
    }

    async fn update(
        &self,
        context: CallContext,
        feedback: Vec<Feedback>,
        settings: &[Setting],
    ) -> Answer<Vec<Change>> {
        phase!(self.update(context, call_update(&feedback, settings), changes) or Vec::new())
    }

    async fn evict(
        &self,
        context: CallContext,
        pressure: Pressure,
        settings: &[Setting],
    ) -> Answer<Vec<String>> {
        phase!(self.evict(context, call_evict(pressure, settings), ids) or Vec::new())
    }
}

fn changes(changes: &Vec<Change>) -> Result<(), String> {
    check::changes(changes)
}

fn ids(ids: &Vec<String>) -> Result<(), String> {
    check::ids(ids)
}

/// What a strategy says that has nothing to say.
fn no_guidance() -> Guidance {
    Guidance {
        text: String::new(),
        placement: Placement::System,
        receipt: Receipt {
            id: String::new(),
            used: Vec::new(),
            note: String::new(),
        },
    }
}
