//! The extractor: what is there to learn from an attempt, given how it was judged?

use memhost_sdk::{Attempt, Fault, Request, Role, llm};
use serde::{Deserialize, Serialize};

use crate::judge::{Judgement, Verdict};
use crate::{MOST_ITEMS, trajectory};

/// Paper, appendix A.2.
const TEMPERATURE: f32 = 1.0;

const FROM_SUCCESS: &str = include_str!("../prompts/extract-success.md");
const FROM_FAILURE: &str = include_str!("../prompts/extract-failure.md");
const SCHEMA: &str = include_str!("../prompts/extract.schema.json");

/// Something learnt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) title: String,
    /// One sentence.
    pub(crate) description: String,
    /// One to three sentences.
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
    let requests: Vec<Request> = judged
        .map(|(attempt, judgement)| request(attempt, judgement, observations))
        .collect();
    llm::complete(&requests)
        .into_iter()
        .zip(attempts)
        .map(|(reply, attempt)| {
            reply
                .and_then(|reply| read(&reply.text))
                .map_err(|fault| fault.within(&format!("extracting from attempt `{}`", attempt.id)))
        })
        .collect()
}

/// To the model that the agent runs on, as in the paper.
fn request(attempt: &Attempt, judgement: &Judgement, observations: bool) -> Request {
    let instructions = match judgement.verdict {
        Verdict::Success => FROM_SUCCESS,
        Verdict::Failure => FROM_FAILURE,
    };
    Request::new(Role::Agent, "extract")
        .system(with_most(instructions))
        .user(trajectory::for_the_extractor(
            attempt,
            judgement,
            observations,
        ))
        .temperature(TEMPERATURE)
        .schema(with_most(SCHEMA))
}

fn read(reply: &str) -> Result<Vec<Item>, Fault> {
    let reply: Reply = serde_json::from_str(reply)
        .map_err(|error| Fault::Failed(format!("the reply is not a list of items: {error}")))?;
    let items = reply.items.into_iter().filter_map(Item::tidy);
    Ok(items.take(MOST_ITEMS).collect())
}

fn with_most(template: &str) -> String {
    template.replace("{most}", &MOST_ITEMS.to_string())
}
