//! The answer guard: whether a text gives an answer away, in any language.
//!
//! What is learnt must carry over to other tasks, and must not solve one: a lesson that holds its task's answer seems to
//! help whenever that task comes again. Compared are the words of `memhost_words`, so that neither case nor punctuation,
//! neither full width nor decomposed accents hide an answer, and an answer in Chinese, Japanese, Korean or Thai is found
//! inside a sentence. A number is one word, the same however it is written (`1,200.00`, `1.200`, `1200`), and its sign
//! belongs to it: `-18` is not `18`.
//!
//! What counts:
//!
//! | the answer | is quoted by | is told by |
//! |---|---|---|
//! | several words, or a long one; a number of three digits and more | its words in a row | the same |
//! | a word of one or two letters, a number of one or two digits (`A`, `no`, `2`) | the same word, in the same case | it where it stands as the answer: `answer is 2`, `= 2`, `答案是2`, nothing but `2` |
//! | one letter of a script without blanks (`是`) | it where it stands alone, or as the answer | it where it stands as the answer |
//! | marks without a word (`>=`) | the same marks | nothing but these |
//!
//! [`AnswerGuard::is_quoted_in`] is for what is tried on the very task that it comes from, and errs towards the answer;
//! [`AnswerGuard::is_told_by`] is for what is handed out with other tasks, where "check both 2 cases" says nothing of a
//! task whose answer is 2.

mod standing;
#[cfg(test)]
mod tests;
mod tokens;

use std::ops::Range;

use standing::{stands_alone, stands_as_the_answer};
use tokens::{Token, tokens};

use crate::types::Fault;

/// Stands where an answer stood.
pub const BLANK: &str = "[…]";

/// A word of at most so many letters is too common to give anything away by itself: `A`, `no`, `है`.
const FEW_LETTERS: usize = 2;

/// The same for a number: counts and steps are numbers of one or two digits.
const FEW_DIGITS: usize = 2;

/// Knows an answer, in order to keep it out of what is learnt.
///
/// ```
/// use memhost_sdk::AnswerGuard;
///
/// let guard = AnswerGuard::of("16 - 14 = 2\nThe answer is 2");
/// assert!(guard.is_told_by("the answer is 2") && guard.is_told_by("答案是2个"));
/// assert!(!guard.is_told_by("check both 2 cases"));
///
/// let guard = AnswerGuard::of("東京");
/// assert!(guard.is_quoted_in("答えは東京です"));
/// assert_eq!(guard.masked("答えは東京です"), "答えは[…]です");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerGuard {
    forms: Vec<Form>,
}

/// One form of an answer.
#[derive(Debug, Clone, PartialEq)]
enum Form {
    /// Words in a row; at least two, or a telling one.
    Words(Vec<Token>),
    /// A single word that is too common to tell.
    Common(Token),
    /// The same, and only a part of what was answered.
    CommonPart(Token),
    /// Marks without any word.
    Marks(String),
}

/// How sure it must be that a common word is meant as the answer.
#[derive(Clone, Copy, PartialEq)]
enum Sought {
    /// Wherever the word stands.
    Anywhere,
    /// Where it stands as the answer.
    AsTheAnswer,
}

