//! Lane `retry`: an assignment that several tries are to find, each of which says of every slot, with noise, whether it was
//! right.

use std::collections::HashSet;

use memhost_contract::{Actor, Attempt, Source, Step};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::super::metric::{AREA, solved_within};
use super::super::recorded::tool;
use super::super::{Act, Episode, Question, Scores, Slot};
use super::{Cited, Reading};

/// Steps of a try for each slot: the value that it is given, and what is said of it.
const STEPS: usize = 2;

/// The next try of a task after these, and its steps; nothing where nothing is to be assigned.
pub fn attempted(
    episode: &Episode,
    earlier: &[Attempt],
    reading: &Reading<'_>,
) -> (Act, Vec<Step>) {
    let Some(Question::Assign { slots, noise, .. }) = &episode.question else {
        return (Act::default(), Vec::new());
    };
    // Every try has bits of its own, so that what one strategy draws changes nothing for another.
    let mut bits = ChaCha8Rng::seed_from_u64(reading.seed);
    bits.set_stream(earlier.len() as u64 + 1);
    let drawn: Vec<(u64, bool)> = slots
        .iter()
        .map(|_| (bits.random(), bits.random_bool(noise.clamp(0.0, 0.5))))
        .collect();
    let mut right = 0.0;
    let mut steps = Vec::new();
    let mut answer = Vec::new();
    for (place, (slot, (lot, lies))) in slots.iter().zip(drawn).enumerate() {
        let value = chosen(place, slot, earlier, reading.cited, lot);
        let is_right = value == slot.right;
        right += f64::from(u8::from(is_right));
        steps.extend(told(slot, value, is_right != lies));
        answer.push(format!("{} = {value}", slot.name));
    }
    let act = Act {
        reward: (!slots.is_empty()).then(|| right / slots.len() as f64),
        answer: answer.join(", "),
        ..Act::default()
    };
    (act, steps)
}

/// A slot's steps of a try.
fn told(slot: &Slot, value: &str, is_right: bool) -> [Step; STEPS] {
    let said = if is_right { "right" } else { "wrong" };
    let answer = tool(
        Actor::Observation,
        &*slot.name,
        format!("{} = {value} is {said}", slot.name),
    );
    [
        tool(Actor::Action, &*slot.name, value),
        Step {
            failed: Some(!is_right),
            ..answer
        },
    ]
}

/// The value that what was cited speaks for most, of equals any.
fn chosen<'s>(
    place: usize,
    slot: &'s Slot,
    earlier: &[Attempt],
    cited: &[Cited],
    lot: u64,
) -> &'s str {
    let mut weights: Vec<(&str, f64)> = slot.values.iter().map(|value| (&**value, 0.0)).collect();
    let mut heard = HashSet::new();
    for Cited { source, weight, .. } in cited {
        let Some((value, is_right)) = said_by(source, place, earlier) else {
            continue;
        };
        if heard.insert(source.attempt.as_str())
            && let Some((_, sum)) = weights.iter_mut().find(|(known, _)| *known == value)
        {
            *sum += if is_right { *weight } else { -weight };
        }
    }
    let most = weights.iter().map(|(_, sum)| *sum);
    let most = most.fold(f64::NEG_INFINITY, f64::max);
    weights.retain(|(_, sum)| *sum >= most);
    let any = weights.choose(&mut ChaCha8Rng::seed_from_u64(lot));
    any.map_or("", |(value, _)| value)
}

/// What a source says of a slot: the value that was tried, and whether it was said to be right.
fn said_by<'e>(source: &Source, place: usize, earlier: &'e [Attempt]) -> Option<(&'e str, bool)> {
    let is_of_it = |step: u32| step as usize / STEPS == place;
    if !source.step.is_none_or(is_of_it) {
        return None;
    }
    let attempt = earlier
        .iter()
        .find(|attempt| attempt.id == source.attempt)?;
    let value = attempt.steps.get(place * STEPS)?;
    let said = attempt.steps.get(place * STEPS + 1)?;
    Some((value.text.as_str(), !said.failed?))
}

/// What the tries of a task come to, given what each scored.
pub fn curve(question: &Question, tries: &[f64]) -> Scores {
    let mut scores = Scores::new();
    let Question::Assign { tries: most, .. } = question else {
        return scores;
    };
    let (mut solved, mut sum, mut last) = (false, 0.0, 0.0);
    let mut tries = tries.iter();
    for number in 1..=*most {
        if !solved {
            last = tries.next().copied().unwrap_or(last);
            solved = last >= 1.0;
        }
        sum += last;
        scores.insert(solved_within(number), f64::from(u8::from(solved)));
    }
    scores.insert(AREA.into(), sum / f64::from((*most).max(1)));
    scores
}

