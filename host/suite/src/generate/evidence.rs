//! Lane A, made: people talk about their lives, and are asked about what they mentioned.
//!
//! A person has subjects (things and pastimes), each with a handful of facts that come up over several turns, among
//! small talk. What makes it hard is what makes the real data hard: a question may use another word for its subject
//! or for the fact, other turns are about the same subject, most of a turn is about nothing. Some facts change later,
//! so that only the newest turn is right; some are contradicted by somebody who is wrong, so that only the older is.

use memhost_contract::Actor;
use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::super::recorded::{attempt, said, step_of, task, unknown};
use super::super::{Episode, Lane, Matching, Question, Stage, Stream, Suite};
use super::{one_of, streams};

pub(super) mod talk;

use talk::{FILLERS, Fact, MENTIONS, NAMES, OPENINGS, PASTIMES, Subject, THINGS, TOPICS};

/// As `memhost suite list` says it.
pub const SUMMARY: &str =
    "Generated (evidence): people mention facts, correct some and are contradicted on others";

const PEOPLE: [&str; 3] = ["ada", "bruno", "chen"];
const SUBJECTS_PER_KIND: usize = 11;
const SESSIONS: usize = 8;
const QUESTIONS: usize = 51;
/// How often a question calls its subject by another name.
const OTHER_NAME: f64 = 0.05;
/// How often a question asks for the fact in other words.
const OTHER_WORDS: f64 = 0.1;
/// How often a fact changes later.
const CHANGED: f64 = 0.1;
/// How often somebody else is wrong about it later.
const CONTRADICTED: f64 = 0.08;
/// How often a turn mentions a subject that it is not about.
const MENTION: f64 = 0.25;

/// The suite of a seed.
pub fn suite(seed: u64) -> Suite {
    Suite {
        name: "evidence".into(),
        lane: Lane::Evidence,
        summary: SUMMARY.into(),
        left_out: Vec::new(),
        streams: streams(seed, PEOPLE, stream),
        budgets: vec![128, 256, 512, 4096],
        primary: "answer@256".into(),
    }
}

/// What a person says about a subject at one time.
struct Turn {
    text: String,
    /// Numbers of the facts whose truth is told here.
    tells: Vec<usize>,
}

/// Something true about a subject of a person.
struct Truth {
    subject: &'static Subject,
    fact: &'static Fact,
    value: String,
}

fn stream(person: &str, bits: &mut ChaCha8Rng) -> Stream {
    let mut subjects: Vec<&'static Subject> = Vec::new();
    for kind in [THINGS, PASTIMES] {
        let mut kind: Vec<&'static Subject> = kind.iter().collect();
        kind.shuffle(bits);
        subjects.extend(kind.into_iter().take(SUBJECTS_PER_KIND));
    }
    let mut truths = Vec::new();
    let rounds = rounds(&subjects, &mut truths, bits);
    let sessions = sessions(person, rounds);
    let asked = questions(person, &truths, &sessions, bits);
    Stream {
        name: person.to_owned(),
        stages: vec![
            Stage::in_order(sessions.into_iter().map(|(episode, _)| episode).collect()),
            Stage::shuffled(asked),
        ],
    }
}

