//! A live host: agents ask it before they work, tell it afterwards, and its strategies are swapped meanwhile.
//!
//! **The ledger is what happened; a lineage is what one strategy made of it.** [`Seat::record`] is answered when the attempt is
//! on the disk, not when it is learnt from. A learner per lineage reads the ledger in order, and writes memories together
//! with its place in one transaction. From this alone follow: that nothing is learnt twice or lost, whenever the process is
//! killed; that the same request again changes nothing; and that a model which is down for an hour delays learning, and no
//! call.
//!
//! ```
//! use std::sync::Arc;
//!
//! use memhost::embedding::{Builtin, Embedder};
//! use memhost::learning::{Configured, Grants};
//! use memhost::live::{Ask, Grant, Host, LiveSettings, Mode, ONLY_TENANT, Record};
//! use memhost::contract::Outcome;
//! use memhost::store::Store;
//!
//! # async fn example(strategy: Configured, other: Configured) -> Result<(), Box<dyn std::error::Error>> {
//! let embedder: Arc<dyn Embedder> = Arc::new(Builtin::default());
//! let store = Store::in_memory(embedder.clone()).await?;
//! let host = Host::open(LiveSettings::new(store, Grants::embedder(embedder))).await?;
//! host.add_slot("help-desk", strategy, Mode::Fresh).await?;
//! let seat = host.slot(&Grant::everything(), "help-desk", ONLY_TENANT)?;
//!
//! let told = seat.retrieve(Ask::at_start("refund a double charge")).await?;
//! // … the agent works with `told.text` …
//! let mut record = Record::of(told.attempt);
//! record.outcome = Some(Outcome::known(true));
//! seat.record(record).await?;
//!
//! host.manage(&Grant::everything(), "help-desk")?.swap(other, Mode::Inherit).await?;
//! host.close().await?;
//! # Ok(())
//! # }
//! ```
//!
//! This module knows no suite, and nothing of HTTP.

mod admission;
mod clock;
mod error;
mod grant;
mod happened;
mod host;
mod ids;
mod keys;
mod lineage;
mod manager;
mod missing;
mod registry;
mod requests;
mod seat;
mod slot;
mod standing;
mod timeline;

#[cfg(test)]
mod tests;

/// Runs to its end what has begun, whoever waits for it: one that hangs up leaves nothing half told or half changed.
async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, LiveError>> + Send + 'static,
) -> Result<T, LiveError> {
    // Only the end of the runtime, or a panic, keeps it from that.
    let done = tokio::spawn(work).await;
    done.unwrap_or(Err(LiveError::Draining))
}

pub use admission::{Admission, Wish};
pub use clock::{Time, WallTime, WoundTime};
pub use error::LiveError;
pub use grant::{Grant, ONLY_TENANT, Right, authority_name};
pub use host::{Host, LiveLimits, LiveSettings, Mode};
pub use keys::{Key, NewKey, Secret};
pub use manager::{Manager, Swap};
pub use registry::Generation;
pub use requests::{Ask, ExplainedHandout, Explanation, Handout, Kept, Record, Wanted};
pub use seat::Seat;
pub use standing::{Deviations, SeatStanding, SlotStanding, Standing};
