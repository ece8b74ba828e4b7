//! Reference values come from numpy, SciPy and statsmodels: `reference.py` makes them.

mod inference;
mod sizes;

use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Estimate, Interval, Score, mean, nearest_rank, percentile};

type Named = (String, String, f64);

/// Scores of tasks `t0`, `t1`, …, each of the group with its number.
fn named(values: &[f64], groups: &[usize]) -> Vec<Named> {
    values
        .iter()
        .zip(groups)
        .enumerate()
        .map(|(task, (value, group))| (format!("t{task}"), format!("g{group}"), *value))
        .collect()
}

fn under(seed: u64, scores: &[Named]) -> Vec<Score<'_>> {
    scores
        .iter()
        .map(|(task, group, value)| Score {
            seed,
            order: 0,
            task,
            group,
            value: *value,
        })
        .collect()
}

fn estimate(values: &[f64], groups: &[usize]) -> Option<Estimate> {
    super::estimate(under(0, &named(values, groups)))
}

fn difference(ours: &[Named], theirs: &[Named]) -> Estimate {
    super::difference(&under(0, ours), &under(0, theirs)).unwrap()
}

#[track_caller]
fn assert_near(actual: f64, expected: f64, tolerance: f64) {
    assert!(
        (actual - expected).abs() <= tolerance,
        "{actual} is not within {tolerance} of {expected}"
    );
}

const GROUPS: [usize; 12] = [0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3];
const OURS: [f64; 12] = [1., 0., 1., 1., 0., 0., 0., 1., 1., 1., 1., 0.];
const THEIRS: [f64; 12] = [1., 0., 0., 1., 0., 0., 1., 0., 0., 1., 0., 0.];

#[test]
fn the_clustered_interval_is_that_of_all_resamples_enumerated() {
    let estimate = estimate(&OURS, &GROUPS).unwrap();
    assert_near(estimate.mean, 0.583_333_333_333_333_4, 1e-15);
    let interval = estimate.interval.unwrap();
    assert_near(interval.low, 0.005_058_81, 0.01);
    assert_near(interval.high, 0.996_964_72, 0.01);
    assert_eq!((estimate.tasks, estimate.groups), (12, 4));
}

#[test]
fn the_paired_interval_is_that_of_all_resamples_enumerated() {
    let difference = difference(&named(&OURS, &GROUPS), &named(&THEIRS, &GROUPS));
    assert_near(difference.mean, 0.25, 1e-15);
    let interval = difference.interval.unwrap();
    assert_near(interval.low, 0.0, 1e-12);
    assert_near(interval.high, 0.664_643_14, 0.01);
}

const INDEPENDENT: [f64; 40] = [
    0.426, 0.293, 0.238, 0.408, 0.417, 0.148, 0.649, 0.546, 0.159, 0.355, 0.674, 0.197, 0.128,
    0.41, 0.321, 0.191, 0.698, 0.071, 0.564, 0.672, 0.552, 0.23, 0.36, 0.437, 0.109, 0.788, 0.505,
    0.489, 0.3, 0.515, 0.054, 0.424, 0.77, 0.657, 0.271, 0.438, 0.354, 0.323, 0.457, 0.224,
];

#[test]
fn with_one_task_per_group_the_interval_is_scipys() {
    let groups: Vec<_> = (0..INDEPENDENT.len()).collect();
    let estimate = estimate(&INDEPENDENT, &groups).unwrap();
    assert_near(estimate.mean, 0.395_55, 1e-12);
    let interval = estimate.interval.unwrap();
    assert_near(interval.low, 0.333_375, 0.004);
    assert_near(interval.high, 0.458_625, 0.004);
}

const SIZES: [usize; 15] = [1, 2, 3, 4, 5, 6, 7, 8, 2, 3, 4, 5, 6, 1, 3];
const CLUSTERED: [f64; 60] = [
    0.238, 0.455, 0.414, 0.323, 0.437, 0.343, 0.133, 0.15, 0.265, 0.216, 0.685, 0.591, 0.509,
    0.742, 0.744, 0.481, 0.549, 0.573, 0.578, 0.587, 0.45, 0.666, 0.39, 0.6, 0.564, 0.602, 0.702,
    0.663, 0.235, 0.181, 0.431, 0.248, 0.348, 0.434, 0.185, 0.139, 0.617, 0.595, 0.368, 0.396,
    0.306, 0.32, 0.455, 0.374, 0.307, 0.329, 0.272, 0.319, 0.179, 0.213, 0.157, 0.168, 0.276,
    0.178, 0.292, 0.291, 0.97, 0.259, 0.487, 0.39,
];

