//! JSON as people publish it: one reader for documents and for lines, and errors that say where it breaks and what the
//! file was meant to be.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;

use super::advice::{Advice, Topic};
use super::error::SuiteError;
use super::source;

/// Names under which re-releases keep their rows, in an object of their own around the list.
const WRAPPERS: [&str; 14] = [
    "data",
    "rows",
    "items",
    "records",
    "examples",
    "samples",
    "instances",
    "entries",
    "tasks",
    "questions",
    "conversations",
    "results",
    "test",
    "train",
];

/// What a text was meant to be, for the advice of errors.
#[derive(Debug, Clone, Copy)]
pub(super) enum Meant {
    /// A suite of somebody's own.
    Suite,
    /// A data set as it is published, with what one of its rows is like.
    Published(&'static str),
}

impl Meant {
    fn fields(self) -> Advice {
        match self {
            Meant::Suite => Advice::on(Topic::Fields, ""),
            Meant::Published(shape) => format!("{shape}; take the file as it is published").into(),
        }
    }

    fn end(self) -> &'static str {
        match self {
            Meant::Suite => {
                "it ends before it is complete: is the file whole, and is each object on one line?"
            }
            Meant::Published(_) => {
                "it ends before it is complete: is the file whole? Fetch it again"
            }
        }
    }

    fn syntax(self) -> &'static str {
        match self {
            Meant::Suite => "this is no valid JSON: one object per line, texts in double quotes",
            Meant::Published(_) => {
                "this is no valid JSON: take the file as it is published, a list or one object per line"
            }
        }
    }
}

/// A piece of JSON, and where in its file it stands.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// The line that it starts in, from 1.
    pub(super) line: usize,
    /// Bytes before it in that line.
    column: usize,
    /// What it is called within the document, as `[3]` or `data[3]`; empty for a document or a line.
    field: String,
    text: Bytes,
}

impl Row {
    /// A line of JSON lines.
    pub(super) fn of_line(line: usize, text: Vec<u8>) -> Row {
        Row {
            line,
            column: 0,
            field: String::new(),
            text: text.into(),
        }
    }

    /// As it stands in the file.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Whether nothing is missing of it, and nothing comes after it.
    pub(super) fn is_complete(&self) -> bool {
        serde_json::from_slice::<IgnoredAny>(&self.text).is_ok()
    }

    /// Whether it starts like a list.
    pub(super) fn is_list(&self) -> bool {
        self.text.trim_ascii_start().starts_with(b"[")
    }

    /// Whether it is an object with this field.
    pub(super) fn has(&self, field: &str) -> bool {
        serde_json::from_slice::<BTreeMap<Cow<'_, str>, IgnoredAny>>(&self.text)
            .is_ok_and(|row| row.contains_key(field))
    }

