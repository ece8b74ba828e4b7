//! An index of what was said, by word: whether an answer stands in any of ten thousand texts, without reading them all.

use std::collections::HashMap;

use super::Matching;
use super::checker::signs::signed_words;
use super::text::{Bag, content_words};

/// Texts by their words. They have numbers, from 0 in the order in which they came.
#[derive(Debug, Default)]
pub struct Said {
    bags: Vec<Bag>,
    /// By word, the texts in which it stands, in their order.
    places: HashMap<String, Vec<usize>>,
}

impl Said {
    /// One more text.
    pub fn add(&mut self, text: &str) {
        let bag = Bag::new(text);
        for word in bag.terms() {
            match self.places.get_mut(word) {
                Some(places) => places.push(self.bags.len()),
                None => {
                    let first = vec![self.bags.len()];
                    self.places.insert(word.to_owned(), first);
                }
            }
        }
        self.bags.push(bag);
    }

    /// Whether any accepted answer stands in the texts with these numbers: a phrase in one of them, words anywhere in
    /// all of them.
    pub(crate) fn has_answer(
        &self,
        answers: &[String],
        matching: Matching,
        counts: impl Fn(usize) -> bool,
    ) -> bool {
        answers.iter().any(|answer| match matching {
            Matching::Phrase => self.with_phrase(answer).any(&counts),
            Matching::Words => {
                let wanted = content_words(answer);
                let stands = |word: &String| self.with(word).iter().any(|at| counts(*at));
                !wanted.is_empty() && wanted.iter().all(stands)
            }
        })
    }

    /// The texts in which a phrase stands, in their order.
    pub(crate) fn with_phrase(&self, phrase: &str) -> impl Iterator<Item = usize> {
        let words = signed_words(phrase);
        let rarest = words
            .iter()
            .map(|word| self.with(word))
            .min_by_key(|places| places.len());
        let stands = move |at: &usize| self.bags.get(*at).is_some_and(|bag| bag.has_run(&words));
        rarest.unwrap_or_default().iter().copied().filter(stands)
    }

    /// The texts that hold an answer each by itself, in their order.
    pub fn holding(&self, answer: &str, matching: Matching) -> Vec<usize> {
        match matching {
            Matching::Phrase => self.with_phrase(answer).collect(),
            Matching::Words => {
                let wanted = content_words(answer);
                let rarest = wanted
                    .iter()
                    .map(|word| self.with(word))
                    .min_by_key(|places| places.len());
                let has_all = |at: &&usize| {
                    let bag = self.bags.get(**at);
                    bag.is_some_and(|bag| wanted.iter().all(|word| bag.has_word(word)))
                };
                let places = rarest.unwrap_or_default().iter();
                places.filter(has_all).copied().collect()
            }
        }
    }

    /// The texts in which a word stands, in their order.
    pub(crate) fn with(&self, word: &str) -> &[usize] {
        self.places.get(word).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::reader::has_answer;
    use super::*;

    proptest! {
        #[test]
        fn an_answer_is_found_where_reading_every_text_finds_it(
            texts in prop::collection::vec("[ab猫 .-]{0,8}", 0..8),
            answers in prop::collection::vec("[ab猫 -]{0,4}", 0..3),
            hidden in prop::collection::hash_set(0_usize..8, 0..4),
        ) {
            let mut said = Said::default();
            texts.iter().for_each(|text| said.add(text));
            let bags: Vec<Bag> = texts.iter().map(|text| Bag::new(text)).collect();
            let seen: Vec<&Bag> =
                bags.iter().enumerate().filter(|(at, _)| !hidden.contains(at)).map(|(_, bag)| bag).collect();
            for matching in [Matching::Phrase, Matching::Words] {
                prop_assert_eq!(
                    said.has_answer(&answers, matching, |at| !hidden.contains(&at)),
                    has_answer(&seen, &answers, matching)
                );
                for answer in &answers {
                    let one = std::slice::from_ref(answer);
                    let holding = (0..bags.len()).filter(|at| has_answer(&[&bags[*at]], one, matching));
                    prop_assert_eq!(said.holding(answer, matching), holding.collect::<Vec<_>>());
                }
            }
        }
    }
}
