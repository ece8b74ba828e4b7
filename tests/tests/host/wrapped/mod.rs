//! Wrappers: what a strategy in a wrapper comes to, what its wrapper can do, and what neither can.

mod layers;
mod own;
mod transparent;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use memhost::capability::{CallContext, Usage};
use memhost::conformance::{Subject, check};
use memhost::contract::*;
use memhost::embedding::{Builtin, Embedder};
use memhost::engine::{Engine, EngineOptions, Layers};
use memhost::limits::{Limit, Limits};
use memhost::model::{Extractive, Models};
use memhost::settings;
use memhost::store::{Memories, Store, View};
use memhost::strategy::{Answer, CallError, MOST_LAYERS, Phases, Strategy};
use memhost_eval::driver::{
    Cell, CellReport, DriverError, Progress, Repetition, Testbed, run_cell,
};
use memhost_suite::Suite;
use memhost_tests::{folders, plugin};

/// With compiled code kept, because every test loads the same few.
fn engine() -> Engine {
    let cache = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("wrapped");
    let options = EngineOptions {
        cache: Some(cache),
        ..EngineOptions::default()
    };
    Engine::new(options).unwrap()
}

/// The files of plugins and guests, the outermost first.
fn layers(names: &[&str]) -> Layers {
    let (innermost, wrappers) = names.split_last().unwrap();
    let innermost = Layers::of(plugin(innermost));
    let wrappers = wrappers.iter().rev();
    wrappers.fold(innermost, |layers, name| layers.wrapped_in(plugin(name)))
}

async fn load(names: &[&str]) -> Arc<dyn Strategy> {
    layers(names).strategy(&engine()).await.unwrap()
}

/// A strategy's settings, but for these, given as text.
fn chosen(strategy: &dyn Strategy, chosen: &[(&str, &str)]) -> Vec<Setting> {
    let chosen: Vec<(String, String)> = chosen
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let Description {
        name, parameters, ..
    } = strategy.description();
    settings::resolve(name, parameters, &chosen).unwrap()
}
