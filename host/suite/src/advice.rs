//! Advice: what to do about a file that holds what is not expected there.

use std::fmt;

/// What to do, and what to read up on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Advice {
    text: String,
    topic: Option<Topic>,
}

/// What there is more to be read about; where, whoever shows the error knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// The fields of a suite of one's own: [`jsonl`](super::jsonl).
    Fields,
    /// The data sets of others and the files that each is read from: [`formats`](super::formats).
    Formats,
}

impl Advice {
    /// With a topic; the text may be empty.
    pub(super) fn on(topic: Topic, text: impl Into<String>) -> Advice {
        Advice {
            text: text.into(),
            topic: Some(topic),
        }
    }

    /// What there is more to be read about, if anything.
    pub fn topic(&self) -> Option<Topic> {
        self.topic
    }
}

impl<T: Into<String>> From<T> for Advice {
    fn from(text: T) -> Advice {
        Advice {
            text: text.into(),
            topic: None,
        }
    }
}

/// In a line of its own below the error, if there is any text.
impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text.is_empty() {
            true => Ok(()),
            false => write!(f, "\n  {}", self.text),
        }
    }
}
