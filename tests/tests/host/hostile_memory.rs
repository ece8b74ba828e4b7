//! Calls that misbehave leave nothing behind in the host's memory.

use std::sync::Arc;
use std::time::Duration;

use memhost::capability::CallContext;
use memhost::engine::{Engine, EngineOptions, Plugin};
use memhost::limits::Limits;
use memhost::model::Models;

use crate::hostile::{NeverAnswers, retrieve};

use crate::processes::apart;

const WISHES: [&str; 7] = [
    "loop forever",
    "recurse",
    "allocate 100 GiB",
    "panic",
    "overflow a result",
    "ask a model",
    MOST,
];

/// Nothing of it is refused.
const MOST: &str = "the most of everything";

async fn misbehave(plugin: &Plugin, wish: &str) {
    let limits = Limits {
        fuel: match wish {
            "loop forever" => 1_000_000,
            MOST => 1_000_000_000,
            _ => 100_000_000,
        },
        wall_clock: Duration::from_secs(60),
        model_wait: Duration::from_millis(5),
        ..Limits::default()
    };
    let context = CallContext {
        models: (wish != MOST).then(|| Arc::new(Models::all(Arc::new(NeverAnswers)))),
        ..CallContext::nothing_granted(limits)
    };
    let answer = retrieve(plugin, wish, context).await;
    assert_eq!(
        answer.result.is_ok(),
        wish == MOST,
        "{wish}: {:?}",
        answer.result
    );
}

/// Resident bytes of this process.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.unwrap().split_whitespace().nth(1).unwrap();
    kilobytes.parse::<usize>().unwrap() << 10
}

#[test]
fn memory_of_the_host_does_not_grow_over_a_thousand_calls_that_misbehave() {
    let name =
        "hostile_memory::memory_of_the_host_does_not_grow_over_a_thousand_calls_that_misbehave";
    apart(name, thousand_calls());
}

async fn thousand_calls() {
    let engine = Engine::new(EngineOptions::default()).unwrap();
    let plugin = Plugin::load(&engine, &memhost_tests::plugin("hostile")).await;
    let plugin = plugin.unwrap();
    for wish in WISHES.iter().cycle().take(120) {
        misbehave(&plugin, wish).await;
    }
    let before = resident();
    for wish in WISHES.iter().cycle().take(1_000) {
        misbehave(&plugin, wish).await;
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 8 << 20, "grown by {grown} bytes from {before}");
}
