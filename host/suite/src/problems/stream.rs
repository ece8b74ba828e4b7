//! What is wrong with a stream: with its episodes, and with what their questions may draw on.

use std::collections::{HashMap, HashSet};

use memhost_contract::{Attempt, Source};
use memhost_words::cut;

use super::question::{check_answers, check_pieces, check_question, first_missing};
use super::task::check_task;
use super::{Findings, place};
use crate::reader::transcript;
use crate::said::Said;
use crate::{AnswerCheck, Episode, Lane, Matching, Question, Stage, Stream};

/// The attempts of a stream in the order in which they are learnt, so that what a question may draw on is a prefix
/// of them, less its own task's and what is withheld from it.
struct Learnt<'a> {
    attempts: Vec<&'a Attempt>,
    /// Stage and number of the episode of each.
    places: Vec<(usize, usize)>,
    by_id: HashMap<&'a str, usize>,
    by_task: HashMap<&'a str, Vec<usize>>,
    /// The earliest moment from which an outcome of the first n attempts may be heard of, by n.
    earliest: Vec<f64>,
}

impl<'a> Learnt<'a> {
    fn of(stream: &'a Stream) -> Learnt<'a> {
        let mut learnt = Learnt {
            attempts: Vec::new(),
            places: Vec::new(),
            by_id: HashMap::new(),
            by_task: HashMap::new(),
            earliest: vec![f64::INFINITY],
        };
        let mut earliest = f64::INFINITY;
        for (stage, number, episode) in numbered(stream) {
            let known = episode.timing.known.unwrap_or(f64::NEG_INFINITY);
            for attempt in &episode.attempts {
                let at = learnt.attempts.len();
                learnt.attempts.push(attempt);
                learnt.places.push((stage, number));
                learnt.by_id.insert(&attempt.id, at);
                learnt.by_task.entry(&attempt.task.id).or_default().push(at);
                earliest = earliest.min(known);
                learnt.earliest.push(earliest);
            }
        }
        learnt
    }

    /// How many attempts are learnt before the question of an episode can be asked, in some order of its stage.
    fn before(&self, stage: &Stage, number: usize, place: usize) -> usize {
        let end = match (stage.batched, stage.shuffled) {
            (true, _) => (number, 0),
            (false, true) => (number + 1, 0),
            (false, false) => (number, place),
        };
        self.places.partition_point(|learnt| *learnt < end)
    }

    /// Those among the first `before` that the episode may not draw on.
    fn withheld(&self, episode: &Episode, before: usize) -> HashSet<usize> {
        let own = self.by_task.get(episode.task.id.as_str());
        let named = episode.withheld.iter();
        let named = named.filter_map(|id| self.by_id.get(id.as_str()));
        own.into_iter()
            .flatten()
            .chain(named)
            .copied()
            .filter(|at| *at < before)
            .collect()
    }
}

/// Whether every question of the stream is withheld from everything.
pub(super) fn check_stream(lane: Lane, stream: &Stream, findings: &mut Findings) -> bool {
    let learnt = Learnt::of(stream);
    let mut said = Said::default();
    if matches!(lane, Lane::Evidence | Lane::Hops) {
        learnt
            .attempts
            .iter()
            .for_each(|attempt| said.add(&transcript(attempt)));
    }
    let mut all_withheld = true;
    for (number, stage) in stream.stages.iter().enumerate() {
        for (at, episode) in stage.episodes.iter().enumerate() {
            let place = place(stream, episode);
            check_episode(episode, &place, findings);
            let Some(question) = &episode.question else {
                continue;
            };
            let before = learnt.before(stage, number, at);
            let withheld = learnt.withheld(episode, before);
            let too_early = episode
                .timing
                .asked
                .zip(learnt.earliest.get(before))
                .is_some_and(|(asked, earliest)| asked < *earliest);
            if withheld.len() < before && !too_early {
                all_withheld = false;
            } else if lane != Lane::Retry && !stage.batched && (at > 0 || number > 0) {
                // The first question of an online stream, or its first batch, never has anything to draw on.
                findings.warning(&place, "the question may draw on no attempt");
            }
            if let (
                Lane::Evidence | Lane::Hops,
                Question::Evidence {
                    answers,
                    matching,
                    gold,
                    pieces,
                },
            ) = (lane, question)
            {
                let seen = |at: usize| at < before && !withheld.contains(&at);
                check_gold(gold, &learnt, seen, &place, findings);
                check_answers(answers, gold, &place, findings);
                if !answers.is_empty() && !said.has_answer(answers, *matching, seen) {
                    findings.warning(
                        &place,
                        "no accepted answer stands in what the question may draw on, so that `answer@…` leaves it out",
                    );
                }
                check_pieces(lane, pieces, &place, findings);
                let out_of_reach = |piece: &&String| {
                    !said.has_answer(std::slice::from_ref(piece), Matching::Words, seen)
                };
                if let Some(piece) = pieces.iter().find(out_of_reach) {
                    findings.warning(
                        &place,
                        format!(
                            "the piece `{}` stands nowhere in what the question may draw on, so that `pieces@…` leaves \
                             it out",
                            cut(piece, 12)
                        ),
                    );
                }
            } else {
                check_question(lane, episode, question, &place, findings);
            }
        }
    }
    all_withheld
}

/// What can be wrong with an episode whatever it asks.
fn check_episode(episode: &Episode, place: &str, findings: &mut Findings) {
    check_task(&episode.task, place, findings);
    let timing = episode.timing;
    if let (Some(asked), Some(known)) = (timing.asked, timing.known)
        && known < asked
    {
        findings.error(
            place,
            format!("the outcome is `known` at {known}, before the question is `asked` at {asked}"),
        );
    }
    if let Some(problem) = episode.check.as_ref().and_then(wrong_check) {
        findings.error(place, format!("`check`: {problem}"));
    }
    for attempt in &episode.attempts {
        for finding in &attempt.findings {
            if let Some(id) = first_missing(&finding.evidence, &attempt.task) {
                findings.error(
                    place,
                    format!(
                        "a finding of attempt `{}` names `{id}`, which is no document of its task",
                        attempt.id
                    ),
                );
            }
        }
    }
}

/// What makes that no answer, or every answer, is right.
fn wrong_check(check: &AnswerCheck) -> Option<&'static str> {
    match check {
        AnswerCheck::Exact { answers } | AnswerCheck::Contains { answers, .. }
            if answers.is_empty() =>
        {
            Some("there is no accepted answer")
        }
        AnswerCheck::Numeric { value, tolerance }
            if !(value.is_finite() && tolerance.is_finite() && *tolerance >= 0.0) =>
        {
            Some("the value and its tolerance are numbers, and the tolerance is not negative")
        }
        AnswerCheck::Choice { answer, options } if !options.contains(answer) => {
            Some("the right answer is none of the options")
        }
        _ => None,
    }
}

