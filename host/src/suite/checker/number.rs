//! Numbers as people and language models write them.

/// Signs of currency that may stand between a number's sign and its digits.
const CURRENCIES: [char; 4] = ['$', '€', '£', '¥'];

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
    let (found, rest) = take(text, None)?;
    (rest.is_empty() && found.value.is_finite()).then_some(found)
}

/// Every number in a text, in order.
///
/// Read are signs, decimals, thousands separators (`1,234.5`), exponents (`1e6`), a currency before and a percent
/// sign behind, fractions (`3/4`, with a whole number `1 3/4`). A full stop behind is none of it. Digits inside a
/// word (`x2`, `B12`) are no number, digits before one (`5kg`, `3rd`) are. What is not finite is left out.
pub(super) fn numbers_in(text: &str) -> impl Iterator<Item = Number> + '_ {
    let mut rest = text;
    let mut before = None;
    std::iter::from_fn(move || {
        loop {
            let first = rest.chars().next()?;
            if let Some((number, after)) = take(rest, before) {
                before = rest[..rest.len() - after.len()].chars().next_back();
                rest = after;
                if number.value.is_finite() {
                    return Some(number);
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

/// The number that a text begins with, and what follows it; `before` is the character in front of the text.
fn take(text: &str, before: Option<char>) -> Option<(Number, &str)> {
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let (negative, rest) = match text.strip_prefix(['-', '\u{2212}']) {
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
