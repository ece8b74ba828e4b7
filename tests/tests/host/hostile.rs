//! How the tests call the guest `hostile`, and the models that it meets.

use async_trait::async_trait;
use memhost::capability::CallContext;
use memhost::contract::{Agent, Fault, Guidance, Query, Reply, Request, Setting, Task, Value};
use memhost::engine::Plugin;
use memhost::model::{Completion, LanguageModel};
use memhost::strategy::{Answer, Strategy};

/// A model that has an answer.
pub struct Answers;

#[async_trait]
impl LanguageModel for Answers {
    fn name(&self) -> &str {
        "answers"
    }

    async fn complete(&self, _: &Request) -> Result<Completion, Fault> {
        Ok(Reply {
            text: "well.".to_owned(),
            input_tokens: 1,
            output_tokens: 2,
        }
        .into())
    }
}

/// A model that is never heard of again.
pub struct NeverAnswers;

#[async_trait]
impl LanguageModel for NeverAnswers {
    fn name(&self) -> &str {
        "never answers"
    }

    async fn complete(&self, _: &Request) -> Result<Completion, Fault> {
        std::future::pending().await
    }
}

/// Some task.
pub fn task() -> Task {
    Task::new("t", "the task")
}

/// Some agent.
pub fn agent() -> Agent {
    Agent::new("a", "m")
}

/// Asks `hostile` to misbehave in this way.
pub fn settings(wish: &str) -> [Setting; 1] {
    [Setting {
        name: "do".to_owned(),
        value: Value::Text(wish.to_owned()),
    }]
}

/// Calls `retrieve` for some task.
pub async fn retrieve(plugin: &Plugin, wish: &str, context: CallContext) -> Answer<Guidance> {
    let query = Query::at_start(task(), agent(), 100);
    plugin.retrieve(context, query, &settings(wish)).await
}