#[cfg(test)]
mod tests {
    use super::super::super::recorded::{attempt, graded, task};
    use super::super::super::{KnownOutcomes, Visible};
    use super::*;

    fn episode(noise: f64) -> Episode {
        let slot = |name: &str| Slot {
            name: name.into(),
            values: ["a", "b", "c", "d"].map(String::from).to_vec(),
            right: "c".into(),
        };
        let task = task("t".into(), "Assign.".into(), &[]);
        Episode {
            question: Some(Question::Assign {
                slots: vec![slot("one"), slot("two")],
                noise,
                tries: 5,
            }),
            ..Episode::of(task)
        }
    }

    /// A try that was told this of its two slots.
    fn tried(id: &str, told_of: [(&str, bool); 2]) -> Attempt {
        let Some(Question::Assign { slots, .. }) = episode(0.0).question else {
            panic!();
        };
        let steps = slots.iter().zip(told_of);
        let steps = steps.flat_map(|(slot, (value, is_right))| told(slot, value, is_right));
        let task = episode(0.0).task;
        attempt(id.into(), &task, 0, steps.collect(), graded(0.0))
    }

    fn next(
        noise: f64,
        earlier: &[Attempt],
        cited: &[(Source, f64)],
        seed: u64,
    ) -> (Act, Vec<Step>) {
        let cited: Vec<Cited> = cited
            .iter()
            .map(|(source, weight)| Cited {
                source: source.clone(),
                memory: source.to_string(),
                weight: *weight,
            })
            .collect();
        let learnt = Default::default();
        let reading = Reading {
            guidance: &[],
            cited: &cited,
            visible: Visible::all(&learnt),
            record: &KnownOutcomes::default(),
            seed,
        };
        attempted(&episode(noise), earlier, &reading)
    }

    #[test]
    fn what_cited_tries_said_is_weighed_slot_by_slot() {
        let tries = [
            tried("t1", [("a", true), ("b", false)]),
            tried("t2", [("c", true), ("c", true)]),
        ];
        let first = (Source::attempt("t1"), 1.0);
        let answer = |cited: &[(Source, f64)], seed| next(0.0, &tries, cited, seed).0.answer;
        for seed in 0..20 {
            assert!(answer(std::slice::from_ref(&first), seed).starts_with("one = a, two = "));
            assert!(
                !answer(std::slice::from_ref(&first), seed).ends_with('b'),
                "it was said to be wrong"
            );
            let second = (Source::attempt("t2"), 2.0);
            assert_eq!(answer(&[first.clone(), second], seed), "one = c, two = c");
            let of_slot_two = (Source::step("t2", 3), 1.0);
            assert_eq!(
                answer(&[first.clone(), of_slot_two], seed),
                "one = a, two = c"
            );
        }
        let any: HashSet<String> = (0..200).map(|seed| answer(&[], seed)).collect();
        assert_eq!(any.len(), 16, "without a word all are as likely");
    }

    #[test]
    fn a_try_scores_the_share_that_is_right_and_is_told_so_but_for_the_noise() {
        let both = [tried("t1", [("c", true), ("c", true)])];
        let (act, steps) = next(0.0, &both, &[(Source::attempt("t1"), 1.0)], 7);
        assert_eq!((act.reward, steps.len()), (Some(1.0), 4));
        assert!(steps.iter().all(|step| step.failed != Some(true)));
        let lies = (0..500).filter(|seed| {
            let (_, steps) = next(0.1, &both, &[(Source::attempt("t1"), 1.0)], *seed);
            steps[1].failed == Some(true)
        });
        assert!((30..70).contains(&lies.count()));
    }

    #[test]
    fn what_is_solved_stays_solved() {
        let question = episode(0.0).question.unwrap();
        let scores = curve(&question, &[0.5, 1.0]);
        assert_eq!(
            (scores["solved@1"], scores["solved@2"], scores["solved@5"]),
            (0.0, 1.0, 1.0)
        );
        assert_eq!(scores["area"], 4.5 / 5.0);
        assert_eq!(curve(&question, &[0.0, 0.5])["area"], 2.0 / 5.0);
    }
}
