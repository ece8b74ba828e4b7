//! The memory category of the Berkeley Function Calling Leaderboard, v4
//! (<https://github.com/ShishirPatil/gorilla>, `berkeley-function-call-leaderboard/bfcl_eval/data`, Apache-2.0).
//!
//! A scenario is a stream: first its conversations, of which the data hold the user's turns, then its questions.
//! The data quote the message that holds an answer; the quote is found again in the turns by its words.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use memhost_contract::{Actor, Source};
use serde::Deserialize;

use super::super::recorded::{attempt, said, step_of, task, unknown};
use super::super::text::normal;
use super::super::{Episode, Lane, Matching, Question, Stage, Stream, Suite, SuiteError};
use super::{LeftOut, Meant, file_in, file_of, lenient, missing, opaque, rows};

/// A quote without a literal match is that of the turn with this share of its words.
const SAME_WORDS: f64 = 0.7;
const FILE: &str = "BFCL_v4_memory.json";
const QUESTION: Meant =
    Meant::Published("a question of BFCL's memory has `id`, `question` and `scenario`");
const ANSWER: Meant =
    Meant::Published("an answer of BFCL's memory has `id`, `ground_truth` and `source`");
const CONVERSATION: Meant =
    Meant::Published("a conversation of BFCL's memory has `topic` and `question`, its turns");

#[derive(Deserialize)]
struct QuestionRow {
    id: String,
    question: Vec<Vec<Message>>,
    scenario: String,
}

#[derive(Deserialize)]
struct AnswerRow {
    id: String,
    /// Texts, or one.
    #[serde(deserialize_with = "lenient::list")]
    ground_truth: Vec<String>,
    #[serde(default, deserialize_with = "lenient::default")]
    source: String,
}

#[derive(Deserialize)]
struct ConversationRow {
    #[serde(default, deserialize_with = "lenient::default")]
    topic: String,
    question: Vec<Vec<Message>>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: String,
}

/// Reads the folder with `BFCL_v4_memory.json`, `possible_answer/` and `memory_prereq_conversation/`.
pub fn read(folder: &Path) -> Result<Suite, SuiteError> {
    let mut left_out = LeftOut::default();
    let in_clone = format!("berkeley-function-call-leaderboard/bfcl_eval/data/{FILE}");
    let below = [FILE, &format!("bfcl_eval/data/{FILE}"), &in_clone];
    let questions_file = file_in(folder, &below, &mut left_out)?;
    let folder = questions_file.parent().unwrap_or(folder);
    let answers_name = format!("possible_answer/{FILE}");
    let answers_file =
        file_of(folder, &answers_name).ok_or_else(|| missing(folder, &answers_name))?;
    let answers = rows::<AnswerRow>(&answers_file, ANSWER)?;
    let answers: HashMap<String, AnswerRow> = answers
        .into_iter()
        .map(|(_, row)| (row.id.clone(), row))
        .collect();
    let mut unanswered = 0;
    let mut scenarios: BTreeMap<String, Vec<QuestionRow>> = BTreeMap::new();
    for (_, row) in rows::<QuestionRow>(&questions_file, QUESTION)? {
        if answers.contains_key(&row.id) {
            scenarios.entry(row.scenario.clone()).or_default().push(row);
        } else {
            unanswered += 1;
        }
    }
    if scenarios.is_empty() {
        return Err(SuiteError::Source {
            path: questions_file,
            problem: format!(
                "none of its {unanswered} questions has an answer in possible_answer/"
            ),
            advice: "take both files from the same version of the data set".into(),
        });
    }
    left_out.counted(
        unanswered,
        "question",
        "questions",
        "without an answer in possible_answer/",
    );
    let mut streams = Vec::new();
    for (scenario, questions) in scenarios {
        let name = format!("memory_prereq_conversation/memory_{scenario}.json");
        match file_of(folder, &name) {
            Some(file) => streams.push(stream(&file, scenario, &questions, &answers)?),
            None => {
                let what = format!("scenario {scenario} with its {} questions", questions.len());
                left_out.named(what, format_args!("there is no {name}"));
            }
        }
    }
    if streams.is_empty() {
        return Err(missing(
            folder,
            "memory_prereq_conversation/memory_<scenario>.json",
        ));
    }
    Ok(Suite {
        name: "bfcl-memory".into(),
        lane: Lane::Evidence,
        summary: "BFCL v4 memory: what users mentioned in passing, asked for afterwards".into(),
        left_out: left_out.0,
        streams,
        budgets: vec![128, 256, 512, 4096],
        primary: "answer@256".into(),
    })
}

