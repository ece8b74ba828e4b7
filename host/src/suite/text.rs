//! Words as readers and importers compare them: case and punctuation do not count.

use std::collections::HashSet;
use std::sync::LazyLock;

/// The words of a text in lower case: runs of letters and digits. Scripts that are written without spaces
/// give one word per character, so that a phrase can be found inside a sentence.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() && !stands_alone(c) {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            words.push(c.to_string());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Whether a character is a word of its own: kana and ideographs (Unicode blocks, rounded outwards).
fn stands_alone(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// The words of a text joined by single spaces.
pub(super) fn normal(text: &str) -> String {
    words(text).join(" ")
}

/// A text in the form in which answers are looked for.
#[derive(Debug, Default)]
pub(super) struct Bag {
    /// Words joined by single spaces, with one at either end.
    phrase: String,
    words: HashSet<String>,
}

impl Bag {
    pub(super) fn new(text: &str) -> Bag {
        let words = words(text);
        Bag {
            phrase: format!(" {} ", words.join(" ")),
            words: words.into_iter().collect(),
        }
    }

    /// Whether these words stand in the text one after the other. Nothing stands nowhere.
    pub(super) fn has_phrase(&self, phrase: &str) -> bool {
        let phrase = normal(phrase);
        !phrase.is_empty() && self.phrase.contains(&format!(" {phrase} "))
    }

    pub(super) fn has_word(&self, word: &str) -> bool {
        self.words.contains(word)
    }
}

/// The words of a text that say something. A text of nothing but stop words keeps them all.
pub(super) fn content_words(text: &str) -> Vec<String> {
    static STOP_WORDS: LazyLock<HashSet<String>> = LazyLock::new(|| {
        stop_words::lookup("en")
            .unwrap_or_default()
            .iter()
            .flat_map(|word| words(word))
            .collect()
    });
    let all = words(text);
    let telling: Vec<String> = all
        .iter()
        .filter(|word| !STOP_WORDS.contains(*word))
        .cloned()
        .collect();
    if telling.is_empty() { all } else { telling }
}

/// How many of the telling words of two texts are in both, of all of them: Jaccard's index, in 0..=1.
pub(crate) fn overlap(one: &str, other: &str) -> f64 {
    let of = |text| content_words(text).into_iter().collect::<HashSet<_>>();
    let (one, other) = (of(one), of(other));
    let all = one.union(&other).count();
    let both = one.intersection(&other).count();
    if all == 0 {
        0.0
    } else {
        both as f64 / all as f64
    }
}

/// Whether a name stands in a text as a whole identifier: `get_order` does not stand in `get_order_details`.
pub(super) fn names(text: &str, name: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    !name.is_empty()
        && text.match_indices(name).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + name.len()..].chars().next();
            !before.is_some_and(part_of_name) && !after.is_some_and(part_of_name)
        })
}

/// The sentences of a text, each with its closing mark: a mark closes one if a space follows.
pub(super) fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut closed = false;
    text.split_inclusive(move |c: char| {
        let ends = c == '\n' || (closed && c.is_whitespace());
        closed = matches!(c, '.' | '!' | '?');
        ends
    })
    .map(str::trim)
    .filter(|sentence| !sentence.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_ignore_case_and_punctuation_and_know_other_scripts() {
        assert_eq!(words("It's $3.50, Café!"), ["it", "s", "3", "50", "café"]);
        assert_eq!(words("我叫Max"), ["我", "叫", "max"]);
        assert_eq!(words("שלום 🦀 \u{0}x"), ["שלום", "x"]);
    }

    #[test]
    fn a_phrase_is_found_as_whole_words_only() {
        let bag = Bag::new("My counter is only 38 square feet.");
        assert!(bag.has_phrase("38 Square"));
        assert!(!bag.has_phrase("8 square"));
        assert!(!bag.has_phrase("?"));
    }

    #[test]
    fn a_text_of_stop_words_keeps_them() {
        assert_eq!(content_words("the 7th of September"), ["7th", "september"]);
        assert_eq!(content_words("to be"), ["to", "be"]);
    }

    #[test]
    fn a_sentence_ends_at_a_mark_before_a_space() {
        let text = "It cost 3.50! Really?  Yes.\nNo";
        let all: Vec<&str> = sentences(text).collect();
        assert_eq!(all, ["It cost 3.50!", "Really?", "Yes.", "No"]);
    }

    #[test]
    fn a_name_is_found_as_a_whole_identifier_only() {
        assert!(names("call get_order, then stop", "get_order"));
        assert!(!names("get_order_details", "get_order"));
        assert!(names("get_order_details get_order", "get_order"));
    }
}
