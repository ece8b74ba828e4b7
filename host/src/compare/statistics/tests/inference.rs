//! Tests, effects and places.

use super::super::{
    Paired, Tally, Test, binomial_interval, detectable_before, distribution, frontier, holm,
    mcnemar, permutation, places,
};
use super::*;

const RIVAL: f64 = 0.42;

/// The differences of these values to a rival that always scores the same.
fn against(rival: f64, values: &[f64], groups: &[usize]) -> (Vec<Named>, Vec<Named>) {
    let rivals = vec![rival; values.len()];
    (named(values, groups), named(&rivals, groups))
}

fn paired<'a>((ours, theirs): &'a (Vec<Named>, Vec<Named>)) -> Paired<'a> {
    Paired::new(&under(0, ours), &under(0, theirs)).unwrap()
}

fn alone(tasks: usize) -> Vec<usize> {
    (0..tasks).collect()
}

#[test]
fn distributions_are_scipys() {
    // stats.t.ppf(0.975, [1, 3, 9, 1000]), stats.norm.cdf(-1.96)
    let expected = [
        (1.0, 12.706_204_736_174_707),
        (3.0, 3.182_446_305_284_263),
        (9.0, 2.262_157_162_740_992),
        (1000.0, 1.962_339_080_792_111),
    ];
    for (freedom, quantile) in expected {
        assert_near(
            distribution::t_quantile(0.975, freedom).unwrap(),
            quantile,
            1e-9 * quantile,
        );
    }
    assert_eq!(distribution::t_quantile(0.975, 0.0), None);
    assert_near(
        distribution::normal_cdf(-1.96),
        0.024_997_895_148_220_435,
        1e-11,
    );
}

#[test]
fn a_rate_has_scipys_interval() {
    let expected = [
        (0, 20, 0.0, 0.168_433_470_983_085_48),
        (10, 200, 0.024_234_165_472_108_292, 0.090_027_537_701_558_69),
        (17, 200, 0.050_295_918_630_242_18, 0.132_605_165_829_552_6),
        (200, 200, 0.981_724_659_644_851_2, 1.0),
    ];
    for (hits, trials, low, high) in expected {
        let interval = binomial_interval(hits, trials).unwrap();
        assert_near(interval.low, low, 1e-9);
        assert_near(interval.high, high, 1e-9);
    }
    assert_eq!(binomial_interval(0, 0), None);
    assert_eq!(binomial_interval(3, 2), None);
}

#[test]
fn mcnemars_test_is_that_of_statsmodels() {
    let expected = [
        (0, 0, 1.0),
        (1, 0, 1.0),
        (6, 0, 0.031_25),
        (12, 3, 0.035_156_25),
        (45, 30, 0.105_342_268_874_604_82),
        (150, 110, 0.015_415_582_833_171_45),
    ];
    for (ours, theirs, p) in expected {
        assert_near(mcnemar::p(ours, theirs), p, 1e-9);
        assert_near(mcnemar::p(theirs, ours), p, 1e-9);
    }
}

#[test]
fn the_permutation_test_is_scipys() {
    let hits = (named(&OURS, &GROUPS), named(&THEIRS, &GROUPS));
    let (test, p) = paired(&hits).test();
    assert_eq!(test, Test::Permutation);
    assert_near(p.unwrap(), 0.5, 1e-12);

    let clustered = against(0.33, &CLUSTERED, &groups_of_15());
    assert_near(
        paired(&clustered).test().1.unwrap(),
        0.150_756_835_937_5,
        0.01,
    );
    let independent = against(0.33, &INDEPENDENT, &alone(40));
    let (test, p) = paired(&independent).test();
    assert_eq!(test, Test::Permutation);
    assert_near(p.unwrap(), 0.041_728, 0.006);
}

#[test]
fn hits_and_misses_of_independent_tasks_are_tested_by_mcnemar() {
    let hits = (named(&OURS, &alone(12)), named(&THEIRS, &alone(12)));
    let (test, p) = paired(&hits).test();
    assert_eq!(test, Test::McNemar);
    assert_near(p.unwrap(), 0.375, 1e-12);

    // Under two seeds a task has two pairs of outcomes, and its mean is graded.
    let ours = [under(0, &hits.0), under(1, &hits.1)].concat();
    let theirs = [under(0, &hits.1), under(1, &hits.1)].concat();
    let (test, _) = Paired::new(&ours, &theirs).unwrap().test();
    assert_eq!(test, Test::Permutation);
}

