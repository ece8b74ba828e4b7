//! Words and tokens: what a reader can tell apart in a text, and what the text costs.
//!
//! One definition for the frozen readers, for BM25, for answer guards and for budgets: what a strategy is paid for is
//! what it has to pay for. Two definitions that differ by a character are an invitation to write guidance that is read
//! as many words and charged as one.
//!
//! **A word** is a maximal run of letters, digits and the marks on them, inside one word of Unicode's text segmentation
//! (UAX 29); every other character separates, `_` and `'` too. It is compared after compatibility composition (NFKC,
//! UAX 15) and full case folding, without characters that are not seen (default ignorable code points) and without the
//! optional vowel points of Arabic and Hebrew: full width is half width, `é` is `é` however it is written, `ß` is `ss`,
//! and Turkish `İ` and `ı` are `i`, because a fold that does not know the language cannot keep them apart.
//!
//! **Scripts without blanks** (Chinese, Japanese, Thai, Lao, Khmer, Burmese: line break classes ID, CJ, SA of UAX 14), and
//! Korean, whose particles are written onto the word, give one word per letter. No dictionary decides where a name ends,
//! so that a phrase is found inside any sentence. Searches join neighbours to pairs ([`terms`]), as Lucene's CJK analyser
//! does.
//!
//! **A token** ([`count`]) is what budgets are in: every word costs one for each started
//! [`BYTES_PER_TOKEN`] bytes; every mark that is seen costs one; and a text never costs less than its characters, blanks
//! and unseen ones among them, divided by [`CHARACTERS_PER_TOKEN`]. No model's own tokenizer, so that a budget means
//! the same whichever model is configured, but close to what they count in ordinary text.

mod scan;
mod tokens;

pub use scan::{fold, is_alone};
pub use tokens::{BYTES_PER_TOKEN, CHARACTERS_PER_TOKEN, Cost, count, cut};

use scan::{Piece, scan};

/// The words of a text in their order, in the form in which they are compared.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    scan(text, |piece| {
        if let Piece::Word { text, .. } = piece {
            words.push(text.into_owned());
        }
    });
    words
}

/// What a search finds a text by: its words and, where words are single letters of a script without blanks, each pair
/// of neighbours too.
pub fn terms(text: &str) -> Vec<String> {
    let mut terms = Vec::new();
    let mut before: Option<String> = None;
    scan(text, |piece| match piece {
        Piece::Word { text, alone: true } => {
            let text = text.into_owned();
            if let Some(before) = before.take() {
                terms.push(format!("{before}{text}"));
            }
            terms.push(text.clone());
            before = Some(text);
        }
        Piece::Word { text, alone: false } => {
            before = None;
            terms.push(text.into_owned());
        }
        Piece::Mark | Piece::Blank => before = None,
    });
    terms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_width_composition_and_punctuation_do_not_count() {
        let table = [
            ("It's $3.50, Café!", vec!["it", "s", "3", "50", "café"]),
            ("Cafe\u{301} ＣＡＦＥ\u{301}", vec!["café", "café"]),
            ("STRASSE Straße", vec!["strasse", "strasse"]),
            (
                "İSTANBUL ISPARTA ısparta",
                vec!["istanbul", "isparta", "isparta"],
            ),
            ("get_order-details", vec!["get", "order", "details"]),
            ("ﬁne ㎏ ½", vec!["fine", "kg", "1", "2"]),
            (
                "soft\u{ad}hy\u{200d}phen two\u{200b}words",
                vec!["softhyphen", "two", "words"],
            ),
            ("مُحَمَّد محمـد", vec!["محمد", "محمد"]),
            ("हिन्दी में", vec!["हिन्दी", "में"]),
            ("Yö, äiti!", vec!["yö", "äiti"]),
            ("שלום 🦀 \u{0}x", vec!["שלום", "x"]),
        ];
        for (text, wanted) in table {
            assert_eq!(words(text), wanted, "{text}");
        }
    }

    #[test]
    fn scripts_without_blanks_give_a_word_per_letter() {
        assert_eq!(words("我叫Max"), ["我", "叫", "max"]);
        assert_eq!(words("ミケだよー"), ["ミ", "ケ", "だ", "よ", "ー"]);
        assert_eq!(words("ﾐｹ"), ["ミ", "ケ"]);
        assert_eq!(words("서울에서"), ["서", "울", "에", "서"]);
        assert_eq!(
            words("서울"),
            words("\u{1109}\u{1165}\u{110b}\u{116e}\u{11af}")
        );
        assert_eq!(words("แมวที่"), ["แ", "ม", "ว", "ที่"]);
    }

    #[test]
    fn neighbours_without_a_blank_are_a_pair() {
        assert_eq!(terms("我的猫"), ["我", "我的", "的", "的猫", "猫"]);
        assert_eq!(terms("我，你"), ["我", "你"]);
        assert_eq!(terms("a cat"), ["a", "cat"]);
    }

    #[test]
    fn a_word_is_found_again_among_the_words_of_a_sentence() {
        for (sentence, phrase) in [
            ("我的猫叫小花。", "小花"),
            ("猫の名前はミケです", "ミケ"),
            ("제 고양이는 나비예요", "나비"),
            ("แมวของฉันชื่อทองดีนะ", "ทองดี"),
            ("Kissani nimi on Ääpi.", "ÄÄPI"),
            ("Kedimin adı Işıl.", "ışıl"),
            ("Meine Katze heißt Füßli.", "FÜSSLI"),
            ("मेरी बिल्ली का नाम गुड्डी है", "गुड्डी"),
            ("اسم قطتي لُولُو.", "لولو"),
        ] {
            let (said, wanted) = (words(sentence), words(phrase));
            assert!(
                said.windows(wanted.len()).any(|window| window == wanted),
                "{said:?} {wanted:?}"
            );
        }
    }
}
