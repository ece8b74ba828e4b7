//! BM25 over the texts of one field, updated in place.
//!
//! Okapi BM25 with k1 = 1.5 and b = 0.75 (Robertson & Zaragoza 2009, "The Probabilistic Relevance Framework"),
//! and the floor of the Python package `rank_bm25`: a word that stands in more than half of the texts would
//! have a negative weight, and gets a quarter of the mean weight instead. In a namespace of one or two texts
//! that mean is itself not positive; there a small positive weight takes its place, so that a match is
//! never worth less than none.
//!
//! Numbers of texts, their mean length and the frequencies of words are those of the whole working set of the
//! namespace, whatever a search filters by and in whatever state they are: a search may ask for a state, and a word is
//! worth the same in every search. What has expired counts until it is removed, which is whenever a learner evicts.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

use rust_stemmers::{Algorithm, Stemmer};

/// Saturation of a word's frequency.
const K1: f64 = 1.5;
/// How much a text's length counts.
const B: f64 = 0.75;
/// What a word of negative weight gets, as a part of the mean weight.
const EPSILON: f64 = 0.25;
/// The least weight of a word.
const LEAST_WEIGHT: f64 = 1e-3;

static STOP_WORDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    stop_words::lookup("en")
        .unwrap_or_default()
        .iter()
        .copied()
        .collect()
});
static STEMMER: LazyLock<Stemmer> = LazyLock::new(|| Stemmer::create(Algorithm::English));

/// The words that a text is found by: those of [`memhost_words::terms`], without the words that stand in every English
/// text, and with English endings taken off.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> {
    memhost_words::terms(text)
        .into_iter()
        .filter(|word| !STOP_WORDS.contains(word.as_str()))
        .map(|word| {
            if word.bytes().all(|b| b.is_ascii_lowercase()) {
                STEMMER.stem(&word).into_owned()
            } else {
                word
            }
        })
}

/// An inverted index over texts that belong to slots (memories); a slot may have several texts.
#[derive(Debug, Default)]
pub(crate) struct LexicalIndex {
    terms: HashMap<String, u32>,
    /// By term: which texts hold it, and how often. In no order.
    postings: Vec<Vec<Posting>>,
    /// How many terms stand in exactly that many texts: the mean weight in one short pass.
    spread: HashMap<u32, u32>,
    texts: Vec<Text>,
    free: Vec<u32>,
    by_slot: HashMap<u32, Vec<u32>>,
    live: u32,
    total_length: u64,
    /// Different words of each text, over all texts.
    entries: u64,
}

#[derive(Debug, Clone, Copy)]
struct Posting {
    text: u32,
    count: u32,
}

#[derive(Debug, Default)]
struct Text {
    slot: u32,
    length: u32,
    counts: Vec<(u32, u32)>,
}

