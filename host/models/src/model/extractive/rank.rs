//! Which sentences say most: those most like all the others.
//!
//! A sentence is a unit vector of TF-IDF over its stemmed words without stop words. Its centrality is the sum of
//! its cosine similarities to all sentences (degree centrality of LexRank, Erkan and Radev 2004, without its
//! threshold). That sum is the dot product with the sum of all vectors, so that ranking takes one pass, whatever
//! the length of the input. Sentences of few words, which are central by accident, count less, and a sentence that
//! says what a better one says already is left out.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

use rust_stemmers::{Algorithm, Stemmer};
use unicode_segmentation::UnicodeSegmentation;

/// Sentences with fewer distinct words than this count less, in proportion.
const FULL_LENGTH: usize = 6;

/// Two sentences with a cosine above this say the same.
const SAME: f64 = 0.7;

/// How many sentences are ranked at most: more than any schema asks for in earnest.
const MOST_RANKED: usize = 64;

/// How many numbers of the input are remembered.
const MOST_NUMBERS: usize = 1_000;

/// What a reply is made from.
pub(super) struct Input<'a> {
    best: Vec<Sentence<'a>>,
    words: HashMap<String, Said>,
    numbers: Vec<f64>,
}

/// One sentence of the input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sentence<'a> {
    /// What it says, without marks of lists and headings.
    pub text: &'a str,
    /// Its number in the input.
    pub place: usize,
}

/// How often, and where last, a word is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Said {
    /// How often.
    pub times: u32,
    /// The number of the word said last.
    pub last: usize,
}

impl<'a> Input<'a> {
    /// Reads and ranks what was said.
    pub(super) fn read(texts: &[&'a str]) -> Input<'a> {
        let stemmer = Stemmer::create(Algorithm::English);
        let mut words: HashMap<String, Said> = HashMap::new();
        let mut numbers = Vec::new();
        let mut sentences = Vec::new();
        let mut vocabulary: HashMap<String, usize> = HashMap::new();
        let mut position = 0;

        for text in texts
            .iter()
            .flat_map(|text| text.unicode_sentences())
            .map(bare)
        {
            let mut counts: BTreeMap<usize, f64> = BTreeMap::new();
            for word in text.unicode_words() {
                position += 1;
                if let Ok(number) = word.parse::<f64>()
                    && number.is_finite()
                    && numbers.len() < MOST_NUMBERS
                {
                    numbers.push(number);
                }
                let word = word.to_lowercase();
                let stem = stemmer.stem(&word).into_owned();
                let said = words.entry(stem.clone()).or_default();
                said.times += 1;
                said.last = position;
                if !STOP_WORDS.contains(word.as_str()) {
                    let next = vocabulary.len();
                    *counts
                        .entry(*vocabulary.entry(stem).or_insert(next))
                        .or_default() += 1.0;
                }
            }
            if !text.is_empty() {
                sentences.push((text, counts));
            }
        }
        Input {
            best: ranked(sentences, vocabulary.len()),
            words,
            numbers,
        }
    }

    /// The most informative sentences, best first.
    pub(super) fn best(&self) -> &[Sentence<'a>] {
        &self.best
    }

    /// The numbers, in order.
    pub(super) fn numbers(&self) -> &[f64] {
        &self.numbers
    }

    /// How often all words of a phrase are said, in whatever form and order; `None` if one is not.
    pub(super) fn said(&self, phrase: &str) -> Option<Said> {
        let stemmer = Stemmer::create(Algorithm::English);
        phrase
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(|word| {
                self.words
                    .get(stemmer.stem(&word.to_lowercase()).as_ref())
                    .copied()
            })
            .reduce(|one, other| Some(one?.min(other?)))?
    }
}

static STOP_WORDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let english = stop_words::lookup(stop_words::Language::English).unwrap_or_default();
    english.iter().copied().collect()
});

/// A sentence without white space and the marks of lists and headings around it.
fn bare(sentence: &str) -> &str {
    sentence
        .trim()
        .trim_start_matches(['#', '-', '*', '•', '>', '|', ' ', '\t'])
        .trim_end_matches(['|', ' ', '*'])
}

/// A sparse vector, by word.
type Vector = Vec<(usize, f64)>;

