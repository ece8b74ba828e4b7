//! Blindness to the answer: a new experience is tried on the very task that it comes from, and one that held the
//! answer would always seem to help.
//!
//! What is compared are words, so that neither case nor punctuation hides an answer. A very short one must have the
//! same case: `A` is not the article.

/// Stands where an answer stood.
pub(crate) const BLANK: &str = "[…]";

/// Words of at most so many characters are compared by case, if they are all of an answer.
const SHORT: usize = 2;

/// Knows the answer of an attempt, in order to keep it out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Blind {
    /// Forms of the answer, the longest first.
    answers: Vec<Literal>,
}

/// One form of an answer.
#[derive(Debug, Clone, PartialEq)]
enum Literal {
    /// Words in a row, in lower case.
    Words(Vec<String>),
    /// A single short word.
    Short(String),
    /// Marks without any word.
    Marks(String),
}

/// Where a word stands.
struct Word<'a> {
    start: usize,
    text: &'a str,
}

impl Blind {
    /// To this answer: to all of it, to its last line, and to what follows the last colon there, because models tend to
    /// reason before they answer.
    pub(crate) fn to(answer: &str) -> Self {
        let whole = answer.trim();
        let last_line = whole.lines().last().unwrap_or("");
        let after_colon = last_line.rsplit_once(':').map_or("", |(_, after)| after);
        let mut answers = Vec::new();
        for form in [whole, last_line, after_colon] {
            let literal = Literal::of(form.trim());
            answers.extend(literal.filter(|literal| !answers.contains(literal)));
        }
        Self { answers }
    }

    /// The text with blanks for the answer.
    pub(crate) fn masked(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for answer in &self.answers {
            let places = answer.places(&masked);
            // From the end, so that the places before stay where they are.
            for (start, end) in places.into_iter().rev() {
                masked.replace_range(start..end, BLANK);
            }
        }
        masked
    }

    /// Whether the text says the answer.
    pub(crate) fn is_told_by(&self, text: &str) -> bool {
        let told = |answer: &Literal| !answer.places(text).is_empty();
        self.answers.iter().any(told)
    }
}

impl Literal {
    fn of(answer: &str) -> Option<Self> {
        let words: Vec<Word> = words(answer).collect();
        match words.as_slice() {
            [] if answer.is_empty() => None,
            [] => Some(Self::Marks(answer.to_owned())),
            [one] if one.text.chars().count() <= SHORT => Some(Self::Short(one.text.to_owned())),
            words => Some(Self::Words(
                words.iter().map(|one| one.text.to_lowercase()).collect(),
            )),
        }
    }

    /// From where to where it stands in the text, without overlaps.
    fn places(&self, text: &str) -> Vec<(usize, usize)> {
        match self {
            Self::Marks(marks) => {
                let found = text.match_indices(marks.as_str());
                found.map(|(at, _)| (at, at + marks.len())).collect()
            }
            Self::Short(word) => words(text)
                .filter(|one| one.text == word)
                .map(|one| (one.start, one.start + one.text.len()))
                .collect(),
            Self::Words(answer) => in_a_row(answer, text),
        }
    }
}

fn in_a_row(answer: &[String], text: &str) -> Vec<(usize, usize)> {
    let words: Vec<Word> = words(text).collect();
    let lower: Vec<String> = words.iter().map(|one| one.text.to_lowercase()).collect();
    let mut places: Vec<(usize, usize)> = Vec::new();
    for (spans, said) in words.windows(answer.len()).zip(lower.windows(answer.len())) {
        if let ([first, ..], [.., last]) = (spans, spans)
            && said == answer
            && places.last().is_none_or(|(_, end)| *end <= first.start)
        {
            places.push((first.start, last.start + last.text.len()));
        }
    }
    places
}

/// Runs of letters and digits.
fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    let pieces = text.split(|c: char| !c.is_alphanumeric());
    let mut start = 0;
    pieces.filter_map(move |piece| {
        let at = start;
        let mark = text
            .get(at + piece.len()..)
            .and_then(|rest| rest.chars().next());
        start = at + piece.len() + mark.map_or(0, char::len_utf8);
        (!piece.is_empty()).then_some(Word {
            start: at,
            text: piece,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_found_whatever_its_case_and_punctuation() {
        let blind = Blind::to("The Eiffel Tower.");
        assert!(blind.is_told_by("It was (the EIFFEL-tower)!"));
        assert!(!blind.is_told_by("It was the tower by Eiffel."));
        assert_eq!(blind.masked("Is it the eiffel tower?"), "Is it […]?");
    }

    #[test]
    fn an_answer_is_a_word_and_not_a_part_of_one() {
        let blind = Blind::to("42");
        assert_eq!(blind.masked("42 of 420, 42%"), "[…] of 420, […]%");
        assert!(!blind.is_told_by("1420"));
    }

    #[test]
    fn a_short_answer_must_have_the_same_case() {
        let blind = Blind::to("A");
        assert!(blind.is_told_by("Take A."));
        assert!(!blind.is_told_by("take a break"));
    }

    #[test]
    fn an_answer_of_marks_and_one_of_other_scripts_are_found_too() {
        assert_eq!(Blind::to(">=").masked("a >= b >= c"), "a […] b […] c");
        assert_eq!(Blind::to("東京").masked("答えは 東京。"), "答えは […]。");
        assert!(!Blind::to("  ").is_told_by("anything"));
    }

    #[test]
    fn an_answer_after_reasoning_is_an_answer() {
        let blind = Blind::to("I counted the boxes.\nAnswer: seventeen");
        assert!(blind.is_told_by("There were seventeen."));
        assert!(!blind.is_told_by("There were some boxes."));
    }
}
