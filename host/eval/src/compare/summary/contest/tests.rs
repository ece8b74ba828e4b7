use std::sync::Arc;

use proptest::prelude::*;

use super::super::Report;
use super::super::tests::setup;
use crate::compare::report::{answer, number};
use crate::compare::statistics::{NoEffect, detectable_before};
use crate::compare::summary::{Decision, SuiteResult};
use crate::compare::{CellOutcome, Contest, Finish, testing};

/// Strategies on a suite with two questions of a group, each with its scores.
fn results(strategies: &[(&str, bool, &[f64])], primary: &str) -> SuiteResult {
    let mut comparison = testing::comparison(1);
    let questions = strategies[0].2.len();
    let mut suite = testing::suite(questions);
    suite.primary = primary.to_owned();
    comparison.contests = vec![Contest {
        suite: Arc::new(suite),
        contestants: strategies
            .iter()
            .map(|(name, floor, _)| testing::contestant(name, *floor))
            .collect(),
        inapplicable: Vec::new(),
    }];
    let outcomes = strategies.iter().map(|(_, _, scores)| {
        let mut report = testing::report(scores);
        for task in &mut report.tasks {
            let score = task.scores["hit@1"];
            task.scores.insert(primary.to_owned(), score);
        }
        CellOutcome::Finished(Box::new(report))
    });
    let finish = Finish {
        outcomes: outcomes.collect(),
        interrupted: false,
        outage: None,
    };
    Report::new(&testing::design(&comparison), &finish, &setup())
        .suites
        .remove(0)
}

/// The first of `questions` are hits.
fn hits(right: usize, questions: usize) -> Vec<f64> {
    (0..questions)
        .map(|task| f64::from(u8::from(task < right)))
        .collect()
}

fn ranks(result: &SuiteResult) -> Vec<Option<usize>> {
    result.strategies.iter().map(|one| one.rank).collect()
}

#[test]
fn every_two_strategies_are_a_pair_but_ceilings() {
    let (few, many) = (hits(14, 40), hits(34, 40));
    let result = results(
        &[
            ("rag", false, &few),
            ("rb", false, &many),
            ("none", true, &hits(0, 40)),
            ("oracle", true, &hits(40, 40)),
        ],
        "hit@1",
    );
    let names: Vec<(&str, &str)> = result
        .pairs
        .iter()
        .map(|pair| (pair.ours.as_str(), pair.theirs.as_str()))
        .collect();
    assert_eq!(
        names,
        [
            ("rag", "rb"),
            ("rag", "none (floor)"),
            ("rb", "none (floor)")
        ]
    );
    let pair = &result.pairs[0];
    assert_eq!((pair.wins, pair.ties, pair.losses), (0, 20, 20));
    assert_eq!(pair.decision("hit@1"), Decision::Worse);
    assert_eq!(
        result.pair("rb", "rag").unwrap().decision("hit@1"),
        Decision::Better
    );
    assert_eq!(result.pair("rb", "rag").unwrap().turned(), *pair);
    assert_eq!(ranks(&result), [Some(2), Some(1), Some(3), None]);
    let detectable = result.detectable.unwrap();
    assert_eq!(detectable.before, detectable_before(&[2; 20], 3));
    assert_eq!(detectable.comparisons, 3);
    assert!(detectable.after < detectable.before, "{detectable:?}");
}

#[test]
fn verdicts_pay_for_every_pair_whoever_is_first() {
    let scores = [hits(10, 40), hits(17, 40), hits(16, 40), hits(24, 40)];
    let names = ["a", "b", "c", "d"];
    let strategies: Vec<(&str, bool, &[f64])> = names
        .iter()
        .zip(&scores)
        .map(|(name, scores)| (*name, false, scores.as_slice()))
        .collect();
    let result = results(&strategies, "hit@1");
    let p = |ours: &str, theirs: &str| {
        let pair = result.pair(ours, theirs).unwrap();
        (pair.p.unwrap(), pair.p_holm.unwrap(), pair.p_to_first)
    };
    // Seven hits in four groups, where signs of groups are flipped.
    assert_eq!(p("a", "c").0, 2.0 / 8.0);
    // The smallest p of six pairs, of which three are with the first.
    let (alone, all, to_first) = p("a", "d");
    assert_eq!((all, to_first), (6.0 * alone, Some(3.0 * alone)));
    assert_eq!(p("b", "d").2, None);
}

/// Hits of three plugins and a floor, and an order of the plugins.
fn orders() -> impl Strategy<Value = (Vec<Vec<f64>>, Vec<usize>)> {
    let hits = |chance| prop::collection::vec(prop::bool::weighted(chance).prop_map(f64::from), 24);
    let scores = [0.2, 0.2, 0.8, 0.5].map(hits).to_vec();
    (scores, Just(vec![0, 1, 2]).prop_shuffle())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_order_of_the_plugins_changes_no_rank_no_verdict_and_no_answer((scores, order) in orders()) {
        let in_order = |order: &[usize]| {
            let plugins = order.iter().map(|&one| (["a", "b", "c"][one], false, scores[one].as_slice()));
            let floor = ("none", true, scores[3].as_slice());
            results(&plugins.chain([floor]).collect::<Vec<_>>(), "hit@1")
        };
        let (one, other) = (in_order(&[0, 1, 2]), in_order(&order));
        for ours in &one.strategies {
            let theirs = other.strategies.iter().find(|s| s.strategy == ours.strategy).unwrap();
            prop_assert_eq!(ours.rank, theirs.rank);
        }
        for pair in &one.pairs {
            let turned = other.pair(&pair.ours, &pair.theirs).unwrap();
            prop_assert_eq!(pair.decision("hit@1"), turned.decision("hit@1"));
            prop_assert_eq!((pair.p_holm, pair.difference), (turned.p_holm, turned.difference));
        }
        prop_assert_eq!(answer(&one), answer(&other));
        prop_assert_eq!(one.detectable, other.detectable);
    }
}

