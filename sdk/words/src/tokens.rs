//! Tokens: the unit of budgets.

use unicode_segmentation::UnicodeSegmentation;

use crate::scan::{Piece, scan_segment};

/// Letters of a word for which one token is paid: the longest word of ordinary English that common tokenizers
/// leave whole.
pub const LETTERS_PER_TOKEN: usize = 12;

/// Characters of a text, blanks among them, for which at least one token is paid. Prose of languages with blanks has 4 to 6
/// for each token that common tokenizers make of it.
pub const CHARACTERS_PER_TOKEN: usize = 6;

/// How many tokens a text has: see the crate. Never fewer than it has words, nor than a token for
/// [`CHARACTERS_PER_TOKEN`] characters.
pub fn count(text: &str) -> u32 {
    let mut cost = Cost::default();
    for segment in text.split_word_bounds() {
        cost.add(segment);
    }
    cost.tokens()
}

/// The longest beginning of a text with at most `budget` tokens that ends where a word or mark does.
pub fn cut(text: &str, budget: u32) -> &str {
    let mut cost = Cost::default();
    for (start, segment) in text.split_word_bound_indices() {
        cost.add(segment);
        if cost.tokens() > budget {
            return text[..start].trim_end();
        }
    }
    text
}

/// What a text costs so far.
#[derive(Default)]
struct Cost {
    pieces: usize,
    characters: usize,
}

impl Cost {
    fn add(&mut self, segment: &str) {
        self.characters += segment.chars().count();
        scan_segment(segment, &mut |piece| {
            self.pieces += match piece {
                Piece::Word { text, .. } => text.chars().count().div_ceil(LETTERS_PER_TOKEN),
                Piece::Mark => 1,
                Piece::Blank => 0,
            };
        });
    }

    fn tokens(&self) -> u32 {
        let tokens = self.pieces.max(self.characters.div_ceil(CHARACTERS_PER_TOKEN));
        u32::try_from(tokens).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::words;

    #[test]
    fn words_and_marks_cost_a_token_each() {
        assert_eq!(count("It's 3.5 miles, isn't it?"), 13);
        assert_eq!(count(""), 0);
        assert_eq!(count(" \u{0}\t日本 🦀🦀"), 5);
        assert_eq!(count("The answer is blue."), 5);
    }

    #[test]
    fn a_text_cannot_be_written_cheaper_than_it_reads() {
        let plain = "the cat of my sister is called Whiskers and sleeps on the sofa";
        let price = count(plain);
        for joint in ["_", "\u{200b}", "\u{200d}", "\u{2060}", "\u{3164}", "ꓸ", "ǀ", "﹍", "\u{ad}", "·", ""] {
            let joined = plain.replace(' ', joint);
            let cost = count(&joined);
            let read = words(&joined).len();
            assert!(read <= cost as usize, "{joint:?}: {read} words at {cost} tokens");
            // What is not read as words is charged by its length.
            assert!(read > 1 || cost * 2 >= price / 2, "{joint:?}: {cost} of {price}");
        }
    }

    #[test]
    fn long_words_and_unseen_characters_cost_by_their_length() {
        assert_eq!(count(&"a".repeat(600)), 100);
        assert_eq!(count(&"\u{200d}".repeat(600)), 100);
        assert_eq!(count(&" ".repeat(600)), 100);
        assert_eq!(count("ﷺ"), 4, "one letter that reads as four words");
    }

    #[test]
    fn a_text_is_cut_behind_a_word_or_a_mark() {
        assert_eq!(cut("one two, three", 2), "one two");
        assert_eq!(cut("one two, three", 3), "one two,");
        assert_eq!(cut("one", 5), "one");
        assert_eq!(cut("one", 0), "");
        assert_eq!(cut("我的猫叫小花", 3), "我的猫");
    }

    proptest! {
        #[test]
        fn a_text_never_costs_less_than_its_words_or_its_length(text in any_text()) {
            let cost = count(&text) as usize;
            prop_assert!(words(&text).len() <= cost);
            prop_assert!(text.chars().count() <= cost * CHARACTERS_PER_TOKEN);
        }

        #[test]
        fn what_is_cut_keeps_the_budget_and_is_the_longest_that_does(text in any_text(), budget in 0_u32..40) {
            let kept = cut(&text, budget);
            prop_assert!(text.starts_with(kept));
            prop_assert!(count(kept) <= budget);
            if kept.len() < text.len() {
                let rest = &text[kept.len()..];
                let (blanks, next) = rest.split_at(rest.len() - rest.trim_start().len());
                let segment = next.split_word_bounds().next().unwrap_or_default();
                let longer = [kept, blanks, segment].concat();
                prop_assert!(count(&longer) > budget);
            }
        }

        #[test]
        fn more_text_never_costs_less(one in any_text(), other in any_text()) {
            let both = [one.as_str(), " ", &other].concat();
            prop_assert!(count(&both) >= count(&one).max(count(&other)));
        }
    }

    /// Texts of all kinds, rich in what joins, separates, composes and is not seen.
    fn any_text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[a-zA-Z0-9]{1,9}",
            "[_.'’·ꓸ \u{200b}\u{200d}\u{2060}\u{3164}\u{ffa0}\u{ad}\u{fe0f}]{1,3}",
            "[àéß\u{301}İıſﬁ½㎏ﷺ℀㈱ǆ]{1,3}",
            "[我的猫ミケ서울แมวที่ကခခ្មែរ]{1,4}",
            "[\u{1100}-\u{1112}\u{1161}-\u{1175}\u{11a8}-\u{11c2}]{1,3}",
            "\\PC{1,3}",
            any::<char>().prop_map(String::from),
        ];
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }
}
