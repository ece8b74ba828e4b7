//! The format of anybody's own suite: JSON lines, a header and then one episode per line.
//!
//! ```
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("pets.jsonl");
//! # std::fs::write(&path, r#"
//! {"format": 1, "name": "pets", "lane": "evidence", "summary": "Two talks about pets, and a question."}
//! {"task": {"id": "monday", "text": "Small talk"}, "attempts": [{"steps": [{"actor": "user", "text": "My cat is called Momo."}, {"actor": "user", "text": "She is 4."}]}]}
//! {"task": {"id": "tuesday", "text": "Small talk"}, "attempts": [{"steps": [{"actor": "user", "text": "Momo turned 5 today."}]}]}
//! {"stage": 1, "task": {"id": "age", "text": "How old is my cat?"}, "question": {"answers": ["5", "five"], "gold": [{"attempt": "tuesday-0", "step": 0}]}}
//! # "#)?;
//! let suite = memhost_suite::Suite::load(&path.to_string_lossy())?;
//! assert_eq!(suite.questions().count(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `examples/suite.jsonl` is a larger one. This is what lines of the other lanes look like, one suite per lane:
//!
//! ```
//! # let folder = tempfile::tempdir()?;
//! # let read = |lines: &str| {
//! #     let path = folder.path().join("lane.jsonl");
//! #     std::fs::write(&path, lines)?;
//! #     Ok::<_, Box<dyn std::error::Error>>(memhost_suite::Suite::read(&path.to_string_lossy())?)
//! # };
//! let transfer = read(r#"
//! {"format": 1, "name": "shop", "lane": "transfer"}
//! {"task": {"id": "t7", "text": "Refund order 41", "labels": {"site": "shop"}}, "question": {"kind": "refund"}, "attempts": [{"steps": [{"actor": "action", "name": "refund", "text": "{\"order\": 41}"}], "outcome": {"verdict": "success", "score": 1}}]}
//! "#)?;
//! let routing = read(r#"
//! {"format": 1, "name": "sums", "lane": "routing", "shuffled": [0]}
//! {"task": {"id": "s1", "text": "What is 6 times 7?"}, "question": {"values": {"small": 0, "large": 1}}, "check": {"numeric": {"value": 42}}, "attempts": [{"agent": {"id": "small", "model": "small-1b", "rank": 0}, "answer": "41", "outcome": {"score": 0}}, {"agent": {"id": "large", "model": "large-9b", "rank": 1}, "answer": "42", "outcome": {"score": 1}}]}
//! "#)?;
//! let forecast = read(r#"
//! {"format": 1, "name": "weather", "lane": "forecast", "batched": [0, 1], "warm_up": [0]}
//! {"task": {"id": "rain-1", "text": "Will it rain in Ghent on 8 May?"}, "asked": 1714521600000, "known": 1715212800000, "question": {"happened": true, "source": "weather", "horizon": "7"}, "attempts": [{"answer": "It rained.", "outcome": {"score": 1}}]}
//! "#)?;
//! let discovery = read(r#"
//! {"format": 1, "name": "lint", "lane": "discovery"}
//! {"task": {"id": "solved", "text": "Review a.rs", "documents": [{"id": "a1", "text": "return x;", "labels": {"file": "a.rs"}}]}, "attempts": [{"steps": [{"actor": "observation", "text": "return x;"}], "findings": [{"problem": "needless_return", "evidence": ["a1"]}]}]}
//! {"stage": 1, "task": {"id": "new", "text": "Review b.rs", "documents": [{"id": "b1", "text": "return y;", "labels": {"file": "b.rs"}}]}, "question": {"problems": [{"problem": "needless_return", "place": "b.rs", "evidence": ["b1"]}], "reports": 20}}
//! "#)?;
//! let hops = read(r#"
//! {"format": 1, "name": "family", "lane": "hops"}
//! {"task": {"id": "talk", "text": "Small talk"}, "attempts": [{"steps": [{"actor": "user", "text": "Ann works for Ida."}, {"actor": "user", "text": "Ida lives in Ghent."}]}]}
//! {"stage": 1, "task": {"id": "where", "text": "Where does Ann's boss live?"}, "question": {"answers": ["Ghent"], "gold": [{"attempt": "talk-0", "step": 0}, {"attempt": "talk-0", "step": 1}], "pieces": ["Ann works for Ida.", "Ida lives in Ghent."]}}
//! {"stage": 1, "task": {"id": "whom", "text": "Whom does Ann's boss love?"}, "question": {"unanswerable": true}}
//! "#)?;
//! assert_eq!(hops.primary, "pieces@256");
//! let steps = read(r#"
//! {"format": 1, "name": "desk", "lane": "steps"}
//! {"task": {"id": "o1", "text": "Where is order 41?"}, "attempts": [{"steps": [{"actor": "action", "name": "get_order", "text": "{}"}, {"actor": "observation", "name": "get_order", "text": "{}"}, {"actor": "action", "name": "track", "text": "{}"}]}]}
//! {"stage": 1, "task": {"id": "o2", "text": "Where is order 42?"}, "question": {"run": [{"actor": "action", "name": "get_order", "text": "{}"}, {"actor": "observation", "name": "get_order", "text": "{}"}], "next": "track"}}
//! "#)?;
//! assert_eq!(steps.primary, "next@1");
//! let compaction = read(r#"
//! {"format": 1, "name": "long", "lane": "compaction", "budgets": [64]}
//! {"task": {"id": "o1", "text": "Cancel order 41."}, "attempts": [{"steps": [{"actor": "action", "name": "cancel", "text": "{}"}]}]}
//! {"stage": 1, "task": {"id": "o2", "text": "Move my flight."}, "question": {"run": [{"actor": "observation", "text": "Flight HAT069 on 2024-05-20."}, {"actor": "user", "text": "No, on 2024-05-21."}], "needed": ["HAT069", "2024-05-21"], "outdated": ["2024-05-20"]}}
//! "#)?;
//! assert_eq!(compaction.primary, "kept");
//! let retry = read(r#"
//! {"format": 1, "name": "locks", "lane": "retry"}
//! {"task": {"id": "l1", "text": "Set the lock: the dial is red or blue."}, "question": {"slots": [{"name": "dial", "values": ["red", "blue"], "right": "blue"}], "noise": 0.1, "tries": 3}}
//! "#)?;
//! assert_eq!(retry.primary, "solved@3");
//! let attempts = read(r#"
//! {"format": 1, "name": "runs", "lane": "attempts"}
//! {"stage": 0, "task": {"id": "q1", "text": "Where is Ghent?"}, "attempts": [{"id": "q1-0", "answer": "France", "outcome": {"verdict": "failure"}}]}
//! {"stage": 1, "task": {"id": "q1", "text": "Where is Ghent?"}, "attempts": [{"id": "q1-1", "trial": 1, "answer": "Belgium", "outcome": {"verdict": "success"}}]}
//! "#)?;
//! assert_eq!(attempts.summarize().streams[0].curve, [0, 1]);
//! # for suite in [transfer, routing, forecast, discovery] { assert_eq!(suite.questions().count(), 1); }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Suite::write_jsonl`] writes the same format: `memhost suite import` turns any other into it.
//!
#![doc = include_str!("jsonl/fields.md")]

