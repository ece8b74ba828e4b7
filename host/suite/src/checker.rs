//! How an answer that a language model gives is scored: a program per form of answer, and no model.
//!
//! A check scores what the agent hands in, in 0..=1, and takes anything: an answer that it cannot read scores 0. So
//! does one that leaves open what is meant, because a list of all that it could be would be right every time:
//!
//! | check | an answer is right if |
//! |---|---|
//! | exact | it is an accepted one but for case, punctuation and blanks; where both are numbers, the same number |
//! | numeric | its last number is the right one, and not one of a list (`17, 18`, `17 or 18`, `17–18`) |
//! | choice | it names the right option, by letter or text, and no other, and does not deny it |
//! | json | it is, or holds in a fenced block, the same value; the order of fields does not count, that of lists does; blocks with different values are no answer |
//! | contains | it is an accepted answer, in a short sentence perhaps, and no list; see [`candidates`] |
//! | probability | by degrees: 1 - (p - outcome)^2 (Brier 1950) of its first probability, if that is not one of a list |
//!
//! Signs are part of what they name: see [`signs`]. A thought between marks such as `<think>` is dropped; one that is
//! not closed is no answer, nor is a question, nor what breaks off in an ellipsis, unless what is accepted ends so too.

mod candidates;
mod choice;
mod json;
mod number;
pub(super) mod signs;
#[cfg(test)]
mod tests;
mod thought;

use super::Matching;
use number::number;
use signs::signed_words;
pub use thought::{Apart, apart};

/// How far two numbers may differ, as a part of the right one, because decimals are not exact in binary.
const ROUNDING: f64 = 1e-9;

/// What a right answer looks like to a program.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum AnswerCheck {
    /// It is one of these, but for case, punctuation and blanks.
    Exact {
        /// The accepted answers.
        answers: Vec<String>,
    },
    /// Its last number is this one.
    Numeric {
        /// The right number.
        value: f64,
        /// How far off it may be.
        #[serde(default)]
        tolerance: f64,
    },
    /// It names this option, and no other.
    Choice {
        /// The right option's letter or text. Letters count from A in the order of the options.
        answer: String,
        /// All options.
        options: Vec<String>,
    },
    /// It is this JSON value, whatever the order of the fields.
    Json {
        /// The right value.
        value: serde_json::Value,
    },
    /// It holds one of these.
    Contains {
        /// The accepted answers.
        answers: Vec<String>,
        /// How they are looked for.
        #[serde(default)]
        matching: Matching,
    },
    /// It is a probability, scored by 1 - (probability - outcome)^2 (Brier 1950).
    Probability {
        /// Whether it came true.
        happened: bool,
    },
}

impl AnswerCheck {
    /// How right an answer is, in 0..=1.
    ///
    /// No probability at all scores 0, as a sure forecast that was wrong: else refusing would beat forecasting
    /// badly.
    pub fn score(&self, answer: &str) -> f64 {
        if let AnswerCheck::Json { value } = self {
            // Sound JSON is never touched, whatever its texts hold.
            let found = json::find(answer).or_else(|| json::find(&apart(answer).said?));
            return right(found.is_some_and(|found| json::same(&found, value)));
        }
        let Some(answer) = apart(answer).said else {
            return 0.0;
        };
        if ends_open(&answer) && !self.accepted().iter().any(|accepted| ends_open(accepted)) {
            return 0.0;
        }
        match self {
            AnswerCheck::Exact { answers } => {
                right(answers.iter().any(|wanted| same(wanted, &answer)))
            }
            AnswerCheck::Numeric { value, tolerance } => right(
                number::last(&answer)
                    .is_some_and(|last| last.readings().any(|x| is_close(x, *value, *tolerance))),
            ),
            AnswerCheck::Choice {
                answer: wanted,
                options,
            } => right(choice::names(&answer, wanted, options)),
            AnswerCheck::Json { .. } => 0.0,
            AnswerCheck::Contains { answers, matching } => {
                right(candidates::is_one_of(&answer, answers, *matching))
            }
            AnswerCheck::Probability { happened } => {
                let outcome = f64::from(u8::from(*happened));
                number::probability(&answer).map_or(0.0, |p| 1.0 - (p - outcome).powi(2))
            }
        }
    }

    /// The texts that an answer may be.
    fn accepted(&self) -> &[String] {
        match self {
            AnswerCheck::Exact { answers } | AnswerCheck::Contains { answers, .. } => answers,
            AnswerCheck::Choice { options, .. } => options,
            AnswerCheck::Numeric { .. }
            | AnswerCheck::Json { .. }
            | AnswerCheck::Probability { .. } => &[],
        }
    }
}

fn right(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

/// Whether a text ends in a question mark or an ellipsis, quotes, brackets and emphasis aside.
fn ends_open(text: &str) -> bool {
    let dress = |c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '"' | '\'' | '”' | '’' | '»' | ')' | ']' | '*' | '_' | '`'
            )
    };
    let end = text.trim_end_matches(dress);
    end.ends_with(['?', '？', '؟', '…']) || end.ends_with("..")
}

/// Whether two answers are the same: as numbers where both are, else by their words and signs, and by every character
/// where there is no word.
fn same(wanted: &str, answer: &str) -> bool {
    if let (Some(wanted), Some(answer)) = (number(wanted), number(answer)) {
        return wanted == answer;
    }
    match (signed_words(wanted), signed_words(answer)) {
        (wanted_words, words) if wanted_words.is_empty() && words.is_empty() => {
            !wanted.trim().is_empty() && wanted.trim() == answer.trim()
        }
        (wanted, answer) => wanted == answer,
    }
}

/// Whether a number is the right one. A tolerance below 0 is none, and what is not finite is no number.
fn is_close(x: f64, value: f64, tolerance: f64) -> bool {
    value.is_finite() && (x - value).abs() <= tolerance.max(0.0).max(value.abs() * ROUNDING)
}
