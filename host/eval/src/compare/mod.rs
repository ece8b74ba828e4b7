//! Compares strategies: the same tasks in the same order for every one of them, and how sure the differences are.
//!
//! A comparison is a set of *cells*, strategy × suite × seed × order, which are independent of each other: [`schedule`]
//! runs them side by side, [`files`] keeps the finished ones so that a comparison can be continued,
//! [`statistics`] says how large and how sure the scores are, [`summary`] puts that together and [`report`]
//! prints it.
//!
//! The host's floors take part in every suite. A strategy that does not beat them has not been shown to
//! remember anything.

pub mod aa;
mod bare;
mod caveats;
mod comparison;
mod contest;
mod contestant;
pub mod design;
mod difference;
pub mod directory;
pub mod files;
pub mod key;
pub mod manifest;
pub mod merge;
mod plan_text;
mod planned;
pub mod report;
pub mod reproduction;
mod result;
pub mod schedule;
pub mod statistics;
pub mod summary;
#[cfg(test)]
pub(crate) mod testing;
mod unfit;

pub use bare::Unseen;
pub use comparison::Comparison;
pub use contest::{Contest, Inapplicable};
pub use contestant::{Contestant, NO_MEMORY, is_ceiling, label};
pub use design::{Design, ListedCell, ListedStrategy, ListedSuite, MOST_REPETITIONS};
pub use key::{CellKey, Conditions};
pub use manifest::{Manifest, Shard};
pub use plan_text::{plan_text, runs_text};
pub use planned::PlannedCell;
pub use schedule::{CellOutcome, Finish, HostRunner, Runner, Stop, Watcher};
pub use summary::Report;
pub use unfit::Unfit;
