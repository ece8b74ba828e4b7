//! What the sandbox costs: loading a plugin, and calling one that has nothing to do.
//!
//! `cargo xtask bench engine`

use std::path::{Path, PathBuf};

use divan::Bencher;
use memhost::capability::CallContext;
use memhost::contract::{Agent, Query, Setting, Task, Value};
use memhost::engine::{CompilerProcess, Engine, EngineOptions, Layers, Plugin};
use memhost::limits::Limits;
use memhost::strategy::Strategy;
use tokio::runtime::Runtime;

fn main() {
    divan::main();
}

/// A guest of the tests: `hostile` answers at once unless it is asked to misbehave, `pass` asks what it wraps.
fn guest(name: &str) -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    workspace.join(target).join(format!("guests/{name}.wasm"))
}

fn runtime() -> Runtime {
    Runtime::new().expect("a runtime")
}

fn load(runtime: &Runtime, engine: &Engine) -> Plugin {
    let plugin = runtime.block_on(Plugin::load(engine, &guest("hostile")));
    plugin.unwrap_or_else(|error| {
        panic!("{error}; run `cargo xtask bench engine`, which builds it first")
    })
}

/// Cranelift, a plugin of 120 kB.
#[divan::bench(sample_count = 10)]
fn load_and_compile(bencher: Bencher) {
    let runtime = runtime();
    let engine = Engine::new(EngineOptions::default()).expect("an engine");
    bencher.bench(|| load(&runtime, &engine));
}

/// The same in a process of its own, as the command line does it.
#[divan::bench(sample_count = 10)]
fn load_and_compile_in_a_process(bencher: Bencher) {
    let runtime = runtime();
    let engine = Engine::new(EngineOptions {
        process: Some(CompilerProcess::memhost(env!("CARGO_BIN_EXE_memhost"))),
        ..EngineOptions::default()
    });
    let engine = engine.expect("an engine");
    bencher.bench(|| load(&runtime, &engine));
}

/// The same from the cache of compiled code.
#[divan::bench]
fn load_compiled(bencher: Bencher) {
    let runtime = runtime();
    let directory = tempfile::tempdir().expect("a directory");
    let engine = Engine::new(EngineOptions {
        cache: Some(directory.path().join("compiled")),
        ..EngineOptions::default()
    });
    let engine = engine.expect("an engine");
    load(&runtime, &engine);
    bencher.bench(|| load(&runtime, &engine));
}

/// A fresh store and instance, one small record in and one out.
#[divan::bench]
fn call(bencher: Bencher) {
    let runtime = runtime();
    let engine = Engine::new(EngineOptions::default()).expect("an engine");
    let plugin = load(&runtime, &engine);
    let settings = [Setting {
        name: "do".to_owned(),
        value: Value::Text("answer".to_owned()),
    }];
    bencher.bench(|| {
        let context = CallContext::nothing_granted(Limits::default());
        let answer = runtime.block_on(plugin.retrieve(context, query(), &settings));
        answer.result.expect("an answer")
    });
}

/// The same in a wrapper that passes everything through: a second store and instance, and each record crosses twice more.
#[divan::bench]
fn call_in_a_wrapper(bencher: Bencher) {
    let runtime = runtime();
    let engine = Engine::new(EngineOptions::default()).expect("an engine");
    let layers = Layers::of(guest("hostile")).wrapped_in(guest("pass"));
    let strategy = runtime.block_on(layers.strategy(&engine));
    let strategy = strategy.unwrap_or_else(|error| {
        panic!("{error}; run `cargo xtask bench engine`, which builds it first")
    });
    let settings = [Setting {
        name: "inner.do".to_owned(),
        value: Value::Text("answer".to_owned()),
    }];
    bencher.bench(|| {
        let context = CallContext::nothing_granted(Limits::default());
        let answer = runtime.block_on(strategy.retrieve(context, query(), &settings));
        answer.result.expect("an answer")
    });
}

fn query() -> Query {
    Query::at_start(Task::new("t", "the task"), Agent::new("a", "m"), 256)
}