fn groups_of_15() -> Vec<usize> {
    let sizes = SIZES.iter().enumerate();
    sizes
        .flat_map(|(group, size)| std::iter::repeat_n(group, *size))
        .collect()
}

#[test]
fn clusters_widen_the_interval_as_they_do_in_numpy() {
    let clustered = estimate(&CLUSTERED, &groups_of_15())
        .unwrap()
        .interval
        .unwrap();
    assert_near(clustered.low, 0.308_679, 0.012);
    assert_near(clustered.high, 0.514_308, 0.012);

    let alone: Vec<_> = (0..CLUSTERED.len()).collect();
    let independent = estimate(&CLUSTERED, &alone).unwrap().interval.unwrap();
    assert_near(independent.low, 0.359_05, 0.006);
    assert_near(independent.high, 0.454_85, 0.006);
}

/// Data with a known mean: the interval must contain it about 95 times in 100, and would not if it took the
/// tasks of a group for independent.
#[test]
fn the_interval_covers_the_truth_as_often_as_it_says() {
    const SETS: u64 = 400;
    const GROUPS: usize = 30;
    const TRUTH: f64 = 0.5;
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let (mut clustered, mut independent) = (0, 0);
    for _ in 0..SETS {
        let (mut values, mut groups) = (Vec::new(), Vec::new());
        for group in 0..GROUPS {
            let ease = random.random_range(0.0..1.0);
            for _ in 0..6 {
                values.push(f64::from(random.random_range(0.0..1.0) < ease));
                groups.push(group);
            }
        }
        let covers = |groups: &[usize]| {
            let interval = estimate(&values, groups).unwrap().interval.unwrap();
            interval.low <= TRUTH && TRUTH <= interval.high
        };
        clustered += u64::from(covers(&groups));
        independent += u64::from(covers(&(0..values.len()).collect::<Vec<_>>()));
    }
    assert!(
        (SETS * 91 / 100..=SETS * 98 / 100).contains(&clustered),
        "{clustered} of {SETS}"
    );
    assert!(independent < SETS * 86 / 100, "{independent} of {SETS}");
}

/// `np.percentile([3, 1, 4, 1, 5, 9, 2, 6], (0, 2.5, 50, 97.5, 100))`
#[test]
fn percentiles_are_numpys() {
    let sorted = [1., 1., 2., 3., 4., 5., 6., 9.];
    let expected = [
        (0.0, 1.0),
        (2.5, 1.0),
        (50.0, 3.5),
        (97.5, 8.475),
        (100.0, 9.0),
    ];
    for (percent, value) in expected {
        assert_near(percentile(&sorted, percent).unwrap(), value, 1e-12);
    }
    assert_eq!(percentile(&[], 50.0), None);
}

#[test]
fn latencies_are_reported_as_measured() {
    let values: Vec<u64> = (1..=100).rev().collect();
    assert_eq!(nearest_rank(&values, 50.0), Some(50));
    assert_eq!(nearest_rank(&values, 95.0), Some(95));
    assert_eq!(nearest_rank(&[15, 20, 35, 40, 50], 30.0), Some(20));
    assert_eq!(nearest_rank(&[7], 95.0), Some(7));
    assert_eq!(nearest_rank(&[7, 9], 0.0), Some(7));
    assert_eq!(nearest_rank(&[], 50.0), None);
}

#[test]
fn equal_scores_have_an_interval_without_width() {
    let estimate = estimate(&[0.1; 7], &[0, 1, 1, 2, 2, 3, 3]).unwrap();
    assert_eq!(estimate.mean, 0.1);
    assert_eq!(
        estimate.interval,
        Some(Interval {
            low: 0.1,
            high: 0.1
        })
    );
}

#[test]
fn one_group_has_a_mean_and_no_interval() {
    let two = estimate(&[0.0, 1.0], &[0, 0]).unwrap();
    assert_eq!((two.mean, two.interval, two.groups), (0.5, None, 1));
    let one = estimate(&[1.0], &[0]).unwrap();
    assert_eq!((one.mean, one.interval, one.tasks), (1.0, None, 1));
}

