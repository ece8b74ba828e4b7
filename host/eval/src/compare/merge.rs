//! Puts the parts of a comparison together, which were run by shards, on one machine or on many.
//!
//! Neither plugins nor suites are needed: the manifests say what was compared, the cell files what came of it. Parts
//! must be of one comparison; what is missing or damaged is named, and costs nothing else.

use std::collections::BTreeMap;

use memhost::store::StoreError;

use super::files::{self, Kept};
use super::manifest::{self, Manifest, ManifestError, Recorded, Shard, digest_of};
use super::schedule::{CellOutcome, Finish};
use super::{CellKey, ListedCell};
use crate::driver::CellReport;

mod source;

pub use source::Source;

/// Parts of a comparison, together.
#[derive(Debug)]
pub struct Merged {
    /// Of the comparison as a whole.
    pub manifest: Manifest,
    /// What came of every cell.
    pub finish: Finish,
    /// What cannot be used or does not fit together, for people.
    pub warnings: Vec<String>,
    /// Cells that no part has a result of.
    pub missing: Vec<Missing>,
}

/// Cells of one shard that nobody has a result of.
#[derive(Debug, PartialEq, Eq)]
pub struct Missing {
    /// Which shard, if the comparison was run by shards.
    pub shard: Shard,
    /// How many of its cells are missing.
    pub cells: usize,
    /// How many cells the shard has.
    pub of: usize,
    /// The first of them, for people.
    pub first: String,
}

/// Why parts cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// There are no results there.
    #[error(
        "there is no `{}` in `{place}`, and thus no result of a comparison",
        manifest::FILE
    )]
    NoManifest {
        /// Where.
        place: String,
    },
    /// The manifest is of another format, or none.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The object store or the disk refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The disk refuses.
    #[error("cannot read `{place}`")]
    Read {
        /// The file or directory.
        place: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// Two parts are of different comparisons.
    #[error(
        "`{other}` is no part of the comparison in `{first}`: there, {}; name parts of one comparison only",
        .differences.join(", ")
    )]
    OtherComparison {
        /// Where the first part is.
        first: String,
        /// Where the one is that does not belong to it.
        other: String,
        /// In what it differs: the first few.
        differences: Vec<String>,
    },
    /// Nothing was named.
    #[error("there is nothing to put together: name at least one directory")]
    Nothing,
}

/// How many differences are told.
const TOLD: usize = 3;

/// A part that has been read.
struct Read {
    source: Source,
    manifest: Manifest,
    cells: Vec<String>,
}

/// Reads parts and puts them together.
///
/// # Errors
/// If one cannot be read or belongs to another comparison. Cells that are missing or damaged are no error.
pub async fn merge(sources: Vec<Source>) -> Result<Merged, MergeError> {
    let mut parts: Vec<Read> = Vec::new();
    for source in sources {
        let part = read(source).await?;
        if let Some(first) = parts.first() {
            let mut differences = part.manifest.differences(&first.manifest);
            differences.truncate(TOLD);
            if !differences.is_empty() {
                return Err(MergeError::OtherComparison {
                    first: first.source.to_string(),
                    other: part.source.to_string(),
                    differences,
                });
            }
        }
        parts.push(part);
    }
    let manifests: Vec<&Manifest> = parts.iter().map(|part| &part.manifest).collect();
    let mut manifest = together(&manifests).ok_or(MergeError::Nothing)?;
    let cells = manifest.design.cells();
    let mut warnings = Vec::new();
    let mut outcomes = Vec::new();
    for cell in &cells {
        let outcome = find(&cell.key, &parts, &mut warnings).await?;
        manifest.note(&cell.key, &outcome);
        outcomes.push(outcome);
    }
    let shards = manifests.iter().map(|part| part.part.shard.count());
    let missing = missing(&cells, &outcomes, shards.max().unwrap_or(1));
    Ok(Merged {
        manifest,
        finish: Finish {
            interrupted: !missing.is_empty(),
            outage: None,
            outcomes,
        },
        warnings,
        missing,
    })
}

