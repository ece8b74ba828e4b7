//! Importers: the data sets of others, as their authors publish them.
//!
//! Three rules hold in all of them. A task's id says nothing: files list tasks of one kind side by side, so that a
//! strategy which can count would know the answer (`opaque`). What a strategy is shown is what the data really
//! hold, never a trajectory made up around it. And what is left out is named and counted (`LeftOut`): what can be read
//! is taken, and nothing vanishes without a word.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::advice::{Advice, Topic};
use super::error::SuiteError;
use super::json::{Meant, document, rows};
use super::source::{self, PACKED, is_readable, unpacked_name};

pub mod bfcl;
pub mod clippy_ui;
mod dates;
pub mod forecastbench;
pub mod gsm8k;
pub mod hotpotqa;
mod lenient;
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

/// What a data set holds and its suite does not.
#[derive(Debug, Default)]
struct LeftOut(Vec<String>);

impl LeftOut {
    /// Something by its name, and why it is not there.
    fn named(&mut self, what: impl Display, why: impl Display) {
        self.0.push(format!("{what}: {why}"));
    }

    /// So many of something, and why; nothing is said of none.
    fn counted(&mut self, number: usize, one: &str, several: &str, why: impl Display) {
        match number {
            0 => (),
            1 => self.named(format_args!("1 {one}"), why),
            _ => self.named(format_args!("{number} {several}"), why),
        }
    }
}

/// A count with its noun.
fn counted(number: usize, one: &str, several: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {several}"),
    }
}

/// The file itself, or the first of these that exists in a folder, packed or not; others of them are left out. Somebody
/// who publishes a data set again names its file anew: where a folder has one file of rows only, it is that.
fn file_in(path: &Path, names: &[&str], left_out: &mut LeftOut) -> Result<PathBuf, SuiteError> {
    if is_readable(path) {
        return Ok(path.to_owned());
    }
    let mut found = names.iter().filter_map(|name| file_of(path, name));
    let file = match (found.next(), row_files(path).as_slice()) {
        (Some(file), _) => file,
        (None, [only]) => only.clone(),
        (None, several) => return Err(missing_among(path, &names.join("` or `"), several)),
    };
    for other in found.filter(|other| *other != file) {
        let why = format!("{} is read; name a file to read another", name_of(&file));
        left_out.named(name_of(&other), why);
    }
    Ok(file)
}

/// The file of this name in a folder, packed or not.
fn file_of(folder: &Path, name: &str) -> Option<PathBuf> {
    let ends = PACKED.iter();
    let mut files = ends.map(|end| folder.join(format!("{name}{end}")));
    files.find(|file| is_readable(file))
}

/// The files of a folder that may hold rows.
fn row_files(folder: &Path) -> Vec<PathBuf> {
    let ends = [".json", ".jsonl"].iter();
    ends.flat_map(|end| files_of(folder, end).unwrap_or_default())
        .collect()
}

/// Every file of a folder whose name ends like this, packed or not, in the order of their names.
fn files_of(folder: &Path, end: &str) -> Result<Vec<PathBuf>, SuiteError> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(SuiteError::reading(folder))? {
        let file = entry.map_err(SuiteError::reading(folder))?.path();
        if is_readable(&file) && unpacked_name(&name_of(&file)).ends_with(end) {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// The name of a file or folder.
fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// The name of a file without what says how it is packed, and without its ending.
fn stem_of(path: &Path) -> String {
    let name = name_of(path);
    let name = unpacked_name(&name);
    name.rsplit_once('.')
        .map_or(name, |(stem, _)| stem)
        .to_owned()
}

/// The folder itself, or the first of these below it that fits.
fn folder_in(path: &Path, below: &[&str], fits: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let below = below.iter().map(|name| path.join(name));
    std::iter::once(path.to_owned())
        .chain(below)
        .find(|folder| fits(folder))
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
        advice: Advice::on(
            Topic::Formats,
            "give the path as the data set's authors lay it out",
        ),
    }
}

/// The same, where a folder holds files of which any may be meant.
fn missing_among(path: &Path, wanted: &str, files: &[PathBuf]) -> SuiteError {
    match (missing(path, wanted), files) {
        (SuiteError::Source { path, problem, .. }, [_, ..]) => SuiteError::Source {
            path,
            problem,
            advice: format!(
                "give the path of the file that is meant: {}",
                files
                    .iter()
                    .map(|file| name_of(file))
                    .collect::<Vec<_>>()
                    .join(", ")
            )
            .into(),
        },
        (error, _) => error,
    }
}

#[cfg(test)]
mod tests;
