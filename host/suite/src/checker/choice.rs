//! Options by letter or text.

use std::collections::HashSet;

use super::candidates::is_denied;
use super::same;
use super::signs::signed_words;

/// Whether an answer names the right option and no other.
pub(super) fn names(answer: &str, wanted: &str, options: &[String]) -> bool {
    let Some(right) = whole(wanted, options) else {
        return false;
    };
    match whole(answer, options) {
        Some(named) => named == right,
        None => named(answer, options) == Some(vec![right]),
    }
}

/// Which option a text is, as a whole: its text counts before its letter.
fn whole(text: &str, options: &[String]) -> Option<usize> {
    let by_text = options.iter().position(|option| same(option, text));
    by_text.or_else(|| {
        let mut letters = text.chars().filter(|c| c.is_alphanumeric());
        let letter = letters.next().filter(|_| letters.next().is_none())?;
        place(letter.to_ascii_uppercase(), options)
    })
}

/// Which option a letter stands for. Where options are letters themselves, no other letter stands for any.
fn place(letter: char, options: &[String]) -> Option<usize> {
    let itself = |option: &String| option.trim().eq_ignore_ascii_case(&letter.to_string());
    if options.iter().any(|option| is_letter(option)) {
        return options.iter().position(itself);
    }
    let place = usize::try_from(u32::from(letter).checked_sub(u32::from('A'))?).ok()?;
    (letter.is_ascii_uppercase() && place < options.len()).then_some(place)
}

fn is_letter(option: &str) -> bool {
    let option = option.trim();
    option.len() == 1 && option.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Every option that a text names, in their order. Where one option's words are part of another's (`York`, `New
/// York`), the longer one takes them. `None` if it says of one that it is not the answer.
fn named(text: &str, options: &[String]) -> Option<Vec<usize>> {
    let mut said = signed_words(text);
    let mut found = Vec::new();
    // Letters are looked for as letters below.
    let mut longest_first: Vec<(usize, Vec<String>)> = options
        .iter()
        .enumerate()
        .filter(|(_, option)| !is_letter(option))
        .map(|(place, option)| (place, signed_words(option)))
        .collect();
    longest_first.sort_by_key(|(_, words)| std::cmp::Reverse(words.len()));
    let mut spoken_for = HashSet::new();
    for (place, option) in longest_first {
        if option.is_empty() {
            continue;
        }
        match strike_out(&mut said, &option) {
            Struck::Not => {}
            Struck::Out => {
                found.push(place);
                spoken_for.extend(option);
            }
            Struck::Denied => return None,
        }
    }
    // The letter in `vitamin C` is a part of that option, and names no third one.
    let letters = letters(text).filter(|c| !spoken_for.contains(&c.to_lowercase().to_string()));
    found.extend(letters.filter_map(|letter| place(letter, options)));
    found.sort_unstable();
    found.dedup();
    Some(found)
}

/// What came of striking a phrase out of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Struck {
    /// It does not stand there.
    Not,
    /// It is struck out.
    Out,
    /// It stands there as what is not so.
    Denied,
}

/// Takes every occurrence of a phrase out of a text.
fn strike_out(said: &mut [String], phrase: &[String]) -> Struck {
    let mut found = Struck::Not;
    let mut at = 0;
    while let Some(window) = said.get(at..at + phrase.len()) {
        if window == phrase {
            if is_denied(said, at) {
                return Struck::Denied;
            }
            let window = said.iter_mut().skip(at).take(phrase.len());
            window.for_each(String::clear);
            found = Struck::Out;
            at += phrase.len();
        } else {
            at += 1;
        }
    }
    found
}

/// The upper-case letters that stand alone. Before another word, `I` is a pronoun, and `A` at the beginning of a
/// sentence an article.
fn letters(text: &str) -> impl Iterator<Item = char> + '_ {
    let part_of_word = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’' | '_');
    text.char_indices().filter_map(move |(at, c)| {
        let before = &text[..at];
        let after = &text[at + c.len_utf8()..];
        let alone = c.is_ascii_uppercase()
            && !before.ends_with(part_of_word)
            && !after.starts_with(|c: char| part_of_word(c) || matches!(c, '+' | '#' | '♯'));
        let mut following = after.chars();
        let before_a_word =
            following.next() == Some(' ') && following.next().is_some_and(char::is_alphabetic);
        let begins = || {
            let mut earlier = before.chars().rev().filter(|c| !c.is_whitespace());
            earlier.next().is_none_or(|c| matches!(c, '.' | '!' | '?'))
        };
        let word = before_a_word && (c == 'I' || (c == 'A' && begins()));
        (alone && !word).then_some(c)
    })
}
