//! `memhost reproduce`: the same comparison again, and whether the same came of it.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use memhost::config::Config;
use memhost_base::visible;
use memhost_eval::compare::files::{CellFiles, Kept};
use memhost_eval::compare::manifest::{
    self, FoundFile, FoundPlugin, Manifest, Recorded, Versions, digest_of_file,
};
use memhost_eval::compare::report::number::count;
use memhost_eval::compare::{CellOutcome, reproduction};

use super::compare::{self, Prepared};
use super::{Failure, output, plugins, setup};

const EXAMPLES: &str = "\
Examples:
  memhost reproduce results
  memhost reproduce results/manifest.json --output again

Everything is taken from the manifest: plugins, parameters, suites, seeds, limits, embedder. A plugin is looked for \
where it was, then by its name; one with another digest is refused, and so is a suite whose content has \
changed. What was recorded with --record is replayed from its cassette. Models behind an endpoint answer differently every \
time: without a cassette, such a comparison cannot be reproduced.

The exit code is 0 if every number is the same, whatever time it took and whatever machine it ran on, and 1 if any \
differs. Numbers that differ are named by strategy, suite, seed, task and metric as long as the directory `cells` stands \
beside the manifest; without it, cells are named.";

/// Run a comparison again from its manifest, and say whether every number is the same.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Options {
    /// The `manifest.json` of a comparison that was run with --output, or its directory.
    #[arg(value_name = "MANIFEST", value_parser = setup::path)]
    manifest: PathBuf,
    /// Where the cells and the manifest of the new run are kept, a directory without cells [default: nowhere].
    #[arg(long, value_name = "DIR", value_parser = setup::result_directory)]
    output: Option<PathBuf>,
    /// Cells that run at a time [default: one per processor].
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
}

/// Why a comparison cannot be reproduced, or was not.
#[derive(Debug, thiserror::Error)]
enum ReproduceError {
    #[error("`{}` records no result: the comparison was stopped before its first cell; run it again", .0.display())]
    NothingRecorded(PathBuf),
    #[error("plugin `{name}` is gone: it was in `{}`; put the file with the digest {digest} back there", .path.display())]
    PluginGone {
        name: String,
        path: PathBuf,
        digest: String,
    },
    #[error(
        "plugin `{name}` has another digest: `{}` is {found}, and the comparison was run with {digest}; put that file back, or \
         compare the new one with `memhost compare`", .path.display()
    )]
    OtherPlugin {
        name: String,
        path: PathBuf,
        found: String,
        digest: String,
    },
    #[error(
        "suite `{given}` has changed: its content has another digest than the comparison was run with; put that version back, or \
         compare on the new one with `memhost compare`"
    )]
    OtherSuite { given: String },
    #[error(
        "the comparison asked {models} over a network, and no cassette of it is known: what such a model answers is not the \
         same every time; run it with --record FILE to have it reproducible"
    )]
    NeedsNetwork { models: String },
    #[error("cassette `{}` is gone or cannot be read: put it back", .path.display())]
    CassetteGone {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error(
        "cassette `{}` is not the one that the comparison was run with: put that one back", .0.display()
    )]
    OtherCassette(PathBuf),
    #[error("this is not the comparison of the manifest any more: {}", .0.join(", "))]
    OtherDesign(Vec<String>),
    #[error(
        "`{}` holds cells, which would be taken for the new run's without being run: choose an empty or new directory for \
         --output", .0.display()
    )]
    HasCells(PathBuf),
    #[error("{0}")]
    Settings(&'static str),
    #[error("interrupted: nothing can be said of the numbers")]
    Interrupted,
    #[error("stopped, so that nothing can be said of the numbers: {0}")]
    Outage(String),
    #[error("{different} of {cells} cells gave other numbers")]
    Different { different: usize, cells: usize },
}

/// How many differences are printed.
const TOLD: usize = 20;

