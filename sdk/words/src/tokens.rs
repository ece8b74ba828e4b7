//! Tokens: the unit of budgets.

use unicode_segmentation::UnicodeSegmentation;

use crate::scan::{Piece, is_mark, scan, scan_segment};

/// Bytes of a word in UTF-8 for which one token is paid. Tokenizers work on bytes: they leave most English words whole,
/// and cut those of scripts with two or three bytes a letter.
pub const BYTES_PER_TOKEN: usize = 10;

/// Characters of a text, blanks among them, for which at least one token is paid. Prose of languages with blanks has 4 to 6
/// for each token that common tokenizers make of it.
pub const CHARACTERS_PER_TOKEN: usize = 6;

/// How many tokens a text has: see the crate. Never fewer than it has words, nor than a token for
/// [`CHARACTERS_PER_TOKEN`] characters.
pub fn count(text: &str) -> u32 {
    Cost::of(text).tokens()
}

/// The longest beginning of a text with at most `budget` tokens that ends where a word or mark does.
pub fn cut(text: &str, budget: u32) -> &str {
    // Counting is quicker than looking for the place, and most texts fit.
    if count(text) <= budget {
        return text;
    }
    let mut cost = Cost::default();
    for (start, segment) in text.split_word_bound_indices() {
        let before = cost;
        cost.add_segment(segment);
        if cost.tokens() > budget {
            let end = start + fitting(segment, before, budget);
            return text[..end].trim_end();
        }
    }
    text
}

/// How much of a word of UAX 29 still fits, up to a mark in it: `get_order_details` is one such word, and three to a reader.
fn fitting(segment: &str, before: Cost, budget: u32) -> usize {
    let ends: Vec<usize> = ends_within(segment).collect();
    let fits = |end: &usize| {
        let mut cost = before;
        cost.add_segment(&segment[..*end]);
        cost.tokens() <= budget
    };
    let fitting = ends.partition_point(fits);
    let last = fitting.checked_sub(1).and_then(|last| ends.get(last));
    last.copied().unwrap_or_default()
}

/// Where a word or a mark ends inside a word of UAX 29.
fn ends_within(segment: &str) -> impl Iterator<Item = usize> {
    let mut characters = segment.char_indices().peekable();
    std::iter::from_fn(move || {
        loop {
            let (_, c) = characters.next()?;
            let (at, next) = *characters.peek()?;
            if is_mark(c) || is_mark(next) {
                return Some(at);
            }
        }
    })
}

/// What a text costs so far, for whoever puts one together piece by piece.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    pieces: usize,
    characters: usize,
}

impl Cost {
    /// The text goes on with this; where the two meet, a word ends.
    pub fn add(&mut self, text: &str) {
        self.characters += text.chars().count();
        scan(text, |piece| self.pieces += price(&piece));
    }

    /// The same with a text of which only the cost is at hand.
    pub fn add_cost(&mut self, text: Cost) {
        self.pieces += text.pieces;
        self.characters += text.characters;
    }

    /// What both cost at least, whatever is added to them.
    #[must_use]
    pub fn least(self, other: Cost) -> Cost {
        Cost {
            pieces: self.pieces.min(other.pieces),
            characters: self.characters.min(other.characters),
        }
    }

    /// What one text costs.
    pub fn of(text: &str) -> Cost {
        let mut cost = Cost::default();
        cost.add(text);
        cost
    }

    fn add_segment(&mut self, segment: &str) {
        self.characters += segment.chars().count();
        scan_segment(segment, &mut |piece| self.pieces += price(&piece));
    }

    /// How many tokens that is.
    pub fn tokens(&self) -> u32 {
        let tokens = self
            .pieces
            .max(self.characters.div_ceil(CHARACTERS_PER_TOKEN));
        u32::try_from(tokens).unwrap_or(u32::MAX)
    }
}

