//! Numbers as people and language models write them.

use super::signs::{is_minus, is_minus_word};

/// Signs of currency that may stand between a number's sign and its digits.
const CURRENCIES: [char; 4] = ['$', '€', '£', '¥'];

/// Words that join numbers to a list or a range.
const JOINS: [&str; 9] = ["and", "to", "und", "bis", "et", "à", "y", "e", "和"];
/// Words that leave open which of two is meant.
const ALTERNATIVES: [&str; 9] = ["or", "oder", "ou", "o", "u", "или", "或", "または", "或者"];

/// A number in a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Number {
    /// As it is written, the percent sign left out; finite.
    value: f64,
    percent: bool,
}

impl Number {
    /// What it may mean: `37%` is 37 where percents are asked for, and else 0.37.
    pub(super) fn readings(self) -> impl Iterator<Item = f64> {
        let part = self.percent.then_some(self.value / 100.0);
        std::iter::once(self.value).chain(part)
    }

    /// As a probability, in 0..=1: `37%`, or a number from 0 to 1. Years and other counts are none.
    pub(super) fn probability(self) -> Option<f64> {
        if self.percent {
            return Some((self.value / 100.0).clamp(0.0, 1.0));
        }
        (0.0..=1.0).contains(&self.value).then_some(self.value)
    }
}

/// The number that a text is as a whole, if it is one.
pub(super) fn number(text: &str) -> Option<Number> {
    let text = text.trim().trim_end_matches('.');
    let (sign, unsigned) = match text.split_once(char::is_whitespace) {
        Some((word, rest)) if is_minus_word(&word.to_lowercase()) => (-1.0, rest.trim_start()),
        _ => (1.0, text),
    };
    let (found, rest) = take(unsigned, None)?;
    let value = sign * found.value;
    (rest.is_empty() && value.is_finite()).then_some(Number { value, ..found })
}

/// The last number of a text, unless it is one of a list: whoever names several has decided on none.
pub(super) fn last(text: &str) -> Option<Number> {
    let all: Vec<Found<'_>> = numbers_in(text).collect();
    let last = all.last()?.number;
    let list = all.iter().rev();
    let mut others = list.clone().skip(1).zip(list).map_while(|(other, next)| {
        let joined = is_list(next.gap);
        joined.then_some(other.number)
    });
    let differs = |other: Number| !other.readings().any(|x| last.readings().any(|y| x == y));
    (!others.any(differs)).then_some(last)
}

/// The first probability of a text, unless it is one of a list of several.
pub(super) fn probability(text: &str) -> Option<f64> {
    let all: Vec<Found<'_>> = numbers_in(text).collect();
    let is_probable = |found: &Found<'_>| found.number.probability().is_some();
    let place = all.iter().position(is_probable)?;
    let first = all.get(place)?.number.probability()?;
    let list = all.iter().skip(place + 1);
    let mut others = list
        .take_while(|found| is_list(found.gap))
        .filter_map(|found| found.number.probability());
    (!others.any(|other| other != first)).then_some(first)
}

/// Whether what stands between two numbers makes a list or a range of them: nothing but marks and conjunctions, or
/// whatever ends in `or`. A full stop ends a sentence, and a bracket closes what is said on the side.
fn is_list(gap: &str) -> bool {
    let lists = |c: char| c.is_whitespace() || is_minus(c) || ",;?/|&([{—·•*~、，；？".contains(c);
    let mut words = gap.split(lists).filter(|word| !word.is_empty()).rev();
    let Some(last) = words.next().map(str::to_lowercase) else {
        return true;
    };
    let is_join = |word: &str| JOINS.contains(&word.to_lowercase().as_str());
    ALTERNATIVES.contains(&last.as_str()) || is_join(&last) && words.all(is_join)
}

/// A number and where it stands.
#[derive(Debug, Clone, Copy)]
struct Found<'a> {
    number: Number,
    /// What stands between it and the number before, or the beginning.
    gap: &'a str,
}

/// Every number in a text, in order.
///
/// Read are signs (`minus` and `negative` too), decimals, thousands separators (`1,234.5`), exponents (`1e6`), a
/// currency before and a percent sign behind, fractions (`3/4`, with a whole number `1 3/4`). A full stop behind is
/// none of it. Digits inside a word (`x2`, `B12`) are no number, digits before one (`5kg`, `3rd`) are. What is not
/// finite is left out.
fn numbers_in(text: &str) -> impl Iterator<Item = Found<'_>> {
    let mut rest = text;
    let mut before = None;
    let mut end = None;
    std::iter::from_fn(move || {
        loop {
            let first = rest.chars().next()?;
            if let Some((mut number, after)) = take(rest, before) {
                let start = text.len() - rest.len();
                let gap = &text[end.unwrap_or(0)..start];
                let is_bare = rest.starts_with(|c: char| c.is_ascii_digit() || c == '.');
                if is_bare && is_minus_in_words(gap, end.is_some()) {
                    number.value = -number.value;
                }
                before = rest[..rest.len() - after.len()].chars().next_back();
                rest = after;
                end = Some(text.len() - after.len());
                if number.value.is_finite() {
                    return Some(Found { number, gap });
                }
                continue;
            }
            before = Some(first);
            rest = &rest[first.len_utf8()..];
            // The digits of a word go with it.
            if first.is_alphabetic() || first == '_' {
                let word = rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
                before = rest[..rest.len() - word.len()]
                    .chars()
                    .next_back()
                    .or(before);
                rest = word;
            }
        }
    })
}

