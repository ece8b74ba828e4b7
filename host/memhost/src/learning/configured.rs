//! A strategy with everything that is set about it, and what its calls may reach.

use std::sync::Arc;

use memhost_contract::embedder::Embedder;
use memhost_contract::limits::Limits;
use memhost_contract::model::Models;
use memhost_contract::settings;
use memhost_contract::{Plan, Setting};
use memhost_strategy::{CallError, Strategy};

/// A strategy, every parameter's value, and the plan that follows from them.
#[derive(Clone)]
pub struct Configured {
    /// The strategy.
    pub strategy: Arc<dyn Strategy>,
    /// Every parameter's value.
    pub settings: Vec<Setting>,
    /// What the host must run around it.
    pub plan: Plan,
}

impl Configured {
    /// Asks the strategy for its plan under these settings.
    ///
    /// # Errors
    /// The strategy refuses the settings, or fails.
    pub async fn with(
        strategy: Arc<dyn Strategy>,
        settings: Vec<Setting>,
    ) -> Result<Configured, CallError> {
        let plan = strategy.plan(&settings).await?;
        Ok(Configured {
            strategy,
            settings,
            plan,
        })
    }

    /// The same with every parameter at its default.
    ///
    /// # Errors
    /// As for [`Configured::with`].
    pub async fn with_defaults(strategy: Arc<dyn Strategy>) -> Result<Configured, CallError> {
        let settings = settings::defaults(&strategy.description().parameters);
        Configured::with(strategy, settings).await
    }
}

/// What every call of a learner may reach, besides its memories and its history. What is `None` is not granted: the
/// strategy gets the fault `unavailable`, and may go on without it.
#[derive(Clone, Default)]
pub struct Grants {
    /// The language models, by role.
    pub models: Option<Arc<Models>>,
    /// The embedder that the store uses too.
    pub embedder: Option<Arc<dyn Embedder>>,
    /// What each call may spend.
    pub limits: Limits,
}

impl Grants {
    /// An embedder and no language model, within the default limits.
    pub fn embedder(embedder: Arc<dyn Embedder>) -> Grants {
        Grants {
            embedder: Some(embedder),
            ..Grants::default()
        }
    }
}
