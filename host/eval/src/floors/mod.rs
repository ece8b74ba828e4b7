//! The floors: what every strategy must beat, and the oracle that none can. They are strategies of the host's own,
//! run by the same driver over the same store.
//!
//! `none` remembers nothing: the same agent without memory, against which harm is counted.
//! All others remember the same: each turn of a user in a conversation, or each attempt in one entry (what the task
//! was, what became of it, which tools were called). They differ in the order in which they look: `random`, `recency`
//! (newest first), `bm25`, `dense` (cosine of the store's embedder, of the best key) and `oracle`, which knows the
//! suite's answers. Lanes that ask for something else have floors of their own. Then the best are packed into the token budget; one that does not fit is passed over.

mod compaction;
mod discovery;
mod floor;
mod forecast;
mod lanes;
mod oracle;
mod ordered;
mod packing;
mod retry;
mod routing;
mod steps;

pub use lanes::{floors, is_name_of_a_floor};
