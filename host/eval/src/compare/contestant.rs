//! Contestants: the strategies that take part in a comparison, and the names that they go by.

use std::sync::Arc;

use memhost::contract::{Plan, Setting};
use memhost::settings;
use memhost::strategy::{CallError, Strategy};

use crate::floors;

/// A strategy that takes part in a comparison.
#[derive(Clone)]
pub struct Contestant {
    /// Under which name it takes part: its own, or one that was chosen for it.
    pub name: String,
    /// The strategy.
    pub strategy: Arc<dyn Strategy>,
    /// Every parameter's value.
    pub settings: Vec<Setting>,
    /// What the host must run around it under these settings.
    pub plan: Plan,
    /// Whether it is one of the host's floors.
    pub floor: bool,
}

impl Contestant {
    /// A plugin with these settings, under its own name.
    ///
    /// # Errors
    /// If it refuses the settings.
    pub async fn plugin(
        strategy: Arc<dyn Strategy>,
        settings: Vec<Setting>,
    ) -> Result<Contestant, CallError> {
        let plan = strategy.plan(&settings).await?;
        Ok(Contestant {
            name: strategy.description().name.clone(),
            strategy,
            settings,
            plan,
            floor: false,
        })
    }

    /// The same under another name.
    pub fn named(self, name: &str) -> Contestant {
        Contestant {
            name: name.to_owned(),
            ..self
        }
    }

    /// A floor at its defaults.
    pub(super) async fn floor(strategy: Arc<dyn Strategy>) -> Result<Contestant, CallError> {
        let settings = settings::defaults(&strategy.description().parameters);
        let contestant = Contestant::plugin(strategy, settings).await?;
        Ok(Contestant {
            floor: true,
            ..contestant
        })
    }

    /// Under which name it takes part.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// The floor that is the same agent without memory. Every lane has it.
pub const NO_MEMORY: &str = "none";

/// Whether a strategy is the host's oracle, which knows the answers and is compared with nobody.
pub fn is_ceiling(name: &str, floor: bool) -> bool {
    floor && name == "oracle"
}

/// A strategy's name, marked if it is the host's own: `bm25 (floor)`. A plugin that is called like a floor is marked
/// too, `bm25 (plugin)`, so that nobody takes one for the other; plugins' names hold no blanks.
pub fn label(name: &str, floor: bool) -> String {
    match floor {
        false if floors::is_name_of_a_floor(name) => format!("{name} (plugin)"),
        false => name.to_owned(),
        true if is_ceiling(name, floor) => format!("{name} (ceiling)"),
        true => format!("{name} (floor)"),
    }
}
