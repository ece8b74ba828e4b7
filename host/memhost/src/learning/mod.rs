//! Learning: the one loop around a strategy. A call, its books, one transaction, and the writes that wait.
//!
//! Whoever has a strategy at work needs the same steps: `retrieve` before a task and in the middle of it, `update` and
//! `distill` after it, `evict` and `maintain` now and then, and `settle` for what was to be kept under a condition.
//! [`Learner`] makes them, each as one call of the strategy and one transaction of the store, and tells an [`Observer`] what
//! happened. The comparison's driver, `memhost check` and an agent that embeds memhost differ in where tasks come from and
//! in who says how well they went; this module knows neither. It must never know of suites, of readers or of statistics.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use memhost::contract::{Attempt, Query};
//! # use memhost::embedding::Embedder;
//! # use memhost::store::{Store, View};
//! # use memhost::strategy::Strategy;
//! use memhost::learning::{Configured, Grants, Learner, Unobserved, WallClock};
//!
//! # async fn example(strategy: Arc<dyn Strategy>, store: Store, embedder: Arc<dyn Embedder>, query: Query, attempt: Attempt)
//! # -> Result<(), Box<dyn std::error::Error>> {
//! let configured = Configured::with_defaults(strategy).await?;
//! let namespace = store.namespace("help-desk").await?;
//! let grants = Grants::embedder(embedder);
//! let mut learner = Learner::new(configured, namespace, grants, WallClock::default());
//!
//! let guidance = learner.retrieve(query, &View::default(), &mut Unobserved).await.guidance;
//! // … the agent works …
//! let learnt = learner.distill(vec![attempt], &mut Unobserved).await?;
//! for pending in learnt.on_trial {
//!     learner.settle(pending, false, &mut Unobserved).await?;
//! }
//! # Ok(())
//! # }
//! ```

mod caller;
mod clock;
mod configured;
mod evict;
pub mod grouping;
mod history;
mod labels;
mod learner;
pub mod moments;
mod observer;
mod pending;
mod progress;
mod receipts;
mod transaction;
mod waitlist;

pub use caller::Caller;
pub use clock::{Clock, WallClock};
pub use configured::{Configured, Grants};
pub use evict::Evicted;
pub use history::History;
pub use labels::reduce_labels;
pub use learner::{Failure, Learner, Learnt, Retrieved, Shortened};
pub use observer::{Event, Observer, Said, Unobserved};
pub use pending::{Condition, Pending};
pub use progress::{Place, Progress};
pub use receipts::{NoCredit, OpenReceipt};
