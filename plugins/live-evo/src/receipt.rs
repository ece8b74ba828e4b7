//! What a retrieval leaves in its receipt for the time when the outcome is known.

use serde::{Deserialize, Serialize};

/// The receipt's note. Which experiences were used stands in the receipt itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// The points that were handed out; empty where nothing was.
    pub(crate) guideline: String,
    /// The meta-guideline that they were compiled with.
    pub(crate) meta_guideline: Option<String>,
}