#[test]
fn errors_effects_and_what_is_detectable_are_those_of_statsmodels() {
    let clustered = against(RIVAL, &CLUSTERED, &groups_of_15());
    assert_near(
        paired(&clustered).effect().unwrap(),
        -0.036_539_501_319_085_52,
        1e-12,
    );
    assert_near(
        paired(&clustered).detectable().unwrap(),
        0.147_430_661_015_205_52,
        1e-9,
    );
    let independent = against(RIVAL, &INDEPENDENT, &alone(40));
    assert_near(
        paired(&independent).effect().unwrap(),
        -0.124_711_028_349_363_14,
        1e-12,
    );
    assert_near(
        paired(&independent).detectable().unwrap(),
        0.089_078_776_379_443_49,
        1e-9,
    );
}

#[test]
fn what_is_detectable_before_follows_from_counts_alone() {
    assert_near(
        detectable_before(&[1; 100]).unwrap(),
        0.200_074_731_201_979_9,
        1e-9,
    );
    // 1.63: no difference is as large.
    assert_eq!(detectable_before(&[5, 3, 3, 1]), None);
    assert_eq!(detectable_before(&[40]), None);
    assert_eq!(detectable_before(&[]), None);
    let (grouped, apart) = (
        detectable_before(&[6; 50]).unwrap(),
        detectable_before(&[1; 300]).unwrap(),
    );
    assert!(grouped > 2.0 * apart, "{grouped} {apart}");
}

#[test]
fn luck_is_that_of_two_way_clustered_errors() {
    const RUNS: [[f64; 10]; 3] = [
        [0.5, 0.1, 0.3, 0.2, 0.4, 0.3, 0.6, 0.2, 0.1, 0.5],
        [0.1, -0.2, 0.1, -0.1, 0.0, 0.2, 0.1, -0.1, -0.2, 0.1],
        [0.2, 0.0, 0.2, 0.1, 0.3, 0.1, 0.2, 0.1, 0.0, 0.2],
    ];
    let groups = [0, 0, 1, 1, 2, 2, 3, 3, 4, 4];
    let runs = RUNS.map(|run| named(&run, &groups));
    let scores: Vec<Score<'_>> = runs
        .iter()
        .zip(0..)
        .flat_map(|(run, seed)| under(seed, run))
        .collect();
    let sample = super::super::sample::Sample::of(scores.iter().copied()).unwrap();
    assert_near(sample.luck(), 4.381_357_814_227_948, 1e-9);

    // The same tasks with the runs' luck taken out have a narrower interval around the same mean. No interval goes
    // beyond the scores.
    let means: Vec<f64> = (0..10)
        .map(|task| RUNS.iter().map(|run| run[task]).sum::<f64>() / 3.0)
        .collect();
    let without = estimate(&means, &groups).unwrap();
    let with = sample.estimate();
    assert_near(with.mean, without.mean, 1e-12);
    let (without, with) = (without.interval.unwrap(), with.interval.unwrap());
    for (wide, narrow) in [(with.low, without.low), (with.high, without.high)] {
        let expected = sample.mean() + 4.381_357_814_227_948 * (narrow - sample.mean());
        assert_near(wide, expected.clamp(-0.2, 0.6), 1e-9);
    }
}

#[test]
fn luck_makes_a_test_more_careful() {
    let sums = || CLUSTERED.iter().map(|value| value - 0.33);
    assert!(permutation::p(sums(), 2.0) > 2.0 * permutation::p(sums(), 1.0));
}

#[test]
fn holms_correction_is_that_of_statsmodels() {
    let values = [0.01, 0.04, 0.03, 0.005, 0.6, 0.02];
    let expected = [0.05, 0.09, 0.09, 0.03, 0.6, 0.08];
    let corrected = holm(&values.map(Some));
    for (corrected, expected) in corrected.iter().zip(expected) {
        assert_near(corrected.unwrap(), expected, 1e-12);
    }
    assert_eq!(
        holm(&[None, Some(0.02), None, Some(0.7)]),
        [None, Some(0.04), None, Some(0.7)]
    );
    assert_eq!(holm(&[]), []);
}

