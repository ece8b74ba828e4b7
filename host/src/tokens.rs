//! Tokens as budgets count them: [`memhost_words`].

pub use memhost_words::{count, cut};
