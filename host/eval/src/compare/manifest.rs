//! `manifest.json`: all that it takes to run a comparison again, and to tell whether the same came of it.
//!
//! It stands beside the cells of a comparison, and is written twice: before anything runs, and at the end with what
//! came of each cell, as a digest that leaves out what a clock measured. So a manifest alone can be published, and
//! shows whether another run gave the same numbers; the cells beside it say which number differs.
//!
//! What was compared is the [`Design`], the same in every part of a comparison that several machines share; where
//! things were found and what ran it is a matter of each [`Part`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use memhost::config::Config;
use memhost::contract;
use memhost::model::Mended;
use memhost_base::visible;
use sha2::{Digest as _, Sha256};

use super::result::{FORMAT, Setup};
use super::schedule::CellOutcome;
use super::{CellKey, Design, MOST_REPETITIONS, difference};
use crate::driver::CellReport;

mod machine;
mod shard;

pub use machine::Machine;
pub use shard::Shard;

/// Its name in a result directory.
pub const FILE: &str = "manifest.json";

/// The sandbox's version; a test holds it to what is built.
const WASMTIME: &str = "48.0.8";
/// The store's version; a test holds it to what is built.
const LANCEDB: &str = "0.41.0";

/// What was compared, and what ran it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Manifest {
    /// The version of result files: [`FORMAT`].
    pub format: u32,
    /// What it was built from.
    pub versions: Versions,
    /// What was compared, on what, how often.
    pub design: Design,
    /// The whole configuration; it holds no key.
    pub configuration: Config,
    /// The SHA-256 of the cassette that models were replayed from.
    pub replayed: Option<String>,
    /// What is known of the run that wrote this.
    pub part: Part,
}

/// Versions of what a result may depend on.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Versions {
    /// The host.
    pub memhost: String,
    /// The contract between host and plugins.
    pub contract: String,
    /// The sandbox.
    pub wasmtime: String,
    /// The store.
    pub lancedb: String,
}

impl Versions {
    /// Of this program.
    pub fn here() -> Versions {
        Versions {
            memhost: env!("CARGO_PKG_VERSION").to_owned(),
            contract: contract::VERSION.to_owned(),
            wasmtime: WASMTIME.to_owned(),
            lancedb: LANCEDB.to_owned(),
        }
    }
}

/// One run of all or some cells of a design.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Part {
    /// Which cells it was to run.
    pub shard: Shard,
    /// Names it in the store. A replay has no name of its own, so that it repeats to the byte.
    pub run: Option<String>,
    /// Cells that ran at a time; nothing that a replay depends on.
    pub jobs: Option<usize>,
    /// What it ran on; `None` where parts ran on several.
    pub machine: Option<Machine>,
    /// Where relative paths start.
    pub directory: PathBuf,
    /// Every plugin that was asked for, in that order.
    pub plugins: Vec<FoundPlugin>,
    /// Every suite as it was asked for, in the order of the design.
    pub suites: Vec<String>,
    /// The cassette that model calls were recorded to or replayed from.
    pub cassette: Option<FoundCassette>,
    /// What came of each cell, by its key's digest; cells that have not been run are absent.
    pub outcomes: BTreeMap<String, Recorded>,
}

impl Part {
    /// What a report says of it.
    pub fn setup(&self) -> Setup {
        Setup {
            run: self.run.clone(),
            jobs: self.jobs,
        }
    }
}

/// A plugin, and where it was found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FoundPlugin {
    /// As it was asked for: a name or a path, and `NAME=` before it if it took part under another name.
    pub given: String,
    /// The file; of a plugin in wrappers, the outermost's.
    pub path: PathBuf,
    /// Under which name it took part.
    pub name: String,
    /// Its code: `sha256:…`; of a plugin in wrappers, one in the other.
    pub digest: String,
    /// Every parameter, as text.
    pub settings: BTreeMap<String, String>,
    /// The files of a plugin in wrappers, from outside to inside, one if they are composed; empty for one that nothing wraps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<FoundFile>,
}

impl FoundPlugin {
    /// All of its files, from outside to inside.
    pub fn files(&self) -> Vec<FoundFile> {
        match self.layers.is_empty() {
            true => vec![FoundFile {
                path: self.path.clone(),
                digest: self.digest.clone(),
            }],
            false => self.layers.clone(),
        }
    }
}

/// One of the files of a plugin in wrappers.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FoundFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its code: `sha256:…`.
    pub digest: String,
}

impl FoundFile {
    /// A file as it is now.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn at(path: &Path) -> std::io::Result<FoundFile> {
        Ok(FoundFile {
            path: path.to_owned(),
            digest: format!("sha256:{}", digest_of_file(path)?),
        })
    }
}

/// A cassette's file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FoundCassette {
    /// Where it is.
    pub path: PathBuf,
    /// Its SHA-256; `None` while it is being recorded.
    pub digest: Option<String>,
}

/// What came of a cell.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recorded {
    /// It was run: [`digest_of`] what it measured.
    Measured(String),
    /// It could not be run, or too much of it failed; why.
    Failed(String),
}

