//! One call: a fresh store, its limits, and what became of it.

use std::time::Instant;

use memhost_contract::limits::{Limit, LimitReached};
use memhost_strategy::capability::{CallContext, Capabilities, Usage};
use memhost_strategy::{CallError, CallFailure};
use tokio::task::coop::unconstrained;
use wasmtime::component::{Instance, InstancePre, ResourceTable};
use wasmtime::{Store, Trap, WasmBacktrace};
use wasmtime_wasi::{I32Exit, WasiCtx, WasiCtxView, WasiView};

use super::limiter::Limiter;
use super::{BACKTRACE_FRAMES, wasi};

/// Fuel after which a computing plugin lets others run: about a millisecond.
const YIELD_INTERVAL: u64 = 1_000_000;

/// What belongs to one call, and is dropped with it.
pub(super) struct Sandbox {
    pub capabilities: Capabilities,
    limiter: Limiter,
    wasi: WasiCtx,
    resources: ResourceTable,
}

impl WasiView for Sandbox {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.resources,
        }
    }
}

/// Runs `body` on a fresh instance within the limits of the context.
///
/// The store is dropped at the end, whatever happened: after a trap or a timeout nothing in it can be entered again.
pub(super) async fn call<T>(
    pre: &InstancePre<Sandbox>,
    core_instances: usize,
    context: CallContext,
    body: impl AsyncFnOnce(&mut Store<Sandbox>, &Instance) -> wasmtime::Result<T>,
) -> (Result<T, CallFailure>, Usage) {
    let start = Instant::now();
    let limits = context.limits.clone();
    if core_instances > limits.instances {
        let reached = LimitReached::of(&limits, Limit::Instances).wanting(core_instances as u64);
        return (Err(CallFailure::Limit(reached)), Usage::default());
    }
    let mut store = match store(pre.engine(), context) {
        Ok(store) => store,
        Err(error) => {
            return (
                Err(CallFailure::Trap(format!("{error:#}"))),
                Usage::default(),
            );
        }
    };
    let model_wait = store.data().capabilities.model_wait.clone();
    let work = async {
        let instance = pre.instantiate_async(&mut store).await?;
        body(&mut store, &instance).await
    };
    let outcome = tokio::select! {
        // What has come to its end has not run out of time.
        biased;
        outcome = work => Ok(outcome),
        // The work may use up the task's turn, and shall be ended nevertheless.
        limit = unconstrained(model_wait.out_of_time(&limits)) => Err(limit),
    };
    let fuel_left = store.get_fuel().unwrap_or(0);
    let memory = store.data().limiter.held();
    let capabilities = &mut store.data_mut().capabilities;
    capabilities.log().finish();
    let result = match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(failure(&error, capabilities)),
        Err(limit) => Err(CallFailure::Limit(LimitReached::of(&limits, limit))),
    };
    let usage = Usage {
        fuel: limits.fuel.saturating_sub(fuel_left),
        memory: memory as u64,
        wall: start.elapsed(),
        host_calls: capabilities.host_calls,
        model_calls: std::mem::take(&mut capabilities.model_calls),
        log: capabilities.log().take(),
        cut_texts: 0,
    };
    (result, usage)
}

fn store(engine: &wasmtime::Engine, context: CallContext) -> wasmtime::Result<Store<Sandbox>> {
    let limits = context.limits.clone();
    let run = context.run;
    let capabilities = Capabilities::new(context);
    let (wasi, resources) = wasi::empty_world(&run, &capabilities.log);
    let sandbox = Sandbox {
        capabilities,
        limiter: Limiter::new(&limits),
        wasi,
        resources,
    };
    let mut store = Store::try_new(engine, sandbox)?;
    store.limiter(|sandbox| &mut sandbox.limiter);
    store.set_fuel(limits.fuel)?;
    store.fuel_async_yield_interval(Some(YIELD_INTERVAL))?;
    store.set_hostcall_fuel(limits.hostcall_bytes);
    Ok(store)
}

/// What an error means, by its type.
fn failure(error: &wasmtime::Error, capabilities: &Capabilities) -> CallFailure {
    let limits = &capabilities.context.limits;
    if let Some(reached) = error.downcast_ref::<LimitReached>() {
        return CallFailure::Limit(reached.clone());
    }
    // What a wrapper wraps has failed, and names itself.
    if let Some(inside) = error.downcast_ref::<CallError>() {
        return inside.reason.clone();
    }
    if is_hostcall_fuel_exhausted(error) {
        return CallFailure::Limit(LimitReached::of(limits, Limit::HostcallBytes));
    }
    let backtrace = error.downcast_ref::<WasmBacktrace>();
    let what = match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => {
            return CallFailure::Limit(LimitReached::of(limits, Limit::Fuel));
        }
        Some(Trap::StackOverflow) => {
            return CallFailure::Limit(LimitReached::of(limits, Limit::Stack));
        }
        // A stack of the plugin's own, in its memory, as Rust and C have it.
        Some(Trap::MemoryOutOfBounds) if backtrace.is_some_and(is_recursion) => {
            return CallFailure::Limit(LimitReached::of(limits, Limit::Stack));
        }
        Some(Trap::UnreachableCodeReached) => "it panicked or aborted".to_owned(),
        Some(trap) => format!("it trapped: {trap}"),
        None => match error.downcast_ref::<I32Exit>() {
            Some(I32Exit(code)) => format!("it called exit({code})"),
            None => format!("it failed: {}", error.root_cause()),
        },
    };
    let words = capabilities.log().last_words();
    let words = (!words.is_empty()).then(|| format!("\n{words}"));
    let frames = backtrace.map(|backtrace| format!("\n{backtrace}"));
    CallFailure::Trap([Some(what), words, frames].into_iter().flatten().collect())
}

/// wasmtime keeps the type of this error to itself, so it is known by the type's name; a test sees to it that a new
/// version of wasmtime does not change that unnoticed.
fn is_hostcall_fuel_exhausted(error: &wasmtime::Error) -> bool {
    format!("{:?}", error.root_cause()) == "HostcallFuelExhausted"
}

/// Whether a backtrace is cut at its greatest length and mostly shows the same function.
fn is_recursion(backtrace: &WasmBacktrace) -> bool {
    let frames = backtrace.frames();
    let Some(middle) = frames.get(frames.len() / 2) else {
        return false;
    };
    let same = frames
        .iter()
        .filter(|frame| frame.func_index() == middle.func_index());
    // A cycle of several functions shows each of them seldom: four are recognised.
    frames.len() >= BACKTRACE_FRAMES && same.count() * 5 >= frames.len()
}