/// Every subject comes up three times; a round is each of them once, in any order.
fn rounds(
    subjects: &[&'static Subject],
    truths: &mut Vec<Truth>,
    bits: &mut ChaCha8Rng,
) -> Vec<Turn> {
    let mut rounds: [Vec<Turn>; 3] = Default::default();
    for subject in subjects {
        let mut facts: Vec<&'static Fact> = subject.facts.iter().collect();
        facts.shuffle(bits);
        let mut said: [Vec<(String, Option<usize>)>; 3] = Default::default();
        for (number, fact) in facts.into_iter().enumerate() {
            // Two facts in each of the first rounds, the last in the third.
            let round = number / 2;
            let id = truths.len();
            let mut value = fact.value(bits);
            let statement = |value: &str, bits: &mut ChaCha8Rng| {
                fill(one_of(bits, fact.statements), subject.name, value)
            };
            let first = statement(&value, bits);
            let fate: f64 = bits.random();
            if round < 2 && fate < CHANGED {
                said[round].push((first, None));
                value = fact.other_value(&value, bits);
                let now = statement(&value, bits);
                said[2].push((
                    format!("Something has changed since we talked. {now}"),
                    Some(id),
                ));
            } else if round < 2 && fate < CHANGED + CONTRADICTED {
                said[round].push((first, Some(id)));
                let wrong = fact.other_value(&value, bits);
                let wrong = statement(&wrong, bits);
                let who = one_of(bits, NAMES);
                said[2].push((
                    format!("{who} goes around telling it in my voice, \"{wrong}\", and that is simply not true."),
                    None,
                ));
            } else {
                said[round].push((first, Some(id)));
            }
            truths.push(Truth {
                subject,
                fact,
                value,
            });
        }
        for (round, facts) in rounds.iter_mut().zip(said) {
            round.push(turn(subject, facts, subjects, bits));
        }
    }
    for round in &mut rounds {
        round.shuffle(bits);
    }
    rounds.into_iter().flatten().collect()
}

/// Facts among small talk, behind an opening that says what it is about.
fn turn(
    subject: &Subject,
    facts: Vec<(String, Option<usize>)>,
    others: &[&'static Subject],
    bits: &mut ChaCha8Rng,
) -> Turn {
    let tells = facts.iter().filter_map(|(_, id)| *id).collect();
    let mut sentences: Vec<String> = facts.into_iter().map(|(text, _)| text).collect();
    for _ in 0..bits.random_range(3..11) {
        let theme = one_of(bits, subject.themes);
        sentences.push(fill(one_of(bits, FILLERS), theme, ""));
    }
    if bits.random_bool(MENTION)
        && let Some(other) = others.get(bits.random_range(0..others.len().max(1)))
    {
        sentences.push(fill(one_of(bits, MENTIONS), other.name, ""));
    }
    sentences.shuffle(bits);
    sentences.insert(0, fill(one_of(bits, OPENINGS), subject.name, ""));
    Turn {
        text: sentences.join(" "),
        tells,
    }
}

/// Turns in the order of the conversations, with the facts that each step tells.
fn sessions(person: &str, turns: Vec<Turn>) -> Vec<(Episode, Vec<Vec<usize>>)> {
    let length = turns.len().div_ceil(SESSIONS).max(1);
    let mut turns = turns.into_iter().peekable();
    let mut sessions = Vec::new();
    while turns.peek().is_some() {
        let number = sessions.len();
        let id = format!("{person}-{number}");
        let topic = TOPICS
            .get(number % TOPICS.len())
            .copied()
            .unwrap_or_default();
        let task = task(id.clone(), topic.into(), &[("person", person)]);
        let (steps, tells) = turns
            .by_ref()
            .take(length)
            .map(|turn| (said(Actor::User, turn.text), turn.tells))
            .unzip();
        let episode = Episode {
            attempts: vec![attempt(id.clone(), &task, 0, steps, unknown())],
            ..Episode::of(task)
        };
        sessions.push((episode, tells));
    }
    sessions
}

fn questions(
    person: &str,
    truths: &[Truth],
    sessions: &[(Episode, Vec<Vec<usize>>)],
    bits: &mut ChaCha8Rng,
) -> Vec<Episode> {
    let mut asked: Vec<(usize, &Truth)> = truths.iter().enumerate().collect();
    asked.shuffle(bits);
    asked.truncate(QUESTIONS);
    asked
        .into_iter()
        .enumerate()
        .map(|(number, (id, truth))| {
            let mut gold = Vec::new();
            let mut group = person.to_owned();
            for (session, tells) in sessions {
                for (step, _) in tells
                    .iter()
                    .enumerate()
                    .filter(|(_, told)| told.contains(&id))
                {
                    group = session.task.id.clone();
                    gold.push(step_of(&group, step));
                }
            }
            Episode {
                question: Some(Question::Evidence {
                    answers: vec![truth.value.clone()],
                    matching: Matching::Phrase,
                    gold,
                    pieces: Vec::new(),
                }),
                group,
                ..Episode::of(task(
                    format!("{person}-question-{number}"),
                    ask(truth, bits),
                    &[("person", person)],
                ))
            }
        })
        .collect()
}

fn ask(truth: &Truth, bits: &mut ChaCha8Rng) -> String {
    let name = if bits.random_bool(OTHER_NAME) {
        truth.subject.other_name
    } else {
        truth.subject.name
    };
    let questions = if bits.random_bool(OTHER_WORDS) {
        truth.fact.distant_questions
    } else {
        truth.fact.close_questions
    };
    fill(one_of(bits, questions), name, "")
}

/// A template with its subject and its value.
fn fill(template: &str, subject: &str, value: &str) -> String {
    template.replace("{s}", subject).replace("{v}", value)
}
