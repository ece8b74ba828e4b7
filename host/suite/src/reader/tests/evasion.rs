//! A search for guidance that is read as more than it is charged for: what plugins that want to win would find by
//! trying, found here first.
//!
//! A small genetic algorithm: texts of facts whose writing is changed at random (joints between words, unseen
//! characters, other letters, blanks left out, repetition), kept by how many answers the reader finds in them within a
//! budget. Honest guidance finds as many answers as it pays words for; nothing may find more.

use memhost_words::{count, cut, words};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

use super::super::has_answer;
use crate::Matching;
use crate::text::Bag;

const BUDGET: u32 = 48;
const GENERATIONS: usize = 120;
const POPULATION: usize = 40;
const SURVIVORS: usize = 8;

/// Names of two words, or of two letters that are words of their own, each with a number.
fn answers() -> Vec<String> {
    const FIRST: [&str; 10] = [
        "amber", "brisk", "coral", "dusty", "eager", "frosty", "gentle", "hollow", "İvory",
        "jagged",
    ];
    const SECOND: [&str; 10] = [
        "Anchor",
        "büffel",
        "Cellar",
        "DRAGON",
        "émber",
        "falcon",
        "गुड्डी",
        "لولو",
        "island",
        "jackal",
    ];
    let spoken = FIRST
        .iter()
        .zip(SECOND)
        .map(|(one, other)| format!("{one} {other}"));
    let alone = ["小花", "莫莫", "ミケ", "나비", "แม"].map(str::to_owned);
    let names = spoken.chain(alone).cycle();
    // A number makes each another answer, and none a part of another.
    names
        .zip(10..70)
        .map(|(name, number)| format!("{name} {number}"))
        .collect()
}

fn found(text: &str, answers: &[String]) -> usize {
    let bag = Bag::new(cut(text, BUDGET));
    let stands =
        |answer: &&String| has_answer(&[&bag], std::slice::from_ref(answer), Matching::Phrase);
    answers.iter().filter(stands).count()
}

/// What it costs to say so many answers, the cheapest first.
fn affordable(answers: &[String]) -> usize {
    let mut costs: Vec<usize> = answers.iter().map(|answer| words(answer).len()).collect();
    costs.sort_unstable();
    let mut left = BUDGET as usize;
    costs
        .into_iter()
        .take_while(|cost| {
            let affordable = *cost <= left;
            left = left.saturating_sub(*cost);
            affordable
        })
        .count()
}

/// What might separate for the reader and not for the budget, or be read and not be counted.
fn joint(random: &mut StdRng) -> String {
    const KNOWN: [&str; 24] = [
        " ", "", "_", "-", "'", "’", ".", ":", "·", "\u{200b}", "\u{200c}", "\u{200d}", "\u{2060}",
        "\u{feff}", "\u{ad}", "\u{3164}", "\u{ffa0}", "\u{115f}", "ꓸ", "ǀ", "﹍", "＿", "\u{fe0f}",
        "\u{301}",
    ];
    if random.random_bool(0.7) {
        KNOWN.choose(random).copied().unwrap_or_default().to_owned()
    } else {
        char::from_u32(random.random_range(0..0x1_0000))
            .map(String::from)
            .unwrap_or_default()
    }
}

fn changed(text: &str, answers: &[String], random: &mut StdRng) -> String {
    match random.random_range(0..6) {
        0 => text.replace(' ', &joint(random)),
        1 => {
            let (from, to) = (joint(random), joint(random));
            if from.is_empty() {
                text.to_owned()
            } else {
                text.replace(&from, &to)
            }
        }
        2 => text
            .chars()
            .flat_map(|c| [c.to_string(), joint(random)])
            .collect(),
        3 => {
            let more = answers
                .choose(random)
                .map(String::as_str)
                .unwrap_or_default();
            [more, &joint(random), text].concat()
        }
        4 => {
            // Letters that look or compose alike.
            let look = [
                ("a", "а"),
                ("e", "е"),
                ("o", "ο"),
                ("fi", "ﬁ"),
                ("i", "ı"),
                ("A", "Ａ"),
                ("é", "e\u{301}"),
            ];
            let (from, to) = look.choose(random).copied().unwrap_or(("a", "a"));
            text.replace(from, to)
        }
        _ => {
            let at = text.floor_char_boundary(random.random_range(0..=text.len()));
            let (head, tail) = text.split_at(at);
            [tail, &joint(random), head].concat()
        }
    }
}

#[test]
fn no_writing_is_read_as_more_than_it_is_charged_for() {
    let answers = answers();
    let most = affordable(&answers);
    for seed in 0..3 {
        let mut random = StdRng::seed_from_u64(seed);
        let honest: Vec<String> = (0..POPULATION)
            .map(|_| {
                let mut shuffled = answers.clone();
                rand::seq::SliceRandom::shuffle(shuffled.as_mut_slice(), &mut random);
                shuffled.join(" ")
            })
            .collect();
        let mut population = honest;
        for _ in 0..GENERATIONS {
            population.sort_by_cached_key(|text| std::cmp::Reverse(found(text, &answers)));
            population.truncate(SURVIVORS);
            let best = found(&population[0], &answers);
            let charged = count(cut(&population[0], BUDGET));
            assert!(
                best <= most && charged <= BUDGET,
                "{best} answers where {most} can be paid, at {charged} tokens: {:?}",
                population[0]
            );
            for place in SURVIVORS..POPULATION {
                let parent = population[place % SURVIVORS].clone();
                let child = changed(&parent, &answers, &mut random);
                // Longer than this, only the beginning is read anyway.
                population.push(child.chars().take(2_000).collect());
            }
        }
        // The search is no search if it does not even find what honest guidance finds.
        assert!(found(&population[0], &answers) * 2 > most);
    }
}
