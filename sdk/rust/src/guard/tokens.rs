//! Words with their places, where a number is one word whatever marks it holds.

use std::ops::Range;

use memhost_words::{fold, is_alone, words};
use unicode_segmentation::UnicodeSegmentation;

/// Marks of currency may stand between a number and its sign.
const CURRENCIES: [char; 9] = ['$', '€', '£', '¥', '₩', '₹', '₺', '₽', '฿'];

/// What is written for a minus.
const MINUS: [char; 4] = ['-', '−', '－', '﹣'];

/// What a number may hold between its digits.
const NUMBER_MARKS: [char; 8] = ['.', ',', '\'', '’', '．', '，', '٫', '٬'];

/// The zeros of Arabic, Persian, Hindi, Bengali and Thai, each before its nine other digits (Unicode 16, 22.3).
const ZEROS: [char; 5] = ['٠', '۰', '०', '০', '๐'];

/// A word of a text.
#[derive(Debug, Clone)]
pub(super) struct Token {
    /// Where it stands. Words that Unicode's text segmentation leaves together (`get_order`, a name and its particle in
    /// Korean) have one place.
    pub(super) place: Range<usize>,
    /// Whether it begins with a capital letter.
    pub(super) capital: bool,
    /// As it is compared; of a number, every value that it can be read as.
    readings: Vec<String>,
    number: bool,
}

/// Wherever they stand.
impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        (self.capital, &self.readings) == (other.capital, &other.readings)
    }
}

impl Token {
    /// Whether both are the same word, or can be read as the same number.
    pub(super) fn is(&self, other: &Token) -> bool {
        self.readings.iter().any(|one| other.readings.contains(one))
    }

    /// Whether the word is one of these, as they are compared.
    pub(super) fn reads(&self, word: &str) -> bool {
        self.readings.iter().any(|one| one == word)
    }

    pub(super) fn is_number(&self) -> bool {
        self.number
    }

    /// How many digits a number has, and its decimal point if there is one; nothing of a word.
    pub(super) fn digits(&self) -> Option<usize> {
        let lengths = self
            .readings
            .iter()
            .map(|one| one.trim_start_matches('-').chars().count());
        lengths.max().filter(|_| self.number)
    }

    /// How many letters it has, without the marks on them: a mark by itself is no word.
    pub(super) fn letters(&self) -> usize {
        let is_letter = |c: &char| !words(c.encode_utf8(&mut [0; 4])).is_empty();
        let lengths = self
            .readings
            .iter()
            .map(|one| one.chars().filter(is_letter).count());
        lengths.max().unwrap_or_default()
    }

    /// Whether it is a letter of a script that is written without blanks.
    pub(super) fn is_alone(&self) -> bool {
        let first = self.readings.first().and_then(|one| one.chars().next());
        first.is_some_and(is_alone)
    }
}

/// The words of a text in their order.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for (start, segment) in text.split_word_bound_indices() {
        let number = number_in(segment);
        if !number.is_empty() {
            tokens.push(numeric(text, start, number));
        }
        let rest = &segment[number.len()..];
        let start = start + number.len();
        let capital = rest.chars().next().is_some_and(char::is_uppercase);
        tokens.extend(words(rest).into_iter().map(|word| Token {
            place: start..start + rest.len(),
            capital,
            number: is_digits(&word),
            readings: vec![word],
        }));
    }
    tokens
}

/// The number that a segment begins with. `2nd` and `7b` are words; `3.5kg` and `2개` are a number and a word.
fn number_in(segment: &str) -> &str {
    let in_number = |c: char| c.is_numeric() || NUMBER_MARKS.contains(&c);
    let end = segment.find(|c| !in_number(c)).unwrap_or(segment.len());
    let (number, rest) = segment.split_at(end);
    let next = rest.chars().next();
    let stands_for_itself = next.is_none_or(is_alone) || number.contains(|c: char| !c.is_numeric());
    let is_number = stands_for_itself && words(number).iter().all(|word| is_digits(word));
    match is_number && number.starts_with(char::is_numeric) {
        true => number,
        false => "",
    }
}

