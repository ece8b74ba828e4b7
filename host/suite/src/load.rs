//! One name for every suite, wherever it comes from.

use std::path::Path;

use super::error::SuiteError;
use super::problems::{Severity, check};
use super::spec::{Origin, Spec};
use super::{Lane, Suite, generate, import, jsonl};
use memhost_base::home;
use memhost_base::suggest::nearest;

/// Something that suites can be made from.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// As in `<format>:<path>`, or the name of a built-in suite.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// What the path is to lead to; empty for a built-in suite.
    pub path: &'static str,
}

/// The suites that are always at hand.
pub fn builtin() -> &'static [Format] {
    const {
        &[
            Format {
                name: "evidence",
                summary: generate::evidence::SUMMARY,
                path: "",
            },
            Format {
                name: "transfer",
                summary: generate::transfer::SUMMARY,
                path: "",
            },
            Format {
                name: "routing",
                summary: generate::routing::SUMMARY,
                path: "",
            },
            Format {
                name: "forecast",
                summary: generate::forecast::SUMMARY,
                path: "",
            },
            Format {
                name: "discovery",
                summary: generate::discovery::SUMMARY,
                path: "",
            },
        ]
    }
}

/// The data sets of others that can be read as their authors publish them.
pub fn formats() -> &'static [Format] {
    const {
        &[
            Format {
                name: "bfcl",
                summary: "BFCL v4 memory (evidence): facts that users mention, and questions about them",
                path: "the folder with BFCL_v4_memory.json, possible_answer/ and memory_prereq_conversation/, or the root of a clone",
            },
            Format {
                name: "locomo",
                summary: "LoCoMo (evidence): very long conversations of two people",
                path: "locomo10.json or another release of it, or a folder with it or with a file for each conversation",
            },
            Format {
                name: "longmemeval",
                summary: "LongMemEval (evidence): questions about many sessions with an assistant",
                path: "longmemeval_s.json, _m or _oracle, or the folder with one",
            },
            Format {
                name: "webarena",
                summary: "WebArena (transfer): web tasks made from templates, online",
                path: "the folder with test.raw.json and, for outcomes, WebArena-AgentOccam.csv",
            },
            Format {
                name: "webarena-cross-template",
                summary: "the same with attempts of the same template withheld: only outcomes can be predicted",
                path: "as for webarena",
            },
            Format {
                name: "tau2",
                summary: "tau2-bench (transfer): customer service tasks and the tool calls that solve them",
                path: "the root of a clone, the folder with <domain>/tasks.json or tau2_<domain>_tasks.json, or one such file",
            },
            Format {
                name: "tau-bench",
                summary: "tau-bench (transfer): recorded trajectories with their reward",
                path: "a file of historical_trajectories/, or the folder with gpt-4o-airline.json",
            },
            Format {
                name: "gsm8k",
                summary: "GSM8K (routing): word problems solved by four models; memory should not help here",
                path: "example_model_solutions.jsonl, or the folder with it",
            },
            Format {
                name: "forecastbench",
                summary: "ForecastBench (forecast): questions about the future, with outcomes that arrive late",
                path: "the folder with question_sets/ and resolution_sets/; sets without outcomes are left out",
            },
            Format {
                name: "clippy-ui",
                summary: "rust-clippy's UI tests (discovery): Rust files with an unknown number of annotated problems",
                path: "the folder with tests/ui/, or that folder",
            },
            Format {
                name: "reflexion-hotpotqa",
                summary: "Reflexion's HotpotQA logs (attempts): learning curves over several trials",
                path: "the folder with the *_trials.txt files, or one of them",
            },
        ]
    }
}

impl Suite {
    /// The suite of this name: built in, `<format>:<path>`, or the path of a `.jsonl` file; `-` is the standard input.
    /// With `NAME=` before it, it gets a name of one's own. A suite on which nothing can be compared is an error.
    pub fn load(name: &str) -> Result<Suite, SuiteError> {
        let suite = Suite::load_sound(name)?;
        match suite.lane {
            Lane::Attempts => Err(SuiteError::NothingAsked { suite: suite.name }),
            _ => Ok(suite),
        }
    }

    /// The same, but a suite of recorded attempts is none the worse for asking nothing.
    pub fn load_sound(name: &str) -> Result<Suite, SuiteError> {
        let suite = Suite::read(name)?;
        let problems: Vec<_> = check(&suite)
            .into_iter()
            .filter(|problem| problem.severity == Severity::Error)
            .collect();
        if problems.is_empty() {
            Ok(suite)
        } else {
            Err(SuiteError::Unusable {
                suite: suite.name,
                problems,
            })
        }
    }

    /// The same, whatever is wrong with it: for a suite that is to be examined.
    pub fn read(name: &str) -> Result<Suite, SuiteError> {
        let name = &*home::expand_in(name);
        let spec = Spec::parse(name)?;
        let mut suite = match spec.origin {
            Origin::Import { format, path } => Suite::import(format, path)?,
            Origin::File(path) if path.is_dir() => return Err(folder_without_format(path)),
            Origin::File(path) => jsonl::read(path)?,
            Origin::Named(name) => {
                generate::suite(name, generate::SEED).ok_or_else(|| unknown(name))?
            }
        };
        if let Some(name) = spec.name {
            name.clone_into(&mut suite.name);
        }
        Ok(suite)
    }

    /// Reads a data set in one of the [`formats`].
    pub fn import(format: &str, path: &Path) -> Result<Suite, SuiteError> {
        match format {
            "bfcl" => import::bfcl::read(path),
            "locomo" => import::locomo::read(path),
            "longmemeval" => import::longmemeval::read(path),
            "webarena" => import::webarena::read(path, import::webarena::Mode::SameTemplate),
            "webarena-cross-template" => {
                import::webarena::read(path, import::webarena::Mode::CrossTemplate)
            }
            "tau2" => import::tau2::read(path),
            "tau-bench" => import::tau_bench::read(path),
            "gsm8k" => import::gsm8k::read(path),
            "forecastbench" => import::forecastbench::read(path),
            "clippy-ui" => import::clippy_ui::read(path),
            "reflexion-hotpotqa" => import::reflexion_hotpotqa::read(path),
            _ => Err(unknown(format)),
        }
    }
}

fn folder_without_format(path: &Path) -> SuiteError {
    let names: Vec<&str> = formats().iter().map(|format| format.name).collect();
    SuiteError::Source {
        path: path.to_owned(),
        problem: "it is a folder, and its format is not given".into(),
        advice: format!(
            "say which it is, as in `locomo:{}`: {}; `memhost suite list` says what each expects",
            path.display(),
            names.join(", ")
        ),
    }
}

fn unknown(name: &str) -> SuiteError {
    let format = name.split_once(':').map_or(name, |(format, _)| format);
    let known = || builtin().iter().chain(formats());
    let nearest = nearest(format, known().map(|known| known.name)).map(|name| {
        let has_path = formats().iter().any(|format| format.name == name);
        if has_path {
            format!("{name}:<path>")
        } else {
            name
        }
    });
    let list = |known: &[Format]| {
        let names: Vec<_> = known.iter().map(|format| format.name).collect();
        names.join(", ")
    };
    SuiteError::Unknown {
        name: name.to_owned(),
        nearest,
        builtin: list(builtin()),
        formats: list(formats()),
    }
}
