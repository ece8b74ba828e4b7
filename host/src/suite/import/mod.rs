//! Importers: the data sets of others, as their authors publish them.
//!
//! Three rules hold in all of them. A task's id says nothing: files list tasks of one kind side by side, so that a
//! strategy which can count would know the answer (`opaque`). What a strategy is shown is what the data really
//! hold, never a trajectory made up around it. And what is left out is counted in the suite's summary.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::error::SuiteError;
use super::jsonl::{LARGEST_FILE, Lines, parse};

pub mod bfcl;
pub mod clippy_ui;
pub mod forecastbench;
pub mod gsm8k;
pub mod locomo;
pub mod longmemeval;
pub mod reflexion_hotpotqa;
pub mod tau2;
pub mod tau_bench;
pub mod webarena;

/// An id that does not give away where in its file a task stands: ten hexadecimal digits of the SHA-256 of
/// `<data set>/<its id there>`.
fn opaque(data_set: &str, id: &str) -> String {
    let digest = Sha256::digest(format!("{data_set}/{id}"));
    hex::encode(&digest[..5])
}

/// Reads one JSON document.
fn json<T: DeserializeOwned>(path: &Path) -> Result<T, SuiteError> {
    let length = std::fs::metadata(path)
        .map_err(SuiteError::reading(path))?
        .len();
    if length > LARGEST_FILE {
        return Err(SuiteError::Source {
            path: path.to_owned(),
            problem: format!("it is larger than {} MiB", LARGEST_FILE >> 20),
            advice: "split it, or write the suite as JSON lines, which are read one by one".into(),
        });
    }
    let text = std::fs::read(path).map_err(SuiteError::reading(path))?;
    parse(path, 1, &text)
}

/// Reads JSON lines, each with its number.
fn json_lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<(usize, T)>, SuiteError> {
    let mut lines = Lines::open(path)?;
    let mut rows = Vec::new();
    while let Some((line, text)) = lines.next_filled()? {
        rows.push((line, parse(path, line, &text)?));
    }
    Ok(rows)
}

/// The file itself, or the first of these names that exists in a folder.
fn file_in(path: &Path, names: &[&str]) -> Result<PathBuf, SuiteError> {
    if path.is_file() {
        return Ok(path.to_owned());
    }
    names
        .iter()
        .map(|name| path.join(name))
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| missing(path, &names.join("` or `")))
}

/// What is said when a folder does not hold what it should.
fn missing(path: &Path, wanted: &str) -> SuiteError {
    SuiteError::Source {
        path: path.to_owned(),
        problem: if path.exists() {
            format!("there is no `{wanted}` in it")
        } else {
            "no such file or folder".into()
        },
        advice: "give the path as the data set's authors lay it out; `memhost suite list` says what each format expects".into(),
    }
}
