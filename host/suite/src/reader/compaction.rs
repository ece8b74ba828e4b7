//! Lane `compaction`: what still stands of a run that was shortened.

use super::super::Scores;
use super::super::text::has_value;
use super::Reading;

pub(super) fn read(
    needed: &[String],
    outdated: &[String],
    reading: &Reading<'_>,
    scores: &mut Scores,
) {
    let text = reading.guidance.last().map_or("", String::as_str);
    let standing = |values: &[String]| {
        let standing = values.iter().filter(|value| has_value(text, value));
        standing.count() as f64
    };
    let (right, wrong) = (standing(needed), standing(outdated));
    let all = needed.len() as f64 + wrong;
    if all > 0.0 {
        scores.insert("kept".into(), right / all);
        scores.insert("all-kept".into(), f64::from(u8::from(right >= all)));
    }
}
