//! LoCoMo (<https://github.com/snap-research/locomo>, `data/locomo10.json`): conversations of two people over months,
//! and questions about them. The data may not be redistributed with everything; the user brings them.
//!
//! A sample is a stream: its sessions, then its questions. Category 5 asks for what was never said (adversarial):
//! there is no evidence to find, so these questions are left out and counted. Answers are in somebody's own words, so
//! their content words are looked for. Evidence strings are read as they are (`D8:6; D9:17`, `D:11:26`, `D30:05`).
//!
//! Others have published it again, with corrected labels, a file for each conversation, evidence as one text, or
//! categories by their names. All of that is read.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use memhost_contract::{Actor, Source, Step};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::recorded::{attempt, said, step_of, task, unknown};
use super::super::source::is_readable;
use super::super::text::normal;
use super::super::{Episode, Lane, Matching, Question, Stage, Stream, Suite, SuiteError};
use super::{
    LeftOut, Meant, file_in, files_of, folder_in, lenient, missing, name_of, opaque, row_files,
    rows, stem_of,
};

const FILE: &str = "locomo10.json";
const SAMPLE: Meant = Meant::Published(
    "a conversation of LoCoMo has `conversation`, with `session_1` and so on, and `qa`, each with `question`, `answer`, \
     `evidence` and `category`",
);
const ADVERSARIAL: &str = "adversarial";
/// Names of the categories 1 to 5.
const CATEGORIES: [&str; 5] = [
    "multi-hop",
    "temporal",
    "open-domain",
    "single-hop",
    ADVERSARIAL,
];

#[derive(Deserialize)]
struct Sample {
    /// A text or a number.
    sample_id: Option<Value>,
    conversation: Map<String, Value>,
    qa: Vec<Qa>,
}

#[derive(Deserialize)]
struct Qa {
    question: String,
    /// A text, a number such as a year, or several. Adversarial questions have none.
    answer: Option<Value>,
    /// A list of texts, or one text.
    #[serde(default)]
    evidence: Value,
    /// A number, or its name.
    #[serde(default)]
    category: Value,
    adversarial_answer: Option<Value>,
}

impl Qa {
    fn category(&self) -> String {
        let given = lenient::text(self.category.clone())
            .unwrap_or_default()
            .trim()
            .to_lowercase();
        let number: Option<usize> = given.parse().ok();
        let name = number.and_then(|number| CATEGORIES.get(number.checked_sub(1)?));
        if let Some(name) = name {
            return (*name).to_owned();
        }
        let named = given.replace(['_', ' '], "-");
        let known = CATEGORIES.iter().find(|name| named.starts_with(**name));
        match known {
            Some(name) => (*name).to_owned(),
            None if named.is_empty() || number.is_some() => "other".to_owned(),
            None => named,
        }
    }

    /// Whether it asks for what was never said.
    fn is_adversarial(&self) -> bool {
        let has_none = self.answer.as_ref().is_none_or(Value::is_null);
        self.category() == ADVERSARIAL || (has_none && self.adversarial_answer.is_some())
    }
}

#[derive(Deserialize)]
struct Turn {
    speaker: String,
    dia_id: String,
    text: String,
    /// What a picture that was sent along shows.
    blip_caption: Option<String>,
}

/// Reads `locomo10.json`, any file like it, or a folder with a file for each conversation.
pub fn read(path: &Path) -> Result<Suite, SuiteError> {
    let mut left_out = LeftOut::default();
    let mut adversarial = 0;
    let mut unknown_evidence = 0;
    let mut names = HashSet::new();
    let mut streams = Vec::new();
    for (file, sample, only) in samples(path, &mut left_out)? {
        let name = name(&sample, &file, only, &mut names);
        let (sessions, turns) = sessions(&file, &name, &sample.conversation)?;
        if sessions.is_empty() {
            let why = format!("a conversation without `session_1` ({})", name_of(&file));
            left_out.named(
                format_args!("{name} with its {} questions", sample.qa.len()),
                why,
            );
            continue;
        }
        let all = sample.qa.len();
        let asked: Vec<Episode> = sample
            .qa
            .into_iter()
            .enumerate()
            .filter(|(_, qa)| !qa.is_adversarial())
            .map(|(number, qa)| question(&name, number, qa, &turns, &mut unknown_evidence))
            .collect();
        adversarial += all - asked.len();
        streams.push(Stream {
            name,
            stages: vec![Stage::in_order(sessions), Stage::shuffled(asked)],
        });
    }
    left_out.counted(
        adversarial,
        "question",
        "questions",
        "asking for what was never said (adversarial)",
    );
    left_out.counted(
        unknown_evidence,
        "piece of evidence",
        "pieces of evidence",
        "no turn of its conversation",
    );
    Ok(Suite {
        name: "locomo".into(),
        lane: Lane::Evidence,
        summary: format!(
            "LoCoMo: questions about conversations over months; {adversarial} adversarial questions are left out"
        ),
        left_out: left_out.0,
        streams,
        budgets: vec![128, 256, 512, 4096],
        primary: "answer@256".into(),
    })
}

