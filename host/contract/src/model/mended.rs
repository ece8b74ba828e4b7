//! What was done to requests and replies so that they could be used, counted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One thing that is done to a reply that is not quite as it should be, or to a request that the endpoint does not
/// take as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mend {
    /// Thoughts, words or a fence around the JSON were left out.
    Unwrapped,
    /// The same JSON came several times.
    Repeated,
    /// Commas, comments or line breaks were in the JSON that no JSON has.
    Syntax,
    /// A value was written otherwise than the schema has it: in capitals, or a number as a text.
    Respelt,
    /// Fields that the schema does not have were dropped.
    FieldsDropped,
    /// Items or text beyond what the schema allows were cut.
    SurplusCut,
    /// Fewer items or less text than the schema wants were taken.
    ShortTaken,
    /// The answer stood elsewhere than in the message's content.
    Elsewhere,
    /// It was asked a second time, with what was wrong.
    AskedAgain,
    /// Its tokens were estimated, because the endpoint did not count them.
    TokensEstimated,
    /// `json_object` was asked for in place of the schema, which stood in the prompt.
    ObjectForSchema,
    /// The schema stood in the prompt alone.
    SchemaInPrompt,
    /// The temperature was not the one that was asked for.
    OtherTemperature,
    /// The limit of tokens was sent in another field, or not at all.
    OtherTokenLimit,
    /// The system's message was put into the user's.
    SystemMerged,
}

impl Mend {
    /// Whether it was done to the reply's text; otherwise to the request, or to the account.
    pub fn is_of_reply(self) -> bool {
        self <= Mend::AskedAgain
    }

    /// In a few words, for a report.
    pub fn what(self) -> &'static str {
        match self {
            Mend::Unwrapped => "words around the JSON",
            Mend::Repeated => "the same JSON twice",
            Mend::Syntax => "faulty JSON",
            Mend::Respelt => "a value in other letters or of another type",
            Mend::FieldsDropped => "fields beyond the schema",
            Mend::SurplusCut => "more than the schema allows, cut",
            Mend::ShortTaken => "less than the schema wants",
            Mend::Elsewhere => "an answer outside of the content",
            Mend::AskedAgain => "asked a second time",
            Mend::TokensEstimated => "tokens estimated",
            Mend::ObjectForSchema => "`json_object` in place of the schema",
            Mend::SchemaInPrompt => "the schema in the prompt alone",
            Mend::OtherTemperature => "the strategy's temperature not used",
            Mend::OtherTokenLimit => "the limit of tokens in another field or left out",
            Mend::SystemMerged => "the system's message put into the user's",
        }
    }
}

/// How often each was done, over one reply or many.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mended {
    /// Replies whose text was mended, whatever was done to it.
    pub replies: u64,
    /// Replies to which each was done.
    pub how: BTreeMap<Mend, u64>,
}

impl Mended {
    /// Notes that it was done to this one reply.
    pub fn note(&mut self, mend: Mend) {
        self.how.insert(mend, 1);
        if mend.is_of_reply() {
            self.replies = 1;
        }
    }

    /// Adds what was done to others.
    pub fn add(&mut self, other: &Mended) {
        self.replies += other.replies;
        for (mend, count) in &other.how {
            *self.how.entry(*mend).or_default() += count;
        }
    }

    /// Whether nothing was done.
    pub fn is_empty(&self) -> bool {
        self.how.is_empty()
    }
}
