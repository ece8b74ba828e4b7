//! What a retrieval leaves in its receipt for the time when the outcome is known.

use memhost_sdk::{Fault, Receipt};
use serde::{Deserialize, Serialize};

/// The receipt's note. Which experiences were used stands in the receipt itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// The points that were handed out.
    pub(crate) guideline: String,
    /// The meta-guideline that they were compiled with.
    pub(crate) meta_guideline: Option<String>,
}

impl Note {
    pub(crate) fn written(&self) -> Result<String, Fault> {
        serde_json::to_string(self).map_err(|error| Fault::Failed(error.to_string()))
    }

    /// The note of a receipt; without guideline where nothing was handed out.
    pub(crate) fn of(receipt: &Receipt) -> Result<Self, Fault> {
        if receipt.note.is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_str(&receipt.note).map_err(|error| {
            Fault::Failed(format!(
                "the note of receipt `{}` is not of this plugin ({error}); was it handed out by another one?",
                receipt.id
            ))
        })
    }
}
