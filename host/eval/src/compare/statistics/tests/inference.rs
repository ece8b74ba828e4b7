//! Tests, effects and places.

use super::super::{
    NoEffect, Paired, Tally, Test, binomial_interval, detectable_before, distribution, frontier,
    holm, mcnemar, places, smallest_p,
};
use super::*;
use crate::compare::statistics::luck::Luck;

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
    for (comparisons, least) in [
        (1, 0.147_430_661_015_205_52),
        (21, 0.223_495_884_082_049_15),
    ] {
        let detectable = paired(&clustered).detectable(comparisons);
        assert_near(detectable.unwrap(), least, 1e-9);
    }
    let independent = against(RIVAL, &INDEPENDENT, &alone(40));
    assert_near(
        paired(&independent).effect().unwrap(),
        -0.124_711_028_349_363_14,
        1e-12,
    );
    assert_near(
        paired(&independent).detectable(1).unwrap(),
        0.089_078_776_379_443_49,
        1e-9,
    );
}

#[test]
fn what_is_detectable_before_follows_from_counts_alone() {
    for (comparisons, least) in [(1, 0.200_074_731_201_979_9), (21, 0.280_277_333_175_888_2)] {
        let detectable = detectable_before(&[1; 100], comparisons);
        assert_near(detectable.unwrap(), least, 1e-9);
    }
    // 1.005: no difference is as large.
    assert_eq!(detectable_before(&[4, 1, 1, 1, 1, 1, 1, 1], 1), None);
    assert_eq!(detectable_before(&[40], 1), None);
    assert_eq!(detectable_before(&[], 1), None);
    let (grouped, apart) = (
        detectable_before(&[6; 50], 1).unwrap(),
        detectable_before(&[1; 300], 1).unwrap(),
    );
    assert!(grouped > 2.0 * apart, "{grouped} {apart}");
}

/// Every group is on one side, and by as much as there can be.
#[test]
fn nothing_is_found_where_even_the_clearest_p_is_too_large() {
    let clearest = |groups: usize, comparisons: usize| {
        let values: Vec<f64> = (0..groups).map(|group| 1.0 - 1e-3 * group as f64).collect();
        let data = against(0.0, &values, &alone(groups));
        let p = paired(&data).test().1.unwrap() * comparisons as f64;
        assert_near(smallest_p(groups, comparisons), p, 1e-12);
        (p, paired(&data).detectable(comparisons).is_some())
    };
    assert_eq!(clearest(5, 1), (0.062_5, false));
    assert_eq!(clearest(8, 1), (0.007_812_5, true));
    assert_eq!(clearest(8, 21), (0.164_062_5, false));
    assert_eq!(clearest(10, 21), (0.041_015_625, true));
    assert_eq!((smallest_p(1, 1), smallest_p(0, 3)), (1.0, 1.0));
}

const RUNS: [[f64; 10]; 3] = [
    [0.5, 0.1, 0.3, 0.2, 0.4, 0.3, 0.6, 0.2, 0.1, 0.5],
    [0.1, -0.2, 0.1, -0.1, 0.0, 0.2, 0.1, -0.1, -0.2, 0.1],
    [0.2, 0.0, 0.2, 0.1, 0.3, 0.1, 0.2, 0.1, 0.0, 0.2],
];

/// Differences under three seeds, two tasks a group.
fn runs() -> Vec<Vec<Named>> {
    let runs = RUNS.iter();
    runs.map(|run| named(run, &[0, 0, 1, 1, 2, 2, 3, 3, 4, 4]))
        .collect()
}

fn under_seeds(runs: &[Vec<Named>]) -> Vec<Score<'_>> {
    let runs = runs.iter().zip(0..);
    runs.flat_map(|(run, seed)| under(seed, run)).collect()
}

/// The same tasks and seeds, all with nothing.
fn nothing<'a>(scores: &[Score<'a>]) -> Vec<Score<'a>> {
    let scores = scores.iter();
    scores
        .map(|score| Score {
            value: 0.0,
            ..*score
        })
        .collect()
}