#[test]
fn no_task_has_no_estimate() {
    assert_eq!(estimate(&[], &[]), None);
    assert_eq!(mean([]), None);
}

#[test]
fn what_is_not_a_number_is_no_score() {
    let two = estimate(&[f64::NAN, 1.0, f64::INFINITY, 0.0], &[0, 1, 2, 3]).unwrap();
    assert_eq!((two.mean, two.tasks), (0.5, 2));
    assert_eq!(estimate(&[f64::NAN], &[0]), None);
}

#[test]
fn differences_are_of_the_tasks_that_both_have() {
    let ours = named(&[1.0, 1.0, 1.0], &[0, 1, 2]);
    let theirs = named(&[0.0, 0.5], &[0, 1]);
    let difference = difference(&ours, &theirs);
    assert_eq!((difference.mean, difference.tasks), (0.75, 2));
    assert_eq!(super::difference(&under(0, &ours), &[]), None);
}

#[test]
fn differences_are_of_the_seeds_that_both_have() {
    let (low, high) = (named(&[0.0, 0.0], &[0, 1]), named(&[1.0, 1.0], &[0, 1]));
    let ours = [under(0, &low), under(1, &high)].concat();
    let theirs = under(0, &low);
    assert_eq!(super::difference(&ours, &theirs).unwrap().mean, 0.0);
}

fn scores() -> impl Strategy<Value = (Vec<f64>, Vec<usize>)> {
    prop::collection::vec((-10.0..10.0, 0_usize..8), 1..40)
        .prop_map(|tasks| tasks.into_iter().unzip())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn mean_and_interval_lie_within_the_scores((values, groups) in scores()) {
        let estimate = estimate(&values, &groups).unwrap();
        let least = values.iter().copied().fold(f64::INFINITY, f64::min) - 1e-9;
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max) + 1e-9;
        prop_assert!(least <= estimate.mean && estimate.mean <= most);
        if let Some(Interval { low, high }) = estimate.interval {
            prop_assert!(least <= low && low <= high && high <= most);
        }
    }

    #[test]
    fn the_order_of_scores_changes_nothing((values, groups) in scores()) {
        let scores = named(&values, &groups);
        let mut reversed = scores.clone();
        reversed.reverse();
        prop_assert_eq!(super::estimate(under(0, &scores)), super::estimate(under(0, &reversed)));
    }

    #[test]
    fn more_seeds_with_the_same_scores_change_nothing((values, groups) in scores()) {
        let scores = named(&values, &groups);
        let twice = [under(0, &scores), under(1, &scores)].concat();
        prop_assert_eq!(super::estimate(under(0, &scores)), super::estimate(twice));
    }

    #[test]
    fn a_shift_of_all_scores_shifts_the_interval((values, groups) in scores(), by in -5.0..5.0_f64) {
        let before = estimate(&values, &groups).unwrap();
        let shifted: Vec<_> = values.iter().map(|value| value + by).collect();
        let after = estimate(&shifted, &groups).unwrap();
        prop_assert!((after.mean - before.mean - by).abs() < 1e-9);
        if let (Some(before), Some(after)) = (before.interval, after.interval) {
            prop_assert!((after.low - before.low - by).abs() < 1e-9);
            prop_assert!((after.high - before.high - by).abs() < 1e-9);
        }
    }

    #[test]
    fn nothing_differs_from_itself((values, groups) in scores()) {
        let scores = named(&values, &groups);
        let difference = difference(&scores, &scores);
        prop_assert_eq!(difference.mean, 0.0);
        if let Some(interval) = difference.interval {
            prop_assert_eq!((interval.low, interval.high), (0.0, 0.0));
        }
    }

    #[test]
    fn the_rank_is_a_value_that_enough_others_do_not_exceed(values in prop::collection::vec(0_u64..1000, 1..50), percent in 0.0..100.0) {
        let rank = nearest_rank(&values, percent).unwrap();
        prop_assert!(values.contains(&rank));
        let below = values.iter().filter(|value| **value <= rank).count() as f64;
        prop_assert!(below * 100.0 >= percent * values.len() as f64);
    }
}
