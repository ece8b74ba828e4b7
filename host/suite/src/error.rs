//! Why a suite cannot be had: always the file, the place in it, what was expected, and what to do.

use std::path::{Path, PathBuf};

use memhost_base::suggest::suggestion;

use super::advice::Advice;

/// Why a suite could not be read, written or used.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// Neither a built-in suite, nor a known format, nor a file.
    #[error(
        "no suite is called `{name}`{}\n  built in: {builtin}\n  from files: {formats}, as `<format>:<path>`, or a path that ends in `.jsonl` or leads to a file",
        suggestion(nearest.as_deref())
    )]
    Unknown {
        /// What was asked for.
        name: String,
        /// The known name that is most like it.
        nearest: Option<String>,
        /// Known generators.
        builtin: String,
        /// Known formats.
        formats: String,
    },
    /// A name of one's own that tables and files could not hold.
    #[error(
        "`{name}` cannot be the name of a suite: it takes lower case letters, digits, `-` and `.`\n  as in `first={suite}`"
    )]
    Name {
        /// What it was to be called.
        name: String,
        /// Which suite.
        suite: String,
    },
    /// The disk said no.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// The file, or the folder that it should be in.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file holds what is not expected there.
    #[error("`{}`, line {line}{}: {problem}{advice}", path.display(), in_field(field))]
    Line {
        /// The file, as it was given.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// Which field, as `attempts[0].steps[2].text`; empty for the line as a whole.
        field: String,
        /// What was found, and what was expected.
        problem: String,
        /// What to do.
        advice: Advice,
    },
    /// A file or folder is not what the format expects.
    #[error("`{}`: {problem}{advice}", path.display())]
    Source {
        /// Which file or folder.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
        /// What to do.
        advice: Advice,
    },
    /// A suite of recorded attempts, on which nothing can be compared.
    #[error(
        "nothing is asked in suite `{suite}`, which holds recorded attempts only: strategies cannot be compared on it"
    )]
    NothingAsked {
        /// By its name.
        suite: String,
    },
    /// The suite was read, but something is wrong with it.
    #[error("suite `{suite}` cannot be used:{}", as_list(problems))]
    Unusable {
        /// By its name.
        suite: String,
        /// Every error of it, in the order of the data; warnings are none.
        problems: Vec<super::Diagnostic>,
    },
}

impl SuiteError {
    /// What is wrong, in one line, without the folder, which is another on every machine.
    pub(super) fn without_path(&self) -> String {
        let name = |path: &Path| {
            path.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        };
        match self {
            SuiteError::Line {
                path,
                line,
                field,
                problem,
                ..
            } => {
                format!("{}, line {line}{}: {problem}", name(path), in_field(field))
            }
            SuiteError::Source { path, problem, .. } => format!("{}: {problem}", name(path)),
            SuiteError::Io { path, source, .. } => format!("{}: {source}", name(path)),
            other => other.to_string(),
        }
    }

    /// What turns an error of the disk into one that names the file.
    pub(super) fn reading(path: &Path) -> impl FnOnce(std::io::Error) -> SuiteError {
        io("read", path)
    }

    /// The same for writing.
    pub(super) fn writing(path: &Path) -> impl FnOnce(std::io::Error) -> SuiteError {
        io("write", path)
    }
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> SuiteError {
    let path = path.to_owned();
    move |source| SuiteError::Io {
        action,
        path,
        source,
    }
}

fn in_field(field: &str) -> String {
    if field.is_empty() {
        String::new()
    } else {
        format!(", field `{field}`")
    }
}

/// The most problems that an error spells out.
const LISTED: usize = 5;

fn as_list(problems: &[super::Diagnostic]) -> String {
    let mut list: String = problems
        .iter()
        .take(LISTED)
        .map(|problem| format!("\n  {problem}"))
        .collect();
    if problems.len() > LISTED {
        list.push_str(&format!("\n  … and {} more", problems.len() - LISTED));
    }
    list
}