use std::io::Write;
use std::path::Path;

use memhost_base::disk;
use memhost_base::visible;

use super::advice::{Advice, Topic};
use super::error::SuiteError;
use super::json::{self, Meant, Row};
use super::source::Lines;
use super::{Episode, Question, Stream, Suite};

mod named;
mod rows;

use named::Named;
use rows::{EpisodeRow, HeaderRow};

/// Every field of the format, for people: part of the documentation above, and what `memhost suite fields` prints.
pub const FIELDS: &str = include_str!("jsonl/fields.md");

/// The version of the format that this host reads and writes.
const FORMAT: u32 = 1;
/// The shortest header, as an example.
const HEADER: &str = r#"{"format": 1, "name": "my-suite", "lane": "evidence"}"#;
/// By which fields of its first row a data set is known that somebody took for a suite.
const FIRST_FIELDS: [(&str, &[&str]); 6] = [
    ("locomo", &["conversation", "qa"]),
    ("longmemeval", &["haystack_sessions"]),
    ("webarena", &["intent", "intent_template_id"]),
    ("tau2", &["user_scenario"]),
    ("tau-bench", &["traj"]),
    ("gsm8k", &["ground_truth", "6b_finetuning"]),
];
/// Reads a suite from a file in this format.
pub(super) fn read(path: &Path) -> Result<Suite, SuiteError> {
    let mut rows = Rows::open(path)?;
    let Some(first) = rows.next()? else {
        return Err(SuiteError::Source {
            path: path.to_owned(),
            problem: "the file is empty; a suite starts with a header".into(),
            advice: Advice::on(Topic::Fields, format!("begin with {HEADER}")),
        });
    };
    let header: HeaderRow = first
        .parse(path, Meant::Suite)
        .map_err(|error| without_header(path, &first, error))?;
    let broken = |line: usize, field: &str, problem: String, advice: &str| SuiteError::Line {
        path: path.to_owned(),
        line,
        field: field.into(),
        problem,
        advice: advice.into(),
    };
    if header.format != FORMAT {
        return Err(broken(
            first.line,
            "format",
            format!(
                "this is version {}, and this memhost reads version {FORMAT}",
                header.format
            ),
            "use a memhost that knows it, or import the suite again",
        ));
    }
    let mut streams: Vec<Stream> = Vec::new();
    let mut named: Vec<Named> = Vec::new();
    while let Some(row) = rows.next()? {
        let line = row.line;
        let row: EpisodeRow = row.parse(path, Meant::Suite)?;
        if row.stage >= rows::MOST_STAGES {
            return Err(broken(
                line,
                "stage",
                format!("{} is not below {}", row.stage, rows::MOST_STAGES),
                "number stages from 0",
            ));
        }
        let (stream, stage) = (row.stream.clone(), row.stage);
        let texts = row.named();
        let episode = row
            .into_episode()
            .map_err(|(field, problem)| broken(line, &field, problem, "correct the line"))?;
        let episode = place(&mut streams, stream, stage, &header, episode);
        named.extend(texts.into_iter().map(|(place, text)| Named {
            line,
            episode,
            place,
            text,
        }));
    }
    named::resolve(&mut streams, named)
        .map_err(|(line, (field, problem))| broken(line, &field, problem, "correct the line"))?;
    Ok(header.into_suite(streams))
}