fn ranked(sentences: Vec<(&str, BTreeMap<usize, f64>)>, vocabulary: usize) -> Vec<Sentence<'_>> {
    let mut holders = vec![0_u32; vocabulary];
    for word in sentences.iter().flat_map(|(_, counts)| counts.keys()) {
        holders[*word] += 1;
    }
    let all = sentences.len() as f64;
    let idf: Vec<f64> = holders
        .iter()
        .map(|n| (1.0 + all / f64::from(*n)).ln())
        .collect();

    let vectors: Vec<Vector> = sentences
        .iter()
        .map(|(_, counts)| {
            unit(
                counts
                    .iter()
                    .map(|(word, n)| (*word, n * idf[*word]))
                    .collect(),
            )
        })
        .collect();
    let mut sum = vec![0.0; vocabulary];
    for (word, weight) in vectors.iter().flatten() {
        sum[*word] += weight;
    }
    let score = |vector: &Vector| {
        let centrality: f64 = vector
            .iter()
            .map(|(word, weight)| weight * sum[*word])
            .sum();
        centrality * (vector.len().min(FULL_LENGTH) as f64 / FULL_LENGTH as f64)
    };
    let scores: Vec<f64> = vectors.iter().map(score).collect();

    let mut order: Vec<usize> = (0..sentences.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
    let mut chosen: Vec<usize> = Vec::new();
    for place in order {
        if chosen.len() == MOST_RANKED {
            break;
        }
        if chosen
            .iter()
            .all(|other| cosine(&vectors[place], &vectors[*other]) <= SAME)
        {
            chosen.push(place);
        }
    }
    chosen
        .into_iter()
        .map(|place| Sentence {
            text: sentences[place].0,
            place,
        })
        .collect()
}

fn unit(mut vector: Vector) -> Vector {
    let length = vector
        .iter()
        .map(|(_, weight)| weight * weight)
        .sum::<f64>()
        .sqrt();
    if length > 0.0 {
        for (_, weight) in &mut vector {
            *weight /= length;
        }
    }
    vector
}

/// Of unit vectors whose words ascend.
fn cosine(one: &Vector, other: &Vector) -> f64 {
    let (mut i, mut j, mut sum) = (0, 0, 0.0);
    while let (Some((a, x)), Some((b, y))) = (one.get(i), other.get(j)) {
        match a.cmp(b) {
            Ordering::Less => i += 1,
            Ordering::Greater => j += 1,
            Ordering::Equal => {
                sum += x * y;
                i += 1;
                j += 1;
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTES: &str = "# Notes\n\
        - The shopping agent must confirm the delivery address before it orders.\n\
        - It rained.\n\
        - Confirming the delivery address prevents wrong orders of the shopping agent.\n\
        - The shopping agent must confirm the delivery address before it orders!\n\
        - Lunch was at noon.";

    #[test]
    fn what_many_sentences_say_comes_first_and_once() {
        let input = Input::read(&[NOTES]);
        let texts: Vec<&str> = input.best().iter().map(|sentence| sentence.text).collect();
        assert_eq!(
            texts[0],
            "The shopping agent must confirm the delivery address before it orders."
        );
        assert_eq!(
            texts
                .iter()
                .filter(|text| text.starts_with("The shopping agent must"))
                .count(),
            1
        );
        assert!(
            texts
                .iter()
                .position(|text| text.starts_with("Confirming"))
                .unwrap()
                < 2,
            "{texts:?}"
        );
    }

    #[test]
    fn words_are_found_in_whatever_form() {
        let input =
            Input::read(&["It succeeded. A success! Two successes, one failure, not done."]);
        assert_eq!(input.said("success").unwrap().times, 2);
        assert_eq!(input.said("Failure").unwrap().times, 1);
        assert_eq!(input.said("not_done").unwrap().times, 1);
        assert_eq!(input.said("partly_done"), None);
        assert_eq!(input.said("-"), None);
    }

    #[test]
    fn any_text_can_be_read() {
        for odd in [
            "",
            " ",
            "\u{0}",
            "🦀🦀 🦀",
            "日本語の文。もう一つの文。",
            "שלום עולם",
            "a",
            "...",
            "\u{202e}abc",
        ] {
            let input = Input::read(&[odd]);
            assert!(input.best().len() <= 2, "{odd:?}");
        }
    }

    #[test]
    fn a_long_input_takes_linear_time() {
        let long = (0..100_000)
            .map(|n| format!("Line {n} says word{} and word{}.\n", n % 977, n % 31))
            .collect::<String>();
        let start = std::time::Instant::now();
        assert_eq!(Input::read(&[&long]).best().len(), MOST_RANKED);
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    }
}
