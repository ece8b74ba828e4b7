//! Plugins that passed, so that the same one is not checked before every comparison.
//!
//! A file is named by everything that decides: the plugin's code and settings, the limits, the host and its checks, and
//! whether a fresh process was asked. Only who passed is kept: a failure may have been the machine's, and is told anew
//! each time.

use std::path::{Path, PathBuf};

use memhost_base::disk;
use memhost_contract::limits::Limits;
use memhost_contract::settings;
use memhost_store::tables::Format;
use sha2::{Digest, Sha256};

use super::{Conformance, ConformanceError, Subject, check};

/// Raised whenever a check changes: what passed earlier ones is checked again.
const REVISION: u32 = 2;

/// [`check`], or what came of it before. Without a directory nothing is kept; one that cannot be written to costs only
/// the next check its time.
///
/// # Errors
/// As for [`check`].
pub async fn check_once(
    subject: &Subject,
    limits: &Limits,
    format: &dyn Format,
    directory: Option<&Path>,
) -> Result<Conformance, ConformanceError> {
    let file = directory.map(|directory| directory.join(name(subject, limits)));
    if let Some(known) = file.as_deref().and_then(read) {
        return Ok(known);
    }
    let conformance = check(subject, limits, format).await?;
    if let Some(file) = file.filter(|_| conformance.passed())
        && let Err(error) = write(&file, &conformance)
    {
        tracing::warn!(file = %file.display(), %error, "that a plugin passed its checks is not kept");
    }
    Ok(conformance)
}

fn name(subject: &Subject, limits: &Limits) -> PathBuf {
    let decides = (
        REVISION,
        env!("CARGO_PKG_VERSION"),
        subject.strategy.digest(),
        settings::as_text(&subject.settings),
        limits,
        subject.process.is_some(),
    );
    let digest = Sha256::digest(format!("{decides:?}"));
    format!("checked-{digest:x}.json").into()
}

fn read(file: &Path) -> Option<Conformance> {
    let text = std::fs::read(file).ok()?;
    let conformance: Conformance = serde_json::from_slice(&text).ok()?;
    conformance.passed().then_some(conformance)
}

fn write(file: &Path, conformance: &Conformance) -> std::io::Result<()> {
    disk::write_private(file, &serde_json::to_vec(conformance)?)
}
