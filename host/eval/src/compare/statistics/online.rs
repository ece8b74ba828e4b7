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

/// Questions over which the trailing mean is taken that says whether a strategy is back at its level: few enough to see
/// a fall of weeks, enough for one bad question not to be one.
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

/// The stream of a task in a report.
pub fn stream(task: &str) -> &str {
    task.split_once('/').map_or(task, |(stream, _)| stream)
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

/// What was lost against `reference` in the first `questions` of a run, in sum, as a mean over runs: its scores less
/// ours, or the other way round where less is better. Negative where ours are better. Questions that only one of them
/// was scored on do not count; `None` if that leaves nothing.
pub fn regret(
    ours: &[Asked<'_>],
    reference: &[Asked<'_>],
    less_is_better: bool,
    questions: u32,
) -> Option<f64> {
    let mut by_run: BTreeMap<(u64, u32), f64> = BTreeMap::new();
    for Asked { place, score } in worth(ours, reference, less_is_better) {
        if place < questions {
            *by_run.entry(score.run()).or_default() -= score.value;
        }
    }
    mean(by_run.into_values())
}

/// What memory was worth at each question: ours less `reference`, run by run, or the other way round where less is
/// better. Questions that only one of them was scored on are left out.
pub fn worth<'a>(
    ours: &[Asked<'a>],
    reference: &[Asked<'_>],
    less_is_better: bool,
) -> Vec<Asked<'a>> {
    let sign = if less_is_better { -1.0 } else { 1.0 };
    let reference: BTreeMap<((u64, u32), &str), f64> = reference
        .iter()
        .map(|asked| ((asked.score.run(), asked.score.task), asked.score.value))
        .collect();
    ours.iter()
        .filter_map(|asked| {
            let score = asked.score;
            let theirs = reference.get(&(score.run(), score.task))?;
            let value = sign * (score.value - theirs);
            let score = Score { value, ..score };
            value.is_finite().then_some(Asked { score, ..*asked })
        })
        .collect()
}

/// What stood at `questions` in a course of (questions asked, value) that rises in the first: the latest value, `None`
/// before the first.
pub fn standing_at(course: &[(u32, u64)], questions: u32) -> Option<u64> {
    let known = course.partition_point(|(asked, _)| *asked <= questions);
    Some(course.get(known.checked_sub(1)?)?.1)
}

/// Whether what memory is worth comes back after a change of the world.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recovery {
    /// After so many questions; 0 if it was never lost.
    After(f64),
    /// Not before the end.
    NotBack,
    /// Memory was worth nothing before the change that chance could not explain.
    NothingToLose,
}

/// How many questions it takes after a change of the world until memory is worth as much as before: `changed` is the
/// place of the first question after it. It is of [`worth`], not of scores, which rise and fall with how hard questions
/// are.
///
/// Runs are averaged place by place. The level before is the mean over all questions before the change; worth has
/// left it while the mean over the last [`TRAILING`] questions, all of them asked after the change, is less by more
/// than 1.96 of its standard errors, which the spread before the change tells. It is back when it returns from its
/// first fall, which may come late where outcomes do. `None` if there is nothing to compare: no question before, or too
/// few after.
pub fn recovery(worth: &[Asked<'_>], changed: u32) -> Option<Recovery> {
    let mut places: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for Asked { place, score } in worth {
        places.entry(*place).or_default().push(score.value);
    }
    let run: Vec<(u32, f64)> = places
        .into_iter()
        .filter_map(|(place, values)| Some((place, mean(values)?)))
        .collect();
    let (before, after) = run.split_at(run.partition_point(|(place, _)| *place < changed));
    let level = mean(before.iter().map(|(_, value)| *value))?;
    let variance = mean(before.iter().map(|(_, value)| (value - level).powi(2)))?;
    let chance = |questions: usize| LEFT * (variance / questions as f64).sqrt();
    if after.len() < TRAILING {
        return None;
    }
    if level <= chance(before.len()) {
        return Some(Recovery::NothingToLose);
    }
    let least = level - chance(TRAILING);
    let is_worse = |window: &[(u32, f64)]| {
        mean(window.iter().map(|(_, value)| *value)).is_some_and(|trailing| trailing < least)
    };
    let mut trailing = after.windows(TRAILING).map(is_worse).enumerate();
    if !trailing.any(|(_, worse)| worse) {
        return Some(Recovery::After(0.0));
    }
    let back = trailing.find_map(|(start, worse)| (!worse).then_some(start));
    let last = back.and_then(|start| after.get(start + TRAILING - 1));
    Some(last.map_or(Recovery::NotBack, |(place, _)| {
        Recovery::After(f64::from(place - changed + 1))
    }))
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
                    order: 0,
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

    /// Worth 1 before the change; nothing at the first 30 questions after it, 1 from there on. Fifty in a row are worth
    /// 1 when 80 have been asked.
    #[test]
    fn recovery_counts_questions_until_memory_is_worth_as_much_again() {
        let names = names(200);
        let values: Vec<f64> = (0..200)
            .map(|place| f64::from(u8::from(!(100..130).contains(&place))))
            .collect();
        let run = run(0, &names, &values);
        assert_eq!(recovery(&run, 100), Some(Recovery::After(80.0)));
    }

    /// Before: every second question worth 1, .5 with a standard error of .5/√50 = .0707, so that .3614 is still its
    /// level. The first trailing mean after it is 19/50 = .38 or 18/50 = .36.
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
        let after = |right| recovery(&run(0, &names, &values(right)), 100);
        assert_eq!(after(19), Some(Recovery::After(0.0)));
        // The first question that leaves the window is worth 1, and so are the first that enter it: it stays at
        // 18/50 until the 18 have left, and reaches 19/50 with the next.
        assert_eq!(after(18), Some(Recovery::After(69.0)));
    }

    /// Before: every second question worth 1, .5. After: 10 worth nothing, then all 1. The first trailing mean is
    /// 40/50.
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
        let run = run(0, &names, &values);
        assert_eq!(recovery(&run, 100), Some(Recovery::After(0.0)));
    }

    #[test]
    fn there_is_no_recovery_without_a_level_to_return_to() {
        let names = names(200);
        let mut values = [1.0; 200];
        for value in &mut values[100..] {
            *value = 0.0;
        }
        let lost = run(0, &names, &values);
        assert_eq!(recovery(&lost, 100), Some(Recovery::NotBack));
        assert_eq!(recovery(&lost, 0), None, "nothing before");
        assert_eq!(recovery(&lost, 160), None, "too few after");
        let both = [lost, run(1, &names, &[1.0; 200])].concat();
        assert_eq!(
            recovery(&both, 100),
            Some(Recovery::NotBack),
            "half of the runs are not back"
        );
    }

    /// Questions get harder for 60 after the change, for an agent without memory just as much.
    #[test]
    fn hard_questions_are_no_loss_of_what_memory_is_worth() {
        let names = names(300);
        let scores = |with: f64| -> Vec<f64> {
            let hard = |place| (100..160).contains(&place);
            (0..300)
                .map(|place| {
                    if hard(place) {
                        0.125 + with
                    } else {
                        0.5 + with
                    }
                })
                .collect()
        };
        let none = run(0, &names, &scores(0.0));
        let ours = run(0, &names, &scores(0.25));
        let worth_of = |less_is_better| worth(&ours, &none, less_is_better);
        assert_eq!(recovery(&worth_of(false), 100), Some(Recovery::After(0.0)));
        assert_eq!(
            recovery(&worth_of(true), 100),
            Some(Recovery::NothingToLose)
        );
        assert_eq!(
            recovery(&worth(&none, &none, false), 100),
            Some(Recovery::NothingToLose)
        );
    }
}
