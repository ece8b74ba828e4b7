//! The format of anybody's own suite: JSON lines, a header and then one episode per line.
//!
//! ```
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("pets.jsonl");
//! # std::fs::write(&path, r#"
//! {"format": 1, "name": "pets", "lane": "evidence", "summary": "Two talks about pets, and a question."}
//! {"task": {"id": "monday", "text": "Small talk"}, "attempts": [{"steps": [{"actor": "user", "text": "My cat is called Momo."}, {"actor": "user", "text": "She is 4."}]}]}
//! {"task": {"id": "tuesday", "text": "Small talk"}, "attempts": [{"steps": [{"actor": "user", "text": "Momo turned 5 today."}]}]}
//! {"stage": 1, "task": {"id": "age", "text": "How old is my cat?"}, "question": {"answers": ["5", "five"], "gold": ["tuesday-0#0"]}}
//! # "#)?;
//! let suite = memhost::suite::Suite::load(&path.to_string_lossy())?;
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
//! #     Ok::<_, Box<dyn std::error::Error>>(memhost::suite::Suite::read(&path.to_string_lossy())?)
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

use std::borrow::Cow;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use super::error::SuiteError;
use super::{Episode, Stream, Suite};

mod rows;

use rows::{EpisodeRow, HeaderRow};

/// Every field of the format, for people: part of the documentation above, and what `memhost suite fields` prints.
pub const FIELDS: &str = include_str!("jsonl/fields.md");

/// The version of the format that this host reads and writes.
const FORMAT: u32 = 1;
/// The longest line that is read, in bytes: an episode has to fit into memory several times.
const LONGEST_LINE: u64 = 128 << 20;
/// The longest document that is read as a whole, in bytes.
pub(super) const LARGEST_FILE: u64 = 1 << 30;

/// Reads a suite from a file in this format.
pub(super) fn read(path: &Path) -> Result<Suite, SuiteError> {
    let mut lines = Lines::open(path)?;
    let Some((line, text)) = lines.next_filled()? else {
        return Err(SuiteError::Source {
            path: path.to_owned(),
            problem: "the file is empty; a suite starts with a header".into(),
            advice: format!(
                "begin with {{\"format\": {FORMAT}, \"name\": \"my-suite\", \"lane\": \"evidence\"}}; `memhost suite fields` lists what a header has"
            ),
        });
    };
    let header: HeaderRow = parse(path, line, &text)?;
    let broken = |line: usize, field: &str, problem: String, advice: &str| SuiteError::Line {
        path: path.to_owned(),
        line,
        field: field.into(),
        problem,
        advice: advice.into(),
    };
    if header.format != FORMAT {
        return Err(broken(
            line,
            "format",
            format!(
                "this is version {}, and this memhost reads version {FORMAT}",
                header.format
            ),
            "use a memhost that knows it, or import the suite again",
        ));
    }
    let mut streams: Vec<Stream> = Vec::new();
    while let Some((line, text)) = lines.next_filled()? {
        let row: EpisodeRow = parse(path, line, &text)?;
        if row.stage >= rows::MOST_STAGES {
            return Err(broken(
                line,
                "stage",
                format!("{} is not below {}", row.stage, rows::MOST_STAGES),
                "number stages from 0",
            ));
        }
        let (stream, stage) = (row.stream.clone(), row.stage);
        let episode = row
            .into_episode()
            .map_err(|(field, problem)| broken(line, &field, problem, "correct the line"))?;
        place(&mut streams, stream, stage, &header, episode);
    }
    Ok(header.into_suite(streams))
}

/// Puts an episode where it belongs; a stage that a stream does not use stays empty.
fn place(
    streams: &mut Vec<Stream>,
    name: String,
    number: usize,
    header: &HeaderRow,
    episode: Episode,
) {
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
}

impl Suite {
    /// Writes the suite in the format of [`jsonl`](self). Reading it gives the same suite again, provided that its
    /// streams agree on which of their stages are shuffled, batched or a warm-up.
    pub fn write_jsonl(&self, path: &Path) -> Result<(), SuiteError> {
        let file = std::fs::File::create(path).map_err(SuiteError::writing(path))?;
        let mut out = BufWriter::new(file);
        let mut write = |line: serde_json::Result<String>| {
            line.map_err(std::io::Error::from)
                .and_then(|line| writeln!(out, "{line}"))
                .map_err(SuiteError::writing(path))
        };
        write(serde_json::to_string(&HeaderRow::of(self)))?;
        for stream in &self.streams {
            for (number, stage) in stream.stages.iter().enumerate() {
                for episode in &stage.episodes {
                    let row = EpisodeRow::of(&stream.name, number, episode);
                    write(serde_json::to_string(&row))?;
                }
            }
        }
        out.flush().map_err(SuiteError::writing(path))
    }
}