impl LexicalIndex {
    /// Replaces the texts of a slot.
    pub(crate) fn set<'a>(&mut self, slot: u32, texts: impl Iterator<Item = &'a str>) {
        self.remove(slot);
        let numbers: Vec<u32> = texts.map(|text| self.add(slot, text)).collect();
        if !numbers.is_empty() {
            self.by_slot.insert(slot, numbers);
        }
    }

    /// Forgets the texts of a slot.
    pub(crate) fn remove(&mut self, slot: u32) {
        for number in self.by_slot.remove(&slot).unwrap_or_default() {
            let text = std::mem::take(&mut self.texts[number as usize]);
            self.entries -= text.counts.len() as u64;
            for (term, _) in text.counts {
                let postings = &mut self.postings[term as usize];
                let before = postings.len();
                if let Some(at) = postings.iter().position(|p| p.text == number) {
                    postings.swap_remove(at);
                }
                self.respread(before, before - 1);
            }
            self.total_length -= u64::from(text.length);
            self.live -= 1;
            self.free.push(number);
        }
    }

    /// Slots have other numbers from now on; those without one are empty. Texts that are no more leave no room behind.
    pub(crate) fn renumber(&mut self, to: impl Fn(u32) -> Option<u32>) {
        let mut texts = Vec::new();
        let mut moved = vec![None; self.texts.len()];
        let by_slot = std::mem::take(&mut self.by_slot).into_iter();
        for (slot, numbers) in by_slot.filter_map(|(slot, numbers)| Some((to(slot)?, numbers))) {
            let mut of_slot = Vec::new();
            for number in numbers {
                let text = std::mem::take(&mut self.texts[number as usize]);
                let next = texts.len() as u32;
                texts.push(Text { slot, ..text });
                moved[number as usize] = Some(next);
                of_slot.push(next);
            }
            self.by_slot.insert(slot, of_slot);
        }
        for posting in self.postings.iter_mut().flatten() {
            posting.text = moved[posting.text as usize].unwrap_or(posting.text);
        }
        self.texts = texts;
        self.free = Vec::new();
    }

    /// About how many bytes it takes, from above: words with their postings' lists, postings, texts.
    pub(crate) fn bytes(&self) -> u64 {
        const WORD: u64 = 224;
        const ENTRY: u64 = 24;
        const TEXT: u64 = 192;
        WORD * self.terms.len() as u64 + ENTRY * self.entries + TEXT * self.texts.len() as u64
    }

    /// Lets go of words that stand in no text any more, once they are the most: a text that is replaced again and again
    /// leaves all the words behind that it ever had.
    pub(crate) fn forget_unused_words(&mut self) {
        const FEW: usize = 4_096;
        let used = || -> u64 { self.spread.values().map(|terms| u64::from(*terms)).sum() };
        if self.terms.len() <= FEW || self.terms.len() as u64 <= 2 * used() {
            return;
        }
        let mut renumbered = HashMap::new();
        let mut postings = Vec::new();
        self.terms.retain(|_, term| {
            let of_term = std::mem::take(&mut self.postings[*term as usize]);
            if of_term.is_empty() {
                return false;
            }
            let next = postings.len() as u32;
            renumbered.insert(*term, next);
            postings.push(of_term);
            *term = next;
            true
        });
        self.terms.shrink_to_fit();
        self.postings = postings;
        for (term, _) in self.texts.iter_mut().flat_map(|text| &mut text.counts) {
            *term = renumbered.get(term).copied().unwrap_or(*term);
        }
    }

    /// The best score of each slot below `slots`; `NEG_INFINITY` where no word of the query occurs.
    pub(crate) fn scores(&self, query: &str, slots: usize) -> Vec<f64> {
        let mut best = vec![f64::NEG_INFINITY; slots];
        if self.live == 0 {
            return best;
        }
        let mut floor = None;
        let mut scores = vec![f64::NEG_INFINITY; self.texts.len()];
        for term in words(query).filter_map(|word| self.terms.get(&word).copied()) {
            let postings = &self.postings[term as usize];
            if postings.is_empty() {
                continue;
            }
            let weight = self.weight(postings.len(), &mut floor);
            for posting in postings {
                let length = self.texts[posting.text as usize].length;
                let score = &mut scores[posting.text as usize];
                *score = score.max(0.0) + weight * self.saturated(posting.count, length);
            }
        }
        for (text, score) in self.texts.iter().zip(scores) {
            if score > f64::NEG_INFINITY
                && let Some(best) = best.get_mut(text.slot as usize)
            {
                *best = best.max(score);
            }
        }
        best
    }

    /// What a text would score if it were asked for by itself, as one more of the texts: the most that another text of
    /// its length can score. 0 of a text without words.
    pub(crate) fn own_score(&self, text: &str) -> f64 {
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        let mut length = 0;
        for word in words(text) {
            length += 1;
            *counts.entry(word).or_default() += 1;
        }
        let mut floor = None;
        let score_of = |(word, count): (&String, &u32)| {
            let term = self.terms.get(word);
            let known = term.map_or(0, |term| self.postings[*term as usize].len());
            let weight = self.weight(known.max(1), &mut floor);
            f64::from(*count) * weight * self.saturated(*count, length)
        };
        counts.iter().map(score_of).sum()
    }

    /// What a word is worth that stands in so many texts. `floor` is computed once, and only if it is needed.
    fn weight(&self, texts: usize, floor: &mut Option<f64>) -> f64 {
        match self.raw_weight(texts as f64) {
            weight if weight >= 0.0 => weight.max(LEAST_WEIGHT),
            _ => *floor.get_or_insert_with(|| self.floor()),
        }
    }

    /// How much a word counts that stands so often in a text of this length.
    fn saturated(&self, count: u32, length: u32) -> f64 {
        let mean_length = (self.total_length as f64 / f64::from(self.live.max(1))).max(1.0);
        let norm = K1 * (1.0 - B + B * f64::from(length) / mean_length);
        let count = f64::from(count);
        count * (K1 + 1.0) / (count + norm)
    }

    fn add(&mut self, slot: u32, text: &str) -> u32 {
        let number = self.free.pop().unwrap_or_else(|| {
            self.texts.push(Text::default());
            self.texts.len() as u32 - 1
        });
        let mut counts: HashMap<u32, u32> = HashMap::new();
        let mut length = 0;
        for word in words(text) {
            length += 1;
            let next = self.terms.len() as u32;
            let term = *self.terms.entry(word).or_insert(next);
            if term == next {
                self.postings.push(Vec::new());
            }
            *counts.entry(term).or_default() += 1;
        }
        let counts: Vec<(u32, u32)> = counts.into_iter().collect();
        for &(term, count) in &counts {
            let postings = &mut self.postings[term as usize];
            let before = postings.len();
            postings.push(Posting {
                text: number,
                count,
            });
            self.respread(before, before + 1);
        }
        self.entries += counts.len() as u64;
        self.total_length += u64::from(length);
        self.live += 1;
        self.texts[number as usize] = Text {
            slot,
            length,
            counts,
        };
        number
    }

    /// A term now stands in another number of texts.
    fn respread(&mut self, before: usize, after: usize) {
        if let Some(terms) = self.spread.get_mut(&(before as u32)) {
            *terms -= 1;
            if *terms == 0 {
                self.spread.remove(&(before as u32));
            }
        }
        if after > 0 {
            *self.spread.entry(after as u32).or_default() += 1;
        }
    }

    /// Inverse document frequency, negative for a term in more than half of the texts.
    fn raw_weight(&self, frequency: f64) -> f64 {
        (f64::from(self.live) - frequency + 0.5).ln() - (frequency + 0.5).ln()
    }

    fn floor(&self) -> f64 {
        // Sorted, because a sum of floats depends on its order, and a map's order on the process.
        let mut spread: Vec<(u32, u32)> = self.spread.iter().map(|(f, n)| (*f, *n)).collect();
        spread.sort_unstable();
        let (sum, terms) = spread.iter().fold((0.0, 0.0), |(sum, terms), &(f, n)| {
            let n = f64::from(n);
            (sum + n * self.raw_weight(f64::from(f)), terms + n)
        });
        (EPSILON * sum / f64::max(terms, 1.0)).max(LEAST_WEIGHT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(texts: &[&str]) -> LexicalIndex {
        let mut index = LexicalIndex::default();
        for (slot, text) in texts.iter().enumerate() {
            index.set(slot as u32, std::iter::once(*text));
        }
        index
    }

    #[test]
    fn words_are_stemmed_lowered_and_without_stop_words() {
        let found: Vec<String> =
            words("The Booking of FLIGHTS, don't cancel! Über 日本 42").collect();
        let expected = ["book", "flight", "cancel", "über", "日", "日本", "本", "42"];
        assert_eq!(found, expected);
    }

    /// Figures of `rank_bm25.BM25Okapi` 0.2.2 over the same words.
    #[test]
    fn scores_are_those_of_rank_bm25() {
        let texts = [
            "alpha beta gamma",
            "alpha alpha delta epsilon zeta",
            "beta zeta zeta",
            "eta theta iota kappa lambda omega",
            "rho sigma",
        ];
        let scores = index(&texts).scores("alpha zeta zeta", texts.len());
        let reference = [
            0.371_684_447_430_4,
            1.025_594_430_052_9,
            1.031_124_596_097_3,
        ];
        for (score, reference) in scores.iter().zip(reference) {
            assert!((score - reference).abs() < 1e-9, "{scores:?}");
        }
        assert_eq!(scores[3], f64::NEG_INFINITY);
    }

    #[test]
    fn a_match_is_never_worth_less_than_none() {
        for texts in [
            &["open the door"][..],
            &["open the door", "door shut", "door"],
        ] {
            let scores = index(texts).scores("door", texts.len());
            assert!(scores.iter().all(|score| *score > 0.0), "{scores:?}");
        }
    }

    #[test]
    fn updating_in_place_equals_building_anew() {
        let mut changed = index(&["one two three", "two three four", "five", "nine ten ten"]);
        changed.set(1, ["six seven", "two eight"].into_iter());
        changed.remove(2);
        changed.set(2, std::iter::once("two five five"));
        changed.remove(3);
        let mut anew = LexicalIndex::default();
        anew.set(0, std::iter::once("one two three"));
        anew.set(1, ["six seven", "two eight"].into_iter());
        anew.set(2, std::iter::once("two five five"));
        for query in ["two", "five six", "three eight two", "ten"] {
            assert_eq!(changed.scores(query, 4), anew.scores(query, 4), "{query}");
        }
    }

    #[test]
    fn a_text_that_is_replaced_again_and_again_takes_no_more_than_it_has() {
        let mut changed = index(&["one two three", "two three four"]);
        for round in 0..20_000 {
            changed.set(
                1,
                std::iter::once(format!("two w{round} v{round}").as_str()),
            );
            changed.forget_unused_words();
        }
        assert!(changed.terms.len() <= 4_096, "{}", changed.terms.len());
        let anew = index(&["one two three", "two w19999 v19999"]);
        for query in ["two", "one w19999", "v19999 three", "w7"] {
            assert_eq!(changed.scores(query, 2), anew.scores(query, 2), "{query}");
        }
        assert_eq!(changed.entries, anew.entries);
    }

    #[test]
    fn the_best_text_of_a_slot_counts() {
        let mut index = LexicalIndex::default();
        index.set(0, ["apple", "pear plum quince"].into_iter());
        index.set(1, ["cherry fig"].into_iter());
        index.set(2, ["grape"].into_iter());
        let both = index.scores("apple pear", 3);
        assert_eq!(
            both[0],
            index.scores("apple", 3)[0].max(index.scores("pear", 3)[0])
        );
    }

    #[test]
    fn a_text_scores_itself_what_it_scores_when_asked_for() {
        let texts = [
            "alpha beta gamma",
            "alpha alpha delta epsilon zeta",
            "beta zeta zeta",
            "eta theta iota kappa lambda omega",
            "rho sigma",
        ];
        let index = index(&texts);
        for (slot, text) in texts.iter().enumerate() {
            let found = index.scores(text, texts.len())[slot];
            assert!((index.own_score(text) - found).abs() < 1e-12, "{text}");
        }
        assert!(index.own_score("never seen before") > 0.0);
        assert_eq!(index.own_score("?"), 0.0);
        assert_eq!(LexicalIndex::default().own_score("the"), 0.0);
    }
}