/// Runs the command.
pub async fn run(options: Options) -> Result<(), Failure> {
    let absolute = |path: &Path| std::path::absolute(path).map_err(Failure::failed);
    let mut file = absolute(&options.manifest)?;
    if file.is_dir() {
        file.push(manifest::FILE);
    }
    let output = options.output.as_deref().map(absolute).transpose()?;
    if let Some(output) = output
        .as_ref()
        .filter(|path| !CellFiles::beside(path).is_empty())
    {
        return Err(Failure::usage(ReproduceError::HasCells(output.clone())));
    }
    let expected = Manifest::read(&file).map_err(Failure::failed)?;
    if expected.part.outcomes.is_empty() {
        return Err(Failure::failed(ReproduceError::NothingRecorded(file)));
    }
    warn_of_versions(&expected.versions);
    if expected.part.directory.is_dir() {
        // Relative paths in the manifest start there.
        std::env::set_current_dir(&expected.part.directory).map_err(Failure::failed)?;
    }
    check_models(&expected)?;
    check_cassette(&expected)?;
    let files = expected.part.plugins.iter().map(locate);
    let files = files
        .collect::<Result<Vec<_>, _>>()
        .map_err(Failure::failed)?;
    let again = compare::Options::again(&expected, &files, output.as_deref(), options.jobs);
    let again = again.map_err(|reason| Failure::failed(ReproduceError::Settings(reason)))?;
    let mut prepared = Prepared::new(&again, configuration(&expected)?).await?;
    let result = match check_design(&expected, &prepared.manifest) {
        Ok(()) => compare_with(&expected, &file, &mut prepared).await,
        Err(error) => Err(Failure::failed(error)),
    };
    result.and(prepared.close().await)
}

fn warn_of_versions(then: &Versions) {
    let now = Versions::here();
    for (what, then, now) in [
        ("memhost", &then.memhost, &now.memhost),
        ("the contract", &then.contract, &now.contract),
        ("wasmtime", &then.wasmtime, &now.wasmtime),
        ("LanceDB", &then.lancedb, &now.lancedb),
    ] {
        if then != now {
            output::say(format_args!(
                "warning: the comparison was run with {what} {then}, and this is {now}: numbers may differ for that"
            ));
        }
    }
}

/// The configuration of then; where stores and compiled plugins are kept is a matter of here and now.
fn configuration(expected: &Manifest) -> Result<Config, Failure> {
    let mut configuration = expected.configuration.clone();
    configuration.store.uri = None;
    let here = Config::load(None).map_err(Failure::usage)?;
    configuration.cache.directory = here.cache.directory;
    Ok(configuration)
}

/// A model behind an endpoint is no part of what can be repeated, unless its answers were recorded.
fn check_models(expected: &Manifest) -> Result<(), Failure> {
    let models = &expected.design.conditions.models;
    let asked = models.values().any(|model| model.starts_with("openai:"));
    if asked && expected.part.cassette.is_none() {
        let models = expected.design.conditions.model_names();
        return Err(Failure::failed(ReproduceError::NeedsNetwork { models }));
    }
    Ok(())
}

fn check_cassette(expected: &Manifest) -> Result<(), Failure> {
    let Some(cassette) = &expected.part.cassette else {
        return Ok(());
    };
    let path = cassette.path.clone();
    let found = digest_of_file(&path).map_err(|source| {
        let path = path.clone();
        Failure::failed(ReproduceError::CassetteGone { path, source })
    })?;
    match cassette.digest.as_ref() {
        Some(digest) if *digest != found => {
            Err(Failure::failed(ReproduceError::OtherCassette(path)))
        }
        _ => Ok(()),
    }
}

/// A plugin's files, as `compare` takes them.
fn locate(plugin: &FoundPlugin) -> Result<String, ReproduceError> {
    let elsewhere = plugins::files(&plugin.given).ok();
    let mut paths = Vec::new();
    for (place, file) in plugin.files().into_iter().enumerate() {
        let elsewhere = elsewhere
            .as_ref()
            .and_then(|layers| layers.files().get(place));
        paths.push(located(&plugin.name, &file, elsewhere)?);
    }
    let paths = paths.join("+");
    let renamed = plugin.given.starts_with(&format!("{}=", plugin.name));
    Ok(match renamed {
        true => format!("{}={paths}", plugin.name),
        false => paths,
    })
}

