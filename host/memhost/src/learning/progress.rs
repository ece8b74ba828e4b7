//! Progress: where in a ledger a learner stands, kept with what it has learnt in one transaction. So whatever kills it, what
//! it learnt from is told exactly once.

use memhost_contract::Blob;
use memhost_store::{HOST_BLOBS, StoreError};
use serde::{Deserialize, Serialize};

use super::waitlist::Waitlist;
use super::{Clock, Learner, Observer, Pending};

/// What the blob is called that it stands in, behind [`HOST_BLOBS`].
const NAME: &str = "progress";
/// A transaction that keeps nothing else.
pub(crate) const PROGRESS: &str = "progress";

/// Where in a ledger a learner stands: all that comes before is learnt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The entry that is being learnt; entries before it are done.
    pub entry: u64,
    /// How many lessons of that entry are done.
    pub lessons: u32,
}

/// How far a learner has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Where it stands.
    pub place: Place,
    /// Tasks finished so far.
    pub tasks: u32,
    /// Batches finished so far.
    pub batches: u32,
    /// The entry that it began with: what came before was none of its.
    #[serde(default)]
    pub from: u64,
    /// How many processes have begun what is learnt there, and ended without having learnt it.
    #[serde(default)]
    pub begun: u32,
}

/// What is written down.
#[derive(Serialize, Deserialize)]
struct Kept {
    progress: Progress,
    pending: Vec<Pending>,
}

/// The blob that holds how far a learner has come, and what waits.
pub(super) fn blob(progress: Progress, waitlist: &Waitlist) -> Result<Blob, StoreError> {
    let kept = Kept {
        progress,
        pending: waitlist.all(),
    };
    let bytes = serde_json::to_vec(&kept).map_err(|e| StoreError::Transaction(e.to_string()))?;
    Ok(Blob {
        name: name(),
        bytes,
    })
}

fn name() -> String {
    format!("{HOST_BLOBS}{NAME}")
}

impl<C: Clock> Learner<C> {
    /// Goes on where the learner of this namespace stood, or begins: what waited waits again, and from now on every
    /// transaction keeps [how far it has come](Learner::set_progress). Also after the store has failed, when what this
    /// learner believes need not be what is stored.
    ///
    /// # Errors
    /// What is kept cannot be read, or there is no more room for what waits.
    pub fn resume(&mut self) -> Result<Progress, StoreError> {
        let mut progress = Progress::default();
        self.waitlist.clear();
        if let Some(bytes) = self.namespace.blob(&name()) {
            let kept: Kept =
                serde_json::from_slice(&bytes).map_err(|error| StoreError::Damaged {
                    path: format!("the blob `{}` of a namespace", name()),
                    reason: error.to_string(),
                })?;
            progress = kept.progress;
            for mut pending in kept.pending {
                let held = pending.held.iter().map(memhost_store::waiting_bytes);
                let reserved = self.namespace.reserve(held.sum())?;
                pending.reserved = Some(reserved.into());
                self.waitlist.add(pending);
            }
        }
        self.progress = Some(progress);
        Ok(progress)
    }

    /// How far it is once the next transaction is made.
    pub fn set_progress(&mut self, progress: Progress) {
        self.progress = Some(progress);
    }

    /// Keeps how far it has come, where no other transaction has taken it along.
    ///
    /// # Errors
    /// The store failed.
    pub async fn keep_progress(&mut self, observer: &mut dyn Observer) -> Result<(), StoreError> {
        self.write(Vec::new(), PROGRESS, observer).await?.ok();
        Ok(())
    }
}
