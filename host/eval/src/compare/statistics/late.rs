//! How much better the end of a run goes than its beginning, where tasks do not come in an order of chance.
//!
//! Where the easy tasks come first, a learning curve falls for everybody. So of the tasks
//! that are as hard, the last third is compared with the first (Evo-Memory's orders, arXiv 2511.20857; the strata are ours).

use std::collections::BTreeMap;

use super::online::{Asked, stream};
use super::{Score, mean};

/// Into how many parts tasks are divided by how often they are solved, and those of a part by when they were asked.
const THIRDS: usize = 3;

/// Tasks that are as hard: the run, its stream, and how hard.
type Stratum<'a> = ((u64, u32), &'a str, usize);

/// Among the tasks of a stream that are solved as often (`solved`: by task; a task that is not there is taken for one that
/// never is), the mean of the third that was asked last less that of the third that was asked first; together by how many
/// tasks that compares. `None` where no three tasks are as hard.
pub fn gain_late(asked: &[Asked<'_>], solved: &BTreeMap<&str, f64>) -> Option<f64> {
    let bounds = bounds(asked, solved);
    let stratum = |score: &Score<'_>| {
        let solved = solved.get(score.task).copied().unwrap_or_default();
        bounds.iter().filter(|bound| solved > **bound).count()
    };
    let mut strata: BTreeMap<Stratum<'_>, Vec<&Asked<'_>>> = BTreeMap::new();
    for asked in asked.iter().filter(|asked| asked.score.value.is_finite()) {
        let score = &asked.score;
        let key = (score.run(), stream(score.task), stratum(score));
        strata.entry(key).or_default().push(asked);
    }
    let (mut sum, mut weights) = (0.0, 0.0);
    for mut alike in strata.into_values() {
        alike.sort_by_key(|asked| asked.place);
        let third = alike.len() / THIRDS;
        let of = |part: &[&Asked<'_>]| mean(part.iter().map(|asked| asked.score.value));
        let (early, late) = (of(&alike[..third]), of(&alike[alike.len() - third..]));
        if let (Some(early), Some(late)) = (early, late) {
            sum += third as f64 * (late - early);
            weights += third as f64;
        }
    }
    (weights > 0.0).then(|| sum / weights)
}

/// Up to where tasks are of the hardest third, and of the second; those that are solved as often are never parted.
fn bounds(asked: &[Asked<'_>], solved: &BTreeMap<&str, f64>) -> Vec<f64> {
    let tasks: BTreeMap<&str, f64> = asked
        .iter()
        .map(|asked| asked.score.task)
        .map(|task| (task, solved.get(task).copied().unwrap_or_default()))
        .collect();
    let mut values: Vec<f64> = tasks.into_values().collect();
    values.sort_by(f64::total_cmp);
    (1..THIRDS)
        .filter_map(|bound| (bound * values.len()).div_ceil(THIRDS).checked_sub(1))
        .filter_map(|place| values.get(place).copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASKS: [&str; 6] = ["s/0", "s/1", "s/2", "s/3", "s/4", "s/5"];

    fn asked(values: [f64; 6]) -> Vec<Asked<'static>> {
        let scored = TASKS.into_iter().zip(values).enumerate();
        scored
            .map(|(place, (task, value))| Asked {
                place: place as u32,
                score: Score {
                    seed: 0,
                    order: 0,
                    task,
                    group: task,
                    value,
                },
            })
            .collect()
    }

    fn solved(values: [f64; 6]) -> BTreeMap<&'static str, f64> {
        TASKS.into_iter().zip(values).collect()
    }

    #[test]
    fn an_order_by_difficulty_is_no_learning_and_learning_is() {
        // Easy tasks first, each solved as often as on record: the raw difference is -1.
        let scores = asked([1.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
        let by_difficulty = solved([1.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
        assert_eq!(gain_late(&scores, &by_difficulty), Some(0.0));
        let alike = solved([0.5; 6]);
        assert_eq!(gain_late(&scores, &alike), Some(-1.0));
        // Of those that are as hard, the last is solved.
        let mixed = solved([1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
        let learnt = asked([0.0, 0.0, 0.0, 0.0, 1.0, 1.0]);
        assert_eq!(gain_late(&learnt, &mixed), Some(1.0));
        assert_eq!(gain_late(&asked([0.5; 6]), &mixed), Some(0.0));
    }

    #[test]
    fn thirds_are_of_a_stream_and_not_of_several_one_after_the_other() {
        let mut scores = asked([0.0, 0.5, 1.0, 0.0, 0.5, 1.0]);
        for (asked, task) in scores[3..].iter_mut().zip(["t/3", "t/4", "t/5"]) {
            asked.score.task = task;
        }
        assert_eq!(gain_late(&scores, &BTreeMap::new()), Some(1.0));
        assert_eq!(gain_late(&scores[..2], &BTreeMap::new()), None);
    }
}
