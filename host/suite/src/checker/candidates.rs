//! One answer: what a final answer in somebody's own words may hold beside an accepted one.
//!
//! Whether an accepted answer stands in a text says little where the text may name every other one too. An agent is
//! asked for nothing but the answer, as short as it can be, so an answer counts if all of this holds:
//!
//! - an accepted answer stands in it: word for word with its signs ([`signed_words`]), or all its telling words;
//! - `not` or `never` does not stand before it ([`is_denied`]);
//! - it is no list. Line breaks, ends of sentences, words such as `or` and `and`, and every mark but quotes, emphasis
//!   and what stands within a word or a number cut it into parts, and each part holds an accepted answer, is part of one, says nothing
//!   (`I think`), or says what is not so (`not Tuesday`). `Monday, Tuesday` is two answers, and so is `Rex, a dog`;
//! - it is short: a sentence has at most [`ASIDE`] telling words beside the accepted answer, and one more for each of
//!   its own; where no word such as `the` or `is`, of any language, makes it a sentence, it has only as many as the accepted
//!   answer. Three letters of a script without blanks count as a word;
//! - where the accepted answer is a number, there is no other number.
//!
//! Two candidates that are merely set side by side (`Max Rex`) cannot be told from one of two words, and a few within a
//! sentence without any mark cannot be told from what it is about.

use std::collections::HashSet;
use std::sync::LazyLock;

use memhost_words::fold;
use unicode_segmentation::UnicodeSegmentation as _;

use super::signs::{is_number, signed_terms, signed_words};
use crate::Matching;

/// How many telling words may stand beside an accepted answer, besides as many as it has itself: a short sentence, such
/// as `The user said that her dog is called Rex`, has four.
const ASIDE: usize = 4;
/// What a telling word counts, so that a letter of a script without blanks can count for a part of one.
const WORD: usize = 3;
/// Words between which one has to choose, or which go on with a list.
const JOINS: [&str; 9] = ["or", "and", "nor", "oder", "und", "ou", "et", "или", "и"];
/// What stands before what is not so.
const DENIALS: [&str; 4] = ["not", "never", "neither", "nor"];
/// What may stand between a denial and what it denies.
const BETWEEN: [&str; 11] = [
    "a", "an", "the", "on", "in", "at", "to", "by", "from", "of", "with",
];
/// What dresses a word: quotes, emphasis, and signs that belong to it.
const DRESS: &str = "'’‘\"“”„«»`*_$€£¥@%°+#♯~";
/// Abbreviations whose full stop ends no sentence.
const SHORT: [&str; 14] = [
    "dr", "mr", "mrs", "ms", "prof", "st", "mt", "no", "vs", "jr", "sr", "approx", "ca", "etc",
];
/// Words that say nothing of the answer, beside those that stand in every English text.
const FILLERS: [&str; 10] = [
    "yes", "well", "sure", "think", "believe", "guess", "suppose", "answer", "know", "said",
];

/// Whether an answer in somebody's own words is one of the accepted ones, and names nothing else.
pub(super) fn is_one_of(answer: &str, accepted: &[String], matching: Matching) -> bool {
    let said = Said::new(answer, matching);
    let accepted: Vec<Wanted> = accepted.iter().map(|text| Wanted::new(text)).collect();
    if !said.words.is_empty() && accepted.iter().any(|wanted| wanted.words == said.words) {
        // Whatever marks an accepted answer holds itself.
        return true;
    }
    let right = accepted.iter().any(|wanted| {
        wanted.stands_in(&said, matching) && said.is_short_beside(wanted, &accepted, matching)
    });
    let is_one = |part: &String| is_no_other(&signed_words(part), &accepted, matching);
    right && parts(answer).iter().all(is_one)
}

/// Whether what stands at a place is said not to be so: `not on Monday`, `isn't Monday`.
pub(super) fn is_denied(said: &[String], at: usize) -> bool {
    let mut before = said.iter().take(at).rev();
    let word = before.find(|word| !BETWEEN.contains(&word.as_str()));
    match word.map(String::as_str) {
        Some("t") => before.next().is_some_and(|verb| verb.ends_with('n')),
        Some(word) => DENIALS.contains(&word),
        None => false,
    }
}

/// An answer as it was given.
struct Said {
    words: Vec<String>,
    /// What a search finds it by, where that matters.
    terms: HashSet<String>,
}

impl Said {
    fn new(text: &str, matching: Matching) -> Said {
        Said {
            words: signed_words(text),
            terms: match matching {
                Matching::Phrase => HashSet::new(),
                Matching::Words => signed_terms(text).into_iter().collect(),
            },
        }
    }

    /// Whether little is said beside a wanted answer; what belongs to other accepted ones is no other answer.
    fn is_short_beside(&self, wanted: &Wanted, accepted: &[Wanted], matching: Matching) -> bool {
        let beside = self.beside(accepted, matching);
        let is_a_number = wanted.words.iter().all(|word| is_number(word));
        if is_a_number && beside.iter().any(|word| is_number(word)) {
            return false;
        }
        let total = |words: &[String]| words.iter().map(|word| size(word)).sum::<usize>();
        let aside = if self.is_sentence(&beside) {
            ASIDE * WORD
        } else {
            0
        };
        total(&beside) <= aside + total(&wanted.words)
    }