/// Lines of a file, counted from 1, none of them too long to hold.
pub(super) struct Lines<'a> {
    path: &'a Path,
    reader: BufReader<std::fs::File>,
    number: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn open(path: &'a Path) -> Result<Lines<'a>, SuiteError> {
        let file = std::fs::File::open(path).map_err(SuiteError::reading(path))?;
        Ok(Lines {
            path,
            reader: BufReader::new(file),
            number: 0,
        })
    }

    /// The next line that holds anything, without what ends it: whoever reads it has to be able to tell that it is cut off.
    pub(super) fn next_filled(&mut self) -> Result<Option<(usize, Vec<u8>)>, SuiteError> {
        loop {
            let mut line = Vec::new();
            let read = (&mut self.reader)
                .take(LONGEST_LINE + 1)
                .read_until(b'\n', &mut line)
                .map_err(SuiteError::reading(self.path))?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            if line.len() as u64 > LONGEST_LINE {
                return Err(SuiteError::Line {
                    path: self.path.to_owned(),
                    line: self.number,
                    field: String::new(),
                    problem: format!("it is longer than {} MiB", LONGEST_LINE >> 20),
                    advice: "split its documents or attempts over several episodes".into(),
                });
            }
            if self.number == 1 && line.starts_with("\u{feff}".as_bytes()) {
                line.drain(.."\u{feff}".len());
            }
            line.truncate(line.trim_ascii_end().len());
            if !line.trim_ascii_start().is_empty() {
                return Ok(Some((self.number, line)));
            }
        }
    }
}

/// Parses one line, naming line and field where it breaks.
pub(super) fn parse<T: serde::de::DeserializeOwned>(
    path: &Path,
    line: usize,
    text: &[u8],
) -> Result<T, SuiteError> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let field = error.path().to_string();
        broken_json(path, line, field, error.inner())
    })?;
    match deserializer.end() {
        Ok(()) => Ok(value),
        Err(error) => Err(broken_json(path, line, String::new(), &error)),
    }
}

/// An error of the JSON reader as one that a person can act upon. `first` is the line that the text starts in.
pub(super) fn broken_json(
    path: &Path,
    first: usize,
    field: String,
    error: &serde_json::Error,
) -> SuiteError {
    let said = error.to_string();
    let problem = said
        .rsplit_once(" at line ")
        .map_or(said.as_str(), |(problem, _)| problem);
    let problem = in_words_of_json(problem);
    let advice = if problem.contains("surrogate") || problem.contains("hex escape") {
        r"half of a character was escaped: write both halves, as in \ud83e\udd80, or the character itself"
    } else if problem.contains("control character") {
        r"escape it: a NUL is written \u0000, a line break \n"
    } else if problem.contains("unicode code point") {
        "the file must be UTF-8: convert it first"
    } else if error.is_eof() {
        "it ends before it is complete: is the file whole, and is each object on one line?"
    } else if error.is_data() {
        "`memhost suite fields` lists what each field takes"
    } else {
        "this is no valid JSON: one object per line, texts in double quotes"
    };
    SuiteError::Line {
        path: path.to_owned(),
        line: first + error.line().saturating_sub(1),
        field: if field == "." { String::new() } else { field },
        problem: format!("column {}: {problem}", error.column()),
        advice: advice.into(),
    }
}

/// What the reader expected in words of JSON, where it speaks of types of Rust.
fn in_words_of_json(problem: &str) -> Cow<'_, str> {
    let Some((found, expected)) = problem.rsplit_once(", expected ") else {
        return problem.into();
    };
    let expected = match expected {
        "usize" | "u64" => "a whole number that is not negative",
        "u32" => "a whole number from 0 to 4294967295",
        "f64" => "a number",
        "a sequence" => "a list",
        "a map" => "an object",
        "string or map" => "a string or an object",
        kind if kind.starts_with("struct ") => "an object",
        other => other,
    };
    let found = match found {
        "invalid type: map" => "invalid type: object",
        "invalid type: sequence" => "invalid type: list",
        // A list stands for an object with all fields in their order.
        found if found.starts_with("invalid length") && expected == "an object" => {
            "invalid type: list"
        }
        other => other,
    };
    format!("{found}, expected {expected}").into()
}

#[cfg(test)]
mod tests;
