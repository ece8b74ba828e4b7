//! Pieces of a table: LanceDB keeps rows in fragments, each in files of its own, so that a damaged file costs the rows of
//! its fragment and no others.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;

use arrow::array::RecordBatch;
use futures::{FutureExt as _, TryStreamExt as _};
use lance::Dataset;
use lance::dataset::builder::DatasetBuilder;
use lance::dataset::fragment::FileFragment;
use memhost_store::StoreError;
use memhost_store::tables::{BrokenSeal, list_of};

use super::unusable;
use super::views::files_of;

/// A table at the version that counts.
pub(super) struct Pieces {
    /// The fragments whose files are what they were.
    sound: Vec<FileFragment>,
    /// The others.
    damaged: Vec<FileFragment>,
}

impl Pieces {
    /// Lists the fragments of a table below `storage`, of whose files these were changed.
    pub(super) async fn of(
        storage: &str,
        name: &str,
        version: u64,
        broken: &[BrokenSeal],
    ) -> Result<Pieces, StoreError> {
        // Of a list of files that is torn, LanceDB may expect more than there is, and panic.
        let list = list_of(name, version);
        if let Some(broken) = broken.iter().find(|broken| broken.path == list) {
            return Err(unusable("open", name, broken.to_string()));
        }
        let uri = format!("{}/{name}.lance", storage.trim_end_matches('/'));
        let dataset = DatasetBuilder::from_uri(&uri).with_version(version).load();
        let dataset: Dataset = dataset
            .await
            .map_err(|error| unusable("open", name, error.to_string()))?;
        let broken: HashSet<&str> = broken.iter().map(|broken| broken.path.as_str()).collect();
        let is_sound = |fragment: &FileFragment| {
            let files = files_of(name, fragment.metadata());
            files.iter().all(|file| !broken.contains(file.as_str()))
        };
        let (sound, damaged) = dataset.get_fragments().into_iter().partition(is_sound);
        Ok(Pieces { sound, damaged })
    }

    /// How many rows stand in files that were changed; unknown where the table does not say.
    pub(super) fn damaged_rows(&self) -> Option<usize> {
        let rows = self.damaged.iter();
        rows.map(|fragment| fragment.metadata().num_rows()).sum()
    }

    /// How many rows stand in the others.
    pub(super) fn sound_rows(&self) -> Option<usize> {
        let rows = self.sound.iter();
        rows.map(|fragment| fragment.metadata().num_rows()).sum()
    }

    /// Reads the rows whose files are what they were.
    pub(super) async fn read_sound(&self) -> Read {
        read_all(&self.sound).await
    }

    /// Reads what can be read of the others, whose values may be other ones than were written.
    pub(super) async fn read_doubtful(&self) -> Read {
        read_all(&self.damaged).await
    }
}

/// What was read of some fragments.
#[derive(Default)]
pub(super) struct Read {
    pub batches: Vec<RecordBatch>,
    /// Whether that is all of them.
    pub is_whole: bool,
}

async fn read_all(fragments: &[FileFragment]) -> Read {
    let mut all = Read {
        batches: Vec::new(),
        is_whole: true,
    };
    for fragment in fragments {
        // Of what is no longer what LanceDB wrote it may expect more than there is, and panic.
        match AssertUnwindSafe(read(fragment)).catch_unwind().await {
            Ok(Ok(batches)) => all.batches.extend(batches),
            Ok(Err(_)) | Err(_) => all.is_whole = false,
        }
    }
    all
}

async fn read(fragment: &FileFragment) -> Result<Vec<RecordBatch>, String> {
    let stream = fragment.scan().try_into_stream().await;
    let stream = stream.map_err(|error| error.to_string())?;
    let batches: Vec<RecordBatch> = stream
        .try_collect()
        .await
        .map_err(|error| error.to_string())?;
    for batch in &batches {
        for column in batch.columns() {
            let data = column.to_data();
            data.validate_full().map_err(|error| error.to_string())?;
        }
    }
    Ok(batches)
}