    /// Parses it, naming line and field where it breaks.
    pub(super) fn parse<T: DeserializeOwned>(
        &self,
        path: &Path,
        meant: Meant,
    ) -> Result<T, SuiteError> {
        let mut deserializer = serde_json::Deserializer::from_slice(&self.text);
        let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let field = error.path().to_string();
            self.broken(path, meant, &field, error.inner())
        })?;
        match deserializer.end() {
            Ok(()) => Ok(value),
            Err(error) => Err(self.broken(path, meant, "", &error)),
        }
    }

    /// The elements of a list.
    fn elements(&self, path: &Path, meant: Meant) -> Result<Vec<Row>, SuiteError> {
        let elements: Vec<&RawValue> = serde_json::from_slice(&self.text)
            .map_err(|error| self.broken(path, meant, "", &error))?;
        let name = |number: usize| format!("{}[{number}]", self.field);
        let elements = elements.into_iter().enumerate();
        Ok(self.parts(elements.map(|(number, element)| (name(number), element))))
    }

    /// The rows of an object that is only there to hold them.
    fn wrapped(&self, path: &Path, meant: Meant) -> Option<Result<Vec<Row>, SuiteError>> {
        let fields: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_slice(&self.text).ok()?;
        let mut wrappers = WRAPPERS
            .iter()
            .filter_map(|name| Some((*name, *fields.get(*name)?)));
        let (name, list) = wrappers.find(|(_, value)| value.get().starts_with('['))?;
        let list = self.parts([(name.to_owned(), list)]).pop()?;
        Some(list.elements(path, meant))
    }

    /// Pieces that a reader has found in its text, in the order of the text, each with its name.
    fn parts<'a>(&'a self, values: impl IntoIterator<Item = (String, &'a RawValue)>) -> Vec<Row> {
        let (mut at, mut line, mut column) = (0, self.line, self.column);
        let values = values.into_iter();
        let parts = values.map(|(field, value)| {
            let text = self.text.slice_ref(value.get().as_bytes());
            let start = text.as_ptr() as usize - self.text.as_ptr() as usize;
            for byte in &self.text[at..start] {
                (line, column) = match byte {
                    b'\n' => (line + 1, 0),
                    _ => (line, column + 1),
                };
            }
            at = start;
            Row {
                line,
                column,
                field,
                text,
            }
        });
        parts.collect()
    }

    /// An error of the JSON reader as one that a person can act upon.
    fn broken(
        &self,
        path: &Path,
        meant: Meant,
        field: &str,
        error: &serde_json::Error,
    ) -> SuiteError {
        let said = error.to_string();
        let problem = said
            .rsplit_once(" at line ")
            .map_or(said.as_str(), |(problem, _)| problem);
        let mut problem = in_words_of_json(problem);
        let mut advice: Advice = if problem.contains("surrogate") || problem.contains("hex escape")
        {
            r"half of a character was escaped: write both halves, as in \ud83e\udd80, or the character itself".into()
        } else if problem.contains("control character") {
            r"escape it: a NUL is written \u0000, a line break \n".into()
        } else if problem.contains("unicode code point") {
            "the file must be UTF-8 or UTF-16: convert it first".into()
        } else if error.is_eof() {
            meant.end().into()
        } else if error.is_data() {
            meant.fields()
        } else {
            meant.syntax().into()
        };
        if error.is_syntax()
            && let Some((word, why)) = self.foreign_word(error)
        {
            problem = format!("`{word}` is no JSON").into();
            advice = why.into();
        }
        let line = error.line().saturating_sub(1);
        let column = error.column() + if line == 0 { self.column } else { 0 };
        let field = match (self.field.as_str(), field) {
            (outer, "." | "") => outer.to_owned(),
            ("", inner) => inner.to_owned(),
            (outer, inner) if inner.starts_with('[') => format!("{outer}{inner}"),
            (outer, inner) => format!("{outer}.{inner}"),
        };
        SuiteError::Line {
            path: path.to_owned(),
            line: self.line + line,
            field,
            problem: format!("column {column}: {problem}"),
            advice,
        }
    }

    /// The word at which the reader stopped, if it is one that other languages have in the place of a value.
    fn foreign_word(&self, error: &serde_json::Error) -> Option<(String, &'static str)> {
        let line = self
            .text
            .split(|byte| *byte == b'\n')
            .nth(error.line().checked_sub(1)?)?;
        let is_of_word =
            |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'+' | b'_');
        let at = error.column().checked_sub(1)?.min(line.len());
        let before = line[..at]
            .iter()
            .rev()
            .take_while(|byte| is_of_word(byte))
            .count();
        let after = line[at..]
            .iter()
            .take_while(|byte| is_of_word(byte))
            .count();
        let word = String::from_utf8_lossy(&line[at - before..at + after]).into_owned();
        let why = match word
            .trim_start_matches(['-', '+'])
            .to_ascii_lowercase()
            .as_str()
        {
            "nan" | "inf" | "infinity" => {
                "Python's json module writes it where a number is none: write null or leave the field out; \
                 json.dump(…, allow_nan=False) finds every place"
            }
            "true" | "false" | "none" => {
                "JSON has true, false and null: write the file with json.dump, not with str"
            }
            "undefined" => "JSON has null, or leaves the field out",
            _ => return None,
        };
        Some((word, why))
    }
}

/// Reads one JSON document.
pub(super) fn document<T: DeserializeOwned>(path: &Path, meant: Meant) -> Result<T, SuiteError> {
    Row::of_line(1, source::bytes(path)?).parse(path, meant)
}

/// Reads rows, each with its line: a list, one per line, one after the other over several lines each, in an object
/// around them, or a single one.
pub(super) fn rows<T: DeserializeOwned>(
    path: &Path,
    meant: Meant,
) -> Result<Vec<(usize, T)>, SuiteError> {
    let rows = split(path, source::bytes(path)?, meant)?;
    let [only] = rows.as_slice() else {
        return parsed(&rows, path, meant);
    };
    match only.parse(path, meant) {
        Ok(row) => Ok(vec![(only.line, row)]),
        Err(error) => match only.wrapped(path, meant) {
            Some(rows) => parsed(&rows?, path, meant),
            None => Err(error),
        },
    }
}

fn parsed<T: DeserializeOwned>(
    rows: &[Row],
    path: &Path,
    meant: Meant,
) -> Result<Vec<(usize, T)>, SuiteError> {
    let rows = rows.iter();
    rows.map(|row| Ok((row.line, row.parse(path, meant)?)))
        .collect()
}

/// The rows of a text: elements of a list, lines, or values one after the other.
pub(super) fn split(path: &Path, text: Vec<u8>, meant: Meant) -> Result<Vec<Row>, SuiteError> {
    let whole = Row::of_line(1, text);
    if whole.is_list() {
        return whole.elements(path, meant);
    }
    let lines = || {
        let lines = whole.text.split(|byte| *byte == b'\n').zip(1..);
        lines.filter_map(|(line, number)| {
            let line = line.trim_ascii_end();
            let filled = !line.trim_ascii_start().is_empty();
            filled.then(|| Row {
                line: number,
                column: 0,
                field: String::new(),
                text: whole.text.slice_ref(line),
            })
        })
    };
    match lines().next() {
        None => Err(SuiteError::Source {
            path: path.to_owned(),
            problem: "the file is empty".into(),
            advice: meant.fields(),
        }),
        Some(first) if first.is_complete() => Ok(lines().collect()),
        Some(_) => {
            let values = serde_json::Deserializer::from_slice(&whole.text).into_iter::<&RawValue>();
            let values: Result<Vec<&RawValue>, serde_json::Error> = values.collect();
            let values = values.map_err(|error| whole.broken(path, meant, "", &error))?;
            Ok(whole.parts(values.into_iter().map(|value| (String::new(), value))))
        }
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
