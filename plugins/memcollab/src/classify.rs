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
pub(crate) struct Answer {
    subcategory: String,
}

/// Asks the model of a role where a task belongs. One enum is all that must be answered, so that every answer is a place
/// in the taxonomy; before it there is room for a model that does not think elsewhere.
pub(crate) fn question(role: Role, task: &str, taxonomy: &Taxonomy) -> Question<Answer> {
    let subcategories: Vec<&str> = taxonomy.subcategories().collect();
    let shown = taxonomy.shown();
    let values = [
        ("taxonomy", shown.as_str()),
        ("subcategories", &json!(subcategories).to_string()),
    ];
    CLASSIFY.filled(&values, task).to(role)
}

/// Where the model says that the task belongs.
pub(crate) fn read(answer: Result<Answer, Fault>, taxonomy: &Taxonomy) -> Result<Bucket, Fault> {
    let place = |Answer { subcategory }| {
        taxonomy.bucket(&subcategory).ok_or_else(|| {
            Fault::Failed(format!(
                "the reply's subcategory `{subcategory}` is not in the taxonomy"
            ))
        })
    };
    answer
        .and_then(place)
        .map_err(|fault| fault.within("classifying the task"))
}
