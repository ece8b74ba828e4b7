//! An agent of one's own that remembers through a memhost plugin: it asks before a task, and tells after it.
//!
//! ```console
//! $ cargo xtask plugins
//! $ cargo run --release -p memhost-example-embed -- target/plugins/rag.wasm
//! ```

use std::sync::Arc;

use memhost::Lance;
use memhost::contract::{Outcome, Step};
use memhost::embedding::{Builtin, Embedder};
use memhost::engine::{Engine, EngineOptions, Plugin};
use memhost::learning::{Configured, Grants};
use memhost::live::{Ask, Grant, Host, LiveSettings, Mode, ONLY_TENANT, Record};
use memhost::store::Store;

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
    let uri = directory.path().to_string_lossy();
    let embedder: Arc<dyn Embedder> = Arc::new(Builtin::default());
    let store = Store::open(&uri, embedder.clone(), &Lance).await?;
    let engine = Engine::new(EngineOptions::default())?;
    let plugin = Arc::new(Plugin::load(&engine, path.as_ref()).await?);
    let strategy = Configured::with_defaults(plugin).await?;

    let host = Host::open(LiveSettings::new(store, Grants::embedder(embedder))).await?;
    host.add_slot("help-desk", strategy, Mode::Inherit).await?;
    let memory = host.slot(&Grant::everything(), "help-desk", ONLY_TENANT)?;

    let mut last = None;
    for (task, tools, success) in DONE {
        let told = memory.retrieve(Ask::at_start(task)).await?;
        let mut record = Record::of(told.attempt);
        let steps = tools.split(' ').map(|tool| Step::action(tool, "{}"));
        record.steps.extend(steps);
        record.outcome = Some(Outcome::known(success));
        last = Some(memory.record(record).await?.sequence);
    }

    let mut ask = Ask::at_start("a customer was charged twice and wants the money back");
    ask.after = last;
    let told = memory.retrieve(ask).await?;
    println!("{}", told.text);
    Ok(host.close().await?)
}
