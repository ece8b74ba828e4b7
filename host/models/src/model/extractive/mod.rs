//! The built-in stand-in for a language model: deterministic, and no language model at all.
//!
//! It answers every request by copying from it, so that strategies that need a model can be tried, tested and
//! demonstrated without one.
//!
//! **What it reads.** The messages of the user; never the system's, which are instructions, nor earlier replies.
//! Instructions inside a user's message it cannot tell from the material, and may copy. What stands below the heading
//! `# The task at hand` is what a reply is for, and not what it is made of: it is passed over, unless there is nothing else.
//!
//! **What it writes.** Without a schema: the [`SENTENCES`] most informative sentences, in the order in which they
//! stand. With a schema, JSON that satisfies it:
//!
//! | schema | filled with |
//! |---|---|
//! | string | the next best sentence, cut to `maxLength`; a `title` or `name` gets the first words of the sentence that follows in its object |
//! | array | as many items as there are sentences for, up to 3, or within `minItems` and `maxItems` |
//! | enum, boolean | the value whose words the input says most often; in a tie, said last; if none is said, the first (`false`) |
//! | number | the first number in the input that lies within the bounds, or else the lowest allowed |
//! | object | every property that it requires; every one that it names, if it requires none: what may be left out, such as room for reasons, is left out |
//! | `$ref`, `allOf`, `anyOf`, `oneOf`, `const` | the definition; all; the first that can be filled and is not null; itself |
//!
//! **What it cannot do.** Understand. It does not judge (a verdict is a count of words), does not generalise
//! (what it "learns" is a quotation), and fails with [`Fault::Unavailable`] where a schema wants what copying
//! cannot give: a pattern, a format, unique items. Scores of strategies that run on it say how they store and
//! find, not how they learn.

mod fill;
mod rank;

use async_trait::async_trait;
use memhost_base::blocking;
use memhost_contract::model::{Completion, LanguageModel};
use memhost_contract::{Fault, ModelKind, Reply, Request, Speaker};

use super::schema::ReplySchema;

use fill::fill;
use rank::Input;

/// How many sentences a reply without a schema has.
const SENTENCES: usize = 5;

/// The heading of what a reply is for; see the module.
const PURPOSE: &str = "# The task at hand";

/// How much a reply may hold: the first of these with which it fits into the request's `max-tokens`.
const ROOMS: [Room; 5] = [
    Room {
        sentence: 60,
        items: 3,
    },
    Room {
        sentence: 30,
        items: 3,
    },
    Room {
        sentence: 15,
        items: 3,
    },
    Room {
        sentence: 8,
        items: 2,
    },
    Room {
        sentence: 4,
        items: 1,
    },
];

/// How much a reply may hold.
#[derive(Debug, Clone, Copy)]
struct Room {
    /// The longest sentence, in tokens; lines of a trajectory can be pages.
    sentence: u32,
    /// How many items an array gets that may have more, or does not say.
    items: u64,
}

/// Copies the most informative sentences; see the module.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extractive;

#[async_trait]
impl LanguageModel for Extractive {
    fn name(&self) -> &str {
        "extractive"
    }

    fn kind(&self) -> ModelKind {
        ModelKind::StandIn
    }

    fn caveat(&self) -> Option<&str> {
        Some(
            "`extractive` is not a language model: it copies sentences from what it is given, and its judgements \
             count words",
        )
    }

    async fn complete(&self, request: &Request) -> Result<Completion, Fault> {
        let said: usize = request
            .messages
            .iter()
            .map(|message| message.text.len())
            .sum();
        let bytes = said + request.schema.as_ref().map_or(0, String::len);
        let request = request.clone();
        blocking::run(bytes, move || answer(&request))
            .await
            .map_err(|problem| Fault::Unavailable(format!("model `extractive`: {problem}")))?
            .map(Completion::from)
    }
}

fn answer(request: &Request) -> Result<Reply, Fault> {
    let said: Vec<&str> = request
        .messages
        .iter()
        .filter(|message| message.speaker == Speaker::User)
        .map(|message| message.text.as_str())
        .collect();
    if said.is_empty() {
        return Err(Fault::Invalid(
            "the request holds no message of the user, which is all that the model `extractive` reads".to_owned(),
        ));
    }
    let input = Input::read(&material(&said));
    let text = match &request.schema {
        None => sentences(&input, request.max_tokens),
        Some(schema) => filled(&ReplySchema::parse(schema)?, &input, request.max_tokens)?,
    };
    Ok(Reply {
        input_tokens: said
            .iter()
            .map(|text| memhost_words::count(text))
            .fold(0, u32::saturating_add),
        output_tokens: memhost_words::count(&text),
        text,
    })
}

/// What may be copied of these messages.
fn material<'a>(said: &[&'a str]) -> Vec<&'a str> {
    let before = said.iter().map(|text| before_the_purpose(text));
    let material: Vec<&str> = before.filter(|text| !text.trim().is_empty()).collect();
    match material.is_empty() {
        true => said.to_vec(),
        false => material,
    }
}

/// The message up to the last line that says what the reply is for: an earlier one is a quotation.
fn before_the_purpose(text: &str) -> &str {
    let mut end = text.len();
    for line in text.split_inclusive('\n').rev() {
        end -= line.len();
        if line.trim_end() == PURPOSE {
            return &text[..end];
        }
    }
    text
}

fn sentences(input: &Input<'_>, max_tokens: Option<u32>) -> String {
    let mut best: Vec<_> = input.best().iter().take(SENTENCES).collect();
    best.sort_by_key(|sentence| sentence.place);
    let text = best
        .iter()
        .map(|sentence| memhost_words::cut(sentence.text, ROOMS[0].sentence))
        .collect::<Vec<_>>()
        .join("\n");
    match max_tokens {
        Some(most) => memhost_words::cut(&text, most).to_owned(),
        None => text,
    }
}

fn filled(
    schema: &ReplySchema<'_>,
    input: &Input<'_>,
    max_tokens: Option<u32>,
) -> Result<String, Fault> {
    let cannot = |problem: String| {
        Fault::Unavailable(format!(
            "the built-in model `extractive`, which only copies sentences, cannot satisfy the request's schema: \
             {problem}; configure a language model"
        ))
    };
    for room in ROOMS {
        let text = fill(schema.value(), input, room)
            .map_err(cannot)?
            .to_string();
        if max_tokens.is_some_and(|most| memhost_words::count(&text) > most) {
            continue;
        }
        schema.check(&text).map_err(cannot)?;
        return Ok(text);
    }
    Err(cannot(
        "no reply that satisfies it is as short as `max-tokens` asks".to_owned(),
    ))
}

#[cfg(test)]
mod tests;
