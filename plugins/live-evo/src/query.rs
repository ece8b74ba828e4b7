//! The searches: a task is not its own best query, so the model writes some.

use memhost_sdk::{Fault, Prompt, Request, Role, Task};
use serde::Deserialize;

use crate::material;

const QUERIES: Prompt<Reply> = Prompt::new(Role::Agent, "queries")
    .instructions(include_str!("../prompts/queries.md"))
    .replies(
        "a list of queries",
        include_str!("../prompts/queries.schema.json"),
    )
    .max_tokens(Request::SHORT_REPLY);

/// Paper, section 3.1: two or three.
const MOST_QUERIES: usize = 3;

/// One search.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
pub(crate) struct Written {
    pub(crate) text: String,
    pub(crate) matches: Matches,
}

/// Which text of a memory a query is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Matches {
    /// The task that it was learnt from.
    Question,
    /// What it says.
    Experience,
}

impl Matches {
    /// The name of the key.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Matches::Question => "question",
            Matches::Experience => "experience",
        }
    }
}

#[derive(Deserialize)]
struct Reply {
    queries: Vec<Written>,
}

/// The searches for a task: at least one, at most [`MOST_QUERIES`], all different.
pub(crate) fn write(task: &Task, temperature: f64) -> Result<Vec<Written>, Fault> {
    let most = MOST_QUERIES.to_string();
    let material = material::cut(&task.text, material::TASK_BYTES);
    QUERIES
        .filled(&[("most", &most)], material)
        .temperature(temperature)
        .then(tidy)
        .doing(format!("writing queries for task `{}`", task.id))
        .ask()
}

fn tidy(reply: Reply) -> Result<Vec<Written>, Fault> {
    let mut queries: Vec<Written> = Vec::new();
    for query in reply.queries {
        let text = query.text.trim().to_owned();
        let query = Written { text, ..query };
        if !query.text.is_empty() && !queries.contains(&query) {
            queries.push(query);
        }
    }
    queries.truncate(MOST_QUERIES);
    if queries.is_empty() {
        return Err(Fault::Failed("the reply holds no query".to_owned()));
    }
    Ok(queries)
}
