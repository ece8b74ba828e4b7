//! Who acts on the guidance.

/// Who acts on the guidance, and so is scored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Acting {
    /// The suite's frozen reader: no language model, the same for every strategy.
    #[default]
    Reader,
    /// The language model of the role `agent`, whose answers are checked.
    Model,
}