/// Whether a text ends in the word for a minus sign; `behind` a number, nothing else may stand in it to take that away.
fn is_minus_in_words(gap: &str, behind: bool) -> bool {
    let text = gap.trim_end();
    let word = text.rsplit(|c: char| !c.is_alphabetic()).next();
    let is_sign = text.len() < gap.len() && word.is_some_and(|w| is_minus_word(&w.to_lowercase()));
    is_sign && !(behind && word.is_some_and(|word| text.trim_start().len() == word.len()))
}

/// The number that a text begins with, and what follows it; `before` is the character in front of the text.
fn take(text: &str, before: Option<char>) -> Option<(Number, &str)> {
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let (negative, rest) = match text.strip_prefix(is_minus) {
        // Behind a word or a bracket it is a dash, or takes away.
        Some(rest) if !in_word && before != Some(')') => (true, rest),
        Some(_) => return None,
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let unpriced = rest.strip_prefix(CURRENCIES).unwrap_or(rest);
    let (negative, rest) = match unpriced.strip_prefix('-') {
        Some(rest) if unpriced.len() < text.len() && !negative => (true, rest),
        _ => (negative, unpriced),
    };
    if in_word && rest.len() == text.len() {
        return None;
    }
    let (whole, rest) = decimal(rest)?;
    let (value, rest) = fraction(whole, rest);
    let value = if negative { -value } else { value };
    let (percent, rest) = match rest.strip_prefix(' ').unwrap_or(rest).strip_prefix('%') {
        Some(after) => (true, after),
        None => (false, rest),
    };
    Some((Number { value, percent }, rest))
}

/// `1,234.5e6` and what follows; its whole part may be missing.
fn decimal(text: &str) -> Option<(f64, &str)> {
    let mut digits = String::new();
    let mut rest = grouped(text, &mut digits);
    if let Some(part) = rest.strip_prefix('.') {
        let after = part.trim_start_matches(|c: char| c.is_ascii_digit());
        if after.len() < part.len() {
            digits.push('.');
            digits.push_str(&part[..part.len() - after.len()]);
            rest = after;
        }
    }
    if digits.is_empty() {
        return None;
    }
    if let Some((exponent, after)) = exponent(rest) {
        digits.push_str(exponent);
        rest = after;
    }
    Some((digits.parse().ok()?, rest))
}

/// Copies digits, thousands separators left out, and returns what follows.
fn grouped<'a>(text: &'a str, digits: &mut String) -> &'a str {
    let end = |from: &str| from.len() - from.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let first = end(text);
    digits.push_str(&text[..first]);
    let mut rest = &text[first..];
    if !(1..=3).contains(&first) {
        return rest;
    }
    while let Some(group) = rest.strip_prefix(',')
        && end(group) == 3
    {
        digits.push_str(&group[..3]);
        rest = &group[3..];
    }
    rest
}

/// `e-3` and what follows. A letter that goes on as a word is a unit.
fn exponent(text: &str) -> Option<(&str, &str)> {
    let power = text.strip_prefix(['e', 'E'])?;
    let digits = power.strip_prefix(['-', '+']).unwrap_or(power);
    let after = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    let goes_on = after.starts_with(|c: char| c.is_alphanumeric());
    (after.len() < digits.len() && !goes_on).then(|| (&text[..text.len() - after.len()], after))
}

/// A whole number that turns out to be the upper part of `3/4`, or the whole of `1 3/4`. Chains such as the date
/// `3/4/2024` are no fractions.
fn fraction(whole: f64, rest: &str) -> (f64, &str) {
    if let Some((lower, after)) = divisor(rest) {
        return (whole / lower, after);
    }
    let mixed = || {
        let part = rest.strip_prefix(' ')?;
        let (upper, after) = integer(part)?;
        let (lower, after) = divisor(after)?;
        (whole.fract() == 0.0 && upper < lower).then_some((whole + upper / lower, after))
    };
    mixed().unwrap_or((whole, rest))
}

fn divisor(text: &str) -> Option<(f64, &str)> {
    let (lower, after) = integer(text.strip_prefix('/')?)?;
    (lower != 0.0 && !after.starts_with('/')).then_some((lower, after))
}

fn integer(text: &str) -> Option<(f64, &str)> {
    let after = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &text[..text.len() - after.len()];
    Some((digits.parse().ok()?, after))
}
