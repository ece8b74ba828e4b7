//! Searches, scans and their conditions.

use crate::types::{Comparison, Condition, Fusion, Operand, Probe, Ranking, Scan, Search, Share};

macro_rules! comparisons {
    ($($(#[$doc:meta])* $name:ident = $comparison:ident;)*) => {
        impl Condition { $(
            $(#[$doc])*
            pub fn $name(field: &str, operand: impl Into<Operand>) -> Self {
                Self {
                    field: field.to_owned(),
                    comparison: Comparison::$comparison,
                    operand: operand.into(),
                }
            }
        )* }
    };
}

comparisons! {
    /// The field equals the operand, or one of several texts.
    eq = Eq;
    /// The field differs from the operand, from each of several texts, or is something that the memory lacks.
    ne = Ne;
    /// The field is less than the operand.
    lt = Lt;
    /// The field is at most the operand.
    le = Le;
    /// The field is greater than the operand.
    gt = Gt;
    /// The field is at least the operand.
    ge = Ge;
    /// The field's text holds the operand.
    contains = Contains;
}

impl Condition {
    /// The memory has this label.
    pub fn labelled(name: &str, value: impl Into<Operand>) -> Self {
        Self::eq(&format!("label.{name}"), value)
    }

    /// The memory does not have this label.
    pub fn not_labelled(name: &str, value: impl Into<Operand>) -> Self {
        Self::ne(&format!("label.{name}"), value)
    }
}

impl From<&str> for Operand {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Operand {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// One of these texts, with [`Condition::eq`]; none of them, with [`Condition::ne`].
impl<T: Into<String>> From<Vec<T>> for Operand {
    fn from(texts: Vec<T>) -> Self {
        Self::OneOf(texts.into_iter().map(Into::into).collect())
    }
}

/// As for a list.
impl<T: Into<String>, const N: usize> From<[T; N]> for Operand {
    fn from(texts: [T; N]) -> Self {
        Self::from(Vec::from(texts))
    }
}

impl From<f64> for Operand {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Operand {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl Search {
    /// By cosine similarity between a text and the keys of this name; any key, if the name is empty.
    pub fn semantic(key: &str, text: impl Into<String>) -> Self {
        Self::by(Ranking::Semantic(Probe {
            text: text.into(),
            field: key.to_owned(),
        }))
    }

    /// By cosine similarity to a vector, over all keys.
    pub fn vector(vector: Vec<f32>) -> Self {
        Self::by(Ranking::Vector(vector))
    }

    /// By BM25 over one field: `content`, `title`, `key.<name>`.
    pub fn lexical(field: &str, text: impl Into<String>) -> Self {
        Self::by(Ranking::Lexical(Probe {
            text: text.into(),
            field: field.to_owned(),
        }))
    }

    /// The most hits; 10 unless given.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }

    /// Only memories that meet this condition too.
    #[must_use]
    pub fn only(mut self, condition: Condition) -> Self {
        self.filter.push(condition);
        self
    }

    /// Hits below this are left out.
    #[must_use]
    pub fn min_score(mut self, score: f64) -> Self {
        self.min_score = Some(score);
        self
    }

    fn by(ranking: Ranking) -> Self {
        Self {
            ranking,
            filter: Vec::new(),
            limit: 10,
            min_score: None,
        }
    }
}

impl Fusion {
    /// Rankings that count the same. Each should have a limit of its own, below which nothing of it takes part.
    pub fn evenly(searches: impl IntoIterator<Item = Search>) -> Self {
        let searches: Vec<Search> = searches.into_iter().collect();
        let weight = 1.0 / searches.len().max(1) as f64;
        let share = |search| Share { search, weight };
        Self {
            shares: searches.into_iter().map(share).collect(),
            limit: 10,
        }
    }

    /// The most hits; 10 unless given.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }
}

impl Scan {
    /// All memories that take part, the oldest first.
    pub fn oldest_first() -> Self {
        Self {
            filter: Vec::new(),
            order_by: None,
            descending: false,
            offset: 0,
            limit: u32::MAX,
            with_vectors: false,
        }
    }

    /// All memories that take part, the newest first.
    pub fn newest_first() -> Self {
        Self::oldest_first().descending()
    }

    /// All memories that take part, by one of the fields of a condition, the smallest first.
    pub fn by(field: &str) -> Self {
        Self {
            order_by: Some(field.to_owned()),
            ..Self::oldest_first()
        }
    }

    /// The largest first.
    #[must_use]
    pub fn descending(mut self) -> Self {
        self.descending = true;
        self
    }

    /// Only memories that meet this condition too.
    #[must_use]
    pub fn only(mut self, condition: Condition) -> Self {
        self.filter.push(condition);
        self
    }

    /// How many to pass over.
    #[must_use]
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = offset;
        self
    }

    /// The most rows; all unless given.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }

    /// The keys' vectors come too.
    #[must_use]
    pub fn with_vectors(mut self) -> Self {
        self.with_vectors = true;
        self
    }
}
