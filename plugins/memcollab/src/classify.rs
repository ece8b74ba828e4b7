//! The classifier: under which kind of the taxonomy does a task fall?

use memhost_sdk::{Fault, Reply, Request, Role};
use serde::Deserialize;
use serde_json::json;

use crate::TEMPERATURE;
use crate::taxonomy::{Bucket, Taxonomy};

const INSTRUCTIONS: &str = include_str!("../prompts/classify.md");
/// A text, because the order of its fields is that in which a model writes them.
const SCHEMA: &str = include_str!("../prompts/classify.schema.json");

#[derive(Deserialize)]
struct Answer {
    subcategory: String,
}

/// Asks the model of a role where a task belongs. One enum is all that must be answered, so that every answer is a place
/// in the taxonomy; before it there is room for a model that does not think elsewhere.
pub(crate) fn request(role: Role, task: &str, taxonomy: &Taxonomy) -> Request {
    let subcategories: Vec<&str> = taxonomy.subcategories().collect();
    Request::new(role, "classify")
        .system(INSTRUCTIONS.replace("{taxonomy}", &taxonomy.shown()))
        .user(task)
        .temperature(TEMPERATURE)
        .max_tokens(Request::SHORT_REPLY)
        .schema(SCHEMA.replace("{subcategories}", &json!(subcategories).to_string()))
}

/// Where the model says that the task belongs.
pub(crate) fn read(reply: Result<Reply, Fault>, taxonomy: &Taxonomy) -> Result<Bucket, Fault> {
    reply
        .and_then(|reply| place(&reply.text, taxonomy))
        .map_err(|fault| fault.within("classifying the task"))
}

fn place(reply: &str, taxonomy: &Taxonomy) -> Result<Bucket, Fault> {
    let Answer { subcategory } = serde_json::from_str(reply)
        .map_err(|error| Fault::Failed(format!("the reply names no subcategory: {error}")))?;
    taxonomy.bucket(&subcategory).ok_or_else(|| {
        Fault::Failed(format!(
            "the reply's subcategory `{subcategory}` is not in the taxonomy"
        ))
    })
}
