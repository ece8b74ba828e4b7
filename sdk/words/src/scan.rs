//! The scanner: a text as words, marks and blanks, each in the form in which it is compared.

use std::borrow::Cow;

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{
    DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup, LineBreak,
};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_segmentation::UnicodeSegmentation;

/// What a text is made of. Characters that are not seen are no piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A word.
    Word {
        /// As it is compared.
        text: Cow<'a, str>,
        /// Whether it is one letter of a script that is written without blanks.
        alone: bool,
    },
    /// A character that is seen and is part of no word.
    Mark,
    /// A blank.
    Blank,
}

/// Hands every piece of a text on, in order.
pub(crate) fn scan<'a>(text: &'a str, mut each: impl FnMut(Piece<'a>)) {
    // Most texts are of these characters alone, and budgets are counted often.
    if text.is_ascii() {
        return scan_ascii(text, &mut each);
    }
    for segment in text.split_word_bounds() {
        scan_segment(segment, &mut each);
    }
}

/// The same for one word of UAX 29, or what lies between two.
pub(crate) fn scan_segment<'a>(segment: &'a str, each: &mut impl FnMut(Piece<'a>)) {
    if segment.is_ascii() {
        return scan_ascii(segment, each);
    }
    let mut word = String::new();
    let mut alone = false;
    let end = |word: &mut String, alone: bool, each: &mut dyn FnMut(Piece<'a>)| {
        if !word.is_empty() {
            let text = Cow::Owned(std::mem::take(word));
            each(Piece::Word { text, alone });
        }
    };
    for c in fold(segment).chars() {
        if is_unseen(c) {
            continue;
        }
        if is_mark_on_a_letter(c) {
            // Without a letter before it there is nothing that it could change.
            if !word.is_empty() {
                word.push(c);
            }
            continue;
        }
        if c.is_alphanumeric() {
            let single = is_alone(c);
            if single || alone {
                end(&mut word, alone, each);
            }
            alone = single;
            word.push(c);
            continue;
        }
        end(&mut word, alone, each);
        alone = false;
        each(between(c));
    }
    end(&mut word, alone, each);
}

/// The same for what needs no table of Unicode's.
fn scan_ascii<'a>(text: &'a str, each: &mut impl FnMut(Piece<'a>)) {
    let mut rest = text;
    while !rest.is_empty() {
        let length = rest
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(length);
        if !word.is_empty() {
            let text = match word.bytes().any(|byte| byte.is_ascii_uppercase()) {
                true => Cow::Owned(word.to_ascii_lowercase()),
                false => Cow::Borrowed(word),
            };
            each(Piece::Word { text, alone: false });
        }
        let mut after = after.chars();
        if let Some(c) = after.next() {
            each(between(c));
        }
        rest = after.as_str();
    }
}

fn between(c: char) -> Piece<'static> {
    if is_blank(c) {
        Piece::Blank
    } else {
        Piece::Mark
    }
}

/// A text in the form in which words are compared, with everything between them still in it: NFKC, full case folding, no
/// difference between Turkish and other `i`, blanks that look like letters as blanks.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    const NFKC: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfkc();
    // Before composition, which makes the filler of full width one that is not seen.
    let text: String = text
        .chars()
        .map(|c| if is_filler(c) { ' ' } else { c })
        .collect();
    let composed = NFKC.normalize(&text);
    let folded = CaseMapper::new().fold_string(&composed);
    let folded = NFKC.normalize(&folded);
    let mut plain = String::with_capacity(folded.len());
    for c in folded.chars() {
        match c {
            'ı' => plain.push('i'),
            '\u{307}' if plain.ends_with('i') => {}
            _ if is_optional(c) => {}
            c => plain.push(c),
        }
    }
    plain
}

/// Whether a letter is a word of its own: it is of a script that is written without blanks, or Korean.
pub fn is_alone(c: char) -> bool {
    if c.is_ascii() {
        return false;
    }
    matches!(
        CodePointMapData::<LineBreak>::new().get(c),
        LineBreak::Ideographic
            | LineBreak::ConditionalJapaneseStarter
            | LineBreak::Nonstarter
            | LineBreak::ComplexContext
            | LineBreak::H2
            | LineBreak::H3
            | LineBreak::JL
            | LineBreak::JV
            | LineBreak::JT
    )
}

/// Whether a character, as it is written, separates words and is seen: neither a letter or digit nor a mark on one.
pub(crate) fn is_mark(c: char) -> bool {
    !(c.is_alphanumeric() || is_blank(c) || is_unseen(c) || is_mark_on_a_letter(c))
}

/// Hangul fillers: letters by their class, and nothing but a blank to the eye.
fn is_filler(c: char) -> bool {
    matches!(c, '\u{3164}' | '\u{ffa0}')
}

/// The zero-width space marks where a word ends in scripts without blanks; to the eye it is none.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{200b}'
}

fn is_unseen(c: char) -> bool {
    !c.is_ascii()
        && c != '\u{200b}'
        && CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

fn is_mark_on_a_letter(c: char) -> bool {
    !c.is_ascii()
        && GeneralCategoryGroup::Mark.contains(CodePointMapData::<GeneralCategory>::new().get(c))
}

/// What may be left out in writing without making another word: tatweel and vowel points of Arabic (Unicode 16, 9.2), points
/// and accents of Hebrew (9.1).
fn is_optional(c: char) -> bool {
    matches!(c, '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}' | '\u{5c2}' | '\u{5c4}' | '\u{5c5}' | '\u{5c7}')
}