/// Every conversation with its file, and whether it is the only one there.
fn samples(
    path: &Path,
    left_out: &mut LeftOut,
) -> Result<Vec<(PathBuf, Sample, bool)>, SuiteError> {
    if is_readable(path) {
        return samples_of(path);
    }
    if let Ok(file) = file_in(path, &[FILE, "data/locomo10.json"], left_out) {
        for other in files_of(file.parent().unwrap_or(path), ".json")? {
            if other != file && name_of(&other).starts_with("locomo") {
                let why = format!("{} is read; name a file to read another", name_of(&file));
                left_out.named(name_of(&other), why);
            }
        }
        return samples_of(&file);
    }
    // A file for each conversation.
    let folder = folder_in(path, &["data"], |folder| !row_files(folder).is_empty());
    let folder = folder.ok_or_else(|| missing(path, FILE))?;
    let mut samples = Vec::new();
    let mut first_error = None;
    for file in row_files(&folder) {
        match samples_of(&file) {
            Ok(of_file) => samples.extend(of_file),
            Err(error) => {
                left_out.named(name_of(&file), "no conversation of LoCoMo");
                first_error.get_or_insert(error);
            }
        }
    }
    match first_error {
        Some(error) if samples.is_empty() => Err(error),
        _ => Ok(samples),
    }
}

fn samples_of(file: &Path) -> Result<Vec<(PathBuf, Sample, bool)>, SuiteError> {
    let samples = rows::<Sample>(file, SAMPLE)?;
    let only = samples.len() == 1;
    Ok(samples
        .into_iter()
        .map(|(_, sample)| (file.to_owned(), sample, only))
        .collect())
}

/// The name of a conversation: its own, or that of a file which holds no other, or its number; no two have one.
fn name(sample: &Sample, file: &Path, only: bool, names: &mut HashSet<String>) -> String {
    let own = sample.sample_id.clone().and_then(lenient::text);
    let number = names.len();
    let name = own.unwrap_or_else(|| match only && stem_of(file) != "locomo10" {
        true => stem_of(file),
        false => format!("conversation-{number}"),
    });
    let again = (2..).map(|time| format!("{name}-{time}"));
    let mut free = std::iter::once(name.clone()).chain(again);
    let name = free.find(|name| !names.contains(name)).unwrap_or(name);
    names.insert(name.clone());
    name
}

/// Where the turns of a conversation stand, as `<attempt>#<step>`.
#[derive(Default)]
struct Turns {
    /// By session and number, as evidence names them.
    by_name: HashMap<(u64, u64), Source>,
    /// Their words.
    said: Vec<(String, Source)>,
}

impl Turns {
    /// The turns that evidence is about: those that it names, or else those that it quotes.
    fn of(&self, evidence: &str) -> Vec<Source> {
        let names = turn_names(evidence);
        let named = names
            .iter()
            .filter_map(|name| self.by_name.get(name).cloned())
            .collect();
        let mut letters = evidence.chars().filter(|c| c.is_alphabetic());
        if letters.all(|c| matches!(c, 'D' | 'd')) {
            return named;
        }
        let quote = normal(evidence);
        let quoted = self
            .said
            .iter()
            .filter(|(words, _)| !quote.is_empty() && words.contains(&quote));
        let quoted: Vec<Source> = quoted.map(|(_, turn)| turn.clone()).collect();
        if quoted.is_empty() { named } else { quoted }
    }
}

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
    let mut all_turns = Turns::default();
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
                all_turns.by_name.insert(name, step_of(&id, step));
            }
            all_turns
                .said
                .push((normal(&turn.text), step_of(&id, step)));
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
            attempts: vec![attempt(id.clone(), &task, 0, steps, unknown())],
            ..Episode::of(task)
        });
    }
    Ok((episodes, all_turns))
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

/// Pieces of evidence: texts, in lists or alone, or as fields of objects.
fn texts_of(evidence: Value) -> Vec<String> {
    match evidence {
        Value::Object(fields) => {
            let named = ["dia_id", "evidence", "id"]
                .iter()
                .find_map(|name| fields.get(*name));
            named
                .or(fields.get("text"))
                .cloned()
                .map(lenient::texts)
                .unwrap_or_default()
        }
        Value::Array(pieces) => pieces.into_iter().flat_map(texts_of).collect(),
        one => lenient::texts(one),
    }
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

fn question(sample: &str, number: usize, qa: Qa, turns: &Turns, unknown: &mut usize) -> Episode {
    let category = qa.category();
    let mut gold: Vec<Source> = Vec::new();
    let evidence = texts_of(qa.evidence).into_iter();
    for evidence in evidence.filter(|piece| !piece.trim().is_empty()) {
        let of_it = turns.of(&evidence);
        *unknown += usize::from(of_it.is_empty());
        gold.extend(of_it);
    }
    let answers = qa.answer.map(lenient::texts).unwrap_or_default();
    let group = gold
        .first()
        .map_or(sample, |source| source.attempt.as_str())
        .to_owned();
    Episode {
        question: Some(Question::Evidence {
            answers,
            matching: Matching::Words,
            gold,
            pieces: Vec::new(),
        }),
        group,
        ..Episode::of(task(
            opaque(&format!("locomo/{sample}"), &number.to_string()),
            qa.question,
            &[("sample", sample), ("category", &category)],
        ))
    }
}

#[cfg(test)]
mod tests;
