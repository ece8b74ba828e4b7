//! Compilation: from the bytes of a component to machine code, within limits of time and memory.
//!
//! A compiler is not bounded by the size of its input, and a thread that computes cannot be ended. So a stranger's
//! component is compiled in a process of its own, which the operating system ends when it has had its share
//! ([`CompilerProcess`]). The machine code comes back through a pipe: a process that is ended in the middle leaves
//! nothing behind, and a directory for compiled code is not needed.
//!
//! An engine without such a process compiles in its own. Then only the counts of [`LoadLimits`](super::LoadLimits) hold, which refuse
//! what is known to be costly, and none of the limits of time and memory: for components that one has built oneself.

mod order;
mod process;
mod progress;
mod quota;
mod serve;

use std::sync::Arc;
use std::time::{Duration, Instant};

use memhost_base::blocking;
use wasmtime::component::Component;

use super::error::LoadFailure;
use super::{Engine, Inner, binary, complexity};

pub use process::CompilerProcess;
pub use progress::{CompileWatcher, Compiling};
pub use serve::serve;

/// Where a plugin's machine code came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compiled {
    /// Compiling it, or mapping what was compiled before.
    pub took: Duration,
    /// Whether it was compiled before.
    pub from_cache: bool,
}

/// A component that is to be compiled.
pub(super) struct Source {
    /// What progress calls it.
    pub name: String,
    pub bytes: Arc<[u8]>,
    /// SHA-256 of the bytes.
    pub digest: [u8; 32],
}

/// The machine code of a component: kept from before, or compiled now.
pub(super) async fn code(
    engine: &Engine,
    source: &Source,
) -> Result<(Compiled, Component), LoadFailure> {
    // One at a time: each compilation uses every core. The semaphore is never closed.
    let _turn = engine.inner.compiling.acquire().await.ok();
    let start = Instant::now();
    let compiled = |from_cache| Compiled {
        took: start.elapsed(),
        from_cache,
    };
    let (inner, bytes, digest) = (engine.inner.clone(), source.bytes.clone(), source.digest);
    let kept = away(move || match kept(&inner, &digest) {
        Some(code) => Ok(Some(code)),
        None => complexity::check(&bytes, &inner.options.load).map(|()| None),
    });
    if let Some(code) = kept.await? {
        return Ok((compiled(true), code));
    }
    let code = progress::told(engine, &source.name, machine_code(engine, source)).await?;
    let compiled = compiled(false);
    let inner = engine.inner.clone();
    let code = away(move || take_over(&inner, &digest, &code)).await?;
    Ok((compiled, code))
}

/// Runs `work` off the async threads. What panics there has failed, and nothing else.
pub(super) async fn away<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LoadFailure> + Send + 'static,
) -> Result<T, LoadFailure> {
    blocking::away(work).await.unwrap_or_else(|problem| {
        Err(LoadFailure::NotCompilable {
            detail: binary::one_line(&problem),
        })
    })
}

fn kept(engine: &Inner, digest: &[u8; 32]) -> Option<Component> {
    let cache = engine.cache.as_ref()?;
    cache.load(&engine.wasmtime, digest)
}

async fn machine_code(engine: &Engine, source: &Source) -> Result<Vec<u8>, LoadFailure> {
    let options = &engine.inner.options;
    if let Some(process) = &options.process {
        return process
            .compile(options.compiler, &options.load, &source.bytes)
            .await;
    }
    let (wasmtime, bytes) = (engine.inner.wasmtime.clone(), source.bytes.clone());
    let compile = move || {
        let code = wasmtime.precompile_component(&bytes);
        code.map_err(|error| LoadFailure::NotCompilable {
            detail: binary::one_line(&format!("{error:#}")),
        })
    };
    away(compile).await
}

/// Makes machine code executable, and keeps it.
fn take_over(engine: &Inner, digest: &[u8; 32], code: &[u8]) -> Result<Component, LoadFailure> {
    // SAFETY: this is what wasmtime made of the component just now, here or in the process that this engine was told to
    // compile in, whose program its owner trusts as this one. wasmtime refuses what another version of it has made, or
    // one that is set up differently.
    let component = unsafe { Component::deserialize(&engine.wasmtime, code) };
    let component = component.map_err(|error| {
        let detail = binary::one_line(&format!("{error:#}"));
        match &engine.options.process {
            Some(process) => process.unusable(format!("makes other machine code: {detail}")),
            None => LoadFailure::NotCompilable { detail },
        }
    })?;
    if let Some(cache) = &engine.cache {
        cache.store(&engine.wasmtime, digest, code);
    }
    Ok(component)
}
