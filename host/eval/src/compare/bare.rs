//! Wrapped strategies beside what they wrap: what a wrapper adds is seen only where both take part.

use std::collections::BTreeMap;

use memhost::settings;
use memhost::strategy::settings_inside;

use super::Comparison;
use super::contestant::Contestant;

/// A wrapped strategy of which nobody sees what its wrapper adds.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Unseen {
    /// Under which name it takes part.
    pub strategy: String,
    /// What to compare it with, as the command line takes it: `rag --set rag.k=2`.
    pub add: String,
}

/// Who takes part as what this one wraps, with the same settings.
pub(super) fn bare_of<'a>(
    wrapped: &Contestant,
    contestants: &'a [Contestant],
) -> Option<&'a Contestant> {
    let inner = wrapped.strategy.inner()?;
    let settings = inside(wrapped);
    contestants.iter().find(|other| {
        !other.floor
            && other.strategy.digest() == inner.digest()
            && settings::as_text(&other.settings) == settings
    })
}

/// The settings of what it wraps.
fn inside(wrapped: &Contestant) -> BTreeMap<String, String> {
    settings::as_text(&settings_inside(&wrapped.settings))
}

/// Wrapped strategies whose bare ones take no part at all.
pub(super) fn unseen(comparison: &Comparison) -> Vec<Unseen> {
    let mut unseen: Vec<Unseen> = Vec::new();
    let everybody: Vec<&Contestant> = comparison
        .contests
        .iter()
        .flat_map(|contest| &contest.contestants)
        .filter(|contestant| !contestant.floor)
        .collect();
    let has_bare = |name: &str| {
        let mut contests = comparison.contests.iter();
        contests.any(|contest| {
            let mut of_name = contest.contestants.iter().filter(|one| one.name == name);
            of_name.any(|one| bare_of(one, &contest.contestants).is_some())
        })
    };
    for contestant in &everybody {
        let known = unseen.iter().any(|one| one.strategy == contestant.name);
        if !known && !has_bare(&contestant.name) {
            let add = to_add(contestant, &everybody, comparison);
            unseen.extend(add.map(|add| Unseen {
                strategy: contestant.name.clone(),
                add,
            }));
        }
    }
    unseen
}

/// `None` where nothing is wrapped, or what is wrapped was asked for and cannot take part.
fn to_add(
    wrapped: &Contestant,
    everybody: &[&Contestant],
    comparison: &Comparison,
) -> Option<String> {
    let inner = wrapped.strategy.inner()?.description();
    let contests = comparison.contests.iter();
    let inapplicable = contests.flat_map(|contest| &contest.inapplicable);
    let mut refused = inapplicable
        .map(|one| &one.strategy)
        .chain(comparison.unfit.iter().map(|one| &one.strategy));
    if refused.any(|name| *name == inner.name) {
        return None;
    }
    let is_taken = everybody.iter().any(|other| other.name == inner.name);
    let (mut add, name) = match is_taken {
        true => (format!("bare={}", inner.name), "bare"),
        false => (inner.name.clone(), inner.name.as_str()),
    };
    add = quoted(&add);
    let defaults = settings::as_text(&settings::defaults(&inner.parameters));
    for (parameter, value) in inside(wrapped) {
        if defaults.get(&parameter) != Some(&value) {
            add += " --set ";
            add += &quoted(&format!("{name}.{parameter}={value}"));
        }
    }
    Some(add)
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.=/:+".contains(c);
    match word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::Inapplicable;
    use crate::compare::testing::{self, in_pass};

    fn plugin(name: &str, k: f64) -> Contestant {
        testing::with_k(testing::contestant(name, false), k)
    }

    fn to_add_to(contestants: &[Contestant]) -> Vec<String> {
        let mut comparison = testing::comparison(1);
        let mut again = comparison.contests[0].clone();
        comparison.contests[0].contestants = contestants.to_vec();
        again.contestants = contestants.to_vec();
        comparison.contests.push(again);
        let unseen = unseen(&comparison).into_iter();
        unseen
            .map(|one| format!("{}: {}", one.strategy, one.add))
            .collect()
    }

    #[test]
    fn the_bare_strategy_has_the_same_settings() {
        let all = [plugin("rag", 2.0), plugin("two", 3.0)];
        let bare = |k| Some(bare_of(&in_pass(plugin("rag", k)), &all)?.name.clone());
        assert_eq!(bare(2.0).as_deref(), Some("rag"));
        assert_eq!(bare(3.0).as_deref(), Some("two"), "whatever it is called");
        assert_eq!(bare(4.0), None);
        assert!(bare_of(&all[0], &all).is_none(), "it wraps nothing");
    }

    #[test]
    fn what_to_add_is_said_once_and_as_the_command_line_takes_it() {
        let rag = || plugin("rag", 2.0);
        assert_eq!(to_add_to(&[rag(), in_pass(rag())]), [""; 0]);
        assert_eq!(
            to_add_to(&[in_pass(rag())]),
            ["pass(rag): rag --set rag.k=2"]
        );
        assert_eq!(
            to_add_to(&[plugin("rag", 3.0), in_pass(rag())]),
            ["pass(rag): bare=rag --set bare.k=2"]
        );
        let mut inapplicable = testing::comparison(1);
        let contest = &mut inapplicable.contests[0];
        contest.contestants = vec![in_pass(rag())];
        contest.inapplicable = vec![Inapplicable {
            strategy: "rag".to_owned(),
            reason: "it has no phase that matters here".to_owned(),
        }];
        assert_eq!(unseen(&inapplicable), [], "it was asked for already");
        assert_eq!(
            to_add_to(&[in_pass(in_pass(rag()))]),
            ["pass(pass(rag)): 'pass(rag)' --set 'pass(rag).inner.k=2'"]
        );
    }
}
