//! Who acts on the guidance.

use std::sync::Arc;

use memhost::model::Models;

use super::model_agent::ModelAgent;

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

/// Who acts, and how many agents that makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actors {
    /// Who acts.
    pub acting: Acting,
    /// Agents that could each run a task: one per model that is not the same as another's. A reader has none; where it
    /// acts, the agents are those that the suite recorded.
    pub agents: usize,
}

impl Actors {
    /// Those that these models make.
    pub fn of(acting: Acting, models: &Arc<Models>) -> Actors {
        match acting {
            Acting::Reader => Actors::READER,
            Acting::Model => Actors {
                acting,
                agents: ModelAgent::every(models).len(),
            },
        }
    }

    /// The frozen reader.
    pub const READER: Actors = Actors {
        acting: Acting::Reader,
        agents: 0,
    };
}
