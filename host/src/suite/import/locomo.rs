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

use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::recorded::{attempt, said, task, unknown};
use super::super::source::is_readable;
use super::super::text::normal;
use super::super::{Episode, Lane, Matching, Question, Stage, Stream, Suite, SuiteError, Timing};
use super::{
    LeftOut, Meant, file_in, files_of, folder_in, lenient, missing, name_of, opaque, row_files,
    rows, stem_of,
};
use crate::contract::{Actor, Step};

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
    by_name: HashMap<(u64, u64), String>,
    /// Their words.
    said: Vec<(String, String)>,
}

impl Turns {
    /// The turns that evidence is about: those that it names, or else those that it quotes.
    fn of(&self, evidence: &str) -> Vec<String> {
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
        let quoted: Vec<String> = quoted.map(|(_, turn)| turn.clone()).collect();
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
                all_turns.by_name.insert(name, format!("{id}#{step}"));
            }
            all_turns
                .said
                .push((normal(&turn.text), format!("{id}#{step}")));
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
    let mut gold: Vec<String> = Vec::new();
    let evidence = texts_of(qa.evidence).into_iter();
    for evidence in evidence.filter(|piece| !piece.trim().is_empty()) {
        let of_it = turns.of(&evidence);
        *unknown += usize::from(of_it.is_empty());
        gold.extend(of_it);
    }
    let answers = qa.answer.map(lenient::texts).unwrap_or_default();
    let group = gold
        .first()
        .map_or(sample, |source| super::super::reader::attempt_of(source))
        .to_owned();
    Episode {
        task: task(
            opaque(&format!("locomo/{sample}"), &number.to_string()),
            qa.question,
            &[("sample", sample), ("category", &category)],
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

    const CONVERSATION: &str = r#"{"session_1_date_time": "8 May", "session_1": [
        {"speaker": "Ada", "dia_id": "D1:1", "text": "My boat is called Heron and is painted green."},
        {"speaker": "Ben", "dia_id": "D1:2", "text": "Mine is red, and called Otter."}],
        "session_2": [{"speaker": "Ada", "dia_id": "D2:1", "text": "Heron sank."}]}"#;

    /// A conversation with one question, which has this evidence and whatever else.
    fn sample(rest: &str) -> String {
        format!(
            r#"{{"sample_id": "c", "conversation": {CONVERSATION}, "qa": [{{"question": "Which colour?", {rest}}}]}}"#
        )
    }

    fn read_files(files: &[(&str, &str)]) -> Result<Suite, SuiteError> {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        read(folder.path())
    }