async fn read(source: Source) -> Result<Read, MergeError> {
    let text = source.read(None, manifest::FILE).await?;
    let text = text.ok_or_else(|| MergeError::NoManifest {
        place: source.to_string(),
    })?;
    let manifest = Manifest::parse(&source.place(None, manifest::FILE), &text)?;
    let cells = source.cells().await?;
    Ok(Read {
        source,
        manifest,
        cells,
    })
}

/// One manifest for all parts: what they agree in, and every failure that one of them noted.
fn together(parts: &[&Manifest]) -> Option<Manifest> {
    let (first, others) = parts.split_first()?;
    let mut manifest = (*first).clone();
    for other in others {
        let (part, other) = (&mut manifest.part, &other.part);
        if part.run != other.run {
            part.run = None;
        }
        if part.jobs != other.jobs {
            part.jobs = None;
        }
        if part.machine != other.machine {
            part.machine = None;
        }
        if part.cassette != other.cassette {
            part.cassette = None;
        }
    }
    manifest.part.shard = Shard::WHOLE;
    manifest.part.outcomes = BTreeMap::new();
    Some(manifest)
}

/// What the parts know of a cell: the first result that is whole, else one that is broken, else why it could not be
/// run.
async fn find(
    key: &CellKey,
    parts: &[Read],
    warnings: &mut Vec<String>,
) -> Result<CellOutcome, MergeError> {
    let mut found: Option<(&Read, Box<CellReport>)> = None;
    let (mut broken, mut failed) = (None, None);
    for part in parts {
        let noted = part.manifest.part.outcomes.get(&key.digest());
        let report = match load(key, part).await? {
            Kept::Finished(report) => report,
            Kept::Broken { report, .. } => {
                broken.get_or_insert(report);
                continue;
            }
            Kept::Damaged(reason) => {
                warnings.push(format!("{}: {reason}; it is left out", key.label()));
                continue;
            }
            Kept::Missing => {
                if let Some(Recorded::Failed(reason)) = noted {
                    failed = Some(reason.clone());
                }
                continue;
            }
        };
        let digest = digest_of(&report);
        if matches!(noted, Some(Recorded::Measured(noted)) if *noted != digest) {
            warnings.push(format!(
                "{}: `{}` is not what its manifest says came of it; it is left out",
                key.label(),
                part.place(key)
            ));
            continue;
        }
        match &found {
            None => found = Some((part, report)),
            Some((first, other)) if digest_of(other) != digest => warnings.push(format!(
                "{}: it was run twice, and `{}` is not the same as `{}`, which is taken",
                key.label(),
                part.place(key),
                first.place(key)
            )),
            Some(_) => {}
        }
    }
    Ok(match (found, broken, failed) {
        (Some((_, report)), ..) => CellOutcome::Finished(report),
        (None, Some(report), _) => CellOutcome::Broken(report),
        (None, None, Some(reason)) => CellOutcome::Failed(reason),
        (None, None, None) => CellOutcome::NotRun,
    })
}

async fn load(key: &CellKey, part: &Read) -> Result<Kept, MergeError> {
    let name = files::name(key);
    if part.cells.binary_search(&name).is_err() {
        return Ok(Kept::Missing);
    }
    let text = part.source.read(Some(files::DIRECTORY), &name).await?;
    Ok(match text {
        Some(text) => Kept::parse(key, &part.place(key), &text),
        None => Kept::Missing,
    })
}

impl Read {
    fn place(&self, key: &CellKey) -> String {
        self.source.place(Some(files::DIRECTORY), &files::name(key))
    }
}

/// Cells without a result, by shard.
fn missing(cells: &[ListedCell], outcomes: &[CellOutcome], shards: usize) -> Vec<Missing> {
    let mut missing: BTreeMap<usize, Missing> = BTreeMap::new();
    for (place, (cell, outcome)) in cells.iter().zip(outcomes).enumerate() {
        if *outcome != CellOutcome::NotRun {
            continue;
        }
        let shard = Shard::of_cell(place, shards);
        let entry = missing.entry(place % shards.max(1));
        let entry = entry.or_insert_with(|| Missing {
            shard,
            cells: 0,
            of: (0..cells.len()).filter(|cell| shard.holds(*cell)).count(),
            first: cell.key.label(),
        });
        entry.cells += 1;
    }
    missing.into_values().collect()
}

#[cfg(test)]
mod tests;
