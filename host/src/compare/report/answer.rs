//! The answer of a comparison, in one sentence per suite.

use super::number::{count, hundredths, p_value};
use crate::compare::label;
use crate::compare::statistics::{Estimate, Interval};
use crate::compare::summary::{StrategyResult, SuiteResult, Unfinished, Verdict};
use crate::suite;

/// What a comparison says of a suite.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// One sentence, without a full stop.
    pub text: String,
    /// Better: a plugin beats all other plugins and floors. Worse: a floor beats all plugins.
    pub verdict: Verdict,
}

/// Which plugin is best, by how much, and whether it beats the best floor. A difference is positive where the one named
/// first is better, also of metrics of which less is better; points are hundredths of the metric.
pub fn answer(suite: &SuiteResult) -> Answer {
    let broken: Vec<String> = suite.broken().collect();
    match broken.is_empty() {
        true => answer_of_sound(suite),
        // Who has no result may be who is best.
        false => Answer {
            text: [broken, vec![answer_of_sound(suite).text]]
                .concat()
                .join("; "),
            verdict: Verdict::Undecided,
        },
    }
}

/// The same of those that have a result.
fn answer_of_sound(suite: &SuiteResult) -> Answer {
    let undecided = |text: String| Answer {
        text: format!("on {}, {text}", suite.suite),
        verdict: Verdict::Undecided,
    };
    if let Some(Unfinished { run, cells }) = suite.unfinished {
        // Who is missing may be who is best.
        return undecided(format!(
            "unfinished: {} of {} cells are run; no comparison yet",
            count(run as f64),
            count(cells as f64)
        ));
    }
    let plugins = ranking(suite, false);
    let floors = ranking(suite, true);
    let Some(best) = plugins.first() else {
        return undecided("no plugin has a result".to_owned());
    };
    if suite.groups < 2 {
        let all = plugins.iter().chain(floors.first());
        let scores: Vec<String> = all.map(|one| scored(suite, one)).collect();
        return undecided(format!(
            "all questions are of one group, which says nothing about others: {}",
            scores.join(", ")
        ));
    }
    let others = Duel::of_all(suite, best, plugins.get(1..).unwrap_or_default());
    let floor = floors
        .first()
        .and_then(|floor| Duel::of(suite, best, floor));
    let mut parts: Vec<String> = among_plugins(&best.strategy, &others).into_iter().collect();
    let beaten = others.iter().all(|duel| duel.verdict == Verdict::Better);
    let subject = match beaten && !parts.is_empty() {
        true => "it",
        false => best.strategy.as_str(),
    };
    parts.extend(floor.as_ref().map(|duel| duel.with_floor(subject)));
    if parts.is_empty() {
        return undecided(format!("{}, and nothing else", scored(suite, best)));
    }
    let beats_all = others
        .iter()
        .chain(&floor)
        .all(|duel| duel.verdict == Verdict::Better);
    Answer {
        text: format!("on {}, {}", suite.suite, parts.join("; ")),
        verdict: match floor {
            Some(floor) if floor.verdict == Verdict::Worse => Verdict::Worse,
            _ if beats_all => Verdict::Better,
            _ => Verdict::Undecided,
        },
    }
}

/// Plugins or floors with a result, best first; ceilings have no rank.
fn ranking(suite: &SuiteResult, floors: bool) -> Vec<&StrategyResult> {
    let lower = suite::lower_is_better(&suite.primary);
    let mut ranking: Vec<(f64, &StrategyResult)> = suite
        .strategies
        .iter()
        .filter(|strategy| strategy.floor == floors && strategy.rank.is_some())
        .filter_map(|strategy| Some((strategy.quality?.mean, strategy)))
        .collect();
    ranking.sort_by(|(a, ours), (b, theirs)| {
        let best_first = match lower {
            true => a.total_cmp(b),
            false => b.total_cmp(a),
        };
        best_first.then_with(|| ours.strategy.cmp(&theirs.strategy))
    });
    ranking.into_iter().map(|(_, strategy)| strategy).collect()
}

