//! The phases that no plugin has yet, on guests: a component puts its memories in order, and shortens an agent's run.

use std::path::PathBuf;
use std::sync::Arc;

use memhost::contract::{Actor, Agent, Attempt, Context, Outcome, Source, Step, Task};
use memhost::embedding::{Builtin, Embedder};
use memhost::engine::{Engine, EngineOptions, Plugin};
use memhost::learning::{Configured, Grants, Learner, Unobserved, WallClock};
use memhost::store::{Store, View};
use memhost_tests::plugin;

/// A guest at work on nothing yet, with the store that holds what it learns.
async fn learner(guest: PathBuf) -> (Store, Learner<WallClock>) {
    let engine = Engine::new(EngineOptions::default()).unwrap();
    let strategy = Plugin::load(&engine, &guest).await.unwrap();
    let configured = Configured::with_defaults(Arc::new(strategy)).await.unwrap();
    let embedder: Arc<dyn Embedder> = Arc::new(Builtin::default());
    let store = Store::in_memory(embedder.clone()).await.unwrap();
    let namespace = store.namespace("phases").await.unwrap();
    let grants = Grants::embedder(embedder);
    let learner = Learner::new(configured, namespace, grants, WallClock::default());
    (store, learner)
}

#[tokio::test]
async fn a_component_puts_its_memories_in_order() {
    let (_store, mut learner) = learner(plugin("tidy")).await;
    for (id, answer) in [
        ("monday", "Call first."),
        ("tuesday", "call  FIRST."),
        ("friday", "Wait."),
    ] {
        let task = Task::new(id, "reach the customer");
        let attempt = Attempt {
            answer: answer.into(),
            ..Attempt::new(id, task, Agent::new("a", "m"), Outcome::known(true))
        };
        let learnt = learner.distill(vec![attempt], &mut Unobserved).await;
        assert!(learnt.unwrap().failure.is_none());
    }
    let learnt = learner.maintain(&mut Unobserved).await.unwrap();
    assert!(learnt.failure.is_none(), "{:?}", learnt.failure);
    let ids = ["m1", "m2", "m3"].map(str::to_owned);
    let kept = learner.memories().get(&ids, &View::default());
    let kept: Vec<(&str, &[Source])> = kept
        .iter()
        .map(|memory| (memory.content.as_str(), memory.sources.as_slice()))
        .collect();
    let [monday, tuesday, friday] = ["monday", "tuesday", "friday"].map(Source::attempt);
    assert_eq!(
        kept,
        [
            ("Call first.", &[monday, tuesday][..]),
            ("Wait.", &[friday][..])
        ]
    );
}

#[tokio::test]
async fn a_component_shortens_a_run() {
    let (_store, mut learner) = learner(plugin("brief")).await;
    let run = Context {
        task: Task::new("t", "Help the customer."),
        agent: Agent::new("a", "m"),
        steps: vec![
            Step::new(Actor::User, "Cancel order #W2378156, please."),
            Step::action("find", "{\"order\": \"#W2378156\"}"),
            Step::new(
                Actor::Observation,
                "user_7 has gift_card_18 and gift_card_19.",
            ),
            Step::new(Actor::Thought, "Refund it to the card that was used."),
        ],
        summary: String::new(),
        token_budget: 40,
    };
    let shortened = learner
        .compact(run, &View::default(), &mut Unobserved)
        .await;
    assert!(shortened.failure.is_none(), "{:?}", shortened.failure);
    let compacted = shortened.compacted;
    assert_eq!(
        (compacted.keep_last, compacted.text.as_str()),
        (
            1,
            "Met before, the newest first: gift_card_19, gift_card_18, user_7, #W2378156"
        )
    );
}
