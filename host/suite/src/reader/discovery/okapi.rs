//! How much two pieces of code, or of any other text, resemble each other by their tokens.

use std::collections::{BTreeMap, HashMap};

/// Okapi BM25 as rank_bm25's `BM25Okapi` computes it, with its defaults
/// (<https://github.com/dorianbrown/rank_bm25>, version 0.2.2): saturation k1, length normalisation b, and epsilon:
/// a token that more than half of the texts contain would weigh less than nothing, and weighs this share of the mean
/// weight instead.
const SATURATION: f64 = 1.5;
const LENGTH: f64 = 0.75;
const EPSILON: f64 = 0.25;

/// Tokens of two characters and more that are no words, longest first.
const OPERATORS: [&str; 11] = [
    "..=", "::", "->", "=>", "&&", "||", "==", "!=", "<=", ">=", "..",
];

/// The tokens of code: names, numbers, operators, and every other mark by itself. Case counts.
///
/// The same as the regular expression `[A-Za-z_]\w*|\d+|::|->|=>|&&|\|\||==|!=|<=|>=|\.\.=?|[^\s\w]`.
pub(crate) fn code_tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| !starts_token(c));
        let first = rest.chars().next()?;
        let length = if starts_name(first) {
            length_while(rest, in_name)
        } else if first.is_numeric() {
            length_while(rest, char::is_numeric)
        } else {
            let operator = OPERATORS.iter().find(|mark| rest.starts_with(**mark));
            operator.map_or(first.len_utf8(), |mark| mark.len())
        };
        let (token, after) = rest.split_at_checked(length)?;
        rest = after;
        Some(token)
    })
}

/// A letter of another script belongs to the name that it stands in, but starts none.
fn starts_token(c: char) -> bool {
    starts_name(c) || c.is_numeric() || !(c.is_whitespace() || in_name(c))
}

fn starts_name(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

fn in_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn length_while(text: &str, belongs: fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// Texts that others are compared with.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// For each token, the texts that contain it in ascending order, and what one mention in a query adds to their
    /// score.
    postings: HashMap<String, Vec<(usize, f64)>>,
}

impl Index {
    pub(super) fn new<'a>(texts: impl Iterator<Item = &'a str>) -> Index {
        let mut counts: HashMap<&str, Vec<(usize, f64)>> = HashMap::new();
        let mut lengths: Vec<f64> = Vec::new();
        for (number, text) in texts.enumerate() {
            let mut length = 0.0;
            for token in code_tokens(text) {
                length += 1.0;
                let containing = counts.entry(token).or_default();
                match containing.last_mut() {
                    Some((last, count)) if *last == number => *count += 1.0,
                    _ => containing.push((number, 1.0)),
                }
            }
            lengths.push(length);
        }
        let all = lengths.len() as f64;
        let mean_length = lengths.iter().sum::<f64>() / all.max(1.0);
        // Where all texts are empty there is no posting that could ask for this.
        let norms: Vec<f64> = lengths
            .iter()
            .map(|length| SATURATION * (1.0 - LENGTH + LENGTH * length / mean_length))
            .collect();
        let rarity = |containing: &[(usize, f64)]| {
            let containing = containing.len() as f64;
            f64::ln(all - containing + 0.5) - f64::ln(containing + 0.5)
        };
        // In the order of the tokens, so that the sum is the same in every run.
        let in_order: BTreeMap<&str, f64> = counts
            .iter()
            .map(|(token, containing)| (*token, rarity(containing)))
            .collect();
        let floor = EPSILON * in_order.values().sum::<f64>() / (in_order.len() as f64).max(1.0);
        let postings = counts.into_iter().map(|(token, mut containing)| {
            let rarity = rarity(&containing);
            let weight = if rarity < 0.0 { floor } else { rarity };
            for (number, count) in &mut containing {
                let norm = norms.get(*number).copied().unwrap_or(SATURATION);
                *count = weight * *count * (SATURATION + 1.0) / (*count + norm);
            }
            (token.to_owned(), containing)
        });
        Index {
            postings: postings.collect(),
        }
    }

    /// How much each of these texts, named by their places in ascending order, resembles this one.
    pub(super) fn scores(&self, query: &str, of: &[usize]) -> Vec<(usize, f64)> {
        if of.is_empty() {
            return Vec::new();
        }
        let mut mentions: BTreeMap<&str, f64> = BTreeMap::new();
        for token in code_tokens(query) {
            *mentions.entry(token).or_default() += 1.0;
        }
        let mut scores: Vec<(usize, f64)> = of.iter().map(|text| (*text, 0.0)).collect();
        for (token, mentions) in mentions {
            let containing = self.postings.get(token).map_or(&[][..], Vec::as_slice);
            // Both lists ascend: the shorter one is gone through, and looked for in the other.
            if scores.len() < containing.len() {
                let mut rest = containing;
                for (text, score) in &mut scores {
                    rest = &rest[rest.partition_point(|(number, _)| number < text)..];
                    if let Some((number, weight)) = rest.first()
                        && number == text
                    {
                        *score += mentions * weight;
                    }
                }
            } else {
                for (number, weight) in containing {
                    if let Ok(at) = scores.binary_search_by_key(number, |(text, _)| *text)
                        && let Some((_, score)) = scores.get_mut(at)
                    {
                        *score += mentions * weight;
                    }
                }
            }
        }
        scores
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_names_numbers_operators_and_marks() {
        let tokens: Vec<&str> =
            code_tokens("for i in 0..=x.len() { a_1 += v[i]->b::c; }").collect();
        let expected = [
            "for", "i", "in", "0", "..=", "x", ".", "len", "(", ")", "{", "a_1", "+", "=", "v",
            "[", "i", "]", "->", "b", "::", "c", ";", "}",
        ];
        assert_eq!(tokens, expected);
        // A number is a token even where letters follow, and a name may go on in another script but not start in it.
        let tokens: Vec<&str> = code_tokens("1u8 é naïve éa 🦀").collect();
        assert_eq!(tokens, ["1", "u8", "naïve", "a", "🦀"]);
        assert_eq!(code_tokens(" \n").next(), None);
    }

    /// Computed with rank_bm25 0.2.2: `BM25Okapi([d.split() for d in documents]).get_scores(query.split())`.
    #[test]
    fn scores_are_those_of_rank_bm25() {
        let documents = [
            "let a = b ;",
            "let x = open ( path ) ;",
            "for i in list do push ( i ) ; end",
            "return a ;",
            "let let let = 1 ;",
            "close ( path )",
        ];
        let index = Index::new(documents.into_iter());
        let expected = [
            0.229_090_789_570_381_37,
            2.367_685_502_801_761,
            0.154_939_525_014_134_08,
            0.272_573_751_386_903_65,
            0.212_167_530_149_313_53,
            1.396_347_133_314_825_4,
        ];
        let query = "let path = open ( path ) ;";
        let all = index.scores(query, &[0, 1, 2, 3, 4, 5]);
        for ((_, score), expected) in all.iter().zip(expected) {
            assert!((score - expected).abs() < 1e-9, "{score} {expected}");
        }
        for some in [&[1][..], &[0, 5], &[2, 3, 4], &[]] {
            let expected: Vec<(usize, f64)> = some.iter().map(|at| all[*at]).collect();
            assert_eq!(index.scores(query, some), expected);
        }
        assert_eq!(Index::new([].into_iter()).scores("let", &[]), []);
        let blank = Index::new(["", " "].into_iter());
        assert_eq!(blank.scores("let", &[0, 1]), [(0, 0.0), (1, 0.0)]);
    }
}