#[test]
fn tasks_are_won_tied_and_lost() {
    let hits = (named(&OURS, &GROUPS), named(&THEIRS, &GROUPS));
    let tally = Tally {
        larger: 4,
        equal: 7,
        smaller: 1,
    };
    assert_eq!(paired(&hits).tally(), tally);
}

#[test]
fn nothing_is_found_where_nothing_can_be() {
    // One task, one group of several, and no difference at all.
    let one = against(0.0, &[1.0], &[0]);
    let (test, p) = paired(&one).test();
    assert_eq!((test, p), (Test::McNemar, None));
    assert_eq!(
        (paired(&one).effect(), paired(&one).detectable()),
        (None, None)
    );
    let group = against(0.5, &[0.1, 0.2, 0.9], &[0, 0, 0]);
    assert_eq!(paired(&group).test(), (Test::Permutation, None));
    let equal = against(0.5, &[0.5; 6], &[0, 0, 1, 1, 2, 2]);
    assert_eq!(paired(&equal).test(), (Test::Permutation, Some(1.0)));
    assert_eq!(
        (paired(&equal).effect(), paired(&equal).detectable()),
        (None, None)
    );
    // NaN is no score, and without scores there is nothing.
    let nan = against(0.5, &[f64::NAN, 0.7], &[0, 1]);
    assert_eq!(paired(&nan).tally().larger, 1);
    let none = against(0.5, &[f64::NAN], &[0]);
    assert!(Paired::new(&under(0, &none.0), &under(0, &none.1)).is_none());
    assert!(Paired::new(&[], &[]).is_none());
}

#[test]
fn whoever_cannot_be_told_apart_from_the_leader_shares_its_place() {
    assert_eq!(places(4, |_, _| false), [1, 1, 1, 1]);
    assert_eq!(places(4, |_, _| true), [1, 2, 3, 4]);
    // A is told apart from C and D, and nobody else from anybody.
    assert_eq!(places(4, |a, b| a == 0 && b >= 2), [1, 1, 3, 3]);
    assert_eq!(places(0, |_, _| true), [0; 0]);
}

#[test]
fn the_frontier_is_what_nothing_dominates() {
    let points = [
        (0.9, 100.0),
        (0.8, 50.0),
        (0.7, 50.0),
        (0.8, 60.0),
        (0.0, 0.0),
        (0.8, 50.0),
        (f64::NAN, 1.0),
        (0.9, f64::NAN),
    ];
    assert_eq!(
        frontier(&points),
        [true, true, false, false, true, true, false, false]
    );
    assert_eq!(frontier(&[]), [false; 0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn swapping_two_strategies_swaps_what_is_said((values, groups) in scores()) {
        let data = against(0.5, &values, &groups);
        let swapped = (data.1.clone(), data.0.clone());
        let (one, other) = (paired(&data), paired(&swapped));
        prop_assert_eq!(one.test(), other.test());
        prop_assert_eq!(one.detectable(), other.detectable());
        prop_assert_eq!(one.effect().map(|effect| -effect), other.effect());
        prop_assert_eq!(one.tally().larger, other.tally().smaller);
    }

    #[test]
    fn a_p_is_a_probability((values, groups) in scores()) {
        let data = against(0.5, &values, &groups);
        if let (_, Some(p)) = paired(&data).test() {
            prop_assert!(p > 0.0 && p <= 1.0);
        }
    }

    #[test]
    fn correction_lowers_no_p_and_keeps_their_order(values in prop::collection::vec(0.0..1.0_f64, 1..20)) {
        let corrected = holm(&values.iter().copied().map(Some).collect::<Vec<_>>());
        for (raw, p) in values.iter().zip(&corrected) {
            prop_assert!(p.unwrap() >= *raw && p.unwrap() <= 1.0);
            for (other, other_p) in values.iter().zip(&corrected) {
                prop_assert!(raw > other || p <= other_p);
            }
        }
    }
}
