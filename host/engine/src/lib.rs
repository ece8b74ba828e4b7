//! The sandbox: compile, cache, instantiate and limit components.
//!
//! A [`Plugin`] is immutable and shared; a call owns everything else. Each call gets a fresh store, runs on fuel that
//! only its own instructions consume (waiting for the host is free of it), yields to others about every millisecond,
//! and is dropped whole at its end, at a trap and at its deadline, so that nothing it did outlives it.
//!
//! Compiling comes before any of that, and no fuel limits it. A stranger's plugin is compiled in a process of its own,
//! within [`LoadLimits`]; which program that is, the engine has to be told ([`EngineOptions::process`]).
//!
//! Fuel rather than epochs, at the same price: the count is the same on every run, which makes it a measure of cost
//! too, and an epoch deadline would charge a plugin for the time that a model takes to answer.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use memhost_engine::{Engine, EngineOptions, Plugin};
//! use memhost_strategy::Strategy;
//!
//! let engine = Engine::new(EngineOptions::default())?;
//! let plugin = Plugin::load(&engine, "target/plugins/recency.wasm".as_ref()).await?;
//! println!("{}: {}", plugin.description().name, plugin.description().summary);
//! # Ok(())
//! # }
//! ```

mod admission;
mod binary;
mod cache;
mod call;
mod check;
mod compile;
mod complexity;
mod composed;
mod error;
mod layers;
mod limiter;
mod load;
mod load_limits;
mod plugin;
mod shape;
mod since_v0_2;
mod wasi;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use memhost_contract::limits::{Limits, STACK_BYTES};
use tokio::sync::Semaphore;
use wasmtime::component::Linker;

use self::cache::Cache;
use self::call::Sandbox;

pub use compile::{CompileWatcher, Compiled, CompilerProcess, Compiling, serve};
pub use error::{CompileLimit, EngineError, LoadError, LoadFailure};
pub use layers::{Layers, assemble};
pub use load_limits::LoadLimits;
pub use plugin::Plugin;

/// Stack of a call altogether: the plugin's, and the host functions' that it calls.
const FIBER_STACK_BYTES: usize = 2 << 20;

/// Frames of a trace; deeper ones are cut.
const BACKTRACE_FRAMES: usize = 40;

/// Which compiler makes a plugin's machine code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compiler {
    /// Cranelift: fast code.
    #[default]
    Optimizing,
    /// Winch: compiles 5 times faster, runs at half the speed. For developing a plugin of one's own, not for running
    /// a stranger's: it charges no fuel for the bytes of a `memory.fill` or `memory.copy`, so a loop of those may
    /// overstay its deadline by minutes.
    Baseline,
}

/// How an [`Engine`] is set up.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct EngineOptions {
    /// Where compiled code is kept between runs, a directory that only this user may write to; `None` keeps none,
    /// the default.
    pub cache: Option<PathBuf>,
    /// The largest file that is compiled, in bytes; a Python plugin has 18 MB. Default: 64 MiB.
    pub largest_plugin: u64,
    /// Default: optimizing.
    pub compiler: Compiler,
    /// The process that compiles. `None` compiles in this one, where nothing ends a compilation that takes too long or
    /// too much memory: for plugins that one trusts. Default: `None`, because a library does not know a program. Waiting
    /// for a process takes a tokio runtime with its drivers for IO and time.
    pub process: Option<CompilerProcess>,
    /// What loading a plugin may spend.
    pub load: LoadLimits,
    /// What `describe` and `plan-for` may spend, but for their instructions and their time, which [`LoadLimits`] has.
    /// Every other call brings its own limits.
    pub limits: Limits,
}

impl Default for EngineOptions {
    fn default() -> Self {
        EngineOptions {
            cache: None,
            largest_plugin: 64 << 20,
            compiler: Compiler::default(),
            process: None,
            load: LoadLimits::default(),
            limits: Limits::default(),
        }
    }
}

/// A wasmtime engine with its cache of compiled code. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    wasmtime: wasmtime::Engine,
    linker: Linker<Sandbox>,
    cache: Option<Cache>,
    options: EngineOptions,
    watcher: Option<Arc<dyn CompileWatcher>>,
    /// One compilation at a time: each uses every core, and a second would only add its memory.
    compiling: Semaphore,
}

impl Engine {
    /// Sets up the sandbox.
    pub fn new(options: EngineOptions) -> Result<Engine, EngineError> {
        Engine::set_up(options, None)
    }

    /// The same, and tells somebody of what takes long.
    pub fn watched(
        options: EngineOptions,
        watcher: Arc<dyn CompileWatcher>,
    ) -> Result<Engine, EngineError> {
        Engine::set_up(options, Some(watcher))
    }

    fn set_up(
        options: EngineOptions,
        watcher: Option<Arc<dyn CompileWatcher>>,
    ) -> Result<Engine, EngineError> {
        let cache = options.cache.as_deref().map(Cache::open).transpose()?;
        let sandbox = |error: wasmtime::Error| EngineError::Sandbox(format!("{error:#}"));
        let wasmtime = wasmtime::Engine::new(&config(options.compiler)).map_err(sandbox)?;
        let linker = linker(&wasmtime).map_err(sandbox)?;
        Ok(Engine {
            inner: Arc::new(Inner {
                wasmtime,
                linker,
                cache,
                options,
                watcher,
                compiling: Semaphore::new(1),
            }),
        })
    }

    /// How it is set up.
    pub fn options(&self) -> &EngineOptions {
        &self.inner.options
    }

    /// What a call may spend that only says what a plugin is.
    fn describe_limits(&self) -> Limits {
        let options = self.options();
        Limits {
            fuel: options.load.describe_fuel,
            wall_clock: options.load.describe_wall_clock,
            ..options.limits.clone()
        }
    }
}

fn config(compiler: Compiler) -> wasmtime::Config {
    let mut config = wasmtime::Config::new();
    config
        .strategy(match compiler {
            Compiler::Optimizing => wasmtime::Strategy::Cranelift,
            Compiler::Baseline => wasmtime::Strategy::Winch,
        })
        .consume_fuel(true)
        // The contract has no component-model async, and a call is 4 times cheaper without.
        .concurrency_support(false)
        // A replayed run gives the same bits, whatever the processor does with the payload of a NaN.
        .cranelift_nan_canonicalization(true)
        .wasm_relaxed_simd(false)
        // Two bytes of data far from each other are not to become 16 MiB of machine code.
        .memory_guaranteed_dense_image_size(1 << 20)
        .max_wasm_stack(STACK_BYTES)
        .async_stack_size(FIBER_STACK_BYTES)
        .wasm_backtrace_max_frames(NonZeroUsize::new(BACKTRACE_FRAMES));
    config
}

/// What a plugin can import: the contract and WASI 0.2, whose world [`wasi`] leaves empty.
fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<Sandbox>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    since_v0_2::add_to_linker(&mut linker)?;
    Ok(linker)
}
