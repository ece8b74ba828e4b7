//! Texts as the test host searches them: vectors of term counts, BM25. Terms are those of `memhost_words`, as in memhost.

use std::collections::HashMap;

use memhost_words::terms;

/// The length of every vector. Terms share a place by accident rather rarely.
pub(super) const DIMENSION: usize = 1024;

/// BM25's saturation and length normalisation, at their usual values.
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// Term counts as a vector of unit length; all zeros for a text without words.
pub(super) fn vector(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0_f32; DIMENSION];
    for term in terms(text) {
        let place = term
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
    let documents: Vec<Vec<String>> = documents.iter().map(|text| terms(text)).collect();
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
    let query = terms(query);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_are_the_same_vector_and_other_words_are_orthogonal() {
        let near = cosine(&vector("a red lamp"), &vector("lamp RED, a"));
        let far = cosine(&vector("a red lamp"), &vector("blue sky"));
        assert!((near - 1.0).abs() < 1e-6);
        assert!(far.abs() < 1e-6);
    }

    #[test]
    fn a_phrase_is_found_in_scripts_without_blanks() {
        let documents = ["我的猫叫小花", "我的狗叫阿黄", "猫と犬"].map(str::to_owned);
        let scores = bm25("小花", &documents);
        assert!(scores[0] > 0.0 && scores[1] == 0.0 && scores[2] == 0.0);
        let near = cosine(&vector("我的猫"), &vector("我的猫叫小花"));
        assert!(near > cosine(&vector("我的猫"), &vector("猫と犬")));
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