impl AnswerGuard {
    /// For this answer: for all of it, for its last line, and, because models tend to reason before they answer, for what
    /// follows the last colon there and for the last number there; a common number that is only a part of the answer counts
    /// where it stands as the answer.
    pub fn of(answer: &str) -> Self {
        let whole = answer.trim();
        let last_line = whole.lines().next_back().unwrap_or_default();
        let after_colon = last_line.rsplit_once([':', '：']);
        let mut forms: Vec<Form> = Vec::new();
        let texts = [whole, last_line, after_colon.map_or("", |(_, after)| after)];
        for form in texts.into_iter().filter_map(Form::of) {
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
        let number = tokens(last_line).into_iter().rfind(Token::is_number);
        if let Some(form) = number.map(Form::part)
            && !forms.iter().any(|known| known.is(&form))
        {
            forms.push(form);
        }
        Self { forms }
    }

    /// Whether the answer stands anywhere in the text.
    pub fn is_quoted_in(&self, text: &str) -> bool {
        !self.places(text, Sought::Anywhere).is_empty()
    }

    /// Refuses what quotes the answer, see [`AnswerGuard::is_quoted_in`].
    ///
    /// # Errors
    /// [`Fault::Failed`] if one of the texts does.
    pub fn check<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> Result<(), Fault> {
        match texts.into_iter().any(|text| self.is_quoted_in(text)) {
            true => Err(Fault::Failed("the reply quotes the answer".to_owned())),
            false => Ok(()),
        }
    }

    /// Whether the text gives the answer away: a common word, only where it stands as the answer.
    pub fn is_told_by(&self, text: &str) -> bool {
        !self.places(text, Sought::AsTheAnswer).is_empty()
    }

    /// The text with [`BLANK`] wherever [`AnswerGuard::is_quoted_in`] finds the answer.
    pub fn masked(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        loop {
            let places = self.words_in(&masked, Sought::Anywhere);
            if places.is_empty() {
                break;
            }
            // Once more afterwards: what stood on both sides of a blank may now be an answer too.
            replace(&mut masked, places);
        }
        let marks = self.marks_in(&masked);
        replace(&mut masked, marks);
        masked
    }

    fn places(&self, text: &str, sought: Sought) -> Vec<Range<usize>> {
        let mut places = self.words_in(text, sought);
        places.extend(match sought {
            Sought::Anywhere => self.marks_in(text),
            Sought::AsTheAnswer => {
                let alone = |place: &Range<usize>| text[place.clone()] == *text.trim();
                self.marks_in(text).into_iter().filter(alone).collect()
            }
        });
        places
    }

    /// Where words of the answer stand.
    fn words_in(&self, text: &str, sought: Sought) -> Vec<Range<usize>> {
        let said = tokens(text);
        let as_the_answer = |at: &usize| stands_as_the_answer(text, &said, *at);
        let anywhere = |at: &usize| {
            said.get(*at).is_none_or(|token| !token.is_alone())
                || stands_alone(text, &said, *at)
                || as_the_answer(at)
        };
        let mut places = Vec::new();
        for form in &self.forms {
            match (form, sought) {
                (Form::Marks(_), _) => {}
                (Form::Words(words), _) => places.extend(in_a_row(words, &said)),
                (Form::Common(word), Sought::Anywhere) => {
                    places.extend(
                        same_case(word, &said)
                            .filter(anywhere)
                            .map(|at| said[at].place.clone()),
                    );
                }
                (Form::Common(word), Sought::AsTheAnswer) | (Form::CommonPart(word), _) => {
                    places.extend(
                        same_case(word, &said)
                            .filter(as_the_answer)
                            .map(|at| said[at].place.clone()),
                    );
                }
            }
        }
        places
    }

    fn marks_in(&self, text: &str) -> Vec<Range<usize>> {
        let mut places = Vec::new();
        for form in &self.forms {
            if let Form::Marks(marks) = form {
                let found = text.match_indices(marks.as_str());
                places.extend(found.map(|(at, marks)| at..at + marks.len()));
            }
        }
        places
    }
}

impl Form {
    /// Nothing for a text without words and marks.
    fn of(answer: &str) -> Option<Self> {
        let answer = answer.trim();
        let mut words = tokens(answer);
        match (words.pop(), words.is_empty()) {
            (None, _) if answer.is_empty() => None,
            (None, _) => Some(Self::Marks(answer.to_owned())),
            (Some(one), true) if is_common(&one) => Some(Self::Common(one)),
            (Some(last), _) => {
                words.push(last);
                Some(Self::Words(words))
            }
        }
    }

    /// A single word out of an answer.
    fn part(word: Token) -> Self {
        match is_common(&word) {
            true => Self::CommonPart(word),
            false => Self::Words(vec![word]),
        }
    }

    /// Whether it is looked for as the other is, or in more places.
    fn is(&self, other: &Form) -> bool {
        match (self, other) {
            (Self::Common(one), Self::CommonPart(other)) => one.is(other),
            (Self::Words(one), Self::Words(other)) => {
                matches!((one.as_slice(), other.as_slice()), ([one], [other]) if one.is(other))
            }
            _ => false,
        }
    }
}

fn is_common(word: &Token) -> bool {
    match word.digits() {
        Some(digits) => digits <= FEW_DIGITS,
        None => word.letters() <= FEW_LETTERS,
    }
}

/// From where to where these words stand in a row.
fn in_a_row(words: &[Token], said: &[Token]) -> Vec<Range<usize>> {
    let rows = said.windows(words.len());
    let same = rows.filter(|row| row.iter().zip(words).all(|(one, other)| one.is(other)));
    same.filter_map(|row| Some(row.first()?.place.start..row.last()?.place.end))
        .collect()
}

/// Which of the words are this one, in the same case: `A` is not the article.
fn same_case(word: &Token, said: &[Token]) -> impl Iterator<Item = usize> {
    let same = move |(at, one): (usize, &Token)| {
        (one.is(word) && one.capital == word.capital).then_some(at)
    };
    said.iter().enumerate().filter_map(same)
}

/// Blanks at these places, which may overlap.
fn replace(text: &mut String, mut places: Vec<Range<usize>>) {
    places.sort_by_key(|place| place.start);
    let mut apart: Vec<Range<usize>> = Vec::new();
    for place in places {
        match apart.last_mut() {
            Some(last) if place.start < last.end => last.end = last.end.max(place.end),
            _ => apart.push(place),
        }
    }
    // From the end, so that the places before stay where they are.
    for place in apart.into_iter().rev() {
        text.replace_range(place, BLANK);
    }
}
