//! The floors of lane `compaction`. They know nothing but the run, and learn nothing.
//!
//! - `none`: nothing is kept. `first`, `last`: the first, the last part. `ends`: half of the budget for the beginning, half for the end.
//! - `lines`: any lines, in the order of the run.
//! - `identifiers`: words with a digit, each once, the newest first.
//! - `oracle`: what is needed, and nothing else.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use memhost::capability::CallContext;
use memhost::contract::{Compacted, Context, Receipt};
use memhost::strategy::Strategy;
use memhost_suite::{Question, Suite};
use memhost_words::{Cost, count, cut};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::floor::{Floor, floor};

/// In the order in which reports show them.
pub(super) fn floors(suite: &Suite) -> Vec<Arc<dyn Strategy>> {
    let floor = |name, summary, keeps| floor(name, summary, Shortening(keeps));
    let needed = suite.questions().filter_map(|(episode, question)| {
        let Question::Keep { needed, .. } = question else {
            return None;
        };
        Some((episode.task.id.clone(), needed.clone()))
    });
    vec![
        floor("none", "Nothing is kept.", Keeps::Nothing),
        floor("first", "The first part of the run.", Keeps::First),
        floor("last", "The last part of the run.", Keeps::Last),
        floor("ends", "The beginning and the end.", Keeps::Ends),
        floor("lines", "Any lines, by the run's seed.", Keeps::Lines),
        floor(
            "identifiers",
            "Words with a digit, the newest first.",
            Keeps::Identifiers,
        ),
        floor(
            "oracle",
            "What later steps need.",
            Keeps::Gold(needed.collect()),
        ),
    ]
}

/// A floor that keeps this of a run.
struct Shortening(Keeps);

enum Keeps {
    Nothing,
    First,
    Last,
    Ends,
    Lines,
    Identifiers,
    /// By question, the values that are needed.
    Gold(HashMap<String, Vec<String>>),
}

impl Floor for Shortening {
    fn distills(&self) -> bool {
        false
    }

    fn compacts(&self) -> bool {
        true
    }

    fn compact(&self, context: &CallContext, run: &Context) -> Compacted {
        let steps = run.steps.iter().map(|step| step.text.as_str());
        let text = steps.collect::<Vec<_>>().join("\n");
        let budget = run.token_budget;
        let kept = match &self.0 {
            Keeps::Nothing => String::new(),
            Keeps::First => cut(&text, budget).to_owned(),
            Keeps::Last => end(&text, budget).to_owned(),
            Keeps::Ends => {
                let beginning = cut(&text, budget / 2);
                let rest = budget - count(beginning);
                format!("{beginning}\n{}", end(&text[beginning.len()..], rest))
            }
            Keeps::Lines => {
                let mut lines: Vec<(usize, &str)> = text.lines().enumerate().collect();
                lines.shuffle(&mut ChaCha8Rng::seed_from_u64(context.run.seed));
                let mut cost = Cost::default();
                // One that does not fit is passed over.
                lines.retain(|(_, line)| {
                    let mut longer = cost;
                    longer.add(line);
                    longer.add("\n");
                    let fits = longer.tokens() <= budget;
                    if fits {
                        cost = longer;
                    }
                    fits
                });
                lines.sort_unstable();
                let lines = lines.into_iter().map(|(_, line)| line);
                lines.collect::<Vec<_>>().join("\n")
            }
            Keeps::Identifiers => {
                let mut met = HashSet::new();
                let newest = identifiers(&text).into_iter().rev();
                let newest = newest.filter(|word| met.insert(*word));
                fitting(newest, |word| word, " ", budget).join(" ")
            }
            Keeps::Gold(needed) => {
                let needed = needed.get(&run.task.id).map(Vec::as_slice);
                let needed = needed.unwrap_or_default().iter().map(String::as_str);
                fitting(needed, |value| value, "\n", budget).join("\n")
            }
        };
        Compacted {
            text: kept,
            keep_last: 0,
            receipt: Receipt::nothing(),
        }
    }
}

/// The longest end of a text with at most so many tokens.
fn end(text: &str, budget: u32) -> &str {
    let places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
    let too_long = places.partition_point(|place| count(&text[*place..]) > budget);
    places.get(too_long).map_or("", |place| &text[*place..])
}

/// Words that have a digit, in their order: letters, digits, and what joins them in dates and names.
fn identifiers(text: &str) -> Vec<&str> {
    let joins = |c: char| c.is_alphanumeric() || "_-.:".contains(c);
    let words = text
        .split(|c| !joins(c))
        .map(|word| word.trim_matches(['.', ':', '-']));
    let has_digit = |word: &&str| word.contains(|c: char| c.is_ascii_digit());
    words.filter(has_digit).collect()
}

/// As many of these as fit until the first that does not.
fn fitting<'t, T: Copy>(
    items: impl IntoIterator<Item = T>,
    text: impl Fn(T) -> &'t str,
    between: &str,
    budget: u32,
) -> Vec<T> {
    let mut cost = Cost::default();
    let fits = |item: &T| {
        cost.add(text(*item));
        cost.add(between);
        cost.tokens() <= budget
    };
    items.into_iter().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_as_long_as_the_budget_holds() {
        let text = "one two three four five";
        assert_eq!(count(end(text, 2)), 2);
        assert!(end(text, 2).ends_with("five") && end(text, 100) == text);
        assert_eq!(end(text, 0), "");
    }

    #[test]
    fn identifiers_have_a_digit() {
        assert_eq!(
            identifiers(r#"{"id": "mia_li_3668", "on": "2024-05-20"}, at 06:00. No."#),
            ["mia_li_3668", "2024-05-20", "06:00"]
        );
    }
}
