//! Texts as the test host sees them: tokens, words, vectors of word counts, BM25.

use std::collections::HashMap;

/// The length of every vector. Words share a place by accident rather rarely.
pub(super) const DIMENSION: usize = 1024;

/// BM25's saturation and length normalisation, at their usual values.
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// Tokens as memhost's budgets count them: a run of letters and digits is one, and so is every other mark.
pub(super) fn count(text: &str) -> u32 {
    u32::try_from(tokens(text).count()).unwrap_or(u32::MAX)
}

/// The longest beginning of a text with at most so many tokens.
pub(super) fn cut(text: &str, tokens_left: u32) -> &str {
    match tokens(text).nth(tokens_left as usize) {
        Some(start) => text[..start].trim_end(),
        None => text,
    }
}

/// Where each token starts.
fn tokens(text: &str) -> impl Iterator<Item = usize> + '_ {
    let mut in_word = false;
    text.char_indices().filter_map(move |(at, c)| {
        let continues = in_word && is_word(c);
        in_word = is_word(c);
        (!continues && !c.is_whitespace()).then_some(at)
    })
}

/// The words of a text in lower case.
pub(super) fn words(text: &str) -> Vec<String> {
    text.split(|c| !is_word(c))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// Word counts as a vector of unit length; all zeros for a text without words.
pub(super) fn vector(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0_f32; DIMENSION];
    for word in words(text) {
        let place = word
            .bytes()
            .fold(0, |hash, byte| scrambled(hash ^ u32::from(byte)));
        vector[place as usize % DIMENSION] += 1.0;
    }
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
    vector
}

/// The dot product of two vectors, which for those of unit length is their cosine.
pub(super) fn cosine(left: &[f32], right: &[f32]) -> f64 {
    left.iter()
        .zip(right)
        .map(|(left, right)| f64::from(*left) * f64::from(*right))
        .sum()
}

/// One score per document; 0 where no word is shared.
pub(super) fn bm25(query: &str, documents: &[String]) -> Vec<f64> {
    let documents: Vec<Vec<String>> = documents.iter().map(|text| words(text)).collect();
    let total = documents.len() as f64;
    let lengths: usize = documents.iter().map(Vec::len).sum();
    let average = (lengths as f64 / total).max(1.0);
    let mut found_in: HashMap<&str, f64> = HashMap::new();
    for document in &documents {
        let mut distinct: Vec<&str> = document.iter().map(String::as_str).collect();
        distinct.sort_unstable();
        distinct.dedup();
        for word in distinct {
            *found_in.entry(word).or_default() += 1.0;
        }
    }
    let query = words(query);
    documents
        .iter()
        .map(|document| {
            let length = B * document.len() as f64 / average + 1.0 - B;
            let score = |word: &String| {
                let times = document.iter().filter(|one| *one == word).count() as f64;
                let found = found_in.get(word.as_str()).copied().unwrap_or_default();
                let rarity = (1.0 + (total - found + 0.5) / (found + 0.5)).ln();
                rarity * times * (K1 + 1.0) / (times + K1 * length)
            };
            query.iter().map(score).sum()
        })
        .collect()
}

/// Well-mixed bits (the finaliser of MurmurHash3), for hashes and as a sequence.
pub(super) fn scrambled(bits: u32) -> u32 {
    let mut x = bits.wrapping_add(0x9E37_79B9);
    x = (x ^ (x >> 16)).wrapping_mul(0x85EB_CA6B);
    x = (x ^ (x >> 13)).wrapping_mul(0xC2B2_AE35);
    x ^ (x >> 16)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_counted_as_memhost_counts_them() {
        assert_eq!(count("It's 3.5 miles, isn't it?"), 13);
        assert_eq!(count(""), 0);
        assert_eq!(count(" \u{0}\t日本 🦀🦀"), 4);
        assert_eq!(cut("one two, three", 2), "one two");
        assert_eq!(cut("one", 0), "");
        assert_eq!(cut("one", 1), "one");
    }

    #[test]
    fn the_same_words_are_the_same_vector_and_other_words_are_orthogonal() {
        let near = cosine(&vector("a red lamp"), &vector("lamp RED, a"));
        let far = cosine(&vector("a red lamp"), &vector("blue sky"));
        assert!((near - 1.0).abs() < 1e-6);
        assert!(far.abs() < 1e-6);
    }

    #[test]
    fn a_rare_word_weighs_more_than_a_common_one() {
        let documents = ["the cat", "the dog", "the bird"].map(str::to_owned);
        let scores = bm25("the cat", &documents);
        assert!(scores[0] > scores[1] && scores[1] > 0.0);
        assert_eq!(bm25("fish", &documents), [0.0; 3]);
        assert!(bm25("fish", &[]).is_empty());
    }
}
