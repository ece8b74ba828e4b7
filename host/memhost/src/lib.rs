//! memhost runs memory strategies for LLM agents as sandboxed WebAssembly components, over one shared store.
//!
//! Strategies decide, the host acts: a strategy reads through the interfaces of the [`contract`] and *returns* its writes;
//! [`learning`] applies them to the [`store`] in one transaction per call. This crate is what a program embeds that wants
//! its agent to remember. Suites and comparisons are in `memhost-eval`, which stands on it, and the command line on that.
//!
//! | you need | it is |
//! |---|---|
//! | [`Store`](store::Store) | where memories live: a directory, an object store (with the format [`Lance`]), or this process's memory |
//! | [`Namespace`](store::Namespace), [`Memories`](store::Memories) | one strategy's memories, to write to; the same, to read only |
//! | [`Engine`](engine::Engine), [`Plugin`](engine::Plugin) | the sandbox; a `.wasm` file in it |
//! | [`Strategy`](strategy::Strategy) | what a plugin is to its host, and any type of your own can be |
//! | [`Configured`](learning::Configured) | a strategy, every parameter's value, and the plan that follows |
//! | [`Learner`](learning::Learner) | the loop: `retrieve` before a task, `update` and `distill` after it, `evict` now and then |
//! | [`Grants`](learning::Grants), [`Limits`](limits::Limits) | what its calls may reach: models, an embedder; what each may spend |
//! | [`CallContext`](capability::CallContext) | what one call has of that; it cannot write |
//! | [`Host`](live::Host), [`Seat`](live::Seat) | memory that agents call: what happened is kept, learnt from in the background, and strategies are swapped meanwhile |
//! | [`Observer`](learning::Observer) | hears every call, transaction and refusal as an [`Event`](learning::Event) |
//! | [`Embedder`](embedding::Embedder), [`Models`](model::Models) | texts to vectors; language models by role |
//! | [`Config`](config::Config) | all of these as `memhost.toml` and the environment have them |
//! | [`check`](conformance::check) | whether a plugin keeps the contract, before it is trusted with anything |
//!
//! What goes in and comes out are the types of the [`contract`]: a [`Task`](contract::Task) is asked about in a
//! [`Query`](contract::Query) and answered with [`Guidance`](contract::Guidance); an [`Attempt`](contract::Attempt) with its
//! [`Outcome`](contract::Outcome) comes back, and becomes [`Change`](contract::Change)s.
//!
//! What can go wrong: [`EngineError`](engine::EngineError) and [`LoadError`](engine::LoadError) before a plugin runs,
//! [`CallError`](strategy::CallError) when one is called, [`StoreError`](store::StoreError) where memories are kept,
//! [`ConfigError`](config::ConfigError) and [`SettingError`](settings::SettingError) in what was configured. What a strategy
//! is to blame for is no error of the learner's but a [`Failure`](learning::Failure) in its answer: the agent goes on.
//!
//! # A whole program
//!
//! A strategy of your own, in this process and without a sandbox: it learns from one attempt, and says so before the next.
//!
//! ```
//! use std::sync::Arc;
//!
//! use async_trait::async_trait;
//! use memhost::capability::CallContext;
//! use memhost::contract::{
//!     Agent, Attempt, Change, Citation, Description, Fault, Guidance, Key, NewMemory, Op, Outcome, Placement, Plan, Probe,
//!     Query, Ranking, Receipt, Search, Setting, Source, Task, Verdict,
//! };
//! use memhost::embedding::{Builtin, Embedder};
//! use memhost::learning::{Configured, Grants, Learner, Unobserved, WallClock};
//! use memhost::store::{Store, View};
//! use memhost::strategy::{Answer, CallError, CallFailure, Phases, Strategy};
//!
//! /// Keeps what worked, and hands out what worked on the task that is most like this one.
//! struct WhatWorked(Description);
//!
//! impl WhatWorked {
//!     async fn most_similar(&self, context: &CallContext, query: &Query) -> Result<Guidance, Fault> {
//!         let memories = context.memories()?;
//!         let task = Probe { text: query.task.text.clone(), field: "task".into() };
//!         let search = Search { ranking: Ranking::Semantic(task), filter: vec![], limit: 1, min_score: None };
//!         let hits = memories.search(&search, &context.view).await?;
//!         let used: Vec<_> = hits.iter().map(|hit| Citation { memory: hit.id.clone(), score: hit.score }).collect();
//!         let ids: Vec<_> = hits.into_iter().map(|hit| hit.id).collect();
//!         let found = memories.get(&ids, &context.view);
//!         let text: String = found.iter().map(|memory| memory.content.as_str()).collect();
//!         Ok(Guidance {
//!             text: memhost::words::cut(&text, query.token_budget).to_owned(),
//!             placement: Placement::User,
//!             receipt: Receipt { used, ..Receipt::nothing() },
//!             ..Guidance::nothing()
//!         })
//!     }
//! }
//!
//! #[async_trait]
//! impl Strategy for WhatWorked {
//!     fn description(&self) -> &Description {
//!         &self.0
//!     }
//!
//!     fn phases(&self) -> Phases {
//!         Phases { retrieve: true, distill: true, ..Phases::default() }
//!     }
//!
//!     fn digest(&self) -> &str {
//!         "of this program"
//!     }
//!
//!     async fn plan(&self, _: &[Setting]) -> Result<Plan, CallError> {
//!         Ok(Plan::streaming())
//!     }
//!
//!     async fn retrieve(&self, context: CallContext, query: Query, _: &[Setting]) -> Answer<Guidance> {
//!         let failed = |fault| CallError {
//!             plugin: self.0.name.clone(),
//!             call: "retrieve",
//!             reason: CallFailure::Fault(fault),
//!         };
//!         let result = self.most_similar(&context, &query).await.map_err(failed);
//!         Answer { result, usage: Default::default() }
//!     }
//!
//!     async fn distill(&self, _: CallContext, attempts: Vec<Attempt>, _: &[Setting]) -> Answer<Vec<Change>> {
//!         let solved = attempts.iter().filter(|attempt| attempt.outcome.verdict == Verdict::Success);
//!         let insert = |attempt: &Attempt| {
//!             let task = Key::new("task", &attempt.task.text);
//!             let mut memory = NewMemory::new("case", format!("{} -> {}", attempt.task.text, attempt.answer));
//!             memory.keys.push(task);
//!             memory.sources.push(Source::attempt(&attempt.id));
//!             Change::at_once(Op::Insert(memory))
//!         };
//!         Answer { result: Ok(solved.map(insert).collect()), usage: Default::default() }
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let embedder: Arc<dyn Embedder> = Arc::new(Builtin::default());
//!     let store = Store::in_memory(embedder.clone()).await?;
//!     let namespace = store.namespace("help-desk/what-worked").await?;
//!     let strategy = WhatWorked(Description {
//!         name: "what-worked".into(),
//!         version: "0.1.0".into(),
//!         summary: "What worked on the task that is most like this one.".into(),
//!         source: String::new(),
//!         parameters: vec![],
//!         requires: vec!["embedder".into()],
//!         degraded: vec![],
//!     });
//!     let strategy = Configured::with_defaults(Arc::new(strategy)).await?;
//!     let grants = Grants::embedder(embedder);
//!     let mut learner = Learner::new(strategy, namespace, grants, WallClock::default());
//!
//!     let agent = Agent::new("help-desk", "any");
//!     let task = Task::new("t1", "refund a double charge");
//!     let mut attempt = Attempt::new("a1", task, agent.clone(), Outcome::known(true));
//!     attempt.answer = "list_charges, then refund".into();
//!     learner.witness(&attempt);
//!     learner.distill(vec![attempt], &mut Unobserved).await?;
//!     learner.clock.task_number += 1;
//!
//!     let task = Task::new("t2", "a customer was charged twice and wants the money back");
//!     let query = Query::at_start(task, agent, 300);
//!     let retrieved = learner.retrieve(query, &View::default(), &mut Unobserved).await;
//!     assert_eq!(retrieved.guidance.text, "refund a double charge -> list_charges, then refund");
//!     assert_eq!(retrieved.guidance.receipt.used[0].memory, "m1");
//!     assert_eq!(learner.count()?, 1);
//!     drop(learner);
//!     Ok(store.close().await?)
//! }
//! ```
//!
//! With a plugin it is the same program, and the sandbox keeps what the plugin is granted. `examples/embed` is one that lets a
//! [`live::Host`] do the learning.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use memhost::engine::{Engine, EngineOptions, Plugin};
//! use memhost::learning::Configured;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let engine = Engine::new(EngineOptions::default())?;
//! let plugin = Plugin::load(&engine, "target/plugins/rag.wasm".as_ref()).await?;
//! let strategy = Configured::with_defaults(Arc::new(plugin)).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! - `lance`, on unless you say no: stores whose tables are LanceDB's. Without it, LanceDB is not compiled, and stores last
//!   as long as the process, or have tables of your own ([`Format`](store::tables::Format)).
//! - `s3`, `gcs`, `azure`: stores in object stores, which several machines share.

#![cfg_attr(
    not(feature = "lance"),
    allow(rustdoc::broken_intra_doc_links, reason = "`Lance` is not there")
)]

pub mod config;
pub mod conformance;
pub mod learning;
pub mod live;

pub use memhost_base::{clock, visible};
pub use memhost_contract as contract;
pub use memhost_contract::{limits, settings};
pub use memhost_engine as engine;
#[cfg(feature = "lance")]
pub use memhost_lance::Lance;
pub use memhost_models::endpoint;
pub use memhost_store as store;
pub use memhost_strategy as strategy;
pub use memhost_strategy::capability;
pub use memhost_words as words;

/// Embedders: texts to unit-length vectors.
pub mod embedding {
    pub use memhost_contract::embedder::*;
    pub use memhost_models::embedding::*;
}

/// Language models behind the `llm` interface.
pub mod model {
    pub use memhost_contract::model::*;
    pub use memhost_models::model::*;
}