/// Why there is no manifest to go by.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It cannot be read.
    #[error(
        "cannot read `{}`, which should be the `{FILE}` of a comparison", .path.display()
    )]
    Unreadable {
        /// Where it should be.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Another memhost wrote it.
    #[error(
        "`{place}` is of format {found}, and this memhost ({here}) knows format {known}; nothing was touched: use the \
         version that wrote it, or choose another directory"
    )]
    OtherFormat {
        /// Where it is.
        place: String,
        /// Its format.
        found: u64,
        /// This host's version.
        here: &'static str,
        /// The format that this host knows.
        known: u32,
    },
    /// It is something else, or torn.
    #[error(
        "`{place}` is no manifest of a comparison: {reason}; run the comparison again to have it written"
    )]
    Damaged {
        /// Where it is.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It is something else, and stands where nothing else is a comparison's.
    #[error(
        "`{place}` is no manifest of a comparison ({reason}), and no cells of one stand beside it, so that it may be \
         something else's; nothing was touched: move it away, or choose another directory"
    )]
    Foreign {
        /// Where it is.
        place: String,
        /// What it lacks.
        reason: String,
    },
}

impl Manifest {
    /// Reads a manifest's file.
    ///
    /// # Errors
    /// If it cannot be read, is of another format, or is no manifest.
    pub fn read(path: &Path) -> Result<Manifest, ManifestError> {
        let text = std::fs::read(path).map_err(|source| ManifestError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Manifest::parse(&path.display().to_string(), &text)
    }

    /// Understands a manifest that stands somewhere.
    ///
    /// # Errors
    /// If it is of another format, or is no manifest.
    pub fn parse(place: &str, text: &[u8]) -> Result<Manifest, ManifestError> {
        /// What stands in a manifest of any version.
        #[derive(serde::Deserialize)]
        struct Any {
            format: u64,
        }
        let damaged = |error: serde_json::Error| ManifestError::Damaged {
            place: place.to_owned(),
            reason: error.to_string(),
        };
        let any: Any = serde_json::from_slice(text).map_err(damaged)?;
        if any.format != u64::from(FORMAT) {
            return Err(ManifestError::OtherFormat {
                place: place.to_owned(),
                found: any.format,
                here: env!("CARGO_PKG_VERSION"),
                known: FORMAT,
            });
        }
        let manifest: Manifest = serde_json::from_slice(text).map_err(damaged)?;
        let Design { seeds, orders, .. } = &manifest.design;
        for (field, value) in [("seeds", *seeds), ("orders", u64::from(*orders))] {
            if !(1..=u64::from(MOST_REPETITIONS)).contains(&value) {
                return Err(ManifestError::Damaged {
                    place: place.to_owned(),
                    reason: format!(
                        "design.{field} is {value} and must lie in 1..={MOST_REPETITIONS}"
                    ),
                });
            }
        }
        Ok(manifest)
    }

    /// Its text.
    ///
    /// # Errors
    /// None that a manifest can cause.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(visible::json(&text).into_owned())
    }

    /// In what another manifest is not of the same comparison: `design.seeds is 3, not 5`. Where things were found
    /// and what ran them makes no difference.
    pub fn differences(&self, other: &Manifest) -> Vec<String> {
        difference::between(&self.compared(), &other.compared())
    }

    /// The part of it that is the same in all parts of a comparison.
    fn compared(&self) -> serde_json::Value {
        let mut configuration = self.configuration.clone();
        configuration.store = memhost::config::StoreSection::default();
        configuration.cache.directory = None;
        // What a plugin may cost before it runs says whether it runs, and not how.
        configuration.load = memhost::engine::LoadLimits::default();
        serde_json::json!({
            "versions": self.versions,
            "design": self.design,
            "configuration": configuration,
            "replayed": self.replayed,
        })
    }

    /// Notes what came of a cell; one that was not run is left as it was.
    pub fn note(&mut self, key: &CellKey, outcome: &CellOutcome) {
        let recorded = match outcome {
            CellOutcome::Finished(report) => Recorded::Measured(digest_of(report)),
            CellOutcome::Broken(report) => Recorded::Failed(reason(report)),
            CellOutcome::Failed(reason) => Recorded::Failed(reason.clone()),
            CellOutcome::NotRun => return,
        };
        self.part.outcomes.insert(key.digest(), recorded);
    }
}

/// Why a broken cell has no result.
pub(super) fn reason(report: &CellReport) -> String {
    report
        .broken()
        .map_or_else(String::new, |broken| broken.to_string())
}

/// SHA-256 of all that a cell measured, what a clock measured left out. What is younger than the files of this format
/// is left out where it says nothing, so that what was recorded before is still the same; counts by phase always, which
/// stand in the failures and the cost of models too.
pub fn digest_of(report: &CellReport) -> String {
    let timeless = CellReport {
        phases: BTreeMap::new(),
        ..report.clone().without_times()
    };
    let nothing_mended = format!(", mended: {:?}", Mended::default());
    let text = format!("{timeless:?}")
        .replace(", phases: {}", "")
        .replace(", cut_texts: 0,", ",")
        .replace(&nothing_mended, "");
    hex::encode(Sha256::digest(text))
}

/// SHA-256 of a file.
///
/// # Errors
/// If it cannot be read.
pub fn digest_of_file(path: &Path) -> std::io::Result<String> {
    let mut hash = Sha256::new();
    std::io::copy(&mut std::fs::File::open(path)?, &mut hash)?;
    Ok(hex::encode(hash.finalize()))
}

#[cfg(test)]
pub(in crate::compare) mod tests;