/// Episodes with the numbers of their stage and of themselves within it.
fn numbered(stream: &Stream) -> impl Iterator<Item = (usize, usize, &Episode)> {
    stream
        .stages
        .iter()
        .enumerate()
        .flat_map(|(number, stage)| {
            stage
                .episodes
                .iter()
                .enumerate()
                .map(move |(place, episode)| (number, place, episode))
        })
}

fn check_gold(
    gold: &[Source],
    learnt: &Learnt<'_>,
    seen: impl Fn(usize) -> bool,
    place: &str,
    findings: &mut Findings,
) {
    for source in gold {
        let at = learnt.by_id.get(source.attempt.as_str());
        let exists = at
            .and_then(|at| learnt.attempts.get(*at))
            .is_some_and(|attempt| has_step(attempt, source));
        if !exists {
            findings.error(
                place,
                format!(
                    "`gold` names {source}, which is no step of an attempt of this stream; it reads {{\"attempt\": ID, \"step\": NUMBER}}, steps from 0"
                ),
            );
        } else if !at.is_some_and(|at| seen(*at)) {
            findings.warning(
                place,
                format!("`gold` names {source}, which the question may not draw on"),
            );
        }
    }
}

fn has_step(attempt: &Attempt, source: &Source) -> bool {
    source
        .step
        .is_some_and(|step| (step as usize) < attempt.steps.len())
}
