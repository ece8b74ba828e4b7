//! Words as readers and importers compare them, by the definition that budgets count by: [`memhost_words`].

use std::collections::HashSet;
use std::sync::LazyLock;

pub(crate) use memhost_words::words;
use memhost_words::{is_alone, terms};

use super::checker::signs::{is_negative, signed_terms, signed_words};

/// The words of a text joined by single spaces.
pub(crate) fn normal(text: &str) -> String {
    words(text).join(" ")
}

/// A text in the form in which answers are looked for.
#[derive(Debug, Default)]
pub struct Bag {
    /// Words with their signs, joined by single spaces, with one at either end.
    phrase: String,
    terms: HashSet<String>,
}

impl Bag {
    /// Of a text, however it is spelt, joined or set.
    pub fn new(text: &str) -> Bag {
        Bag {
            phrase: format!(" {} ", signed_words(text).join(" ")),
            terms: signed_terms(text).into_iter().collect(),
        }
    }

    /// Whether these words stand in the text one after the other, with the same signs. Nothing stands nowhere.
    pub(crate) fn has_phrase(&self, phrase: &str) -> bool {
        self.has_run(&signed_words(phrase))
    }

    /// The same of words in the form in which they are compared.
    pub(crate) fn has_run(&self, words: &[String]) -> bool {
        !words.is_empty() && self.phrase.contains(&format!(" {} ", words.join(" ")))
    }

    /// Whether a word stands in the text, or a pair of letters where they are words of their own: one of
    /// [`content_words`].
    pub(crate) fn has_word(&self, word: &str) -> bool {
        self.terms.contains(word)
    }

    /// Everything that [`Bag::has_word`] finds: each word of a phrase that stands here is among it.
    pub(crate) fn terms(&self) -> impl Iterator<Item = &str> {
        self.terms.iter().map(String::as_str)
    }
}

/// What an answer is found by, signs and all, without the words that stand in every English text. A text of nothing but
/// stop words keeps them all.
pub(crate) fn content_words(text: &str) -> Vec<String> {
    telling(signed_terms(text))
}

fn telling(all: Vec<String>) -> Vec<String> {
    static STOP_WORDS: LazyLock<HashSet<String>> = LazyLock::new(|| {
        stop_words::lookup("en")
            .unwrap_or_default()
            .iter()
            .flat_map(|word| words(word))
            .collect()
    });
    let telling: Vec<String> = all
        .iter()
        .filter(|word| !STOP_WORDS.contains(*word))
        .cloned()
        .collect();
    if telling.is_empty() { all } else { telling }
}

/// How many of the telling words of two texts are in both, of all of them: Jaccard's index, in 0..=1.
pub fn overlap(one: &str, other: &str) -> f64 {
    let of = |text| telling(terms(text)).into_iter().collect::<HashSet<_>>();
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
pub fn names(text: &str, name: &str) -> bool {
    first_mention(text, name).is_some()
}

/// Where a name first stands in a text as a whole identifier, in bytes.
pub(super) fn first_mention(text: &str, name: &str) -> Option<usize> {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut mentions = text.match_indices(name).filter(|_| !name.is_empty());
    let mention = mentions.find(|(at, _)| {
        let before = text[..*at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !before.is_some_and(part_of_name) && !after.is_some_and(part_of_name)
    });
    mention.map(|(at, _)| at)
}

/// Whether a value stands in a text to the letter, and whole: 12 does not stand in 123, in 12.5, in -12 or in 2024-05-12, nor
/// `HAT06` in `HAT069`.
pub(crate) fn has_value(text: &str, value: &str) -> bool {
    let mut places = text.match_indices(value).filter(|_| !value.is_empty());
    places.any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + value.len()..]);
        let goes_on = |inside: Option<char>, outside: Option<char>, beyond: Option<char>| {
            let (Some(inside), Some(outside)) = (inside, outside) else {
                return false;
            };
            let is_of_word = |c: char| (c.is_alphanumeric() || c == '_') && !is_alone(c);
            let is_digit = |c: char| c.is_ascii_digit();
            is_of_word(inside) && is_of_word(outside)
                || is_digit(inside)
                    && matches!(outside, '.' | ',' | '-' | ':' | '/')
                    && beyond.is_some_and(is_digit)
        };
        let (mut back, mut front) = (before.chars().rev(), after.chars());
        let (first, last) = (value.chars().next(), value.chars().next_back());
        let (previous, next) = (back.next(), front.next());
        let is_negative = first.is_some_and(|c| c.is_ascii_digit()) && is_negative(before);
        !goes_on(first, previous, back.next()) && !goes_on(last, next, front.next()) && !is_negative
    })
}

/// The sentences of a text, each with its closing mark: a mark closes one if a space follows, and in scripts without
/// blanks in any case.
pub fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut closed = false;
    text.split_inclusive(move |c: char| {
        let ends = matches!(c, '\n' | '。' | '！' | '？' | '｡' | '।' | '۔')
            || (closed && c.is_whitespace());
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
    fn a_phrase_is_found_as_whole_words_only() {
        let bag = Bag::new("My counter is only 38 square feet.");
        assert!(bag.has_phrase("38 Square"));
        assert!(!bag.has_phrase("8 square"));
        assert!(!bag.has_phrase("?"));
        let bag = Bag::new("The freezer is set to -18.5, and all is in C#.");
        assert!(bag.has_phrase("−18.50") && bag.has_phrase("c#") && bag.has_word("c#"));
        for other in ["18.5", "-18", "18", "5", "C", "C++"] {
            assert!(!bag.has_phrase(other) && !bag.has_word(other), "{other}");
        }
        let bag = Bag::new("我的猫叫小花");
        assert!(bag.has_phrase("小花") && bag.has_word("小花"));
        assert!(!bag.has_phrase("花小") && !bag.has_word("花小"));
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
        let all: Vec<&str> = sentences("我有一只猫。它叫小花！").collect();
        assert_eq!(all, ["我有一只猫。", "它叫小花！"]);
    }

    #[test]
    fn a_value_is_found_whole_and_to_the_letter_only() {
        for (text, value) in [
            ("order 12.", "12"),
            ("{\"a\":[12,\"HAT069\"]}", "12"),
            ("{\"a\":[12,\"HAT069\"]}", "HAT069"),
            ("at 9: 12, SEA-12 and more", "12"),
            ("#W26 by mia_li_36@a.org", "#W26"),
            ("#W26 by mia_li_36@a.org", "mia_li_36@a.org"),
            ("from SFO-JFK", "JFK"),
            ("to New York City", "New York"),
            ("123 and 12", "12"),
            ("他叫小花吗", "小花"),
        ] {
            assert!(has_value(text, value), "{value} stands in {text}");
        }
        for (text, value) in [
            ("123", "12"),
            ("312", "12"),
            ("12.5", "12"),
            ("5.12", "12"),
            ("1,012", "012"),
            ("it is -12", "12"),
            ("2024-05-12", "12"),
            ("2024-05-12", "2024-05"),
            ("12:30", "12"),
            ("HAT069", "HAT06"),
            ("order_12", "12"),
            ("HAT069SEA12", "SEA"),
            ("hat069", "HAT069"),
            ("anything", ""),
        ] {
            assert!(!has_value(text, value), "{value} does not stand in {text}");
        }
    }

    #[test]
    fn a_name_is_found_as_a_whole_identifier_only() {
        assert!(names("call get_order, then stop", "get_order"));
        assert!(!names("get_order_details", "get_order"));
        assert!(names("get_order_details get_order", "get_order"));
    }
}