    /// Whether some word holds the others together. Where words have no blanks, nobody can tell.
    fn is_sentence(&self, beside: &[String]) -> bool {
        static HOLDING: LazyLock<HashSet<String>> = LazyLock::new(|| {
            let all = stop_words::available_languages().iter();
            let all = all.filter_map(stop_words::lookup).flatten();
            all.flat_map(|word| signed_words(word)).collect()
        });
        let holds = |word: &String| HOLDING.contains(word) || is_single(word);
        beside.iter().any(holds)
    }

    /// The words that belong to no accepted answer.
    fn beside(&self, accepted: &[Wanted], matching: Matching) -> Vec<String> {
        let mut words = self.words.clone();
        match matching {
            Matching::Phrase => {
                for wanted in accepted {
                    let places: Vec<usize> = places(&self.words, &wanted.words).collect();
                    for at in places {
                        let found = words.iter_mut().skip(at).take(wanted.words.len());
                        found.for_each(String::clear);
                    }
                }
                words.retain(|word| !word.is_empty());
            }
            Matching::Words => {
                let mine: HashSet<&String> = accepted.iter().flat_map(|one| &one.words).collect();
                words.retain(|word| !mine.contains(word));
            }
        }
        words
    }
}

/// An accepted answer.
struct Wanted {
    words: Vec<String>,
    /// What a search finds it by, without what says nothing.
    content: Vec<String>,
}

impl Wanted {
    fn new(text: &str) -> Wanted {
        let all = signed_terms(text);
        let (content, silent): (Vec<String>, Vec<String>) =
            all.into_iter().partition(|term| size(term) > 0);
        Wanted {
            words: signed_words(text),
            content: if content.is_empty() { silent } else { content },
        }
    }

    /// Whether it stands in what was said, and is nowhere denied.
    fn stands_in(&self, said: &Said, matching: Matching) -> bool {
        match matching {
            Matching::Phrase => {
                let mut places = places(&said.words, &self.words).peekable();
                places.peek().is_some() && !places.any(|at| is_denied(&said.words, at))
            }
            Matching::Words => {
                let mut content = self.content.iter();
                !self.content.is_empty() && content.all(|term| said.terms.contains(term))
            }
        }
    }
}

/// Where these words stand one after the other; nothing stands nowhere.
fn places(said: &[String], wanted: &[String]) -> impl Iterator<Item = usize> {
    let windows = said.windows(wanted.len().max(1)).enumerate();
    windows
        .filter(move |(_, window)| *window == wanted)
        .map(|(at, _)| at)
}

/// Whether a part of an answer names nothing but what is accepted.
fn is_no_other(part: &[String], accepted: &[Wanted], matching: Matching) -> bool {
    let mut telling = part.iter().filter(|word| size(word) > 0).peekable();
    let belongs = |word: &String| accepted.iter().any(|wanted| wanted.words.contains(word));
    let rejects = part
        .first()
        .is_some_and(|word| DENIALS.contains(&word.as_str()));
    telling.peek().is_none()
        || rejects
        || telling.clone().all(belongs)
        || match matching {
            Matching::Phrase => accepted
                .iter()
                .any(|wanted| places(part, &wanted.words).next().is_some()),
            Matching::Words => telling.any(belongs),
        }
}

/// How much a word says, of [`WORD`].
fn size(word: &str) -> usize {
    static SILENT: LazyLock<HashSet<String>> = LazyLock::new(|| {
        let stop_words = stop_words::lookup("en").unwrap_or_default().iter();
        stop_words
            .chain(&FILLERS)
            .flat_map(|word| signed_words(word))
            .collect()
    });
    if SILENT.contains(word) {
        0
    } else if is_single(word) {
        1
    } else {
        WORD
    }
}

/// Whether a word is a letter of a script without blanks.
fn is_single(word: &str) -> bool {
    word.chars().all(memhost_words::is_alone)
}

/// The parts of an answer that could each be one.
fn parts(answer: &str) -> Vec<String> {
    let text = fold(answer);
    let mut parts = vec![String::new()];
    for (start, segment) in text.split_word_bound_indices() {
        let before = text[..start].chars().next_back();
        let after = text[start + segment.len()..].chars().next();
        let is_join = JOINS.contains(&segment);
        if is_join || cuts(segment, before, after, parts.last()) {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push_str(segment);
        }
    }
    parts
}

/// Whether a word of UAX 29, or a mark, ends a part.
fn cuts(segment: &str, before: Option<char>, after: Option<char>, part: Option<&String>) -> bool {
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let is_blank = |c: Option<char>| c.is_none_or(char::is_whitespace);
    if segment.contains('\n') {
        return true;
    }
    if segment.contains(|c: char| c.is_alphanumeric() || c.is_whitespace()) {
        return false;
    }
    match segment {
        "/" | ":" => !(is_digit(before) && is_digit(after)),
        "." if before == Some('.') => true,
        "." => is_blank(after) && after.is_some() && !ends_short(part),
        "!" | "?" => is_blank(after),
        "-" | "–" | "‐" | "‑" | "−" | "*" => is_blank(before) && is_blank(after),
        mark => !mark.chars().all(|c| DRESS.contains(c)),
    }
}

/// Whether a text ends in an abbreviation: a known one, or a single letter.
fn ends_short(part: Option<&String>) -> bool {
    let word = part.and_then(|part| part.rsplit(char::is_whitespace).next());
    word.is_some_and(|word| word.chars().count() == 1 || SHORT.contains(&word))
}
