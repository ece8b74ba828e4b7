//! Tokens as budgets count them: a run of letters and digits is one, and so is every other mark.
//!
//! No model's own tokenizer, so that a budget means the same whichever model is configured.

/// How many tokens a text has.
pub fn count(text: &str) -> u32 {
    u32::try_from(spans(text).count()).unwrap_or(u32::MAX)
}

/// The longest beginning of a text with at most `budget` tokens.
pub fn cut(text: &str, budget: u32) -> &str {
    match spans(text).nth(budget as usize) {
        Some((start, _)) => text[..start].trim_end(),
        None => text,
    }
}

/// Byte ranges of the tokens.
fn spans(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut rest = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let (start, first) = rest.find(|(_, c)| !c.is_whitespace())?;
        let mut end = start + first.len_utf8();
        if is_word(first) {
            while let Some((at, c)) = rest.next_if(|(_, c)| is_word(*c)) {
                end = at + c.len_utf8();
            }
        }
        Some((start, end))
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_words_and_marks() {
        assert_eq!(count("It's 3.5 miles, isn't it?"), 13);
        assert_eq!(count(""), 0);
        assert_eq!(count(" \u{0}\t日本 🦀🦀"), 4);
    }

    #[test]
    fn cuts_at_a_token() {
        assert_eq!(cut("one two, three", 2), "one two");
        assert_eq!(cut("one two, three", 3), "one two,");
        assert_eq!(cut("one", 5), "one");
        assert_eq!(cut("one", 0), "");
    }
}
