//! How a strategy does in the course of a run: how well so far, what it lost against no memory, and how soon it is back
//! after the world has changed.
//!
//! A point of such a curve is about the questions asked by then. Each seed asks in an order of its own, so a point is
//! about other tasks under every seed until the last, at which the mean and its interval are the strategy's overall
//! ones: the same [`estimate`] makes both.

use std::collections::BTreeMap;

use super::{Estimate, Score, estimate, mean};

/// Points of a curve: as many as a plot of a few hundred pixels can show.
pub const MOST_POINTS: usize = 40;

/// Questions over which the trailing mean is taken that says whether a strategy is back at its level: few enough to see a
/// fall of weeks, enough for one bad question not to be one.
pub const TRAILING: usize = 50;

/// Standard errors by which a trailing mean must be worse to count as a fall, so that chance alone is none in 39 of 40
/// cases.
const LEFT: f64 = 1.96;

/// A score, and the place of its question among those of the run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Asked<'a> {
    /// Questions that were asked before it.
    pub place: u32,
    /// What came of it.
    pub score: Score<'a>,
}

/// At which numbers of questions a curve has its points: evenly spread, at most `most`, the last after all of them.
pub fn points(scores: &[Asked<'_>], most: usize) -> Vec<u32> {
    let Some(all) = scores.iter().map(|asked| asked.place as usize + 1).max() else {
        return Vec::new();
    };
    let steps = most.min(all);
    (1..=steps)
        .filter_map(|step| u32::try_from(step * all / steps).ok())
        .collect()
}

/// The mean score over the first `questions` of each run, with its interval; `None` if none of them was scored.
pub fn so_far(scores: &[Asked<'_>], questions: u32) -> Option<Estimate> {
    let early = scores.iter().filter(|asked| asked.place < questions);
    estimate(early.map(|asked| asked.score))
}

/// What was lost against `reference` in the first `questions` of a run, in sum, as a mean over seeds: its scores less
/// ours, or the other way round where less is better. Negative where ours are better. Questions that only one of them
/// was scored on do not count; `None` if that leaves nothing.
pub fn regret(
    ours: &[Asked<'_>],
    reference: &[Asked<'_>],
    less_is_better: bool,
    questions: u32,
) -> Option<f64> {
    let reference: BTreeMap<(u64, &str), f64> = reference
        .iter()
        .map(|asked| ((asked.score.seed, asked.score.task), asked.score.value))
        .collect();
    let sign = if less_is_better { -1.0 } else { 1.0 };
    let mut by_seed: BTreeMap<u64, f64> = BTreeMap::new();
    for Asked { place, score } in ours {
        let Some(theirs) = reference.get(&(score.seed, score.task)) else {
            continue;
        };
        let lost = sign * (theirs - score.value);
        if *place < questions && lost.is_finite() {
            *by_seed.entry(score.seed).or_default() += lost;
        }
    }
    mean(by_seed.into_values())
}

/// What stood at `questions` in a course of (questions asked, value) that rises in the first: the latest value, `None`
/// before the first.
pub fn standing_at(course: &[(u32, u64)], questions: u32) -> Option<u64> {
    let known = course.partition_point(|(asked, _)| *asked <= questions);
    Some(course.get(known.checked_sub(1)?)?.1)
}

/// How many questions it takes after a change of the world until the score is back: `changed` is the place of the first
/// question after it.
///
/// Seeds are averaged place by place. The level before is the mean over all questions before the change; the score has
/// left it while the mean over the last [`TRAILING`] questions, all of them asked after the change, is worse by more than
/// 1.96 of its standard errors, which the spread before the change tells. It is back when it returns from its first fall,
/// which may come late where outcomes do; it takes 0 if it never falls. `None` if it is not back at the end, or there is
/// nothing to compare: no question before, or too few after.
pub fn recovery(scores: &[Asked<'_>], changed: u32, less_is_better: bool) -> Option<f64> {
    let sign = if less_is_better { -1.0 } else { 1.0 };
    let mut places: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for Asked { place, score } in scores.iter().filter(|asked| asked.score.value.is_finite()) {
        places.entry(*place).or_default().push(sign * score.value);
    }
    let run: Vec<(u32, f64)> = places
        .into_iter()
        .filter_map(|(place, values)| Some((place, mean(values)?)))
        .collect();
    let (before, after) = run.split_at(run.partition_point(|(place, _)| *place < changed));
    let level = mean(before.iter().map(|(_, value)| *value))?;
    let variance = mean(before.iter().map(|(_, value)| (value - level).powi(2)))?;
    let least = level - LEFT * (variance / TRAILING as f64).sqrt();
    let is_worse = |window: &[(u32, f64)]| {
        mean(window.iter().map(|(_, value)| *value)).is_some_and(|trailing| trailing < least)
    };
    let mut trailing = after.windows(TRAILING).map(is_worse).enumerate();
    if !trailing.any(|(_, worse)| worse) {
        return (after.len() >= TRAILING).then_some(0.0);
    }
    let back = trailing.find_map(|(start, worse)| (!worse).then_some(start))?;
    let (place, _) = after.get(back + TRAILING - 1)?;
    Some(f64::from(place - changed + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One run under a seed: the places are the tasks' numbers, every task is a group.
    fn run<'a>(seed: u64, names: &'a [String], values: &[f64]) -> Vec<Asked<'a>> {
        (0..)
            .zip(names.iter().zip(values))
            .map(|(place, (task, &value))| Asked {
                place,
                score: Score {
                    seed,
                    task,
                    group: task,
                    value,
                },
            })
            .collect()
    }

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("t{number}")).collect()
    }

    #[test]
    fn points_are_evenly_spread_and_end_with_the_last_question() {
        let names = names(10);
        let scores = run(0, &names, &[1.0; 10]);
        assert_eq!(points(&scores, 4), [2, 5, 7, 10]);
        assert_eq!(points(&scores, 40), (1..=10).collect::<Vec<u32>>());
        assert!(points(&[], 40).is_empty());
        assert!(points(&scores, 0).is_empty());
    }

    #[test]
    fn the_score_so_far_is_the_mean_of_what_was_asked_by_then() {
        let names = names(4);
        let scores = run(0, &names, &[1.0, 0.0, 0.0, 1.0]);
        let mean_at = |questions| so_far(&scores, questions).map(|estimate| estimate.mean);
        assert_eq!(mean_at(0), None);
        assert_eq!(mean_at(1), Some(1.0));
        assert_eq!(mean_at(2), Some(0.5));
        assert_eq!(mean_at(3), Some(1.0 / 3.0));
        assert_eq!(mean_at(4), Some(0.5));
        assert_eq!(so_far(&scores, 1).and_then(|e| e.interval), None);
        assert_eq!(
            so_far(&scores, 4),
            estimate(scores.iter().map(|asked| asked.score))
        );
    }

    #[test]
    fn questions_that_were_asked_but_not_scored_leave_gaps() {
        let names = names(4);
        let mut scores = run(0, &names, &[1.0, 0.0, 0.0, 1.0]);
        scores.remove(0);
        assert_eq!(so_far(&scores, 1), None);
        assert_eq!(points(&scores, 2), [2, 4]);
    }

    /// Under seed 0 we lose 1 at the first question and gain 1 at the third; under seed 1 we lose .5 at the second.
    #[test]
    fn regret_sums_what_was_lost_and_averages_over_seeds() {
        let names = names(3);
        let ours = [
            run(0, &names, &[0.0, 1.0, 1.0]),
            run(1, &names, &[1.0, 0.5, 0.0]),
        ]
        .concat();
        let none = [
            run(0, &names, &[1.0, 1.0, 0.0]),
            run(1, &names, &[1.0, 1.0, 0.0]),
        ]
        .concat();
        let at = |questions| regret(&ours, &none, false, questions);
        assert_eq!(at(0), None);
        assert_eq!(at(1), Some(0.5));
        assert_eq!(at(2), Some(0.75));
        assert_eq!(at(3), Some(0.25));
        assert_eq!(regret(&ours, &none, true, 2), Some(-0.75));
        assert_eq!(regret(&ours, &[], false, 3), None);
    }

    #[test]
    fn regret_is_paired_by_task_whatever_the_order() {
        let names = names(3);
        let ours = run(0, &names, &[0.0, 1.0, 1.0]);
        let mut none = run(0, &names, &[1.0, 0.0, 0.0]);
        none.reverse();
        for (place, asked) in (0..).zip(&mut none) {
            asked.place = place;
        }
        assert_eq!(regret(&ours, &none, false, 1), Some(1.0));
        assert_eq!(regret(&ours, &none, false, 3), Some(-1.0));
    }

    #[test]
    fn what_stands_is_what_was_counted_last() {
        let course = [(0, 5), (2, 7), (4, 3)];
        let at = [0, 1, 2, 3, 4, 9].map(|questions| standing_at(&course, questions));
        assert_eq!(at, [5, 5, 7, 7, 3, 3].map(Some));
        assert_eq!(standing_at(&course[1..], 1), None);
        assert_eq!(standing_at(&[], 1), None);
    }

    /// All right before the change; wrong at the first 30 after it, right from there on. Fifty in a row are right when
    /// 80 have been asked.
    #[test]
    fn recovery_counts_questions_until_the_level_is_reached_again() {
        let names = names(200);
        let values: Vec<f64> = (0..200)
            .map(|place| f64::from(u8::from(!(100..130).contains(&place))))
            .collect();
        let scores = run(0, &names, &values);
        assert_eq!(recovery(&scores, 100, false), Some(80.0));
        let errors: Vec<f64> = values.iter().map(|value| 1.0 - value).collect();
        assert_eq!(recovery(&run(0, &names, &errors), 100, true), Some(80.0));
    }

    /// Before: every second right, .5 with a standard error of .5/√50 = .0707, so that .3614 is still its level. The first
    /// trailing mean after it is 19/50 = .38 or 18/50 = .36.
    #[test]
    fn chance_is_no_fall() {
        let names = names(200);
        let values = |right: u32| -> Vec<f64> {
            (0..200)
                .map(|place| match place {
                    0..100 => f64::from(place % 2),
                    place => f64::from(u8::from(place < 100 + right || place >= 150)),
                })
                .collect()
        };
        assert_eq!(
            recovery(&run(0, &names, &values(19)), 100, false),
            Some(0.0)
        );
        // The first question that leaves the window is a right one, and so are the first that enter it: it stays at
        // 18/50 until the 18 have left, and reaches 19/50 with the next.
        assert_eq!(
            recovery(&run(0, &names, &values(18)), 100, false),
            Some(69.0)
        );
    }

    /// Before: every second right, .5. After: 10 wrong, then all right. The first trailing mean is 40/50.
    #[test]
    fn what_never_fell_needs_no_recovery() {
        let names = names(200);
        let values: Vec<f64> = (0..200)
            .map(|place| match place {
                0..100 => f64::from(place % 2),
                100..110 => 0.0,
                _ => 1.0,
            })
            .collect();
        assert_eq!(recovery(&run(0, &names, &values), 100, false), Some(0.0));
    }

    #[test]
    fn there_is_no_recovery_without_a_level_to_return_to() {
        let names = names(200);
        let mut values = [1.0; 200];
        for value in &mut values[100..] {
            *value = 0.0;
        }
        let lost = run(0, &names, &values);
        assert_eq!(recovery(&lost, 100, false), None, "never back");
        assert_eq!(recovery(&lost, 0, false), None, "nothing before");
        assert_eq!(recovery(&lost, 160, false), None, "too few after");
        let both = [lost, run(1, &names, &[1.0; 200])].concat();
        assert_eq!(
            recovery(&both, 100, false),
            None,
            "half of the runs are not back"
        );
    }
}