fn price(piece: &Piece<'_>) -> usize {
    match piece {
        Piece::Word { text, .. } => text.len().div_ceil(BYTES_PER_TOKEN),
        Piece::Mark => 1,
        Piece::Blank => 0,
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
        for joint in [
            "_", "\u{200b}", "\u{200d}", "\u{2060}", "\u{3164}", "ꓸ", "ǀ", "﹍", "\u{ad}", "·", "",
        ] {
            let joined = plain.replace(' ', joint);
            let cost = count(&joined);
            let read = words(&joined).len();
            assert!(
                read <= cost as usize,
                "{joint:?}: {read} words at {cost} tokens"
            );
            // What is not read as words is charged by its length.
            assert!(
                read > 1 || cost * 2 >= price / 2,
                "{joint:?}: {cost} of {price}"
            );
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
        assert_eq!(cut("call get_order_details", 4), "call get_order");
        assert_eq!(cut("don't", 2), "don'");
    }

    /// Tokens here, and of OpenAI's `o200k_base` as npm's `gpt-tokenizer` 3 counts them. Marks are dearer here, and words with
    /// many endings cheaper.
    #[test]
    fn ordinary_text_costs_about_what_tokenizers_make_of_it() {
        let table = [
            (99, 98, EN),
            (
                81,
                71,
                "Hey! I'm thinking of adopting a second cat, since Momo (she's 3 now) gets lonely when I'm at work. My \
                  landlord said it's okay as long as I pay $25/month extra. Do you know whether I'd have to re-do the \
                  vet's paperwork? My appointment's on Tuesday, 14 March at 9:30.",
            ),
            (
                53,
                67,
                "Gedächtnisstrategien lernen aus Erfahrung. Ein Agent, der gestern gescheitert ist, sollte heute nicht auf \
                  dieselbe Weise scheitern; er sollte sich erinnern, was er versucht und gesehen hat und warum es nicht \
                  funktionierte. Die Datenbankverbindung wurde wegen einer Zeitüberschreitung unterbrochen.",
            ),
            (
                33,
                49,
                "Bellek stratejileri deneyimden öğrenir. Dün başarısız olan bir ajan bugün aynı şekilde başarısız \
                  olmamalıdır; ne denediğini, ne gördüğünü ve neden işe yaramadığını hatırlamalıdır.",
            ),
            (
                83,
                57,
                "记忆策略从经验中学习。昨天失败的智能体今天不应该以同样的方式失败；它应该记住自己尝试过什么、看到了什么，以及为什么没有成功。\
                  今天我和妈妈一起去市场买了一些蔬菜和水果。",
            ),
            (
                91,
                72,
                "記憶の戦略は経験から学びます。昨日失敗したエージェントは、今日同じように失敗してはいけません。何を試し、何を見て、\
                  なぜうまくいかなかったのかを覚えておくべきです。猫の名前はミケです。",
            ),
            (
                70,
                49,
                "기억 전략은 경험에서 배웁니다. 어제 실패한 에이전트는 오늘 같은 방식으로 실패해서는 안 됩니다. 무엇을 시도했고 \
                  무엇을 보았으며 왜 실패했는지 기억해야 합니다.",
            ),
            (
                48,
                40,
                "स्मृति रणनीतियाँ अनुभव से सीखती हैं। जो एजेंट कल असफल हुआ, उसे आज उसी तरह असफल नहीं होना चाहिए; \
                  उसे याद रखना चाहिए कि उसने क्या कोशिश की।",
            ),
            (
                37,
                49,
                "تتعلم استراتيجيات الذاكرة من التجربة. الوكيل الذي فشل أمس لا ينبغي أن يفشل اليوم بالطريقة نفسها، \
                  بل يجب أن يتذكر ما حاوله وما رآه ولماذا لم ينجح.",
            ),
            (
                51,
                51,
                "Стратегии памяти учатся на опыте. Агент, который вчера потерпел неудачу, не должен сегодня потерпеть \
                  неудачу таким же образом; он должен помнить, что он пробовал и почему это не сработало.",
            ),
        ];
        for (here, reference, text) in table {
            assert_eq!(count(text), here, "{text}");
            let ratio = f64::from(here) / f64::from(reference);
            assert!((0.65..1.5).contains(&ratio), "{ratio:.2}: {text}");
        }
    }

    const EN: &str = "Memory strategies learn from experience. An agent that failed yesterday should not fail in the same way \
        today; it should remember what it tried, what it saw, and why it did not work. Each of these strategies was \
        written for one benchmark, and nobody can run two of them side by side, swap one for another under a running \
        agent, or trust a program that a stranger wrote. The information retrieved before a task is limited, so that a \
        strategy has to decide what is worth saying.";

    proptest! {
        #[test]
        fn a_text_never_costs_less_than_its_words_or_its_length(text in any_text()) {
            let cost = count(&text) as usize;
            prop_assert!(words(&text).len() <= cost);
            prop_assert!(text.chars().count() <= cost * CHARACTERS_PER_TOKEN);
        }

        #[test]
        fn texts_cost_together_what_their_costs_come_to(one in any_text(), other in any_text()) {
            let mut longer = Cost::of(&one);
            longer.add_cost(Cost::of(&other));
            let mut expected = Cost::of(&one);
            expected.add(&other);
            prop_assert_eq!(longer, expected);
            let least = Cost::of(&one).least(Cost::of(&other)).tokens();
            prop_assert!(least <= count(&one) && least <= count(&other));
        }

        #[test]
        fn what_is_cut_keeps_the_budget_and_is_the_longest_that_does(text in any_text(), budget in 0_u32..40) {
            let kept = cut(&text, budget);
            prop_assert!(text.starts_with(kept));
            prop_assert!(count(kept) <= budget);
            let segments = text.split_word_bound_indices();
            let ends = segments.flat_map(|(start, segment)| {
                let within = ends_within(segment).map(move |end| start + end);
                within.chain([start + segment.len()])
            });
            for end in ends.filter(|end| *end > kept.len()) {
                let longer = text[..end].trim_end();
                prop_assert!(longer.len() <= kept.len() || count(longer) > budget, "{}", longer);
            }
        }

        #[test]
        fn the_short_way_through_ascii_finds_the_same_words(text in "[ -~\\n\\t]{0,60}") {
            let mut long_way = Vec::new();
            for segment in text.split_word_bounds() {
                scan_segment(segment, &mut |piece| if let Piece::Word { text, .. } = piece {
                    long_way.push(text.into_owned());
                });
            }
            prop_assert_eq!(words(&text), long_way);
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