#[test]
fn equals_share_the_first_place() {
    let same = hits(20, 40);
    let result = results(&[("rag", false, &same), ("rb", false, &same)], "hit@1");
    assert_eq!(ranks(&result), [Some(1), Some(1)]);
    let pair = &result.pairs[0];
    assert_eq!(
        (pair.p, pair.p_holm, pair.no_effect),
        (Some(1.0), Some(1.0), Some(NoEffect::NothingDiffers))
    );
    assert_eq!(result.detectable.unwrap().after, None);
    assert!(
        result
            .strategies
            .iter()
            .all(|one| one.frontier.handed_over && one.frontier.written)
    );
}

/// Eight groups that all agree have a p of 2/256, and there are fifteen pairs.
#[test]
fn where_not_even_the_clearest_difference_is_found_that_is_said() {
    let (all, nothing) = (hits(16, 16), hits(0, 16));
    let names = ["a", "b", "c", "d", "e"];
    let mut strategies: Vec<(&str, bool, &[f64])> = names
        .iter()
        .map(|name| (*name, false, all.as_slice()))
        .collect();
    strategies.push(("none", true, &nothing));
    let result = results(&strategies, "hit@1");
    let detectable = result.detectable.unwrap();
    assert_eq!((detectable.before, detectable.after), (None, None));
    assert_eq!(detectable.smallest_p, 15.0 * 2.0 / 256.0);
    let pair = result.pair("a", "none (floor)").unwrap();
    assert_eq!(
        (pair.difference.mean, pair.p_holm),
        (1.0, Some(detectable.smallest_p))
    );
    assert_eq!(
        (pair.effect, pair.no_effect),
        (None, Some(NoEffect::Unbounded))
    );
    assert_eq!(
        number::detectable(&detectable).unwrap(),
        "no difference can be found at this size: after correction for 15 pairs, p is never below .117"
    );
}

#[test]
fn where_less_is_better_wins_and_places_turn() {
    let (low, high) = (vec![0.1; 40], vec![0.4; 40]);
    let result = results(
        &[
            ("sharp", false, &low),
            ("blunt", false, &high),
            ("none", true, &[0.2; 40]),
        ],
        "brier",
    );
    let pair = &result.pairs[0];
    assert_eq!((pair.wins, pair.losses), (40, 0));
    assert!(pair.difference.mean < 0.0);
    assert_eq!(pair.decision("brier"), Decision::Better);
    assert_eq!(ranks(&result), [Some(1), Some(3), Some(2)]);
    let lost = |index: usize| {
        let harm = result.strategies[index].harm.as_ref().unwrap();
        (harm.solved_without, harm.lost.len(), harm.gained)
    };
    assert_eq!((lost(0), lost(1)), ((40, 0, 0), (40, 40, 0)));
    assert!(result.strategies[0].frontier.handed_over);
    assert!(!result.strategies[1].frontier.handed_over);
}

#[test]
fn harm_names_the_tasks_that_memory_lost() {
    let with = [1.0, 0.0, 0.0, 1.0, f64::NAN, 1.0];
    let without = [1.0, 1.0, 0.0, 0.0, 1.0, 1.0];
    let result = results(&[("rag", false, &with), ("none", true, &without)], "hit@1");
    let [rag, none] = &result.strategies[..] else {
        panic!("two strategies take part");
    };
    let harm = rag.harm.as_ref().unwrap();
    assert_eq!(harm.lost, ["s/t1"]);
    assert_eq!((harm.solved_without, harm.gained), (3, 1));
    assert_eq!((harm.transfer.mean, harm.transfer.tasks), (0.0, 5));
    assert_eq!(none.harm, None);
    assert_eq!(rag.no_numbers, 1);
    assert!(
        result
            .caveats
            .contains(&"rag: 1 scores are no numbers, and were left out".to_owned()),
        "{:?}",
        result.caveats
    );
}

#[test]
fn one_task_and_one_group_have_numbers_and_no_verdict() {
    for scores in [vec![1.0], vec![1.0, 1.0]] {
        let zeros = vec![0.0; scores.len()];
        let result = results(&[("rag", false, &scores), ("none", true, &zeros)], "hit@1");
        let pair = &result.pairs[0];
        assert_eq!(
            (pair.difference.mean, pair.p, pair.p_holm),
            (1.0, None, None)
        );
        assert_eq!(pair.decision("hit@1"), Decision::Undecided);
        assert_eq!(ranks(&result), [Some(1), Some(1)]);
        assert_eq!(result.detectable, None);
    }
}

#[test]
fn nothing_measured_is_nothing_said() {
    let nothing = [f64::NAN; 4];
    let result = results(
        &[("rag", false, &nothing), ("none", true, &[0.0; 4])],
        "hit@1",
    );
    assert!(result.pairs.is_empty());
    assert_eq!(ranks(&result), [None, Some(1)]);
    assert_eq!(result.strategies[0].harm, None);
    assert!(!result.strategies[0].frontier.handed_over);
}
