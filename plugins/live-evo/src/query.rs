//! The searches: a task is not its own best query, so the model writes some.

use memhost_sdk::{Fault, Request, Role, Task, llm};
use serde::Deserialize;

use crate::material;

const INSTRUCTIONS: &str = include_str!("../prompts/queries.md");
const SCHEMA: &str = include_str!("../prompts/queries.schema.json");

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
    let request = Request::new(Role::Agent, "queries")
        .system(INSTRUCTIONS)
        .user(material::cut(&task.text, material::TASK_BYTES))
        .temperature(material::temperature(temperature))
        .max_tokens(Request::SHORT_REPLY)
        .schema(SCHEMA.replace("{most}", &MOST_QUERIES.to_string()));
    let reply = material::only(llm::complete(&[request]));
    reply
        .and_then(|reply| read(&reply.text))
        .map_err(|fault| fault.within(&format!("writing queries for task `{}`", task.id)))
}

fn read(reply: &str) -> Result<Vec<Written>, Fault> {
    let reply: Reply = material::json(reply, "a list of queries")?;
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
