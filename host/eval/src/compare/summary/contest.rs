//! What follows from setting the strategies of a suite against each other: pairs, places, harm and the frontier.

use std::collections::BTreeMap;

use memhost_suite as suite;

use crate::compare::result::{Detectable, Frontier, Harm, Pair, StrategyResult};
use crate::compare::statistics::{
    self, Paired, Score, Tally, detectable_before, frontier, holm, mean, places, smallest_p,
};
use crate::compare::{NO_MEMORY, is_ceiling, label};

/// A strategy with its scores in the suite's primary metric.
pub(super) struct Entrant<'a> {
    pub(super) result: StrategyResult,
    pub(super) scores: Vec<Score<'a>>,
}

impl Entrant<'_> {
    fn label(&self) -> String {
        label(&self.result.strategy, self.result.floor)
    }

    fn is_ceiling(&self) -> bool {
        is_ceiling(&self.result.strategy, self.result.floor)
    }

    fn is_no_memory(&self) -> bool {
        self.result.floor && self.result.strategy == NO_MEMORY
    }
}

/// Compares the strategies, and writes what follows into their results. What is returned is every two of them, and the
/// smallest difference that such a comparison finds, if there is any.
pub(super) fn settle(
    entrants: &mut [Entrant<'_>],
    metric: &str,
    group_sizes: &[usize],
) -> (Vec<Pair>, Option<Detectable>) {
    let pairs = pairs(entrants, metric);
    let comparisons = pairs.iter().filter(|pair| pair.p.is_some()).count();
    let groups = pairs.iter().map(|pair| pair.difference.groups).max();
    let detectable = (comparisons > 0).then(|| Detectable {
        before: detectable_before(group_sizes, comparisons),
        after: detectable_after(entrants, comparisons),
        comparisons,
        smallest_p: smallest_p(groups.unwrap_or_default(), comparisons),
    });
    ranks(entrants, metric, &pairs);
    harm(entrants, metric);
    frontiers(entrants, metric);
    (pairs, detectable)
}

/// Every two strategies that share a task, ceilings left out.
fn pairs(entrants: &[Entrant<'_>], metric: &str) -> Vec<Pair> {
    let compared: Vec<&Entrant<'_>> = entrants.iter().filter(|e| !e.is_ceiling()).collect();
    let mut pairs = Vec::new();
    for (index, ours) in compared.iter().enumerate() {
        for theirs in compared.iter().skip(index + 1) {
            let paired = Paired::new(&ours.scores, &theirs.scores);
            pairs.extend(paired.map(|paired| pair(ours.label(), theirs.label(), &paired, metric)));
        }
    }
    correct(&mut pairs, compared.first().map(|first| first.label()));
    pairs
}

fn pair(ours: String, theirs: String, paired: &Paired<'_>, metric: &str) -> Pair {
    let Tally {
        larger,
        equal,
        smaller,
    } = paired.tally();
    let (wins, losses) = match suite::lower_is_better(metric) {
        true => (smaller, larger),
        false => (larger, smaller),
    };
    let (test, p) = paired.test();
    let effect = paired.effect();
    Pair {
        ours,
        theirs,
        difference: paired.estimate(),
        wins,
        ties: equal,
        losses,
        effect: effect.ok(),
        no_effect: effect.err(),
        test,
        p,
        p_holm: None,
        p_to_first: None,
    }
}

/// One family for all that is concluded: who is best is only known after every pair was looked at. The pairs with the
/// first plugin are a family too, which nothing is concluded from but by a reader who wanted to know just these.
fn correct(pairs: &mut [Pair], first: Option<String>) {
    let corrected = |wanted: &dyn Fn(&Pair) -> bool| -> Vec<Option<f64>> {
        let values = pairs.iter().map(|pair| pair.p.filter(|_| wanted(pair)));
        holm(&values.collect::<Vec<_>>())
    };
    let all = corrected(&|_| true);
    let to_first = corrected(&|pair| first.as_ref() == Some(&pair.ours));
    for ((pair, of_all), to_first) in pairs.iter_mut().zip(all).zip(to_first) {
        (pair.p_holm, pair.p_to_first) = (of_all, to_first);
    }
}

/// The widest of any two plugins, or of the plugin and the floors where it is the only one: every one of these
/// comparisons would have found a difference of this size.
fn detectable_after(entrants: &[Entrant<'_>], comparisons: usize) -> Option<f64> {
    let compared = || entrants.iter().filter(|entrant| !entrant.is_ceiling());
    let (plugins, floors): (Vec<_>, Vec<_>) = compared().partition(|one| !one.result.floor);
    let detectable = |ours: &Entrant<'_>, theirs: &Entrant<'_>| {
        Paired::new(&ours.scores, &theirs.scores)?.detectable(comparisons)
    };
    let among_plugins = plugins.iter().enumerate().flat_map(|(index, ours)| {
        let others = plugins.iter().skip(index + 1);
        others.filter_map(|theirs| detectable(ours, theirs))
    });
    let with_floors = plugins.iter().flat_map(|ours| {
        let floors = floors.iter();
        floors.filter_map(|floor| detectable(ours, floor))
    });
    let widest = among_plugins.reduce(f64::max);
    widest.or_else(|| with_floors.reduce(f64::max))
}

/// The mean with its sign turned where less is better.
fn worth(entrant: &Entrant<'_>, metric: &str) -> Option<f64> {
    let mean = entrant.result.quality?.mean;
    Some(match suite::lower_is_better(metric) {
        true => -mean,
        false => mean,
    })
}

/// Places by [`places`]. Two strategies are told apart if the interval of their difference leaves zero out, and its p
/// after correction is small enough too.
fn ranks(entrants: &mut [Entrant<'_>], metric: &str, pairs: &[Pair]) {
    let mut order: Vec<(f64, usize)> = entrants
        .iter()
        .enumerate()
        .filter(|(_, entrant)| !entrant.is_ceiling())
        .filter_map(|(index, entrant)| Some((worth(entrant, metric)?, index)))
        .collect();
    let labels: Vec<String> = entrants.iter().map(Entrant::label).collect();
    // Equals by name, so that the order in which plugins were given decides nothing.
    order.sort_by(|(a, ours), (b, theirs)| {
        b.total_cmp(a)
            .then_with(|| labels.get(*ours).cmp(&labels.get(*theirs)))
    });
    let name = |place: usize| order.get(place).and_then(|(_, index)| labels.get(*index));
    let told_apart = |one: usize, other: usize| {
        let (one, other) = (name(one), name(other));
        let both = |pair: &&Pair| {
            let names = (Some(&pair.ours), Some(&pair.theirs));
            names == (one, other) || names == (other, one)
        };
        pairs.iter().find(both).is_some_and(Pair::is_told_apart)
    };
    let places = places(order.len(), told_apart);
    for ((_, index), place) in order.iter().zip(places) {
        if let Some(entrant) = entrants.get_mut(*index) {
            entrant.result.rank = Some(place);
        }
    }
}

/// Against the floor that remembers nothing.
fn harm(entrants: &mut [Entrant<'_>], metric: &str) {
    let Some(without) = entrants
        .iter()
        .find(|entrant| entrant.is_no_memory())
        .map(|entrant| entrant.scores.clone())
    else {
        return;
    };
    for entrant in entrants.iter_mut().filter(|e| !e.is_no_memory()) {
        entrant.result.harm = harm_of(&entrant.scores, &without, metric);
    }
}

/// `None` if nothing was asked of both.
fn harm_of(ours: &[Score<'_>], without: &[Score<'_>], metric: &str) -> Option<Harm> {
    let transfer = statistics::difference(ours, without)?;
    let (with, without) = (solved(ours, metric), solved(without, metric));
    let mut harm = Harm {
        solved_without: 0,
        lost: Vec::new(),
        gained: 0,
        transfer,
    };
    for (task, with) in with {
        match (without.get(task), with) {
            (Some(true), true) => harm.solved_without += 1,
            (Some(true), false) => {
                harm.solved_without += 1;
                harm.lost.push(task.to_owned());
            }
            (Some(false), true) => harm.gained += 1,
            (Some(false), false) | (None, _) => {}
        }
    }
    Some(harm)
}

/// Whether each task was solved, seeds averaged.
fn solved<'a>(scores: &[Score<'a>], metric: &str) -> BTreeMap<&'a str, bool> {
    let mut tasks: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for score in scores.iter().filter(|score| score.value.is_finite()) {
        tasks.entry(score.task).or_default().push(score.value);
    }
    tasks
        .into_iter()
        .filter_map(|(task, scores)| Some((task, suite::is_solved(metric, mean(scores)?))))
        .collect()
}

/// Ceilings are on no frontier, and keep nobody off it.
fn frontiers(entrants: &mut [Entrant<'_>], metric: &str) {
    let points = |cost: fn(&super::Costs) -> f64| -> Vec<bool> {
        let points = entrants.iter().map(|entrant| {
            let worth = worth(entrant, metric).filter(|_| !entrant.is_ceiling());
            let cost = entrant.result.costs.as_ref().map(cost);
            (worth.unwrap_or(f64::NAN), cost.unwrap_or(f64::NAN))
        });
        frontier(&points.collect::<Vec<_>>())
    };
    let handed_over = points(|costs| costs.tokens_per_question);
    let written = points(|costs| costs.writing_tokens);
    for ((entrant, handed_over), written) in entrants.iter_mut().zip(handed_over).zip(written) {
        entrant.result.frontier = Frontier {
            handed_over,
            written,
        };
    }
}

#[cfg(test)]
mod tests;