fn scored(suite: &SuiteResult, strategy: &StrategyResult) -> String {
    let mean = strategy.quality.map_or(f64::NAN, |quality| quality.mean);
    let name = label(&strategy.strategy, strategy.floor);
    format!(
        "{name} has {} points of {}",
        hundredths(mean),
        suite.primary
    )
}

/// The best plugin and the others; `None` if there is no other.
fn among_plugins(best: &str, others: &[Duel<'_>]) -> Option<String> {
    let alike: Vec<&Duel<'_>> = others
        .iter()
        .filter(|duel| duel.verdict != Verdict::Better)
        .collect();
    let Some(nearest) = alike.first() else {
        let next = others.first()?;
        let than = match others {
            [_] => next.than.to_owned(),
            _ => format!("the next best plugin, {},", next.than),
        };
        return Some(format!("{best} beats {than} by {}", next.size()));
    };
    let names: Vec<&str> = std::iter::once(best)
        .chain(alike.iter().map(|duel| duel.than))
        .collect();
    let which = match alike.as_slice() {
        [_] => String::new(),
        _ => format!("{best} over {}: ", nearest.than),
    };
    Some(format!(
        "{} cannot be told apart at this size ({which}{})",
        listed(&names),
        nearest.size()
    ))
}

/// `a`, `a and b`, `a, b and c`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The best plugin against another strategy.
struct Duel<'a> {
    than: &'a str,
    /// By how much the best plugin is better.
    by: Estimate,
    p: Option<f64>,
    verdict: Verdict,
}

impl<'a> Duel<'a> {
    fn of_all(
        suite: &SuiteResult,
        best: &StrategyResult,
        others: &[&'a StrategyResult],
    ) -> Vec<Duel<'a>> {
        let duels = others
            .iter()
            .filter_map(|other| Duel::of(suite, best, other));
        duels.collect()
    }

    /// `None` if they share no task.
    fn of(
        suite: &SuiteResult,
        best: &StrategyResult,
        other: &'a StrategyResult,
    ) -> Option<Duel<'a>> {
        let (ours, theirs) = (
            label(&best.strategy, best.floor),
            label(&other.strategy, other.floor),
        );
        let pair = suite.pair(&ours, &theirs)?;
        let by = match suite::lower_is_better(&suite.primary) {
            true => pair.turned().difference,
            false => pair.difference,
        };
        Some(Duel {
            than: &other.strategy,
            by,
            p: pair.p_holm,
            verdict: pair.verdict(&suite.primary),
        })
    }

    fn with_floor(&self, subject: &str) -> String {
        let than = self.than;
        match self.verdict {
            Verdict::Better => {
                format!("{subject} beats the best floor, {than}, by {}", self.size())
            }
            Verdict::Worse => {
                let size = self.turned_size();
                format!("the floor {than} beats {subject} by {size}")
            }
            Verdict::Undecided => format!(
                "{subject} cannot be told apart from the best floor, {than} ({})",
                self.size()
            ),
        }
    }

    /// `6.1 points [2.0, 10.3], p = .004 after correction`.
    fn size(&self) -> String {
        self.shown(self.by.mean, self.by.interval)
    }

    fn turned_size(&self) -> String {
        let interval = self.by.interval.map(|Interval { low, high }| Interval {
            low: -high,
            high: -low,
        });
        self.shown(-self.by.mean, interval)
    }

    fn shown(&self, mean: f64, interval: Option<Interval>) -> String {
        let interval = interval.map_or_else(String::new, |Interval { low, high }| {
            format!(" [{}, {}]", hundredths(low), hundredths(high))
        });
        format!(
            "{} points{interval}, {} after correction",
            hundredths(mean),
            p_value(self.p)
        )
    }
}

#[cfg(test)]
mod tests;