    fn gold(suite: &Suite) -> Vec<&str> {
        match suite.questions().next() {
            Some((_, Question::Evidence { gold, .. })) => gold.iter().map(String::as_str).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn evidence_is_read_in_every_shape() {
        let (first, second, third) = ("c-session-1#0", "c-session-1#1", "c-session-2#0");
        let shapes = [
            (r#"["D1:1", "D2:1"]"#, vec![first, third]),
            (r#"["D1:1; D2:1"]"#, vec![first, third]),
            (r#""D1:1; D2:1""#, vec![first, third]),
            (r#""D1:1 D2:1""#, vec![first, third]),
            (r#""D1:1, D2:1""#, vec![first, third]),
            (r#""D1:1""#, vec![first]),
            (r#""['D1:2', 'D2:1']""#, vec![second, third]),
            (r#""D1:1 and D2:1""#, vec![first, third]),
            (
                r#"[["D1:1"], ["D1:2", "D2:1"]]"#,
                vec![first, second, third],
            ),
            (r#"[{"dia_id": "D1:2"}]"#, vec![second]),
            (r#"{"dia_id": "D1:2", "text": "?"}"#, vec![second]),
            (r#""Mine is red, and called Otter.""#, vec![second]),
            (r#"["painted green"]"#, vec![first]),
            (r#"[]"#, vec![]),
            ("null", vec![]),
            (r#""""#, vec![]),
            (r#"["D9:9"]"#, vec![]),
            (r#""never said by anybody""#, vec![]),
        ];
        for (evidence, expected) in shapes {
            let text = sample(&format!(
                r#""answer": "green", "category": 4, "evidence": {evidence}"#
            ));
            let suite = read_files(&[("locomo10.json", &text)]).unwrap();
            assert_eq!(gold(&suite), expected, "{evidence}");
            let lost =
                expected.is_empty() && evidence.contains(char::is_alphabetic) && evidence != "null";
            let said = suite
                .left_out
                .contains(&"1 piece of evidence: no turn of its conversation".to_owned());
            assert_eq!(said, lost, "{evidence}: {:?}", suite.left_out);
        }
    }

    #[test]
    fn categories_have_numbers_or_names() {
        let shapes = [
            ("1", "multi-hop"),
            ("\"2\"", "temporal"),
            ("\"Temporal reasoning\"", "temporal"),
            ("\"open_domain\"", "open-domain"),
            ("\"single-hop\"", "single-hop"),
            ("\"of my own\"", "of-my-own"),
            ("null", "other"),
            ("9", "other"),
        ];
        for (category, expected) in shapes {
            let text = sample(&format!(
                r#""answer": ["green", 3], "evidence": "D1:1", "category": {category}"#
            ));
            let suite = read_files(&[("locomo10.json", &text)]).unwrap();
            let (episode, question) = suite.questions().next().unwrap();
            let label = episode
                .task
                .labels
                .iter()
                .find(|label| label.name == "category")
                .unwrap();
            assert_eq!(label.value, expected, "{category}");
            let Question::Evidence { answers, .. } = question else {
                panic!("{question:?}");
            };
            assert_eq!(answers, &["green", "3"]);
        }
        for adversarial in [
            r#""category": 5"#,
            r#""category": "5", "answer": "no information""#,
            r#""category": "Adversarial", "answer": null"#,
            r#""category": null, "adversarial_answer": "blue""#,
        ] {
            let other = r#"{"question": "?", "answer": "a", "category": 1}"#;
            let text = sample(adversarial).replace("\"qa\": [", &format!("\"qa\": [{other}, "));
            let suite = read_files(&[("locomo10.json", &text)]).unwrap();
            assert_eq!(suite.questions().count(), 1, "{adversarial}");
            assert_eq!(
                suite.left_out[0],
                "1 question: asking for what was never said (adversarial)"
            );
        }
    }

    #[test]
    fn a_release_may_have_a_file_for_each_conversation() {
        let text = sample(r#""answer": "green", "evidence": "D1:1", "category": 4"#);
        let unnamed = text.replace("\"sample_id\": \"c\", ", "");
        let numbered = text.replace("\"c\"", "26");
        let files = [
            ("conv-1.json", unnamed.as_str()),
            ("conv-2.json", &format!("[{text}]")),
            ("conv-3.json", &text),
            ("conv-4.jsonl", &numbered),
            ("readme.json", r#"{"about": "labels were corrected"}"#),
            ("LICENSE", "free"),
        ];
        let suite = read_files(&files).unwrap();
        let names: Vec<&str> = suite
            .streams
            .iter()
            .map(|stream| stream.name.as_str())
            .collect();
        assert_eq!(names, ["conv-1", "c", "c-2", "26"]);
        assert_eq!(suite.left_out, ["readme.json: no conversation of LoCoMo"]);
        let errors = super::super::super::check(&suite).into_iter();
        let errors: Vec<_> = errors
            .filter(|problem| problem.severity == super::super::super::Severity::Error)
            .collect();
        assert_eq!(errors, []);
        let one = read_files(&[("one.json", &unnamed)]).unwrap();
        assert_eq!(one.streams[0].name, "one");
        let beside =
            read_files(&[("locomo10.json", &text), ("locomo10_corrected.json", &text)]).unwrap();
        assert_eq!(beside.streams.len(), 1);
        assert_eq!(
            beside.left_out,
            ["locomo10_corrected.json: locomo10.json is read; name a file to read another"]
        );
    }

    #[test]
    fn a_conversation_without_sessions_is_left_out_by_name() {
        let text = sample(r#""answer": "green", "evidence": "D1:1", "category": 4"#);
        let empty = r#"{"sample_id": "d", "conversation": {"dialogue": []}, "qa": []}"#;
        let suite = read_files(&[("locomo10.json", &format!("[{text}, {empty}]"))]).unwrap();
        assert_eq!(suite.streams.len(), 1);
        assert_eq!(
            suite.left_out,
            ["d with its 0 questions: a conversation without `session_1` (locomo10.json)"]
        );
    }
}
