//! The extractor: what is there to learn from an attempt, given how it was judged, or from several runs of one
//! task, held against each other?

use memhost_sdk::{Attempt, Fault, Prompt, Question, Role, ask_all};
use serde::{Deserialize, Serialize};

use crate::judge::{Judgement, Verdict};
use crate::trajectory;

/// Paper, appendix A.2, for contrasts too; the released code contrasts at 0.7.
const TEMPERATURE: f32 = 1.0;

/// Of one attempt: paper, section 3.2 and figure 8.
const MOST_ITEMS: usize = 3;
/// Of several runs together: paper, appendix A.3 and figure 10.
const MOST_ITEMS_OF_A_CONTRAST: usize = 5;

const FROM_SUCCESS: &str = include_str!("../prompts/extract-success.md");
const FROM_FAILURE: &str = include_str!("../prompts/extract-failure.md");
const FROM_CONTRAST: &str = include_str!("../prompts/contrast.md");

/// Something learnt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) title: String,
    /// One sentence.
    pub(crate) description: String,
    /// One to three sentences; up to five, if several runs were contrasted.
    pub(crate) content: String,
}

#[derive(Deserialize)]
struct Reply {
    items: Vec<Item>,
}

impl Item {
    /// As it is handed out.
    pub(crate) fn shown(&self, with_description: bool) -> String {
        let Item {
            title,
            description,
            content,
        } = self;
        match with_description && !description.is_empty() {
            true => format!("## {title}\n{description}\n{content}"),
            false => format!("## {title}\n{content}"),
        }
    }

    /// Without blanks around its fields; nothing if it says nothing.
    fn tidy(self) -> Option<Item> {
        let item = Item {
            title: self.title.trim().to_owned(),
            description: self.description.trim().to_owned(),
            content: self.content.trim().to_owned(),
        };
        (!item.content.is_empty()).then_some(item)
    }
}

/// The items of every attempt, at most [`MOST_ITEMS`] of each.
pub(crate) fn extract(
    attempts: &[Attempt],
    judgements: &[Judgement],
    observations: bool,
) -> Result<Vec<Vec<Item>>, Fault> {
    let judged = attempts.iter().zip(judgements);
    let questions = judged.map(|(attempt, judgement)| {
        let instructions = match judgement.verdict {
            Verdict::Success => FROM_SUCCESS,
            Verdict::Failure => FROM_FAILURE,
        };
        let material = trajectory::for_the_extractor(attempt, judgement, observations);
        question(instructions, material, MOST_ITEMS)
            .doing(format!("extracting from attempt `{}`", attempt.id))
    });
    ask_all(questions).into_iter().collect()
}

/// The items of all runs together, at most [`MOST_ITEMS_OF_A_CONTRAST`]: one call, and no word of how any run was
/// judged, because the model is to find out by comparing.
pub(crate) fn contrast(runs: &[Attempt], observations: bool) -> Result<Vec<Item>, Fault> {
    let material = trajectory::for_the_contrast(runs, observations);
    let ids: Vec<&str> = runs.iter().map(|run| run.id.as_str()).collect();
    question(FROM_CONTRAST, material, MOST_ITEMS_OF_A_CONTRAST)
        .doing(format!("contrasting attempts `{}`", ids.join("`, `")))
        .ask()
}

/// Asks the model that the agent runs on, as in the paper, for the first items that say something.
fn question(
    instructions: &'static str,
    material: String,
    most: usize,
) -> Question<'static, Vec<Item>> {
    let tidy = move |Reply { items }: Reply| {
        let items = items.into_iter().filter_map(Item::tidy);
        Ok(items.take(most).collect())
    };
    Prompt::new(Role::Agent, "extract")
        .instructions(instructions)
        .replies(
            "a list of items",
            include_str!("../prompts/extract.schema.json"),
        )
        .temperature(TEMPERATURE)
        .filled(&[("most", &most.to_string())], material)
        .then(tidy)
}