fn luck_of(scores: &[Score<'_>]) -> Luck {
    Luck::of(&scores.iter().collect::<Vec<_>>())
}

#[test]
fn luck_is_that_of_two_way_clustered_errors() {
    const DRAWS: usize = 200_000;
    let runs = runs();
    let luck = luck_of(&under_seeds(&runs));
    assert_near(luck.standard_error(), 0.085_314_233_973_695_84, 1e-12);
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let draws: Vec<f64> = (0..DRAWS).map(|_| luck.draw(&mut random).abs()).collect();
    let expected = [
        (0.02, 0.825_121_978_836_295_1),
        (0.1, 0.365_445_003_148_668_1),
        (0.3, 0.080_981_927_173_984_34),
        (1.0, 0.008_437_119_539_120_214),
    ];
    for (least, share) in expected {
        let beyond = draws.iter().filter(|draw| **draw >= least).count();
        assert_near(beyond as f64 / DRAWS as f64, share, 0.004);
    }
    assert_near(luck.reach(0.001), 2.066_917_184_366_307, 0.02);
}

#[test]
fn luck_makes_a_test_as_careful_as_the_integral_over_it_does() {
    let runs = runs();
    let ours = under_seeds(&runs);
    let paired = Paired::new(&ours, &nothing(&ours)).unwrap();
    let (test, p) = paired.test();
    assert_eq!(test, Test::Permutation);
    assert_near(p.unwrap(), 0.286_758_825_233_252_6, 0.03);
    // Luck may go beyond all scores; no interval does.
    let interval = paired.estimate().interval.unwrap();
    assert_eq!((interval.low, interval.high), (-0.2, 0.6));
}

/// Where luck is all that there is, p and interval are those of Student's t over the runs' means.
#[test]
fn luck_alone_is_students_t() {
    let runs = [0.20, 0.28, 0.12, 0.24].map(|mean| {
        let values: Vec<f64> = (0..400)
            .map(|task| mean + [0.05, -0.05][task % 2])
            .collect();
        named(&values, &alone(400))
    });
    let ours = under_seeds(&runs);
    let paired = Paired::new(&ours, &nothing(&ours)).unwrap();
    let p = paired.test().1.unwrap();
    assert_near(p, 0.008_656_533_573_244_86, 0.000_9);
    let interval = paired.estimate().interval.unwrap();
    assert_near(interval.low, 0.101_298_764_648_159_4, 0.015);
    assert_near(interval.high, 0.318_701_235_351_840_64, 0.015);
}

/// Six groups agree, two runs hardly differ: p is no smaller than that of six groups that agree.
#[test]
fn luck_makes_no_p_smaller() {
    let runs = [0.3, 0.300_001].map(|mean| named(&[mean; 6], &alone(6)));
    let ours = under_seeds(&runs);
    let paired = Paired::new(&ours, &nothing(&ours)).unwrap();
    assert!(!luck_of(&ours).is_none());
    assert_eq!(paired.test().1, Some(smallest_p(6, 1)));
}

#[test]
fn one_seed_and_seeds_that_agree_show_no_luck() {
    let one = runs().remove(0);
    assert!(luck_of(&under(0, &one)).is_none());
    assert!(luck_of(&under_seeds(&[one.clone(), one])).is_none());
    assert!(luck_of(&[]).is_none());
}

#[test]
fn orders_of_a_seed_are_averaged_and_are_no_seeds() {
    let runs = runs();
    let orders = runs.iter().zip(0..).flat_map(|(run, order)| {
        let scores = under(0, run).into_iter();
        scores.map(move |score| Score { order, ..score })
    });
    let orders: Vec<Score<'_>> = orders.collect();
    assert!(luck_of(&orders).is_none());
    let mean = super::super::estimate(orders).unwrap().mean;
    let expected = RUNS.iter().flatten().sum::<f64>() / 30.0;
    assert_near(mean, expected, 1e-12);
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
        (paired(&one).effect(), paired(&one).detectable(1)),
        (Err(NoEffect::OneGroup), None)
    );
    let group = against(0.5, &[0.1, 0.2, 0.9], &[0, 0, 0]);
    assert_eq!(paired(&group).test(), (Test::Permutation, None));
    let equal = against(0.5, &[0.5; 6], &[0, 0, 1, 1, 2, 2]);
    assert_eq!(paired(&equal).test(), (Test::Permutation, Some(1.0)));
    assert_eq!(
        (paired(&equal).effect(), paired(&equal).detectable(1)),
        (Err(NoEffect::NothingDiffers), None)
    );
    // .3 is no sum of powers of two: what is left of three of them less their mean is no spread.
    let in_threes: Vec<usize> = (0..21).map(|task| task / 3).collect();
    let unanimous = against(0.0, &[0.3; 21], &in_threes);
    assert_eq!(
        (
            paired(&unanimous).effect(),
            paired(&unanimous).detectable(1)
        ),
        (Err(NoEffect::Unbounded), None)
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
        prop_assert_eq!(one.detectable(3), other.detectable(3));
        prop_assert_eq!(one.effect().map(|effect| -effect), other.effect());
        let interval = |paired: &Paired<'_>| paired.estimate().interval.map(|i| (i.low, i.high));
        let turned = interval(&one).map(|(low, high)| (-high, -low));
        prop_assert_eq!(turned, interval(&other));
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
