//! The answer of a comparison, in one sentence per suite.

use memhost_suite as suite;

use super::number::{count, hundredths, p_value, plural, probability};
use crate::compare::caveats::unmeasured;
use crate::compare::label;
use crate::compare::statistics::{Estimate, Interval, LEVEL};
use crate::compare::summary::{
    Clash, Decision, Detectable, Pair, Report, StrategyResult, SuiteResult, Unfinished,
};

/// What a comparison says of a suite.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// One sentence, without a full stop.
    pub text: String,
    /// Better: a plugin beats all other plugins and floors. Worse: a floor beats all plugins.
    pub decision: Decision,
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
            decision: Decision::Undecided,
        },
    }
}

/// The same of those that have a result.
fn answer_of_sound(suite: &SuiteResult) -> Answer {
    let undecided = |text: String| Answer {
        text: format!("on {}, {text}", suite.suite),
        decision: Decision::Undecided,
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
        let why = unmeasured(suite);
        return undecided(why.unwrap_or_else(|| "no plugin has a result".to_owned()));
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
    let name = name_of(best);
    let mut parts: Vec<String> = among_plugins(&name, &others).into_iter().collect();
    let beaten = others.iter().all(|duel| duel.decision == Decision::Better);
    let subject = match beaten && !parts.is_empty() {
        true => "it",
        false => name.as_str(),
    };
    parts.extend(floor.as_ref().map(|duel| duel.with_floor(subject)));
    if parts.is_empty() {
        return undecided(format!("{}, and nothing else", scored(suite, best)));
    }
    let beats_all = others
        .iter()
        .chain(&floor)
        .all(|duel| duel.decision == Decision::Better);
    Answer {
        text: format!("on {}, {}", suite.suite, parts.join("; ")),
        decision: match floor {
            Some(floor) if floor.decision == Decision::Worse => Decision::Worse,
            _ if beats_all => Decision::Better,
            _ => Decision::Undecided,
        },
    }
}

/// What to add to a comparison for it to say what wrappers add, if anything.
pub fn unseen(report: &Report) -> Option<String> {
    let each = report.unseen.iter();
    let each = each.map(|one| format!("{} (for {})", one.add, one.strategy));
    let each: Vec<String> = each.collect();
    (!each.is_empty()).then(|| {
        format!(
            "What a wrapper adds is seen where what it wraps takes part too, with the same settings; add to the command: {}.",
            each.join("; ")
        )
    })
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

/// What a sentence calls a strategy: it says itself who is a floor.
fn name_of(strategy: &StrategyResult) -> String {
    match strategy.floor {
        true => strategy.strategy.clone(),
        false => label(&strategy.strategy, false),
    }
}

/// The best plugin and the others; `None` if there is no other.
fn among_plugins(best: &str, others: &[Duel]) -> Option<String> {
    let alike: Vec<&Duel> = others
        .iter()
        .filter(|duel| duel.decision != Decision::Better)
        .collect();
    let Some(nearest) = alike.first() else {
        let next = others.first()?;
        let than = match others {
            [_] => next.than.clone(),
            _ => format!("the next best plugin, {},", next.than),
        };
        return Some(format!("{best} beats {than} by {}", next.size()));
    };
    let names: Vec<&str> = std::iter::once(best)
        .chain(alike.iter().map(|duel| duel.than.as_str()))
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
struct Duel {
    than: String,
    /// The two, in terms of how much better the best plugin is.
    pair: Pair,
    decision: Decision,
    detectable: Option<Detectable>,
}

impl Duel {
    fn of_all(suite: &SuiteResult, best: &StrategyResult, others: &[&StrategyResult]) -> Vec<Duel> {
        let duels = others
            .iter()
            .filter_map(|other| Duel::of(suite, best, other));
        duels.collect()
    }

    /// `None` if they share no task.
    fn of(suite: &SuiteResult, best: &StrategyResult, other: &StrategyResult) -> Option<Duel> {
        let (ours, theirs) = (
            label(&best.strategy, best.floor),
            label(&other.strategy, other.floor),
        );
        let pair = suite.pair(&ours, &theirs)?;
        let decision = pair.decision(&suite.primary);
        Some(Duel {
            than: name_of(other),
            pair: match suite::lower_is_better(&suite.primary) {
                true => pair.turned(),
                false => pair,
            },
            decision,
            detectable: suite.detectable,
        })
    }

    fn with_floor(&self, subject: &str) -> String {
        let than = &self.than;
        match self.decision {
            Decision::Better => {
                format!("{subject} beats the best floor, {than}, by {}", self.size())
            }
            Decision::Worse => {
                let size = self.turned_size();
                format!("the floor {than} beats {subject} by {size}")
            }
            Decision::Undecided => format!(
                "{subject} cannot be told apart from the best floor, {than} ({})",
                self.size()
            ),
        }
    }

    /// `6.1 points [2.0, 10.3], p = .004 after correction`.
    fn size(&self) -> String {
        shown(&self.pair, self.detectable)
    }

    fn turned_size(&self) -> String {
        shown(&self.pair.turned(), self.detectable)
    }
}

/// A difference with its interval and p. The two come from different methods: where they do not agree, the sentence
/// says which of them decides, and why.
fn shown(pair: &Pair, detectable: Option<Detectable>) -> String {
    let Estimate { mean, interval, .. } = pair.difference;
    let points = format!("{} points", hundredths(mean));
    let p = p_value(pair.p_holm);
    let Some(Interval { low, high }) = interval else {
        return format!("{points}, {p} after correction");
    };
    let interval = format!("[{}, {}]", hundredths(low), hundredths(high));
    match pair.clash() {
        None if pair.p_holm.is_none() => {
            format!("{points} {interval}, and without p nothing is told apart")
        }
        None => format!("{points} {interval}, {p} after correction"),
        Some(Clash::PDecides) => {
            let pairs = detectable.map_or_else(String::new, |detectable| {
                format!(" for {}", plural(detectable.comparisons, "pair", "pairs"))
            });
            let never = detectable
                .filter(|detectable| detectable.smallest_p > LEVEL)
                .map_or_else(String::new, |detectable| {
                    let least = probability(Some(detectable.smallest_p));
                    format!(", and with so few groups p is never below {least}")
                });
            format!(
                "{points}, and {p} after correction{pairs} decides, for the interval {interval} is of this pair \
                 alone{never}"
            )
        }
        Some(Clash::IntervalDecides) => format!(
            "{points}, and the interval {interval} decides, for it includes 0, although {p} after correction"
        ),
    }
}

#[cfg(test)]
mod tests;