/// A file where it was, else wherever its name leads, as long as it is the same.
fn located(
    name: &str,
    file: &FoundFile,
    elsewhere: Option<&PathBuf>,
) -> Result<String, ReproduceError> {
    let FoundFile { path, digest } = file.clone();
    let name = name.to_owned();
    let mut other = None;
    for path in [Some(&path), elsewhere].into_iter().flatten() {
        match FoundFile::at(path) {
            Ok(found) if found.digest == digest => return Ok(path.display().to_string()),
            Ok(found) => {
                other.get_or_insert(found);
            }
            Err(_) => {}
        }
    }
    Err(match other {
        Some(found) => ReproduceError::OtherPlugin {
            name,
            path: found.path,
            found: found.digest,
            digest,
        },
        None => ReproduceError::PluginGone { name, path, digest },
    })
}

/// What would be run must be what was run, the host's version aside.
fn check_design(expected: &Manifest, now: &Manifest) -> Result<(), ReproduceError> {
    let suites = expected.design.suites.iter().zip(&now.design.suites);
    for ((then, now), given) in suites.zip(&expected.part.suites) {
        if then.digest != now.digest {
            let given = given.clone();
            return Err(ReproduceError::OtherSuite { given });
        }
    }
    let mut then = expected.clone();
    then.design.conditions.memhost = now.design.conditions.memhost.clone();
    then.versions = now.versions.clone();
    then.configuration = now.configuration.clone();
    then.replayed = now.replayed.clone();
    let differences = now.differences(&then);
    if differences.is_empty() {
        Ok(())
    } else {
        Err(ReproduceError::OtherDesign(differences))
    }
}

/// Runs the cells that were run then, and says in what their numbers differ.
async fn compare_with(
    expected: &Manifest,
    file: &Path,
    prepared: &mut Prepared,
) -> Result<(), Failure> {
    let then = expected.design.cells();
    let now = prepared.manifest.design.cells();
    let recorded = |place: usize| {
        let key = &then.get(place)?.key;
        expected.part.outcomes.get(&key.digest())
    };
    let finish = prepared.run(|place, _| recorded(place).is_some()).await?;
    if finish.interrupted {
        return Err(Failure::failed(match finish.outage {
            None => ReproduceError::Interrupted,
            Some(reason) => ReproduceError::Outage(reason),
        }));
    }
    let beside = file.parent().map(CellFiles::beside);
    let mut outcomes = finish.outcomes.iter();
    let mut said = Vec::new();
    let (mut cells, mut different) = (0, 0);
    for (place, (then, now)) in then.iter().zip(&now).enumerate() {
        let Some(recorded) = recorded(place) else {
            continue;
        };
        let outcome = outcomes.next().unwrap_or(&CellOutcome::NotRun);
        let report = match beside.as_ref().map(|files| files.load(&then.key)) {
            Some(Kept::Finished(report)) => Some(report),
            _ => None,
        };
        let differences = reproduction::differences(&now.key, recorded, report.as_deref(), outcome);
        cells += 1;
        different += usize::from(!differences.is_empty());
        said.extend(differences);
    }
    told(&said)?;
    if different > 0 {
        return Err(Failure::failed(ReproduceError::Different {
            different,
            cells,
        }));
    }
    let numbers = expected.part.outcomes.values();
    let failed = numbers.filter(|outcome| matches!(outcome, Recorded::Failed(_)));
    let failed = match failed.count() {
        0 => String::new(),
        failed => format!(", {failed} of which fail as they did"),
    };
    output::print(&format!(
        "reproduced: every number of {} cells is the same{failed}\n",
        count(cells as f64)
    ))
}

/// The first differences, one per line.
fn told(differences: &[String]) -> Result<(), Failure> {
    let mut text = String::new();
    for difference in differences.iter().take(TOLD) {
        text += &visible::line(difference);
        text.push('\n');
    }
    if differences.len() > TOLD {
        let more = count((differences.len() - TOLD) as f64);
        text += &format!("and {more} more\n");
    }
    output::print(&text)
}
