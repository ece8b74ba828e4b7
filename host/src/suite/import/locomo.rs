//! LoCoMo (<https://github.com/snap-research/locomo>, `data/locomo10.json`): conversations of two people over months,
//! and questions about them. The data may not be redistributed with everything; the user brings them.
//!
//! A sample is a stream: its sessions, then its questions. Category 5 asks for what was never said (adversarial):
//! there is no evidence to find, so these questions are left out and counted. Answers are in somebody's own words, so
//! their content words are looked for. Evidence strings are read as they are (`D8:6; D9:17`, `D:11:26`, `D30:05`).

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::recorded::{attempt, said, task, unknown};
use super::super::{Episode, Lane, Matching, Question, Stage, Stream, Suite, SuiteError, Timing};
use super::{file_in, json, opaque};
use crate::contract::{Actor, Step};

const ADVERSARIAL: u64 = 5;

#[derive(Deserialize)]
struct Sample {
    sample_id: Option<String>,
    conversation: Map<String, Value>,
    qa: Vec<Qa>,
}

#[derive(Deserialize)]
struct Qa {
    question: String,
    /// A text, or a number such as a year. Adversarial questions have none.
    answer: Option<Value>,
    #[serde(default)]
    evidence: Vec<String>,
    category: u64,
}

#[derive(Deserialize)]
struct Turn {
    speaker: String,
    dia_id: String,
    text: String,
    /// What a picture that was sent along shows.
    blip_caption: Option<String>,
}

/// Reads `locomo10.json`.
pub fn read(path: &Path) -> Result<Suite, SuiteError> {
    let file = file_in(path, &["locomo10.json", "data/locomo10.json"])?;
    let mut adversarial = 0;
    let mut streams = Vec::new();
    for (number, sample) in json::<Vec<Sample>>(&file)?.into_iter().enumerate() {
        let name = sample
            .sample_id
            .unwrap_or_else(|| format!("conversation-{number}"));
        let (sessions, turns) = sessions(&file, &name, &sample.conversation)?;
        let all = sample.qa.len();
        let asked: Vec<Episode> = sample
            .qa
            .into_iter()
            .enumerate()
            .filter(|(_, qa)| qa.category != ADVERSARIAL)
            .map(|(number, qa)| question(&name, number, qa, &turns))
            .collect();
        adversarial += all - asked.len();
        streams.push(Stream {
            name,
            stages: vec![Stage::in_order(sessions), Stage::shuffled(asked)],
        });
    }
    Ok(Suite {
        name: "locomo".into(),
        lane: Lane::Evidence,
        summary: format!(
            "LoCoMo: questions about conversations over months; {adversarial} adversarial questions are left out"
        ),
        streams,
        budgets: vec![128, 256, 512, 4096],
        primary: "answer@256".into(),
    })
}

/// A turn by session and number, as evidence names it, to `<attempt>#<step>`.
type Turns = HashMap<(u64, u64), String>;

/// The sessions `session_1`, `session_2`, … in order, each with its date.
fn sessions(
    file: &Path,
    sample: &str,
    conversation: &Map<String, Value>,
) -> Result<(Vec<Episode>, Turns), SuiteError> {
    let numbered: BTreeMap<u64, &Value> = conversation
        .iter()
        .filter_map(|(key, value)| Some((key.strip_prefix("session_")?.parse().ok()?, value)))
        .collect();
    let mut turns_by_name = Turns::new();
    let mut episodes = Vec::new();
    for (number, value) in numbered {
        let turns: Vec<Turn> =
            serde_path_to_error::deserialize(value).map_err(|error| SuiteError::Source {
                path: file.to_owned(),
                problem: format!(
                    "sample `{sample}`, session_{number}, {}: {}",
                    error.path(),
                    error.inner()
                ),
                advice: "a turn has `speaker`, `dia_id` and `text`; take the file as LoCoMo publishes it".into(),
            })?;
        let id = format!("{sample}-session-{number}");
        for (step, turn) in turns.iter().enumerate() {
            for name in turn_names(&turn.dia_id) {
                turns_by_name.insert(name, format!("{id}#{step}"));
            }
        }
        let date = conversation
            .get(&format!("session_{number}_date_time"))
            .and_then(Value::as_str)
            .map_or_else(
                || "A conversation".into(),
                |date| format!("A conversation on {date}"),
            );
        let task = task(id.clone(), date, &[("sample", sample)]);
        let steps = turns.into_iter().map(step).collect();
        episodes.push(Episode {
            question: None,
            attempts: vec![attempt(id.clone(), &task, 0, steps, unknown())],
            withheld: Vec::new(),
            timing: Timing::default(),
            check: None,
            group: id,
            task,
        });
    }
    Ok((episodes, turns_by_name))
}

fn step(turn: Turn) -> Step {
    let picture = turn.blip_caption.map_or_else(String::new, |caption| {
        format!(" [sends a picture of {caption}]")
    });
    said(
        Actor::User,
        format!("{}: {}{picture}", turn.speaker, turn.text),
    )
}

/// The turns that a piece of evidence names: every pair of numbers that a `D` starts.
fn turn_names(evidence: &str) -> Vec<(u64, u64)> {
    evidence
        .split(['D', 'd'])
        .filter_map(|part| {
            let mut numbers = part
                .split(|c: char| !c.is_ascii_digit())
                .filter_map(|digits| digits.parse().ok());
            Some((numbers.next()?, numbers.next()?))
        })
        .collect()
}

fn question(sample: &str, number: usize, qa: Qa, turns: &Turns) -> Episode {
    let gold: Vec<String> = qa
        .evidence
        .iter()
        .flat_map(|evidence| turn_names(evidence))
        .filter_map(|name| turns.get(&name).cloned())
        .collect();
    let category = match qa.category {
        1 => "multi-hop",
        2 => "temporal",
        3 => "open-domain",
        4 => "single-hop",
        _ => "other",
    };
    let answers = match qa.answer {
        Some(Value::String(text)) => vec![text],
        None | Some(Value::Null) => Vec::new(),
        Some(other) => vec![other.to_string()],
    };
    let group = gold
        .first()
        .map_or(sample, |source| super::super::reader::attempt_of(source))
        .to_owned();
    Episode {
        task: task(
            opaque(&format!("locomo/{sample}"), &number.to_string()),
            qa.question,
            &[("sample", sample), ("category", category)],
        ),
        question: Some(Question::Evidence {
            answers,
            matching: Matching::Words,
            gold,
        }),
        attempts: Vec::new(),
        withheld: Vec::new(),
        timing: Timing::default(),
        check: None,
        group,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messy_evidence_is_read() {
        assert_eq!(turn_names("D1:3"), [(1, 3)]);
        assert_eq!(turn_names("D8:6; D9:17"), [(8, 6), (9, 17)]);
        assert_eq!(turn_names("D9:1 D4:4 D4:6"), [(9, 1), (4, 4), (4, 6)]);
        assert_eq!(turn_names("D:11:26"), [(11, 26)]);
        assert_eq!(turn_names("D30:05"), [(30, 5)]);
        assert!(turn_names("D").is_empty());
    }
}
