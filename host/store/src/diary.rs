//! The diary: the journal of what belongs to no namespace, which are attempts. As in namespaces ([`super::commit`]), what
//! waits at the same time is written and synced as one group.

use std::sync::{Arc, Weak};

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::commit::{Growth, LARGEST_GROUP, append};
use super::effect::Record;
use super::storage::Journal;
use super::{DIARY, LONGEST_QUEUE, StoreError};

/// An open diary.
pub(super) struct Diary {
    pub(super) journal: Arc<Mutex<Option<Journal>>>,
    pub(super) requests: mpsc::Sender<Entry>,
    task: JoinHandle<()>,
}

/// What waits to be written down.
pub(super) struct Entry {
    pub(super) record: Record,
    pub(super) reply: oneshot::Sender<Result<(), StoreError>>,
}

impl Diary {
    pub(super) fn new<G: Growth>(journal: Journal, growth: Weak<G>) -> Self {
        let journal = Arc::new(Mutex::new(Some(journal)));
        let (requests, waiting) = mpsc::channel(LONGEST_QUEUE);
        let task = tokio::spawn(run(journal.clone(), waiting, growth));
        Diary {
            journal,
            requests,
            task,
        }
    }

    /// Waits until all that was asked for is written and the journal is free.
    pub(super) async fn close(self) {
        drop(self.requests);
        if let Err(error) = self.task.await {
            tracing::warn!(%error, "attempts were being written");
        }
    }
}

async fn run<G: Growth>(
    journal: Arc<Mutex<Option<Journal>>>,
    mut waiting: mpsc::Receiver<Entry>,
    growth: Weak<G>,
) {
    let mut group = Vec::new();
    while waiting.recv_many(&mut group, LARGEST_GROUP).await > 0 {
        let entries = group
            .drain(..)
            .map(|Entry { record, reply }| (record, reply));
        let (records, replies): (Vec<Record>, Vec<_>) = entries.unzip();
        let written = append(&journal, DIARY, &records).await;
        for reply in replies {
            // Whoever asked may have gone.
            drop(reply.send(written.as_ref().map(drop).map_err(StoreError::clone)));
        }
        if let (Ok(bytes), Some(growth)) = (written, growth.upgrade()) {
            growth.grown(bytes);
        }
    }
    if let Some(journal) = journal.lock().await.take() {
        journal.release().await;
    }
}
