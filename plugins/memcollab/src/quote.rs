//! Whether a text gives away an answer. A constraint must carry over to other tasks, and must not solve one.

/// A word without digits and shorter than this is too common to give anything away: `a`, `no`.
const TELLING_LETTERS: usize = 3;

/// Whether the text says what the answer comes to: all of its last line, where answers stand that were reasoned
/// out, or the last number in it. Case, punctuation and the way in which a number is written do not matter.
pub(crate) fn quotes(text: &str, answer: &str) -> bool {
    let said = words(text);
    let last_line = answer.lines().rfind(|line| !line.trim().is_empty());
    let result = words(last_line.unwrap_or_default());
    let number = result.iter().rfind(|word| is_number(word));
    number.is_some_and(|number| said.contains(number)) || (tells(&result) && holds(&said, &result))
}

fn tells(words: &[String]) -> bool {
    match words {
        [] => false,
        [word] => is_number(word) || word.chars().count() >= TELLING_LETTERS,
        _ => true,
    }
}

/// Whether the part stands in the whole without a gap. The part is not empty.
fn holds(whole: &[String], part: &[String]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}

/// Runs of letters and digits in lower case; a number is one word, and the same however it is written.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let within_number = matches!(char, '.' | ',')
            && word.ends_with(|last: char| last.is_ascii_digit())
            && chars.peek().is_some_and(char::is_ascii_digit);
        if char.is_alphanumeric() || within_number {
            word.extend(char.to_lowercase());
        } else if !word.is_empty() {
            words.push(normal(std::mem::take(&mut word)));
        }
    }
    if !word.is_empty() {
        words.push(normal(word));
    }
    words
}

/// `1,200.50` as `1200.5`.
fn normal(word: String) -> String {
    if !is_number(&word) {
        return word;
    }
    let number = word.replace(',', "");
    match number.contains('.') {
        true => number
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned(),
        false => number,
    }
}

fn is_number(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_digit())
        && word
            .chars()
            .all(|char| char.is_ascii_digit() || matches!(char, '.' | ','))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_quoted_however_it_is_written() {
        for answer in [
            "1200",
            "$1,200.00",
            "So she pays 4 * 300 = <<4*300=1200>>1200 dollars.\nA: 1200\n",
            "The answer is 1,200.",
            "#### 1200",
        ] {
            assert!(
                quotes("enforce a total of 1200; avoid 300", answer),
                "{answer}"
            );
            assert!(quotes("enforce $1,200", answer), "{answer}");
            assert!(
                !quotes("enforce 12 checks of 120 or 12000", answer),
                "{answer}"
            );
        }
    }

    #[test]
    fn words_are_quoted_in_a_row_and_whatever_their_case() {
        assert!(quotes("enforce naming Ada Lovelace first", "ada LOVELACE."));
        assert!(!quotes(
            "enforce that Ada, not Lovelace, is named",
            "Ada Lovelace"
        ));
        assert!(quotes("avoid the Paris of Texas", "Paris"));
        assert!(!quotes("avoid comparisons", "Paris"));
    }

    #[test]
    fn answers_that_say_nothing_are_not_quoted() {
        for answer in ["", " \n ", "A", "(b)", "no", "?!"] {
            assert!(
                !quotes("when a number has no unit, enforce plan B", answer),
                "{answer}"
            );
        }
    }

    #[test]
    fn any_text_can_be_read() {
        for odd in ["1.", ".5", "1,", "١٢", "日本。", "1..2", "1.2.3", "\u{0}"] {
            assert!(quotes(odd, odd) || !tells(&words(odd)), "{odd:?}");
        }
    }
}
