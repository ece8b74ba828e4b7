//! Where checks are made: a store that is thrown away, the built-in embedder, and books of what calls cost.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;

use super::{CallCost, Candidate, ConformanceError};
use crate::capability::Usage;
use crate::embedding::{Builtin, Embedder};
use crate::engine::Limits;
use crate::store::Store;

/// What all checks of a candidate have in common.
pub(super) struct Ground<'a> {
    pub(super) candidate: &'a Candidate,
    pub(super) limits: &'a Limits,
    pub(super) embedder: Arc<dyn Embedder>,
    pub(super) store: Store,
    pub(super) meter: Arc<Meter>,
    directory: TempDir,
}

impl<'a> Ground<'a> {
    pub(super) async fn prepare(
        candidate: &'a Candidate,
        limits: &'a Limits,
    ) -> Result<Ground<'a>, ConformanceError> {
        let directory = tempfile::tempdir().map_err(ConformanceError::Directory)?;
        let embedder: Arc<dyn Embedder> = Arc::new(Builtin::default());
        let store = open(&directory, "store", &embedder).await?;
        Ok(Ground {
            candidate,
            limits,
            embedder,
            store,
            meter: Arc::default(),
            directory,
        })
    }

    /// A store of its own, new or as it was left.
    pub(super) async fn store_called(&self, name: &str) -> Result<Store, ConformanceError> {
        open(&self.directory, name, &self.embedder).await
    }
}

async fn open(
    directory: &TempDir,
    name: &str,
    embedder: &Arc<dyn Embedder>,
) -> Result<Store, ConformanceError> {
    let path = directory.path().join(name);
    Ok(Store::open(&path.to_string_lossy(), embedder.clone()).await?)
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