fn stream(
    file: &Path,
    scenario: String,
    questions: &[QuestionRow],
    answers: &HashMap<String, AnswerRow>,
) -> Result<Stream, SuiteError> {
    let conversations: Vec<Episode> = rows::<ConversationRow>(file, CONVERSATION)?
        .into_iter()
        .enumerate()
        .map(|(number, (_, row))| conversation(&scenario, number, row))
        .collect();
    let turns: Vec<Turn> = conversations
        .iter()
        .flat_map(|episode| &episode.attempts)
        .flat_map(|attempt| {
            attempt
                .steps
                .iter()
                .enumerate()
                .map(move |(n, step)| (attempt, n, step))
        })
        .map(|(attempt, number, step)| Turn {
            attempt: &attempt.id,
            source: step_of(&attempt.id, number),
            text: normal(&step.text),
        })
        .collect();
    let asked = questions
        .iter()
        .filter_map(|row| Some(question(row, answers.get(&row.id)?, &turns)))
        .collect();
    Ok(Stream {
        name: scenario,
        stages: vec![Stage::in_order(conversations), Stage::shuffled(asked)],
    })
}

fn conversation(scenario: &str, number: usize, row: ConversationRow) -> Episode {
    let id = format!("{scenario}-{number}");
    let task = task(id.clone(), row.topic, &[("scenario", scenario)]);
    let turns = row
        .question
        .iter()
        .map(|messages| said(Actor::User, user_text(messages)))
        .collect();
    Episode {
        attempts: vec![attempt(id.clone(), &task, 0, turns, unknown())],
        ..Episode::of(task)
    }
}

fn user_text(messages: &[Message]) -> String {
    let said: Vec<&str> = messages
        .iter()
        .filter(|message| message.role == "user")
        .map(|message| message.content.as_str())
        .collect();
    said.join(" ")
}

/// A turn of a conversation, with its words.
struct Turn<'a> {
    attempt: &'a str,
    source: Source,
    text: String,
}

fn question(row: &QuestionRow, answer: &AnswerRow, turns: &[Turn<'_>]) -> Episode {
    let text = row
        .question
        .first()
        .map_or_else(String::new, |m| user_text(m));
    let gold = quoted_turns(&answer.source, turns);
    // Questions about one conversation share their evidence.
    let group = gold
        .first()
        .map_or_else(|| row.scenario.clone(), |turn| turn.attempt.to_owned());
    Episode {
        question: Some(Question::Evidence {
            answers: answer.ground_truth.clone(),
            matching: Matching::Phrase,
            gold: gold.iter().map(|turn| turn.source.clone()).collect(),
            pieces: Vec::new(),
        }),
        group,
        ..Episode::of(task(
            opaque("bfcl-memory", &row.id),
            text,
            &[("scenario", &row.scenario)],
        ))
    }
}

/// The turns that a quote is from: those with one of its fragments, or else the one with most of its words.
fn quoted_turns<'t, 'a>(quote: &str, turns: &'t [Turn<'a>]) -> Vec<&'t Turn<'a>> {
    let mut fragments: Vec<String> = quote
        .replace('…', "...")
        .split("...")
        .map(normal)
        .filter(|fragment| fragment.contains(' '))
        .collect();
    if fragments.is_empty() {
        fragments.push(normal(quote));
    }
    let literal: Vec<&Turn<'_>> = turns
        .iter()
        .filter(|turn| {
            fragments
                .iter()
                .any(|fragment| turn.text.contains(fragment))
        })
        .collect();
    if !literal.is_empty() {
        return literal;
    }
    let quote = normal(quote);
    let wanted: HashSet<&str> = quote.split(' ').collect();
    let shared = |turn: &Turn<'_>| {
        let words: HashSet<&str> = turn.text.split(' ').collect();
        wanted.intersection(&words).count() as f64 / wanted.len().max(1) as f64
    };
    turns
        .iter()
        .map(|turn| (shared(turn), turn))
        .filter(|(share, _)| *share >= SAME_WORDS)
        // The first of equals: `max_by` would take the last.
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map(|(_, turn)| turn)
        .into_iter()
        .collect()
}