/// Rows one by one. Lines are read as they come; a list, and objects of several lines each, as a whole.
struct Rows<'a> {
    lines: Option<Lines<'a>>,
    read: std::vec::IntoIter<Row>,
}

impl<'a> Rows<'a> {
    fn open(path: &'a Path) -> Result<Rows<'a>, SuiteError> {
        let mut lines = Lines::open(path)?;
        let Some((line, text)) = lines.next_filled()? else {
            return Ok(Rows {
                lines: None,
                read: Vec::new().into_iter(),
            });
        };
        let first = Row::of_line(line, text);
        let (lines, read) = if first.is_list() || !first.is_complete() {
            (
                None,
                json::split(path, lines.whole(first.text())?, Meant::Suite)?,
            )
        } else {
            (Some(lines), vec![first])
        };
        Ok(Rows {
            lines,
            read: read.into_iter(),
        })
    }

    fn next(&mut self) -> Result<Option<Row>, SuiteError> {
        if let Some(row) = self.read.next() {
            return Ok(Some(row));
        }
        let Some(lines) = &mut self.lines else {
            return Ok(None);
        };
        let line = lines.next_filled()?;
        Ok(line.map(|(line, text)| Row::of_line(line, text)))
    }
}

/// What is said of a file that does not start as a suite does: it may well be somebody's data set.
fn without_header(path: &Path, first: &Row, error: SuiteError) -> SuiteError {
    if first.has("format") || !first.is_complete() {
        return error;
    }
    let SuiteError::Line {
        line,
        field,
        problem,
        ..
    } = error
    else {
        return error;
    };
    let import = FIRST_FIELDS
        .iter()
        .find(|(_, fields)| fields.iter().all(|field| first.has(field)));
    let (field, problem, advice) = match import {
        Some((format, _)) => (
            String::new(),
            "there is no header, with which a suite of one's own starts".to_owned(),
            format!(
                "this looks like `{format}`, which is read as `{format}:{}`",
                path.display()
            )
            .into(),
        ),
        None => (
            field,
            format!("{problem}; a suite starts with a header, {HEADER}"),
            Advice::on(
                Topic::Formats,
                "put the header before it; a data set of others is read as `<format>:<path>`",
            ),
        ),
    };
    SuiteError::Line {
        path: path.to_owned(),
        line,
        field,
        problem,
        advice,
    }
}

/// Puts an episode where it belongs; a stage that a stream does not use stays empty. The numbers of stream, stage and
/// episode under which it is found there.
fn place(
    streams: &mut Vec<Stream>,
    name: String,
    number: usize,
    header: &HeaderRow,
    episode: Episode,
) -> (usize, usize, usize) {
    // Lines of one stream usually follow each other, so that the last is looked at first.
    let at = streams.iter().rposition(|stream| stream.name == name);
    let at = at.unwrap_or_else(|| {
        streams.push(Stream {
            name,
            stages: Vec::new(),
        });
        streams.len() - 1
    });
    let stages = &mut streams[at].stages;
    while stages.len() <= number {
        stages.push(header.stage(stages.len()));
    }
    stages[number].episodes.push(episode);
    (at, number, stages[number].episodes.len() - 1)
}

impl Suite {
    /// Writes the suite in the format of [`jsonl`](self). Reading it gives the same suite again, provided that its
    /// streams agree on which of their stages are shuffled, batched or a warm-up. The file appears whole or not at all.
    pub fn write_jsonl(&self, path: &Path) -> Result<(), SuiteError> {
        disk::write_whole_by(path, |out| self.write_rows(out)).map_err(SuiteError::writing(path))
    }

    fn write_rows(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let mut write =
            |line: String| -> std::io::Result<()> { writeln!(out, "{}", visible::json(&line)) };
        write(serde_json::to_string(&HeaderRow::of(self))?)?;
        for stream in &self.streams {
            for (number, stage) in stream.stages.iter().enumerate() {
                for episode in &stage.episodes {
                    let row = EpisodeRow::of(&stream.name, number, episode);
                    write(serde_json::to_string(&row)?)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
