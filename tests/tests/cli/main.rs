//! The command line, as a person or a script meets it: the real binary, real plugins, real files.

mod aa;
mod agent;
mod bad_input;
mod broken;
mod cassette;
mod check;
mod compare;
mod help;
mod inspect;
#[cfg(unix)]
mod interrupt;
mod key;
mod lanes;
mod limits;
mod live;
mod mcp;
mod order;
mod page;
mod python;
mod reproduce;
mod shard;
mod store;
mod suite;
mod surroundings;
mod visible;
mod width;
mod wrapped;

use std::path::{Path, PathBuf};
use std::process::Output;

use memhost_tests::binary;
use serde_json::Value;
use tempfile::TempDir;

/// An empty working directory in which memhost is run.
struct Place {
    directory: TempDir,
}

/// What memhost said.
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Place {
    fn new() -> Place {
        Place {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The names of everything in it.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(self.directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The binary, with nothing of the machine's own configuration.
    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(binary());
        command
            .current_dir(self.directory.path())
            .args(arguments)
            .env("MEMHOST_PLUGINS", plugins())
            .env("MEMHOST_CACHE", compiled())
            .env_remove("OPENAI_API_KEY")
            .env_remove("COLUMNS");
        for variable in [
            "MEMHOST_CONFIG",
            "MEMHOST_STORE",
            "MEMHOST_MODEL",
            "MEMHOST_EMBEDDER",
            "MEMHOST_KEY",
            "MEMHOST_URL",
            "MEMHOST_LOG",
        ] {
            command.env_remove(variable);
        }
        command
    }

    fn memhost(&self, arguments: &[&str]) -> Said {
        Said::from(self.command(arguments).output().unwrap())
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Said {
        Said {
            code: output.status.code().expect("memhost was killed"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Said {
    #[track_caller]
    fn succeeds(self) -> Said {
        assert_eq!(self.code, 0, "{}", self.err);
        self
    }

    /// It failed like this, and did not panic.
    #[track_caller]
    fn fails(self, code: i32) -> Said {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self
    }

    /// All of this stands in what was asked for.
    #[track_caller]
    fn says(self, expected: &[&str]) -> Said {
        has_all(&self.out, expected);
        self
    }

    /// All of this stands beside what was asked for.
    #[track_caller]
    fn complains(self, expected: &[&str]) -> Said {
        has_all(&self.err, expected);
        self
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

#[track_caller]
fn has_all(text: &str, expected: &[&str]) {
    for expected in expected {
        assert!(text.contains(expected), "no `{expected}` in {text}");
    }
}

fn plugins() -> PathBuf {
    let rag = memhost_tests::plugin("rag").canonicalize().unwrap();
    rag.parent().unwrap().to_owned()
}

/// Compiled plugins, shared by all tests.
fn compiled() -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

/// A place with the pets.
fn with_pets() -> Place {
    let place = Place::new();
    place.write("pets.jsonl", PETS);
    place
}

/// A report without what tells one run from another: times, names, and how many cells ran at a time.
fn timeless(mut report: Value) -> Value {
    report["run"] = Value::Null;
    report["jobs"] = Value::Null;
    for suite in report["suites"].as_array_mut().unwrap() {
        for strategy in suite["strategies"].as_array_mut().unwrap() {
            for time in ["retrieve_p50_ms", "retrieve_p95_ms", "wall_seconds"] {
                strategy["costs"][time] = Value::Null;
            }
            strategy["latency"] = Value::Array(Vec::new());
        }
    }
    report
}

/// Two talks about pets, and two questions of different groups.
const PETS: &str = r#"{"format": 1, "name": "pets", "lane": "evidence", "summary": "Talks about pets, and questions.", "budgets": [64]}
{"task": {"id": "monday", "text": "Small talk"}, "attempts": [{"steps": [{"actor": "user", "text": "My cat is called Momo."}, {"actor": "user", "text": "My dog is called Rex and sleeps all day."}]}]}
{"task": {"id": "tuesday", "text": "Small talk"}, "attempts": [{"steps": [{"actor": "user", "text": "Momo turned five today, we had cake."}]}]}
{"stage": 1, "task": {"id": "name", "text": "What is my dog called?"}, "question": {"answers": ["Rex"], "gold": [{"attempt": "monday-0", "step": 1}]}}
{"stage": 1, "task": {"id": "age", "text": "How old is my cat Momo?"}, "question": {"answers": ["5", "five"], "gold": [{"attempt": "tuesday-0", "step": 0}]}}
"#;
