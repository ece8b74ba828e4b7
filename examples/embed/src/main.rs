//! An agent of one's own that remembers through a memhost plugin: it asks before a task, and tells after it.
//!
//! ```console
//! $ cargo xtask plugins
//! $ cargo run --release -p memhost-example-embed -- target/plugins/rag.wasm
//! ```

use std::sync::Arc;

use memhost::Lance;
use memhost::contract::{Agent, Attempt, Outcome, Query, Step, Task};
use memhost::embedding::{Builtin, Embedder};
use memhost::engine::{Engine, EngineOptions, Plugin};
use memhost::learning::{Configured, Grants, Learner, Unobserved, WallClock};
use memhost::store::{Store, View};

/// What the agent has done: tasks, the tools that it called, and whether that was right.
const DONE: [(&str, &str, bool); 3] = [
    ("reset a password", "find_customer send_link", true),
    ("refund a double charge", "list_charges refund", true),
    ("change an address", "find_order change_address", false),
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1);
    let path = path.ok_or("usage: memhost-example-embed <plugin.wasm>")?;
    let directory = tempfile::tempdir()?;
    let embedder: Arc<dyn Embedder> = Arc::new(Builtin::default());
    let store = Store::open(
        &directory.path().to_string_lossy(),
        embedder.clone(),
        &Lance,
    )
    .await?;
    let engine = Engine::new(EngineOptions::default())?;
    let plugin = Arc::new(Plugin::load(&engine, path.as_ref()).await?);

    let strategy = Configured::with_defaults(plugin).await?;
    let namespace = store.namespace("help-desk").await?;
    let grants = Grants::embedder(embedder);
    let mut learner = Learner::new(strategy, namespace, grants, WallClock::default());
    let agent = Agent::new("help-desk", "any");

    for (id, (text, tools, success)) in DONE.into_iter().enumerate() {
        let (task, outcome) = (Task::new(text, text), Outcome::known(success));
        let mut attempt = Attempt::new(id.to_string(), task, agent.clone(), outcome);
        let steps = tools.split(' ').map(|tool| Step::action(tool, "{}"));
        attempt.steps.extend(steps);
        learner.witness(&attempt);
        learner.distill(vec![attempt], &mut Unobserved).await?;
        learner.clock.task_number += 1;
    }

    let task = "a customer was charged twice and wants the money back";
    let query = Query::at_start(Task::new(task, task), agent, 300);
    let view = View::default();
    let retrieved = learner.retrieve(query, &view, &mut Unobserved).await;
    println!("task: {task}\n\n{}", retrieved.guidance.text);
    drop(learner);
    Ok(store.close().await?)
}