fn is_digits(word: &str) -> bool {
    word.chars().all(char::is_numeric)
}

/// A number with the sign before it.
fn numeric(text: &str, start: usize, number: &str) -> Token {
    let signed = sign_before(&text[..start]);
    let minus = if signed.is_some() { "-" } else { "" };
    let digits: String = fold(number).chars().map(ascii).collect();
    let readings = readings(&digits).into_iter();
    Token {
        place: signed.unwrap_or(start)..start + number.len(),
        capital: false,
        readings: readings.map(|value| format!("{minus}{value}")).collect(),
        number: true,
    }
}

/// A digit or mark of a number as it is compared.
fn ascii(c: char) -> char {
    let digit = ZEROS.iter().find_map(|zero| {
        let value = u32::from(c).checked_sub(u32::from(*zero))?;
        char::from_digit(value, 10)
    });
    match c {
        '٫' => '.',
        '٬' => ',',
        _ => digit.unwrap_or(c),
    }
}

/// Where the sign stands that a text ends with: a minus behind nothing that it could be subtracted from or joined to.
fn sign_before(text: &str) -> Option<usize> {
    let bare = text.strip_suffix(CURRENCIES).unwrap_or(text);
    let before = bare.strip_suffix(MINUS)?;
    let joins = |c: char| c.is_alphanumeric() || matches!(c, ')' | ']' | '}') || MINUS.contains(&c);
    (!before.ends_with(joins)).then_some(before.len())
}

/// The values that a number can be read as: `1,200.50` and `1.200,50` are 1200.5; `1.200` is 1.2 or, as on the European
/// continent, 1200. What is neither, such as a date, is itself.
fn readings(number: &str) -> Vec<String> {
    let number: String = number
        .chars()
        .filter(|c| !matches!(c, '\'' | '’'))
        .collect();
    let is_mark = |c: char| matches!(c, '.' | ',');
    let Some(last) = number.rfind(is_mark) else {
        return vec![number];
    };
    let (whole, fraction) = (&number[..last], &number[last + 1..]);
    let mark = &number[last..=last];
    let groups: Vec<&str> = number.split(is_mark).collect();
    let grouped = groups
        .iter()
        .skip(1)
        .all(|group| group.chars().count() == 3)
        && groups
            .first()
            .is_some_and(|first| (1..=3).contains(&first.chars().count()))
        && number.matches(is_mark).all(|one| one == mark);
    let decimal = number.matches(mark).count() == 1 && !(grouped && mark == ",");

    let mut readings = Vec::new();
    if decimal {
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        readings.push(format!("{}{point}{fraction}", whole.replace(is_mark, "")));
    }
    if grouped {
        readings.push(number.replace(is_mark, ""));
    }
    if readings.is_empty() {
        readings.push(number);
    }
    readings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_the_values_that_it_can_be_read_as() {
        let table: [(&str, &[&str]); 11] = [
            ("1200", &["1200"]),
            ("1,200", &["1200"]),
            ("1.200", &["1.2", "1200"]),
            ("1,200.50", &["1200.5"]),
            ("1.200,50", &["1200.5"]),
            ("1'200.00", &["1200"]),
            ("1,200,000", &["1200000"]),
            ("3,5", &["3.5"]),
            ("3.50", &["3.5"]),
            ("29.11.2026", &["29.11.2026"]),
            ("1..2", &["1..2"]),
        ];
        for (number, values) in table {
            assert_eq!(readings(number), values, "{number}");
        }
    }

    #[test]
    fn a_sign_belongs_to_its_number_and_a_hyphen_to_none() {
        let first = |text: &str| {
            tokens(text)
                .into_iter()
                .find(Token::is_number)
                .unwrap()
                .readings
        };
        for text in ["-18", "x = -18", "(−18)", "-$18", "it is －１８ now"] {
            assert_eq!(first(text), ["-18"], "{text}");
        }
        for text in ["18", "pages 5-18", "a-18", "f(x)-18", "- 18", "--18"] {
            assert!(tokens(text).iter().all(|one| !one.reads("-18")), "{text}");
        }
    }
}
