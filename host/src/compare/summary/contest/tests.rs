use std::sync::Arc;

use super::super::Report;
use super::super::tests::setup;
use crate::compare::statistics::detectable_before;
use crate::compare::summary::{SuiteResult, Verdict};
use crate::compare::{Contest, Finish, Outcome, testing};

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
        Outcome::Finished(Box::new(report))
    });
    let finish = Finish {
        outcomes: outcomes.collect(),
        interrupted: false,
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
    assert_eq!(pair.verdict("hit@1"), Verdict::Worse);
    assert_eq!(
        result.pair("rb", "rag").unwrap().verdict("hit@1"),
        Verdict::Better
    );
    assert_eq!(result.pair("rb", "rag").unwrap().turned(), *pair);
    assert_eq!(ranks(&result), [Some(2), Some(1), Some(3), None]);
    let detectable = result.detectable.unwrap();
    assert_eq!(detectable.before, detectable_before(&[2; 20]));
    assert!(detectable.after < detectable.before, "{detectable:?}");
}

#[test]
fn comparisons_with_the_first_pay_for_fewer_than_all_others() {
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
        (pair.p.unwrap(), pair.p_holm.unwrap())
    };
    // Seven hits in four groups, where signs of groups are flipped.
    assert_eq!(p("a", "c").0, 2.0 / 8.0);
    let smallest = p("a", "d");
    assert!(
        (smallest.1 - 3.0 * smallest.0).abs() < 1e-12,
        "{smallest:?}"
    );
    // Six pairs; the smallest p of all is that of a and d, so that this one is the second.
    let other = p("b", "d");
    assert!(other.1 > 3.0 * other.0, "{other:?}");
}

#[test]
fn equals_share_the_first_place() {
    let same = hits(20, 40);
    let result = results(&[("rag", false, &same), ("rb", false, &same)], "hit@1");
    assert_eq!(ranks(&result), [Some(1), Some(1)]);
    let pair = &result.pairs[0];
    assert_eq!(
        (pair.p, pair.p_holm, pair.effect),
        (Some(1.0), Some(1.0), None)
    );
    assert_eq!(result.detectable.unwrap().after, None);
    assert!(
        result
            .strategies
            .iter()
            .all(|one| one.frontier.handed_over && one.frontier.written)
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
    assert_eq!(pair.verdict("brier"), Verdict::Better);
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
        assert_eq!(pair.verdict("hit@1"), Verdict::Undecided);
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
