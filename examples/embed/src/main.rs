//! An agent of one's own that remembers through a memhost plugin: it asks before a task, and tells after it.
//!
//! ```console
//! $ cargo xtask plugins
//! $ cargo run --release -p memhost-example-embed -- target/plugins/rag.wasm
//! ```

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use memhost::capability::{CallContext, RunState};
use memhost::contract::{
    Actor, Agent, Arm, Attempt, Authority, Commit, Moment, Outcome, Query, Setting, Step, Task,
    Verdict,
};
use memhost::embedding::{Builtin, Embedder};
use memhost::engine::{Engine, EngineOptions, Limits, Plugin};
use memhost::store::{Namespace, Store, Transaction, View, Write};
use memhost::strategy::Strategy;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("usage: memhost-example-embed <plugin.wasm>")?;
    let directory = std::env::temp_dir().join(format!("memhost-example-{}", std::process::id()));

    let embedder: Arc<dyn Embedder> = Arc::new(Builtin::default());
    let store = Store::open(&directory.display().to_string(), embedder.clone()).await?;
    let engine = Engine::new(EngineOptions::default())?;
    let mut memory = AgentMemory {
        plugin: Plugin::load(&engine, Path::new(&path)).await?,
        namespace: store.namespace("help-desk").await?,
        embedder,
        tasks_done: 0,
    };

    memory
        .tell(
            "reset the password of a customer",
            &["find_customer", "send_reset_link"],
            true,
        )
        .await?;
    memory
        .tell(
            "refund a double charge",
            &["find_customer", "list_charges", "refund"],
            true,
        )
        .await?;
    memory
        .tell(
            "change the address on an order",
            &["find_order", "change_address"],
            false,
        )
        .await?;

    let task = "a customer was charged twice and wants the money back";
    println!("task: {task}\n\n{}", memory.ask(task).await?);

    store.close().await?;
    std::fs::remove_dir_all(directory)?;
    Ok(())
}

/// What one agent remembers, and the strategy that decides what and how.
struct AgentMemory {
    plugin: Plugin,
    namespace: Namespace,
    embedder: Arc<dyn Embedder>,
    tasks_done: u32,
}

impl AgentMemory {
    /// What the agent should know before this task.
    async fn ask(&self, text: &str) -> Result<String, Box<dyn Error>> {
        let query = Query {
            task: task(text),
            agent: agent(),
            moment: Moment::TaskStart,
            transcript: Vec::new(),
            found: Vec::new(),
            token_budget: 300,
        };
        Ok(self
            .plugin
            .retrieve(self.context(), query, &self.settings())
            .await
            .result?
            .text)
    }

    /// How a task went.
    async fn tell(
        &mut self,
        text: &str,
        tools: &[&str],
        success: bool,
    ) -> Result<(), Box<dyn Error>> {
        let attempt = attempt(text, tools, success);
        let changes = self
            .plugin
            .distill(self.context(), vec![attempt], &self.settings())
            .await
            .result?;
        let writes = changes.into_iter().map(|change| Write {
            provisional: change.commit != Commit::AtOnce,
            op: change.op,
        });
        self.namespace
            .apply(Transaction {
                writes: writes.collect(),
                ..Transaction::default()
            })
            .await?;
        self.tasks_done += 1;
        Ok(())
    }

    fn settings(&self) -> Vec<Setting> {
        let parameters = &self.plugin.description().parameters;
        parameters
            .iter()
            .map(|p| Setting {
                name: p.name.clone(),
                value: p.default.clone(),
            })
            .collect()
    }

    fn context(&self) -> CallContext {
        CallContext {
            namespace: Some(self.namespace.clone()),
            view: View::default(),
            models: None,
            embedder: Some(self.embedder.clone()),
            attempts: None,
            run: RunState {
                task_number: self.tasks_done,
                ..RunState::default()
            },
            limits: Limits::default(),
        }
    }
}

fn task(text: &str) -> Task {
    Task {
        id: text.into(),
        text: text.into(),
        labels: vec![],
        documents: vec![],
    }
}

fn agent() -> Agent {
    Agent {
        id: "help-desk".into(),
        model: "any".into(),
        rank: 0,
    }
}

fn attempt(text: &str, tools: &[&str], success: bool) -> Attempt {
    let call = |tool: &&str| Step {
        actor: Actor::Action,
        name: Some((*tool).into()),
        text: "{}".into(),
        reward: None,
    };
    Attempt {
        id: format!("attempt at: {text}"),
        task: task(text),
        agent: agent(),
        arm: Arm::Memory,
        trial: 0,
        steps: tools.iter().map(call).collect(),
        answer: "done".into(),
        findings: vec![],
        outcome: Outcome {
            verdict: if success {
                Verdict::Success
            } else {
                Verdict::Failure
            },
            score: None,
            baseline: None,
            reason: String::new(),
            authority: Authority::GroundTruth,
        },
        receipt: None,
    }
}
