//! Words with the signs that are part of what they name: -18 is not 18, and C++ is neither C# nor C.
//!
//! [`memhost_words::words`] leaves every sign out, which is right for a search and wrong for an answer. A sign belongs
//! to a word where nothing stands between the two:
//!
//! - **before digits, a minus**: a hyphen, a dash or a minus sign behind which no blank stands, and the words `minus`
//!   and `negative`. Behind a word, a number or a closing bracket it joins, or takes away, and is no sign (`3-5`, `2010–2018`,
//!   `20 minus 18`). With a blank behind it, it is a bullet (`- 18`);
//! - **before a letter, one full stop** at the beginning of a name (`.NET`);
//! - **behind a word, `+` and `#`**, as many as there are (`C++`, `F#`, `18+`); one `+` between two words adds.
//!
//! A number is one word, decimals and thousands included, by its value: `3.50` is `3.5`, `1,000` is `1000`, and neither
//! holds `50` or `000`. The full stop is the decimal mark, so that `1.000` is 1. Zeros at the front of a whole number
//! stay: `007` is a name.
//!
//! All other signs dress a word and do not change it: quotes, brackets, emphasis, currencies, `%`, `@`, `°`.

use memhost_words::{fold, is_alone, words};
use unicode_segmentation::UnicodeSegmentation as _;

/// Signs of currency that may stand between a number's sign and its digits.
const CURRENCIES: [char; 4] = ['$', '€', '£', '¥'];

/// The words of a text in the form in which answers are compared: as [`words`] gives them, with their signs.
pub(crate) fn signed_words(text: &str) -> Vec<String> {
    let text = fold(text);
    let mut said: Vec<String> = Vec::new();
    let mut end = 0;
    for (start, segment) in text.split_word_bound_indices() {
        let (before, after) = (&text[..start], &text[start + segment.len()..]);
        let mut found = words_of(segment, before);
        let Some(first) = found.first_mut() else {
            continue;
        };
        if first.starts_with(|c: char| c.is_ascii_digit()) {
            let in_words = || {
                text.get(end..start)
                    .is_some_and(|gap| gap.chars().all(char::is_whitespace))
                    && takes_minus(&said)
            };
            if is_negative(before) {
                first.insert(0, '-');
            } else if in_words() {
                said.pop();
                first.insert(0, '-');
            }
        } else if begins_with_stop(before, first) {
            first.insert(0, '.');
        }
        if let Some(last) = found.last_mut() {
            last.push_str(&signs_behind(after));
        }
        said.append(&mut found);
        end = start + segment.len();
    }
    said
}

/// What a search finds a text by, with signs: [`signed_words`] and, where words are single letters of a script without
/// blanks, each pair of neighbours too, as in [`memhost_words::terms`].
pub(crate) fn signed_terms(text: &str) -> Vec<String> {
    let is_pair = |term: &String| term.chars().nth(1).is_some() && term.chars().all(is_alone);
    let mut terms = signed_words(text);
    terms.extend(memhost_words::terms(text).into_iter().filter(is_pair));
    terms
}

/// The words of one word of UAX 29, a number as one.
fn words_of(segment: &str, before: &str) -> Vec<String> {
    let digits = segment.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ',');
    let (number, unit) = segment.split_at(segment.len() - digits.len());
    let is_written_out = number.contains(['.', ',']);
    let only_decimals = || {
        let dot = before.strip_suffix('.')?;
        (!dot.ends_with(|c: char| c.is_alphanumeric() || c == '.')).then(|| format!("0.{number}"))
    };
    let number = match unit.is_empty() && !is_written_out && !number.is_empty() {
        true => Some(only_decimals().unwrap_or_else(|| number.to_owned())),
        false => Some(number.to_owned()).filter(|_| is_written_out),
    };
    match number.as_deref().and_then(value) {
        Some(value) => std::iter::once(value).chain(words(unit)).collect(),
        None => words(segment),
    }
}

/// A number in the one form in which it is compared; `None` if it is several, as in `1,2,3` or `12.05.2023`.
fn value(number: &str) -> Option<String> {
    let (whole, decimals) = match number.split_once('.') {
        Some((whole, decimals)) => (whole, Some(decimals)),
        None => (number, None),
    };
    let is_digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let mut is_grouped = false;
    for group in groups {
        if group.len() != 3 || !is_digits(group) || first.len() > 3 {
            return None;
        }
        is_grouped = true;
    }
    let whole = match (is_digits(first), is_grouped, decimals) {
        (true, _, _) => whole.replace(',', ""),
        (false, false, Some(_)) if first.is_empty() => "0".to_owned(),
        _ => return None,
    };
    let Some(decimals) = decimals else {
        return Some(whole);
    };
    if !is_digits(decimals) {
        return None;
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    Some(match decimals.trim_end_matches('0') {
        "" => whole.to_owned(),
        decimals => format!("{whole}.{decimals}"),
    })
}

/// Whether a text ends in the minus of the number that follows, its currency between the two or before both.
pub(crate) fn is_negative(before: &str) -> bool {
    let before = before.strip_suffix('.').unwrap_or(before);
    let before = before.strip_suffix(CURRENCIES).unwrap_or(before);
    let Some(front) = before.strip_suffix(is_minus) else {
        return false;
    };
    !front.ends_with(|c: char| c.is_alphanumeric() || c == ')' || c == '_')
}

/// A hyphen, a minus sign, and what keyboards give for it. A long dash is none.
pub(super) fn is_minus(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2013}' | '\u{2212}')
}

