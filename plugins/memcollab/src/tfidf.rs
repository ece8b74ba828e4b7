//! Ranking by TF-IDF, as the paper's first version does. The host ranks by BM25, which saturates counts and leaves out
//! what shares no word.

use std::collections::{BTreeMap, HashMap};

use memhost_sdk::words::terms;

/// How similar each text is to the query, in 0..=1: the cosine of their vectors of word counts, each weighted by
/// idf = ln((1 + n) / (1 + df)) + 1 over the n texts, of which df have the word (Salton and Buckley 1988, smoothed
/// as if one more text had every word, as in scikit-learn's `TfidfVectorizer`). Words that no text has count nothing.
pub(crate) fn similarities(query: &str, texts: &[&str]) -> Vec<f64> {
    let counts: Vec<Vector> = texts.iter().map(|text| counts(text)).collect();
    let mut found_in: HashMap<&str, f64> = HashMap::new();
    for word in counts.iter().flat_map(BTreeMap::keys) {
        *found_in.entry(word).or_default() += 1.0;
    }
    let all = texts.len() as f64;
    let weighted = |counts: &Vector| -> Vector {
        let weigh = |(word, count): (&String, &f64)| {
            let found = found_in.get(word.as_str())?;
            let idf = ((1.0 + all) / (1.0 + found)).ln() + 1.0;
            Some((word.clone(), count * idf))
        };
        counts.iter().filter_map(weigh).collect()
    };
    let query = weighted(&self::counts(query));
    counts
        .iter()
        .map(|counts| cosine(&query, &weighted(counts)))
        .collect()
}

/// A number per word. The words are in order, because a sum of floats depends on its order.
type Vector = BTreeMap<String, f64>;

/// How often a text has each word; in scripts without blanks, each letter and each pair of neighbours.
fn counts(text: &str) -> Vector {
    let mut counts = Vector::new();
    for word in terms(text) {
        *counts.entry(word).or_default() += 1.0;
    }
    counts
}

/// 0 where one of them is empty.
fn cosine(one: &Vector, other: &Vector) -> f64 {
    let product: f64 = one
        .iter()
        .filter_map(|(word, weight)| Some(weight * other.get(word)?))
        .sum();
    let lengths = length(one) * length(other);
    match lengths > 0.0 {
        // Rounding may leave it a hair above 1.
        true => (product / lengths).min(1.0),
        false => 0.0,
    }
}

fn length(vector: &Vector) -> f64 {
    let squares = vector.values().map(|weight| weight * weight);
    squares.sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Worked out from the formula by another program.
    const EXPECTED: [f64; 3] = [0.536_349_914_104_583_5, 0.767_277_975_102_047_4, 0.0];

    #[test]
    fn scores_are_those_of_the_formula() {
        let texts = [
            "check the units",
            "check the sign of the root",
            "draw a picture",
        ];
        let scores = similarities("check the sign twice", &texts);
        for (score, expected) in scores.iter().zip(EXPECTED) {
            assert!((score - expected).abs() < 1e-9, "{scores:?}");
        }
    }

    #[test]
    fn a_rare_word_weighs_more_than_a_common_one() {
        let texts = ["the cat", "the dog", "the bird"];
        let scores = similarities("the cat", &texts);
        assert!(scores[0] > scores[1] && scores[1] > 0.0);
        assert_eq!(similarities("fish", &texts), [0.0; 3]);
        assert!(similarities("fish", &[]).is_empty());
    }

    #[test]
    fn words_are_compared_in_every_language() {
        for (query, like_it, other) in [
            ("确认送货地址", "先确认地址", "画一张图"),
            ("配達先の住所", "住所を確かめる", "絵を描く"),
            ("배송 주소를 확인", "주소가 맞는지", "그림"),
            ("ตรวจสอบที่อยู่", "ดูที่อยู่ก่อน", "วาดรูป"),
            ("TARKISTA YÖ", "yo\u{308}", "päivä"),
            ("ISPARTA", "ısparta", "izmir"),
            ("Straße prüfen", "STRASSE", "Haus"),
        ] {
            let scores = similarities(query, &[like_it, other]);
            assert!(scores[0] > scores[1], "{query}: {scores:?}");
        }
    }

    proptest! {
        #[test]
        fn a_text_is_most_similar_to_itself(
            texts in prop::collection::vec("[a-e]( [a-e]){0,6}", 1..8),
            place in any::<prop::sample::Index>(),
        ) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let place = place.index(texts.len());
            let scores = similarities(texts[place], &texts);
            prop_assert!((scores[place] - 1.0).abs() < 1e-9);
            prop_assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)));
        }
    }
}
