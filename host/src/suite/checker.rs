//! How an answer that a language model gives is scored.

use super::{Episode, Matching, Question};

/// What a right answer looks like to a program.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Check {
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
        /// The right option's letter or text.
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

impl Check {
    /// How right an answer is, in 0..=1.
    pub fn score(&self, answer: &str) -> f64 {
        let _ = answer;
        0.0
    }
}

impl Episode {
    /// Whether what a language model answers can be scored: by a check, or as findings.
    pub fn is_checkable(&self) -> bool {
        matches!(self.question, Some(Question::Discover { .. })) || self.check().is_some()
    }

    /// How an answer to this episode is checked; `None` if no program can.
    pub fn check(&self) -> Option<Check> {
        let of_question = || match self.question.as_ref()? {
            Question::Evidence {
                answers, matching, ..
            } if !answers.is_empty() => Some(Check::Contains {
                answers: answers.clone(),
                matching: *matching,
            }),
            Question::Forecast { happened, .. } => Some(Check::Probability {
                happened: *happened,
            }),
            _ => None,
        };
        self.check.clone().or_else(of_question)
    }
}
