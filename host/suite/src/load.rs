//! One name for every suite, wherever it comes from.

use std::path::Path;

use memhost_base::home;
use memhost_base::suggest::nearest;

use super::advice::{Advice, Topic};
use super::catalogue::{Format, builtin, formats};
use super::error::SuiteError;
use super::pool::Pool;
use super::problems::{Severity, check};
use super::spec::{Origin, Spec};
use super::{Lane, Suite, generate, import, jsonl};

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
            "tau2-pooled" => import::tau2::read_pooled(path, Pool::Pooled),
            "tau2-cross-domain" => import::tau2::read_pooled(path, Pool::CrossDomain),
            "tau-bench" => import::tau_bench::read(path),
            "tau-bench-compaction" => import::tau_bench::read_compaction(path),
            "tau-bench-steps" => import::tau_bench::read_steps(path),
            "gsm8k" => import::gsm8k::read(path),
            "forecastbench" => import::forecastbench::read(path),
            "clippy-ui" => import::clippy_ui::read(path),
            "hotpotqa" => import::hotpotqa::read(path),
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
        advice: Advice::on(
            Topic::Formats,
            format!(
                "say which it is, as in `locomo:{}`: {}",
                path.display(),
                names.join(", ")
            ),
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
