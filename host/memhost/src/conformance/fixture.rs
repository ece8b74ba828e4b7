//! Where checks are made: a store that is thrown away, the built-in embedder, and books of what calls cost.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use memhost_contract::embedder::Embedder;
use memhost_contract::limits::{Limits, StoreLimits};
use memhost_models::embedding::Builtin;
use memhost_store::Store;
use memhost_store::tables::Format;
use memhost_strategy::capability::Usage;
use tempfile::TempDir;

use super::{CallCost, ConformanceError, Subject};

/// What all checks of a subject have in common.
pub(super) struct Fixture<'a> {
    pub(super) subject: &'a Subject,
    pub(super) limits: &'a Limits,
    pub(super) embedder: Arc<dyn Embedder>,
    pub(super) store: Store,
    pub(super) meter: Arc<Meter>,
    pub(super) format: &'a dyn Format,
    directory: TempDir,
}

impl<'a> Fixture<'a> {
    pub(super) async fn prepare(
        subject: &'a Subject,
        limits: &'a Limits,
        format: &'a dyn Format,
    ) -> Result<Fixture<'a>, ConformanceError> {
        let directory = tempfile::tempdir().map_err(ConformanceError::Directory)?;
        let embedder: Arc<dyn Embedder> = Arc::new(Builtin::default());
        let store = open(&directory.path().join("store"), &embedder, format).await?;
        Ok(Fixture {
            subject,
            limits,
            embedder,
            store,
            meter: Arc::default(),
            format,
            directory,
        })
    }

    /// Where a store of its own may be.
    pub(super) fn place(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The store there.
    pub(super) async fn store_at(&self, place: &Path) -> Result<Store, ConformanceError> {
        open(place, &self.embedder, self.format).await
    }
}

async fn open(
    place: &Path,
    embedder: &Arc<dyn Embedder>,
    format: &dyn Format,
) -> Result<Store, ConformanceError> {
    let store = Store::open(&place.to_string_lossy(), embedder.clone(), format).await?;
    // A check fills a namespace itself, in one transaction and with vectors of whatever length.
    Ok(store.with_limits(StoreLimits {
        vectors_per_call: u64::MAX,
        bytes_per_call: u64::MAX,
        stored_bytes: u64::MAX,
        resident_bytes: u64::MAX,
        ..StoreLimits::default()
    }))
}

/// What calls cost, by call.
#[derive(Debug, Default)]
pub(super) struct Meter(Mutex<BTreeMap<&'static str, CallCost>>);

impl Meter {
    pub(super) fn enter(&self, call: &'static str, usage: &Usage) {
        let mut costs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cost = costs.entry(call).or_insert_with(|| CallCost::none(call));
        cost.calls += 1;
        cost.fuel = cost.fuel.max(usage.fuel);
        cost.memory_bytes = cost.memory_bytes.max(usage.memory);
        cost.milliseconds = cost.milliseconds.max(usage.wall.as_secs_f64() * 1e3);
    }

    /// By name of the call.
    pub(super) fn costs(&self) -> Vec<CallCost> {
        let costs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        costs.values().cloned().collect()
    }
}