/// Whether the number that follows is negative in words. Behind another number they take away.
fn takes_minus(said: &[String]) -> bool {
    let mut backwards = said.iter().rev();
    let is_sign = backwards.next().is_some_and(|word| is_minus_word(word));
    is_sign && !backwards.next().is_some_and(|word| is_number(word))
}

/// What says in English that a number is below zero.
pub(super) fn is_minus_word(word: &str) -> bool {
    word == "minus" || word == "negative"
}

/// Whether a word of [`signed_words`] is a number.
pub(super) fn is_number(word: &str) -> bool {
    let digits = word.strip_prefix('-').unwrap_or(word);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
}

fn begins_with_stop(before: &str, word: &str) -> bool {
    let Some(front) = before.strip_suffix('.') else {
        return false;
    };
    let opens = |c: char| !c.is_alphanumeric() && !matches!(c, '.' | '!' | '?' | ')' | '…');
    word.starts_with(char::is_alphabetic) && front.chars().next_back().is_none_or(opens)
}

fn signs_behind(after: &str) -> String {
    let signs: String = after
        .chars()
        .map_while(|c| match c {
            '+' => Some('+'),
            '#' | '♯' => Some('#'),
            _ => None,
        })
        .collect();
    let adds = signs == "+" && after[1..].starts_with(char::is_alphanumeric);
    if adds { String::new() } else { signs }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_sign_belongs_to_the_word_that_it_touches() {
        let table: [(&str, &[&str]); 38] = [
            ("-18", &["-18"]),
            ("−18 °C", &["-18", "c"]),
            ("–18", &["-18"]),
            ("—18", &["18"]),
            ("－１８", &["-18"]),
            ("minus 18", &["-18"]),
            ("Negative 3.50!", &["-3.5"]),
            ("- 18", &["18"]),
            ("(-18)", &["-18"]),
            ("**-18**", &["-18"]),
            ("20 minus 18", &["20", "minus", "18"]),
            ("3-5", &["3", "5"]),
            ("(2)-5", &["2", "5"]),
            ("2010–2018", &["2010", "2018"]),
            ("-$5, $-5, -5$", &["-5", "-5", "-5"]),
            ("F-18", &["f", "18"]),
            ("-18th", &["-18th"]),
            ("C++, C#; C.", &["c++", "c#", "c"]),
            ("C + +", &["c"]),
            ("**C++**", &["c++"]),
            ("C♯ and F＃", &["c#", "and", "f#"]),
            ("C++17", &["c++", "17"]),
            ("1+1 a+b", &["1", "1", "a", "b"]),
            ("18+", &["18+"]),
            ("an A+", &["an", "a+"]),
            (".NET", &[".net"]),
            ("in “.NET”, not NET", &["in", ".net", "not", "net"]),
            ("Wait...what", &["wait", "what"]),
            ("end.Next Node.js", &["end", "next", "node", "js"]),
            ("3.50 3.5 03.5 3.0", &["3.5", "3.5", "3.5", "3"]),
            (".5 0.5", &["0.5", "0.5"]),
            ("-.5", &["-0.5"]),
            ("1,000 1000 1.000", &["1000", "1000", "1"]),
            ("1,2,3 12.05.2023", &["1", "2", "3", "12", "05", "2023"]),
            ("007 18% $18 18.", &["007", "18", "18", "18"]),
            ("1.5kg 5kg", &["1.5", "kg", "5kg"]),
            ("@alice #rust", &["alice", "rust"]),
            ("零下18度", &["零", "下", "18", "度"]),
        ];
        for (text, wanted) in table {
            assert_eq!(signed_words(text), wanted, "{text}");
        }
    }

    proptest! {
        #[test]
        fn without_signs_and_numbers_words_are_words(text in "[a-zA-Zäß猫のแ ,;:'!?_]{0,40}") {
            prop_assert_eq!(signed_words(&text), words(&text));
        }

        #[test]
        fn what_was_read_is_read_again(marks in "[-+#.,$€0-9a-c −–()]*") {
            let said = signed_words(&marks);
            prop_assert_eq!(signed_words(&said.join(" ")), said, "{}", marks);
        }

        #[test]
        fn no_text_is_too_odd(text in "\\PC*") {
            prop_assert!(signed_words(&text).iter().all(|word| !word.is_empty()));
        }
    }
}
