//! The classifier: under which kind of the taxonomy does a task fall?

use memhost_sdk::{Fault, Prompt, Question, Request, Role};
use serde::Deserialize;
use serde_json::json;

use crate::TEMPERATURE;
use crate::taxonomy::{Bucket, Taxonomy};

const CLASSIFY: Prompt<Answer> = Prompt::new(Role::Agent, "classify")
    .instructions(include_str!("../prompts/classify.md"))
    .replies(
        "a subcategory",
        include_str!("../prompts/classify.schema.json"),
    )
    .temperature(TEMPERATURE)
    .max_tokens(Request::SHORT_REPLY);

#[derive(Deserialize)]
struct Answer {
    subcategory: String,
}

/// Asks the model of a role where a task belongs. One enum is all that must be answered, so that every answer is a place
/// in the taxonomy; before it there is room for a model that does not think elsewhere.
pub(crate) fn question<'a>(role: Role, task: &str, taxonomy: &'a Taxonomy) -> Question<'a, Bucket> {
    let subcategories: Vec<&str> = taxonomy.subcategories().collect();
    let shown = taxonomy.shown();
    let values = [
        ("taxonomy", shown.as_str()),
        ("subcategories", &json!(subcategories).to_string()),
    ];
    let place = |Answer { subcategory }| {
        taxonomy.bucket(&subcategory).ok_or_else(|| {
            Fault::Failed(format!(
                "the reply's subcategory `{subcategory}` is not in the taxonomy"
            ))
        })
    };
    CLASSIFY
        .filled(&values, task)
        .to(role)
        .then(place)
        .doing("classifying the task")
}
